"""The body of the mini-GPT: who sees whom, with and without a cache."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.models import MiniGPTBackbone
from tests.arrays import to_numpy
from tests.tiny_gpt import as_inputs, random_ids, tiny_backbone

DTYPES = ("float32", "float16", "bfloat16")
SIZES = {
    "vocabulary_size": 12,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 8,
    "intermediate_dim": 16,
    "max_sequence_length": 8,
}


@pytest.fixture(scope="module", params=[False, True], ids=["post-norm", "pre-norm"])
def backbone(request):
    return tiny_backbone(normalize_first=request.param)


def test_hidden_states(backbone):
    outputs = backbone(as_inputs(random_ids(3, 5)))
    assert tuple(outputs.shape) == (3, 5, 8)
    assert (to_numpy(outputs).std(axis=(0, 1)) > 1e-4).all()


def test_is_embeddings_then_blocks_then_norm(backbone):
    token_ids = random_ids(2, 6)
    x = backbone.embeddings(token_ids)
    for block in backbone.transformer_layers:
        x = block(x)
    x = backbone.layer_norm(x) if backbone.normalize_first else x
    assert_allclose(to_numpy(backbone(as_inputs(token_ids))), to_numpy(x), atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_later_token_never_changes_an_earlier_state(dtype):
    backbone = tiny_backbone(dropout=0.3, dtype=dtype)
    states = backbone.non_trainable_variables  # of the seed generators
    seeds = [to_numpy(state) for state in states]
    assert seeds

    def outputs(token_ids):
        for state, seed in zip(states, seeds, strict=True):
            keras.utils.set_random_seed(0)  # Torch has one stream for all
            state.assign(seed)  # the same units drop out each time
        return to_numpy(backbone(as_inputs(token_ids), training=True))

    token_ids = random_ids(2, 8)
    before = outputs(token_ids)
    assert (before != to_numpy(backbone(as_inputs(token_ids)))).any()  # dropout is on
    for t in (0, 3, 7):
        changed = token_ids.copy()
        changed[:, t:] = 3 + (token_ids[:, t:] - 2) % 9  # another word each
        after = outputs(changed)
        assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).any()


@pytest.mark.parametrize("side", ["left", "right"])
def test_what_stands_in_padding_never_matters(backbone, side):
    token_ids = random_ids(3, 8)
    padding_mask = np.ones((3, 8), bool)
    for row, length in enumerate([1, 3, 7]):
        padding = np.s_[:length] if side == "left" else np.s_[8 - length :]
        padding_mask[row, padding] = False
    outputs = [
        to_numpy(
            backbone(as_inputs(np.where(padding_mask, token_ids, filler), padding_mask))
        )
        for filler in (0, 9)
    ]
    assert_array_equal(outputs[0][padding_mask], outputs[1][padding_mask])
    assert np.isfinite(outputs).all()


def test_padding_on_the_right_is_as_good_as_none(backbone):
    token_ids = random_ids(3, 8)
    expected = to_numpy(backbone(as_inputs(token_ids[:, :5])))
    token_ids[:, 5:] = 0
    padded = to_numpy(backbone(as_inputs(token_ids)))
    assert_allclose(padded[:, :5], expected, atol=1e-5)


def test_a_longer_window_does_not_change_a_shorter_text(backbone):
    token_ids = random_ids(2, 8)
    whole = to_numpy(backbone(as_inputs(token_ids)))
    for length in (1, 4):
        part = to_numpy(backbone(as_inputs(token_ids[:, :length])))
        assert_allclose(part, whole[:, :length], atol=1e-5)


@pytest.mark.parametrize("sizes", [[1] * 8, [3, 4, 1]])
@pytest.mark.parametrize("key_dim", [None, 3])
def test_cached_equals_uncached(sizes, key_dim):
    backbone = tiny_backbone(normalize_first=True, key_dim=key_dim)
    token_ids, outputs, start = random_ids(2, 8), [], 0
    cache = backbone.empty_cache(2, 8)
    assert len(cache) == backbone.num_layers
    for size in sizes:
        output, cache = backbone.call_with_cache(
            ops.convert_to_tensor(token_ids[:, start : start + size]), cache, start
        )
        outputs.append(to_numpy(output))
        start += size
    expected = to_numpy(backbone(as_inputs(token_ids)))
    assert_allclose(np.concatenate(outputs, axis=1), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_cache_has_the_dtype_of_the_computation(dtype):
    backbone = tiny_backbone(dtype=dtype)
    cache = keras.tree.flatten(backbone.empty_cache(3, 5))
    assert [tuple(tensor.shape) for tensor in cache] == [(3, 2, 5, 4)] * 2 * 2
    assert {keras.backend.standardize_dtype(each.dtype) for each in cache} == {dtype}


def test_mixed_precision_keeps_float32_weights():
    backbone = tiny_backbone(dtype="mixed_float16")
    assert {weight.dtype for weight in backbone.weights} == {"float32"}
    outputs = backbone(as_inputs(random_ids(2, 5)))
    assert keras.backend.standardize_dtype(outputs.dtype) == "float16"
    exact = to_numpy(tiny_backbone()(as_inputs(random_ids(2, 5))))
    assert_allclose(to_numpy(outputs), exact, atol=0.05)


@pytest.mark.parametrize("tie_weights", [False, True])
@pytest.mark.parametrize("reverse_bias", [False, True])
@pytest.mark.parametrize("normalize_first", [False, True])
def test_number_of_parameters(tie_weights, reverse_bias, normalize_first):
    v, n, h, d, f, w, k = 12, 2, 3, 8, 16, 7, 5
    backbone = MiniGPTBackbone(
        v,
        n,
        h,
        d,
        f,
        w,
        key_dim=k,
        tie_weights=tie_weights,
        reverse_bias=reverse_bias,
        normalize_first=normalize_first,
    )
    attention = 3 * (d * h * k + h * k) + h * k * d + d
    feedforward = d * f + f + f * d + d
    block = attention + feedforward + 2 * 2 * d
    embeddings = v * d * (1 if tie_weights else 2) + w * d + v * reverse_bias
    expected = embeddings + n * block + 2 * d * normalize_first
    assert backbone.count_params() == expected


def test_config_round_trip():
    config = MiniGPTBackbone(
        13,
        num_layers=2,
        num_heads=3,
        hidden_dim=7,
        intermediate_dim=5,
        max_sequence_length=9,
        key_dim=4,
        dropout=0.2,
        activation="gelu",
        layer_norm_epsilon=1e-3,
        normalize_first=True,
        tie_weights=True,
        reverse_bias=False,
        dtype="mixed_bfloat16",
    ).get_config()
    rebuilt = MiniGPTBackbone.from_config(config)
    assert rebuilt.get_config() == config
    default = MiniGPTBackbone(**SIZES).get_config()
    own = set(config) - {"name", "trainable"}
    assert len(own) == 14
    assert all(config[name] != default[name] for name in own)


@pytest.mark.parametrize("tie_weights", [False, True])
def test_keras_file_round_trip(tie_weights, tmp_path):
    backbone = tiny_backbone(normalize_first=True, tie_weights=tie_weights, key_dim=3)
    backbone.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    inputs = as_inputs(random_ids(2, 6))
    assert_array_equal(to_numpy(loaded(inputs)), to_numpy(backbone(inputs)))
    assert loaded.get_config() == backbone.get_config()
    for one, other in zip(loaded.get_weights(), backbone.get_weights(), strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"vocabulary_size": 0}, "`vocabulary_size` must be at least 1.*=0"),
        ({"num_layers": 0}, "`num_layers` must be at least 1.*num_layers=0"),
        ({"num_heads": 0}, "`num_heads` must be at least 1.*num_heads=0"),
        ({"num_heads": 3}, "`num_heads` must divide.*num_heads=3, width=8"),
        ({"hidden_dim": 0}, "`hidden_dim` must be at least 1.*hidden_dim=0"),
        ({"intermediate_dim": -1}, "`intermediate_dim` must be at least 1.*=-1"),
        ({"max_sequence_length": 0}, "`max_sequence_length` must be at least 1.*=0"),
        ({"key_dim": 0}, "`key_dim` must be at least 1.*key_dim=0"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\).*dropout=1.0"),
        ({"dropout": -0.1}, r"`dropout` must be in \[0, 1\).*dropout=-0.1"),
    ],
)
def test_bad_config(config, message):
    with pytest.raises(ValueError, match=message):
        MiniGPTBackbone(**{**SIZES, **config})


@pytest.mark.parametrize(
    ("token_ids", "message"),
    [
        (np.full((1, 3), 3.5), "`token_ids` must be integers. Received: dtype=float"),
        (np.ones((1, 3), bool), "`token_ids` must be integers. Received: dtype=bool"),
        (np.ones(3, int), r"`token_ids` must have shape.*token_ids.shape=\(3,\)"),
        (np.ones((1, 2, 3), int), r"`token_ids` must have shape.*=\(1, 2, 3\)"),
        (np.ones((1, 9), int), r"longer than `max_sequence_length` \(8\).*=\(1, 9\)"),
    ],
)
def test_bad_token_ids(backbone, token_ids, message):
    with pytest.raises(ValueError, match=message):
        backbone({"token_ids": token_ids, "padding_mask": np.ones(token_ids.shape)})


def test_inputs_without_a_mask(backbone):
    with pytest.raises(ValueError, match=r"(?s)padding_mask.*token_ids"):
        backbone({"token_ids": random_ids(1, 3)})
