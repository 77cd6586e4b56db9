"""Was a model trained on what was held out? What can be told from the model alone.

A vocabulary made from all the text holds words that only held-out text has. And a model
that was trained on held-out text in place of the training text predicts it better. One
that was trained on both, with a vocabulary of the training text, is not found out here,
but by running the notebook on another corpus (`canaries.py`).
"""

from typing import Any

import numpy as np

MOST_WINDOWS = 200
LEAST_TOKENS = 10  # in a window that counts


def vocabulary_beyond(
    tokenizer: Any, train: set[str], held_out: set[str]
) -> tuple[set[str], int]:
    """Entries of a vocabulary that training text does not explain.

    Args:
        tokenizer: of words or word pieces. Of byte pairs, which are no words, nothing
            is said.
        train: the words of the training text, in lower case.
        held_out: the words that only held-out text has.

    Returns:
        The entries that held-out text explains, and how many nothing here explains:
        many, if the vocabulary is a general one.

    Example:
        >>> from course_lib.models import MiniGPTTokenizer
        >>> tokenizer = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", "fox", "crow"])
        >>> vocabulary_beyond(tokenizer, {"fox"}, {"crow"})
        ({'crow'}, 0)
    """
    if not hasattr(tokenizer, "unknown_words"):
        return set(), 0
    entries = {entry.casefold() for entry in tokenizer.get_vocabulary()}
    entries = {entry for entry in entries if len(entry) > 2 and entry.isalpha()}
    if hasattr(tokenizer, "suffix_indicator"):  # pieces: how a word may begin
        train, held_out = _beginnings(train), _beginnings(held_out)
    beyond = entries - train
    return beyond & held_out, len(beyond - held_out)


def gap(causal_lm: Any, corpus: Any) -> tuple[float, float]:
    """By how many nats a token held-out text is harder to a model than training text.

    Corrected for how hard the texts are as such: for what a trigram model says of them
    that has counted neither. It is positive for whoever trained on the one and not on
    the other, about 0 where a model has learned nothing by heart, and negative if the
    splits were swapped.

    Args:
        causal_lm: see `measures.measure`.
        corpus: a `Corpus`.

    Returns:
        The gap, and its standard error.
    """
    from course_lib.assignment import measures

    size = measures.vocabulary_size(causal_lm)
    test = measures.windows_of(causal_lm, corpus.test)[:MOST_WINDOWS]
    train = measures.windows_of(causal_lm, corpus.train)
    chosen = np.zeros(len(train), bool)
    number = max(1, min(MOST_WINDOWS, len(train) // 3))
    chosen[np.linspace(0, len(train) - 1, number, dtype=int)] = True
    trigram = measures.ngrams(3, train[~chosen], size)
    means, variances = [], []
    for windows in (train[chosen], test):
        counts = (windows[:, 1:] < size).sum(axis=1)
        windows, counts = (
            windows[counts >= LEAST_TOKENS],
            counts[counts >= LEAST_TOKENS],
        )
        nats = measures.nats_of_windows(causal_lm, windows).sum(axis=1) / counts
        excess = nats - [trigram.nats_per_token(window[None]) for window in windows]
        means.append(excess.mean())
        variances.append(excess.var() / len(excess))
    return float(means[1] - means[0]), float(np.sqrt(sum(variances)))


def _beginnings(words: set[str]) -> set[str]:
    return {word[:n] for word in words for n in range(1, len(word) + 1)}
