"""The word tokenizer against Keras' `TextVectorization`."""

import string

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from course_lib import text
from course_lib.models import MiniGPTTokenizer
from tests.arrays import to_numpy
from tests.text.test_words import TEXTS
from tests.tiny_gpt import VOCABULARY


def tutorial_standardization(input_string):
    """As published, but for the names."""
    lowercased = tf.strings.lower(input_string)
    stripped_html = tf.strings.regex_replace(lowercased, "<br />", " ")
    return tf.strings.regex_replace(stripped_html, f"([{string.punctuation}])", r" \1")


@pytest.fixture(scope="module")
def tokenizer():
    return MiniGPTTokenizer(VOCABULARY)


def test_equals_text_vectorization():
    vocabulary = text.compute_word_vocabulary(TEXTS, 60)  # some words are left out
    tokenizer = MiniGPTTokenizer(vocabulary)
    vectorization = keras.layers.TextVectorization(
        standardize=tutorial_standardization,
        vocabulary=[w for w in vocabulary if w not in ("[PAD]", "[UNK]")],
    )
    theirs = np.asarray(vectorization(tf.constant(TEXTS)))
    ours = tokenizer.tokenize(TEXTS).to_tensor(0, shape=theirs.shape).numpy()
    np.testing.assert_array_equal(ours, theirs)
    assert 1 in ours
    assert len(np.unique(ours)) > 40


def test_equals_its_own_vocabulary_as_adapted():
    texts = ["A film, a plot.", "a film! bad (very bad)", "not a plot<br />at all"]
    vectorization = keras.layers.TextVectorization(standardize=tutorial_standardization)
    vectorization.adapt(texts)
    ours = text.compute_word_vocabulary(texts, 1000)
    assert ours[3:] == vectorization.get_vocabulary()[2:]


def test_one_text_is_a_row_and_many_are_ragged(tokenizer):
    assert tokenizer.tokenize("A good film.").numpy().tolist() == [3, 4, 6, 10]
    assert tokenizer.tokenize(tf.constant("bad")).numpy().tolist() == [5]
    rows = tokenizer.tokenize(["not bad", "", "a great film"])
    assert rows.to_list() == [[8, 5], [], [3, 1, 6]]
    assert rows.dtype == tf.int32


def test_called_eagerly_it_gives_python_and_backend_types(tokenizer):
    assert to_numpy(tokenizer("A good film.")).tolist() == [3, 4, 6, 10]
    assert tokenizer(["not bad", "", "a great film"]) == [[8, 5], [], [3, 1, 6]]


def test_runs_in_tf_data(tokenizer):
    dataset = tf.data.Dataset.from_tensor_slices(["a film", "not bad ."]).batch(2)
    assert next(iter(dataset.map(tokenizer))).to_list() == [[3, 6], [8, 5, 10]]


def test_no_text_contains_special_tokens(tokenizer):
    ids = tokenizer.tokenize("[PAD] [UNK] [END]").numpy()
    assert set(ids) == {tokenizer.unk_token_id}


def test_detokenize(tokenizer):
    row = [3, 4, 6, 10, 0, 0]
    assert tokenizer.detokenize(row) == "a good film."
    assert tokenizer.detokenize([row, [5, 1, 11]]) == ["a good film.", "bad [UNK]!"]
    assert tokenizer.detokenize([]) == ""


@pytest.mark.parametrize(
    "make",
    [np.array, tf.constant, ops.convert_to_tensor, list, tuple],
    ids=["numpy", "tf", "backend", "list", "tuple"],
)
def test_detokenize_takes_any_ids(tokenizer, make):
    assert tokenizer.detokenize(make([3, 4, 6])) == "a good film"
    assert tokenizer.detokenize(list(make([3, 4, 6]))) == "a good film"


def test_detokenize_inverts_tokenize(tokenizer):
    texts = ["not a bad film!", "", "very good. very very good plot."]
    assert tokenizer.detokenize(tokenizer(texts)) == texts


@pytest.mark.parametrize(
    "ids", [[12], [-1], [[3], [99]], [3.0], np.array([2.5]), 3, "a"]
)
def test_detokenize_wants_ids_of_the_vocabulary(tokenizer, ids):
    with pytest.raises(ValueError, match=r"`inputs` must be.*from 0 to 11. Received"):
        tokenizer.detokenize(ids)


def test_ids_and_tokens(tokenizer):
    assert tokenizer.vocabulary_size() == len(VOCABULARY) == 12
    assert tokenizer.get_vocabulary() == VOCABULARY
    for i, token in enumerate(VOCABULARY):
        assert tokenizer.id_to_token(i) == token
        assert tokenizer.token_to_id(token) == i
    assert tokenizer.token_to_id("zebra") == tokenizer.unk_token_id == 1
    assert (tokenizer.pad_token_id, tokenizer.end_token_id) == (0, 2)
    with pytest.raises(ValueError, match=r"`id` must be from 0 to 11. Received: id=12"):
        tokenizer.id_to_token(12)


def test_vocabulary_file(tmp_path):
    # words may hold what `str.splitlines` splits at
    vocabulary = [*VOCABULARY, "\u2028", "é\u0085", "\x1c"]
    MiniGPTTokenizer(vocabulary).save_assets(str(tmp_path))
    path = str(tmp_path / "vocabulary.txt")
    assert MiniGPTTokenizer(path).get_vocabulary() == vocabulary
    loaded = MiniGPTTokenizer()
    loaded.load_assets(str(tmp_path))
    assert loaded.get_vocabulary() == vocabulary


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], r"must begin with \['\[PAD\]', '\[UNK\]', '\[END\]'\]. Received: \[\]"),
        (["a", "b", "c"], r"must begin with.*Received: \['a', 'b', 'c'\]"),
        (["[UNK]", "[PAD]", "[END]", "a"], r"must begin with.*Received: \['\[UNK\]'"),
        ([*VOCABULARY, "film"], "must not hold an entry twice. Received: 'film'"),
        ([*VOCABULARY, 7], "must hold str only. Received: 7"),
        ([*VOCABULARY, b"x"], "must hold str only. Received: b'x'"),
    ],
)
def test_bad_vocabulary(vocabulary, message):
    with pytest.raises(ValueError, match=f"`vocabulary` {message}"):
        MiniGPTTokenizer(vocabulary)


def test_no_vocabulary_yet():
    tokenizer = MiniGPTTokenizer()
    for use in (lambda: tokenizer("a"), lambda: tokenizer.detokenize([3])):
        with pytest.raises(
            ValueError, match="`MiniGPTTokenizer` has no vocabulary yet"
        ):
            use()


@pytest.mark.parametrize("inputs", [5, None, [1.0, 2.0], ["a", 3], [["a"], ["b"]]])
def test_inputs_must_be_text(tokenizer, inputs):
    with pytest.raises(
        ValueError, match=r"`inputs` must be a str or a list of str\. Rec"
    ):
        tokenizer.tokenize(inputs)
