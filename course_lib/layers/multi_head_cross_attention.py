"""Multi-head cross-attention: one sequence asks, another answers."""

from typing import Any

import keras

from course_lib.layers.multi_head_attention import (
    MultiHeadAttention,
    check_sequence,
    merge_for_heads,
    write_cache,
)


@keras.saving.register_keras_serializable(package="course_lib")
class MultiHeadCrossAttention(MultiHeadAttention):
    r"""Scaled dot-product attention of one sequence to another, in several heads.

    As `MultiHeadSelfAttention`, but keys and values are linear maps of a `source`, such
    as the text to be translated, and only the queries come from the inputs. The source
    may have a length and a width of its own.

    The masks are those of the *source*: what is padding in the inputs hides nothing
    here. Without a `padding_mask` the implicit Keras mask of the source takes its
    place; that of the inputs is passed on. Where a whole source is padding, each query
    gets zeros (before the output bias).

    Args:
        num_heads: int `H`.
        key_dim: int or `None`, see `MultiHeadSelfAttention`; `None` divides the width
            `D` of the inputs.
        dropout: float, the dropout rate of the attention weights.
        use_bias: bool, whether the four linear maps have biases.
        kernel_initializer: initializer of the four kernels.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        inputs: float tensor `(B, T, D)`, from which the queries come.
        source: float tensor `(B, S, E)`, from which keys and values come. May be left
            out when a `cache` holds them.
        padding_mask: boolean tensor `(B, S)`, `True` for real tokens of the source.
        attention_mask: boolean tensor that broadcasts to `(B, T, S)`; `True` = may
            attend.
        return_attention_scores: bool. If `True`, the weights `(B, H, T, S)` are
            returned as well.
        cache: keys and values, two float tensors `(B, H, S, key_dim)`, or `None`.
        cache_update_index: int or scalar tensor, where in the cache the keys and values
            of `source` are written; `None` takes the cache as it is, so that a source
            is projected once for all steps of a generation.

    Returns:
        The output `(B, T, D)`; followed by the weights if asked for; followed by the
        cache if one was given.

    Raises:
        ValueError: if `num_heads`, `key_dim` or `dropout` is out of range, the heads
            do not divide the width, a sequence or a mask is not of the rank above, or
            `source`, `cache` and `cache_update_index` do not go together.

    Example:
    ```python
    layer = MultiHeadCrossAttention(num_heads=2)
    target, source = keras.random.normal((1, 3, 8)), keras.random.normal((1, 5, 8))
    output, weights = layer(target, source, return_attention_scores=True)
    ```

    Reference:
        Bahdanau et al., "Neural Machine Translation by Jointly Learning to Align and
        Translate" (2015); Vaswani et al., "Attention Is All You Need" (2017), section
        3.2.
    """

    def build(self, inputs_shape: tuple, source_shape: tuple | None = None) -> None:
        if source_shape is None:
            raise ValueError("`source` must be given in the first call. Received: None")
        check_sequence("inputs", inputs_shape)
        check_sequence("source", source_shape)
        self._build(inputs_shape, source_shape)

    def call(
        self,
        inputs,
        source=None,
        padding_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        cache=None,
        cache_update_index=None,
        training=None,
        source_mask=None,
    ):
        if cache_update_index is None:
            fits = source is not None or cache is not None
        else:
            fits = source is not None and cache is not None
        if not fits:
            raise ValueError(
                "`source` or `cache` must be given, and with `cache_update_index` both."
                f" Received: source={_said(source)}, cache={_said(cache)}, "
                f"cache_update_index={cache_update_index}"
            )
        query = self._heads(self.query, inputs)  # (B, H, T, K)
        if cache is None or cache_update_index is not None:
            new = self._heads(self.key, source), self._heads(self.value, source)
        if cache is None:
            key, value = new  # (B, H, S, K)
        elif cache_update_index is None:
            key, value = cache
        else:
            key, value = cache = tuple(
                write_cache(old, part, cache_update_index)
                for old, part in zip(cache, new, strict=True)
            )
        mask = merge_for_heads(
            padding_mask if padding_mask is not None else source_mask,
            attention_mask,
            None,
            key.shape[2],
        )
        output, weights = self._attend(query, key, value, mask, training)
        extras = [weights] if return_attention_scores else []
        extras += [cache] if cache is not None else []
        return (output, *extras) if extras else output


def _said(tensor: Any) -> str:
    return "None" if tensor is None else "a tensor"
