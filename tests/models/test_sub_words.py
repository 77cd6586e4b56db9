"""A mini-GPT that reads and writes sub-words: training pairs, prompts, presets."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from course_lib.datasets import TokenBatches, encode_documents
from course_lib.models import (
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
    MiniGPTWordPieceTokenizer,
)
from course_lib.samplers import GreedySampler, RandomSampler
from tests.arrays import to_numpy
from tests.models.test_mini_gpt_word_piece_tokenizer import IDS, VOCABULARY
from tests.tiny_gpt import favour, tiny_backbone

BOS = IDS["[BOS]"]
THE, FOX, ES, RAN, DOT = (IDS[piece] for piece in ("the", "fox", "##es", "ran", "."))


@pytest.fixture(scope="module")
def preprocessor():
    return MiniGPTCausalLMPreprocessor(
        MiniGPTWordPieceTokenizer(VOCABULARY), sequence_length=4
    )


def gpt_of(preprocessor):
    gpt = MiniGPTCausalLM(
        tiny_backbone(vocabulary_size=len(VOCABULARY), num_layers=1), preprocessor
    )
    gpt.compile(sampler=GreedySampler())
    return gpt


PAIRS = {
    "": ([BOS, BOS, 0, 0], [BOS, 0, 0, 0]),
    "ran": ([BOS, RAN, BOS, 0], [RAN, BOS, 0, 0]),
    # [BOS] is the last label
    "the foxes": ([BOS, THE, FOX, ES], [THE, FOX, ES, BOS]),
    # cut: the fourth piece is the last label
    "foxes ran .": ([BOS, FOX, ES, RAN], [FOX, ES, RAN, DOT]),
}


def test_bos_starts_and_ends_a_text(preprocessor):
    x, y, weight = preprocessor(list(PAIRS))
    assert to_numpy(x["token_ids"]).tolist() == [pair[0] for pair in PAIRS.values()]
    assert to_numpy(y).tolist() == [pair[1] for pair in PAIRS.values()]
    mask = to_numpy(x["padding_mask"]).astype(bool)
    np.testing.assert_array_equal(mask, to_numpy(x["token_ids"]) != 0)
    np.testing.assert_array_equal(to_numpy(weight), to_numpy(y) != 0)


def test_pairs_are_those_of_the_published_recipe():
    """`StartEndPacker` in front of the tokens; the tokens themselves are the labels."""
    import keras_hub

    preprocessor = MiniGPTCausalLMPreprocessor(
        MiniGPTWordPieceTokenizer(VOCABULARY), sequence_length=6, add_end_token=False
    )
    theirs = keras_hub.tokenizers.WordPieceTokenizer(
        VOCABULARY, lowercase=True, sequence_length=6
    )
    packer = keras_hub.layers.StartEndPacker(sequence_length=6, start_value=BOS)
    texts = ["the foxes ran .", "foxes ran , foxes say don't", "ran"]
    labels = theirs(texts)
    x, y, _ = preprocessor(texts)
    np.testing.assert_array_equal(to_numpy(y), to_numpy(labels))
    np.testing.assert_array_equal(to_numpy(x["token_ids"]), to_numpy(packer(labels)))


def test_one_text_and_tf_data(preprocessor):
    x, y, _ = preprocessor("the foxes")
    assert to_numpy(x["token_ids"]).tolist() == PAIRS["the foxes"][0]
    dataset = tf.data.Dataset.from_tensor_slices(list(PAIRS)).batch(4)
    x, y, _ = next(iter(dataset.map(preprocessor)))
    assert x["token_ids"].shape == y.shape == (4, 4)
    assert y.numpy().tolist() == [pair[1] for pair in PAIRS.values()]


def test_whoever_has_a_start_token_adds_it(preprocessor):
    assert preprocessor.add_start_token is True
    rebuilt = MiniGPTCausalLMPreprocessor.from_config(preprocessor.get_config())
    assert isinstance(rebuilt.tokenizer, MiniGPTWordPieceTokenizer)
    assert rebuilt.add_start_token is True
    words = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", "a"])
    assert MiniGPTCausalLMPreprocessor(words).add_start_token is False


def test_prompts_begin_with_bos(preprocessor):
    inputs = preprocessor.generate_preprocess(["the fox", ""], sequence_length=5)
    assert to_numpy(inputs["token_ids"]).tolist() == [
        [BOS, THE, FOX, 0, 0],
        [BOS, 0, 0, 0, 0],
    ]
    with pytest.raises(ValueError, match="max_length=3 and a prompt of 3 tokens"):
        preprocessor.generate_preprocess(["the fox"], sequence_length=3)


def test_unknown_words_of_a_prompt_are_named(preprocessor):
    with pytest.warns(UserWarning, match=r"read as \[UNK\]: Zebra$"):
        preprocessor.generate_preprocess(["the Zebra"])


def test_bos_is_never_shown(preprocessor):
    gpt = gpt_of(preprocessor)
    favour(gpt, BOS)
    assert gpt.generate("The foxes", max_length=9) == "the foxes"
    assert gpt.generate("The foxes", max_length=9, stop_token_ids=None) == "the foxes"
    assert gpt.generate("", max_length=9) == ""


def test_generates_from_nothing_and_past_its_window(preprocessor):
    gpt = gpt_of(preprocessor)
    favour(gpt, ES)
    assert gpt.generate("fox", max_length=12) == "fox" + 10 * "es"  # and [BOS]
    assert gpt.generate("", max_length=4) == "eseses"
    assert gpt.generate("fox", max_length=5, strip_prompt=True) == "eseses"


@pytest.mark.parametrize("prompt", ["", "the fox", '"the'])
@pytest.mark.parametrize("strip_prompt", [False, True])
def test_a_stream_is_the_text_of_generate(preprocessor, prompt, strip_prompt):
    texts = []
    for way in ("generate", "stream"):
        gpt = gpt_of(preprocessor)
        gpt.compile(sampler=RandomSampler(temperature=3.0, seed=4))
        kwargs = {"max_length": 30, "strip_prompt": strip_prompt}
        texts.append("".join(getattr(gpt, way)(prompt, **kwargs)))
    assert texts[0] == texts[1]


def test_packed_texts_begin_where_the_one_before_ended(preprocessor):
    tokenizer = preprocessor.tokenizer
    token_ids = encode_documents(
        ["the foxes", "ran."], tokenizer.tokenize, tokenizer.end_token_id
    )
    assert token_ids.tolist() == [THE, FOX, ES, BOS, RAN, DOT, BOS]
    _, y, _ = TokenBatches(token_ids, 1, 7, shuffle=False)[0]
    assert y[0].tolist() == [FOX, ES, BOS, RAN, DOT, BOS, THE]  # a ring


def test_fit_reports_bits_per_byte(preprocessor):
    gpt = gpt_of(preprocessor)
    gpt.compile()
    logs = gpt.evaluate(["the foxes ran.", "ran"], verbose=0, return_dict=True)
    _, y, weights = preprocessor(["the foxes ran.", "ran"])
    labels = to_numpy(y)[to_numpy(weights).astype(bool)]
    num_bytes = preprocessor.tokenizer.token_bytes()[labels].sum()
    bits = math.log2(logs["perplexity"]) * len(labels)
    assert logs["bits_per_byte"] == pytest.approx(bits / num_bytes, rel=1e-4)


def test_preset_round_trip(preprocessor, tmp_path):
    gpt = gpt_of(preprocessor)
    gpt.save_to_preset(str(tmp_path))
    loaded = MiniGPTCausalLM.from_preset(str(tmp_path))
    loaded.compile(sampler=GreedySampler())
    assert isinstance(loaded.preprocessor.tokenizer, MiniGPTWordPieceTokenizer)
    assert loaded.preprocessor.tokenizer.get_vocabulary() == VOCABULARY
    assert loaded.generate("the fox", max_length=9) == gpt.generate(
        "the fox", max_length=9
    )
    tokenizer = MiniGPTWordPieceTokenizer.from_preset(str(tmp_path))
    assert tokenizer.detokenize(tokenizer.tokenize("Foxes ran.")) == "foxes ran."


def test_keras_file_round_trip(preprocessor, tmp_path):
    gpt = gpt_of(preprocessor)
    path = str(tmp_path / "gpt.keras")
    gpt.save(path)
    loaded = keras.saving.load_model(path)
    loaded.compile(sampler=GreedySampler())
    assert loaded.generate("the fox", max_length=9) == gpt.generate(
        "the fox", max_length=9
    )
