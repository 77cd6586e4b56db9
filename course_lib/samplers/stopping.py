"""Which tokens end a text."""

from collections.abc import Iterable
from typing import Any

from keras import ops

Tensor = Any


def is_stop_token(token_ids: Tensor, stop_token_ids: Iterable[int] | None) -> Tensor:
    """`True` where `token_ids`, of any shape, is one of `stop_token_ids`.

    Args:
        token_ids: int tensor.
        stop_token_ids: ids, or `None` if nothing ends a text.

    Returns:
        A boolean tensor of the same shape.

    Example:
    >>> is_stop_token(ops.array([[5, 2, 7]]), [2])  # doctest: +SKIP
    [[False  True False]]
    """
    stops = ops.zeros_like(token_ids, dtype="bool")
    if stop_token_ids is None:
        return stops
    for stop_token_id in stop_token_ids:
        stops = ops.logical_or(stops, ops.equal(token_ids, stop_token_id))
    return stops
