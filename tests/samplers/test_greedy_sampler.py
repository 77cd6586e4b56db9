"""Always the likeliest token."""

import keras_hub
import numpy as np
import pytest
from keras import ops

from course_lib.samplers import GreedySampler
from tests.arrays import to_numpy


def choose(sampler, logits):
    probabilities = sampler.compute_probabilities(ops.convert_to_tensor(logits))
    return to_numpy(sampler.get_next_token(probabilities)).tolist()


def test_takes_the_largest_of_each_row():
    logits = np.random.default_rng(0).normal(size=(50, 9)).astype("float32")
    chosen = choose(GreedySampler(), logits)
    assert chosen == logits.argmax(axis=-1).tolist()
    assert chosen == choose(keras_hub.samplers.GreedySampler(), logits)


def test_of_equals_the_lowest_id():
    assert choose(GreedySampler(), np.array([[0.0, 3.0, 3.0], [1.0, 1.0, 1.0]])) == [
        1,
        0,
    ]


def test_a_forbidden_token_is_never_taken():
    assert choose(GreedySampler(), np.array([[-np.inf, -5.0, -np.inf]])) == [1]


def test_config_round_trip():
    config = GreedySampler().get_config()
    assert GreedySampler.from_config(config).get_config() == config


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        choose(GreedySampler(), np.array([[0.0, 1.0], [value, 0.0]]))


def test_a_row_without_a_choice_raises():
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        choose(GreedySampler(), np.array([[0.0, 1.0], [-np.inf, -np.inf]]))
