"""What every loader of a corpus returns."""

from collections.abc import Sequence
from dataclasses import dataclass, field

__all__ = ["Corpus"]


@dataclass(frozen=True)
class Corpus:
    """A corpus of documents, split so that no document is in two splits.

    Args:
        name: Short name of the corpus.
        source: Where it came from, in words.
        licence: The licence of the texts.
        sha256: SHA-256 of the file that was read, or `""` when none was.
        train: Documents to train on.
        validation: Documents to choose settings by.
        test: Documents to report results on.
        title: What figures and tables call it; the name, if nothing else is given.

    Example:
        >>> Corpus("toy", "typed in by hand", "CC0-1.0", "", ["a b"], ["c"], ["d"])
        Corpus(name='toy', source='typed in by hand', licence='CC0-1.0', sha256='')
    """

    name: str
    source: str
    licence: str
    sha256: str
    train: Sequence[str] = field(repr=False)
    validation: Sequence[str] = field(repr=False)
    test: Sequence[str] = field(repr=False)
    title: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name)
