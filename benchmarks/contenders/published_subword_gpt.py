"""The published sub-word GPT, written from its description with KerasHub's layers.

Two decoder blocks that normalise after each part, with 3 heads at a width of 256 (so
85 a head), learned positions, padding masked as token 0, an output layer of its own;
Adam as it comes; float32.

Reference:
    Chan, "GPT text generation from scratch with KerasHub" (2022),
    https://keras.io/examples/generative/text_generation_gpt/
"""

import keras
import keras_hub


def build(
    vocabulary_size: int,
    sequence_length: int,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    intermediate_dim: int,
) -> keras.Model:
    """The compiled model: ids `(B, T)` to logits `(B, T, V)`."""
    inputs = keras.layers.Input(shape=(None,), dtype="int32")
    x = keras_hub.layers.TokenAndPositionEmbedding(
        vocabulary_size=vocabulary_size,
        sequence_length=sequence_length,
        embedding_dim=hidden_dim,
        mask_zero=True,
    )(inputs)
    for _ in range(num_layers):
        x = keras_hub.layers.TransformerDecoder(
            num_heads=num_heads, intermediate_dim=intermediate_dim
        )(x)
    model = keras.Model(inputs, keras.layers.Dense(vocabulary_size)(x))
    model.compile(
        "adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    return model
