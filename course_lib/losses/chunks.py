"""The loss and its gradients, one chunk of rows after another."""

import functools

import keras
import numpy as np
from keras import ops

# How many numbers of the compute dtype add up to one of float32.
_PARTS = {"float32": 1, "bfloat16": 3, "float16": 3}


def sum_over_chunks(rows, kernel, bias, labels, weights, chunk_size, needs_gradient):
    """Sums of weighted losses and of their gradients, see `fused_cross_entropy`.

    Args:
        rows: float tensor `(N, D)` of hidden states.
        kernel: float32 tensor `(D, V)`.
        bias: float32 tensor `(V,)`.
        labels: int32 tensor `(N,)`, all of them below `V`.
        weights: float32 tensor `(N,)`.
        chunk_size: int, the most logits that exist at a time.
        needs_gradient: bool.

    Returns:
        `(nats,)` or `(nats, d_rows, d_kernel, d_bias)`, all float32.
    """
    dtype = keras.backend.standardize_dtype(rows.dtype)
    hidden_dim, vocabulary_size = kernel.shape
    num_rows = ops.shape(rows)[0]
    # As few chunks as may be, and all of one size: padding fills less than a row each.
    num_chunks = -(-num_rows // max(chunk_size // vocabulary_size, 1))
    chunk_rows = -(-num_rows // num_chunks)
    padding = num_chunks * chunk_rows - num_rows

    # The bias joins the products as rows of the kernel whose inputs are 1.
    parts = _parts(bias, dtype)
    wide_kernel = ops.concatenate([ops.cast(kernel, dtype), *parts])  # (D + parts, V)
    wide_dim = hidden_dim + len(parts)
    transposed = ops.transpose(ops.cast(kernel, dtype))  # (V, D)
    ones = ops.ones((num_rows, len(parts)), dtype=dtype)
    padded_rows = ops.pad(ops.concatenate([rows, ones], axis=1), [[0, padding], [0, 0]])
    padded_labels = ops.pad(labels, [[0, padding]])
    padded_weights = ops.pad(weights, [[0, padding]])

    def add_chunk(_, sums):
        start, nats, *gradients = sums
        h = ops.slice(padded_rows, (start, 0), (chunk_rows, wide_dim))
        y = ops.slice(padded_labels, (start,), (chunk_rows,))
        w = ops.slice(padded_weights, (start,), (chunk_rows,))
        logits = ops.matmul(h, wide_kernel)  # (rows, V)
        if not (needs_gradient and _softmax_rounds_once(dtype)):
            logits = ops.cast(logits, "float32")
        p = ops.softmax(logits)
        p_label = ops.take_along_axis(p, y[:, None], axis=1)[:, 0]
        nats = nats + ops.sum(w * _nats(logits, p, p_label, y))
        last = nats
        if needs_gradient:
            d_rows, d_kernel = gradients
            at_labels = ops.stack([ops.arange(chunk_rows), y], axis=1)
            less_one = ops.cast(p_label - 1, dtype)
            p = ops.scatter_update(ops.cast(p, dtype), at_labels, less_one)  # p - e
            d_h = ops.cast(ops.matmul(p, transposed), "float32") * w[:, None]
            d_rows = ops.slice_update(d_rows, (start, 0), d_h)
            d_rows = ops.reshape(d_rows, (-1, hidden_dim))
            h = ops.transpose(h * ops.cast(w, dtype)[:, None])
            d_kernel = d_kernel + ops.cast(ops.matmul(h, p), "float32")
            gradients = (d_rows, d_kernel)
            last = d_kernel[0, 0]
        # TensorFlow begins the next chunk as soon as it knows where, and would hold
        # the logits of ten. So it is not told before this chunk is done.
        start = ops.where(last > 0, start + chunk_rows, start + chunk_rows)
        return (start, nats, *gradients)

    sums: tuple = (ops.zeros((), dtype="int32"), ops.zeros((), dtype="float32"))
    if needs_gradient:
        d_rows = ops.zeros((num_chunks * chunk_rows, hidden_dim), dtype="float32")
        d_kernel = ops.zeros((wide_dim, vocabulary_size), dtype="float32")
        sums = (*sums, d_rows, d_kernel)
    _, nats, *gradients = ops.fori_loop(0, num_chunks, add_chunk, sums)
    if not needs_gradient:
        return (nats,)
    d_rows, d_kernel = gradients
    return nats, d_rows[:num_rows], d_kernel[:hidden_dim], d_kernel[hidden_dim]


def _parts(bias, dtype):
    """Rows `(1, V)` of a dtype that add up to the float32 `bias`."""
    parts = []
    for _ in range(_PARTS[dtype]):
        part = ops.cast(bias, dtype)
        bias = bias - ops.cast(part, "float32")
        parts.append(part[None, :])
    return parts


@functools.cache
def _softmax_rounds_once(dtype):
    """Whether the softmax of `dtype` is that of float32, rounded to `dtype`.

    Some kernels are written so, and spare two passes through the logits. It is tried,
    not guessed. Where the code is compiled by XLA, which fuses the passes, it would
    not be the same kernel, and there is nothing to spare.
    """
    if keras.config.backend() == "jax" or dtype == "float32":
        return False
    if keras.config.backend() == "torch":
        return _tried_softmax_rounds_once(dtype)
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        return False
    with tf.init_scope():  # out of the graph that is being made
        return _tried_softmax_rounds_once(dtype)


def _tried_softmax_rounds_once(dtype):
    logits = np.random.default_rng(0).normal(0, 4, (8, 4096))
    logits = ops.cast(ops.convert_to_tensor(logits, "float32"), dtype)
    expected = ops.cast(ops.softmax(ops.cast(logits, "float32")), dtype)
    return bool(ops.all(ops.softmax(logits) == expected))


def _nats(logits, p, p_label, labels):
    """`-log p` of each label, also where `p` is too small for float32."""
    p_label = ops.cast(p_label, "float32")

    def from_logits():
        label = ops.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
        distance = ops.cast(ops.max(logits, axis=1) - label, "float32")
        # The largest probability is 1 / sum(exp(z - max(z))).
        return distance - ops.log(ops.cast(ops.max(p, axis=1), "float32"))

    # The logits are seldom needed, and two passes through them cost time.
    return ops.cond(ops.any(p_label < 1e-30), from_logits, lambda: -ops.log(p_label))
