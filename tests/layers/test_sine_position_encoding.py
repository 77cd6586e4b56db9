"""Sines and cosines against the formula and KerasHub's layer."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import SinePositionEncoding
from tests.arrays import save_and_load, to_numpy


def formula(length, hidden_dim, max_wavelength=10_000, start=0):
    """The encoding in float64, one number after another."""
    encoding = np.empty((length, hidden_dim))
    for position in range(length):
        for dim in range(hidden_dim):
            angle = (start + position) / max_wavelength ** ((dim // 2 * 2) / hidden_dim)
            encoding[position, dim] = np.cos(angle) if dim % 2 else np.sin(angle)
    return encoding


@pytest.mark.parametrize(("length", "hidden_dim"), [(1, 2), (20, 8), (100, 7)])
@pytest.mark.parametrize("max_wavelength", [10_000, 50])
def test_equals_the_formula(length, hidden_dim, max_wavelength):
    layer = SinePositionEncoding(max_wavelength)
    output = to_numpy(layer(np.zeros((2, length, hidden_dim), "float32")))
    expected = formula(length, hidden_dim, max_wavelength)
    assert_allclose(output, np.stack([expected] * 2), atol=2e-5)


@pytest.mark.parametrize("start", [0, 13])
def test_equals_keras_hub(start):
    x = np.random.default_rng(0).normal(size=(2, 30, 16)).astype("float32")
    theirs = keras_hub.layers.SinePositionEncoding()(x, start_index=start)
    ours = SinePositionEncoding()(x, start_index=ops.convert_to_tensor(start))
    assert_allclose(to_numpy(ours), to_numpy(theirs), atol=1e-5)


def test_start_index_continues_where_the_cache_ends():
    layer = SinePositionEncoding()
    whole = to_numpy(layer(np.zeros((1, 10, 8), "float32")))
    rest = to_numpy(layer(np.zeros((1, 4, 8), "float32"), start_index=6))
    assert_array_equal(rest, whole[:, 6:])


def test_dot_products_depend_on_the_distance_only():
    length = 100
    output = to_numpy(SinePositionEncoding()(np.zeros((1, length, 256), "float32")))[0]
    products = output @ output.T
    for distance in range(length):
        diagonal = np.diagonal(products, distance)
        # 128 pairs of sin a sin b + cos a cos b = cos(a - b): at most 128 in size
        assert_allclose(diagonal, diagonal[0], atol=128 * 1e-5)
    nearest = np.diagonal(products, 1).mean()
    assert products[0, 0] > nearest > np.diagonal(products, 20).mean()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_angles_are_exact_in_low_precision(dtype):
    layer = SinePositionEncoding(dtype=dtype)
    output = layer(ops.zeros((1, 2000, 8), dtype))
    assert keras.backend.standardize_dtype(output.dtype) == dtype
    # positions above 256 have no bfloat16 of their own: the angle must be float32
    assert_allclose(to_numpy(output)[0], formula(2000, 8), atol=5e-3)


def test_a_mask_passes_through():
    x = keras.layers.Embedding(10, 8, mask_zero=True)(np.array([[3, 0]]))
    output = SinePositionEncoding()(x)
    assert_array_equal(to_numpy(output._keras_mask), [[True, False]])


def test_config_and_keras_file_round_trip(tmp_path):
    layer = SinePositionEncoding(max_wavelength=50)
    assert SinePositionEncoding.from_config(layer.get_config()).max_wavelength == 50
    x = np.zeros((2, 5, 6), "float32")
    loaded, before, after = save_and_load(layer, x, tmp_path / "m.keras")
    assert_array_equal(before, after)
    assert loaded.get_config() == layer.get_config()


@pytest.mark.parametrize("max_wavelength", [0, -1])
def test_bad_wavelength(max_wavelength):
    with pytest.raises(
        ValueError, match=r"`max_wavelength` must be positive. Received"
    ):
        SinePositionEncoding(max_wavelength)


def test_inputs_must_be_of_rank_3():
    with pytest.raises(ValueError, match=r"`inputs` must have shape.*\(2, 3\)"):
        SinePositionEncoding()(np.zeros((2, 3), "float32"))
