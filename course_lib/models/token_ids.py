"""What models demand of token ids: clear errors before anything is computed."""

from typing import Any

import keras
import numpy as np


def check_token_ids(inputs: Any, max_sequence_length: int) -> None:
    """Raise a `ValueError` unless a model can read these inputs.

    Args:
        inputs: dict with `token_ids`, an int tensor `(B, T)`; without it, Keras says
            what is missing.
        max_sequence_length: int, the largest `T`.
    """
    if not isinstance(inputs, dict) or "token_ids" not in inputs:
        return
    token_ids = inputs["token_ids"]
    shape = tuple(token_ids.shape)
    dtype = keras.backend.standardize_dtype(token_ids.dtype)
    if "int" not in dtype:
        raise ValueError(f"`token_ids` must be integers. Received: dtype={dtype}")
    if len(shape) != 2:
        raise ValueError(
            "`token_ids` must have shape (batch_size, sequence_length). "
            f"Received: token_ids.shape={shape}"
        )
    if shape[1] is not None and shape[1] > max_sequence_length:
        raise ValueError(
            "`token_ids` must not be longer than `max_sequence_length` "
            f"({max_sequence_length}). Received: token_ids.shape={shape}"
        )


def check_max_length(max_length: Any) -> None:
    """Raise a `ValueError` unless `generate` can take this `max_length`.

    Args:
        max_length: int of at least 2, or `None` for the default.
    """
    if max_length is None:
        return
    if not isinstance(max_length, int | np.integer) or max_length < 2:
        raise ValueError(
            "`max_length` must be an integer of at least 2: a prompt and a new token. "
            f"Received: max_length={max_length!r}"
        )


def check_prompts(inputs: Any, vocabulary_size: int) -> None:
    """Raise a `ValueError` unless `generate` can go on from these token ids.

    Args:
        inputs: dict of `token_ids` and `padding_mask`, both `(B, max_length)`: each
            row a prompt of at least one token, then padding to be filled.
        vocabulary_size: int, above the largest id.
    """
    if not isinstance(inputs, dict) or not {"token_ids", "padding_mask"} <= set(inputs):
        raise ValueError(
            "Without a preprocessor, `inputs` must be a dict of `token_ids` and "
            f"`padding_mask`. Received: {inputs!r}"
        )
    token_ids = np.asarray(keras.ops.convert_to_numpy(inputs["token_ids"]))
    mask = np.asarray(keras.ops.convert_to_numpy(inputs["padding_mask"])).astype(bool)
    if token_ids.dtype.kind not in "iu" or token_ids.ndim != 2:
        raise ValueError(
            "`token_ids` must be integers of shape (batch_size, max_length). "
            f"Received: shape={token_ids.shape}, dtype={token_ids.dtype}"
        )
    if mask.shape != token_ids.shape:
        raise ValueError(
            "`padding_mask` must have the shape of `token_ids`. Received: "
            f"padding_mask.shape={mask.shape}, token_ids.shape={token_ids.shape}"
        )
    if not mask[:, :1].all() or (mask[:, 1:] > mask[:, :-1]).any():
        raise ValueError(
            "`padding_mask` must begin each row with at least one real token, and "
            f"padding must follow them. Received: padding_mask={mask.astype(int)}"
        )
    if token_ids.min() < 0 or token_ids.max() >= vocabulary_size:
        raise ValueError(
            f"`token_ids` must be from 0 to {vocabulary_size - 1}. Received: ids from "
            f"{token_ids.min()} to {token_ids.max()}"
        )


def check_labels(y: Any, sample_weight: Any, vocabulary_size: int) -> None:
    """Raise a `ValueError` unless all labels of a numpy array are token ids.

    Args:
        y: int array; anything else is not looked at.
        sample_weight: array of the shape of `y`, or `None`. Labels of weight 0 may be
            anything.
        vocabulary_size: int, above the largest id.
    """
    if not isinstance(y, np.ndarray) or y.dtype.kind not in "iu":
        return
    if sample_weight is not None and np.shape(sample_weight) == y.shape:
        y = y[np.asarray(sample_weight) > 0]
    if y.size and (y.min() < 0 or y.max() >= vocabulary_size):
        raise ValueError(
            f"`y` must hold token ids from 0 to {vocabulary_size - 1} wherever it has "
            f"a weight. Received: labels from {y.min()} to {y.max()}"
        )
