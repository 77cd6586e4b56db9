"""The sandbox holds: what a submission may see, write, reach and use."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from course_lib.assignment import sandbox, supervise
from course_lib.assignment.sandbox import NoSandbox, Sandbox, find_sandbox
from course_lib.assignment.supervise import Limits

QUICK = Limits(seconds=20, memory=500_000_000, files=20_000_000, processes=400)
REFUSALS = {
    "CalledProcessError",
    "ConnectionRefusedError",
    "FileNotFoundError",
    "MemoryError",
    "OSError",
    "PermissionError",
    "ProcessLookupError",
    "gaierror",
}


@pytest.fixture
def run(tmp_path):
    """Runs code in the sandbox, with a folder that it is shown and one beside it."""
    shown, beside = tmp_path / "alice", tmp_path / "bob"
    for folder in (shown, beside):
        folder.mkdir()
        (folder / "secret.txt").write_text(f"of {folder.name}")
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    token = f"token-of-{tmp_path.name}-{os.getpid()}"

    def run(code, limits=QUICK, given=""):
        code = f"TOKEN = {token!r}\n{textwrap.dedent(code)}"
        return find_sandbox().run(
            ["-c", code], given, {"submission": shown}, scratch, limits
        )

    run.shown, run.beside, run.scratch, run.token = shown, beside, scratch, token
    return run


def test_it_sees_what_it_is_shown_and_can_keep_files(run):
    outcome = run(
        """
        import sys
        text = open("/submission/secret.txt").read()
        open("/scratch/kept.txt", "w").write(text)
        print(sys.stdin.read(), text)
        """,
        given="hello",
    )
    assert outcome == supervise.Outcome(0, "hello of alice\n", "", "")
    assert (run.scratch / "kept.txt").read_text() == "of alice"


@pytest.mark.parametrize(
    "code",
    [
        'open({beside!r} + "/secret.txt")',
        'open({shown!r} + "/secret.txt")',  # by its own name, neither
        'import os; os.listdir(os.path.expanduser("~root") + "/.ssh")',
        'import os; os.listdir("/home")',
        'open("/etc/shadow")',
        'open("/submission/new.txt", "w")',
        'import os; os.remove("/submission/secret.txt")',
        'import shutil; shutil.rmtree("/submission")',
        'open("/usr/new.txt", "w")',
        'open("/new.txt", "w")',
        'import os; os.mkdir("/tmp")',
        'import os; os.kill({pid}, 9)',
        'import socket; socket.create_connection(("192.0.2.1", 80), timeout=5)',
        'import socket; socket.create_connection(("127.0.0.1", {port}), timeout=5)',
        'import socket; socket.getaddrinfo("example.org", 443)',
        'import os; os.setuid(0)',
        'import os; os.mknod("/scratch/disk", 0o60666, os.makedev(8, 0))',
        'import subprocess; subprocess.run(["unshare", "--user", "true"], check=True)',
        'import subprocess as s; s.run("mount -t tmpfs t /usr".split(), check=True)',
        "bytearray(20_000_000_000)",
        'open("/scratch/big", "wb").truncate(10**12)',
    ],
)  # fmt: skip
def test_what_it_may_not_do_fails_and_harms_nothing(run, code):
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        code = code.format(
            beside=str(run.beside),
            shown=str(run.shown),
            pid=os.getpid(),
            port=server.getsockname()[1],
        )
        limits = "import resource as r; r.setrlimit(r.RLIMIT_DATA, (5 * 10**8,) * 2);"
        limits += "r.setrlimit(r.RLIMIT_FSIZE, (10**7,) * 2);"
        outcome = run(f"{limits}\n{code}")
    error = outcome.stderr.strip().splitlines()[-1].partition(":")[0]
    assert outcome.code != 0 and error.rpartition(".")[2] in REFUSALS, outcome
    for folder in (run.shown, run.beside):
        assert (folder / "secret.txt").read_text() == f"of {folder.name}"
        assert len(list(folder.iterdir())) == 1


def test_its_own_processes_are_all_it_sees(run):
    outcome = run("import os; print([n for n in os.listdir('/proc') if n.isdigit()])")
    assert outcome.stdout == "['1', '2']\n"


def test_its_environment_has_nothing_of_ours(run, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "of the instructor")
    outcome = run("import os; print(dict(os.environ))")
    assert "instructor" not in outcome.stdout


@pytest.mark.parametrize(
    ("code", "limits", "broken"),
    [
        ("while True: pass", Limits(seconds=2), "longer than 2 seconds"),
        ("import time; time.sleep(100)", Limits(seconds=2), "longer than 2 seconds"),
        (
            "x = [bytearray(10**8) for i in range(50)]\nimport time; time.sleep(100)",
            QUICK,
            "0.5 GB of memory",
        ),
        (
            "import os, time\n[os.fork() for i in range(7)]\n"
            "x = bytearray(os.urandom(10**7))\ntime.sleep(100)",
            QUICK,
            "of memory|processes",
        ),
        (
            "for i in range(100):\n"
            "    open(f'/scratch/{i}', 'wb').write(bytes(10**6))\n"
            "import time; time.sleep(100)",
            QUICK,
            "0.02 GB of files",
        ),
        (
            "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
            QUICK,
            "processes|memory",
        ),
    ],
)
def test_limits_end_it_with_all_that_it_started(run, code, limits, broken):
    outcome = run(code, limits)
    assert outcome.broken and any(part in outcome.broken for part in broken.split("|"))
    _wait_until(lambda: not _running(run.token))


def test_what_it_leaves_running_ends_with_it(run):
    outcome = run(
        """
        import os, subprocess, sys
        if not os.fork():
            os.setsid()
            code = "import time; time.sleep(300)"
            subprocess.run([sys.executable, "-c", code, TOKEN])
        """
    )
    assert outcome.code == 0
    _wait_until(lambda: not _running(run.token))


def test_it_ends_when_whoever_started_it_is_killed(tmp_path):
    code = f"""
