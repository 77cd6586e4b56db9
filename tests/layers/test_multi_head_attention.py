"""What self-attention and cross-attention share, tested on both."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import MultiHeadCrossAttention, MultiHeadSelfAttention
from tests.arrays import randomise, to_numpy

B, T, D, H = 2, 5, 8, 2


def inputs(seed=0):
    return np.random.default_rng(seed).normal(size=(B, T, D)).astype("float32")


@pytest.fixture(params=["self", "cross"])
def attend(request):
    """A function from a configuration to one from options to an output."""

    def build(**config):
        if request.param == "self":
            layer = MultiHeadSelfAttention(H, **config)
            layer.build((None, None, D))
            arguments = (inputs(),)
        else:
            layer = MultiHeadCrossAttention(H, **config)
            layer.build((None, None, D), (None, None, D))
            arguments = (inputs(), inputs(seed=1))
        randomise(layer)
        return lambda **options: layer(*arguments, **options)

    return build


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(attend, dtype):
    output, weights = attend(dtype=dtype)(return_attention_scores=True)
    expected = dtype.removeprefix("mixed_")
    assert keras.backend.standardize_dtype(output.dtype) == expected
    assert keras.backend.standardize_dtype(weights.dtype) == expected
    assert_allclose(to_numpy(output), to_numpy(attend()()), atol=0.1)


def test_dropout_is_on_only_in_training_and_spares_the_returned_weights(attend):
    call = attend(dropout=0.5)
    still, weights = call(return_attention_scores=True)
    dropped, same_weights = call(return_attention_scores=True, training=True)
    assert np.abs(to_numpy(dropped) - to_numpy(still)).max() > 0.01
    assert_array_equal(to_numpy(same_weights), to_numpy(weights))


@pytest.mark.parametrize("layer", [MultiHeadSelfAttention, MultiHeadCrossAttention])
@pytest.mark.parametrize("argument", ["num_heads", "key_dim"])
def test_sizes_must_be_positive(layer, argument):
    with pytest.raises(ValueError, match=f"`{argument}` must be at least 1"):
        layer(**{"num_heads": H, argument: 0})


def test_an_implicit_mask_counts_beside_an_attention_mask():
    token_ids = np.array([[4, 5, 6, 0, 0], [7, 8, 9, 1, 0]])
    embed = keras.layers.Embedding(10, D, mask_zero=True)
    embed.build()
    randomise(embed)
    x = embed(token_ids)
    layer, everything = MultiHeadSelfAttention(H), np.ones((T, T), bool)
    layer.build((None, None, D))
    randomise(layer)
    implicit = layer(x, attention_mask=ops.convert_to_tensor(everything))
    explicit = layer(to_numpy(x), padding_mask=token_ids != 0)
    assert_allclose(to_numpy(implicit), to_numpy(explicit), atol=1e-6)
    unmasked = to_numpy(layer(to_numpy(x)))
    assert np.abs(unmasked - to_numpy(explicit)).max() > 0.01
