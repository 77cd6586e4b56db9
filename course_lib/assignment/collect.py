"""From the export of a learning platform to a folder for each student."""

import argparse
import shutil
import stat
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

__all__ = ["Collected", "collect"]

LARGEST = 2_000_000_000  # bytes that one submission may unpack to
MOST_FILES = 10_000  # in one archive
DEEPEST = 6  # folders and archives around a submission
PARTS = {"notebook.ipynb", "model", "corpus", "samples.jsonl", "card.md"}

# What zipfile and the disk raise on an archive that is not what it should be.
_DAMAGE = (
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)


@dataclass(frozen=True)
class Collected:
    """What became of one entry of an export.

    Args:
        student: the entry's name in the export, without `.zip`.
        state: `"collected"`, `"there already"`, `"passed over"` (neither a folder nor
            a `.zip`) or `"refused"`.
        reason: why it was refused.
    """

    student: str
    state: str
    reason: str = ""


def collect(export: str | Path, out: str | Path) -> list[Collected]:
    """Unpacks what students handed in, so that each has one folder of the fixed form.

    An export has one entry a student: a folder, as Moodle makes it, or a `.zip`, as
    Canvas does. The submission may lie in an archive in that folder, in a folder in
    that archive, and so on: what is around it is taken off. Each entry keeps its name,
    which platforms make unique and want back with the feedback. A folder that is in
    `out` already stays as it is. An entry that cannot be unpacked is refused, and the
    others are collected all the same. The export is only read.

    Args:
        export: a folder, or the `.zip` that the platform sent.
        out: the folder for the submissions; made if it does not exist.

    Returns:
        A `Collected` for each entry, in alphabetical order.

    Raises:
        ValueError: if `export` is no folder and no intact `.zip`.

    Example:
        >>> collect("export.zip", "submissions")  # doctest: +SKIP
        [Collected(student='Ada_17_file', state='collected', reason='')]
    """
    export, out = Path(export), Path(out)
    out.mkdir(parents=True, exist_ok=True)
    # In `out`, so that a submission arrives by one rename.
    with tempfile.TemporaryDirectory(prefix=".collect-", dir=out) as scratch:
        entries = export
        if not export.is_dir():
            entries = Path(scratch, "export")
            try:
                _unpack(export, entries, largest=None)
            except _DAMAGE as error:
                raise ValueError(
                    "`export` must be a folder or an intact .zip. "
                    f"Received: {export} ({error})"
                ) from None
        return [
            _collect_one(entry, out, Path(scratch, str(number)))
            for number, entry in enumerate(sorted(entries.iterdir()))
            if not _is_litter(entry.name)
        ]


def _collect_one(entry: Path, out: Path, scratch: Path) -> Collected:
    is_archive = entry.suffix.lower() == ".zip"
    student = entry.stem if is_archive else entry.name
    if not (is_archive or entry.is_dir()):
        return Collected(student, "passed over")
    if (out / student).exists():
        return Collected(student, "there already")
    try:
        if is_archive:
            _unpack(entry, scratch, LARGEST)
        else:
            _refuse_links(entry)
            shutil.copytree(entry, scratch)
        _find_submission(scratch).rename(out / student)
    except _DAMAGE as error:
        return Collected(student, "refused", " ".join(str(error).split()))
    return Collected(student, "collected")


def _find_submission(folder: Path) -> Path:
    """Takes off the folders and archives around a submission."""
    for _ in range(DEEPEST):
        items = [item for item in folder.iterdir() if not _is_litter(item.name)]
        if len(items) != 1 or items[0].name in PARTS:
            break
        if items[0].is_dir():
            folder = items[0]
        elif items[0].suffix.lower() == ".zip":
            folder = items[0].with_name("unpacked")
            _unpack(items[0], folder, LARGEST)
        else:
            break
    return folder


def _unpack(path: Path, folder: Path, largest: int | None) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if largest is not None and len(members) > MOST_FILES:
            raise ValueError(f"{path.name} holds more than {MOST_FILES:,} files")
        # `extractall` unpacks no member further than to the size that is added up here.
        if largest is not None and sum(m.file_size for m in members) > largest:
            raise ValueError(f"{path.name} unpacks to more than {largest:,} bytes")
        for member in members:
            name = PureWindowsPath(member.filename)  # splits at / and \, knows drives
            if name.anchor or ".." in name.parts:
                raise ValueError(f"{path.name}: {member.filename!r} leaves its folder")
            if stat.S_ISLNK(member.external_attr >> 16):
                raise ValueError(f"{path.name}: {member.filename!r} is a link")
        archive.extractall(folder)


def _refuse_links(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_symlink():
            raise ValueError(f"{path.relative_to(folder)} is a link")


def _is_litter(name: str) -> bool:
    """Whether an operating system put it there, for itself."""
    return name == "__MACOSX" or name.startswith(".")


def main(arguments: Sequence[str] | None = None) -> int:
    """Collect, tell a line an entry, and return the number to exit with."""
    parser = argparse.ArgumentParser(
        prog="python -m course_lib.assignment collect",
        description=__doc__,
    )
    parser.add_argument("export", help="folder or .zip from the learning platform")
    parser.add_argument("--out", required=True, help="folder for the submissions")
    options = parser.parse_args(arguments)
    try:
        found = collect(options.export, options.out)
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    for entry in found:
        reason = f" - {entry.reason}" if entry.reason else ""
        print(f"{entry.state}: {entry.student}{reason}")
    print(f"{sum(e.state == 'collected' for e in found)} collected into {options.out}")
    return int(any(entry.state == "refused" for entry in found))
