"""From texts to next-token pairs, and from prompts to token ids."""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal

from course_lib.models import MiniGPTCausalLMPreprocessor, MiniGPTTokenizer
from tests.arrays import to_numpy
from tests.tiny_gpt import END, UNK, VOCABULARY

A, GOOD, BAD, FILM, PLOT, NOT, VERY, DOT = range(3, 11)


@pytest.fixture(scope="module")
def preprocessor():
    return MiniGPTCausalLMPreprocessor(MiniGPTTokenizer(VOCABULARY), sequence_length=4)


def arrays(outputs):
    x, y, weight = outputs
    return (
        to_numpy(x["token_ids"]).tolist(),
        to_numpy(x["padding_mask"]).astype(int).tolist(),
        to_numpy(y).tolist(),
        to_numpy(weight).astype(int).tolist(),
    )


TEXTS = {
    "": ([END, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]),
    "bad": ([BAD, END, 0, 0], [1, 1, 0, 0], [END, 0, 0, 0], [1, 0, 0, 0]),
    # [END] is the last label
    "a very bad plot": ([A, VERY, BAD, PLOT], [1] * 4, [VERY, BAD, PLOT, END], [1] * 4),
    # cut: no [END], and the fifth token is the last label
    "a very bad plot .": (
        [A, VERY, BAD, PLOT],
        [1] * 4,
        [VERY, BAD, PLOT, DOT],
        [1] * 4,
    ),
    "not a zebra at all": ([NOT, A, UNK, UNK], [1] * 4, [A, UNK, UNK, UNK], [1] * 4),
}


@pytest.mark.parametrize("text", TEXTS)
def test_pairs_of_one_text(preprocessor, text):
    assert arrays(preprocessor(text)) == tuple(TEXTS[text])


def test_pairs_of_a_batch_are_those_of_its_texts(preprocessor):
    expected = tuple(list(column) for column in zip(*TEXTS.values(), strict=True))
    assert arrays(preprocessor(list(TEXTS))) == expected


def test_the_same_in_tf_data(preprocessor):
    dataset = tf.data.Dataset.from_tensor_slices(list(TEXTS)).batch(5)
    x, y, weight = next(iter(dataset.map(preprocessor)))
    assert x["token_ids"].shape == (5, 4)  # static, so that compiled code knows it
    assert arrays((x, y, weight)) == arrays(preprocessor(list(TEXTS)))


def test_without_end_token():
    preprocessor = MiniGPTCausalLMPreprocessor(
        MiniGPTTokenizer(VOCABULARY), sequence_length=4, add_end_token=False
    )
    token_ids, _, y, weight = arrays(preprocessor("a bad film"))
    assert token_ids == [A, BAD, FILM, 0]
    assert (y, weight) == ([BAD, FILM, 0, 0], [1, 1, 0, 0])


def test_another_length_for_one_call(preprocessor):
    token_ids, _, y, _ = arrays(preprocessor("a very bad plot", sequence_length=2))
    assert (token_ids, y) == ([A, VERY], [VERY, BAD])


def test_outputs_are_tensors_of_the_backend(preprocessor):
    for tensor in keras.tree.flatten(preprocessor(["a film"])):
        assert keras.ops.is_tensor(tensor)


def test_prompts_are_padded_and_have_no_end(preprocessor):
    inputs = preprocessor.generate_preprocess(["A film", "not"], sequence_length=5)
    assert_array_equal(
        to_numpy(inputs["token_ids"]), [[3, 6, 0, 0, 0], [8, 0, 0, 0, 0]]
    )
    assert_array_equal(
        to_numpy(inputs["padding_mask"]), [[1, 1, 0, 0, 0], [1, 0, 0, 0, 0]]
    )


@pytest.mark.parametrize(
    "prompts",
    [
        ["a film", "not bad"],
        ("a film", "not bad"),
        np.array(["a film", "not bad"]),
        tf.constant(["a film", "not bad"]),
        [b"a film", b"not bad"],
    ],
    ids=["list", "tuple", "numpy", "tf", "bytes"],
)
def test_prompts_of_many_kinds(preprocessor, prompts):
    inputs = preprocessor.generate_preprocess(prompts)
    assert_array_equal(to_numpy(inputs["token_ids"]), [[3, 6, 0, 0], [8, 5, 0, 0]])


def test_unknown_words_are_kept_as_unk_and_named(preprocessor):
    with pytest.warns(UserWarning, match=r"read as \[UNK\]: zebra, 'quoted"):
        inputs = preprocessor.generate_preprocess(["a Zebra 'quoted"])
    assert_array_equal(to_numpy(inputs["token_ids"]), [[A, UNK, UNK, 0]])


def test_known_words_warn_of_nothing(preprocessor):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        preprocessor.generate_preprocess(["a bad film"])


@pytest.mark.parametrize("prompt", ["", "   ", "<br />", "\n"])
def test_empty_prompt(preprocessor, prompt):
    with pytest.raises(ValueError, match=r"must hold at least one word.*Received: '"):
        preprocessor.generate_preprocess(["a film", prompt])


def test_no_prompt(preprocessor):
    with pytest.raises(
        ValueError, match=r"must hold at least one prompt\. Received: none"
    ):
        preprocessor.generate_preprocess([])


@pytest.mark.parametrize("prompt", [5, None, 2.5, ["a"], {"a": 1}])
def test_prompt_that_is_no_str(preprocessor, prompt):
    with pytest.raises(ValueError, match=r"must be a str or a list of str\. Rec"):
        preprocessor.generate_preprocess([prompt])


def test_prompt_that_leaves_no_room(preprocessor):
    preprocessor.generate_preprocess(["a very bad"])
    message = (
        "`max_length` counts the prompt too.*max_length=4 and a prompt of 4 tokens"
    )
    with pytest.raises(ValueError, match=message):
        preprocessor.generate_preprocess(["a very bad plot"])


def test_texts_of_generated_ids(preprocessor):
    outputs = {
        "token_ids": np.array([[A, BAD, FILM, DOT], [NOT, END, PLOT, PLOT]]),
        "padding_mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0]]),
    }
    assert preprocessor.generate_postprocess(outputs) == ["a bad film.", "not"]


def test_config_round_trip():
    preprocessor = MiniGPTCausalLMPreprocessor(
        MiniGPTTokenizer(VOCABULARY), sequence_length=7, add_end_token=False
    )
    rebuilt = MiniGPTCausalLMPreprocessor.from_config(preprocessor.get_config())
    assert (rebuilt.sequence_length, rebuilt.add_end_token) == (7, False)
    assert rebuilt.add_start_token is False


@pytest.mark.parametrize("sequence_length", [0, -1])
def test_bad_sequence_length(sequence_length):
    with pytest.raises(ValueError, match="`sequence_length` must be at least 1"):
        MiniGPTCausalLMPreprocessor(
            MiniGPTTokenizer(VOCABULARY), sequence_length=sequence_length
        )


def test_inputs_must_be_text(preprocessor):
    with pytest.raises(ValueError, match="`inputs` must be a str or a list of str"):
        preprocessor([3])
