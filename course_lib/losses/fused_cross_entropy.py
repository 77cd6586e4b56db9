"""The cross-entropy of a language model, fused with the projection to its vocabulary.

The plain way computes all logits `(N, V)`, their softmax and its gradient, and keeps
them. They are most of a small GPT's memory and, on a CPU, most of its time. Here they
exist for one chunk of rows at a time, and never in the backward pass.
"""

from typing import Any

import keras
from keras import ops

from course_lib.losses.chunks import sum_over_chunks
from course_lib.tracing import is_traced

Tensor = Any

# Logits in one chunk: large enough for fast products, small beside the whole.
CHUNK_SIZE = 2**22


def fused_cross_entropy(
    hidden_states: Tensor,
    labels: Tensor,
    kernel: Tensor,
    bias: Tensor | None = None,
    sample_weight: Tensor | None = None,
    chunk_size: int = CHUNK_SIZE,
    needs_gradient: bool = True,
) -> Tensor:
    """The mean cross-entropy, in nats, of `hidden_states @ kernel + bias`.

    Row `n` has logits `z = h @ kernel + bias`, loss `logsumexp(z) - z[y]` and weight
    `w`; the result is `sum(w * loss) / sum(w)`, and 0 where all weights are 0. Its
    gradient is written by hand. With `p = softmax(z)` and `e` one-hot at `y`:

        dz = (p - e) * w / sum(w),  dh = dz @ kernel^T,  dkernel = h^T @ dz.

    The `p` of a chunk gives its loss *and* both products at once, in the forward pass;
    the backward pass only scales them. The part of `e` is a lookup and a scatter.

    The products are computed in the dtype of `hidden_states`, softmax and sums in
    float32, the bias as exactly as float32 has it. Give `kernel` and `bias` in
    float32: their gradients are.

    Args:
        hidden_states: float tensor `(..., D)`.
        labels: int tensor `(...)` of token ids below `V`.
        kernel: float tensor `(D, V)`; with tied weights the embeddings transposed.
        bias: float tensor `(V,)` or `None`.
        sample_weight: tensor `(...)`: 0 where a label is padding, else 1, or any
            weight that is not negative. No gradient goes through it.
        chunk_size: int, the most logits that exist at a time.
        needs_gradient: bool. `False` saves two of the three products where only the
            loss is asked for; its gradient is then not defined.

    Returns:
        A float32 scalar. NaN if a label that has a weight is not a token id and the
        code is compiled, so that no value can be looked at.

    Raises:
        ValueError: if the shapes do not fit, labels are not integers or, eagerly, one
            that has a weight is below 0 or not below `V`.

    Example:
    ```python
    hidden_states = np.random.normal(size=(2, 5, 8)).astype("float32")
    kernel = np.random.normal(size=(8, 100)).astype("float32")
    labels = np.array([[4, 8, 15, 16, 23], [42, 7, 0, 0, 0]])
    loss = fused_cross_entropy(
        hidden_states, labels, kernel, sample_weight=labels != 0
    )
    ```

    Reference:
        Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models" (2024),
        and Hsu et al., "Liger Kernel" (2024), section 3.2, for chunks of rows whose
        gradient is computed in the forward pass.
    """
    hidden_states = ops.convert_to_tensor(hidden_states)
    labels = ops.convert_to_tensor(labels)
    kernel = ops.cast(kernel, "float32")
    hidden_dim, vocabulary_size = kernel.shape
    if bias is None:
        bias = ops.zeros((vocabulary_size,), dtype="float32")
    if sample_weight is None:
        sample_weight = ops.ones_like(labels)
    sample_weight = ops.cast(sample_weight, "float32")
    _check(hidden_states, labels, kernel, bias, sample_weight, chunk_size)

    labels = ops.cast(ops.reshape(labels, (-1,)), "int32")
    weights = ops.reshape(sample_weight, (-1,))
    in_range = ops.logical_and(labels >= 0, labels < vocabulary_size)
    wrong = ops.any(ops.logical_and(weights > 0, ops.logical_not(in_range)))
    if not is_traced(wrong) and bool(wrong):
        raise ValueError(
            f"`labels` must be token ids from 0 to {vocabulary_size - 1} wherever they "
            "have a weight. Received: labels from "
            f"{int(ops.min(labels))} to {int(ops.max(labels))}"
        )
    labels = ops.where(in_range, labels, 0)
    total_weight = ops.sum(weights)
    scale = ops.where(total_weight > 0, 1 / ops.maximum(total_weight, 1e-30), 0.0)
    scale = ops.where(wrong, float("nan"), scale)

    def forward(rows, kernel, bias):
        outputs = sum_over_chunks(
            rows, kernel, bias, labels, weights, chunk_size, needs_gradient
        )
        nats, *sums = outputs

        def gradients(*args, upstream=None):
            # Torch passes the arguments of `forward` too, and `upstream` by name.
            upstream = args[0] if upstream is None else upstream
            factor = scale * ops.cast(upstream, "float32")
            d_rows, d_kernel, d_bias = (factor * total for total in sums)
            return ops.cast(d_rows, rows.dtype), d_kernel, d_bias

        return nats * scale, gradients

    rows = ops.reshape(hidden_states, (-1, hidden_dim))
    bias = ops.cast(bias, "float32")
    return ops.custom_gradient(forward)(rows, kernel, bias)


def _check(hidden_states, labels, kernel, bias, sample_weight, chunk_size):
    """Raise a `ValueError` unless all shapes fit and labels are token ids."""
    hidden_dim, vocabulary_size = kernel.shape
    shape = tuple(hidden_states.shape)
    if shape[-1:] != (hidden_dim,):
        raise ValueError(
            "`hidden_states` must have as many columns as `kernel` has rows. Received: "
            f"hidden_states.shape={shape}, kernel.shape={tuple(kernel.shape)}"
        )
    for name, tensor in {"labels": labels, "sample_weight": sample_weight}.items():
        if len(tensor.shape) != len(shape) - 1 or any(
            None not in (one, other) and one != other
            for one, other in zip(tensor.shape, shape, strict=False)
        ):
            raise ValueError(
                f"`{name}` must have the shape of `hidden_states` without its last "
                f"axis. Received: {name}.shape={tuple(tensor.shape)}, "
                f"hidden_states.shape={shape}"
            )
    if tuple(bias.shape) != (vocabulary_size,):
        raise ValueError(
            f"`bias` must have shape ({vocabulary_size},), one number a token. "
            f"Received: bias.shape={tuple(bias.shape)}"
        )
    if chunk_size < 1:
        raise ValueError(
            f"`chunk_size` must be at least 1. Received: chunk_size={chunk_size}"
        )
    dtype = keras.backend.standardize_dtype(labels.dtype)
    if "int" not in dtype:
        raise ValueError(f"`labels` must be integers. Received: dtype={dtype}")
