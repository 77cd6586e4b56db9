"""Pure functions on next-token distributions: probabilities in, probabilities out.

Each takes a float tensor `(B, V)` whose rows sum to 1 and returns one of the same
shape whose rows sum to 1 again, so filters compose in any order.
"""

from typing import Any

import numpy as np
from keras import ops

Tensor = Any


def top_k(probabilities: Tensor, k: int) -> Tensor:
    """Keep the `k` most likely tokens of each row. Of equals, lower ids stay.

    Args:
        probabilities: float tensor `(B, V)`.
        k: int. Where `k > V`, everything stays.

    Returns:
        A float tensor `(B, V)`, renormalised.

    Raises:
        ValueError: if `k` is not a positive integer.

    Example:
    >>> top_k(ops.array([[0.5, 0.3, 0.2]]), k=2)  # doctest: +SKIP
    [[0.625, 0.375, 0.]]

    Reference:
        Fan et al., "Hierarchical Neural Story Generation" (2018), section 5.3.
    """
    check_k(k)
    k = min(k, probabilities.shape[-1])
    most_likely, _ = ops.top_k(probabilities, k)  # (B, k), falling
    return _keep_most_likely(probabilities, most_likely[:, -1:], k)


def top_p(probabilities: Tensor, p: float) -> Tensor:
    """Keep the fewest tokens that together reach probability `p` (the nucleus).

    At least one token stays. Of equally likely tokens, lower ids stay.

    Args:
        probabilities: float tensor `(B, V)`.
        p: float in (0, 1].

    Returns:
        A float tensor `(B, V)`, renormalised.

    Raises:
        ValueError: if `p` is not in (0, 1].

    Example:
    >>> top_p(ops.array([[0.5, 0.3, 0.2]]), p=0.7)  # doctest: +SKIP
    [[0.625, 0.375, 0.]]

    Reference:
        Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020),
        section 3.1.
    """
    check_p(p)
    if p == 1:
        return probabilities
    falling = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)  # (B, V)
    reached_before = ops.cumsum(falling, axis=-1) - falling
    kept = ops.cast(reached_before < p, "int32")
    count = ops.maximum(ops.sum(kept, axis=-1, keepdims=True), 1)  # (B, 1)
    least = ops.take_along_axis(falling, count - 1, axis=-1)  # (B, 1)
    return _keep_most_likely(probabilities, least, count)


def check_k(k: Any) -> None:
    """Raise a `ValueError` unless `k` is a positive integer."""
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"`k` must be a positive integer. Received: k={k!r}")


def check_p(p: Any) -> None:
    """Raise a `ValueError` unless `p` is in (0, 1]."""
    if not isinstance(p, int | float | np.floating) or not 0 < p <= 1:
        raise ValueError(f"`p` must be in (0, 1]. Received: p={p!r}")


def _keep_most_likely(probabilities: Tensor, least: Tensor, count: Any) -> Tensor:
    """Keep `count` tokens a row: those above `least`, then the first that equal it."""
    above = probabilities > least
    tied = probabilities == least
    room = count - ops.sum(ops.cast(above, "int32"), axis=-1, keepdims=True)
    first_tied = ops.cumsum(ops.cast(tied, "int32"), axis=-1) <= room
    keep = ops.logical_or(above, ops.logical_and(tied, first_tied))
    kept = ops.where(keep, probabilities, 0.0)
    return kept / ops.sum(kept, axis=-1, keepdims=True)
