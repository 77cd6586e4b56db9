"""Reads texts out of a `.tar.gz` without unpacking it to disk, trusting nothing."""

import gzip
import tarfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath, PureWindowsPath

from course_lib.datasets.manifest import DataError, Structure

# What gzip and tarfile raise on bytes that are not what they should be.
_DAMAGE = (OSError, EOFError, ValueError, zlib.error, tarfile.TarError)


def read_texts(path: Path, structure: Structure) -> dict[str, str]:
    """Reads the text files of an archive, in one pass over the compressed stream.

    Nothing is written to disk, and no more is kept in memory than
    `structure.total_bytes` allows. The whole stream is read, so gzip's own checksum
    is verified.

    Args:
        path: a `.tar.gz` file.
        structure: what it must hold. Only the files it counts are read.

    Returns:
        The member's name in the archive -> its text, decoded from UTF-8.

    Raises:
        DataError: if the archive is damaged or cut short, has a member that escapes
            its folder or is no plain file, holds other files than `structure` says,
            or a text that is empty, binary or not UTF-8.

    Example:
        >>> structure = Structure({"reviews": 2}, suffix=".txt", total_bytes=24)
        >>> texts = read_texts(Path("reviews.tar.gz"), structure)  # doctest: +SKIP
        >>> texts["reviews/0.txt"]  # doctest: +SKIP
        'Great film.'
    """
    contents: dict[str, bytes] = {}
    remaining = structure.total_bytes
    try:
        with gzip.open(path) as stream:
            with tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    _refuse_unsafe(path, member)
                    if not _is_wanted(member, structure):
                        continue
                    remaining -= member.size
                    if remaining < 0:
                        raise DataError(
                            f"{path.name} holds more text than the "
                            f"{structure.total_bytes:,} bytes it should."
                        )
                    # A stream has no way back: each member is read as it passes.
                    contents[member.name] = archive.extractfile(member).read()  # type: ignore[union-attr]
            while stream.read(1 << 20):  # up to the end, where the checksum is
                pass
    except _DAMAGE as error:
        raise DataError(
            f"{path.name} is damaged, cut short or no .tar.gz archive ({error})."
        ) from None
    _refuse_wrong_structure(path, contents, structure)
    return {name: _decode(path, name, contents[name]) for name in sorted(contents)}


def _is_wanted(member: tarfile.TarInfo, structure: Structure) -> bool:
    folder = str(PurePosixPath(member.name).parent)
    is_text = member.isfile() and member.name.endswith(structure.suffix)
    return is_text and folder in structure.files


def _refuse_unsafe(path: Path, member: tarfile.TarInfo) -> None:
    """Nothing is unpacked here, but an archive that tries has no business here."""
    name = PureWindowsPath(member.name)  # splits at / and \, knows drives
    if name.anchor or ".." in name.parts:
        raise DataError(f"{path.name} is unsafe: {member.name!r} escapes its folder.")
    if not (member.isfile() or member.isdir()):
        raise DataError(
            f"{path.name} is unsafe: {member.name!r} is a link or a device."
        )


def _refuse_wrong_structure(
    path: Path, contents: dict[str, bytes], structure: Structure
) -> None:
    counts = Counter(str(PurePosixPath(name).parent) for name in contents)
    for folder, expected in structure.files.items():
        if counts[folder] != expected:
            raise DataError(
                f"{path.name} should hold {expected:,} {structure.suffix} files in "
                f"{folder}/. Found: {counts[folder]:,}."
            )
    total = sum(map(len, contents.values()))
    if total != structure.total_bytes:
        raise DataError(
            f"{path.name} should hold {structure.total_bytes:,} bytes of text. "
            f"Found: {total:,}."
        )


def _decode(path: Path, name: str, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{path.name}: {name} is not UTF-8 text ({error}).") from None
    if "\0" in text:
        raise DataError(f"{path.name}: {name} is binary, not text.")
    if not text.strip():
        raise DataError(f"{path.name}: {name} is empty.")
    return text
