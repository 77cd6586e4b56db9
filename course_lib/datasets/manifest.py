"""The real data of the course: what each asset is, and how to know it is intact."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


class DataError(RuntimeError):
    """Real data is missing, damaged or not what it claims to be.

    The message says what was tried and what to do next.
    """


@dataclass(frozen=True)
class Structure:
    """What an archive must hold, whoever packed it.

    A repacked archive has other hashes than the original. Its members are the
    same all the same, so their number and their size can still be checked.

    Args:
        files: how many files each folder of the archive must hold.
        suffix: the ending of those files; others in the folder are ignored.
        total_bytes: the unpacked size of those files together.
    """

    files: Mapping[str, int]
    suffix: str
    total_bytes: int


@dataclass(frozen=True)
class Asset:
    """One downloadable file.

    Args:
        name: the key in `ASSETS`, and the asset's folder in `COURSE_DATA` and in
            the cache.
        title: what people call the data.
        filename: the file's name, as its publisher calls it.
        urls: where to download it from, tried in this order.
        bytes: the size of the published file.
        hashes: algorithm to hexadecimal digest, only as stated by the publisher
            or by two independent sources; empty where no one states any.
        licence: the terms of use, in words.
        citation: whom to credit.
        structure: what the archive must hold.
    """

    name: str
    title: str
    filename: str
    urls: tuple[str, ...]
    bytes: int
    hashes: Mapping[str, str]
    licence: str
    citation: str
    structure: Structure

    @property
    def path(self) -> PurePosixPath:
        """Where the file lies in `COURSE_DATA` and in the cache."""
        return PurePosixPath(self.name, self.filename)


ASSETS: Mapping[str, Asset] = {
    "imdb": Asset(
        name="imdb",
        title="Large Movie Review Dataset",
        filename="aclImdb_v1.tar.gz",
        urls=("https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",),
        bytes=84_125_825,
        hashes={
            "md5": "7c2ac02c03563afcf9b574c7e56c153a",
            "sha1": "01ada507287d82875905620988597833ad4e0903",
        },
        licence="no licence stated; free for research use, with citation",
        citation=(
            "Andrew L. Maas, Raymond E. Daly, Peter T. Pham, Dan Huang, Andrew Y. Ng "
            "and Christopher Potts (2011). Learning Word Vectors for Sentiment "
            "Analysis. Proceedings of ACL-HLT 2011, pages 142-150."
        ),
        structure=Structure(
            files={
                "aclImdb/train/pos": 12_500,
                "aclImdb/train/neg": 12_500,
                "aclImdb/test/pos": 12_500,
                "aclImdb/test/neg": 12_500,
            },
            suffix=".txt",
            total_bytes=65_483_508,
        ),
    ),
}
