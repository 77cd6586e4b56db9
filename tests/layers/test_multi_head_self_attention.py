"""Attention from scratch against `keras.layers.MultiHeadAttention`."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import MultiHeadSelfAttention
from tests.arrays import randomise, save_and_load, to_numpy

B, T, D, H = 3, 6, 8, 2
DTYPES = ("float32", "float16", "bfloat16")


def inputs(seed=0, shape=(B, T, D)):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(**config):
    layer = MultiHeadSelfAttention(**{"num_heads": H, **config})
    layer.build((None, None, D))
    randomise(layer)
    return layer


def padding():
    """Left padding, right padding, none."""
    mask = np.ones((B, T), bool)
    mask[0, :2] = mask[1, 4:] = False
    return mask


def attention_mask():
    mask = np.random.default_rng(1).random((B, T, T)) < 0.6
    mask[:, np.arange(T), np.arange(T)] = True  # no row without anything to attend to
    return mask


@pytest.mark.parametrize(("key_dim", "use_bias"), [(None, True), (3, False), (8, True)])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("mask", [None, "padding", "attention", "both"])
def test_equals_keras(mask, causal, key_dim, use_bias):
    ours = built(key_dim=key_dim, use_bias=use_bias)
    theirs = keras.layers.MultiHeadAttention(H, key_dim or D // H, use_bias=use_bias)
    theirs.build((None, None, D), (None, None, D))
    theirs.set_weights(ours.get_weights())
    x, ours_masks, merged = inputs(), {}, np.ones((B, T, T), bool)
    if mask in ("padding", "both"):
        ours_masks["padding_mask"] = padding()
        merged = merged & padding()[:, None, :]
    if mask in ("attention", "both"):
        ours_masks["attention_mask"] = attention_mask()
        merged = merged & attention_mask()
    output, weights = ours(
        x, use_causal_mask=causal, return_attention_scores=True, **ours_masks
    )
    expected, expected_weights = theirs(
        x,
        x,
        attention_mask=merged,
        use_causal_mask=causal,
        return_attention_scores=True,
    )
    if causal:
        merged = merged & np.tril(np.ones((T, T), bool))
    rows = merged.any(axis=-1)  # queries that may attend to something
    assert_allclose(to_numpy(output)[rows], to_numpy(expected)[rows], atol=1e-5)
    rows = np.broadcast_to(rows[:, None], (B, H, T))
    assert_allclose(
        to_numpy(weights)[rows], to_numpy(expected_weights)[rows], atol=1e-5
    )


def test_masks_may_be_ints_and_shared_by_the_batch():
    layer, mask = built(), attention_mask()[0]
    one_for_all = to_numpy(layer(inputs(), attention_mask=mask.astype("int32")))
    each = np.broadcast_to(mask, (B, T, T))
    assert_allclose(one_for_all, to_numpy(layer(inputs(), attention_mask=each)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("with_weights", [False, True])
def test_a_later_token_never_changes_an_earlier_output(dtype, with_weights):
    layer = built(dropout=0.4, dtype=dtype)
    state = layer.dropout_layer.seed_generator.state
    seed = to_numpy(state)

    def outputs(x):
        keras.utils.set_random_seed(0)  # Torch has one stream for all
        state.assign(seed)  # the same units drop out each time
        result = layer(
            ops.cast(x, dtype),
            use_causal_mask=True,
            return_attention_scores=with_weights,
            training=True,
        )
        return [to_numpy(y) for y in (result if with_weights else [result])]

    x = inputs()
    before = outputs(x)
    for t in (0, 2, T - 1):
        changed = x.copy()
        changed[:, t:] = inputs(seed=t + 1)[:, t:]
        after = outputs(changed)
        assert_array_equal(after[0][:, :t], before[0][:, :t])
        assert (after[0][:, t] != before[0][:, t]).any()
        if with_weights:
            assert_array_equal(after[1][:, :, :t], before[1][:, :, :t])
            assert (after[1][:, :, :t, t:] == 0).all()


def test_dropout_is_on_only_in_training_and_spares_the_returned_weights():
    layer = built(dropout=0.5)
    still, weights = layer(inputs(), return_attention_scores=True)
    dropped, same_weights = layer(inputs(), return_attention_scores=True, training=True)
    assert_array_equal(to_numpy(layer(inputs())), to_numpy(still))
    assert np.abs(to_numpy(dropped) - to_numpy(still)).max() > 0.01
    assert_array_equal(to_numpy(same_weights), to_numpy(weights))


@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_never_changes_real_tokens(side):
    layer, x = built(), inputs()
    expected = to_numpy(layer(x, use_causal_mask=True))
    filler = inputs(seed=5, shape=(B, 2, D))
    rows = [filler, x] if side == "left" else [x, filler]
    mask = np.ones((B, T + 2), bool)
    real = np.s_[:, 2:] if side == "left" else np.s_[:, :T]
    mask[:] = False
    mask[real] = True
    padded = layer(
        np.concatenate(rows, axis=1), padding_mask=mask, use_causal_mask=True
    )
    assert_allclose(to_numpy(padded)[real], expected, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_query_with_nothing_to_attend_to_gets_the_output_bias(dtype):
    layer = built(dtype=dtype)
    mask = np.zeros((B, T), bool)
    output = to_numpy(layer(ops.cast(inputs(), dtype), padding_mask=mask))
    bias = to_numpy(ops.cast(layer.attention_output.bias, dtype))
    assert_array_equal(output, np.broadcast_to(bias, output.shape))


def test_the_implicit_mask_of_keras_takes_the_place_of_a_missing_one():
    embedding = keras.layers.Embedding(10, D, mask_zero=True)
    layer, token_ids = built(), np.array([[4, 5, 6, 0, 0], [0, 7, 8, 9, 1]])
    x = embedding(token_ids)
    explicit = layer(to_numpy(x), padding_mask=token_ids != 0)
    assert_allclose(to_numpy(layer(x)), to_numpy(explicit), atol=1e-6)
    assert np.abs(to_numpy(layer(to_numpy(x))) - to_numpy(explicit)).max() > 0.01


@pytest.mark.parametrize("sizes", [[1] * T, [2, 3, 1], [T]])
def test_cached_equals_uncached(sizes):
    layer, x = built(key_dim=3), inputs()
    expected = to_numpy(layer(x, use_causal_mask=True))
    cache, outputs, start = (ops.zeros((B, H, T, 3)),) * 2, [], 0
    for size in sizes:
        output, cache = layer(
            x[:, start : start + size],
            use_causal_mask=True,
            cache=cache,
            cache_update_index=ops.convert_to_tensor(start),
        )
        outputs.append(to_numpy(output))
        start += size
    assert_allclose(np.concatenate(outputs, axis=1), expected, atol=1e-5)


def test_weights_come_before_the_cache():
    cache = (ops.zeros((B, H, T, D // H)),) * 2
    outputs = built()(
        inputs(), cache=cache, cache_update_index=0, return_attention_scores=True
    )
    shapes = [tuple(tensor.shape) for tensor in keras.tree.flatten(outputs)]
    assert shapes == [(B, T, D), (B, H, T, T), *[(B, H, T, D // H)] * 2]


def test_float16_scores_do_not_overflow():
    layer = MultiHeadSelfAttention(1, kernel_initializer="ones", dtype="float16")
    x = np.full((1, 2, 64), 0.6, "float16")  # 64 products of 38 * 38 are above 65,504
    output, weights = layer(x, return_attention_scores=True)
    assert_array_equal(to_numpy(weights), np.full((1, 1, 2, 2), 0.5))
    assert np.isfinite(to_numpy(output)).all()


def test_each_kernel_starts_with_its_own_values():
    layer = MultiHeadSelfAttention(H)
    layer.build((None, None, D))
    query, key, value = (w for w in layer.get_weights() if w.shape == (D, H, D // H))
    assert not np.allclose(query, key)
    assert not np.allclose(key, value)


def test_config_round_trip():
    layer = MultiHeadSelfAttention(
        num_heads=3, key_dim=5, dropout=0.2, use_bias=False, kernel_initializer="zeros"
    )
    config = layer.get_config()
    assert MultiHeadSelfAttention.from_config(config).get_config() == config
    changed = {"num_heads", "key_dim", "dropout", "use_bias", "kernel_initializer"}
    default = MultiHeadSelfAttention(2).get_config()
    assert all(config[name] != default[name] for name in changed)


def test_keras_file_round_trip(tmp_path):
    layer = MultiHeadSelfAttention(num_heads=H, key_dim=3, use_bias=False)
    loaded, before, after = save_and_load(layer, inputs(), tmp_path / "m.keras")
    assert_array_equal(before, after)
    assert loaded.get_config() == layer.get_config()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"num_heads": 0}, "`num_heads` must be at least 1. Received: num_heads=0"),
        ({"num_heads": -2}, "`num_heads` must be at least 1. Received: num_heads=-2"),
        ({"key_dim": 0}, "`key_dim` must be at least 1 or None. Received: key_dim=0"),
        ({"dropout": 1.0}, r"`dropout` must be in \[0, 1\). Received: dropout=1.0"),
        ({"dropout": -0.1}, r"`dropout` must be in \[0, 1\). Received: dropout=-0.1"),
        ({"dropout": float("nan")}, r"`dropout` must be in \[0, 1\). Received: .*nan"),
    ],
)
def test_bad_config(config, message):
    with pytest.raises(ValueError, match=message):
        MultiHeadSelfAttention(**{"num_heads": H, **config})


def test_heads_must_divide_the_width_unless_key_dim_is_given():
    with pytest.raises(ValueError, match=r"must divide.*num_heads=3, width=8"):
        MultiHeadSelfAttention(3)(inputs())
    assert MultiHeadSelfAttention(3, key_dim=5)(inputs()).shape == (B, T, D)


def test_inputs_must_be_of_rank_3():
    with pytest.raises(ValueError, match=r"`inputs` must have shape.*\(6, 8\)"):
        MultiHeadSelfAttention(H)(inputs()[0])


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("padding_mask", (B, T + 1)),
        ("padding_mask", (B, 1, T)),
        ("attention_mask", (T,)),
        ("attention_mask", (B, T, T - 1)),
        ("attention_mask", (B, H, T, T)),
    ],
)
def test_masks_must_fit(name, shape):
    with pytest.raises(
        ValueError, match=rf"`{name}` must have shape.*Received: {name}"
    ):
        built()(inputs(), **{name: np.ones(shape, bool)})


def test_cache_and_index_go_together():
    cache = (ops.zeros((B, H, T, D // H)),) * 2
    message = "`cache` and `cache_update_index` must be given together"
    with pytest.raises(ValueError, match=rf"{message}.*cache_update_index=None"):
        built()(inputs(), cache=cache)
    with pytest.raises(ValueError, match=rf"{message}.*cache=None"):
        built()(inputs(), cache_update_index=0)
