"""A GPT-2 that trains fast, and how well it predicts: for the card of its preset."""

from typing import Any

import keras_hub
import numpy as np
from keras import ops

from course_lib import datasets, metrics
from course_lib.commands.cards import BASELINES
from course_lib.losses import fused_cross_entropy
from course_lib.models.fused_causal_lm import FusedCausalLM
from course_lib.ngrams import NGramModel

BATCH_SIZE = 16


class FusedGPT2(FusedCausalLM):
    """A `GPT2Backbone` whose training never holds all logits.

    Args:
        backbone: a `keras_hub.models.GPT2Backbone`; it is trained in place.
    """

    def __init__(self, backbone: keras_hub.models.GPT2Backbone) -> None:
        self.backbone = backbone
        self.preprocessor = None
        inputs = backbone.input
        logits = backbone.token_embedding(backbone(inputs), reverse=True)
        super().__init__(inputs=inputs, outputs=logits)

    def _nats_of_hidden_states(self, hidden_states, y, sample_weight, training):
        kernel = ops.transpose(self.backbone.token_embedding.embeddings)  # (D, V)
        return fused_cross_entropy(
            hidden_states, y, kernel, None, sample_weight, needs_gradient=training
        )


def all_tokens(token_ids: np.ndarray, window: int) -> datasets.TokenBatches:
    """Batches in which each token is a label once; the last predicts the first."""
    return datasets.TokenBatches(
        token_ids,
        BATCH_SIZE,
        window,
        shuffle=False,
        drop_remainder=False,
    )


def evaluate(
    gpt2: keras_hub.models.GPT2CausalLM,
    texts: list[str],
    token_ids: np.ndarray,
    training_ids: np.ndarray,
) -> dict[str, Any]:
    """Nats, perplexity and bits per byte beside baselines, all on the test tokens."""
    gpt = FusedGPT2(gpt2.backbone)
    gpt.compile()
    logs = gpt.evaluate(
        all_tokens(token_ids, gpt2.backbone.max_sequence_length),
        verbose=0,
        return_dict=True,
    )
    nats = float(np.log(logs["perplexity"]))
    num_bytes = sum(len(text.encode()) + 1 for text in texts)  # the end is one
    vocabulary_size = gpt2.backbone.vocabulary_size
    row, training_row = in_one_row(token_ids), in_one_row(training_ids)
    baselines = {
        name: NGramModel(order, vocabulary_size + 1)
        .fit(training_row)
        .nats_per_token(row)
        for order, name in BASELINES.items()
    }
    return {
        "nats_per_token": round(nats, 4),
        "perplexity": round(float(logs["perplexity"]), 2),
        "bits_per_byte": round(
            metrics.bits_per_byte(nats * len(token_ids), num_bytes), 4
        ),
        "tokens": len(token_ids),
        "unknown_share": 0.0,  # all bytes are known
        "baseline_nats_per_token": {
            name: round(value, 4) for name, value in baselines.items()
        },
    }


def in_one_row(token_ids: np.ndarray) -> np.ndarray:
    """For n-gram models `(1, N + 1)`: the same labels, and 0 for the padding there.

    They see all that comes before a token, also beyond the window.
    """
    return np.concatenate([token_ids[-1:], token_ids]).astype("int64")[None] + 1
