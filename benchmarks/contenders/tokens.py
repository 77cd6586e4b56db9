"""What every contender that generates is asked: the time of a token."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

K = 10  # the next token is drawn from so many
SEED = 0


def prompts(batch_size: int, length: int, vocabulary_size: int) -> np.ndarray:
    """Ids `(batch_size, length)`, the same for every contender."""
    rng = np.random.default_rng(SEED)
    return rng.integers(3, vocabulary_size, (batch_size, length)).astype("int32")


def timed(complete: Callable[[np.ndarray, int], Any], vocabulary_size: int):
    """What a worker asks: seconds a new token of each text.

    Args:
        complete: takes prompts `(B, P)` and the length to reach, and returns the ids
            `(B, max_length)` of prompts and continuations.
        vocabulary_size: of the prompts.
    """

    def measure(
        batch_size: int, prompt_length: int, max_length: int, at_least: float
    ) -> dict[str, float]:
        ids = prompts(batch_size, prompt_length, vocabulary_size)
        began, calls = time.perf_counter(), 0
        while not calls or time.perf_counter() - began < at_least:
            outputs = np.asarray(complete(ids, max_length))
            calls += 1
        seconds = time.perf_counter() - began
        if outputs.shape != (batch_size, max_length):
            raise RuntimeError(f"Generated ids of shape {outputs.shape}")
        if not np.array_equal(outputs[:, :prompt_length], ids):
            raise RuntimeError("The prompts were changed")
        return {"seconds": seconds / calls / (max_length - prompt_length)}

    return measure
