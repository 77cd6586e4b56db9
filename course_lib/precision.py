"""Which numbers to train with on this machine."""

import functools
import time
from typing import Any

import numpy as np
from keras import ops

# A policy must multiply this much faster than float32 to be worth its rounding.
LEAST_GAIN = 1.5
DTYPES = ("float32", "bfloat16", "float16")
TURN_SECONDS = 0.3  # for the products of one size


def fastest_policy(verbose: bool = True) -> str:
    """The Keras dtype policy to train with here: measured once, not guessed.

    Many processors multiply bfloat16 or float16 several times as fast as float32; on
    others these are slower. bfloat16 is taken before float16, because it has the range
    of float32: gradients do not vanish, and no loss needs to be scaled. With
    `"mixed_float16"` (a T4 has no fast bfloat16), `compile()` scales the loss for you.

    Args:
        verbose: bool. Whether to print the choice and what was measured.

    Returns:
        `"mixed_bfloat16"`, `"mixed_float16"` or `"float32"`.

    Example:
    ```python
    policy = precision.fastest_policy()
    embedding = keras.layers.Embedding(100, 8, dtype=policy)
    ```
    """
    rates = matmul_rates()
    gains = {dtype: rates[dtype] / rates["float32"] for dtype in rates}
    policy = "float32"
    for dtype in ("float16", "bfloat16"):
        if gains[dtype] >= LEAST_GAIN and gains[dtype] >= 0.7 * max(gains.values()):
            policy = f"mixed_{dtype}"
    if verbose:
        print(
            f"Training in {policy}: products run at {gains['bfloat16']:.1f} times the "
            f"rate of float32 in bfloat16, at {gains['float16']:.1f} times in float16"
        )
    return policy


@functools.cache
def matmul_rates() -> dict[str, float]:
    """Products of matrices a second, in GFLOP/s, for each dtype; takes a second.

    The highest rates at growing sizes, until none grows. The dtypes take turns, so
    that whatever else the machine does slows them alike.
    """
    rates = dict.fromkeys(DTYPES, 0.0)
    size = 256
    while True:
        seconds = _seconds_of_products(size)
        new = {dtype: 2 * size**3 / seconds[dtype] / 1e9 for dtype in DTYPES}
        grows = any(new[dtype] > 1.2 * rates[dtype] for dtype in DTYPES)
        rates = {dtype: max(new[dtype], rates[dtype]) for dtype in DTYPES}
        if not grows or 8 * sum(seconds.values()) > TURN_SECONDS:
            return rates
        size *= 2


def _seconds_of_products(size: int) -> dict[str, float]:
    """The fastest product of two squares, by dtype."""
    squares = {
        dtype: ops.cast(np.ones((size, size), "float32"), dtype) for dtype in DTYPES
    }
    for a in squares.values():
        _wait(ops.matmul(a, a))  # the first call may compile
    fastest = dict.fromkeys(DTYPES, float("inf"))
    began = time.perf_counter()
    while time.perf_counter() - began < TURN_SECONDS:
        for dtype, a in squares.items():
            start = time.perf_counter()
            _wait(ops.matmul(a, a))
            fastest[dtype] = min(fastest[dtype], time.perf_counter() - start)
    return fastest


def _wait(product: Any) -> None:
    """Return once the product is computed: GPUs, and JAX, hand out promises."""
    ops.convert_to_numpy(ops.cast(product[0, 0], "float32"))
