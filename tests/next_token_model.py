"""The smallest model that is trained on next tokens, with dropout and a metric."""

import keras
from keras import layers, ops

VOCABULARY_SIZE = 12


def next_token_model(dropout=0.3, width=4, optimizer=None, **compile_arguments):
    """A compiled model that takes `token_ids` and `padding_mask`."""
    token_ids = keras.Input((None,), dtype="int32", name="token_ids")
    padding_mask = keras.Input((None,), dtype="int32", name="padding_mask")
    x = layers.Embedding(VOCABULARY_SIZE, width)(token_ids)
    x = x * ops.cast(padding_mask, "float32")[:, :, None]
    x = layers.Dropout(dropout)(x)
    inputs = {"token_ids": token_ids, "padding_mask": padding_mask}
    model = keras.Model(inputs, layers.Dense(VOCABULARY_SIZE)(x))
    model.compile(
        optimizer or keras.optimizers.AdamW(0.05, weight_decay=0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=["accuracy"],
        **compile_arguments,
    )
    return model
