"""One block of a transformer: attention, then a small network for each position."""

from typing import Any

import keras

from course_lib.layers.multi_head_self_attention import MultiHeadSelfAttention


@keras.saving.register_keras_serializable(package="course_lib")
class TransformerBlock(keras.layers.Layer):
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
        super().__init__(**kwargs)
        if intermediate_dim < 1:
            raise ValueError(
                "`intermediate_dim` must be at least 1. "
                f"Received: intermediate_dim={intermediate_dim}"
            )
        if not 0 <= dropout < 1:
            raise ValueError(
                f"`dropout` must be in [0, 1). Received: dropout={dropout}"
            )
        self.intermediate_dim = intermediate_dim
        self.num_heads = num_heads
        self.key_dim = key_dim
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.normalize_first = normalize_first
        self.causal = causal
        self.supports_masking = True
        policy = self.dtype_policy
        self.self_attention = MultiHeadSelfAttention(
            num_heads, key_dim, dtype=policy, name="self_attention"
        )
        self.self_attention_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=policy, name="self_attention_norm"
        )
        self.self_attention_dropout = keras.layers.Dropout(
            dropout, dtype=policy, name="self_attention_dropout"
        )
        self.feedforward_intermediate = keras.layers.Dense(
            intermediate_dim,
            activation=self.activation,
            dtype=policy,
            name="feedforward_intermediate",
        )
        self.feedforward_norm = keras.layers.LayerNormalization(
            epsilon=layer_norm_epsilon, dtype=policy, name="feedforward_norm"
        )
        self.feedforward_dropout = keras.layers.Dropout(
            dropout, dtype=policy, name="feedforward_dropout"
        )

    def build(self, input_shape: tuple) -> None:
        self.self_attention.build(input_shape)
        self.self_attention_norm.build(input_shape)
        self.feedforward_intermediate.build(input_shape)
        self.feedforward_output = keras.layers.Dense(
            input_shape[-1], dtype=self.dtype_policy, name="feedforward_output"
        )
        self.feedforward_output.build((*input_shape[:-1], self.intermediate_dim))
        self.feedforward_norm.build(input_shape)
        self.built = True

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
    ):
        x = self.self_attention_norm(inputs) if self.normalize_first else inputs
        attended = self.self_attention(
            x,
            padding_mask=padding_mask if padding_mask is not None else mask,
            attention_mask=attention_mask,
            use_causal_mask=self.causal,
            return_attention_scores=return_attention_scores,
            cache=cache,
            cache_update_index=cache_update_index,
            training=training,
        )
        attended, extras = (
            (attended[0], attended[1:])
            if isinstance(attended, tuple)
            else (attended, ())
        )
        x = inputs + self.self_attention_dropout(attended, training=training)
        x = x if self.normalize_first else self.self_attention_norm(x)

        residual = x
        x = self.feedforward_norm(x) if self.normalize_first else x
        x = self.feedforward_output(self.feedforward_intermediate(x))
        x = residual + self.feedforward_dropout(x, training=training)
        x = x if self.normalize_first else self.feedforward_norm(x)
        return (x, *extras) if extras else x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "intermediate_dim": self.intermediate_dim,
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "normalize_first": self.normalize_first,
            "causal": self.causal,
        }
