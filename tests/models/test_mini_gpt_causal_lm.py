"""The mini-GPT as a task: logits, configuration, files, presets."""

import json

import keras
import keras_hub
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)
from course_lib.samplers import GreedySampler
from tests.arrays import stored_dtypes, to_numpy
from tests.tiny_gpt import (
    VOCABULARY,
    as_inputs,
    logits_of,
    random_ids,
    tiny_backbone,
    tiny_gpt,
)

DTYPES = ("float32", "float16", "bfloat16")


@pytest.fixture(scope="module")
def gpt():
    return tiny_gpt(normalize_first=True, tie_weights=True)


def test_logits_are_states_times_embeddings_plus_bias(gpt):
    inputs = as_inputs(random_ids(2, 5))
    embedding = gpt.backbone.token_embedding
    expected = to_numpy(gpt.backbone(inputs)) @ to_numpy(embedding.embeddings).T
    expected = expected + to_numpy(embedding.bias)
    assert_allclose(to_numpy(gpt(inputs)), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", [*DTYPES, "mixed_float16"])
def test_logits_are_float32_whatever_the_model_computes_in(dtype):
    logits = tiny_gpt(dtype=dtype)(as_inputs(random_ids(2, 5)))
    assert tuple(logits.shape) == (2, 5, len(VOCABULARY))
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_later_token_never_changes_an_earlier_logit(dtype):
    gpt, token_ids = tiny_gpt(dtype=dtype), random_ids(2, 8)
    before = logits_of(gpt, token_ids)
    for t in range(8):
        changed = token_ids.copy()
        changed[:, t:] = 3 + (token_ids[:, t:] - 2) % 9  # another word each
        after = logits_of(gpt, changed)
        assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).any()


def test_padding_never_changes_a_logit(gpt):
    token_ids = random_ids(2, 8)
    expected = logits_of(gpt, token_ids[:, :5])
    for filler in (0, 7):
        token_ids[:, 5:] = filler
        padded = logits_of(gpt, token_ids, padding_mask=[[1] * 5 + [0] * 3] * 2)
        assert_allclose(padded[:, :5], expected, atol=1e-5)


def test_config_round_trip(gpt):
    rebuilt = MiniGPTCausalLM.from_config(gpt.get_config())
    assert rebuilt.backbone.get_config() == gpt.backbone.get_config()
    assert rebuilt.preprocessor.sequence_length == gpt.preprocessor.sequence_length
    rebuilt.set_weights(gpt.get_weights())
    token_ids = random_ids(2, 5)
    assert_array_equal(logits_of(rebuilt, token_ids), logits_of(gpt, token_ids))


@pytest.mark.parametrize("tie_weights", [False, True])
def test_keras_file_round_trip(tie_weights, tmp_path):
    gpt = tiny_gpt(tie_weights=tie_weights, sequence_length=6)
    gpt.save(tmp_path / "gpt.keras")
    loaded = keras.models.load_model(tmp_path / "gpt.keras")
    token_ids = random_ids(2, 5)
    assert_array_equal(logits_of(loaded, token_ids), logits_of(gpt, token_ids))
    assert loaded.preprocessor.tokenizer.get_vocabulary() == VOCABULARY
    for model in (loaded, gpt):
        model.compile(sampler=GreedySampler())
    assert loaded.generate("a film") == gpt.generate("a film")


@pytest.mark.parametrize("tie_weights", [False, True])
def test_presets_are_exact_bit_for_bit(tie_weights, tmp_path):
    gpt = tiny_gpt(tie_weights=tie_weights, sequence_length=6)
    gpt.save_to_preset(str(tmp_path))
    loaded = MiniGPTCausalLM.from_preset(str(tmp_path))
    assert len(loaded.weights) == len(gpt.weights)
    for one, other in zip(loaded.get_weights(), gpt.get_weights(), strict=True):
        assert one.dtype == other.dtype == "float32"
        assert one.tobytes() == other.tobytes()
    token_ids = random_ids(2, 5)
    assert_array_equal(logits_of(loaded, token_ids), logits_of(gpt, token_ids))
    assert loaded.preprocessor.sequence_length == 6
    assert loaded.preprocessor.tokenizer.get_vocabulary() == VOCABULARY


def test_parts_of_a_preset(gpt, tmp_path):
    gpt.save_to_preset(str(tmp_path))
    path = str(tmp_path)
    tokenizer = MiniGPTTokenizer.from_preset(path)
    assert tokenizer.get_vocabulary() == VOCABULARY
    preprocessor = MiniGPTCausalLMPreprocessor.from_preset(path)
    assert preprocessor.sequence_length == gpt.preprocessor.sequence_length
    backbone = MiniGPTBackbone.from_preset(path)
    assert backbone.get_config()["tie_weights"] is True
    generic = keras_hub.models.CausalLM.from_preset(path)
    assert type(generic) is MiniGPTCausalLM
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["registered_name"] == "course_lib>MiniGPTBackbone"


def test_a_preset_stored_in_float16_loads_as_float32(tmp_path):
    gpt, stored = tiny_gpt(), tiny_gpt(dtype="float16")
    stored.backbone.set_weights(gpt.backbone.get_weights())
    stored.save_to_preset(str(tmp_path))
    assert stored_dtypes(tmp_path / "model.weights.h5") == {"float16"}
    loaded = MiniGPTCausalLM.from_preset(str(tmp_path))
    assert loaded.backbone.dtype_policy.name == "float32"
    for one, other in zip(loaded.get_weights(), gpt.get_weights(), strict=True):
        assert one.dtype == "float32"
        assert_array_equal(one, other.astype("float16").astype("float32"))
    half = MiniGPTCausalLM.from_preset(str(tmp_path), dtype="float16")
    assert half.backbone.dtype_policy.name == "float16"


def test_compile_defaults(gpt):
    assert type(gpt.optimizer).__name__ == "Adam"  # each backend has its own
    assert float(gpt.optimizer.learning_rate) == pytest.approx(1e-3)
    logs = gpt.evaluate(["a good film ."], verbose=0, return_dict=True)
    assert set(logs) == {"loss", "perplexity", "bits_per_byte"}


def test_a_vocabulary_larger_than_the_embedding():
    tokenizer = MiniGPTTokenizer([*VOCABULARY, "zebra"])
    preprocessor = MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=8)
    message = "`backbone.vocabulary_size` must be at least the tokenizer's 13. Rec.* 12"
    with pytest.raises(ValueError, match=message):
        MiniGPTCausalLM(tiny_backbone(), preprocessor)


@pytest.mark.parametrize(
    ("token_ids", "message"),
    [
        (np.full((1, 3), 3.5), "`token_ids` must be integers. Received: dtype=float"),
        (np.ones((1, 2, 3), int), r"`token_ids` must have shape.*=\(1, 2, 3\)"),
        (np.ones((1, 9), int), r"longer than `max_sequence_length` \(8\).*=\(1, 9\)"),
    ],
)
def test_bad_token_ids(gpt, token_ids, message):
    with pytest.raises(ValueError, match=message):
        gpt({"token_ids": token_ids, "padding_mask": np.ones(token_ids.shape)})


def test_training_on_sequences_longer_than_the_window():
    gpt = tiny_gpt(sequence_length=9)  # the window is 8
    with pytest.raises(ValueError, match=r"longer than `max_sequence_length` \(8\)"):
        gpt.fit(["a film ."], shuffle=False, verbose=0)
