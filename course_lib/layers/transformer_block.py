"""One block of a transformer: attention, then a small network for each position."""

from typing import Any

import keras

from course_lib.layers.transformer_layer import TransformerLayer


@keras.saving.register_keras_serializable(package="course_lib")
class TransformerBlock(TransformerLayer):
    """Self-attention and a feed-forward network, each with a residual and a norm.

    With `normalize_first=False` (as first published) a sub-layer `f` computes
    `norm(x + f(x))`; with `normalize_first=True` (as in GPT-2) `x + f(norm(x))`, and
    the model needs one more norm after its last block.

    With `causal=True` no position sees a later one and a stack of blocks is a GPT;
    with `causal=False` it is an encoder. Padding is hidden as in
    `MultiHeadSelfAttention`; an implicit Keras mask is used and passed on.

    Args:
        intermediate_dim: int, the inner width of the feed-forward network.
        num_heads: int.
        key_dim: int or `None`, see `MultiHeadSelfAttention`.
        dropout: float, the dropout rate of both sub-layers' outputs.
        activation: the activation inside the feed-forward network.
        layer_norm_epsilon: float.
        normalize_first: bool.
        causal: bool.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        inputs: float tensor `(B, T, D)`.
        padding_mask: boolean tensor `(B, T)`, `True` for real tokens.
        attention_mask: boolean tensor that broadcasts to `(B, T, S)`.
        return_attention_scores: bool. If `True`, the weights `(B, H, T, S)` follow.
        cache: two float tensors `(B, H, S, key_dim)`, keys and values, or `None`.
        cache_update_index: int or scalar tensor, given together with `cache`.

    Returns:
        The output `(B, T, D)`, then the weights if asked for, then the updated cache
        if one was given.

    Raises:
        ValueError: if `intermediate_dim` or `dropout` is out of range; see
            `MultiHeadSelfAttention` for the rest.

    Example:
    ```python
    block = TransformerBlock(intermediate_dim=32, num_heads=2)
    output = block(keras.random.normal((1, 5, 8)))  # (1, 5, 8)
    ```

    Reference:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.1; Xiong et al.,
        "On Layer Normalization in the Transformer Architecture" (2020).
    """

    def __init__(
        self,
        intermediate_dim: int,
        num_heads: int,
        key_dim: int | None = None,
        dropout: float = 0.0,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-6,
        normalize_first: bool = False,
        causal: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            intermediate_dim,
            num_heads,
            key_dim=key_dim,
            dropout=dropout,
            activation=activation,
            layer_norm_epsilon=layer_norm_epsilon,
            normalize_first=normalize_first,
            **kwargs,
        )
        self.causal = causal

    def build(self, input_shape: tuple) -> None:
        self._build(input_shape)

    def call(
        self,
        inputs,
        padding_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        cache=None,
        cache_update_index=None,
        training=None,
        mask=None,
        inputs_mask=None,
    ):
        if padding_mask is None:  # Keras fills in the second where tensors are several
            padding_mask = mask if mask is not None else inputs_mask
        x, *extras = self._attend_to_itself(
            inputs,
            padding_mask=padding_mask,
            attention_mask=attention_mask,
            use_causal_mask=self.causal,
            return_attention_scores=return_attention_scores,
            cache=cache,
            cache_update_index=cache_update_index,
            training=training,
        )
        x = self._feed_forward(x, training)
        return (x, *extras) if extras else x

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "causal": self.causal}
