"""Runs a command within limits, and kills all of it when it breaks one."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

GIGABYTE = 10**9
_POLL_SECONDS = 0.1
_MOST_OUTPUT = 4_000_000  # bytes
_MOST_FILES = 20_000


@dataclass(frozen=True)
class Limits:
    """What a submission may use.

    Args:
        seconds: float, by the clock.
        memory: int, bytes, of all its processes together. (Of each one it also bounds
            what it may ask for. TensorFlow asks for 0.7 GB and uses as much.)
        files: int, bytes, of all files that it writes.
        processes: int, with their threads.
    """

    seconds: float = 600
    memory: int = 4 * GIGABYTE
    files: int = 2 * GIGABYTE
    processes: int = 1000


@dataclass(frozen=True)
class Outcome:
    """How a command ended.

    Args:
        code: its exit code; negative if a signal ended it.
        stdout: str.
        stderr: str, the end of it.
        broken: which limit it broke, in words; empty if none.
    """

    code: int
    stdout: str
    stderr: str
    broken: str


def run(
    command: Sequence[str],
    limits: Limits,
    *,
    given: str = "",
    scratch: Path | None = None,
    environment: dict[str, str] | None = None,
    cwd: Path | None = None,
) -> Outcome:
    """Run a command to its end, or to that of its limits.

    Memory and processes are counted over the command and all that came from it.

    Args:
        command: program and arguments.
        limits: a `Limits`.
        given: what it reads from stdin.
        scratch: the folder whose size counts as its files.
        environment: by default that of this process.
        cwd: where it starts.

    Returns:
        An `Outcome`. Nothing of the command lives any more.
    """
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=cwd,
        start_new_session=True,
    )
    assert process.stdin and process.stdout and process.stderr
    out, err = _Reader(process.stdout), _Reader(process.stderr)
    broken = ""
    try:
        threading.Thread(target=_feed, args=(process.stdin, given), daemon=True).start()
        broken = _watch(process, limits, scratch)
    finally:
        _kill_all(process)
    return Outcome(process.returncode, out.text(), err.text()[-4000:], broken)


def _watch(process: subprocess.Popen, limits: Limits, scratch: Path | None) -> str:
    """Wait for the end; returns the limit that was broken, if one was."""
    deadline = time.monotonic() + limits.seconds
    checks: list[tuple[Callable[[], float], float, str]] = [
        (lambda: _memory(process.pid), limits.memory, _says("memory", limits.memory)),
        (
            lambda: len(_descendants(process.pid)),
            limits.processes / 8,
            f"It started more than {limits.processes // 8} processes.",
        ),
    ]
    if scratch is not None:
        what = _says("files", limits.files)
        checks.append((lambda: _size(scratch), limits.files, what))
    while True:
        time.sleep(_POLL_SECONDS)
        # It is not buried yet: until `_kill_all` has, nobody else gets its number.
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return ""
        if time.monotonic() > deadline:
            return f"It took longer than {limits.seconds:.0f} seconds."
        for measure, most, what in checks:
            if measure() > most:
                return what


def _says(what: str, most: int) -> str:
    return f"It used more than {most / GIGABYTE:g} GB of {what}."


def _kill_all(process: subprocess.Popen) -> None:
    """Kill the command, its session, and whatever else came from it."""
    gone = contextlib.suppress(ProcessLookupError, PermissionError)
    for pid in _descendants(process.pid):
        with gone:
            os.kill(pid, signal.SIGKILL)
    with gone:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _descendants(pid: int) -> list[int]:
    """All processes that come from one, itself included."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                with open(f"/proc/{name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except (OSError, IndexError):
                continue  # it has ended meanwhile
            children.setdefault(parent, []).append(int(name))
    found = [pid]
    for one in found:
        found.extend(children.get(one, ()))
    return found


def _memory(pid: int) -> int:
    """Bytes of memory that a process and those from it have for themselves."""
    total = 0
    for one in _descendants(pid):
        try:
            with open(f"/proc/{one}/status", "rb") as file:
                for line in file:
                    if line.startswith((b"RssAnon:", b"RssShmem:")):
                        total += int(line.split()[1]) * 1024
        except OSError:
            continue
    return total


def _size(folder: Path) -> float:
    """Bytes of all files in a folder; infinite if there are too many to count."""
    total, count = 0, 0
    for root, _, names in os.walk(folder, onerror=None):
        for name in names:
            count += 1
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except OSError:
                continue
        if count > _MOST_FILES:
            return float("inf")
    return total


def _feed(pipe: IO[bytes], text: str) -> None:
    with (
        contextlib.suppress(BrokenPipeError),
        pipe,
    ):  # it may end before it has read all
        pipe.write(text.encode())


class _Reader(threading.Thread):
    """Reads a pipe to its end, and keeps what is no flood."""

    def __init__(self, pipe: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._pipe = pipe
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        with self._pipe:
            while piece := self._pipe.read1(1 << 16):  # type: ignore[attr-defined]
                self._kept += piece[: max(0, _MOST_OUTPUT - len(self._kept))]

    def text(self) -> str:
        self.join(timeout=5)
        return bytes(self._kept).decode("utf-8", "replace")
