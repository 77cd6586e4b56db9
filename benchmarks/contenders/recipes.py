"""Our training recipes. What "ours as recommended" means stands here and only here."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.harness.data import Tokens
from benchmarks.harness.sizes import BATCH_SIZE
from course_lib.models import MiniGPTBackbone, MiniGPTCausalLM, published
from course_lib.ngrams import NGramModel

SEED = 0

RECOMMENDED: dict[str, Any] = {
    "backbone": {
        "dropout": 0.0,
        "normalize_first": True,
        "tie_weights": True,
        "reverse_bias": True,
        "dtype": "mixed_bfloat16",
    },
    "batch_size": BATCH_SIZE,
    "learning_rate": 4e-3,
    "warmup": 1 / 18,  # share of all steps
    "weight_decay": 0.01,
    "clipnorm": 1.0,
}


def backbone(
    sequence_length: int, hidden_dim: int, dtype: Any = "float32", **settings: Any
) -> MiniGPTBackbone:
    """A backbone of the sizes in `benchmarks.harness.sizes`."""
    return MiniGPTBackbone(
        max_sequence_length=sequence_length,
        hidden_dim=hidden_dim,
        dtype=dtype,
        **settings,
    )


def same_architecture(dtype: Any, hidden_dim: int, **sizes: Any) -> MiniGPTCausalLM:
    """The published architecture and optimizer in our layers, with our loss."""
    architecture = published.config("mini_gpt")["backbone"]
    for size in ("max_sequence_length", "hidden_dim", *sizes):
        architecture.pop(size, None)
    architecture["key_dim"] = hidden_dim  # heads as wide as the model
    gpt = MiniGPTCausalLM(
        backbone(hidden_dim=hidden_dim, dtype=dtype, **{**architecture, **sizes})
    )
    gpt.compile(optimizer=keras.optimizers.Adam())
    return gpt


def recommended(tokens: Tokens, total_steps: int, **sizes: Any) -> MiniGPTCausalLM:
    """The model as we would train it, planned for `total_steps`."""
    gpt = MiniGPTCausalLM(backbone(**sizes, **RECOMMENDED["backbone"]))
    length = sizes["sequence_length"] + 1
    unigram = NGramModel(1, sizes["vocabulary_size"]).fit(tokens.documents(length))
    frequencies = unigram.next_token_probabilities([])
    gpt.backbone.token_embedding.bias.assign(np.log(np.maximum(frequencies, 1e-8)))

    warmup_steps = max(1, round(total_steps * RECOMMENDED["warmup"]))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, total_steps - warmup_steps),
        warmup_target=RECOMMENDED["learning_rate"],
        warmup_steps=warmup_steps,
        alpha=0.02,
    )
    gpt.compile(
        optimizer=keras.optimizers.AdamW(
            rate,
            weight_decay=RECOMMENDED["weight_decay"],
            clipnorm=RECOMMENDED["clipnorm"],
        )
    )
    return gpt


def recommended_dataset(
    tokens: Tokens, sequence_length: int, batch_size: int | None = None
) -> Any:
    """What `recommended` trains on: anything that `fit` takes and that does not end."""
    batch_size = batch_size or RECOMMENDED["batch_size"]
    return dataset(tokens, sequence_length, batch_size)


def dataset(tokens: Tokens, sequence_length: int, batch_size: int) -> tf.data.Dataset:
    """Shuffled batches without end, as `MiniGPTCausalLM.fit` takes them."""

    def pairs(ids):
        mask = tf.not_equal(ids, 0)
        inputs = {"token_ids": ids[:, :-1], "padding_mask": mask[:, :-1]}
        return inputs, ids[:, 1:], tf.cast(mask[:, 1:], "float32")

    return batches(tokens, sequence_length, batch_size).map(pairs).prefetch(2)


def plain_dataset(
    tokens: Tokens, sequence_length: int, batch_size: int
) -> tf.data.Dataset:
    """The same batches as inputs and labels only, for the published recipe."""
    shuffled = batches(tokens, sequence_length, batch_size)
    return shuffled.map(lambda ids: (ids[:, :-1], ids[:, 1:])).prefetch(2)


def batches(tokens: Tokens, sequence_length: int, batch_size: int) -> tf.data.Dataset:
    """Ids `(batch_size, sequence_length + 1)`, shuffled alike for everyone."""
    ids = tokens.documents(sequence_length + 1).astype("int32")
    shuffled = tf.data.Dataset.from_tensor_slices(ids).shuffle(len(ids), seed=SEED)
    return shuffled.repeat().batch(batch_size, drop_remainder=True)
