"""Filters against plain loops over each row."""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.samplers import filters
from tests import draws
from tests.arrays import to_numpy


def distributions():
    """Flat, peaked, tied and sparse rows, and random ones."""
    generator = np.random.default_rng(0)
    random = generator.dirichlet(np.full(8, 0.5), size=20)
    tied = np.round(generator.dirichlet(np.ones(8), size=20) * 8) + 1e-9
    special = [
        [1 / 8] * 8,
        [0, 0, 0, 1, 0, 0, 0, 0],
        [0.5, 0, 0, 0.5, 0, 0, 0, 0],
        [0.25, 0.125, 0.25, 0.125, 0.125, 0.125, 0, 0],
        [0, 0, 0.25, 0.25, 0.25, 0.25, 0, 0],
    ]
    rows = np.concatenate([random, tied, special])
    return (rows / rows.sum(axis=-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("k", [1, 2, 3, 7, 8, 9, 1000, np.int64(2)])
def test_top_k(k):
    rows = distributions()
    filtered = to_numpy(filters.top_k(ops.convert_to_tensor(rows), k))
    expected = [draws.top_k(row, k) for row in rows]
    assert_allclose(filtered, expected, atol=1e-6)
    assert_array_equal(filtered > 0, np.array(expected) > 0)


@pytest.mark.parametrize("p", [1e-9, 0.1, 0.33, 0.51, 0.9, 0.987, 1, 1.0])
def test_top_p(p):
    rows = distributions()
    filtered = to_numpy(filters.top_p(ops.convert_to_tensor(rows), p))
    expected = [draws.top_p(row, p) for row in rows]
    assert_allclose(filtered, expected, atol=1e-6)
    if p < 1:
        assert_array_equal(filtered > 0, np.array(expected) > 0)


@pytest.mark.parametrize("min_p", [0, 1e-3, 0.1, 0.26, 0.5, 0.99, 1, np.float64(0.3)])
def test_min_p(min_p):
    rows = distributions()
    filtered = to_numpy(filters.min_p(ops.convert_to_tensor(rows), min_p))
    expected = [draws.min_p(row, np.float32(min_p)) for row in rows]
    assert_allclose(filtered, expected, atol=1e-6)
    assert_array_equal(filtered > 0, np.array(expected) > 0)


@pytest.mark.parametrize("token_ids", [[], [7], [5, 5, 2], (0, 1), np.array([6, 7])])
def test_suppress(token_ids):
    rows = distributions()[:40]  # all tokens of these are possible
    filtered = to_numpy(filters.suppress(ops.convert_to_tensor(rows), token_ids))
    rest = [i for i in range(8) if i not in list(token_ids)]
    assert_allclose(filtered, [draws.keep(row, rest) for row in rows], atol=1e-6)
    assert (filtered[:, list(token_ids)] == 0).all()


@pytest.mark.parametrize(
    ("p", "kept"),
    [
        (0.25, [0]),
        (0.3, [0, 2]),
        (0.5, [0, 2]),
        (0.51, [0, 1, 2]),
        (0.75, [0, 1, 2, 3]),
    ],
)
def test_the_nucleus_is_the_smallest_that_reaches_p(p, kept):
    # sums of powers of two are exact: a prefix reaches p or it does not
    row = np.array([[0.25, 0.125, 0.25, 0.125, 0.125, 0.125]], "float32")
    filtered = to_numpy(filters.top_p(ops.convert_to_tensor(row), p))[0]
    assert np.flatnonzero(filtered).tolist() == kept
    assert filtered.sum() == pytest.approx(1)


def test_of_equals_lower_ids_stay():
    flat = ops.full((1, 8), 1 / 8)
    assert np.flatnonzero(to_numpy(filters.top_k(flat, 3))).tolist() == [0, 1, 2]
    assert np.flatnonzero(to_numpy(filters.top_p(flat, 0.5))).tolist() == [0, 1, 2, 3]


def test_rows_sum_to_one_so_that_filters_compose():
    rows = distributions()
    both = to_numpy(filters.top_p(filters.top_k(ops.convert_to_tensor(rows), 4), 0.7))
    expected = [draws.top_p(draws.top_k(row, 4).astype("float32"), 0.7) for row in rows]
    assert_allclose(both, expected, atol=1e-6)
    assert_allclose(both.sum(axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("k", [1, 2, 3, 7, 8, 1000])
def test_likeliest_are_the_tokens_that_top_k_keeps(k):
    rows = distributions()
    values, token_ids = filters.likeliest(ops.convert_to_tensor(rows), k)
    expected = [sorted(draws.falling(row)[:k]) for row in rows]
    assert_array_equal(to_numpy(token_ids), expected)
    assert_array_equal(
        to_numpy(values), np.take_along_axis(rows, to_numpy(token_ids), 1)
    )


EVERY_FILTER = [
    partial(filters.top_k, k=3),
    partial(filters.top_p, p=0.6),
    partial(filters.min_p, min_p=0.2),
    partial(filters.suppress, token_ids=[1, 2]),
    partial(
        filters.repetition_penalty,
        previous_token_ids=np.tile([2, 5, 2, -1], (40, 1)),
        penalty=1.7,
    ),
]


@pytest.mark.parametrize("function", EVERY_FILTER, ids=lambda f: f.func.__name__)
def test_arrays_and_lists_are_taken_too(function):
    rows = distributions()[:40]
    expected = to_numpy(function(ops.convert_to_tensor(rows)))
    assert_array_equal(to_numpy(function(rows)), expected)
    assert_allclose(to_numpy(function(rows.tolist())), expected, atol=1e-6)
    assert_allclose(to_numpy(function(rows.astype("float64"))), expected, atol=1e-6)


@pytest.mark.parametrize("function", EVERY_FILTER, ids=lambda f: f.func.__name__)
def test_compiled_gives_the_same(function):
    class Filter(keras.Model):
        def call(self, rows):
            return function(rows)

    rows = distributions()[:40]
    model = Filter()
    model.compile()
    found = model.predict(rows, batch_size=40, verbose=0)
    assert_allclose(found, to_numpy(function(ops.convert_to_tensor(rows))), atol=1e-6)
    assert_allclose(found.sum(axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("k", [0, -1, 2.5, 2.0, True, None, "5", float("nan")])
def test_bad_k(k):
    with pytest.raises(ValueError, match=rf"`k` must be a positive integer.*k={k!r}"):
        filters.top_k(distributions(), k)


@pytest.mark.parametrize("p", [0, -0.1, 1.01, float("nan"), float("inf"), None, "0.9"])
def test_bad_p(p):
    with pytest.raises(
        ValueError, match=rf"`p` must be in \(0, 1\]. Received: p={p!r}"
    ):
        filters.top_p(distributions(), p)


@pytest.mark.parametrize("min_p", [-0.1, 1.01, float("nan"), None, "0.9"])
def test_bad_min_p(min_p):
    message = rf"`min_p` must be in \[0, 1\]. Received: min_p={min_p!r}"
    with pytest.raises(ValueError, match=message):
        filters.min_p(distributions(), min_p)


@pytest.mark.parametrize("token_ids", [[8], [-1], [1.5], ["a"], [3, 2, 80]])
def test_bad_token_ids_to_suppress(token_ids):
    with pytest.raises(ValueError, match="`token_ids` must be integers from 0 to 7"):
        filters.suppress(distributions(), token_ids)


@pytest.mark.parametrize("token_ids", [range(8), [0, 3]])
def test_to_suppress_all_there_is(token_ids):
    rows = [[0.5, 0, 0, 0.5, 0, 0, 0, 0], [1 / 8] * 8]
    with pytest.raises(ValueError, match="`token_ids` must leave a token to choose"):
        filters.suppress(np.float32(rows), token_ids)


@pytest.mark.parametrize("temperature", [0.1, 1.0, 3.0])
def test_top_p_of_a_large_vocabulary(temperature):
    """Some nuclei are among the first thousand tokens, some are not."""
    logits = np.random.default_rng(0).normal(0, 3, (3, 5000)) / temperature
    rows = np.exp(logits - logits.max(axis=-1, keepdims=True))
    rows = (rows / rows.sum(axis=-1, keepdims=True)).astype("float32")
    filtered = to_numpy(filters.top_p(ops.convert_to_tensor(rows), 0.9))
    for row, kept in zip(rows, filtered, strict=True):
        expected = draws.top_p(row, 0.9)
        # sums of so many float32 may differ by a token at the edge
        assert abs(np.count_nonzero(kept) - np.count_nonzero(expected)) <= 1
        assert_allclose(kept, expected, atol=1e-3)
