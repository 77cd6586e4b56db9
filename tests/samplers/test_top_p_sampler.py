"""Draws from the nucleus, against the distribution worked out by hand."""

import keras_hub
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.samplers import RandomSampler, TopPSampler
from tests import draws
from tests.draws import LOGITS, draw, looks_drawn_from, softmax


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("p", [0.05, 0.62, 0.97])
def test_draws_from_the_nucleus_after_the_temperature(name, temperature, p):
    sampler = TopPSampler(p=p, temperature=temperature, seed=11)
    expected = draws.top_p(softmax(LOGITS[name], temperature), p)
    assert looks_drawn_from(draw(sampler, LOGITS[name]), expected)


@pytest.mark.parametrize("name", ["peaked", "mixed"])
def test_agrees_with_keras_hub(name):
    theirs = keras_hub.samplers.TopPSampler(p=0.8, temperature=0.7, seed=5)
    expected = draws.top_p(softmax(LOGITS[name], 0.7), 0.8)
    assert looks_drawn_from(draw(theirs, LOGITS[name]), expected)


@pytest.mark.parametrize(("k", "p"), [(3, 0.45), (2, 0.9), (100, 0.45)])
def test_top_k_comes_first_and_is_renormalised(k, p):
    # among the first three, the first has 0.4 / 0.85 > 0.45: it is the nucleus
    distribution = np.array([0.3, 0.05, 0.15, 0.1, 0.4])
    expected = draws.top_p(draws.top_k(distribution, k), p)
    sampler = TopPSampler(p=p, k=k, seed=2)
    assert looks_drawn_from(draw(sampler, np.log(distribution)), expected)


def test_p_of_one_keeps_everything():
    draws = draw(TopPSampler(p=1, seed=0), LOGITS["mixed"])
    assert_array_equal(draws, draw(RandomSampler(seed=0), LOGITS["mixed"]))


def test_a_tiny_p_is_greedy():
    assert set(draw(TopPSampler(p=1e-9), [0.0, 1.0, 1.0])) == {1}


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_minus_infinity_is_never_drawn(temperature):
    logits = np.array([-np.inf, 0.0, -np.inf, -1.0, -np.inf, -np.inf])
    draws = draw(TopPSampler(p=0.999, temperature=temperature, seed=1), logits)
    assert set(draws) <= {1, 3}


def test_the_same_seed_draws_the_same_tokens():
    first, second = (draw(TopPSampler(p=0.5, seed=7), np.zeros(8)) for _ in "12")
    assert_array_equal(first, second)
    assert set(first) == {0, 1, 2, 3}


def test_config_round_trip():
    config = TopPSampler(p=0.3, k=9, temperature=0.7, seed=4).get_config()
    assert config == {"p": 0.3, "k": 9, "temperature": 0.7, "seed": 4}
    assert TopPSampler.from_config(config).get_config() == config


@pytest.mark.parametrize("p", [0, -0.5, 1.5, float("nan"), None])
def test_bad_p(p):
    with pytest.raises(
        ValueError, match=rf"`p` must be in \(0, 1\]. Received: p={p!r}"
    ):
        TopPSampler(p=p)


@pytest.mark.parametrize("k", [0, 2.5, True])
def test_bad_k(k):
    with pytest.raises(ValueError, match=rf"`k` must be a positive integer.*k={k!r}"):
        TopPSampler(p=0.5, k=k)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        draw(TopPSampler(), [0.0, value])


def test_a_row_without_a_choice_raises():
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        draw(TopPSampler(), [-np.inf, -np.inf])
