"""The real data of the course: what each asset is, and how to know it is intact."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath


class DataError(RuntimeError):
    """Real data is missing, damaged or not what it claims to be.

    The message says what was tried and what to do next.
    """


@dataclass(frozen=True)
class Edition:
    """A content that an archive may have instead of the published one.

    It is laid out in the same way; the sizes of its files tell which one it is.

    Args:
        title: what people call it.
        licence: the terms of use, in words.
        citation: whom to credit.
        sizes: the unpacked bytes of its files, in the order that a loader reads them.
    """

    title: str
    licence: str
    citation: str
    sizes: tuple[int, ...]


@dataclass(frozen=True)
class Structure:
    """What an archive must hold, whoever packed it.

    A repacked archive has other hashes than the original. Its members are the
    same all the same, so their number and their size can still be checked.

    Args:
        files: how many files each folder of the archive must hold.
        suffix: the ending of those files; others in the folder are ignored.
        total_bytes: the unpacked size of those files together; where there are other
            editions, the most it may be.
        editions: known contents that are not the published one.
    """

    files: Mapping[str, int]
    suffix: str
    total_bytes: int
    editions: tuple[Edition, ...] = ()


@dataclass(frozen=True)
class Asset:
    """One downloadable file.

    Args:
        name: the key in `ASSETS`, and the asset's folder in `COURSE_DATA` and in
            the cache.
        title: what people call the data.
        filename: the file's name, as its publisher calls it.
        urls: where to download it from, tried in this order.
        bytes: the size of the published file; `None` where no one states it.
        hashes: algorithm to hexadecimal digest, only as stated by the publisher
            or by two independent sources; empty where no one states any.
        licence: the terms of use, in words.
        citation: whom to credit.
        structure: what the archive must hold.
        grammar: what to call where there is no data.
    """

    name: str
    title: str
    filename: str
    urls: tuple[str, ...]
    bytes: int | None
    hashes: Mapping[str, str]
    licence: str
    citation: str
    structure: Structure
    grammar: str = "review_grammar_corpus() writes reviews"

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
    "simplebooks": Asset(
        name="simplebooks",
        title="SimpleBooks-92",
        filename="simplebooks.zip",
        # One publisher, one bucket: other addresses of it, for networks that block one.
        urls=(
            "https://dldata-public.s3.us-east-2.amazonaws.com/simplebooks.zip",
            "https://s3.us-east-2.amazonaws.com/dldata-public/simplebooks.zip",
        ),
        bytes=282_386_239,
        hashes={},
        licence="CC-BY, as stated by the author; the books are in the public domain",
        citation=(
            "Huyen Nguyen (2019). SimpleBooks: Long-term dependency book dataset with "
            "simplified English vocabulary for word-level language modeling. "
            "arXiv:1911.12391."
        ),
        structure=Structure(
            files={"simplebooks/simplebooks-92-raw": 3},
            suffix=".txt",
            total_bytes=800_000_000,
            editions=(
                Edition(
                    title="a stand-in for SimpleBooks-92 (414 public-domain novels)",
                    licence="public domain in the US",
                    citation="Project Gutenberg, https://www.gutenberg.org",
                    sizes=(103_168_765, 1_563_581, 1_564_654),
                ),
            ),
        ),
        grammar="story_grammar_corpus() writes tales",
    ),
    "reddit_tifu": Asset(
        name="reddit_tifu",
        title="r/tifu, its most popular posts until August 2013",
        filename="tifu.csv",
        urls=(
            "https://raw.githubusercontent.com/umbrae/reddit-top-2.5-million/master/"
            "data/tifu.csv",
        ),
        bytes=None,
        hashes={},
        licence="Open Data Commons PDDL 1.0 for the collection",
        citation=(
            "Chris Dary (2013). Reddit Top 2.5 Million. "
            "https://github.com/umbrae/reddit-top-2.5-million"
        ),
        structure=Structure(files={}, suffix=".csv", total_bytes=10_000_000),
        grammar="post_grammar_corpus() writes posts",
    ),
    "chinese_poems": Asset(
        name="chinese_poems",
        title="Complete Tang Poems",
        filename="chinese-poetry.zip",
        # A state of it that is known to hold the poems; then as it is today.
        urls=(
            "https://github.com/chinese-poetry/chinese-poetry/archive/"
            "fa1814a8044db4fb0c7a9e0a0449974e8c3463b7.zip",
            "https://github.com/chinese-poetry/chinese-poetry/archive/refs/heads/"
            "master.zip",
        ),
        bytes=None,
        hashes={},
        licence="MIT for the collection; the poems are in the public domain",
        citation=(
            "The authors of chinese-poetry (2016). "
            "https://github.com/chinese-poetry/chinese-poetry"
        ),
        structure=Structure(
            files={"全唐诗": 58}, suffix=".json", total_bytes=40_000_000
        ),
        grammar="verse_grammar_corpus() writes poems",
    ),
}
