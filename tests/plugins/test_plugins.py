"""The plugins that keep tests honest: skips, network and data."""

import os
import socket
import subprocess
import sys

import pytest

from tests.inner_pytest import run_pytest
from tests.plugins import skips
from tests.plugins.environment import OFFLINE

RULES = skips.allowed_skips(
    "# comment\n\ntests/* | COURSE_DATA is not set\ntests/a.py::* | needs *\n"
)


@pytest.mark.parametrize(
    ("node", "reason", "allowed"),
    [
        ("tests/datasets/test_imdb.py::test_x", "COURSE_DATA is not set", True),
        ("tests/a.py::test_x", "needs torch", True),
        ("tests/b.py::test_x", "needs torch", False),
        ("tests/b.py::test_x", "unconditional skip", False),
        ("book/notebooks/04.ipynb::Cell 1", "COURSE_DATA is not set", False),
    ],
)
def test_only_listed_skips_are_allowed(node, reason, allowed):
    assert skips.forbidden([(node, reason)], RULES) == (
        [] if allowed else [(node, reason)]
    )


def test_a_skip_fails_ci_and_nobody_else(tmp_path):
    path = tmp_path / "test_skip.py"
    path.write_text("import pytest\ndef test(): pytest.skip('too lazy')\n")
    result = run_pytest(path, CI="true")
    assert result.returncode == 1
    assert "::test: too lazy" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("1 skipped")
    assert run_pytest(path, CI="").returncode == 0


REALDATA = """\
import os, pytest
def test_unmarked(): assert "COURSE_DATA" not in os.environ
@pytest.mark.realdata
def test_marked(): assert os.environ["COURSE_DATA"] == "/data"
"""


def test_only_marked_tests_see_real_data(tmp_path):
    path = tmp_path / "test_data.py"
    path.write_text(REALDATA)
    result = run_pytest(path, COURSE_DATA="/data", COURSE_REALDATA="")
    assert "2 passed" in result.stdout
    result = run_pytest(path, COURSE_REALDATA="")
    assert "1 passed, 1 skipped" in result.stdout


def test_tests_reach_this_machine_alone():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with pytest.raises(OSError, match="offline"):
        socket.create_connection(("192.0.2.1", 80), timeout=1)
    with pytest.raises(OSError, match="offline"):
        socket.getaddrinfo("example.org", 443)


def test_child_processes_reach_this_machine_alone():
    assert str(OFFLINE) in os.environ["PYTHONPATH"].split(os.pathsep)
    code = "import socket; socket.getaddrinfo('example.org', 443)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True
    )
    assert "tests run offline" in result.stderr


def test_everything_runs_under_the_smoke_profile():
    assert os.environ["COURSE_PROFILE"] == "smoke"
