"""Embedding and output layer in one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import TokenEmbedding
from tests.arrays import randomise, to_numpy

V, D = 7, 4


def built(**config):
    embedding = TokenEmbedding(V, D, **config)
    embedding.build()
    randomise(embedding)
    return embedding


@pytest.mark.parametrize("tie_weights", [False, True])
@pytest.mark.parametrize("reverse_bias", [False, True])
def test_logits_are_hidden_states_times_matrix_plus_bias(tie_weights, reverse_bias):
    embedding = built(tie_weights=tie_weights, reverse_bias=reverse_bias)
    hidden_states = np.random.default_rng(0).normal(size=(2, 3, D)).astype("float32")
    matrix = to_numpy(embedding.embeddings)  # (V, D)
    if not tie_weights:
        matrix = to_numpy(embedding.reverse_embeddings).T
    expected = hidden_states @ matrix.T
    if reverse_bias:
        expected = expected + to_numpy(embedding.bias)
    logits = to_numpy(embedding(hidden_states, reverse=True))
    assert_allclose(logits, expected, atol=1e-5)


def test_the_bias_takes_no_part_in_the_lookup():
    embedding = built(reverse_bias=True)
    output = to_numpy(embedding(np.array([[2, 5]])))
    assert_array_equal(output, to_numpy(embedding.embeddings)[[2, 5]][None])


def test_a_new_bias_is_zero():
    embedding = TokenEmbedding(V, D, reverse_bias=True)
    embedding.build()
    assert_array_equal(to_numpy(embedding.bias), np.zeros(V))


def test_config_round_trip():
    config = TokenEmbedding(V, D, tie_weights=False, reverse_bias=True).get_config()
    assert (config["tie_weights"], config["reverse_bias"]) == (False, True)
    assert TokenEmbedding.from_config(config).get_config() == config
