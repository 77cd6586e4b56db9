"""Runs pytest inside a test, on one file and with the repository's settings."""

import os
import subprocess
import sys

from tools.chapters import ROOT

OPTIONS = ["-p", "conftest", "-p", "no:cacheprovider", "--color=no", "-q"]


def run_pytest(path, **environment):
    """Return the completed process, with what it printed as `stdout`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", *OPTIONS, path],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
