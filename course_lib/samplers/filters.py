"""Pure functions on next-token distributions: probabilities in, probabilities out.

Each takes a float tensor `(B, V)` whose rows sum to 1 and returns one of the same
shape whose rows sum to 1 again, so filters compose in any order. They are called as
they are, or listed in a `FilterSampler`, with `functools.partial` for the arguments.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

from course_lib.samplers.arguments import (
    check_fraction,
    check_p,
    check_positive_integer,
    check_token_ids,
)
from course_lib.samplers.logits import check_something_left
from course_lib.samplers.repetition import repetition_penalty

__all__ = ["likeliest", "min_p", "repetition_penalty", "suppress", "top_k", "top_p"]

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
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
    check_positive_integer("k", k)
    probabilities = ops.convert_to_tensor(probabilities)
    if k >= probabilities.shape[-1]:
        return probabilities / ops.sum(probabilities, axis=-1, keepdims=True)
    most_likely, _ = ops.top_k(probabilities, k)  # (B, k), falling
    return _keep_most_likely(probabilities, most_likely[:, -1:], k)


@keras.saving.register_keras_serializable(package="course_lib")
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
    probabilities = ops.convert_to_tensor(probabilities)
    if p == 1:
        return probabilities

    def least_and_count(falling, reached):
        kept = ops.cast(reached - falling < p, "int32")
        count = ops.maximum(ops.sum(kept, axis=-1, keepdims=True), 1)  # (B, 1)
        return ops.take_along_axis(falling, count - 1, axis=-1), count

    def of_all():
        falling = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)  # (B, V)
        return least_and_count(falling, ops.cumsum(falling, axis=-1))

    # To sort all is slow, and a nucleus is seldom large.
    first, _ = ops.top_k(probabilities, min(1000, probabilities.shape[-1]))
    reached = ops.cumsum(first, axis=-1)
    least, count = ops.cond(
        ops.all(reached[:, -1] >= p), lambda: least_and_count(first, reached), of_all
    )
    return _keep_most_likely(probabilities, least, count)


@keras.saving.register_keras_serializable(package="course_lib")
def min_p(probabilities: Tensor, min_p: float) -> Tensor:
    """Keep the tokens at least `min_p` times as likely as the likeliest.

    Args:
        probabilities: float tensor `(B, V)`.
        min_p: float in [0, 1]. 0 keeps everything, 1 the likeliest and its equals.

    Returns:
        A float tensor `(B, V)`, renormalised.

    Raises:
        ValueError: if `min_p` is not in [0, 1].

    Example:
    >>> min_p(ops.array([[0.5, 0.3, 0.2]]), min_p=0.5)  # doctest: +SKIP
    [[0.625, 0.375, 0.]]

    Reference:
        Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent
        LLM Outputs" (2024).
    """
    check_fraction("min_p", min_p)
    probabilities = ops.convert_to_tensor(probabilities)
    least = float(min_p) * ops.max(probabilities, axis=-1, keepdims=True)  # (B, 1)
    kept = ops.where(probabilities >= least, probabilities, 0.0)
    return kept / ops.sum(kept, axis=-1, keepdims=True)


@keras.saving.register_keras_serializable(package="course_lib")
def suppress(probabilities: Tensor, token_ids: Any) -> Tensor:
    """Never choose these tokens; the others share what they had in proportion.

    Args:
        probabilities: float tensor `(B, V)`.
        token_ids: list of int, or an int array.

    Returns:
        A float tensor `(B, V)`, renormalised.

    Raises:
        ValueError: if `token_ids` are no ids of the vocabulary; eagerly, if a row is
            left with nothing. (In compiled code that row becomes NaN.)

    Example:
    >>> suppress(ops.array([[0.5, 0.3, 0.2]]), token_ids=[1])  # doctest: +SKIP
    [[0.71428573, 0., 0.2857143]]
    """
    probabilities = ops.convert_to_tensor(probabilities)
    check_token_ids("token_ids", token_ids, probabilities.shape[-1])
    allowed = np.ones(probabilities.shape[-1], bool)
    allowed[np.asarray(token_ids, int)] = False
    kept = ops.where(allowed, probabilities, 0.0)
    check_something_left(
        kept,
        "`token_ids` must leave a token to choose in each row of `probabilities`. "
        f"Received: token_ids={token_ids!r}",
    )
    return kept / ops.sum(kept, axis=-1, keepdims=True)


def likeliest(probabilities: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The `k` most likely tokens of each row alone. Of equals, lower ids stay.

    What follows then works on `k` numbers a row, not on `V`.

    Args:
        probabilities: float tensor `(B, V)`.
        k: int, at least 1. Where `k > V`, everything stays.

    Returns:
        Their probabilities as they are, and their ids, both `(B, k)`; ids rise.

    Example:
    ```python
    probabilities, token_ids = likeliest(ops.array([[0.2, 0.5, 0.3]]), k=2)
    # [[0.5, 0.3]] and [[1, 2]]
    ```
    """
    probabilities = ops.convert_to_tensor(probabilities)
    vocabulary_size = probabilities.shape[-1]
    k = min(k, vocabulary_size)
    most_likely, token_ids = ops.top_k(probabilities, k)
    if keras.config.backend() == "torch":  # whose `top_k` keeps any of equals
        least = most_likely[:, -1:]
        rank = ops.where(probabilities == least, vocabulary_size, 0)
        rank = ops.where(probabilities > least, 2 * vocabulary_size, rank)
        token_ids = ops.top_k(rank - ops.arange(vocabulary_size), k)[1]
    token_ids = ops.sort(token_ids, axis=-1)
    return ops.take_along_axis(probabilities, token_ids, axis=-1), token_ids


def _keep_most_likely(probabilities: Tensor, least: Tensor, count: Any) -> Tensor:
    """Keep `count` tokens a row: those above `least`, then the first that equal it."""
    at_least = probabilities >= least

    def without_later_ties():
        above = probabilities > least
        tied = probabilities == least
        room = count - ops.sum(ops.cast(above, "int32"), axis=-1, keepdims=True)
        first_tied = ops.cumsum(ops.cast(tied, "int32"), axis=-1) <= room
        return ops.logical_or(above, ops.logical_and(tied, first_tied))

    # Too many tie seldom, and a sum over so many tokens so far is slow.
    too_many = ops.sum(ops.cast(at_least, "int32"), axis=-1, keepdims=True) > count
    keep = ops.cond(ops.any(too_many), without_later_ties, lambda: at_least)
    kept = ops.where(keep, probabilities, 0.0)
    return kept / ops.sum(kept, axis=-1, keepdims=True)
