"""What a block and a decoder share: two of their parts, and what is around each."""

from typing import Any

import keras

from course_lib.layers.multi_head_self_attention import MultiHeadSelfAttention


class TransformerLayer(keras.layers.Layer):
    """Self-attention and a feed-forward network, each with a residual and a norm.

    The common part of `TransformerBlock` and `TransformerDecoder`, which put the parts
    together.

    Args:
        intermediate_dim: int, the inner width of the feed-forward network.
        num_heads: int.
        key_dim: int or `None`, see `MultiHeadSelfAttention`.
        dropout: float, the dropout rate of the sub-layers' outputs.
        activation: the activation inside the feed-forward network.
        layer_norm_epsilon: float.
        normalize_first: bool. Whether a sub-layer `f` computes `x + f(norm(x))`
            instead of `norm(x + f(x))`.
        **kwargs: passed to `keras.layers.Layer`.

    Raises:
        ValueError: if `intermediate_dim` or `dropout` is out of range.
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

    def _build(self, shape: tuple) -> None:
        """Build the two parts for `(B, T, D)`."""
        self.self_attention.build(shape)
        self.self_attention_norm.build(shape)
        self.feedforward_intermediate.build(shape)
        self.feedforward_output = keras.layers.Dense(
            shape[-1], dtype=self.dtype_policy, name="feedforward_output"
        )
        self.feedforward_output.build((*shape[:-1], self.intermediate_dim))
        self.feedforward_norm.build(shape)
        self.built = True

    def _attend_to_itself(self, x, training, **options):
        """The self-attention part, and what else the attention returned."""
        return self._with_residual(
            lambda x: self.self_attention(x, training=training, **options),
            x,
            self.self_attention_norm,
            self.self_attention_dropout,
            training,
        )

    def _feed_forward(self, x, training):
        return self._with_residual(
            lambda x: self.feedforward_output(self.feedforward_intermediate(x)),
            x,
            self.feedforward_norm,
            self.feedforward_dropout,
            training,
        )[0]

    def _with_residual(self, function, x, norm, dropout, training):
        """`x + f(norm(x))` or `norm(x + f(x))`, then what else `f` returned."""
        changed = function(norm(x) if self.normalize_first else x)
        changed, *extras = changed if isinstance(changed, tuple) else (changed,)
        x = x + dropout(changed, training=training)
        return (x if self.normalize_first else norm(x), *extras)

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
        }
