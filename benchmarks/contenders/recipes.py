"""Our training recipes. What "ours as recommended" means stands here and only here."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.contenders import variants
from benchmarks.harness.data import Tokens
from course_lib.datasets import TokenBatches
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTTokenizer,
    published,
)
from course_lib.ngrams import NGramModel
from course_lib.optimizers import AdamW

SEED = 0

RECOMMENDED: dict[str, Any] = {
    "backbone": {
        "dropout": 0.0,
        "normalize_first": False,
        "tie_weights": False,
        "reverse_bias": True,
        "dtype": "mixed_bfloat16",
    },
    "attention": None,  # or a class of `variants` around its projections
    "unigram_bias": True,
    "packing": False,
    "batch_size": 16,
    "optimizer": "adamw",  # or "adam", at a constant rate, or "muon"
    "learning_rate": 2e-3,
    "embedding_rate": 3.0,  # of the vocabulary's tables, over that of the others
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


def recommended(
    tokens: Tokens,
    total_steps: int,
    recipe: dict[str, Any] = RECOMMENDED,
    **sizes: Any,
) -> MiniGPTCausalLM:
    """The model as we would train it, planned for `total_steps`."""
    gpt = MiniGPTCausalLM(backbone(**{**sizes, **recipe["backbone"]}))
    if recipe["attention"]:
        wrapper = getattr(variants, recipe["attention"])
        variants.wrap_query_and_key(gpt.backbone, wrapper)
    if recipe["unigram_bias"]:
        length = sizes["sequence_length"] + 1
        unigram = NGramModel(1, sizes["vocabulary_size"]).fit(tokens.documents(length))
        frequencies = unigram.next_token_probabilities([])
        gpt.backbone.token_embedding.bias.assign(np.log(np.maximum(frequencies, 1e-8)))
    gpt.compile(optimizer=optimizer(recipe, total_steps))
    return gpt


def optimizer(recipe: dict[str, Any], total_steps: int) -> keras.optimizers.Optimizer:
    """The optimizer of a recipe; all but Adam warm up and decay along a cosine."""
    peak = recipe["learning_rate"]
    if recipe["optimizer"] == "adam":
        return keras.optimizers.Adam(peak)
    warmup_steps = max(1, round(total_steps * recipe["warmup"]))
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=max(1, total_steps - warmup_steps),
        warmup_target=peak,
        warmup_steps=warmup_steps,
        alpha=0.02,
    )
    if recipe["optimizer"] == "muon":  # which leaves embeddings to Adam
        return keras.optimizers.Muon(rate, exclude_layers=["embed"])
    return AdamW(
        rate,
        {"token_embedding": recipe["embedding_rate"]},
        weight_decay=recipe["weight_decay"],
        clipnorm=recipe["clipnorm"],
    )


def recommended_dataset(
    tokens: Tokens,
    sequence_length: int,
    batch_size: int | None = None,
    recipe: dict[str, Any] = RECOMMENDED,
) -> Any:
    """What `recommended` trains on: anything that `fit` takes and that does not end."""
    batch_size = batch_size or recipe["batch_size"]
    if not recipe["packing"]:
        return dataset(tokens, sequence_length, batch_size)
    ends = tokens.offsets[1:]
    token_ids = np.insert(tokens.train, ends, MiniGPTTokenizer.end_token_id)
    return TokenBatches(token_ids, batch_size, sequence_length, seed=SEED)


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
