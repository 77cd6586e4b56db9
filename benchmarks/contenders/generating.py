"""Contenders that generate, in Keras: the published callback, KerasHub, and ours.

All models have random weights, none may stop early, all draw from the 10 likeliest.
"""

from collections.abc import Callable
from typing import Any

import keras
import keras_hub
import numpy as np

from benchmarks.contenders import published_mini_gpt, recipes
from benchmarks.contenders.tokens import SEED, K, timed
from course_lib import samplers
from course_lib.models import MiniGPTCausalLM


def callback(**sizes: Any):
    """The published callback: one `model.predict` a token, one text at a time."""
    keras.utils.set_random_seed(SEED)
    model = published_mini_gpt.build(**sizes)

    def complete(ids: np.ndarray, max_length: int) -> list[list[int]]:
        return [
            published_mini_gpt.generate(
                model, row, max_length - len(row), sizes["sequence_length"], k=K
            )
            for row in ids.tolist()
        ]

    return timed(complete, sizes["vocabulary_size"])


def ours_published(**sizes: Any):
    """Ours with the architecture of the published model."""
    keras.utils.set_random_seed(SEED)
    gpt = recipes.same_architecture("float32", **sizes)
    gpt.compile(sampler=samplers.TopKSampler(k=K, seed=SEED))
    return timed(by_ids(gpt), sizes["vocabulary_size"])


def ours(jit_compile: bool | str = "auto", **sizes: Any):
    """Ours built like GPT-2: norms first, tied weights, logits without a bias."""
    keras.utils.set_random_seed(SEED)
    backbone = recipes.backbone(
        **sizes,
        dropout=0.0,
        activation="gelu",
        normalize_first=True,
        tie_weights=True,
        reverse_bias=False,
    )
    gpt = MiniGPTCausalLM(backbone)
    sampler = samplers.TopKSampler(k=K, seed=SEED)
    gpt.compile(sampler=sampler, jit_compile=jit_compile)
    return timed(by_ids(gpt), sizes["vocabulary_size"])


def keras_hub_gpt2(sequence_length: int, **sizes: Any):
    """KerasHub's GPT-2."""
    keras.utils.set_random_seed(SEED)
    backbone = keras_hub.models.GPT2Backbone(
        max_sequence_length=sequence_length, dropout=0.0, dtype="float32", **sizes
    )
    gpt = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    gpt.compile(sampler=keras_hub.samplers.TopKSampler(k=K, seed=SEED))
    return timed(by_ids(gpt), sizes["vocabulary_size"])


def by_ids(gpt: keras_hub.models.CausalLM) -> Callable[[np.ndarray, int], Any]:
    """How a KerasHub task without a preprocessor completes prompts."""

    def complete(ids: np.ndarray, max_length: int) -> np.ndarray:
        padded = np.pad(ids, [[0, 0], [0, max_length - ids.shape[1]]])
        inputs = {"token_ids": padded, "padding_mask": padded != 0}
        outputs = gpt.generate(inputs, stop_token_ids=None)
        return keras.ops.convert_to_numpy(outputs["token_ids"])

    return complete
