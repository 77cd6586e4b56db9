"""The small GPT-2 that chapters 8 and 9 finetune."""

from pathlib import Path

import numpy as np
import pytest

from course_lib import presets
from tests.arrays import stored_dtypes

NAME = "gpt2_tiny_en"


@pytest.fixture(scope="module")
def gpt2():
    return presets.load_gpt2(NAME)


@pytest.fixture(scope="module")
def card():
    return presets.card(NAME)


def test_size_and_dtype(gpt2):
    folder = Path(presets.path(NAME))
    assert sum(f.stat().st_size for f in folder.rglob("*")) <= 14 * 10**6
    assert stored_dtypes(folder / "model.weights.h5") == {"float16"}
    assert gpt2.backbone.dtype_policy.name == "float32"
    assert gpt2.backbone.max_sequence_length >= 256
    assert all(np.isfinite(weights).all() for weights in gpt2.get_weights())


def test_card(card, gpt2):
    assert card["name"] == NAME and card["parameters"] == gpt2.count_params()
    config = gpt2.backbone.get_config()
    assert all(config[k] == v for k, v in card["recipe"]["backbone"].items())
    test = card["test"]
    best = test["baseline_nats_per_token"]["interpolated 5-gram"]
    assert test["nats_per_token"] <= best - 0.3
    assert test["perplexity"] == pytest.approx(np.exp(test["nats_per_token"]), rel=1e-3)
    assert len(card["samples"]) == 20
    for sample in card["samples"]:
        assert sample["text"].startswith(sample["prompt"])
        assert "<|endoftext|>" not in sample["text"]


def test_writes_on_from_a_prompt(gpt2):
    text = gpt2.generate("The old house", max_length=20)
    assert text.startswith("The old house") and len(text) > 30


def test_can_write_chinese(gpt2):
    tokenizer = gpt2.preprocessor.tokenizer
    poem = "春風過山寺，黃鸝繞古琴。"
    ids = tokenizer(poem)
    assert len(ids) <= len(poem.encode())
    assert tokenizer.detokenize(ids) == poem
