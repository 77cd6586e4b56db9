"""Fixtures of all tests."""

import gc
import sys

import pytest

collect_ignore = ["colab_gpu.ipynb"]  # runs on Colab, where it runs the others


@pytest.fixture(autouse=True)
def _same_seed():
    """Start each test from the same seed, whatever ran before it."""
    if "keras" in sys.modules:
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(autouse=True, scope="module")
def _bounded_memory():
    """Drop what a module compiled, or the workers grow to gigabytes."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
    gc.collect()
