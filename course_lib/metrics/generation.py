"""What generated text looks like: is it varied, and is it the model's own?"""

import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = ["distinct_n", "longest_copy", "repetition"]


def distinct_n(tokens: Sequence, n: int) -> float:
    """Return the share of different n-grams among all n-grams.

    1 means that no n-gram occurs twice. Longer texts repeat more: compare texts of
    the same length.

    Args:
        tokens: Words or token ids of a text, without padding; or a list of texts,
            pooled, so that what two samples share counts as repeated.
        n: Length of the n-grams.

    Returns:
        A number in (0, 1]; NaN if no text has `n` tokens.

    Raises:
        TypeError: If a text is a string that was not split.
        ValueError: If `n` is not a positive integer.

    Example:
        >>> distinct_n("so so good so so bad".split(), n=2)
        0.8

    Reference:
        Li et al., "A Diversity-Promoting Objective Function for Neural Conversation
        Models" (2016), who divide by the number of tokens instead.
    """
    grams = list(itertools.chain(*_ngrams(tokens, n)))
    return len(set(grams)) / len(grams) if grams else math.nan


def repetition(tokens: Sequence, n: int = 4) -> float:
    """Return the share of n-grams that occurred earlier in the same text.

    Text that goes round in a loop comes close to 1. For one text it is
    `1 - distinct_n(tokens, n)`; of several, each is held against itself alone.

    Args:
        tokens: Words or token ids of a text, without padding; or a list of texts.
        n: Length of the n-grams.

    Returns:
        A number in [0, 1); NaN if no text has `n` tokens.

    Raises:
        TypeError: If a text is a string that was not split.
        ValueError: If `n` is not a positive integer.

    Example:
        >>> repetition("i saw it and i saw it".split(), n=2)  # "i saw", "saw it"
        0.3333333333333333
    """
    texts = _ngrams(tokens, n)
    total = sum(map(len, texts))
    return sum(len(t) - len(set(t)) for t in texts) / total if total else math.nan


def longest_copy(tokens: Sequence, corpus: Iterable[Sequence]) -> int:
    """Return the length of the longest run of `tokens` that a corpus contains.

    The run is contiguous, verbatim and lies within one document. A long one shows
    that the model recites its training text. Exact: no hashes, no sampling.

    Args:
        tokens: Words or token ids of one sample, without padding.
        corpus: The training documents, in the same words or token ids: a list of
            sequences, or an array of shape `(N, L)`.

    Returns:
        A length between 0 and `len(tokens)`.

    Raises:
        TypeError: If the sample or a document is no sequence of words or ids, or
            if one holds words and the other ids.

    Example:
        >>> corpus = ["a fine film with a fine cast".split(), "a film".split()]
        >>> longest_copy("this film with a plot".split(), corpus)
        3
    """
    sample = _text(tokens, "`tokens`")
    # Tokens become 0, ..., M - 1. The corpus has -1 for what the sample lacks and
    # after each document, so that no run crosses either.
    number = {token: i for i, token in enumerate(dict.fromkeys(sample))}
    numbers = np.array([number[token] for token in sample], dtype=np.int64)
    text = np.fromiter(
        (
            number.get(token, -1)
            for document in corpus
            for token in itertools.chain(_document(document, sample), [None])
        ),
        dtype=np.int64,
    )
    # Runs grow by one token at a time; kept are the places of the corpus where some
    # run of the sample still matches. Equal runs have equal ids in both.
    places = np.flatnonzero(text >= 0)
    ids, sample_ids = text[places], numbers
    length = 0
    while places.size:
        length += 1
        runs = sample_ids[:-1] * len(number) + numbers[length:]
        known, sample_ids = np.unique(runs, return_inverse=True)
        following = text[places + length]  # at the latest, the -1 after a document
        grown = ids * len(number) + following
        matches = (following >= 0) & np.isin(grown, known)
        places, ids = places[matches], np.searchsorted(known, grown[matches])
    return length


def _document(document: Any, sample: list) -> list:
    text = _text(document, "each document of `corpus`")
    if text and sample and isinstance(text[0], str) != isinstance(sample[0], str):
        raise TypeError(
            "`tokens` and `corpus` must both hold words or both hold token ids. "
            f"Received: {sample[0]!r} in tokens, {text[0]!r} in corpus"
        )
    return text


def _ngrams(tokens: Any, n: int) -> list[list[tuple]]:
    """The n-grams of each text."""
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"`n` must be a positive integer. Received: n={n}")
    texts = tokens if _is_nested(tokens) else [tokens]
    return [
        [tuple(text[i : i + n]) for i in range(len(text) - n + 1)]
        for text in (_text(text, "`tokens`") for text in texts)
    ]


def _text(tokens: Any, name: str) -> list:
    """Python values: they hash and compare alike whatever array they come from."""
    values = np.asarray(tokens).tolist() if hasattr(tokens, "__array__") else tokens
    is_sequence = isinstance(values, Sequence) and not isinstance(values, str | bytes)
    if not is_sequence or _is_nested(values):
        raise TypeError(
            f"{name} must be a sequence of words or token ids; split strings first. "
            f"Received: {tokens!r:.60}"
        )
    return list(values)


def _is_nested(values: Any) -> bool:
    is_empty = not hasattr(values, "__len__") or len(values) == 0
    return not is_empty and np.ndim(values[0]) > 0
