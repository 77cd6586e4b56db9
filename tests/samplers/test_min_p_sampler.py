"""Draws from what is likely enough, against the distribution worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.samplers import GreedySampler, MinPSampler, RandomSampler
from tests import draws
from tests.draws import LOGITS, draw, looks_drawn_from, softmax


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
@pytest.mark.parametrize("min_p", [0.011, 0.34, 0.95])
def test_draws_from_the_likely_tokens_after_the_temperature(name, temperature, min_p):
    sampler = MinPSampler(min_p=min_p, temperature=temperature, seed=11)
    expected = draws.min_p(softmax(LOGITS[name], temperature), min_p)
    assert looks_drawn_from(draw(sampler, LOGITS[name]), expected)


def test_the_order_of_temperature_and_filter_shows():
    """At temperature 2, tokens are likely enough that are not at 1."""
    after = draws.min_p(softmax(LOGITS["peaked"], 2.0), 0.2)
    before = draws.min_p(softmax(LOGITS["peaked"], 1.0), 0.2)
    assert np.count_nonzero(after) > np.count_nonzero(before)
    drawn = draw(MinPSampler(0.2, temperature=2.0, seed=1), LOGITS["peaked"])
    assert set(drawn) == set(np.flatnonzero(after))


def test_zero_keeps_everything():
    drawn = draw(MinPSampler(min_p=0, seed=0), LOGITS["mixed"])
    assert_array_equal(drawn, draw(RandomSampler(seed=0), LOGITS["mixed"]))


def test_one_is_greedy_where_nothing_is_tied():
    logits = np.random.default_rng(0).normal(size=6)
    assert set(draw(MinPSampler(1.0), logits)) == set(draw(GreedySampler(), logits))
    tied = draw(MinPSampler(1.0, seed=2), LOGITS["tied"])
    assert looks_drawn_from(tied, [0, 0.5, 0, 0.5, 0, 0])


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_minus_infinity_is_never_drawn(temperature):
    logits = np.array([-np.inf, 0.0, -np.inf, -1.0, -np.inf, -np.inf])
    drawn = draw(MinPSampler(0.0, temperature=temperature, seed=1), logits)
    assert set(drawn) <= {1, 3}


def test_the_same_seed_draws_the_same_tokens():
    first, second = (draw(MinPSampler(0.5, seed=7), np.zeros(8)) for _ in "12")
    assert_array_equal(first, second)
    assert set(first) == set(range(8))


def test_config_round_trip():
    config = MinPSampler(min_p=0.3, temperature=0.7, seed=4).get_config()
    assert config == {"min_p": 0.3, "temperature": 0.7, "seed": 4}
    assert MinPSampler.from_config(config).get_config() == config


@pytest.mark.parametrize("min_p", [-0.1, 1.1, float("nan"), None, "0.1"])
def test_bad_min_p(min_p):
    message = rf"`min_p` must be in \[0, 1\]. Received: min_p={min_p!r}"
    with pytest.raises(ValueError, match=message):
        MinPSampler(min_p)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        draw(MinPSampler(), [0.0, value])


def test_a_row_without_a_choice_raises():
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        draw(MinPSampler(), [-np.inf, -np.inf])
