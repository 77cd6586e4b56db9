"""Multi-head self-attention from scratch."""

from typing import Any

import keras
from keras import ops

from course_lib import masking


@keras.saving.register_keras_serializable(package="course_lib")
class MultiHeadSelfAttention(keras.layers.Layer):
    r"""Scaled dot-product attention of a sequence to itself, in several heads.

    $$\mathrm{head}_h = \mathrm{softmax}\left(\frac{Q_h K_h^\top}{\sqrt{d}}\right) V_h$$

    with $Q_h, K_h, V_h$ three linear maps of the input to width $d$ (`key_dim`). The
    heads are concatenated and mapped back to the width of the input. The weights have
    the shapes and the order of `keras.layers.MultiHeadAttention`, so
    `ours.set_weights(theirs.get_weights())` works in both directions.

    Masks: `padding_mask` hides padding as keys, `use_causal_mask` hides the future,
    `attention_mask` hides what you like; they hold together, whether dropout is on
    and whether the scores are returned. Without a `padding_mask` the implicit Keras
    mask of the inputs takes its place. A query that may attend to nothing gets a
    weighted sum of nothing: zeros (before the output bias).

    Args:
        num_heads: int `H`.
        key_dim: int, the width of one head. Defaults to the input width `D` divided
            by `num_heads`, which must then be exact: 256 in 3 heads would quietly
            become 3 x 85 = 255.
        dropout: float, the dropout rate of the attention weights.
        use_bias: bool, whether the four linear maps have biases.
        kernel_initializer: initializer of the four kernels.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        inputs: float tensor `(B, T, D)`.
        padding_mask: boolean tensor `(B, T)`, or `(B, S)` with a cache of length `S`;
            `True` for real tokens.
        attention_mask: boolean tensor that broadcasts to `(B, T, S)`; `True` = may
            attend.
        use_causal_mask: bool. Defaults to `False`.
        return_attention_scores: bool. If `True`, the weights `(B, H, T, S)` are
            returned as well (they are called scores, as in Keras).
        cache: keys and values, two float tensors `(B, H, S, key_dim)`, or `None`.
        cache_update_index: int or scalar tensor, the position of `inputs[:, 0]` in
            the cache. Keys and values of `inputs` are written there.

    Returns:
        The output `(B, T, D)`; followed by the weights if asked for; followed by the
        updated cache if one was given.

    Raises:
        ValueError: if `num_heads`, `key_dim` or `dropout` is out of range, the heads
            do not divide the width, the inputs or a mask are not of the rank above,
            or only one of `cache` and `cache_update_index` is given.

    Example:
    ```python
    layer = MultiHeadSelfAttention(num_heads=2)
    x = keras.random.normal((1, 5, 8))
    output, weights = layer(x, use_causal_mask=True, return_attention_scores=True)
    ```

    Reference:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.2.
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

    def build(self, input_shape: tuple) -> None:
        if len(input_shape) != 3:
            raise ValueError(
                "`inputs` must have shape (batch_size, sequence_length, hidden_dim). "
                f"Received: inputs.shape={tuple(input_shape)}"
            )
        hidden_dim = input_shape[-1]
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
        for layer in (self.query, self.key, self.value):
            layer.build(input_shape)
        self.attention_output.build((*input_shape[:2], self.num_heads, self.head_dim))
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

    def call(
        self,
        inputs,
        padding_mask=None,
        attention_mask=None,
        use_causal_mask=False,
        return_attention_scores=False,
        cache=None,
        cache_update_index=None,
        training=None,
        mask=None,
    ):
        if (cache is None) != (cache_update_index is None):
            raise ValueError(
                "`cache` and `cache_update_index` must be given together. Received: "
                f"cache={'None' if cache is None else 'a tensor'}, "
                f"cache_update_index={cache_update_index}"
            )
        query, key, value = (
            ops.transpose(project(inputs), (0, 2, 1, 3))  # (B, H, T, K)
            for project in (self.query, self.key, self.value)
        )
        if cache is not None:
            start = (0, 0, cache_update_index, 0)
            key, value = cache = tuple(
                ops.slice_update(old, start, ops.cast(new, old.dtype))
                for old, new in zip(cache, (key, value), strict=True)
            )  # (B, H, S, K)

        # Scaled before the product: float16 scores overflow later.
        query = query * ops.cast(self.head_dim**-0.5, query.dtype)
        scores = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))  # (B, H, T, S)
        allowed = self._allowed(
            query,
            key,
            padding_mask if padding_mask is not None else mask,
            attention_mask,
            use_causal_mask,
            cache_update_index,
        )
        weights = masking.masked_softmax(scores, allowed)
        dropped = self.dropout_layer(weights, training=training)
        output = ops.transpose(ops.matmul(dropped, value), (0, 2, 1, 3))
        output = self.attention_output(output)  # (B, T, D)

        extras = [weights] if return_attention_scores else []
        extras += [cache] if cache is not None else []
        return (output, *extras) if extras else output

    def _allowed(
        self, query, key, padding_mask, attention_mask, use_causal_mask, offset
    ):
        """Merge the masks into one that broadcasts to `(B, H, T, S)`, or `None`."""
        _check_masks(padding_mask, attention_mask, key.shape[2])
        merged = attention_mask
        if padding_mask is not None:
            merged = masking.merge_masks(
                merged, masking.padding_mask_to_attention(padding_mask)
            )
        if use_causal_mask:
            causal = masking.causal_mask(ops.shape(query)[2], ops.shape(key)[2], offset)
            merged = masking.merge_masks(merged, causal)
        if merged is None or len(merged.shape) == 2:
            return merged
        return merged[:, None, :, :]  # one mask for all heads

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
