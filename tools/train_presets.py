"""Train a preset on real data and write it, with its card, into course_lib/presets.

    COURSE_DATA=/path/to/the/corpora python -m tools.train_presets mini_gpt_imdb

Killed and started again, it goes on from its last checkpoint (every 100 steps, in
`build/presets/`). Everything that the card states is measured here, on the stored
float16 weights. `preset_recipes` says how each preset is made.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from course_lib import datasets, precision
from course_lib.callbacks import ResumableTraining
from course_lib.commands.cards import in_rows, machine
from course_lib.commands.epoch_callbacks import EpochTimer
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
)
from course_lib.ngrams import NGramModel
from course_lib.optimizers import AdamW
from course_lib.presets import PRESETS_DIR
from tools import preset_card
from tools.preset_recipes import BUILD_DIR, DATA, PROMPTS, RECIPES, Recipe, encode

SEED = 20
STEPS_PER_EPOCH = 500
NUM_VALIDATION = 640  # documents


def main(name: str, steps: int | None) -> None:
    """Train, store, reload, measure and write the card."""
    recipe = {**RECIPES[name], "steps": steps or RECIPES[name]["steps"]}
    keras.utils.set_random_seed(SEED)
    data = DATA[name](recipe)
    token_ids = encode(data)
    length = recipe["backbone"]["max_sequence_length"]
    preprocessor = MiniGPTCausalLMPreprocessor(data.tokenizer, sequence_length=length)

    gpt = build(recipe, preprocessor, token_ids)
    epochs = train(gpt, recipe, token_ids, data.corpus.validation, BUILD_DIR / name)

    folder = PRESETS_DIR / name
    gpt_dtype = gpt.backbone.dtype_policy.name
    write_preset(gpt, preprocessor, folder)
    gpt = MiniGPTCausalLM.from_preset(str(folder))  # what users get: float16, rounded
    corpus = data.corpus
    card = {
        "name": name,
        "data": corpus.source,
        "licence": corpus.licence,
        "sha256": corpus.sha256,
        "documents": {
            "train": len(data.texts),
            "validation": len(corpus.validation),
            "test": len(corpus.test),
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
        "command": f"python -m tools.train_presets {name}",
        f"validation_perplexity_every_{STEPS_PER_EPOCH}_steps": [
            round(float(value), 2) for value in epochs["val_perplexity"]
        ],
        "test": preset_card.evaluate(gpt, corpus.test, token_ids),
        "samples": preset_card.sample(gpt, PROMPTS[name], SEED),
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["test"], indent=1))


def build(
    recipe: Recipe, preprocessor: MiniGPTCausalLMPreprocessor, token_ids: np.ndarray
) -> MiniGPTCausalLM:
    """The untrained model; its output bias knows how frequent each token is."""
    vocabulary_size = preprocessor.tokenizer.vocabulary_size()
    backbone = MiniGPTBackbone(
        vocabulary_size=vocabulary_size,
        dtype=precision.fastest_policy(),
        **recipe["backbone"],
    )
    unigram = NGramModel(1, vocabulary_size).fit(in_rows(token_ids))
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
    optimizer = AdamW(
        rate,
        recipe.get("learning_rate_multipliers"),
        weight_decay=0.01,
        clipnorm=1.0,
    )
    gpt.compile(optimizer=optimizer)
    return gpt


def train(
    gpt: MiniGPTCausalLM,
    recipe: Recipe,
    token_ids: np.ndarray,
    validation_texts: Sequence[str],
    folder: Path,
) -> np.ndarray:
    """Train in short epochs; returns what was logged, all restarts together."""
    batches = datasets.TokenBatches(
        token_ids,
        recipe["batch_size"],
        recipe["backbone"]["max_sequence_length"],
        steps_per_epoch=min(STEPS_PER_EPOCH, recipe["steps"]),
        seed=SEED,
    )
    log = folder.with_suffix(".csv")
    log.parent.mkdir(parents=True, exist_ok=True)
    validation = tf.data.Dataset.from_tensor_slices(
        list(validation_texts[:NUM_VALIDATION])
    )
    gpt.fit(
        batches,
        epochs=recipe["steps"] // batches.steps_per_epoch,
        shuffle=False,
        validation_data=validation.batch(32).map(gpt.preprocessor).cache(),
        verbose=2,
        callbacks=[
            EpochTimer(),
            keras.callbacks.CSVLogger(log, append=True),
            ResumableTraining(folder, batches, every=100),
        ],
    )
    return np.atleast_1d(np.genfromtxt(log, delimiter=",", names=True))


def write_preset(
    gpt: MiniGPTCausalLM, preprocessor: MiniGPTCausalLMPreprocessor, folder: Path
) -> None:
    """Store the weights as float16: half the size, loaded as float32 by default."""
    config = {**gpt.backbone.get_config(), "dtype": "float16"}
    config.pop("name")
    stored = MiniGPTCausalLM(MiniGPTBackbone(**config), preprocessor, name=folder.name)
    stored.backbone.set_weights(gpt.backbone.get_weights())
    shutil.rmtree(folder, ignore_errors=True)
    stored.save_to_preset(str(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--steps", type=int, help="fewer, to try the script")
    arguments = parser.parse_args()
    sys.exit(main(arguments.name, arguments.steps))
