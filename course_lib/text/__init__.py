"""From text to words or sub-words and back, and the vocabularies for it."""

from course_lib.text.word_pieces import (
    WORD_PIECE_SPECIAL_TOKENS,
    compute_word_piece_vocabulary,
    join_word_pieces,
)
from course_lib.text.words import (
    SPECIAL_TOKENS,
    compute_word_vocabulary,
    join_words,
    split,
    standardize,
)

__all__ = [
    "SPECIAL_TOKENS",
    "WORD_PIECE_SPECIAL_TOKENS",
    "compute_word_piece_vocabulary",
    "compute_word_vocabulary",
    "join_word_pieces",
    "join_words",
    "split",
    "standardize",
]
