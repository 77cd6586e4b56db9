"""Documents to one array of token ids."""

import itertools

import numpy as np
import pytest

from course_lib.datasets import concatenate_documents, encode_documents
from course_lib.models import MiniGPTTokenizer
from tests.tiny_gpt import END, VOCABULARY

DOCUMENTS = [[5, 6, 7], [8], [], [9, 5]]
FLAT = [5, 6, 7, END, 8, END, END, 9, 5, END]


@pytest.mark.parametrize(
    "documents",
    [
        DOCUMENTS,
        [np.array(d, "int64") for d in DOCUMENTS],
        (d for d in DOCUMENTS),
    ],
    ids=["lists", "arrays", "generator"],
)
def test_the_end_token_follows_each_document(documents):
    token_ids = concatenate_documents(documents, END)
    assert token_ids.tolist() == FLAT
    assert token_ids.dtype == "uint16"


def test_rows_of_an_array_are_documents():
    token_ids = concatenate_documents(np.array([[3, 4], [5, 6]]), END)
    assert token_ids.tolist() == [3, 4, END, 5, 6, END]


def test_large_vocabularies_take_four_bytes():
    token_ids = concatenate_documents([[5], [70_000], [6]], 65_536)
    assert token_ids.tolist() == [5, 65_536, 70_000, 65_536, 6, 65_536]
    assert token_ids.dtype == "int32"


@pytest.mark.parametrize("batch_size", [1, 2, 100])
def test_encode_a_stream_of_texts(batch_size):
    tokenizer = MiniGPTTokenizer(VOCABULARY)
    texts = ["a good film.", "bad!", "", "a plot"]
    rows = [[*tokenizer.tokenize(text).numpy(), END] for text in texts]
    for function in (tokenizer, tokenizer.tokenize):  # lists or ragged, by backend
        token_ids = encode_documents(iter(texts), function, END, batch_size=batch_size)
        assert token_ids.tolist() == [*itertools.chain(*rows)]


def test_any_function_can_be_the_tokenizer():
    sizes = []

    def lengths(texts):
        sizes.append(len(texts))
        return [[len(word) for word in text.split()] for text in texts]

    token_ids = encode_documents(["a bc", "def", "g"], lengths, 0, batch_size=2)
    assert token_ids.tolist() == [1, 2, 0, 3, 0, 1, 0]
    assert sizes == [2, 1]


@pytest.mark.parametrize(
    ("documents", "message"),
    [
        ([[3], [3.5]], r"rows of token ids.*documents\[1\]=\[3.5\]"),
        ([["a film"]], r"rows of token ids.*documents\[0\]"),
        ([[[3, 4]]], r"rows of token ids.*documents\[0\]"),
        ([[3, -1]], r"rows of token ids.*documents\[0\]"),
        ([[3], [4, END, 5]], r"must not hold the end token 2.*documents\[1\]"),
        ([], "at least one. Received: none"),
    ],
)
def test_what_is_no_document(documents, message):
    with pytest.raises(ValueError, match=message):
        concatenate_documents(documents, END)


def test_bad_arguments():
    with pytest.raises(ValueError, match="`end_token_id` must be an integer"):
        concatenate_documents([[3]], None)
    with pytest.raises(ValueError, match="`texts` must be an iterable of str"):
        encode_documents("a film", len, END)
    with pytest.raises(
        ValueError, match=r"a row for each of 2 texts. Received: 1 rows"
    ):
        encode_documents(["a", "b"], lambda texts: [[3]], END)
    with pytest.raises(ValueError, match="`batch_size` must be an integer of at least"):
        encode_documents(["a"], lambda texts: [[3]], END, batch_size=0)
