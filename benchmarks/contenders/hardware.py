"""What the machine can do: matrix products, and additions of large arrays."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops


def limits():
    """The contender: asked for a product or an addition, it returns its rate."""

    def measure(kind: str, **settings: Any) -> dict[str, float]:
        return {"matmul": matmul, "add": add}[kind](**settings)

    return measure


def matmul(dtype: str, at_least: float, largest: int = 4096) -> dict[str, float]:
    """GFLOP/s of a square product, of the largest size that fits into the time."""
    size = 256
    while True:
        a, b = (
            ops.cast(keras.random.normal((size, size), seed=seed), dtype)
            for seed in (0, 1)
        )
        seconds = repeated(lambda a=a, b=b: wait(ops.matmul(a, b)), at_least / 4)
        # Twice the size takes 8 times as long.
        if size >= largest or 8 * seconds > at_least:
            break
        size *= 2
    seconds = repeated(lambda: wait(ops.matmul(a, b)), at_least)
    return {"gflops": 2 * size**3 / seconds / 1e9, "size": size}


def add(mib: float, at_least: float) -> dict[str, float]:
    """GB/s of `a += b` on arrays of `mib` MiB each: two are read, one is written."""
    count = int(mib * 2**20 / 4)
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        a, b = tf.Variable(tf.ones(count)), tf.fill([count], 1e-6)
        seconds = repeated(lambda: a.assign_add(b), at_least)
    elif keras.config.backend() == "torch":
        import torch

        x, y = torch.ones(count), torch.full((count,), 1e-6)
        seconds = repeated(lambda: x.add_(y), at_least)
    else:
        raise ValueError("JAX changes no array in place")
    return {"gb_per_second": 3 * 4 * count / seconds / 1e9}


def repeated(call: Callable[[], Any], at_least: float) -> float:
    """Seconds of the fastest of the calls that fill `at_least` seconds."""
    call()
    fastest, began = float("inf"), time.perf_counter()
    while (now := time.perf_counter()) - began < at_least:
        call()
        fastest = min(fastest, time.perf_counter() - now)
    return fastest


def wait(result: Any) -> None:
    """Return once `result` is computed: JAX hands out promises."""
    np.asarray(ops.convert_to_numpy(ops.cast(result[0, 0], "float32")))
