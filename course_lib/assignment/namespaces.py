"""Runs one command in namespaces of its own. Started as a script, by `sandbox.py`.

What bubblewrap does, with nothing but the kernel (Linux 5.12 or later) and the standard
library. Its one argument is JSON:

- `parent`: the process that must live for all this to go on;
- `root`: an empty folder, over which the new root is built;
- `mounts`: a list of `[kind, source, target]`: `ro` and `rw` bind a path, `dev` a
  device, `link` makes a symbolic link;
- `shared_memory`: bytes of /dev/shm;
- `processes`: how many there may be, threads included;
- `command`, `environment`.

The command sees the root that is built here, read-only but for `rw`; no network but an
empty loopback; no process but its own. It has no privileges and can get none. When it
ends, or this process or its parent is killed, all that it started is killed.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)
_NEW = 0x10000000 | 0x20000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND = 1, 2, 4, 32, 4096
_MS_REC, _MS_PRIVATE, _MNT_DETACH = 16384, 1 << 18, 2
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_SYS_MOUNT_SETATTR, _AT_RECURSIVE, _AT_FDCWD = 442, 0x8000, -100
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_USER = 1000  # whom the command takes itself for


def main(spec: dict) -> int:
    """Build the sandbox and run the command in it; returns its exit code."""
    user, group = os.getuid(), os.getgid()
    _check("unshare", _LIBC.unshare(_NEW))
    _die_with(spec["parent"])
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{_USER} {user} 1")
    _write("/proc/self/gid_map", f"{_USER} {group} 1")
    child = os.fork()
    if child:
        return _code(os.waitpid(child, 0)[1])
    _die_with(None)  # the first process of its world: with it, all others die
    try:
        _set_loopback_up()
        _build_root(spec)
        _limit(spec["processes"])
        os._exit(_run(spec["command"], spec["environment"]))
    except OSError as error:
        print(f"sandbox: {error}", file=sys.stderr, flush=True)
        os._exit(99)
    finally:
        os._exit(98)  # after an error that nobody thought of


def _build_root(spec: dict) -> None:
    root = spec["root"]
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for kind, source, target in spec["mounts"]:
        place = root + target
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if kind == "link":
            os.symlink(source, place)
            continue
        if os.path.isdir(source):
            os.makedirs(place, exist_ok=True)
        else:
            open(place, "a").close()
        _mount(source, place, None, _MS_BIND | _MS_REC)
        if kind != "dev":
            _set_attributes(place, read_only=kind == "ro")
    for name in ("proc", "dev/shm"):
        os.makedirs(f"{root}/{name}", exist_ok=True)
    _mount("proc", f"{root}/proc", "proc", _MS_NOSUID | _MS_NODEV)
    size = f"size={spec['shared_memory']},mode=1777"
    _mount("tmpfs", f"{root}/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, size)
    # The new root on top of the old one, which then goes.
    os.chdir(root)
    number = _SYS_PIVOT_ROOT[os.uname().machine]
    _check("pivot_root", _LIBC.syscall(number, b".", b"."))
    _check("umount", _LIBC.umount2(b".", _MNT_DETACH))
    os.chdir("/")
    flags = _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | _MS_NODEV
    _mount("none", "/", None, flags)


def _limit(processes: int) -> None:
    """No more processes than this, and no further namespaces."""
    with contextlib.suppress(OSError):  # older kernels have one for all
        _write("/proc/sys/kernel/pid_max", str(max(processes, 400)))
    _write("/proc/sys/user/max_user_namespaces", "0")
    resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
    _check("prctl", _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def _run(command: list, environment: dict) -> int:
    """Start the command, and bury whatever dies until it ends."""
    child = os.fork()
    if not child:
        try:
            os.execve(command[0], command, environment)  # privileges end here
        finally:
            os._exit(127)
    while True:
        pid, status = os.wait()
        if pid == child:
            return _code(status)


def _set_loopback_up() -> None:
    """Kernels of notebooks talk to themselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
        request = struct.pack("16sH14x", b"lo", 1 | 64)  # IFF_UP, IFF_RUNNING
        fcntl.ioctl(anything, 0x8914, request)  # SIOCSIFFLAGS


def _set_attributes(path: str, read_only: bool) -> None:
    """No set-user-id, no devices, and maybe no writing, here and below."""
    attributes = _MS_NOSUID | _MS_NODEV | (_MS_RDONLY if read_only else 0)
    values = struct.pack("QQQQ", attributes, 0, 0, 0)
    result = _LIBC.syscall(
        _SYS_MOUNT_SETATTR, _AT_FDCWD, path.encode(), _AT_RECURSIVE, values, len(values)
    )
    _check(f"mount_setattr {path}", result)


def _mount(
    source: str, target: str, kind: str | None, flags: int, data: str = ""
) -> None:
    result = _LIBC.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode(),
    )
    _check(f"mount {target}", result)


def _die_with(parent: int | None) -> None:
    """Be killed when the parent is, even if it is dead already."""
    _check("prctl", _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))
    if parent is not None and os.getppid() != parent:
        os._exit(97)


def _check(what: str, result: int) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def _code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main(json.loads(sys.argv[1])))
    except OSError as error:
        sys.exit(f"sandbox: {error}")
