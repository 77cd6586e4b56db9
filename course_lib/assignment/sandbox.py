"""A sandbox for a submission: bubblewrap where it is installed, else namespaces.

The command in it sees, read-only, Python, the course's library and the folders that it
is given; and one scratch folder, which it may write to. It sees no home, no other
submission, no network and no process but its own.
"""

import functools
import json
import os
import shutil
import site
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_lib.assignment import supervise

SCRATCH = "/scratch"
SHARED_MEMORY = 256_000_000  # bytes of /dev/shm
_ETC = ("ld.so.cache", "alternatives", "localtime", "passwd", "group", "fonts")
_DEVICES = ("null", "zero", "full", "random", "urandom")
_KEPT_VARIABLES = ("KERAS_BACKEND", "TF_ENABLE_ONEDNN_OPTS", "OMP_NUM_THREADS")


class NoSandbox(RuntimeError):
    """Why this machine has none."""


@dataclass(frozen=True)
class Sandbox:
    """A way to run commands that are not trusted.

    Args:
        kind: `"bubblewrap"`, `"namespaces"`, or `"none"`: limits alone, for work that
            is trusted.
    """

    kind: str

    def place(self, path: Path, name: str) -> str:
        """Where the command finds a folder that is shown to it under a name."""
        return str(path.resolve()) if self.kind == "none" else f"/{name}"

    def run(
        self,
        arguments: Sequence[str],
        given: str,
        shown: Mapping[str, Path],
        scratch: Path,
        limits: supervise.Limits,
    ) -> supervise.Outcome:
        """Run Python.

        Args:
            arguments: of Python, such as `["-m", "this"]`.
            given: what it reads from stdin.
            shown: name -> folder, which it finds, read-only, at `place(folder, name)`.
            scratch: an empty folder, which it may write to; its home.
            limits: a `Limits`.

        Returns:
            A `supervise.Outcome`.
        """
        command = [sys.executable, "-P", *arguments]
        home = self.place(scratch, SCRATCH.strip("/"))
        environment = _environment(home)
        if self.kind == "none":
            return supervise.run(
                command,
                limits,
                given=given,
                scratch=scratch,
                environment=environment,
                cwd=scratch,
            )
        mounts = [
            *_system(),
            *(["ro", str(path.resolve()), f"/{name}"] for name, path in shown.items()),
            ["rw", str(scratch.resolve()), SCRATCH],
        ]
        with tempfile.TemporaryDirectory(prefix="course-root-") as root:
            wrap = _bubblewrap if self.kind == "bubblewrap" else _namespaces
            return supervise.run(
                wrap(command, environment, mounts, root, limits),
                limits,
                given=given,
                scratch=scratch,
                environment={"PATH": os.defpath},
            )


def find_sandbox(trust: bool = False) -> Sandbox:
    """The best sandbox that works here, which is tried.

    Args:
        trust: whether to do without where there is none.

    Returns:
        A `Sandbox`.

    Raises:
        NoSandbox: if there is none, and `trust` is false; the message says why.
    """
    found, reasons = _probe()
    if found is not None:
        return found
    if trust:
        return Sandbox("none")
    raise NoSandbox(
        "Submissions hold code of others, and this machine has no sandbox to run it "
        f"in: {'; '.join(reasons)}. Install bubblewrap (`bwrap`), allow user "
        "namespaces, or grade in a virtual machine that holds nothing of value, with "
        "--trust."
    )


@functools.cache
def _probe() -> tuple[Sandbox | None, tuple[str, ...]]:
    """What works, and why the others do not."""
    reasons = []
    for kind in ("bubblewrap", "namespaces"):
        if kind == "bubblewrap" and shutil.which("bwrap") is None:
            reasons.append("bubblewrap is not installed")
            continue
        if not sys.platform.startswith("linux"):
            reasons.append(f"{sys.platform} has no user namespaces")
            continue
        with tempfile.TemporaryDirectory(prefix="course-probe-") as folder:
            try:
                outcome = Sandbox(kind).run(
                    ["-m", "this"], "", {}, Path(folder), supervise.Limits(seconds=20)
                )
            except (OSError, subprocess.SubprocessError) as error:
                reasons.append(f"{kind}: {error}")
                continue
        if outcome.code == 0 and "Zen" in outcome.stdout:
            return Sandbox(kind), ()
        lines = outcome.stderr.strip().splitlines()
        last = lines[-1] if lines else outcome.broken or "no answer"
        reasons.append(f"{kind} does not work ({last})")
    return None, tuple(reasons)


def _environment(home: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    library = Path(__file__).resolve().parents[2]
    return {
        "CUDA_VISIBLE_DEVICES": "-1",
        "COURSE_PROFILE": "smoke",
        "HOME": home,
        "IPYTHONDIR": f"{home}/.ipython",
        "KERAS_BACKEND": "tensorflow",
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "PATH": f"{sys.prefix}/bin:{os.defpath}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPATH": str(library),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TMPDIR": home,
        **kept,
    }


def _system() -> list[list[str]]:
    """What Python needs: itself, the libraries, a few devices; in this order."""
    library = Path(__file__).resolve().parents[1]
    folders = ["/usr", sys.base_prefix, sys.prefix, str(library)]
    folders += [p for p in sys.path if p == site.getusersitepackages()]
    mounts = [["ro", path, path] for path in _outermost(folders)]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        if os.path.islink(f"/{name}"):
            mounts.append(["link", os.readlink(f"/{name}"), f"/{name}"])
        elif os.path.isdir(f"/{name}"):
            mounts.append(["ro", f"/{name}", f"/{name}"])
    for name in _ETC:
        if os.path.exists(f"/etc/{name}"):
            mounts.append(["ro", os.path.realpath(f"/etc/{name}"), f"/etc/{name}"])
    return mounts + [["dev", f"/dev/{name}", f"/dev/{name}"] for name in _DEVICES]


def _outermost(folders: list[str]) -> list[str]:
    """Each folder once, without those that lie in others of them."""
    paths = sorted(
        {Path(folder).resolve() for folder in folders}
        | {Path(folder).absolute() for folder in folders}
    )
    return [
        str(path)
        for path in paths
        if path.is_dir() and not any(other in path.parents for other in paths)
    ]


def _namespaces(
    command: list[str],
    environment: dict[str, str],
    mounts: list[list[str]],
    root: str,
    limits: supervise.Limits,
) -> list[str]:
    spec = {
        "parent": os.getpid(),
        "root": root,
        "mounts": mounts,
        "shared_memory": SHARED_MEMORY,
        "processes": limits.processes,
        "command": command,
        "environment": environment,
    }
    launcher = Path(__file__).with_name("namespaces.py")
    return [sys.executable, "-I", "-S", str(launcher), json.dumps(spec)]


def _bubblewrap(
    command: list[str],
    environment: dict[str, str],
    mounts: list[list[str]],
    root: str,
    limits: supervise.Limits,
) -> list[str]:
    flags = {"ro": "--ro-bind", "rw": "--bind", "link": "--symlink"}
    arguments = [
        shutil.which("bwrap") or "bwrap",
        "--unshare-all",
        "--die-with-parent",
        "--new-session",
        "--clearenv",
        "--cap-drop",
        "ALL",
        "--uid",
        "1000",
        "--gid",
        "1000",
    ]
    for name, value in environment.items():
        arguments += ["--setenv", name, value]
    for kind, source, target in mounts:
        if kind != "dev":
            arguments += [flags[kind], source, target]
    arguments += ["--proc", "/proc", "--dev", "/dev"]
    arguments += ["--remount-ro", "/", "--chdir", "/", "--"]
    return [*arguments, *command]
