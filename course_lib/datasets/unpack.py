"""Unpacks text files of a `.zip` into the cache, each once and only if intact."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from course_lib.datasets.manifest import DataError

# What zipfile raises on bytes that are not what they should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
CHUNK = 1 << 20


def unpack_files(
    path: Path, names: Iterable[str], folder: Path, limit: int
) -> list[Path]:
    """Unpacks files of an archive into a folder.

    A file's name in the folder ends in its checksum, so files of different archives
    never meet; one that is there already and has that checksum is left as it is. A
    file appears whole, under one rename. Nothing else of the archive is touched.

    Args:
        path: a `.zip` file.
        names: of the members to unpack.
        folder: where to; made if it does not exist.
        limit: the most bytes that the members may have together.

    Returns:
        The paths of the unpacked files, in the order of `names`.

    Raises:
        DataError: if the archive is damaged or cut short, lacks a member, would unpack
            to more than `limit`, or the folder cannot hold the files.

    Example:
        >>> names = ["novels/train.txt", "novels/test.txt"]
        >>> unpack_files(Path("novels.zip"), names, Path("cache"), 10**9)
        ... # doctest: +SKIP
        [PosixPath('cache/train-1c291ca3.txt'), PosixPath('cache/test-8bb2a1f0.txt')]
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [_member(archive, path, name) for name in names]
            total = sum(member.file_size for member in members)
            if total > limit:
                raise DataError(
                    f"{path.name} holds more text than the {limit:,} bytes it may: "
                    f"{total:,}."
                )
            return [_unpack(archive, member, folder) for member in members]
    except DataError:  # a RuntimeError too
        raise
    except _DAMAGE as error:
        raise DataError(
            f"{path.name} is damaged, cut short or no .zip archive ({error})."
        ) from None


def _member(archive: zipfile.ZipFile, path: Path, name: str) -> zipfile.ZipInfo:
    try:
        return archive.getinfo(name)
    except KeyError:
        found = ", ".join(archive.namelist()[:5]) or "nothing"
        raise DataError(f"{path.name} should hold {name}. Found: {found}") from None


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    name = Path(member.filename)
    target = folder / f"{name.stem}-{member.CRC:08x}{name.suffix}"
    try:
        if target.is_file() and _checksum(target) == member.CRC:
            return target
        folder.mkdir(parents=True, exist_ok=True)
        # The temporary folder goes away with all it holds, come what may.
        with tempfile.TemporaryDirectory(prefix=".unpack-", dir=folder) as temporary:
            copy = Path(temporary, target.name)
            with archive.open(member) as source, copy.open("wb") as file:
                while chunk := source.read(CHUNK):  # checks the checksum at the end
                    file.write(chunk)
            copy.replace(target)
    except OSError as error:
        raise DataError(
            f"it could not be unpacked into {folder}: {error.strerror or error}. Make "
            "room there, or set COURSE_CACHE to a folder that can be written."
        ) from None
    return target


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return checksum
