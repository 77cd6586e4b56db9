"""Train a preset on real data and write it, with its card, into course_lib/presets.

    COURSE_DATA=/path/to/the/corpora python tools/train_presets.py mini_gpt_imdb

Killed and started again, it goes on from its last checkpoint (every 100 steps, in
`build/presets/`). Everything that the card states is measured here, on the stored
float16 weights.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import time
from datetime import date
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from course_lib import datasets, metrics, precision, samplers, text
from course_lib.callbacks import ResumableTraining
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)
from course_lib.ngrams import NGramModel
from course_lib.presets import PRESETS_DIR

BUILD_DIR = Path("build/presets")
SEED = 20

RECIPES = {
    "mini_gpt_imdb": {
        "vocabulary_size": 10_000,
        "backbone": {
            "num_layers": 2,
            "num_heads": 4,
            "hidden_dim": 256,
            "intermediate_dim": 1024,
            "max_sequence_length": 100,
            "dropout": 0.1,
            "normalize_first": True,
            "tie_weights": True,
        },
        "steps": 12_000,
        "batch_size": 32,
        "learning_rate": 2e-3,
    }
}
STEPS_PER_EPOCH = 500
PROMPTS = ("this movie is", "i", "the acting was", "when i first saw", "the director")
SAMPLES_PER_PROMPT = 4


def main(name: str, steps: int | None) -> None:
    """Train, store, reload, measure and write the card."""
    recipe = RECIPES[name]
    recipe = {**recipe, "steps": steps or recipe["steps"]}
    keras.utils.set_random_seed(SEED)
    corpus = datasets.imdb.load()
    tokenizer = MiniGPTTokenizer(
        text.compute_word_vocabulary(corpus.train, recipe["vocabulary_size"])
    )
    length = recipe["backbone"]["max_sequence_length"]
    preprocessor = MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=length)
    token_ids = datasets.encode_documents(
        corpus.train, tokenizer.tokenize, tokenizer.end_token_id
    )
    unigram = NGramModel(1, tokenizer.vocabulary_size()).fit(in_rows(token_ids))

    gpt = build(recipe, preprocessor, unigram)
    epochs = train(gpt, recipe, token_ids, corpus.validation[:640], BUILD_DIR / name)

    folder = PRESETS_DIR / name
    gpt_dtype = gpt.backbone.dtype_policy.name
    write_preset(gpt, preprocessor, folder)
    gpt = MiniGPTCausalLM.from_preset(str(folder))  # what users get: float16, rounded
    card = {
        "name": name,
        "data": corpus.source,
        "licence": corpus.licence,
        "sha256": corpus.sha256,
        "documents": {
            split: len(getattr(corpus, split))
            for split in ("train", "validation", "test")
        },
        "training_tokens": len(token_ids),
        "dtype_policy": gpt_dtype,
        "recipe": recipe,
        "parameters": gpt.count_params(),
        "seed": SEED,
        "wall_seconds": round(sum(epochs["seconds"])),
        "machine": machine(),
        "versions": {"keras": keras.__version__, "tensorflow": tf.__version__},
        "date": date.today().isoformat(),
        "command": f"python tools/train_presets.py {name}",
        f"validation_perplexity_every_{STEPS_PER_EPOCH}_steps": [
            round(float(value), 2) for value in epochs["val_perplexity"]
        ],
        "test": evaluate(gpt, corpus.test, token_ids),
        "samples": sample(gpt),
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["test"], indent=1))


def machine() -> str:
    """The processor, its cores, and the GPUs that TensorFlow sees."""
    gpus = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(g)["device_name"] for g in gpus]
    gpu = ", ".join(names) or "no GPU"
    return f"{platform.machine()}, {os.cpu_count()} cores, {gpu}"


def in_rows(token_ids: np.ndarray, length: int = 1000) -> np.ndarray:
    """One long text as rows `(N, length)`, padded, for n-gram models to count."""
    padding = -len(token_ids) % length
    return np.pad(token_ids, (0, padding)).reshape(-1, length)


def first_tokens(gpt, texts) -> np.ndarray:
    """Token ids `(N, T + 1)`, padded: the inputs of each text and its last label."""
    batches = tf.data.Dataset.from_tensor_slices(texts).batch(512).map(gpt.preprocessor)
    rows = [
        np.concatenate([x["token_ids"].numpy(), y.numpy()[:, -1:]], axis=1)
        for x, y, _ in batches
    ]
    return np.concatenate(rows)


def build(recipe, preprocessor, unigram) -> MiniGPTCausalLM:
    """The untrained model; its output bias knows how frequent each word is."""
    backbone = MiniGPTBackbone(
        vocabulary_size=preprocessor.tokenizer.vocabulary_size(),
        dtype=precision.fastest_policy(),
        **recipe["backbone"],
    )
    frequencies = unigram.next_token_probabilities([])
    bias = np.log(np.maximum(frequencies, 1e-8))
    backbone.token_embedding.bias.assign(bias)
    gpt = MiniGPTCausalLM(backbone, preprocessor)
    warmup_steps = recipe["steps"] // 18
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=recipe["steps"] - warmup_steps,
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup_steps,
        alpha=0.02,
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=0.01, clipnorm=1.0)
    gpt.compile(optimizer=optimizer)
    return gpt


class EpochTimer(keras.callbacks.Callback):
    """Logs the wall time of each epoch, validation included."""

    def on_epoch_begin(self, epoch, logs=None):
        """Start the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        """Log the seconds; callbacks that write logs must come later."""
        logs["seconds"] = round(time.perf_counter() - self.started, 1)


