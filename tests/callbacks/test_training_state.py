"""The state of a training as arrays, and the first difference between two."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.callbacks import training_state
from tests.next_token_model import next_token_model


def test_low_precision_is_stored_exactly():
    variable = keras.Variable(np.random.default_rng(0).normal(size=8), dtype="bfloat16")
    stored = training_state._to_numpy(variable)
    assert stored.dtype == "float32"
    before = keras.ops.convert_to_numpy(keras.ops.cast(variable.value, "float32"))
    variable.assign(keras.ops.zeros(8))
    training_state.assign([variable], [stored])
    after = keras.ops.convert_to_numpy(keras.ops.cast(variable.value, "float32"))
    assert before.any()
    assert_array_equal(after, before)


def test_unpack_is_the_inverse_of_capture():
    model = next_token_model()
    model.optimizer.build(model.trainable_variables)
    random = [np.arange(3, dtype="uint8")]
    arrays = training_state.capture(model, random, {"epoch": 3})
    metadata, groups = training_state.unpack(arrays)
    assert metadata["epoch"] == 3
    assert_array_equal(groups["random"], random)
    for name, variables in training_state.variables_of(model).items():
        assert metadata["variables"][name] == training_state.describe(variables)
        for variable, array in zip(variables, groups[name], strict=True):
            assert_array_equal(keras.ops.convert_to_numpy(variable.value), array)


def test_a_model_is_described_as_its_twin():
    one, other = next_token_model(), next_token_model()
    assert one.variables[0].path != other.variables[0].path
    described = training_state.describe(one.variables)
    assert described == training_state.describe(other.variables)
    assert described[0] == "embedding/embeddings (12, 4) float32"


@pytest.mark.parametrize(
    ("there", "here", "expected"),
    [
        (["a", "b"], ["a", "b"], None),
        (["a", "b"], ["a", "c"], "thing 1 is 'b', and here it is 'c'"),
        (["a"], ["a", "c"], "thing 1 is None, and here it is 'c'"),
        (["a", "b"], ["a"], "thing 1 is 'b', and here it is None"),
        ({"k": 1, "l": 2}, {"l": 2, "k": 1}, None),
        ({"k": 1}, {"l": 2}, "thing k is 1, and here it is None"),
        ("tensorflow", "jax", "thing is 'tensorflow', and here it is 'jax'"),
        (None, {"seed": 0}, "thing is None, and here it is {'seed': 0}"),
    ],
)
def test_first_difference(there, here, expected):
    assert training_state.first_difference([("thing", there, here)]) == expected
