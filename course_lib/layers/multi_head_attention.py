"""What self-attention and cross-attention share."""

from typing import Any

import keras
from keras import ops

from course_lib import masking


class MultiHeadAttention(keras.layers.Layer):
    """Scaled dot-product attention in several heads, to whatever sequence.

    The common part of `MultiHeadSelfAttention` and `MultiHeadCrossAttention`: the four
    linear maps, the masks and the weighted mean. The weights have the shapes and the
    order of `keras.layers.MultiHeadAttention`.

    Args:
        num_heads: int `H`.
        key_dim: int, the width of one head. Defaults to the width `D` of the queries'
            sequence divided by `num_heads`, which must then be exact: 256 in 3 heads
            would quietly become 3 x 85 = 255.
        dropout: float, the dropout rate of the attention weights.
        use_bias: bool, whether the four linear maps have biases.
        kernel_initializer: initializer of the four kernels.
        **kwargs: passed to `keras.layers.Layer`.

    Raises:
        ValueError: if `num_heads`, `key_dim` or `dropout` is out of range, the heads
            do not divide the width, or the inputs or a mask are not of the rank above.
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if num_heads < 1:
            raise ValueError(
                f"`num_heads` must be at least 1. Received: num_heads={num_heads}"
            )
        if key_dim is not None and key_dim < 1:
            raise ValueError(
                f"`key_dim` must be at least 1 or None. Received: key_dim={key_dim}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(
                f"`dropout` must be in [0, 1). Received: dropout={dropout}"
            )
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.use_bias = use_bias
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.supports_masking = True

    def _build(self, target_shape: tuple, source_shape: tuple) -> None:
        """Build for queries of the target, keys and values of the source."""
        hidden_dim = target_shape[-1]
        if self.key_dim is None and hidden_dim % self.num_heads:
            raise ValueError(
                "`num_heads` must divide the width of the inputs, or `key_dim` must "
                f"be given. Received: num_heads={self.num_heads}, width={hidden_dim}"
            )
        self.head_dim = self.key_dim or hidden_dim // self.num_heads
        heads = (None, self.num_heads, self.head_dim)
        self.query = self._projection("btd,dhk->bthk", heads, "hk", "query")
        self.key = self._projection("btd,dhk->bthk", heads, "hk", "key")
        self.value = self._projection("btd,dhk->bthk", heads, "hk", "value")
        self.attention_output = self._projection(
            "bthk,hkd->btd", (None, hidden_dim), "d", "attention_output"
        )
        self.query.build(target_shape)
        self.key.build(source_shape)
        self.value.build(source_shape)
        self.attention_output.build((*target_shape[:2], self.num_heads, self.head_dim))
        self.dropout_layer = keras.layers.Dropout(
            self.dropout, dtype=self.dtype_policy, name="dropout"
        )
        self.built = True

    def _projection(
        self, equation: str, output_shape: tuple, bias_axes: str, name: str
    ) -> keras.layers.Layer:
        initializer = self.kernel_initializer
        projection = _Projection(
            equation,
            output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            # A copy with its own seed: a shared instance would draw the same values.
            kernel_initializer=initializer.__class__.from_config(
                initializer.get_config()
            ),
            dtype=self.dtype_policy,
            name=name,
        )
        projection.supports_masking = True  # Keras would warn that the mask is lost
        return projection

    def _heads(self, project: keras.layers.Layer, inputs: Any) -> Any:
        """Project `(B, T, D)` to `(B, H, T, K)`."""
        return ops.transpose(project(inputs), (0, 2, 1, 3))

    def _attend(self, query, key, value, mask, training):
        """Take the weighted mean of values: `(B, T, D)`, and the `(B, H, T, S)`."""
        # Scaled before the product: float16 scores overflow later.
        query = query * ops.cast(self.head_dim**-0.5, query.dtype)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))  # (B, H, T, S)
        weights = masking.masked_softmax(scores, mask)
        dropped = self.dropout_layer(weights, training=training)
        output = ops.transpose(ops.matmul(dropped, value), (0, 2, 1, 3))
        return self.attention_output(output), weights

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
        }


class _Projection(keras.layers.EinsumDense):
    """As `EinsumDense`, in one product of matrices: many times faster for one token."""

    def call(self, inputs, training=None):
        # All axes after batch and position are summed over.
        outputs = ops.tensordot(inputs, self.kernel, axes=len(inputs.shape) - 2)
        return outputs if self.bias is None else outputs + self.bias


def check_sequence(name: str, shape: Any) -> None:
    """Raise a `ValueError` unless the shape is that of vectors in a sequence."""
    if len(shape) != 3:
        raise ValueError(
            f"`{name}` must have shape (batch_size, sequence_length, hidden_dim). "
            f"Received: {name}.shape={tuple(shape)}"
        )


def write_cache(cache: Any, new: Any, index: Any) -> Any:
    """Return `cache`, keys or values `(B, H, S, K)`, with `(B, H, T, K)` at `index`."""
    return ops.slice_update(cache, (0, 0, index, 0), ops.cast(new, cache.dtype))


def merge_for_heads(
    padding_mask: Any, attention_mask: Any, causal_mask: Any, source_length: Any
) -> Any:
    """Merge masks into one that broadcasts to `(B, H, T, S)`, or `None`."""
    _check_masks(padding_mask, attention_mask, source_length)
    merged = attention_mask
    if padding_mask is not None:
        merged = masking.merge_masks(
            merged, masking.padding_mask_to_attention(padding_mask)
        )
    if causal_mask is not None:
        merged = masking.merge_masks(merged, causal_mask)
    if merged is None or len(merged.shape) == 2:
        return merged
    return merged[:, None, :, :]  # one mask for all heads


def _check_masks(padding_mask: Any, attention_mask: Any, source_length: Any) -> None:
    """Raise a `ValueError` unless the masks have the rank and length they must."""
    for name, mask, ranks, expected in (
        ("padding_mask", padding_mask, (2,), "(batch_size, S)"),
        ("attention_mask", attention_mask, (2, 3), "(T, S) or (batch_size, T, S)"),
    ):
        if mask is None:
            continue
        # Lengths are None where a model is built for sequences of any length.
        fits = source_length is None or mask.shape[-1] in (source_length, 1, None)
        if len(mask.shape) not in ranks or not fits:
            raise ValueError(
                f"`{name}` must have shape {expected}, here with S={source_length}. "
                f"Received: {name}.shape={tuple(mask.shape)}"
            )
