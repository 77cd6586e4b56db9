"""What samplers demand of logits and of what filters leave."""

import math
from typing import Any

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


def check_something_left(probabilities: Tensor, message: str) -> None:
    """Raise a `ValueError` if a row of eager probabilities leaves nothing to choose.

    Args:
        probabilities: float tensor `(..., V)`, not yet renormalised.
        message: str, the error, if all of a row is 0 or something in it NaN. In
            compiled code there are no values to look at, and nothing is raised.
    """
    if is_traced(probabilities):
        return
    if not (ops.convert_to_numpy(ops.sum(probabilities, axis=-1)) > 0).all():
        raise ValueError(message)
