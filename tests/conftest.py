"""Fixtures of all tests."""

import sys

import pytest

collect_ignore = ["colab_gpu.ipynb"]  # runs on Colab, where it runs the others


@pytest.fixture(autouse=True)
def _same_seed():
    """Start each test from the same seed, whatever ran before it."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)
