"""Which numbers to train with on this machine."""

import functools
import time
from typing import Any

import numpy as np
from keras import ops

# A policy must multiply this much faster than float32 to be worth its rounding.
LEAST_GAIN = 1.5


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
    """Products of matrices a second, in GFLOP/s, for each dtype; takes a second."""
    return {dtype: _matmul_rate(dtype) for dtype in ("float32", "bfloat16", "float16")}


def _matmul_rate(dtype: str, seconds: float = 0.1) -> float:
    """The best of the products of two squares that fit into some time."""
    size, best = 256, 0.0
    while True:
        a = ops.cast(np.ones((size, size), "float32"), dtype)
        _wait(ops.matmul(a, a))  # the first call may compile
        fastest, began = float("inf"), time.perf_counter()
        while (start := time.perf_counter()) - began < seconds:
            _wait(ops.matmul(a, a))
            fastest = min(fastest, time.perf_counter() - start)
        rate = 2 * size**3 / fastest / 1e9
        if rate < 1.2 * best or 8 * fastest > seconds:
            return max(rate, best)
        best, size = rate, 2 * size


def _wait(product: Any) -> None:
    """Return once the product is computed: GPUs, and JAX, hand out promises."""
    ops.convert_to_numpy(ops.cast(product[0, 0], "float32"))
