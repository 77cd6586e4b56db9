"""A corpus of which some documents were left out or changed, and the account of it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from course_lib.datasets.corpus import Corpus

__all__ = ["FilteredCorpus", "sieve"]

Item = TypeVar("Item")


@dataclass(frozen=True)
class FilteredCorpus(Corpus):
    """A `Corpus` that knows what was dropped, and what was bleeped.

    Args:
        dropped: For each reason, how many documents were dropped; a document counts
            once, for the first reason that holds.
        bleeped: How many of the documents that were kept had words taken out.

    Example:
        >>> corpus = FilteredCorpus("toy", "typed in", "CC0-1.0", "", ["a"], [], [],
        ...     dropped={"twice": 2})
        >>> corpus.dropped["twice"]
        2
    """

    dropped: Mapping[str, int] = field(default_factory=dict, repr=False)
    bleeped: int = field(default=0, repr=False)


def sieve(
    items: Iterable[Item], reasons: Mapping[str, Callable[[Item], bool]]
) -> tuple[list[Item], dict[str, int]]:
    """Keeps the items against which no reason holds.

    Args:
        items: What to sieve; the order is kept.
        reasons: For each reason, in words, the test for it, in order.

    Returns:
        The kept items, and how many were dropped for each reason.

    Example:
        >>> sieve(range(10), {"odd": lambda n: n % 2 == 1, "large": lambda n: n > 5})
        ([0, 2, 4], {'odd': 5, 'large': 2})
    """
    kept = []
    dropped = dict.fromkeys(reasons, 0)
    for item in items:
        reason = next((name for name, holds in reasons.items() if holds(item)), None)
        if reason is None:
            kept.append(item)
        else:
            dropped[reason] += 1
    return kept, dropped
