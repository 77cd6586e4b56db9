"""What samplers and filters demand of their arguments: clear errors, at once."""

import math
from typing import Any

import numpy as np


def check_positive_integer(name: str, value: Any) -> None:
    """Raise a `ValueError` unless the argument `name` is a positive integer."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(
            f"`{name}` must be a positive integer. Received: {name}={value!r}"
        )


def check_p(p: Any) -> None:
    """Raise a `ValueError` unless `p` is in (0, 1]."""
    if not _is_number(p) or not 0 < p <= 1:
        raise ValueError(f"`p` must be in (0, 1]. Received: p={p!r}")


def check_fraction(name: str, value: Any) -> None:
    """Raise a `ValueError` unless the argument `name` is in [0, 1]."""
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"`{name}` must be in [0, 1]. Received: {name}={value!r}")


def check_at_least_zero(name: str, value: Any) -> None:
    """Raise a `ValueError` unless the argument `name` is finite and at least 0."""
    if not _is_number(value) or not 0 <= value < math.inf:
        raise ValueError(
            f"`{name}` must be a finite number of at least 0. "
            f"Received: {name}={value!r}"
        )


def check_above_zero(name: str, value: Any) -> None:
    """Raise a `ValueError` unless the argument `name` is finite and above 0."""
    if not _is_number(value) or not 0 < value < math.inf:
        raise ValueError(
            f"`{name}` must be a finite number above 0. Received: {name}={value!r}"
        )


def check_token_ids(
    name: str, token_ids: Any, vocabulary_size: int, lowest: int = 0
) -> None:
    """Raise a `ValueError` unless all `token_ids` are in [lowest, vocabulary_size)."""
    array = np.asarray(token_ids)
    if array.size and (
        array.dtype.kind not in "iu"
        or array.min() < lowest
        or array.max() >= vocabulary_size
    ):
        raise ValueError(
            f"`{name}` must be integers from {lowest} to {vocabulary_size - 1}. "
            f"Received: {name}={token_ids!r}"
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)
