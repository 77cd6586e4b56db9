"""The word tokenizer of the mini-GPT."""

import os
from collections.abc import Iterable
from typing import Any

import keras
import keras_hub

from course_lib import text
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
        ValueError: if the vocabulary does not begin with the special tokens or holds
            an entry twice.

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
        if isinstance(vocabulary, str):
            vocabulary = _read_lines(vocabulary)
        if vocabulary is not None:
            self.set_vocabulary(vocabulary)

    def set_vocabulary(self, vocabulary: Iterable[str]) -> None:
        """Replace the vocabulary; see the class for what it must be."""
        import tensorflow as tf

        vocabulary = list(vocabulary)
        special = list(text.SPECIAL_TOKENS)
        if vocabulary[: len(special)] != special:
            raise ValueError(
                f"`vocabulary` must begin with {special}. "
                f"Received: {vocabulary[: len(special)]}"
            )
        if len(set(vocabulary)) != len(vocabulary):
            twice = next(w for i, w in enumerate(vocabulary) if w in vocabulary[:i])
            raise ValueError(
                f"`vocabulary` must not hold an entry twice. Received: '{twice}' twice"
            )
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
        words = text.split(tf.convert_to_tensor(inputs, dtype=tf.string))
        return tf.cast(self._table.lookup(words), self.compute_dtype)

    def detokenize(self, inputs: Any) -> str | list[str]:
        """The text of ids `(T,)`, or a list of texts for more; padding is dropped."""
        vocabulary = self.get_vocabulary()
        rows = _to_lists(inputs)
        batched = bool(rows) and isinstance(rows[0], list)
        texts = []
        for row in rows if batched else [rows]:
            unknown = [i for i in row if not 0 <= i < len(vocabulary)]
            if unknown:
                raise ValueError(
                    f"`inputs` must be token ids from 0 to {len(vocabulary) - 1}. "
                    f"Received: {unknown[0]}"
                )
            words = [vocabulary[i] for i in row if i != self.pad_token_id]
            texts.append(text.join_words(words))
        return texts if batched else texts[0]

    def get_vocabulary(self) -> list[str]:
        """All entries, in the order of their ids."""
        return list(self._check_vocabulary())

    def vocabulary_size(self) -> int:
        """How many entries the vocabulary has."""
        return len(self._check_vocabulary())

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
        self.set_vocabulary(_read_lines(os.path.join(dir_path, VOCABULARY_FILENAME)))

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


def _read_lines(path: str) -> list[str]:
    """The lines of a file, split at newlines only: words may hold rarer separators."""
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def _to_lists(token_ids: Any) -> list:
    """Nested lists of ints from a list, an array or a (ragged) tensor."""
    if hasattr(token_ids, "to_list"):  # tf.RaggedTensor
        return token_ids.to_list()
    if isinstance(token_ids, list | tuple):
        return [
            _to_lists(row) if hasattr(row, "__len__") else int(row) for row in token_ids
        ]
    return keras.ops.convert_to_numpy(token_ids).tolist()