from pathlib import Path
from course_lib.assignment.sandbox import find_sandbox
from course_lib.assignment.supervise import Limits
code = "import time; open('/scratch/begun', 'w'); time.sleep(98765)"
find_sandbox().run(["-c", code], "", {{}}, Path({str(tmp_path)!r}), Limits())
"""
    process = subprocess.Popen([sys.executable, "-c", code])
    _wait_until((tmp_path / "begun").exists)
    assert _running("98765")
    process.send_signal(signal.SIGKILL)
    process.wait()
    _wait_until(lambda: not _running("98765"))


def test_a_flood_of_output_is_cut(run):
    outcome = run("while True: print('x' * 1000)", Limits(seconds=2))
    assert len(outcome.stdout) <= 4_000_000


class TestChoice:
    @pytest.fixture(autouse=True)
    def _anew(self):
        sandbox._probe.cache_clear()
        yield
        sandbox._probe.cache_clear()

    def test_without_any_it_refuses_and_says_why(self, monkeypatch, tmp_path):
        monkeypatch.setattr(sandbox, "_namespaces", lambda *_: ["false"])
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NoSandbox, match=r"bubblewrap is not .*--trust"):
            find_sandbox()
        assert find_sandbox(trust=True) == Sandbox("none")

    def test_trust_changes_nothing_where_there_is_one(self):
        assert find_sandbox(trust=True).kind != "none"

    def test_bubblewrap_comes_first(self, monkeypatch, tmp_path):
        """A stand-in, which notes how it is called and runs the command as it is."""
        fake = tmp_path / "bwrap"
        fake.write_text(
            f"#!{sys.executable}\n"
            "import json, os, sys\n"
            f"json.dump(sys.argv, open({str(tmp_path / 'called')!r}, 'w'))\n"
            "command = sys.argv[sys.argv.index('--') + 1:]\n"
            "os.execv(command[0], command)\n"
        )
        fake.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        assert find_sandbox() == Sandbox("bubblewrap")
        called = json.loads((tmp_path / "called").read_text())
        assert {"--unshare-all", "--die-with-parent", "--clearenv"} <= set(called)
        binds = [called[i + 2] for i, a in enumerate(called) if a == "--bind"]
        assert binds == ["/scratch"]


def test_trusted_work_has_the_limits_too(tmp_path):
    code = "import time; time.sleep(100)"
    outcome = Sandbox("none").run(["-c", code], "", {}, tmp_path, Limits(seconds=1))
    assert "longer" in outcome.broken


@pytest.mark.filterwarnings("ignore")
def test_every_path_that_python_lies_at_is_shown_once():
    paths = [target for kind, _, target in sandbox._system() if kind == "ro"]
    assert len(paths) == len(set(paths))
    assert shutil.which(sys.executable).startswith(tuple(paths))
    assert not any(Path(path) in (Path.home(), Path("/")) for path in paths)


def _running(token):
    """The processes in whose command line this stands."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            with contextlib.suppress(OSError):
                if token in Path(f"/proc/{name}/cmdline").read_text():
                    found.append(name)
    return found


def _wait_until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
