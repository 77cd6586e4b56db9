"""Pretrain `gpt2_tiny_en`, a small GPT-2, on novels and write it with its card.

    COURSE_DATA=/path/to/the/corpora python -m tools.train_gpt2_tiny

All of it is ours but the classes: KerasHub's `GPT2Backbone` and `GPT2Tokenizer`, with
a byte-level vocabulary learned here. Killed and started again, it goes on from its last
checkpoint (every 100 steps, in `build/presets/`). Everything that the card states is
measured here, on the stored float16 weights.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import keras_hub
import numpy as np
import tensorflow as tf

from course_lib import datasets, precision
from course_lib.callbacks import ResumableTraining
from course_lib.commands.cards import machine
from course_lib.commands.epoch_callbacks import EpochTimer
from course_lib.optimizers import AdamW
from course_lib.presets import PRESETS_DIR
from tools import preset_card
from tools.byte_pairs import GPT2Encoder, learn_tokenizer
from tools.gpt2_card import FusedGPT2, all_tokens, evaluate
from tools.preset_recipes import BUILD_DIR, Data, encode
from tools.train_presets import SEED, STEPS_PER_EPOCH

NAME = "gpt2_tiny_en"
RECIPE = {
    "vocabulary_size": 5_000,
    "document_length": 2_000,  # characters at least, of paragraphs in a row
    "backbone": {
        "num_layers": 4,
        "num_heads": 4,
        "hidden_dim": 256,
        "intermediate_dim": 1024,
        "max_sequence_length": 256,
    },
    "dropout": 0.0,  # in one pass nothing is learned by heart; GPT-2's 0.1 is stored
    "steps": 5_000,  # 0.7 passes
    "batch_size": 16,
    "learning_rate": 2e-3,
    "learning_rate_multipliers": {"token_embedding": 3.0},
}
PROMPTS = (
    "It was a cold morning, and",
    "The old house",
    "She looked at him and",
    '"I do not know," said',
    "When the children came to the river,",
)


def main(steps: int | None) -> None:
    """Train, store, reload, measure and write the card."""
    recipe = {**RECIPE, "steps": steps or RECIPE["steps"]}
    keras.utils.set_random_seed(SEED)
    corpus = datasets.simplebooks.load(minimum_length=0)
    documents = {
        split: list(in_documents(getattr(corpus, split), recipe["document_length"]))
        for split in ("train", "validation", "test")
    }
    tokenizer = learn_tokenizer(documents["train"], recipe["vocabulary_size"])
    encoder = GPT2Encoder(tokenizer)
    token_ids = {
        split: encode(Data(corpus, texts, encoder))
        for split, texts in documents.items()
    }
    gpt = build(recipe, tokenizer.vocabulary_size())
    epochs = train(gpt, recipe, token_ids["train"], token_ids["validation"])

    folder = PRESETS_DIR / NAME
    write_preset(gpt.backbone, tokenizer, folder)
    gpt2 = keras_hub.models.GPT2CausalLM.from_preset(str(folder))  # float16, rounded
    card = {
        "name": NAME,
        "data": corpus.source,
        "licence": corpus.licence,
        "sha256": corpus.sha256,
        "documents": {split: len(texts) for split, texts in documents.items()},
        "training_tokens": len(token_ids["train"]),
        "dtype_policy": gpt.backbone.dtype_policy.name,
        "recipe": recipe,
        "parameters": gpt2.count_params(),
        "seed": SEED,
        "wall_seconds": round(sum(epochs["seconds"])),
        "machine": machine(),
        "versions": {
            "keras": keras.__version__,
            "keras-hub": keras_hub.__version__,
            "tensorflow": tf.__version__,
        },
        "date": date.today().isoformat(),
        "command": "python -m tools.train_gpt2_tiny",
        f"validation_perplexity_every_{STEPS_PER_EPOCH}_steps": [
            round(float(value), 2) for value in epochs["val_perplexity"]
        ],
        "test": evaluate(
            gpt2, documents["test"], token_ids["test"], token_ids["train"]
        ),
        "samples": preset_card.sample(gpt2, PROMPTS, SEED),
    }
    (folder / "card.json").write_text(json.dumps(card, indent=1) + "\n")
    print(json.dumps(card["test"], indent=1))


def in_documents(lines: Iterable[str], length: int) -> Iterator[str]:
    """Paragraphs in a row, as texts of at least this many characters.

    A window of the model sees more than one line of dialogue, and line breaks.
    """
    document = ""
    for line in lines:
        document += f"\n{line}" if document else line
        if len(document) >= length:
            yield document
            document = ""
    if document:
        yield document


def build(recipe: dict, vocabulary_size: int) -> FusedGPT2:
    """The untrained model."""
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary_size,
        dropout=recipe["dropout"],
        dtype=precision.fastest_policy(),
        **recipe["backbone"],
    )
    gpt = FusedGPT2(backbone)
    warmup_steps = recipe["steps"] // 18
    rate = keras.optimizers.schedules.CosineDecay(
        0.0,
        decay_steps=recipe["steps"] - warmup_steps,
        warmup_target=recipe["learning_rate"],
        warmup_steps=warmup_steps,
        alpha=0.02,
    )
    multipliers = recipe["learning_rate_multipliers"]
    gpt.compile(optimizer=AdamW(rate, multipliers, weight_decay=0.01, clipnorm=1.0))
    return gpt


def train(
    gpt: FusedGPT2, recipe: dict, token_ids: np.ndarray, validation_ids: np.ndarray
) -> np.ndarray:
    """Train in short epochs; returns what was logged, all restarts together."""
    window = recipe["backbone"]["max_sequence_length"]
    batches = datasets.TokenBatches(
        token_ids,
        recipe["batch_size"],
        window,
        steps_per_epoch=min(STEPS_PER_EPOCH, recipe["steps"]),
        seed=SEED,
    )
    log = BUILD_DIR / f"{NAME}.csv"
    gpt.fit(
        batches,
        epochs=recipe["steps"] // batches.steps_per_epoch,
        shuffle=False,
        validation_data=all_tokens(validation_ids[: len(validation_ids) // 4], window),
        verbose=2,
        callbacks=[
            EpochTimer(),
            keras.callbacks.CSVLogger(log, append=True),
            ResumableTraining(BUILD_DIR / NAME, batches, every=100),
        ],
    )
    return np.atleast_1d(np.genfromtxt(log, delimiter=",", names=True))


def write_preset(
    backbone: keras_hub.models.GPT2Backbone,
    tokenizer: keras_hub.models.GPT2Tokenizer,
    folder: Path,
) -> None:
    """Store the weights as float16: half the size, loaded as float32 by default."""
    config = {**backbone.get_config(), "dtype": "float16", "dropout": 0.1}
    config.pop("name")
    stored = keras_hub.models.GPT2Backbone(**config)
    stored.set_weights(backbone.get_weights())
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(
        tokenizer, sequence_length=backbone.max_sequence_length
    )
    gpt2 = keras_hub.models.GPT2CausalLM(stored, preprocessor, name=folder.name)
    shutil.rmtree(folder, ignore_errors=True)
    gpt2.save_to_preset(str(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, help="fewer, to try the script")
    sys.exit(main(parser.parse_args().steps))
