"""What tests and notebooks see of the world: one profile, no network, no real data.

Tests marked `realdata` alone get `COURSE_DATA`, if it is set. Under another profile
than `smoke` (`--course-profile full`, on a GPU) nothing is cut off.
"""

import os
import runpy
from pathlib import Path

import pytest

OFFLINE = Path(__file__).parent / "offline"
REALDATA = "COURSE_REALDATA"  # keeps `COURSE_DATA` for the tests that may see it


def pytest_addoption(parser):
    parser.addoption(
        "--course-profile",
        default="smoke",
        choices=["smoke", "laptop", "full"],
        help="the profile that notebooks run under (default: smoke)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    profile = config.getoption("--course-profile")
    os.environ["COURSE_PROFILE"] = profile
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.environ.pop("MPLBACKEND", None)  # kernels choose theirs
    if profile != "smoke":
        return
    if data := os.environ.pop("COURSE_DATA", None):
        os.environ[REALDATA] = data
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(OFFLINE) not in path:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(OFFLINE), *filter(None, path)])
    runpy.run_path(str(OFFLINE / "sitecustomize.py"))


@pytest.fixture(autouse=True)
def _real_data(request, monkeypatch):
    if request.node.get_closest_marker("realdata"):
        folder = os.environ.get(REALDATA)
        if not folder:
            pytest.skip("COURSE_DATA is not set")
        monkeypatch.setenv("COURSE_DATA", folder)
