"""What a trained GPT is worth, measured on the model as it is stored."""

import math
import os
import platform
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from course_lib import metrics, samplers, text
from course_lib.commands.fitting import Plan, Tokenizer
from course_lib.commands.training_folder import TrainingFolder
from course_lib.datasets import TokenBatches, encode_documents
from course_lib.datasets.from_text import TextCorpus
from course_lib.models import MiniGPTBackbone, MiniGPTCausalLM
from course_lib.ngrams import NGramModel

BASELINES = {1: "unigram", 2: "interpolated bigram", 5: "interpolated 5-gram"}
SAMPLES = 10


def save_as_float16(gpt: MiniGPTCausalLM, folder: Path) -> None:
    """Save a preset of half the size; it is loaded as float32.

    Args:
        gpt: the model.
        folder: where to; what is there is overwritten.
    """
    config = {**gpt.backbone.get_config(), "dtype": "float16"}
    config.pop("name")
    stored = MiniGPTCausalLM(MiniGPTBackbone(**config), gpt.preprocessor)
    stored.backbone.set_weights(gpt.backbone.get_weights())
    stored.save_to_preset(str(folder))


def make_card(
    corpus: TextCorpus, plan: Plan, folder: TrainingFolder, command: str
) -> dict[str, Any]:
    """Load the stored model, measure it, and describe how it came about.

    Args:
        corpus: what it was trained on.
        plan: how it was trained.
        folder: where the model and the log of its training lie.
        command: the line that did it all.

    Returns:
        A dict, fit for JSON, of what the cards of the course's presets hold.
    """
    gpt = MiniGPTCausalLM.from_preset(str(folder.model))
    epochs = folder.epochs()
    report = corpus.report
    return {
        "name": folder.path.name,
        "data": corpus.source,
        "licence": corpus.licence,
        "sha256": corpus.sha256,
        "language": report.language,
        "words": report.words,
        "types": report.types,
        "held_out_by": report.split,
        "documents": {
            "train": len(corpus.train),
            "validation": len(corpus.validation),
            "test": len(corpus.test),
        },
        "training_tokens": len(plan.token_ids),
        "dtype_policy": plan.dtype,
        "recipe": {"size": plan.size, **plan.recipe},
        "parameters": gpt.count_params(),
        "seed": plan.seed,
        "wall_seconds": round(sum(epoch["seconds"] for epoch in epochs)),
        "machine": machine(),
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "date": date.today().isoformat(),
        "command": command,
        "validation_perplexity": [
            round(epoch["val_perplexity"], 2) for epoch in epochs
        ],
        "test": evaluate(gpt, plan.preprocessor.tokenizer, corpus.test, plan.token_ids),
        "samples": sample(gpt, plan.prompts, plan.seed),
    }


def machine() -> str:
    """The processor, its cores, and the GPUs that TensorFlow sees."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(g)["device_name"] for g in gpus]
    gpu = ", ".join(names) or "no GPU"
    return f"{platform.machine()}, {os.cpu_count()} cores, {gpu}"


def evaluate(
    gpt: MiniGPTCausalLM,
    tokenizer: Tokenizer,
    texts: Sequence[str],
    training_ids: NDArray[np.integer],
) -> dict[str, Any]:
    """Nats, perplexity and bits per byte of texts, beside n-gram models.

    All of them see the texts in the same windows: each token is predicted once, from
    those before it in its window.

    Args:
        gpt: the model.
        tokenizer: its tokenizer.
        texts: held-out documents.
        training_ids: `(N,)`, what the n-gram models count.

    Returns:
        A dict, fit for JSON.
    """
    batches = TokenBatches(
        encode_documents(texts, tokenizer.tokenize, tokenizer.end_token_id),
        batch_size=32,
        sequence_length=gpt.backbone.max_sequence_length,
        shuffle=False,
        drop_remainder=False,
    )
    perplexity = gpt.evaluate(batches, verbose=0, return_dict=True)["perplexity"]
    pairs = [batches.batch(0, i)[:2] for i in range(len(batches))]
    windows = np.concatenate(
        [np.concatenate([x["token_ids"][:, :1], y], axis=1) for x, y in pairs]
    )  # (N, T + 1)
    targets = windows[:, 1:]
    num_tokens = int((targets != tokenizer.pad_token_id).sum())
    nats = math.log(perplexity)
    vocabulary_size = gpt.backbone.vocabulary_size
    rows = in_rows(training_ids)
    return {
        "nats_per_token": round(nats, 4),
        "perplexity": round(perplexity, 2),
        "bits_per_byte": round(
            metrics.bits_per_byte(nats * num_tokens, _num_bytes(texts)), 4
        ),
        "tokens": num_tokens,
        "unknown_share": round(
            float((targets == tokenizer.unk_token_id).sum() / num_tokens), 4
        ),
        "baseline_nats_per_token": {
            name: round(
                NGramModel(order, vocabulary_size).fit(rows).nats_per_token(windows), 4
            )
            for order, name in BASELINES.items()
        },
    }


def in_rows(token_ids: NDArray[np.integer], length: int = 1000) -> NDArray[np.integer]:
    """One long text as rows `(N, length)`, padded, for n-gram models to count."""
    padding = -len(token_ids) % length
    return np.pad(token_ids, (0, padding)).reshape(-1, length)


def _num_bytes(texts: Sequence[str]) -> int:
    """Bytes of the standardised words, with a separator each, one for each end."""
    lengths = [tf.strings.length(text.split(document)) for document in texts]
    return sum(int(tf.reduce_sum(n)) + len(n) + 1 for n in lengths)


def sample(gpt: MiniGPTCausalLM, prompts: list[str], seed: int) -> list[dict[str, str]]:
    """Samples in the order they came, none left out."""
    gpt.compile(sampler=samplers.TopKSampler(k=10, seed=seed))
    repeated = (prompts * SAMPLES)[:SAMPLES]
    texts = gpt.generate(repeated, max_length=60)
    return [{"prompt": p, "text": t} for p, t in zip(repeated, texts, strict=True)]


def summary(card: dict[str, Any]) -> str:
    """The card in a few lines."""
    test = card["test"]
    baselines = test["baseline_nats_per_token"]
    bigram = baselines["interpolated bigram"]
    lines = [
        f"Held-out text: {test['nats_per_token']:.2f} nats a token, a perplexity of "
        f"{test['perplexity']:.1f}; {test['unknown_share']:.0%} unknown words",
        "Models that count: "
        + ", ".join(f"{name} {nats:.2f}" for name, nats in baselines.items()),
    ]
    if test["nats_per_token"] > bigram - 0.3:
        lines.append(
            "That is not 0.3 nats better than the bigram: it has learned little more "
            "than which words follow each other. More text would help most."
        )
    return "\n".join([*lines, "", card["samples"][0]["text"], ""])
