"""Multi-head self-attention from scratch."""

import keras
from keras import ops

from course_lib import masking
from course_lib.layers.multi_head_attention import (
    MultiHeadAttention,
    check_sequence,
    merge_for_heads,
    write_cache,
)


@keras.saving.register_keras_serializable(package="course_lib")
class MultiHeadSelfAttention(MultiHeadAttention):
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

    def build(self, input_shape: tuple) -> None:
        check_sequence("inputs", input_shape)
        self._build(input_shape, input_shape)

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
        inputs_mask=None,
    ):
        if (cache is None) != (cache_update_index is None):
            raise ValueError(
                "`cache` and `cache_update_index` must be given together. Received: "
                f"cache={'None' if cache is None else 'a tensor'}, "
                f"cache_update_index={cache_update_index}"
            )
        query, key, value = (
            self._heads(project, inputs)  # (B, H, T, K)
            for project in (self.query, self.key, self.value)
        )
        if cache is not None:
            key, value = cache = tuple(
                write_cache(old, new, cache_update_index)
                for old, new in zip(cache, (key, value), strict=True)
            )  # (B, H, S, K)
        causal_mask = None
        if use_causal_mask:
            causal_mask = masking.causal_mask(
                ops.shape(query)[2], ops.shape(key)[2], cache_update_index
            )
        if padding_mask is None:  # Keras fills in the second where tensors are several
            padding_mask = mask if mask is not None else inputs_mask
        merged = merge_for_heads(
            padding_mask,
            attention_mask,
            causal_mask,
            key.shape[2],
        )
        output, weights = self._attend(query, key, value, merged, training)
        extras = [weights] if return_attention_scores else []
        extras += [cache] if cache is not None else []
        return (output, *extras) if extras else output
