import math

import numpy as np
import pytest
from keras import ops

from course_lib.metrics import distinct_n, longest_copy, repetition


def test_distinct_n_by_hand():
    words = ["the", "cat", "saw", "the", "cat"]
    assert distinct_n(words, 1) == 3 / 5
    assert distinct_n(words, 2) == 3 / 4
    assert distinct_n(words, 3) == 1


def test_distinct_n_of_several_texts_is_pooled():
    texts = [["a", "b"], ["a", "b"], ["b", "a", "c"]]
    assert distinct_n(texts, 1) == 3 / 7
    # "b a" at the seam of two texts is no bigram of theirs.
    assert distinct_n(texts, 2) == 3 / 4


def test_repetition_by_hand():
    loop = [1, 2, 3, 1, 2, 3, 1, 2, 3]  # six 4-grams, three kinds
    assert repetition(loop) == 3 / 6
    assert repetition(list(range(10))) == 0
    assert repetition([7] * 100, n=1) == 0.99


def test_repetition_holds_each_text_against_itself():
    assert repetition([["a", "b"], ["a", "b"]], n=1) == 0
    assert repetition([["a", "a"], ["a", "b"]], n=1) == 1 / 4


@pytest.mark.parametrize("n", [1, 2, 4])
def test_repetition_equals_a_loop(n):
    tokens = np.random.default_rng(n).integers(0, 3, 60)
    earlier, repeated, total = [], 0, 0
    for i in range(len(tokens) - n + 1):
        gram = tokens[i : i + n].tolist()
        repeated += gram in earlier
        earlier.append(gram)
        total += 1
    assert 0 < repeated < total
    assert repetition(tokens, n) == repeated / total
    assert distinct_n(tokens, n) == pytest.approx(1 - repeated / total)


@pytest.mark.parametrize("tokens", [[], [1, 2], [[1, 2], [3]]])
def test_too_short_for_any_ngram(tokens):
    assert math.isnan(distinct_n(tokens, 3))
    assert math.isnan(repetition(tokens, 3))


def brute_force_longest_copy(tokens, corpus):
    best = 0
    for document in corpus:
        for i in range(len(tokens)):
            for j in range(len(document)):
                length = 0
                while (
                    i + length < len(tokens)
                    and j + length < len(document)
                    and tokens[i + length] == document[j + length]
                ):
                    length += 1
                best = max(best, length)
    return best


@pytest.mark.parametrize("seed", range(30))
def test_longest_copy_equals_brute_force(seed):
    rng = np.random.default_rng(seed)
    vocabulary_size = rng.integers(2, 6)
    corpus = [
        rng.integers(0, vocabulary_size, rng.integers(0, 20)).tolist() for _ in range(8)
    ]
    tokens = rng.integers(0, vocabulary_size + 1, rng.integers(1, 25)).tolist()
    assert longest_copy(tokens, corpus) == brute_force_longest_copy(tokens, corpus)


def test_longest_copy_by_hand():
    corpus = [[1, 2, 3, 4], [5, 6, 7]]
    assert longest_copy([2, 3, 4], corpus) == 3  # at a document's end
    assert longest_copy([9, 5, 6, 7, 9], corpus) == 3  # at the corpus' end
    assert longest_copy([3, 4, 5, 6], corpus) == 2  # not across documents
    assert longest_copy([1, 9, 2, 9, 3], corpus) == 1
    assert longest_copy([8, 9], corpus) == 0
    assert longest_copy([], corpus) == 0
    assert longest_copy([1], []) == 0


def test_longest_copy_finds_a_planted_run():
    rng = np.random.default_rng(0)
    corpus = rng.integers(0, 5_000, (400, 100))
    sample = rng.integers(0, 5_000, 200)
    sample[50:90] = corpus[123, 30:70]
    sample[[49, 90]] = 5_001  # in no document
    assert longest_copy(sample, corpus) == 40


@pytest.mark.parametrize("as_", [list, np.array, ops.convert_to_tensor])
def test_kinds_of_sequences(as_):
    tokens, corpus = as_([4, 1, 2, 4]), as_([[1, 2, 3], [3, 2, 1]])
    assert longest_copy(tokens, corpus) == 2
    assert repetition(tokens, n=1) == 1 / 4
    assert distinct_n(corpus, n=1) == 1 / 2


def test_words_and_ids_do_not_mix():
    with pytest.raises(TypeError, match=r"both hold words or both.*'a' in t.*1 in c"):
        longest_copy(["a", "b"], [[], [1, 2]])


@pytest.mark.parametrize("text", ["not split", b"bytes", 5, None, [[[1]]]])
def test_texts_that_are_no_sequences_of_tokens(text):
    for function in (distinct_n, repetition):
        with pytest.raises(TypeError, match="`tokens` must be a sequence of words"):
            function(text, 2)
    with pytest.raises(TypeError, match="`tokens` must be a sequence of words"):
        longest_copy(text, [["a"]])
    with pytest.raises(TypeError, match="each document of `corpus` must be"):
        longest_copy(["a"], [["a"], text])


@pytest.mark.parametrize("n", [0, -1, 2.0, None])
def test_bad_n(n):
    for function in (distinct_n, repetition):
        with pytest.raises(ValueError, match=f"`n` must be.*n={n}"):
            function(["a", "b"], n)