def train(gpt, recipe, token_ids, validation_texts, folder: Path) -> np.ndarray:
    """Train in short epochs; returns what was logged, all restarts together."""
    batches = datasets.TokenBatches(
        token_ids,
        recipe["batch_size"],
        recipe["backbone"]["max_sequence_length"],
        steps_per_epoch=STEPS_PER_EPOCH,
        seed=SEED,
    )
    log = folder.with_suffix(".csv")
    log.parent.mkdir(parents=True, exist_ok=True)
    gpt.fit(
        batches,
        epochs=recipe["steps"] // STEPS_PER_EPOCH,
        shuffle=False,
        validation_data=tf.data.Dataset.from_tensor_slices(validation_texts)
        .batch(32)
        .map(gpt.preprocessor)
        .cache(),
        verbose=2,
        callbacks=[
            EpochTimer(),
            keras.callbacks.CSVLogger(log, append=True),
            ResumableTraining(folder, batches, every=100),
        ],
    )
    return np.atleast_1d(np.genfromtxt(log, delimiter=",", names=True))


def write_preset(gpt, preprocessor, folder: Path) -> None:
    """Store the weights as float16: half the size, loaded as float32 by default."""
    config = {**gpt.backbone.get_config(), "dtype": "float16"}
    config.pop("name")
    stored = MiniGPTCausalLM(MiniGPTBackbone(**config), preprocessor, name=folder.name)
    stored.backbone.set_weights(gpt.backbone.get_weights())
    shutil.rmtree(folder, ignore_errors=True)
    stored.save_to_preset(str(folder))


def evaluate(gpt, texts, training_ids) -> dict:
    """Nats, perplexity and bits per byte beside baselines, all on the test tokens."""
    dataset = tf.data.Dataset.from_tensor_slices(texts).batch(32)
    perplexity = gpt.evaluate(dataset, verbose=0, return_dict=True)["perplexity"]
    nats = float(np.log(perplexity))
    ids = first_tokens(gpt, texts)
    targets = ids[:, 1:]
    num_tokens = int((targets != 0).sum())
    vocabulary_size = gpt.backbone.vocabulary_size
    baselines = {
        order: NGramModel(order, vocabulary_size).fit(in_rows(training_ids))
        for order in (1, 2, 5)
    }
    return {
        "nats_per_token": round(nats, 4),
        "perplexity": round(float(perplexity), 2),
        "bits_per_byte": round(
            metrics.bits_per_byte(nats * num_tokens, target_bytes(texts, ids)),
            4,
        ),
        "tokens": num_tokens,
        "unknown_share": round(float((targets == 1).sum() / num_tokens), 4),
        "baseline_nats_per_token": {
            {1: "unigram", 2: "interpolated bigram", 5: "interpolated 5-gram"}[order]: (
                round(model.nats_per_token(ids), 4)
            )
            for order, model in baselines.items()
        },
    }


def target_bytes(texts, ids) -> int:
    """Bytes of the standardised words that are predicted, one separator each."""
    total = 0
    for document, row in zip(texts, ids, strict=True):
        num_targets = int((row[1:] != 0).sum())
        words = text.split(document).numpy()[1 : 1 + num_targets]
        total += sum(map(len, words)) + num_targets
    return total


def sample(gpt) -> list[dict]:
    """Samples in the order they came, none left out."""
    sampler = samplers.TopKSampler(k=10, seed=SEED)
    gpt.compile(sampler=sampler)
    prompts = [prompt for prompt in PROMPTS for _ in range(SAMPLES_PER_PROMPT)]
    texts = gpt.generate(prompts, max_length=60)
    return [{"prompt": p, "text": t} for p, t in zip(prompts, texts, strict=True)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--steps", type=int, help="fewer, to try the script")
    arguments = parser.parse_args()
    sys.exit(main(arguments.name, arguments.steps))
