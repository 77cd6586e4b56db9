"""Token ids of IMDB, or of the review grammar where IMDB cannot be had."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness.workers import Contender, start

VOCABULARY_SIZE = 20_000
NUM_HELD_OUT = 1024  # reviews of the test split


@dataclass(frozen=True)
class Tokens:
    """Documents as ids: one after the other, and where each begins (and the end)."""

    train: np.ndarray
    offsets: np.ndarray
    held_out: np.ndarray  # (N, length), padded with 0

    def documents(self, length: int) -> np.ndarray:
        """The first `length` tokens of each document `(N, length)`, 0-padded."""
        return first_tokens(self.train, self.offsets, length)


def first_tokens(ids: np.ndarray, offsets: np.ndarray, length: int) -> np.ndarray:
    """The first `length` ids of each document `(N, length)`, padded with 0."""
    starts, sizes = offsets[:-1, None], np.diff(offsets)[:, None]
    positions = np.arange(length)[None, :]
    inside = positions < sizes
    return np.where(inside, ids[np.where(inside, starts + positions, 0)], 0)


def load(path: str) -> Tokens:
    """What `prepare` wrote."""
    with np.load(path) as arrays:
        return Tokens(**arrays)


def prepare(path: Path, length: int, quick: bool, documents: int | None = None) -> str:
    """Write the ids of the corpus, in a process of its own, for `load`.

    Args:
        path: the file to write.
        length: how many tokens of held-out documents to keep.
        quick: whether a few documents of the grammar will do.
        documents: how many documents to train on to keep; all by default.

    Returns:
        What was read, in words.
    """
    contender = Contender("benchmarks.harness.data:encoder")
    with start({"data": contender}) as workers:
        answer = workers["data"].ask(
            path=str(path), length=length, quick=quick, documents=documents
        )
    print(answer["data"])
    return answer["data"]


def encoder():
    """The contender that `prepare` asks: it loads TensorFlow, its parent need not."""

    def encode(
        path: str, length: int, quick: bool, documents: int | None
    ) -> dict[str, Any]:
        from course_lib import text
        from course_lib.models import MiniGPTTokenizer

        corpus, described = _corpus(quick)
        vocabulary = text.compute_word_vocabulary(corpus.train, VOCABULARY_SIZE)
        tokenizer = MiniGPTTokenizer(vocabulary)

        def ids(texts) -> tuple[np.ndarray, np.ndarray]:
            parts, sizes = [], [np.zeros(1, "int64")]
            for i in range(0, len(texts), 1000):
                ragged = tokenizer.tokenize(texts[i : i + 1000])
                parts.append(ragged.flat_values.numpy())
                sizes.append(ragged.row_lengths().numpy())
            return np.concatenate(parts), np.cumsum(np.concatenate(sizes))

        train, offsets = ids(corpus.train[:documents])
        held_out = first_tokens(*ids(corpus.test[:NUM_HELD_OUT]), length)
        np.savez(path, train=train, offsets=offsets, held_out=held_out)
        return {"data": described}

    return encode


def _corpus(quick: bool):
    """The corpus, and where it came from."""
    from course_lib import datasets

    if not quick:
        try:
            corpus = datasets.imdb.load()
            return corpus, f"{corpus.source}, SHA-256 {corpus.sha256}"
        except datasets.DataError as error:
            print(error)
    corpus = datasets.review_grammar_corpus(600 if quick else 40_000, seed=0)
    return corpus, f"not IMDB but the review grammar: {corpus.source}"
