"""A corpus written by a grammar: for every grammar the same, split without overlap."""

from collections.abc import Iterable
from itertools import islice
from typing import Protocol

import numpy as np

from course_lib.datasets.corpus import Corpus

__all__ = ["grammar_corpus"]


class WritingGrammar(Protocol):
    """A `UnifilarGrammar` that knows how its tokens look as a text."""

    def documents(self, seed: int | np.random.SeedSequence) -> Iterable[list[str]]:
        """Write documents for ever."""

    def to_text(self, tokens: Iterable[str]) -> str:
        """Join tokens to a text."""


def grammar_corpus(
    grammar: WritingGrammar, name: str, num_documents: int, seed: int
) -> Corpus:
    """Write a corpus.

    Each split has a random stream of its own, none of them that of
    `grammar.sample_tokens(..., seed)`.

    Args:
        grammar: What writes the documents.
        name: Name of the corpus.
        num_documents: Documents in all; a tenth each for validation and test.
        seed: The same seed gives the same corpus on every machine.

    Returns:
        A `Corpus`. No document is in two of its splits.

    Raises:
        ValueError: If `num_documents` is less than 10.

    Example:
        >>> from course_lib.datasets import VerseGrammar
        >>> corpus = grammar_corpus(VerseGrammar(), "verse", num_documents=10, seed=0)
        >>> len(corpus.train), len(corpus.validation), len(corpus.test)
        (8, 1, 1)
    """
    if num_documents < 10:
        raise ValueError(
            "`num_documents` must be at least 10, to fill three splits. "
            f"Received: num_documents={num_documents}"
        )
    num_held_out = num_documents // 10
    streams = np.random.SeedSequence(seed).spawn(3)
    sizes = (num_held_out, num_held_out, num_documents - 2 * num_held_out)
    splits: list[list[str]] = []
    for stream, size in zip(streams, sizes, strict=True):
        elsewhere = {text for split in splits for text in split}
        texts = map(grammar.to_text, grammar.documents(stream))
        splits.append(list(islice((t for t in texts if t not in elsewhere), size)))
    test, validation, train = splits
    return Corpus(
        name=name,
        source=f"synthetic: written by course_lib's {type(grammar).__name__}, "
        f"seed {seed}",
        licence="Apache-2.0",
        sha256="",
        train=train,
        validation=validation,
        test=test,
    )
