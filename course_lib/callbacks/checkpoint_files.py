"""Checkpoints as files: written whole or not at all, read whole or not at all."""

import contextlib
import hashlib
import io
import os
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TEMPORARY_NAME = "checkpoint.tmp"
_NAME = re.compile(r"epoch-(\d+)-batch-(\d+)\.npz")
_DIGEST_SIZE = hashlib.sha256().digest_size


class DamagedCheckpoint(Exception):
    """A checkpoint that does not hold what was written."""


def checkpoint_path(directory: Path, epoch: int, batch: int) -> Path:
    """The file of the checkpoint before this batch of this epoch."""
    return directory / f"epoch-{epoch:04d}-batch-{batch:06d}.npz"


def find_checkpoints(directory: Path) -> list[Path]:
    """All checkpoints of a folder, the newest first."""
    positions = {}
    for path in directory.iterdir():
        if match := _NAME.fullmatch(path.name):
            positions[path] = (int(match[1]), int(match[2]))
    return sorted(positions, key=positions.__getitem__, reverse=True)


def check_writable(directory: Path) -> None:
    """Make the folder; raise an `OSError` if no file can be written there."""
    directory.mkdir(parents=True, exist_ok=True)
    temporary = directory / TEMPORARY_NAME
    temporary.touch()
    temporary.unlink()


def write_checkpoint(path: Path, arrays: dict[str, NDArray]) -> None:
    """Write arrays as an `.npz` followed by its sha256.

    They go into a temporary file of the same folder, which takes its place only when
    all of it is on the disk: whatever happens before, `path` stays what it was.

    Raises:
        OSError: if the folder cannot be written to, or is full.
    """
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    content = buffer.getbuffer()
    temporary = path.with_name(TEMPORARY_NAME)
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    with contextlib.suppress(OSError):  # not every system can sync a folder
        _sync_folder(path.parent)


def read_checkpoint(path: Path) -> dict[str, NDArray]:
    """Read what `write_checkpoint` wrote.

    Raises:
        DamagedCheckpoint: if the file cannot be read, or its sha256 is another.
    """
    try:
        content = memoryview(path.read_bytes())
    except OSError as error:
        raise DamagedCheckpoint(str(error)) from error
    content, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    if hashlib.sha256(content).digest() != digest:
        raise DamagedCheckpoint("its content does not have its sha256")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def read_newest_checkpoint(directory: Path) -> tuple[Path, dict[str, NDArray]] | None:
    """Read the newest sound checkpoint, and say which damaged ones were passed over.

    Returns:
        Its path and arrays; None if the folder holds no checkpoint.

    Raises:
        ValueError: if it holds damaged ones only.
    """
    paths = find_checkpoints(directory)
    for path in paths:
        try:
            return path, read_checkpoint(path)
        except DamagedCheckpoint as error:
            print(f"ResumableTraining: '{path}' is damaged and left out: {error}")
    if paths:
        raise ValueError(
            "`directory` must hold a checkpoint that can be read, or none: delete it "
            f"to begin anew. Received: '{directory}'"
        )
    return None


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
