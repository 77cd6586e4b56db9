"""The sub-word tokenizer of the mini-GPT."""

import re
from collections.abc import Iterable
from typing import Any

import keras
import keras_hub
import numpy as np

from course_lib import text
from course_lib.models import vocabularies
from course_lib.models.mini_gpt_backbone import MiniGPTBackbone


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTWordPieceTokenizer(keras_hub.tokenizers.WordPieceTokenizer):
    """Sub-words and punctuation marks to ids and back.

    `keras_hub.tokenizers.WordPieceTokenizer` in lower case: a word is split into the
    longest pieces of the vocabulary, from left to right, and those that continue a
    word begin with `##`. Only a word with a character that is no piece becomes `[UNK]`.

    Id 0 is `[PAD]`, 1 is `[UNK]`, 2 is `[BOS]`. It begins every text, so in a long row
    of texts it also ends the one before: it is the start token and the end token.

    Unlike KerasHub's, `detokenize` puts marks where they belong, see
    `course_lib.text.join_word_pieces`, and never shows `[PAD]` or `[BOS]`.

    Args:
        vocabulary: list of str that begins `[PAD]`, `[UNK]`, `[BOS]` (see
            `course_lib.text.compute_word_piece_vocabulary`), or the path of a file with
            one entry a line.
        lowercase: bool.
        **kwargs: passed to `keras_hub.tokenizers.WordPieceTokenizer`.

    Raises:
        ValueError: if the vocabulary does not begin with the special tokens, or holds
            an entry twice or one that is not a str.

    Example:
    ```python
    vocabulary = ["[PAD]", "[UNK]", "[BOS]", "the", "fox", "##es", "ran", "."]
    tokenizer = MiniGPTWordPieceTokenizer(vocabulary)
    tokenizer("The foxes ran.")  # [3, 4, 5, 6, 7]
    tokenizer.detokenize([2, 3, 4, 5, 6, 7])  # "the foxes ran."
    ```

    Reference:
        Schuster and Nakajima, "Japanese and Korean Voice Search" (2012); Song et al.,
        "Fast WordPiece Tokenization" (2021).
    """

    backbone_cls = MiniGPTBackbone
    pad_token_id, unk_token_id, end_token_id = range(3)
    start_token_id = end_token_id

    def __init__(
        self, vocabulary: Any = None, lowercase: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(vocabulary, lowercase=lowercase, **kwargs)

    def set_vocabulary(self, vocabulary: Iterable[str] | str | None) -> None:
        """Replace the vocabulary; see the class for what it must be."""
        import tensorflow as tf

        if vocabulary is not None:
            vocabulary = vocabularies.check_vocabulary(
                vocabulary, text.WORD_PIECE_SPECIAL_TOKENS
            )
        super().set_vocabulary(vocabulary)
        # In a graph, KerasHub of any version splits words in TensorFlow, in parallel.
        self._rows = tf.function(
            super().tokenize, input_signature=[tf.TensorSpec([None], tf.string)]
        )

    def tokenize(self, inputs):
        """Ids as a tf tensor `(num_pieces,)` for a str, ragged `(B, None)` for more."""
        import tensorflow as tf

        self._check_vocabulary()
        texts = vocabularies.to_string_tensor(inputs)
        with tf.device("cpu"):
            rows = self._rows(tf.reshape(texts, [-1]))
            return rows[0] if texts.shape.rank == 0 else rows

    def call(self, inputs, *args, training=None, **kwargs):
        # As any KerasHub tokenizer: called eagerly, it gives lists or backend tensors.
        return keras_hub.tokenizers.Tokenizer.call(self, inputs)

    def detokenize(self, inputs: Any) -> str | list[str]:
        """The text of ids `(T,)`, or a list of texts for more."""
        vocabulary = self.get_vocabulary()
        hidden = self.pad_token_id, self.start_token_id

        def join(row: list[int]) -> str:
            return text.join_word_pieces(vocabulary[i] for i in row if i not in hidden)

        return vocabularies.map_rows(join, inputs, len(vocabulary))

    def unknown_words(self, line: str) -> list[str]:
        """The words of a text that become `[UNK]`."""
        words = re.findall(r"\w+|[^\w\s]", line)
        if not words:
            return []
        return [
            word
            for word, ids in zip(words, self.tokenize(words).to_list(), strict=True)
            if self.unk_token_id in ids
        ]

    @property
    def has_vocabulary(self) -> bool:
        """Whether a vocabulary was given, or loaded yet."""
        return self.vocabulary is not None

    def token_bytes(self) -> np.ndarray:
        """How many bytes each entry stands for in a text: its own and a separator.

        Returns:
            An int array `(V,)`. A piece that continues a word has no separator, `[BOS]`
            is one alone, `[PAD]` is nothing, and `[UNK]` counts as it is written. So a
            text has as many bytes as it has in `MiniGPTTokenizer`, but for marks that
            only one of them splits off.
        """
        num_bytes = [
            len(piece[2:].encode()) if _continues(piece) else len(piece.encode()) + 1
            for piece in self.get_vocabulary()
        ]
        num_bytes[self.pad_token_id] = 0
        num_bytes[self.end_token_id] = 1
        return np.array(num_bytes)


def _continues(piece: str) -> bool:
    return len(piece) > 2 and piece.startswith("##")
