"""Draws against the distribution that they should come from."""

import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.samplers import RandomSampler
from tests.arrays import to_numpy
from tests.draws import draw, looks_drawn_from, softmax

LOGITS = {
    "flat": np.zeros(6),
    "peaked": np.array([0.0, 6.0, 1.0, 0.5, 0.0, 0.0]),
    "tied": np.array([2.0, 0.0, 2.0, 0.0, 1.0, 0.0]),
    "mixed": np.log([0.4, 0.05, 0.1, 0.1, 0.3, 0.05]),
    "forbidden": np.array([1.0, -np.inf, 0.5, 0.0, -np.inf, 1.5]),
}


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("library", ["ours", "keras_hub"])
def test_draws_from_the_distribution(name, temperature, library):
    samplers = {"ours": RandomSampler, "keras_hub": keras_hub.samplers.RandomSampler}
    sampler = samplers[library](temperature=temperature, seed=3)
    logits = LOGITS[name]
    if name == "peaked" and temperature == 0.5:
        logits = logits / 2  # or some tokens are too rare to count
    assert looks_drawn_from(draw(sampler, logits), softmax(logits, temperature))


def test_the_chi_square_test_notices_a_small_change():
    draws = draw(RandomSampler(temperature=1.1, seed=3), LOGITS["mixed"])
    assert not looks_drawn_from(draws, softmax(LOGITS["mixed"], 1.0))
    assert not looks_drawn_from(np.array([4] * 100), [0.25, 0.25, 0.5, 0, 0])


@pytest.mark.parametrize("temperature", [0.3, 1.0, 7.0])
def test_temperature_divides_the_logits_once(temperature):
    logits = np.random.default_rng(0).normal(0, 3, (4, 6)).astype("float32")
    sampler = RandomSampler(temperature=temperature)
    probabilities = to_numpy(
        sampler.compute_probabilities(ops.convert_to_tensor(logits))
    )
    expected = [softmax(row, temperature) for row in logits]
    assert_allclose(probabilities, expected, atol=1e-6)


@pytest.mark.parametrize("temperature", [0, 0.0, 1e-6, 1e-30, 1e-45, 1e-300])
def test_temperature_near_zero_takes_the_likeliest(temperature):
    sampler = RandomSampler(temperature=temperature, seed=0)
    assert set(draw(sampler, [1e4, -3.0, 1e4 + 1, 0.0])) == {2}
    assert set(draw(sampler, [-1e4, -np.inf, -1e30])) == {0}


def test_temperature_zero_takes_the_lowest_id_of_equals():
    assert set(draw(RandomSampler(temperature=0), [1.0, 2.0, 2.0])) == {1}


@pytest.mark.parametrize("temperature", [1e6, 1e30, 1e39, 1e300])
def test_a_huge_temperature_is_flat_over_what_is_allowed(temperature):
    draws = draw(RandomSampler(temperature=temperature, seed=5), [9.0, -np.inf, -9.0])
    assert looks_drawn_from(draws, [0.5, 0, 0.5])


@pytest.mark.parametrize("temperature", [0, 0.5, 1.0, 100.0])
def test_minus_infinity_is_never_drawn(temperature):
    logits = np.array([-np.inf, 0.0, -np.inf, -4.0, -np.inf, -np.inf])
    draws = draw(RandomSampler(temperature=temperature, seed=1), logits)
    assert set(draws) <= {1, 3}


def test_the_same_seed_draws_the_same_tokens_and_goes_on():
    first, second = (RandomSampler(seed=7) for _ in range(2))
    runs = [
        [draw(sampler, LOGITS["flat"]) for _ in range(2)] for sampler in (first, second)
    ]
    assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).any()
    other = draw(RandomSampler(seed=8), LOGITS["flat"])
    assert (other != runs[0][0]).any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_low_precision_logits_are_drawn_in_float32(dtype):
    logits = ops.cast(np.zeros((20_000, 300)), dtype)
    sampler = RandomSampler(seed=2)
    probabilities = sampler.compute_probabilities(logits)
    draws = to_numpy(sampler.get_next_token(probabilities))
    assert looks_drawn_from(draws, np.full(300, 1 / 300))


def test_config_round_trip():
    config = RandomSampler(temperature=0.7, seed=4).get_config()
    assert config == {"temperature": 0.7, "seed": 4}
    assert RandomSampler.from_config(config).get_config() == config


@pytest.mark.parametrize(
    "temperature", [-0.1, float("nan"), float("inf"), -float("inf"), None, "hot"]
)
def test_bad_temperature(temperature):
    message = f"`temperature` must be a finite number.*temperature={temperature!r}"
    with pytest.raises(ValueError, match=message):
        RandomSampler(temperature=temperature)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        draw(RandomSampler(), [0.0, value, -np.inf])


def test_a_row_without_a_choice_raises():
    logits = ops.convert_to_tensor([[0.0, 1.0], [-np.inf, -np.inf]])
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        RandomSampler().compute_probabilities(logits)
