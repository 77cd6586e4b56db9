"""Masks against plain loops, and a softmax that survives them."""

import numpy as np
import pytest
from keras import ops

from course_lib import masking
from tests.arrays import gradient, to_numpy

DTYPES = ("float32", "float16", "bfloat16")
TOLERANCE = {"float32": 1e-6, "float16": 1e-3, "bfloat16": 1e-2}


@pytest.mark.parametrize("length", [1, 2, 5])
def test_causal_mask_is_a_lower_triangle(length):
    expected = np.tril(np.ones((length, length), bool))
    np.testing.assert_array_equal(to_numpy(masking.causal_mask(length)), expected)


@pytest.mark.parametrize(("target", "source"), [(2, 5), (5, 2), (1, 4), (4, 1), (3, 3)])
def test_causal_mask_counts_from_the_lower_right_corner(target, source):
    mask = to_numpy(masking.causal_mask(target, source))
    assert mask.shape == (target, source)
    for t in range(target):
        for s in range(source):
            # Seen from the end of both: the last target sees all sources.
            assert mask[t, s] == (target - 1 - t <= source - 1 - s)


def test_offset_is_the_position_of_the_first_query():
    mask = to_numpy(masking.causal_mask(2, 6, offset=ops.convert_to_tensor(3)))
    np.testing.assert_array_equal(mask, [[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 0]])


def test_padding_mask():
    token_ids = np.array([[7, 3, 0], [0, 9, 5]])
    np.testing.assert_array_equal(
        to_numpy(masking.padding_mask(token_ids)), [[1, 1, 0], [0, 1, 1]]
    )
    np.testing.assert_array_equal(
        to_numpy(masking.padding_mask(token_ids, pad_token_id=9)),
        [[1, 1, 1], [1, 0, 1]],
    )


def test_padding_hides_keys_from_every_query():
    mask = masking.padding_mask_to_attention(np.array([[1, 1, 0]]))
    assert mask.shape == (1, 1, 3)
    np.testing.assert_array_equal(to_numpy(mask), [[[True, True, False]]])


def test_merged_masks_hold_together():
    causal = masking.causal_mask(3)
    padding = masking.padding_mask_to_attention(np.array([[1, 0, 1], [1, 1, 0]]))
    expected = to_numpy(causal)[None] & to_numpy(padding)
    merged = masking.merge_masks(None, causal, None, padding)
    np.testing.assert_array_equal(to_numpy(merged), expected)


def test_nothing_to_merge():
    assert masking.merge_masks(None, None) is None


def scores_and_mask(dtype):
    generator = np.random.default_rng(0)
    scores = ops.cast(generator.normal(0, 3, (4, 5, 6)), dtype)
    mask = generator.random((4, 5, 6)) < 0.6
    mask[0, 0] = True
    mask[1, 1] = False  # nothing to attend to
    return scores, mask


@pytest.mark.parametrize("dtype", DTYPES)
def test_masked_softmax_is_a_softmax_over_what_is_left(dtype):
    scores, mask = scores_and_mask(dtype)
    weights = masking.masked_softmax(scores, mask)
    assert weights.dtype == scores.dtype
    weights, scores = to_numpy(weights), to_numpy(scores)
    assert (weights[~mask] == 0).all()
    for row in np.ndindex(4, 5):
        left = np.exp(scores[row][mask[row]].astype("float64"))
        np.testing.assert_allclose(
            weights[row][mask[row]], left / left.sum(), atol=TOLERANCE[dtype]
        )


def test_without_a_mask_it_is_the_softmax():
    scores, mask = scores_and_mask("float32")
    np.testing.assert_array_equal(
        to_numpy(masking.masked_softmax(scores)),
        to_numpy(masking.masked_softmax(scores, np.ones_like(mask))),
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("scale", [0.0, 1.0, 6e4, -6e4])
def test_a_fully_masked_row_becomes_zeros_never_nan(dtype, scale):
    scores = ops.cast(scale * np.ones((2, 3)), dtype)
    mask = np.array([[False, False, False], [False, True, False]])
    weights = to_numpy(masking.masked_softmax(scores, mask))
    np.testing.assert_array_equal(weights, [[0, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("dtype", DTYPES)
def test_gradients_are_finite_and_zero_where_masked(dtype):
    scores, mask = scores_and_mask(dtype)
    factors = ops.cast(np.random.default_rng(1).normal(size=(4, 5, 6)), dtype)

    def weighted(scores):
        return masking.masked_softmax(scores, mask) * factors

    gradients = gradient(weighted, scores)
    assert np.isfinite(gradients).all()
    assert (gradients[~mask] == 0).all()
    # d/ds_i of sum_j f_j w_j is w_i (f_i - sum_j f_j w_j)
    weights = to_numpy(masking.masked_softmax(scores, mask)).astype("float64")
    f = to_numpy(factors)
    expected = weights * (f - (f * weights).sum(axis=-1, keepdims=True))
    np.testing.assert_allclose(gradients, expected, atol=3 * TOLERANCE[dtype])
