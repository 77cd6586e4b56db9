"""What a token is plus where it stands, against a lookup by hand."""

import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import TokenAndPositionEmbedding
from tests.arrays import randomise, save_and_load, to_numpy

V, S, D = 11, 6, 4
TOKEN_IDS = np.array([[3, 1, 4, 1], [5, 9, 2, 0]])


def built(**config):
    sizes = {"vocabulary_size": V, "sequence_length": S, "embedding_dim": D}
    layer = TokenAndPositionEmbedding(**{**sizes, **config})
    layer.build((None, None))
    randomise(layer)
    return layer


def test_is_the_sum_of_two_rows():
    layer = built()
    tokens, positions = layer.get_weights()
    output = to_numpy(layer(TOKEN_IDS))
    for b, t in np.ndindex(*TOKEN_IDS.shape):
        expected = tokens[TOKEN_IDS[b, t]] + positions[t]
        assert_allclose(output[b, t], expected, atol=1e-6)


def test_equals_keras_hub():
    ours = built()
    theirs = keras_hub.layers.TokenAndPositionEmbedding(V, S, D)
    theirs.build((None, None))
    theirs.set_weights(ours.get_weights())
    output = to_numpy(ours(TOKEN_IDS))
    assert_allclose(output, to_numpy(theirs(TOKEN_IDS)), atol=1e-6)


def test_start_index_continues_where_the_cache_ends():
    layer = built()
    whole = to_numpy(layer(TOKEN_IDS))
    rest = layer(TOKEN_IDS[:, 3:], start_index=ops.convert_to_tensor(3))
    assert_array_equal(to_numpy(rest), whole[:, 3:])


@pytest.mark.parametrize("mask_zero", [False, True])
def test_padding_is_passed_on_only_if_asked_for(mask_zero):
    mask = getattr(built(mask_zero=mask_zero)(TOKEN_IDS), "_keras_mask", None)
    if mask_zero:
        assert_array_equal(to_numpy(mask), TOKEN_IDS != 0)
    else:
        assert mask is None


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_any_integers_will_do(dtype):
    layer = built()
    output = to_numpy(layer(TOKEN_IDS.astype(dtype)))
    assert_array_equal(output, to_numpy(layer(TOKEN_IDS)))


def test_config_round_trip():
    config = TokenAndPositionEmbedding(
        3, 4, 5, tie_weights=False, reverse_bias=True, mask_zero=True
    ).get_config()
    assert TokenAndPositionEmbedding.from_config(config).get_config() == config
    default = TokenAndPositionEmbedding(6, 7, 8).get_config()
    own = set(config) - {"name", "dtype", "trainable"}
    assert len(own) == 6
    assert all(config[name] != default[name] for name in own)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_keras_file_round_trip(tie_weights, tmp_path):
    layer = TokenAndPositionEmbedding(
        V, S, D, tie_weights=tie_weights, reverse_bias=True
    )
    token_ids = TOKEN_IDS.astype("int32")
    loaded, before, after = save_and_load(layer, token_ids, tmp_path / "m.keras")
    assert_array_equal(before, after)
    assert loaded.get_config() == layer.get_config()
    for one, other in zip(loaded.get_weights(), layer.get_weights(), strict=True):
        assert_array_equal(one, other)  # the output layer's too


@pytest.mark.parametrize(
    "name", ["vocabulary_size", "sequence_length", "embedding_dim"]
)
@pytest.mark.parametrize("value", [0, -3])
def test_sizes_must_be_positive(name, value):
    with pytest.raises(
        ValueError, match=rf"`{name}` must be at least 1.*{name}={value}"
    ):
        built(**{name: value})


@pytest.mark.parametrize("dtype", ["float32", "bool"])
def test_ids_must_be_integers(dtype):
    with pytest.raises(ValueError, match=rf"must be integer token ids.*dtype={dtype}"):
        built()(TOKEN_IDS.astype(dtype))


@pytest.mark.parametrize("shape", [(4,), (1, 2, 3)])
def test_ids_must_be_of_rank_2(shape):
    layer = TokenAndPositionEmbedding(V, S, D)
    with pytest.raises(ValueError, match=r"`inputs` must have shape.*Received"):
        layer(np.ones(shape, "int32"))


def test_no_sequence_is_longer_than_the_positions():
    with pytest.raises(
        ValueError, match=r"longer than `sequence_length` \(6.*\(1, 7\)"
    ):
        built()(np.ones((1, S + 1), "int32"))
