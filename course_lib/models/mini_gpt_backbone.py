"""The body of a mini-GPT: embeddings, then causal transformer blocks."""

from typing import Any

import keras
import keras_hub

from course_lib import layers
from course_lib.models.token_ids import check_token_ids


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTBackbone(keras_hub.models.Backbone):
    """A GPT without its output layer: token ids in, hidden states out.

    The defaults build the mini-GPT of the published tutorials: normalisation after
    each sub-layer, an output layer of its own with a bias.

    Call it with `{"token_ids": (B, T) int, "padding_mask": (B, T)}`, `T` at most
    `max_sequence_length`; it returns hidden states `(B, T, D)`. Real tokens never see
    padding, nor any token a later one.

    Args:
        vocabulary_size: int `V`.
        num_layers: int, the number of transformer blocks.
        num_heads: int `H`.
        hidden_dim: int `D`.
        intermediate_dim: int, the inner width of the feed-forward networks.
        max_sequence_length: int, the window: how many tokens the model can see.
        key_dim: int or `None`, the width of one head. Defaults to `D / H`.
        dropout: float, the dropout rate after each sub-layer.
        activation: the activation inside the feed-forward networks.
        layer_norm_epsilon: float.
        normalize_first: bool. If `True`, each sub-layer is normalised before it, and
            the output once more after the last block.
        tie_weights: bool. Whether the output layer is the embedding's transpose.
        reverse_bias: bool. Whether the output layer has a bias.
        dtype: str or `keras.DTypePolicy`.
        **kwargs: passed to `keras_hub.models.Backbone`.

    Raises:
        ValueError: if a size is below 1 or the heads do not divide the width.

    Example:
    ```python
    backbone = MiniGPTBackbone(
        vocabulary_size=1000,
        num_layers=1,
        num_heads=2,
        hidden_dim=32,
        intermediate_dim=32,
        max_sequence_length=20,
    )
    token_ids = np.array([[5, 6, 0]])
    hidden_states = backbone({"token_ids": token_ids, "padding_mask": token_ids != 0})
    ```

    Reference:
        Radford et al., "Improving Language Understanding by Generative Pre-Training"
        (2018), section 3.1.
    """

    def __init__(
        self,
        vocabulary_size: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
        max_sequence_length: int,
        key_dim: int | None = None,
        dropout: float = 0.1,
        activation: Any = "relu",
        layer_norm_epsilon: float = 1e-6,
        normalize_first: bool = False,
        tie_weights: bool = False,
        reverse_bias: bool = True,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        sizes = {
            "num_layers": num_layers,
            "hidden_dim": hidden_dim,
            "max_sequence_length": max_sequence_length,
        }
        for name, value in sizes.items():  # the layers check the rest
            if value < 1:
                raise ValueError(
                    f"`{name}` must be at least 1. Received: {name}={value}"
                )
        # === Layers ===
        self.embeddings = layers.TokenAndPositionEmbedding(
            vocabulary_size,
            max_sequence_length,
            hidden_dim,
            tie_weights=tie_weights,
            reverse_bias=reverse_bias,
            dtype=dtype,
            name="embeddings",
        )
        self.transformer_layers = [
            layers.TransformerBlock(
                intermediate_dim,
                num_heads,
                key_dim=key_dim,
                dropout=dropout,
                activation=activation,
                layer_norm_epsilon=layer_norm_epsilon,
                normalize_first=normalize_first,
                dtype=dtype,
                name=f"transformer_layer_{i}",
            )
            for i in range(num_layers)
        ]
        self.layer_norm = None
        if normalize_first:
            self.layer_norm = keras.layers.LayerNormalization(
                epsilon=layer_norm_epsilon, dtype=dtype, name="layer_norm"
            )

        # === Functional model ===
        token_ids = keras.Input(shape=(None,), dtype="int32", name="token_ids")
        padding_mask = keras.Input(shape=(None,), dtype="int32", name="padding_mask")
        x = self.embeddings(token_ids)
        for transformer_layer in self.transformer_layers:
            x = transformer_layer(x, padding_mask=padding_mask)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        super().__init__(
            inputs={"token_ids": token_ids, "padding_mask": padding_mask},
            outputs=x,
            dtype=dtype,
            **kwargs,
        )

        # === Config ===
        self.vocabulary_size = vocabulary_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.hidden_dim = hidden_dim
        self.intermediate_dim = intermediate_dim
        self.max_sequence_length = max_sequence_length
        self.key_dim = key_dim
        self.dropout = dropout
        self.activation = keras.activations.get(activation)
        self.layer_norm_epsilon = layer_norm_epsilon
        self.normalize_first = normalize_first
        self.tie_weights = tie_weights
        self.reverse_bias = reverse_bias

    def call(self, inputs, training=None, mask=None, **kwargs):
        check_token_ids(inputs, self.max_sequence_length)
        return super().call(inputs, training=training, mask=mask, **kwargs)

    @property
    def token_embedding(self) -> layers.TokenEmbedding:
        """The layer that embeds tokens and, called in reverse, gives logits."""
        return self.embeddings.token_embedding

    def call_with_cache(self, token_ids, cache, cache_update_index):
        """Hidden states of new tokens, given the keys and values of earlier ones.

        Args:
            token_ids: int tensor `(B, T)`, the new tokens.
            cache: tuple with the keys and values of each block, two float tensors
                `(B, H, S, key_dim)`.
            cache_update_index: int or scalar tensor, the position of
                `token_ids[:, 0]`.

        Returns:
            The hidden states `(B, T, D)` and the updated cache.
        """
        x = self.embeddings(token_ids, start_index=cache_update_index)
        updated = []
        for transformer_layer, layer_cache in zip(
            self.transformer_layers, cache, strict=True
        ):
            x, layer_cache = transformer_layer(
                x, cache=layer_cache, cache_update_index=cache_update_index
            )
            updated.append(layer_cache)
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        return x, tuple(updated)

    def empty_cache(self, batch_size: Any, length: int) -> tuple:
        """A cache of zeros that holds `length` tokens for each row."""
        head_dim = self.key_dim or self.hidden_dim // self.num_heads
        shape = (batch_size, self.num_heads, length, head_dim)
        zeros = keras.ops.zeros(shape, dtype=self.compute_dtype)
        return tuple((zeros, zeros) for _ in self.transformer_layers)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "hidden_dim": self.hidden_dim,
            "intermediate_dim": self.intermediate_dim,
            "max_sequence_length": self.max_sequence_length,
            "key_dim": self.key_dim,
            "dropout": self.dropout,
            "activation": keras.activations.serialize(self.activation),
            "layer_norm_epsilon": self.layer_norm_epsilon,
            "normalize_first": self.normalize_first,
            "tie_weights": self.tie_weights,
            "reverse_bias": self.reverse_bias,
        }
