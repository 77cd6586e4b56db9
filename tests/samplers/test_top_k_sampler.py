"""Draws from the k likeliest, against the distribution worked out by hand."""

import keras_hub
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.samplers import GreedySampler, RandomSampler, TopKSampler
from tests import draws
from tests.draws import LOGITS, draw, looks_drawn_from, softmax


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("k", [1, 3, 5, 9])
def test_draws_from_the_k_likeliest_after_the_temperature(name, temperature, k):
    sampler = TopKSampler(k=k, temperature=temperature, seed=11)
    expected = draws.top_k(softmax(LOGITS[name], temperature), k)
    assert looks_drawn_from(draw(sampler, LOGITS[name]), expected)


@pytest.mark.parametrize("name", ["peaked", "mixed"])
def test_agrees_with_keras_hub(name):
    theirs = keras_hub.samplers.TopKSampler(k=3, temperature=0.7, seed=5)
    expected = draws.top_k(softmax(LOGITS[name], 0.7), 3)
    assert looks_drawn_from(draw(theirs, LOGITS[name]), expected)


def test_k_above_the_vocabulary_keeps_everything():
    draws = draw(TopKSampler(k=1000, seed=0), LOGITS["mixed"])
    assert_array_equal(draws, draw(RandomSampler(seed=0), LOGITS["mixed"]))


def test_k_of_one_is_greedy():
    logits = np.random.default_rng(0).normal(size=6)
    assert set(draw(TopKSampler(k=1), logits)) == set(draw(GreedySampler(), logits))


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_minus_infinity_is_never_drawn(temperature):
    logits = np.array([-np.inf, 0.0, -np.inf, -1.0, -np.inf, -np.inf])
    draws = draw(TopKSampler(k=4, temperature=temperature, seed=1), logits)
    assert set(draws) <= {1, 3}


def test_the_same_seed_draws_the_same_tokens():
    first, second = (draw(TopKSampler(k=5, seed=7), np.zeros(9)) for _ in "12")
    assert_array_equal(first, second)
    assert len(set(first)) == 5


def test_config_round_trip():
    config = TopKSampler(k=3, temperature=0.7, seed=4).get_config()
    assert config == {"k": 3, "temperature": 0.7, "seed": 4}
    assert TopKSampler.from_config(config).get_config() == config


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_bad_k(k):
    with pytest.raises(ValueError, match=rf"`k` must be a positive integer.*k={k!r}"):
        TopKSampler(k=k)


def test_bad_temperature():
    with pytest.raises(ValueError, match=r"`temperature` must be.*temperature=-1"):
        TopKSampler(k=2, temperature=-1)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        draw(TopKSampler(), [0.0, value])


def test_a_row_without_a_choice_raises():
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        draw(TopKSampler(), [-np.inf, -np.inf])
