"""The word tokenizer of the mini-GPT."""

import os
from collections.abc import Iterable
from typing import Any

import keras
import keras_hub
import numpy as np

from course_lib import text
from course_lib.models import vocabularies
from course_lib.models.mini_gpt_backbone import MiniGPTBackbone

VOCABULARY_FILENAME = "vocabulary.txt"


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTTokenizer(keras_hub.tokenizers.Tokenizer):
    """Words and punctuation marks to ids and back.

    The ids equal those of `keras.layers.TextVectorization` with
    `standardize=course_lib.text.standardize` and the same vocabulary. Every word that
    is not in the vocabulary becomes `[UNK]`.

    Id 0 is `[PAD]`, 1 is `[UNK]`, 2 is `[END]`, which marks the end of a text. No
    text contains them: standardisation would split them.

    Args:
        vocabulary: list of str that begins `[PAD]`, `[UNK]`, `[END]` (see
            `course_lib.text.compute_word_vocabulary`), or the path of a file with one
            entry a line.
        **kwargs: passed to `keras_hub.tokenizers.Tokenizer`.

    Raises:
        ValueError: if the vocabulary does not begin with the special tokens, or holds
            an entry twice or one that is not a str.

    Example:
    ```python
    tokenizer = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", "a", "film", "."])
    tokenizer("A great film.")  # [3, 1, 4, 5]
    tokenizer.detokenize([3, 4, 5])  # "a film."
    ```
    """

    backbone_cls = MiniGPTBackbone
    pad_token_id, unk_token_id, end_token_id = range(3)
    start_token_id = None

    def __init__(self, vocabulary: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("dtype", "int32")
        super().__init__(**kwargs)
        self.file_assets = [VOCABULARY_FILENAME]
        self._vocabulary: list[str] | None = None
        if vocabulary is not None:
            self.set_vocabulary(vocabulary)

    def set_vocabulary(self, vocabulary: Iterable[str] | str) -> None:
        """Replace the vocabulary; see the class for what it must be."""
        import tensorflow as tf

        vocabulary = vocabularies.check_vocabulary(vocabulary, text.SPECIAL_TOKENS)
        self._vocabulary = vocabulary
        self._ids = {word: i for i, word in enumerate(vocabulary)}
        with tf.init_scope(), tf.device("cpu"):
            self._table = tf.lookup.StaticHashTable(
                tf.lookup.KeyValueTensorInitializer(
                    tf.constant(vocabulary), tf.range(len(vocabulary))
                ),
                default_value=self.unk_token_id,
            )

    def tokenize(self, inputs):
        """Ids as a tf tensor `(num_words,)` for a str, ragged `(B, None)` for more."""
        import tensorflow as tf

        self._check_vocabulary()
        words = text.split(vocabularies.to_string_tensor(inputs))
        return tf.cast(self._table.lookup(words), self.compute_dtype)

    def detokenize(self, inputs: Any) -> str | list[str]:
        """The text of ids `(T,)`, or a list of texts for more; padding is dropped."""
        vocabulary = self.get_vocabulary()

        def join(row: list[int]) -> str:
            return text.join_words(vocabulary[i] for i in row if i != self.pad_token_id)

        return vocabularies.map_rows(join, inputs, len(vocabulary))

    def unknown_words(self, line: str) -> list[str]:
        """The words of a text that become `[UNK]`."""
        words = [word.decode() for word in text.split(line).numpy()]
        return [word for word in words if self.token_to_id(word) == self.unk_token_id]

    @property
    def has_vocabulary(self) -> bool:
        """Whether a vocabulary was given, or loaded yet."""
        return self._vocabulary is not None

    def get_vocabulary(self) -> list[str]:
        """All entries, in the order of their ids."""
        return list(self._check_vocabulary())

    def vocabulary_size(self) -> int:
        """How many entries the vocabulary has."""
        return len(self._check_vocabulary())

    def token_bytes(self) -> np.ndarray:
        """How many bytes each entry stands for in a text: its own and a separator.

        Returns:
            An int array `(V,)`. `[END]` is a separator alone, `[PAD]` is nothing, and
            `[UNK]` counts as it is written: a word that is lost is not guessed at.
        """
        num_bytes = [len(word.encode()) + 1 for word in self._check_vocabulary()]
        num_bytes[self.pad_token_id] = 0
        num_bytes[self.end_token_id] = 1
        return np.array(num_bytes)

    def id_to_token(self, id: int) -> str:
        """The entry with this id."""
        if not 0 <= id < self.vocabulary_size():
            raise ValueError(
                f"`id` must be from 0 to {self.vocabulary_size() - 1}. "
                f"Received: id={id}"
            )
        return self._check_vocabulary()[id]

    def token_to_id(self, token: str) -> int:
        """The id of this entry; that of `[UNK]` if there is no such entry."""
        self._check_vocabulary()
        return self._ids.get(token, self.unk_token_id)

    def save_assets(self, dir_path: str) -> None:
        """Write the vocabulary into a folder."""
        path = os.path.join(dir_path, VOCABULARY_FILENAME)
        with open(path, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{word}\n" for word in self._check_vocabulary())

    def load_assets(self, dir_path: str) -> None:
        """Read the vocabulary from a folder."""
        self.set_vocabulary(os.path.join(dir_path, VOCABULARY_FILENAME))

    def _check_vocabulary(self) -> list[str]:
        if self._vocabulary is None:
            raise ValueError(
                "`MiniGPTTokenizer` has no vocabulary yet. Give one to the constructor "
                "or to `set_vocabulary()`"
            )
        return self._vocabulary

    def get_config(self) -> dict[str, Any]:
        # The vocabulary is an asset: a file of its own in presets and .keras files.
        return {**super().get_config(), "vocabulary": None}
