"""Masks for attention: pure functions, `True` means *may attend*.

A query position attends to a key position only where every mask agrees:

    keys = padding_mask_to_attention(padding_mask(token_ids))
    attention_mask = merge_masks(causal_mask(T), keys)
    weights = masked_softmax(scores, attention_mask)

Masks are boolean until the softmax. There is no `-1e4` or `-1e9` to choose: the
masked entries of the weights are exactly 0 in float32, float16 and bfloat16.
"""

from typing import Any

from keras import ops

Tensor = Any


def causal_mask(
    target_length: Any, source_length: Any = None, offset: Any = None
) -> Tensor:
    """Which source positions each target position may see: itself and the past.

    Target position `t` may attend to source position `s` when `s <= t + offset`.
    Without an `offset` the last target lines up with the last source (the diagonal is
    counted from the lower right corner), as when the last `T` tokens of a longer
    text are the queries. With a cache, `offset` is the position of the first query.

    Args:
        target_length: int or scalar tensor `T`, the number of queries.
        source_length: int or scalar tensor `S`, the number of keys. Defaults to
            `target_length`.
        offset: int or scalar tensor. Defaults to `source_length - target_length`.

    Returns:
        A boolean tensor `(T, S)`.

    Example:
    >>> causal_mask(2, 3)  # doctest: +SKIP
    [[ True  True False]
     [ True  True  True]]
    """
    if source_length is None:
        source_length = target_length
    if offset is None:
        offset = source_length - target_length
    query_positions = ops.arange(target_length, dtype="int32") + offset  # (T,)
    key_positions = ops.arange(source_length, dtype="int32")  # (S,)
    return query_positions[:, None] >= key_positions[None, :]  # (T, S)


def padding_mask(token_ids: Tensor, pad_token_id: int = 0) -> Tensor:
    """`True` where a token is real, `False` where it only fills the row.

    Args:
        token_ids: int tensor `(B, T)`.
        pad_token_id: int. The id of the padding token.

    Returns:
        A boolean tensor `(B, T)`.

    Example:
    >>> padding_mask([[7, 3, 0]])  # doctest: +SKIP
    [[ True  True False]]
    """
    return ops.not_equal(token_ids, pad_token_id)


def padding_mask_to_attention(padding_mask: Tensor) -> Tensor:
    """Broadcast a padding mask over the queries: nobody attends to padding.

    Only *keys* are masked. What a padded query computes is left alone, because the
    loss leaves it out (and a fully masked query would have nothing to attend to).

    Args:
        padding_mask: boolean tensor `(B, S)`.

    Returns:
        A boolean tensor `(B, 1, S)`.

    Example:
    >>> padding_mask_to_attention(ops.array([[True, False]]))  # doctest: +SKIP
    [[[ True False]]]
    """
    return ops.cast(padding_mask, "bool")[:, None, :]


def merge_masks(*masks: Tensor | None) -> Tensor | None:
    """Attend only where every mask allows it; `None` allows everything.

    Args:
        *masks: boolean tensors that broadcast against each other, or `None`.

    Returns:
        Their logical *and*, or `None` if every mask is `None`.

    Example:
    >>> keys = ops.array([[True, True, False]])
    >>> merge_masks(causal_mask(2, 3), keys, None)  # doctest: +SKIP
    [[ True  True False]
     [ True  True False]]
    """
    given = [ops.cast(mask, "bool") for mask in masks if mask is not None]
    if not given:
        return None
    merged = given[0]
    for mask in given[1:]:
        merged = ops.logical_and(merged, mask)
    return merged


def masked_softmax(scores: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax over the last axis, computed in float32, that gives masked entries 0.

    A row with nothing left to attend to becomes zeros, never NaN.

    Args:
        scores: float tensor `(..., S)`.
        mask: boolean tensor that broadcasts to `scores`, or `None`.

    Returns:
        A tensor of the shape and dtype of `scores`. Rows sum to 1, fully masked
        rows to 0.

    Example:
    >>> scores = ops.array([[1.0, 1.0, 9.0], [1.0, 2.0, 3.0]])
    >>> mask = ops.array([[True, True, False], [False, False, False]])
    >>> masked_softmax(scores, mask)  # doctest: +SKIP
    [[0.5 0.5 0.]
     [0. 0. 0.]]
    """
    dtype = scores.dtype
    scores = ops.cast(scores, "float32")
    if mask is None:
        return ops.cast(ops.softmax(scores, axis=-1), dtype)
    lowest = -3.4e38  # finite: -inf - -inf would be NaN in an empty row
    weights = ops.softmax(ops.where(mask, scores, lowest), axis=-1)
    # Only rows that are masked throughout still hold weight where the mask is False.
    weights = ops.where(mask, weights, 0.0)
    return ops.cast(weights, dtype)
