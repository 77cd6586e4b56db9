"""AdamW with several rates, against Keras' AdamW at each of them."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from course_lib.optimizers import AdamW

GRADIENTS = np.random.default_rng(0).normal(size=(5, 2, 4)).astype("float32")


def variables():
    """An embedding and a kernel, both zeros and ones in turn."""
    layers = [keras.layers.Embedding(2, 2, name="words"), keras.layers.Dense(2)]
    layers[0].build()
    layers[1].build((None, 1))
    found = [layers[0].embeddings, layers[1].kernel]
    for variable in found:
        variable.assign(np.ones(variable.shape))
    return found


def trained(optimizer):
    """Both variables after some steps with the same gradients."""
    table, kernel = variables()
    optimizer.build([table, kernel])
    for step in GRADIENTS:
        gradients = step.reshape(-1)[:4].reshape(2, 2), step[:1, :2]
        gradients = map(keras.ops.convert_to_tensor, gradients)
        optimizer.apply_gradients(list(zip(gradients, [table, kernel], strict=True)))
    return [keras.ops.convert_to_numpy(variable.value) for variable in (table, kernel)]


def test_each_variable_moves_as_under_a_plain_adamw_at_its_rate():
    rate, decay = 0.01, 0.3
    several = AdamW(rate, {"words": 3.0}, weight_decay=decay)
    table, kernel = trained(several)
    # Decay is multiplied by the common rate, so a third of it at three times the rate.
    faster = keras.optimizers.AdamW(3 * rate, weight_decay=decay / 3)
    assert_allclose(table, trained(faster)[0], rtol=1e-6)
    plain = trained(keras.optimizers.AdamW(rate, weight_decay=decay))
    assert_allclose(kernel, plain[1], rtol=1e-6)
    assert abs(table - plain[0]).max() > 0.01


def test_a_schedule_is_multiplied_too():
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 10)
    faster = keras.optimizers.schedules.CosineDecay(0.03, 10)
    table, _ = trained(AdamW(schedule, {"words": 3.0}, weight_decay=0.0))
    expected, _ = trained(keras.optimizers.AdamW(faster, weight_decay=0.0))
    assert_allclose(table, expected, rtol=1e-6)


def test_config_round_trip():
    optimizer = AdamW(0.02, {"words": 2.0}, weight_decay=0.1, clipnorm=1.0)
    config = keras.optimizers.serialize(optimizer)
    again = keras.optimizers.deserialize(config)
    assert isinstance(again, AdamW)
    assert again.get_config() == optimizer.get_config()
    assert again.learning_rate_multipliers == {"words": 2.0}


@pytest.mark.parametrize("multiplier", [0, -1.0, float("nan"), float("inf")])
def test_a_multiplier_must_be_positive(multiplier):
    with pytest.raises(ValueError, match=r"must be positive numbers.*'words'"):
        AdamW(learning_rate_multipliers={"words": multiplier})


def test_a_key_that_finds_nothing():
    with pytest.raises(ValueError, match=r"'wrods' for words/embeddings, "):
        AdamW(learning_rate_multipliers={"wrods": 2.0}).build(variables())


def test_two_keys_for_one_variable():
    optimizer = AdamW(learning_rate_multipliers={"words": 2.0, "embeddings": 2.0})
    with pytest.raises(ValueError, match=r"At most one key.*words/embeddings"):
        optimizer.build(variables())
