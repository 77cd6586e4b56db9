"""The tools that train the mini-GPT presets and measure what their cards state."""

import keras
import numpy as np
import pytest

from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
    MiniGPTWordPieceTokenizer,
)
from course_lib.ngrams import NGramModel
from tests.tiny_gpt import logits_of
from tools import preset_card, preset_recipes
from tools.preset_recipes import Data, encode

WORDS = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", "the", "owl", "sat", "."])
PIECES = MiniGPTWordPieceTokenizer(
    ["[PAD]", "[UNK]", "[BOS]", "the", "owl", "##s", "sat", "."]
)
TEXTS = ["The owl sat.", "The owls sat.", "The ostrich sat the owl the owl the owl."]
TRAINING_IDS = np.array([3, 4, 6, 5, 2, 3, 4, 5, 6, 1, 2] * 4)  # of either vocabulary


def tiny_gpt(tokenizer):
    keras.utils.set_random_seed(0)
    backbone = MiniGPTBackbone(
        tokenizer.vocabulary_size(),
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=8,
    )
    preprocessor = MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=8)
    gpt = MiniGPTCausalLM(backbone, preprocessor)
    gpt.compile()
    return gpt


class Corpus:
    sha256 = "0" * 64


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(preset_recipes, "BUILD_DIR", tmp_path / "build")
    return Data(Corpus, TEXTS[:2], WORDS)


def test_encoded_texts_follow_each_other(data):
    assert encode(data).tolist() == [3, 4, 5, 6, 2, 3, 1, 5, 6, 2]


def test_texts_are_encoded_once(data, monkeypatch):
    first = encode(data)
    monkeypatch.setattr(preset_recipes.datasets, "encode_documents", None)
    np.testing.assert_array_equal(encode(data), first)
    with pytest.raises(TypeError):  # another vocabulary: encoded anew
        encode(data._replace(tokenizer=PIECES))


def test_first_tokens_are_inputs_and_last_label():
    ids = preset_card.first_tokens(tiny_gpt(PIECES), TEXTS)
    assert ids.tolist() == [
        [2, 3, 4, 6, 7, 2, 0, 0, 0],
        [2, 3, 4, 5, 6, 7, 2, 0, 0],
        [2, 3, 1, 6, 3, 4, 3, 4, 3],
    ]


@pytest.mark.parametrize(
    ("tokenizer", "predicted"),
    [  # a separator after each word; the first word of a text is given to WORDS
        (
            WORDS,
            "owl sat . \n" + "owls sat . \n" + "ostrich sat the owl the owl the owl ",
        ),
        (
            PIECES,
            "the owl sat . \nthe owls sat . \n"
            + "the ostrich sat the owl the owl the ",
        ),
    ],
)
def test_bytes_of_what_is_predicted(tokenizer, predicted):
    """`[UNK]` counts as the word that it was."""
    ids = preset_card.first_tokens(tiny_gpt(tokenizer), TEXTS)
    num_bytes = preset_card.target_bytes(tokenizer, TEXTS, ids)
    assert num_bytes == len(predicted.encode())


@pytest.mark.parametrize("tokenizer", [WORDS, PIECES])
def test_evaluation(tokenizer):
    gpt = tiny_gpt(tokenizer)
    card = preset_card.evaluate(gpt, TEXTS, TRAINING_IDS)
    ids = preset_card.first_tokens(gpt, TEXTS)
    logits = logits_of(gpt, ids[:, :-1]).astype("float64")
    nats = np.logaddexp.reduce(logits, axis=-1) - np.take_along_axis(
        logits, ids[:, 1:, None], axis=-1
    ).squeeze(-1)
    real = ids[:, 1:] != 0
    assert card["tokens"] == real.sum()
    assert card["nats_per_token"] == pytest.approx(nats[real].mean(), abs=1e-3)
    assert card["unknown_share"] == pytest.approx(
        (ids == 1).sum() / real.sum(), abs=1e-4
    )
    num_bytes = preset_card.target_bytes(tokenizer, TEXTS, ids)
    assert card["bits_per_byte"] == pytest.approx(
        nats[real].sum() / np.log(2) / num_bytes, abs=1e-3
    )
    unigram = NGramModel(1, tokenizer.vocabulary_size()).fit(TRAINING_IDS[None])
    assert card["baseline_nats_per_token"]["unigram"] == pytest.approx(
        unigram.nats_per_token(ids), abs=1e-3
    )


def test_samples_are_in_order():
    samples = preset_card.sample(tiny_gpt(PIECES), ["the owl", "sat"], seed=0)
    prompts = [sample["prompt"] for sample in samples]
    assert prompts == ["the owl"] * 4 + ["sat"] * 4
    assert all(sample["text"].startswith(sample["prompt"]) for sample in samples)
