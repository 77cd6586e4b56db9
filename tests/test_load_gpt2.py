"""A GPT-2 to finetune, or one clear message with the alternatives."""

import shutil

import keras_hub
import pytest
import requests

from course_lib import presets
from course_lib.presets import PresetError, load_gpt2

WORDS = ["<|endoftext|>", "!", "a", "b", "c", "Ġ", "ab"]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The folder of a tiny GPT-2 with a window of 16 tokens."""
    tokenizer = keras_hub.models.GPT2Tokenizer(
        vocabulary={word: i for i, word in enumerate(reversed(WORDS))}, merges=["a b"]
    )
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=len(WORDS),
        num_layers=1,
        num_heads=1,
        hidden_dim=4,
        intermediate_dim=4,
        max_sequence_length=16,
    )
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(
        tokenizer, sequence_length=16
    )
    gpt2 = keras_hub.models.GPT2CausalLM(backbone, preprocessor)
    folder = tmp_path_factory.mktemp("presets") / "tiny"
    gpt2.save_to_preset(str(folder))
    return folder


@pytest.fixture
def copy(saved, tmp_path):
    """A copy of it that a test may spoil."""
    return shutil.copytree(saved, tmp_path / "copy")


@pytest.fixture(autouse=True)
def _no_override(monkeypatch):
    monkeypatch.delenv("COURSE_GPT2_PRESET", raising=False)


def failure(preset):
    """The one message, whatever went wrong; the cause is kept for those who dig."""
    with pytest.raises(PresetError) as caught:
        load_gpt2(str(preset))
    message = str(caught.value)
    assert message.startswith(f"The preset {str(preset)!r} cannot be had. ")
    assert "set COURSE_GPT2_PRESET to\n- the path of a folder" in message
    assert "\n- gpt2_tiny_en, which comes with the course" in message
    assert "object at 0x" not in message and len(message.splitlines()) <= 6
    assert caught.value.__cause__ is not None
    return message


def test_a_folder(saved):
    gpt2 = load_gpt2(str(saved))
    assert isinstance(gpt2, keras_hub.models.GPT2CausalLM)
    assert gpt2.preprocessor.sequence_length == 16
    assert gpt2.generate("a b", max_length=6).startswith("a b")


def test_sequence_length_and_dtype(saved):
    gpt2 = load_gpt2(str(saved), sequence_length=8, dtype="bfloat16")
    x, _, _ = gpt2.preprocessor(["a b c"])
    assert x["token_ids"].shape == (1, 8)
    assert gpt2.backbone.dtype_policy.name == "bfloat16"


@pytest.mark.parametrize("length", [0, 17])
def test_a_sequence_length_out_of_the_window(saved, length):
    with pytest.raises(ValueError, match=rf"from 1 to 16.*sequence_length={length}"):
        load_gpt2(str(saved), sequence_length=length)


def test_a_preset_of_the_course_needs_no_path(saved, monkeypatch):
    monkeypatch.setattr(presets, "PRESETS_DIR", saved.parent)
    assert load_gpt2("tiny").count_params() == load_gpt2(str(saved)).count_params()


def test_the_variable_overrides(saved, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_GPT2_PRESET", f" {saved} ")
    load_gpt2("gpt2_base_en")
    assert f"loading {saved} instead of gpt2_base_en" in capsys.readouterr().out
    monkeypatch.setenv("COURSE_GPT2_PRESET", " ")
    load_gpt2(str(saved))
    assert capsys.readouterr().out == ""


def test_a_wrong_override_says_how_to_get_rid_of_it(saved, monkeypatch):
    monkeypatch.setenv("COURSE_GPT2_PRESET", "/no/such/folder")
    with pytest.raises(PresetError, match=r"'/no/such/folder' cannot be had") as caught:
        load_gpt2("gpt2_base_en")
    assert str(caught.value).endswith("Unset it to load 'gpt2_base_en'.")


class TestNotToBeHad:
    def test_no_network(self, tmp_path, monkeypatch):
        """The tests' own wall around the machine stands for a missing network."""
        monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path))
        failure("gpt2_base_en")

    def test_a_host_that_refuses(self, monkeypatch):
        response = requests.Response()
        response.status_code = 403

        def refuse(*args, **kwargs):
            raise requests.HTTPError("403 Client Error: Forbidden", response=response)

        monkeypatch.setattr(keras_hub.models.GPT2CausalLM, "from_preset", refuse)
        assert "HTTPError: 403 Client Error: Forbidden" in failure("gpt2_base_en")

    def test_a_message_of_many_lines_becomes_one(self, monkeypatch):
        def explain(*args, **kwargs):
            raise ValueError("a\nlong\nstory " * 100)

        monkeypatch.setattr(keras_hub.models.GPT2CausalLM, "from_preset", explain)
        failure("hf://someone/something")

    @pytest.mark.parametrize("preset", ["gpt2_bass_en", "./no/such/folder"])
    def test_a_wrong_name_or_path(self, preset):
        message = failure(preset)
        assert "no such folder, and not one of" in message
        assert "gpt2_base_en" in message

    def test_a_file_is_no_folder(self, saved):
        assert "no such folder" in failure(saved / "config.json")

    def test_an_empty_folder(self, tmp_path):
        failure(tmp_path)

    @pytest.mark.parametrize(
        "name",
        [
            "config.json",
            "model.weights.h5",
            "assets/tokenizer/vocabulary.json",
            "assets/tokenizer/merges.txt",
        ],
    )
    def test_a_file_is_missing(self, copy, name):
        (copy / name).unlink()
        failure(copy)

    @pytest.mark.parametrize(
        "name",
        ["config.json", "task.json", "model.weights.h5"],
    )
    def test_a_file_is_half_written(self, copy, name):
        content = (copy / name).read_bytes()
        (copy / name).write_bytes(content[: len(content) // 2])
        failure(copy)

    def test_another_kind_of_model(self):
        path = presets.path("mini_gpt_imdb")
        failure(path)
