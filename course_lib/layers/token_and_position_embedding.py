"""Where a model starts: what the token is plus where it stands."""

from typing import Any

import keras
from keras import ops

from course_lib.layers.token_embedding import TokenEmbedding


@keras.saving.register_keras_serializable(package="course_lib")
class TokenAndPositionEmbedding(keras.layers.Layer):
    """The sum of a learned token embedding and a learned position embedding.

    Args:
        vocabulary_size: int `V`.
        sequence_length: int, the number of positions; no sequence may be longer.
        embedding_dim: int `D`.
        tie_weights: bool. Whether `token_embedding(x, reverse=True)`, which gives
            logits, uses the embedding matrix or a matrix of its own.
        reverse_bias: bool. Whether those logits have a bias.
        mask_zero: bool. If `True`, token 0 is padding and an implicit Keras mask is
            passed on.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        inputs: int tensor `(B, T)` of token ids below `vocabulary_size`.
        start_index: int or scalar tensor, the position of `inputs[:, 0]`.

    Returns:
        A float tensor `(B, T, D)`.

    Raises:
        ValueError: if a size is below 1, the inputs are not integers of rank 2, or
            they are longer than `sequence_length`.

    Example:
    ```python
    layer = TokenAndPositionEmbedding(100, sequence_length=10, embedding_dim=8)
    embeddings = layer(np.array([[3, 14, 15]]))  # (1, 3, 8)
    ```

    Reference:
        Gehring et al., "Convolutional Sequence to Sequence Learning" (2017), section
        3.1, for learned positions.
    """

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        embedding_dim: int,
        tie_weights: bool = True,
        reverse_bias: bool = False,
        mask_zero: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        sizes = {
            "vocabulary_size": vocabulary_size,
            "sequence_length": sequence_length,
            "embedding_dim": embedding_dim,
        }
        for name, value in sizes.items():
            if value < 1:
                raise ValueError(
                    f"`{name}` must be at least 1. Received: {name}={value}"
                )
        self.vocabulary_size = vocabulary_size
        self.sequence_length = sequence_length
        self.embedding_dim = embedding_dim
        self.tie_weights = tie_weights
        self.reverse_bias = reverse_bias
        self.mask_zero = mask_zero
        self.supports_masking = True
        self.token_embedding = TokenEmbedding(
            vocabulary_size,
            embedding_dim,
            tie_weights=tie_weights,
            reverse_bias=reverse_bias,
            dtype=self.dtype_policy,
            name="token_embedding",
        )
        self.position_embedding = keras.layers.Embedding(
            sequence_length,
            embedding_dim,
            dtype=self.dtype_policy,
            name="position_embedding",
        )

    def build(self, input_shape: tuple) -> None:
        if len(input_shape) != 2:
            raise ValueError(
                "`inputs` must have shape (batch_size, sequence_length). "
                f"Received: inputs.shape={tuple(input_shape)}"
            )
        self.token_embedding.build(input_shape)
        self.position_embedding.build(input_shape[1:])
        self.built = True

    def call(self, inputs, start_index=0):
        dtype = keras.backend.standardize_dtype(inputs.dtype)
        if "int" not in dtype:
            raise ValueError(
                f"`inputs` must be integer token ids. Received: dtype={dtype}"
            )
        length = inputs.shape[1]
        if length is not None and length > self.sequence_length:
            raise ValueError(
                "`inputs` must not be longer than `sequence_length` "
                f"({self.sequence_length} positions). Received: "
                f"inputs.shape={tuple(inputs.shape)}"
            )
        positions = ops.arange(ops.shape(inputs)[1], dtype="int32") + start_index
        return self.token_embedding(inputs) + self.position_embedding(positions)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: tuple, **kwargs: Any) -> tuple:
        return (*input_shape, self.embedding_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "sequence_length": self.sequence_length,
            "embedding_dim": self.embedding_dim,
            "tie_weights": self.tie_weights,
            "reverse_bias": self.reverse_bias,
            "mask_zero": self.mask_zero,
        }
