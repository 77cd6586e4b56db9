"""The code of chapter 8, cell by cell, under `full` and around a random GPT-2."""

import contextlib
import io
import os
import time
from pathlib import Path
from typing import Any

import keras
import keras_hub

from course_lib.profiles import Settings
from tools import chapters

CHAPTER = "08_gpt2_finetuning"
# A text of each cell that is run, in order; between them the settings are cut down.
SETTINGS = "settings = pick("
CELLS = (
    "gpt2 = load_gpt2(",
    "def write(prompts)",
    "posts = datasets",
    "def encode(texts)",
    "def task_on(",
    "def finetune(",
    "enable_lora(",
)


def random_preset():
    """Writes a preset of random weights: GPT-2's sizes, bytes for a tokenizer."""

    def write(folder: str, **sizes: int) -> dict[str, Any]:
        window = sizes.pop("sequence_length")
        backbone = keras_hub.models.GPT2Backbone(max_sequence_length=window, **sizes)
        preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(
            _byte_tokenizer(sizes["vocabulary_size"]), sequence_length=window
        )
        gpt2 = keras_hub.models.GPT2CausalLM(backbone, preprocessor)
        gpt2.save_to_preset(folder)
        return {"parameters": gpt2.count_params()}

    return write


def chapter():
    """Runs the cells, then two steps with all weights or with LoRA, and saves."""

    def measure(
        folder: str, lora: bool, steps: int, settings: dict[str, Any]
    ) -> dict[str, Any]:
        os.environ["COURSE_PROFILE"] = "full"
        os.environ["COURSE_GPT2_PRESET"] = folder
        names, seconds = {"__name__": CHAPTER}, {}
        for text in (SETTINGS, *CELLS):
            start = time.perf_counter()
            with contextlib.redirect_stdout(io.StringIO()):
                exec(_cell(text), names)
            seconds[text] = round(time.perf_counter() - start, 1)
            if text == SETTINGS:
                names["settings"] = Settings(**{**vars(names["settings"]), **settings})
        model = names["adapted" if lora else "gpt2"]
        start = time.perf_counter()
        history = names["finetune"](
            model.backbone, names["train"], 5e-5, steps, parts=steps
        )
        seconds["finetune"] = round(time.perf_counter() - start, 1)
        perplexity = names["perplexity"](
            names["task_on"](model.backbone), names["test"]
        )
        if lora:
            model.backbone.save_lora_weights(str(Path(folder, "pairs.lora.h5")))
        else:
            model.save_to_preset(str(Path(folder, "finetuned")))
        trained = model.backbone.trainable_weights
        return {
            "trained": sum(keras.ops.size(weight).item() for weight in trained),
            "losses": [round(float(loss), 3) for loss in history["loss"]],
            "rates": history["rate"],
            "perplexity": round(perplexity, 1),
            "seconds": seconds,
        }

    return measure


def _cell(text: str) -> Any:
    """The code of the one cell that holds this text."""
    source = chapters.read_source(chapters.SOURCES / f"{CHAPTER}.md")
    cells = [cell.source for cell in chapters.code_cells(source)]
    [code] = [code for code in cells if text in code]
    return compile(code, text, "exec")


def _byte_tokenizer(vocabulary_size: int) -> keras_hub.models.GPT2Tokenizer:
    """GPT-2's bytes, one pair of them, tokens that no text holds, and its last."""
    from tokenizers import pre_tokenizers

    tokens = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens.append("Ġt")  # KerasHub's tables cannot be empty
    tokens += [f"<{i}>" for i in range(len(tokens), vocabulary_size - 1)]
    tokens.append("<|endoftext|>")
    return keras_hub.models.GPT2Tokenizer(
        vocabulary={token: i for i, token in enumerate(tokens)}, merges=["Ġ t"]
    )
