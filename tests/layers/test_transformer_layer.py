"""What a block and a decoder share, tested on both."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.layers import TransformerBlock, TransformerDecoder
from tests.arrays import randomise, to_numpy

SHAPE = (2, 5, 8)


def inputs():
    return np.random.default_rng(0).normal(size=SHAPE).astype("float32")


@pytest.mark.parametrize("layer", [TransformerBlock, TransformerDecoder])
@pytest.mark.parametrize("normalize_first", [False, True])
def test_without_its_last_projections_a_layer_is_a_residual(layer, normalize_first):
    layer = layer(16, 2, normalize_first=normalize_first)
    layer.build((None, None, 8))
    randomise(layer)
    for projection in (layer.self_attention.attention_output, layer.feedforward_output):
        projection.set_weights([0 * w for w in projection.get_weights()])
    x = inputs()
    expected = x
    if not normalize_first:
        expected = layer.feedforward_norm(layer.self_attention_norm(x))
    assert_array_equal(to_numpy(layer(x)), to_numpy(expected))


@pytest.mark.parametrize("layer", [TransformerBlock, TransformerDecoder])
def test_bad_sizes(layer):
    with pytest.raises(ValueError, match="`intermediate_dim` must be at least 1"):
        layer(0, 2)
    with pytest.raises(ValueError, match="`dropout` must be in"):
        layer(16, 2, dropout=1.0)
