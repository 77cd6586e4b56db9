"""Files of text, wherever they lie: one file, a folder, a zip archive."""

import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from course_lib.datasets.manifest import DataError

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl")
SUFFIXES = (".txt", ".md", *TABLE_SUFFIXES)
LARGEST = 200_000_000  # bytes of text: 35 million words, about 5 GB while it is read

# What zipfile raises on bytes that are not what they should be.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
)

Member = tuple[str, Callable[[], AbstractContextManager[IO[bytes]]]]


class TextFile(NamedTuple):
    """A file as it was found.

    Args:
        name: its name, or its path within the folder or archive.
        content: its bytes.
    """

    name: str
    content: bytes


def read_files(path: Path) -> tuple[list[TextFile], list[str]]:
    """Reads a file, or all files of text in a folder or `.zip` archive.

    Nothing is unpacked to disk, and no more than `LARGEST` bytes are ever read. In
    folders and archives, files of other kinds are passed over, and so are hidden ones.

    Args:
        path: a file, a folder or a `.zip` archive.

    Returns:
        The files, sorted by name, and the names of the files passed over.

    Raises:
        DataError: if there is no such file, no text in it, too much of it, or if an
            archive is damaged, encrypted or packed in a way that cannot be bounded.

    Example:
        >>> files, left_out = read_files(Path("stories/"))  # doctest: +SKIP
        >>> files[0].name  # doctest: +SKIP
        'aesop/crow.txt'
    """
    try:
        if path.is_dir():
            return _read_members(path.name, _members_of_folder(path))
        if not path.is_file():
            raise DataError(f"There is no file or folder {path}.")
        if is_archive(path):
            return _read_archive(path)
        return _read_members(path.name, _member(path, path.name), suffixes=None)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def is_archive(path: Path) -> bool:
    """Whether a file is to be read as a zip archive.

    Office documents and e-books are zip archives too: a suffix other than `.zip` says
    that they are more than a bag of files.
    """
    return path.suffix.lower() == ".zip" or (
        path.suffix == "" and zipfile.is_zipfile(path)
    )


def _read_archive(path: Path) -> tuple[list[TextFile], list[str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            return _read_members(path.name, _members_of_archive(path.name, archive))
    except _DAMAGE as error:
        raise DataError(
            f"{path.name} is damaged, cut short or no zip archive ({error})."
        ) from None


def _members_of_folder(folder: Path) -> Iterator[Member]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield from _member(path, path.relative_to(folder).as_posix())


def _member(path: Path, name: str) -> Iterator[Member]:
    yield name, lambda: path.open("rb")


def _members_of_archive(name: str, archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in sorted(archive.infolist(), key=lambda info: info.filename):
        if info.is_dir():
            continue
        if info.flag_bits & 1:
            raise DataError(f"{name} is encrypted: pack it without a password.")
        # Of these two, zipfile unpacks no more than it is asked for.
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(
                f"{name} is packed in a rare way: pack it as an ordinary zip archive."
            )
        yield info.filename, partial(archive.open, info)


def _read_members(
    where: str, members: Iterator[Member], suffixes: tuple[str, ...] | None = SUFFIXES
) -> tuple[list[TextFile], list[str]]:
    files, left_out, remaining = [], [], LARGEST
    for name, open_member in members:
        if _is_hidden(name):
            continue
        if suffixes and PurePosixPath(name).suffix.lower() not in suffixes:
            left_out.append(name)
            continue
        with open_member() as stream:
            # In pieces, or zipfile would unpack a whole member before it cuts it.
            content = _read_at_most(stream, remaining + 1)
        remaining -= len(content)
        if remaining < 0:
            raise DataError(
                f"{where} holds more than {LARGEST / 1e6:.0f} MB of text, which would "
                "not fit into memory many times over: take a part of it."
            )
        files.append(TextFile(name, content))
    if not files:
        found = ", ".join(left_out[:3]) + (", ..." if len(left_out) > 3 else "")
        raise DataError(
            f"{where} must hold files that end in {', '.join(SUFFIXES)}. "
            f"Found: {found or 'none at all'}."
        )
    return files, left_out


def _read_at_most(stream: IO[bytes], limit: int) -> bytes:
    buffer = io.BytesIO()
    while piece := stream.read(min(1 << 20, limit - buffer.tell())):
        buffer.write(piece)
    return buffer.getvalue()


def _is_hidden(name: str) -> bool:
    """Whether an operating system or an editor put it there, for itself."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)
