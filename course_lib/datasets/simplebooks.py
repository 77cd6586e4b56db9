"""Novels for children, a paragraph a line: SimpleBooks-92, or a stand-in for it."""

import hashlib
import os
from functools import partial
from pathlib import Path

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.fetch import cache_folder, fetch, refuse_smoke
from course_lib.datasets.lines import Lines
from course_lib.datasets.manifest import ASSETS, Asset, DataError
from course_lib.datasets.unpack import unpack_files

SPLITS = ("train.txt", "valid.txt", "test.txt")
HELD_OUT = SPLITS[1:]
SIMPLEBOOKS_2_BYTES = 1_806_158  # of the two held-out files


def load(minimum_length: int = 450, asset: Asset = ASSETS["simplebooks"]) -> Corpus:
    """Loads novels that are split by book, as their paragraphs.

    The archive holds `simplebooks-92-raw/{train,valid,test}.txt`, a paragraph a line,
    in the order of the books. As published, paragraphs of at most 450 characters are
    dropped (the published recipe counts bytes: in English, nearly the same).

    The files are unpacked into the cache, and lines are read from there when they are
    asked for: the original has 450 MB, and no split is ever in memory as a whole.

    SimpleBooks-92 and a stand-in of public-domain novels have the same layout; the
    sizes of their files tell them apart. `title` says which of them was read: it
    belongs beside every number that comes from it.

    Args:
        minimum_length: int. Only paragraphs of more characters than that are kept; 0
            keeps all.
        asset: the archive to read; another one is of use to tests and mirrors.

    Returns:
        A `Corpus` named `"simplebooks"`; its splits are `Lines`.

    Raises:
        DataError: if there is no intact copy in `COURSE_DATA`, in the cache or on the
            network, and always under `COURSE_PROFILE=smoke`.

    Example:
        >>> from course_lib.datasets import simplebooks
        >>> novels = simplebooks.load()  # doctest: +SKIP
        >>> print(novels.title, len(novels.train))  # doctest: +SKIP

    Reference:
        [Nguyen (2019)](https://arxiv.org/abs/1911.12391)
    """
    folder = "simplebooks/simplebooks-92-raw"
    members = [f"{folder}/{name}" for name in SPLITS]
    read = partial(_read, asset, members, minimum_length)
    fetched = fetch(asset, read, title=lambda content: content[1])
    (train, validation, test), title, licence = fetched.content
    return Corpus(
        name="simplebooks",
        source=f"{title}, from {fetched.source}",
        licence=licence,
        sha256=fetched.sha256,
        train=train,
        validation=validation,
        test=test,
        title=title,
    )


def load_simplebooks_2(asset: Asset = ASSETS["simplebooks"]) -> Corpus:
    """Loads the held-out books of the real SimpleBooks-2, to evaluate on.

    They are tokenized: white space stands on both sides of every mark (`Hurray !`),
    and rare words are `<unk>`. They come from the folder `simplebooks2` of
    `COURSE_DATA`, and without it from the original archive, which holds them too.

    Args:
        asset: the archive to read.

    Returns:
        A `Corpus` named `"simplebooks2"`: `validation` and `test` are `Lines`, `train`
        is empty. Its `sha256` is that of the two files, one after the other, or of the
        archive.

    Raises:
        DataError: as `load`.

    Example:
        >>> from course_lib.datasets import simplebooks
        >>> len(simplebooks.load_simplebooks_2().test)  # doctest: +SKIP

    Reference:
        [Nguyen (2019)](https://arxiv.org/abs/1911.12391), section 3
    """
    refuse_smoke(asset)
    title = "SimpleBooks-2"
    folder = Path(os.environ.get("COURSE_DATA") or os.devnull, "simplebooks2")
    if folder.is_dir():
        validation, test, sha256 = _read_files(folder)
        source = f"COURSE_DATA ({folder.name})"
        print(f"{title}: read from {source}")
    else:
        members = [f"simplebooks/simplebooks-2/{name}" for name in HELD_OUT]
        read = partial(_read, asset, members, 0)
        fetched = fetch(asset, read, title=lambda content: title)
        (validation, test), _, _ = fetched.content
        source, sha256 = fetched.source, fetched.sha256
    return Corpus(
        name="simplebooks2",
        source=f"{title} (Nguyen 2019), from {source}",
        licence=asset.licence,
        sha256=sha256,
        train=[],
        validation=validation,
        test=test,
        title=title,
    )


def _read(
    asset: Asset, members: list[str], minimum_length: int, path: Path
) -> tuple[list[Lines], str, str]:
    """The lines of each member, and title and licence of what was read."""
    folder = cache_folder() / asset.name
    limit = asset.structure.total_bytes
    paths = unpack_files(path, members, folder, limit)
    try:
        lines = [Lines(file, minimum_length) for file in paths]
    except DataError:
        for file in paths:
            file.unlink(missing_ok=True)
        raise
    sizes = tuple(file.stat().st_size for file in paths)
    for edition in asset.structure.editions:
        if edition.sizes == sizes:
            return lines, edition.title, edition.licence
    if path.stat().st_size == asset.bytes:
        return lines, asset.title, asset.licence
    return lines, f"an archive laid out like {asset.title}", "not known"


def _read_files(folder: Path) -> tuple[Lines, Lines, str]:
    """Validation and test of a folder, and the digest of both."""
    paths = [folder / name for name in HELD_OUT]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise DataError(f"{folder} should hold {' and '.join(missing)}.")
    content = b"".join(path.read_bytes() for path in paths)
    if len(content) != SIMPLEBOOKS_2_BYTES:
        raise DataError(
            f"{' and '.join(HELD_OUT)} in {folder} should hold "
            f"{SIMPLEBOOKS_2_BYTES:,} bytes. Found: {len(content):,}."
        )
    validation, test = map(Lines, paths)
    return validation, test, hashlib.sha256(content).hexdigest()
