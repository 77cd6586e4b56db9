"""The fused loss and its hand-written gradient against autodiff of the plain one."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from course_lib.losses import fused_cross_entropy
from tests.arrays import gradient

B, T, D, V = 3, 5, 8, 30


@pytest.fixture
def arguments():
    """Random arguments; one row is padding throughout, and so are single tokens."""
    generator = np.random.default_rng(0)
    weights = (generator.random((B, T)) < 0.7).astype("float32")
    weights[1] = 0
    return {
        "hidden_states": generator.normal(size=(B, T, D)).astype("float32"),
        "labels": generator.integers(0, V, (B, T)),
        "kernel": generator.normal(size=(D, V)).astype("float32"),
        "bias": generator.normal(0, 3, V).astype("float32"),
        "sample_weight": weights,
    }


def plain(hidden_states, labels, kernel, bias=None, sample_weight=None):
    """All logits at once, the loss of Keras, and the gradient of the backend."""
    logits = ops.matmul(hidden_states, kernel)
    if bias is not None:
        logits = ops.add(logits, bias)
    loss = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="mean_with_sample_weight"
    )
    return loss(labels, logits, sample_weight)


def gradients(loss, arguments, **more):
    """With respect to hidden states, kernel and, if there is one, bias."""
    names = [n for n in ("hidden_states", "kernel", "bias") if n in arguments]
    return {
        name: gradient(lambda x, n=name: loss(**{**arguments, n: x}, **more), value)
        for name, value in arguments.items()
        if name in names
    }


# One row a chunk, two (15 rows: the last is ragged), seven, all, and more than all.
CHUNK_ROWS = [1, 2, 7, 15, 1000]


@pytest.mark.parametrize("chunk_rows", CHUNK_ROWS)
def test_the_loss_and_its_gradients_are_those_of_autodiff(arguments, chunk_rows):
    chunk_size = chunk_rows * V
    expected = float(plain(**arguments))
    loss = fused_cross_entropy(**arguments, chunk_size=chunk_size)
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    fused = gradients(fused_cross_entropy, arguments, chunk_size=chunk_size)
    for name, value in gradients(plain, arguments).items():
        assert_allclose(fused[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("without", ["bias", "sample_weight"])
def test_what_may_be_left_out(arguments, without):
    del arguments[without]
    loss = fused_cross_entropy(**arguments)
    assert float(loss) == pytest.approx(float(plain(**arguments)), rel=1e-5)
    fused = gradients(fused_cross_entropy, arguments)
    for name, value in gradients(plain, arguments).items():
        assert_allclose(fused[name], value, rtol=1e-4, atol=1e-6, err_msg=name)


def test_the_gradient_of_a_multiple(arguments):
    """What comes from above, such as the scale of a mixed-precision loss, counts."""
    scaled = gradients(lambda **kw: 128 * fused_cross_entropy(**kw), arguments)
    for name, value in gradients(plain, arguments).items():
        assert_allclose(scaled[name], 128 * value, rtol=1e-4, atol=1e-4, err_msg=name)


def test_the_loss_without_a_gradient(arguments):
    loss = fused_cross_entropy(**arguments, chunk_size=2 * V, needs_gradient=False)
    assert float(loss) == pytest.approx(float(plain(**arguments)), rel=1e-5)


def test_weights_need_not_be_0_and_1(arguments):
    arguments["sample_weight"] *= np.linspace(0.1, 7, B * T).reshape(B, T)
    loss = fused_cross_entropy(**arguments, chunk_size=2 * V)
    assert float(loss) == pytest.approx(float(plain(**arguments)), rel=1e-5)


def test_one_row(arguments):
    one = {**arguments, "sample_weight": None}
    for name in ("hidden_states", "labels"):
        one[name] = arguments[name][:1, :1]
    z = one["hidden_states"][0, 0] @ one["kernel"] + one["bias"]
    expected = np.log(np.exp(z.astype("float64")).sum()) - z[one["labels"][0, 0]]
    assert float(fused_cross_entropy(**one)) == pytest.approx(expected, rel=1e-5)


def test_nothing_but_padding_costs_nothing(arguments):
    arguments["sample_weight"] = np.zeros((B, T))
    assert float(fused_cross_entropy(**arguments)) == 0
    for value in gradients(fused_cross_entropy, arguments).values():
        assert_allclose(value, 0)


@pytest.mark.parametrize("needs_gradient", [True, False])
def test_a_probability_too_small_for_float32(arguments, needs_gradient):
    """e^-1000 is 0 in float32, but its logarithm is not infinite."""
    arguments["bias"] = np.zeros(V, "float32")
    arguments["bias"][4] = 1000
    arguments["labels"][:] = 3
    loss = fused_cross_entropy(**arguments, needs_gradient=needs_gradient)
    assert float(loss) == pytest.approx(float(plain(**arguments)), rel=1e-5)


def test_labels_of_weight_0_may_be_anything(arguments):
    expected = float(fused_cross_entropy(**arguments))
    padding = arguments["sample_weight"] == 0
    for anything in (-1, V, 10**6):
        arguments["labels"][padding] = anything
        assert float(fused_cross_entropy(**arguments)) == expected


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_low_precision(arguments, dtype):
    """Products in `dtype`, softmax and sums in float32."""
    exact = gradients(plain, arguments)
    low = ops.cast(arguments["hidden_states"], dtype)
    loss = fused_cross_entropy(**{**arguments, "hidden_states": low}, chunk_size=4 * V)
    assert keras.backend.standardize_dtype(loss.dtype) == "float32"
    assert float(loss) == pytest.approx(float(plain(**arguments)), rel=0.01)
    for name in ("kernel", "bias"):
        value = gradient(
            lambda x, n=name: fused_cross_entropy(
                **{**arguments, "hidden_states": low, n: x}, chunk_size=4 * V
            ),
            arguments[name],
        )
        assert np.linalg.norm(value - exact[name]) < 0.02 * np.linalg.norm(exact[name])


def test_many_probabilities_add_up_in_low_precision():
    """20,000 equal logits: sums in bfloat16 would stop growing at 256."""
    hidden_states = ops.zeros((4, 8), dtype="bfloat16")
    kernel = np.zeros((8, 20_000), "float32")
    loss = fused_cross_entropy(hidden_states, np.arange(4), kernel)
    assert float(loss) == pytest.approx(math.log(20_000), abs=0.005)


def test_the_bias_is_exact_in_low_precision():
    """bfloat16 has no number between 100 and 100.5, but a sum of three comes close."""
    hidden_states = ops.cast(np.eye(1, 8), "bfloat16")
    kernel = np.full((8, 2), -100, "float32")
    bias = np.array([100.1, 100.0], "float32")
    loss = fused_cross_entropy(hidden_states, np.array([0]), kernel, bias)
    assert float(loss) == pytest.approx(math.log1p(math.exp(-0.1)), abs=5e-3)


def test_no_chunk_is_larger_than_asked_for(arguments, monkeypatch):
    shapes = []
    softmax = ops.softmax

    def spy(x, axis=-1):
        shapes.append(tuple(x.shape))
        return softmax(x, axis=axis)

    monkeypatch.setattr(ops, "softmax", spy)
    fused_cross_entropy(**arguments, chunk_size=4 * V)
    assert shapes
    for rows, columns in shapes:
        assert columns == V
        assert rows <= 4


def test_wrong_labels_raise(arguments):
    for wrong in (-1, V):
        arguments["labels"][0, 0] = wrong
        arguments["sample_weight"][0, 0] = 1
        with pytest.raises(ValueError, match="`labels` must be token ids from 0 to 29"):
            fused_cross_entropy(**arguments)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("hidden_states", np.zeros((B, T, D + 1)), "as many columns"),
        ("labels", np.zeros((B, T + 1), "int32"), "`labels` must have the shape"),
        ("labels", np.zeros((B, T)), "`labels` must be integers"),
        ("sample_weight", np.zeros(B), "`sample_weight` must have the shape"),
        ("bias", np.zeros(V - 1), "`bias` must have shape"),
        ("chunk_size", 0, "`chunk_size` must be at least 1"),
    ],
)
def test_bad_arguments(arguments, name, value, message):
    with pytest.raises(ValueError, match=message):
        fused_cross_entropy(**{**arguments, name: value})
