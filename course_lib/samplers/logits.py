"""What samplers demand of logits and temperature."""

import math
from typing import Any

import numpy as np
from keras import ops

from course_lib.tracing import is_traced

Tensor = Any


def check_logits(logits: Tensor) -> None:
    """Raise a `ValueError` if eager logits give no distribution to choose from.

    Args:
        logits: float tensor `(B, V)`; -inf stands for a forbidden token.

    Raises:
        ValueError: if NaN or +inf is among them, or a row is nothing but -inf. In
            compiled code there are no values to look at, and nothing is raised.
    """
    if is_traced(logits):
        return
    largest = ops.convert_to_numpy(ops.max(logits, axis=-1))
    if ops.convert_to_numpy(ops.any(ops.isnan(logits))) or (largest == math.inf).any():
        raise ValueError(
            "`logits` must be finite, or -inf for a forbidden token. "
            "Received: NaN or +inf among them"
        )
    if (largest == -math.inf).any():
        raise ValueError(
            "`logits` must leave at least one token to choose in each row. "
            "Received: a row of nothing but -inf"
        )


def check_temperature(temperature: Any) -> None:
    """Raise a `ValueError` unless `temperature` is a finite number of at least 0."""
    if (
        not isinstance(temperature, int | float | np.floating)
        or not 0 <= temperature < math.inf
    ):
        raise ValueError(
            "`temperature` must be a finite number of at least 0. "
            f"Received: temperature={temperature!r}"
        )
