"""Held-out splits that do not depend on order, and that no duplicate can straddle."""

import hashlib
import string
from collections.abc import Iterable
from typing import NamedTuple

_PUNCTUATION_TO_SPACE = str.maketrans(string.punctuation, " " * len(string.punctuation))


class Splits(NamedTuple):
    """Three disjoint lists of texts.

    Args:
        train: texts to fit.
        validation: texts to choose hyper-parameters by.
        test: texts to look at once, at the end.
    """

    train: list[str]
    validation: list[str]
    test: list[str]


def normalise(text: str) -> str:
    """Reduces a text to its words: one case, no punctuation or `<br />`, one space.

    Two texts that differ only in those are the same text to whoever holds data out.

    Example:
        >>> normalise("Great film!<br /><br />GREAT cast.")
        'great film great cast'
    """
    text = text.replace("<br />", " ").casefold()
    return " ".join(text.translate(_PUNCTUATION_TO_SPACE).split())


def split_by_hash(
    texts: Iterable[str], validation: float = 0.05, test: float = 0.05
) -> Splits:
    """Splits texts by a hash of their words.

    A text's split depends on nothing but the text: not on its place in the list, on
    the other texts or on a seed. So texts with the same words always share a split,
    and a text never changes sides when the corpus grows. The sizes are those shares
    only on average.

    Args:
        texts: the texts, in any order; the order is kept within each split.
        validation: the expected share of the validation split.
        test: the expected share of the test split.

    Returns:
        `Splits(train, validation, test)`.

    Raises:
        ValueError: if the shares are negative or leave nothing for training.
        TypeError: if `texts` is one string, or holds anything but strings.

    Example:
        >>> splits = split_by_hash(f"review number {n}" for n in range(1000))
        >>> [len(split) for split in splits]
        [898, 58, 44]
    """
    if validation < 0 or test < 0 or not validation + test < 1:
        raise ValueError(
            "`validation` and `test` must not be negative, and their sum must be "
            f"below 1. Received: validation={validation}, test={test}"
        )
    if isinstance(texts, str):
        raise TypeError(f"`texts` must be many strings. Received one: {texts[:40]!r}")
    splits = Splits([], [], [])
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"`texts` must hold strings. Received: {text!r}")
        position = _position(text)
        if position < test:
            splits.test.append(text)
        elif position < test + validation:
            splits.validation.append(text)
        else:
            splits.train.append(text)
    return splits


def _position(text: str) -> float:
    """A number in [0, 1), uniform over texts and the same for the same words."""
    digest = hashlib.sha256(normalise(text).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:6], "big") / 2**48  # exact in a float
