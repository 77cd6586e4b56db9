"""57,000 Chinese poems: the Complete Tang Poems, in the traditional script."""

import hashlib
import json
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from course_lib.datasets.fetch import fetch
from course_lib.datasets.filtered_corpus import FilteredCorpus, sieve
from course_lib.datasets.manifest import ASSETS, Asset, DataError
from course_lib.datasets.splits import split_by_hash

# What zipfile raises on bytes that are not what they should be.
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)

_MARKS = "，。！？；：、"
_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_VERSE = re.compile(rf"[{_HAN}{_MARKS}]+")
_SHARED = "with a line of another split"
_LEAST_LINE = 5
_NOT_HAN = re.compile(rf"[^{_HAN}]")


def load(asset: Asset = ASSETS["chinese_poems"]) -> FilteredCorpus:
    """Loads the Complete Tang Poems (全唐詩), with validation and test held out.

    The poems come from the public repository of Chinese poetry: its archive on the
    network (large: it holds other collections too), the cache, or `COURSE_DATA`. They
    are in the traditional script. A document is a poem without title and poet, all its
    lines in one, as in the published tutorial: `昨夜……，簾外……。……`; a comma or a full
    stop ends each line of verse.

    Dropped are, in this order, poems

    - without text,
    - with anything but Chinese characters and the marks `，。！？；：、`: notes of
      editors, and `□` for what no one can read any more,
    - whose characters are those of an earlier poem.

    A hash of its characters sends each poem to validation (5%), test (5%) or train.
    Many poems are handed down in versions that differ in a few characters: a held-out
    poem that has a line in common with one to train on, or of the other held-out
    split, is dropped too. A printed line counts what was dropped, and so does `dropped`
    of the result. The order is fixed and mixed: any slice of a split is a fair sample
    of it.

    Args:
        asset: the archive to read; another one is of use to tests and mirrors.

    Returns:
        A `FilteredCorpus` named `"chinese_poems"`.

    Raises:
        DataError: if there is no intact copy in `COURSE_DATA`, in the cache or on the
            network, and always under `COURSE_PROFILE=smoke`.

    Example:
        >>> from course_lib.datasets import chinese_poems
        >>> poems = chinese_poems.load()  # doctest: +SKIP
        >>> len(poems.train[0])  # doctest: +SKIP
        48

    Reference:
        [chinese-poetry](https://github.com/chinese-poetry/chinese-poetry)
    """

    def read(path: Path) -> list[str]:
        return _read(path, asset)

    fetched = fetch(asset, read)
    seen: set[str] = set()

    def is_repeated(poem: str) -> bool:
        characters = _NOT_HAN.sub("", poem)
        repeated = characters in seen
        seen.add(characters)
        return repeated

    poems, dropped = sieve(
        fetched.content,
        {
            "without text": lambda poem: not poem,
            "with gaps or notes": lambda poem: not _VERSE.fullmatch(poem),
            "handed down twice": is_repeated,
        },
    )
    train, validation, test = split_by_hash(sorted(poems, key=_shuffle_key))
    known = _lines(train)
    validation, shared = sieve(
        validation, {_SHARED: lambda p: bool(_lines([p]) & known)}
    )
    known |= _lines(validation)
    test, more = sieve(test, {_SHARED: lambda p: bool(_lines([p]) & known)})
    dropped[_SHARED] = shared[_SHARED] + more[_SHARED]
    num_kept = len(train) + len(validation) + len(test)
    counts = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
    print(
        f"{asset.title}, in the traditional script: kept {num_kept:,} of "
        f"{len(fetched.content):,}; dropped {counts}"
    )
    return FilteredCorpus(
        name="chinese_poems",
        title=asset.title,
        source=f"{asset.title}, traditional script, from {fetched.source}",
        licence=asset.licence,
        sha256=fetched.sha256,
        train=train,
        validation=validation,
        test=test,
        dropped=dropped,
    )


def _lines(poems: list[str]) -> set[str]:
    """The lines of verse in them; shorter ones than of five characters say little."""
    return {
        line
        for poem in poems
        for line in _NOT_HAN.split(poem)
        if len(line) >= _LEAST_LINE
    }


def _read(path: Path, asset: Asset) -> list[str]:
    """The poems of all `poet.tang.*.json`, by number; nothing is written to disk."""
    ((folder, count),) = asset.structure.files.items()
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if _is_wanted(m, folder)]
            total = sum(member.file_size for member in members)
            if total > asset.structure.total_bytes:
                raise DataError(
                    f"{path.name} holds more text than the "
                    f"{asset.structure.total_bytes:,} bytes it may: {total:,}."
                )
            if len(members) != count:
                raise DataError(
                    f"{path.name} should hold {count:,} poet.tang.*.json files in "
                    f"{folder}/. Found: {len(members):,}."
                )
            members.sort(key=lambda m: int(m.filename.split(".")[-2]))
            return [
                poem
                for member in members
                for poem in _poems(path, member.filename, archive.read(member))
            ]
    except DataError:
        raise
    except _DAMAGE as error:
        raise DataError(
            f"{path.name} is damaged, cut short or no .zip archive ({error})."
        ) from None


def _is_wanted(member: zipfile.ZipInfo, folder: str) -> bool:
    """The repository's own folder has another name in each archive of it."""
    path = PurePosixPath(member.filename)
    wanted = re.fullmatch(r"poet\.tang\.\d+\.json", path.name)
    return bool(wanted) and len(path.parts) == 3 and path.parts[1] == folder


def _poems(path: Path, name: str, content: bytes) -> list[str]:
    try:
        return [_verse(record["paragraphs"]) for record in json.loads(content.decode())]
    except (ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{path.name}: {name} is no list of poems ({type(error).__name__}: "
            f"{error})."
        ) from None


def _verse(paragraphs: list[str]) -> str:
    """The lines as one, less those that are nothing but a mark."""
    lines = ("".join(paragraph.split()) for paragraph in paragraphs)
    return "".join(line for line in lines if line.strip(_MARKS))


def _shuffle_key(text: str) -> bytes:
    """Mixes poets and times alike on every machine."""
    return hashlib.sha256(text.encode()).digest()
