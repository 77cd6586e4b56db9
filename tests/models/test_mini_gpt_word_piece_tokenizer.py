"""The sub-word tokenizer against KerasHub's own."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from course_lib.models import MiniGPTTokenizer, MiniGPTWordPieceTokenizer
from tests.arrays import to_numpy

PIECES = ["the", "fox", "##es", "##y", "ran", "don", "'", "t", ",", ".", '"', "say"]
VOCABULARY = ["[PAD]", "[UNK]", "[BOS]", *PIECES]
IDS = {piece: i for i, piece in enumerate(VOCABULARY)}


@pytest.fixture(scope="module")
def tokenizer():
    return MiniGPTWordPieceTokenizer(VOCABULARY)


def ids(*pieces):
    return [IDS[piece] for piece in pieces]


def test_ids_are_keras_hubs(tokenizer):
    texts = [
        "The foxes ran.",
        'the foxy "fox", don\'t say',
        "",
        "  THE zebra\nran ",
        "Ünï",
    ]
    theirs = keras_hub.tokenizers.WordPieceTokenizer(VOCABULARY, lowercase=True)
    expected = [to_numpy(theirs(text)).tolist() for text in texts]
    assert tokenizer.tokenize(texts).to_list() == expected
    assert expected[0] == ids("the", "fox", "##es", "ran", ".")
    assert expected[3] == ids("the", "[UNK]", "ran")


def test_one_text_is_a_row_and_many_are_ragged(tokenizer):
    row = tokenizer.tokenize("the fox")
    assert row.numpy().tolist() == ids("the", "fox")
    assert tokenizer.tokenize(tf.constant("ran")).numpy().tolist() == ids("ran")
    rows = tokenizer.tokenize(["foxes", "", "the fox"])
    assert rows.to_list() == [ids("fox", "##es"), [], ids("the", "fox")]
    assert row.dtype == rows.dtype == tf.int32


def test_called_eagerly_it_gives_python_and_backend_types(tokenizer):
    assert to_numpy(tokenizer("the fox")).tolist() == ids("the", "fox")
    assert tokenizer(["foxes", ""]) == [ids("fox", "##es"), []]


def test_runs_in_tf_data(tokenizer):
    dataset = tf.data.Dataset.from_tensor_slices(["the fox", "ran"]).batch(2)
    rows = next(iter(dataset.map(tokenizer)))
    assert rows.to_list() == [ids("the", "fox"), ids("ran")]
    single = tf.data.Dataset.from_tensor_slices(["foxes"]).map(tokenizer.tokenize)
    assert next(iter(single)).numpy().tolist() == ids("fox", "##es")


def test_no_text_contains_special_tokens(tokenizer):
    assert set(tokenizer.tokenize("[PAD] [UNK] [BOS]").numpy()) == {1}


def test_the_start_token_also_ends_a_text(tokenizer):
    assert (tokenizer.pad_token_id, tokenizer.unk_token_id) == (0, 1)
    assert tokenizer.start_token_id == tokenizer.end_token_id == 2
    assert tokenizer.id_to_token(2) == "[BOS]"
    assert tokenizer.token_to_id("fox") == IDS["fox"]
    assert tokenizer.vocabulary_size() == len(VOCABULARY)
    assert tokenizer.get_vocabulary() == VOCABULARY


@pytest.mark.parametrize(
    "text", ["the foxes ran.", '"don\'t," the foxy fox say', "", "the fox, the fox."]
)
def test_detokenize_inverts_tokenize(tokenizer, text):
    assert tokenizer.detokenize(tokenizer.tokenize(text)) == text
    assert tokenizer.detokenize(tokenizer([text, text])) == [text, text]


def test_detokenize_hides_what_is_no_text(tokenizer):
    row = [2, *ids("the", "fox", "[UNK]"), 2, 0, 0]
    assert tokenizer.detokenize(row) == "the fox [UNK]"
    assert tokenizer.detokenize([row, [2]]) == ["the fox [UNK]", ""]


@pytest.mark.parametrize(
    "make", [np.array, tf.constant, ops.convert_to_tensor], ids=["numpy", "tf", "keras"]
)
def test_detokenize_takes_any_ids(tokenizer, make):
    assert tokenizer.detokenize(make(ids("the", "fox", "##es"))) == "the foxes"


@pytest.mark.parametrize("wrong", [[15], [-1], [2.0], "a"])
def test_detokenize_wants_ids_of_the_vocabulary(tokenizer, wrong):
    with pytest.raises(ValueError, match=r"`inputs` must be.*from 0 to 14. Received"):
        tokenizer.detokenize(wrong)


def test_unknown_words(tokenizer):
    assert tokenizer.unknown_words("The zebra, the foxes & Ünï don't") == [
        "zebra",
        "&",
        "Ünï",
    ]
    assert tokenizer.unknown_words("the fox") == tokenizer.unknown_words("") == []


def test_bytes_are_those_of_the_words(tokenizer):
    """Of a text whose marks both tokenizers split off, and to which none is glued."""
    line = "the foxes ran , foxy fox ."
    words = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", *dict.fromkeys(line.split())])
    num_bytes = [
        t.token_bytes()[t.tokenize(line).numpy()].sum() for t in (words, tokenizer)
    ]
    assert num_bytes == [len(line) + 1, len(line) + 1]
    assert tokenizer.token_bytes()[:3].tolist() == [0, 6, 1]


def test_config_and_assets_round_trip(tokenizer, tmp_path):
    tokenizer.save_assets(str(tmp_path))
    rebuilt = MiniGPTWordPieceTokenizer.from_config(tokenizer.get_config())
    assert not rebuilt.has_vocabulary
    rebuilt.load_assets(str(tmp_path))
    assert rebuilt.has_vocabulary
    assert rebuilt.get_vocabulary() == VOCABULARY
    assert rebuilt.tokenize("THE FOXES").numpy().tolist() == ids("the", "fox", "##es")
    path = str(tmp_path / "vocabulary.txt")
    assert MiniGPTWordPieceTokenizer(path).get_vocabulary() == VOCABULARY


def test_case_may_be_kept():
    tokenizer = MiniGPTWordPieceTokenizer([*VOCABULARY, "Fox"], lowercase=False)
    again = MiniGPTWordPieceTokenizer.from_config(tokenizer.get_config())
    again.set_vocabulary(tokenizer.get_vocabulary())
    for each in (tokenizer, again):
        assert each.tokenize("Fox fox").numpy().tolist() == [15, IDS["fox"]]


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([], r"must begin with \['\[PAD\]', '\[UNK\]', '\[BOS\]'\]. Received: \[\]"),
        (["[PAD]", "[BOS]", "[UNK]", "a"], "must begin with"),
        ([*VOCABULARY, "fox"], "must not hold an entry twice. Received: 'fox'"),
        ([*VOCABULARY, 7], "must hold str only. Received: 7"),
    ],
)
def test_bad_vocabulary(vocabulary, message):
    with pytest.raises(ValueError, match=f"`vocabulary` {message}"):
        MiniGPTWordPieceTokenizer(vocabulary)


def test_no_vocabulary_yet():
    tokenizer = MiniGPTWordPieceTokenizer()
    for use in (lambda: tokenizer("a"), lambda: tokenizer.detokenize([3])):
        with pytest.raises(ValueError, match="No vocabulary has been set"):
            use()


@pytest.mark.parametrize("inputs", [5, None, [1.0, 2.0], ["a", 3], [["a"], ["b"]]])
def test_inputs_must_be_text(tokenizer, inputs):
    with pytest.raises(
        ValueError, match=r"`inputs` must be a str or a list of str\. Rec"
    ):
        tokenizer.tokenize(inputs)


def test_is_a_registered_keras_object(tokenizer):
    config = keras.saving.serialize_keras_object(tokenizer)
    assert config["registered_name"] == "course_lib>MiniGPTWordPieceTokenizer"
