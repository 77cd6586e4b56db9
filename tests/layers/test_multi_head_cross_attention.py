"""Cross-attention against `keras.layers.MultiHeadAttention`."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import MultiHeadCrossAttention, MultiHeadSelfAttention
from tests.arrays import randomise, to_numpy

B, T, S, D, E, H = 3, 4, 6, 8, 10, 2
DTYPES = ("float32", "float16", "bfloat16")


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def target(seed=0):
    return normal(B, T, D, seed=seed)


def source(seed=1):
    return normal(B, S, E, seed=seed)


def built(**config):
    layer = MultiHeadCrossAttention(**{"num_heads": H, **config})
    layer.build((None, None, D), (None, None, E))
    randomise(layer)
    return layer


def padding():
    """Left padding, right padding, none."""
    mask = np.ones((B, S), bool)
    mask[0, :2] = mask[1, 4:] = False
    return mask


def attention_mask():
    mask = np.random.default_rng(1).random((B, T, S)) < 0.5
    mask[:, :, 3] = True  # no row without anything to attend to
    return mask


@pytest.mark.parametrize(("key_dim", "use_bias"), [(None, True), (3, False)])
@pytest.mark.parametrize("mask", [None, "padding", "attention", "both"])
def test_equals_keras(mask, key_dim, use_bias):
    ours = built(key_dim=key_dim, use_bias=use_bias)
    theirs = keras.layers.MultiHeadAttention(H, key_dim or D // H, use_bias=use_bias)
    theirs.build((None, None, D), (None, None, E))
    theirs.set_weights(ours.get_weights())
    masks, merged = {}, np.ones((B, T, S), bool)
    if mask in ("padding", "both"):
        masks["padding_mask"] = padding()
        merged = merged & padding()[:, None, :]
    if mask in ("attention", "both"):
        masks["attention_mask"] = attention_mask()
        merged = merged & attention_mask()
    output, weights = ours(target(), source(), return_attention_scores=True, **masks)
    expected, expected_weights = theirs(
        target(), source(), attention_mask=merged, return_attention_scores=True
    )
    assert_allclose(to_numpy(output), to_numpy(expected), atol=1e-5)
    assert_allclose(to_numpy(weights), to_numpy(expected_weights), atol=1e-5)


def test_a_sequence_that_attends_to_itself_is_self_attention():
    cross = MultiHeadCrossAttention(H)
    cross.build((None, None, D), (None, None, D))
    randomise(cross)
    own = MultiHeadSelfAttention(H)
    own.build((None, None, D))
    own.set_weights(cross.get_weights())
    assert_array_equal(to_numpy(cross(target(), target())), to_numpy(own(target())))


def test_padding_of_the_source_changes_nothing():
    layer = built()
    longer = np.concatenate([source(), normal(B, 3, E, seed=5)], axis=1)
    mask = np.arange(S + 3) < S
    padded = layer(target(), longer, padding_mask=np.tile(mask, (B, 1)))
    expected = to_numpy(layer(target(), source()))
    assert_allclose(to_numpy(padded), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_source_that_is_all_padding_gives_the_output_bias(dtype):
    layer, mask = built(dtype=dtype), padding()
    mask[1] = False
    output = to_numpy(layer(target(), source(), padding_mask=mask))
    bias = to_numpy(ops.cast(layer.attention_output.bias, dtype))
    assert np.isfinite(output).all()
    assert_array_equal(output[1], np.broadcast_to(bias, (T, D)))
    assert (output[0] != bias).any()


def test_the_implicit_mask_of_the_source_is_used_and_that_of_the_inputs_passed_on():
    embed_target, embed_source = (
        keras.layers.Embedding(9, width, mask_zero=True) for width in (D, E)
    )
    for embed in (embed_target, embed_source):
        embed.build()
        randomise(embed)
    target_ids = np.array([[4, 5, 0, 0], [7, 8, 6, 0]])
    source_ids = np.array([[3, 5, 6, 1, 0, 0], [2, 0, 0, 0, 0, 0]])
    layer = built()
    x, y = embed_target(target_ids), embed_source(source_ids)
    explicit = layer(to_numpy(x), to_numpy(y), padding_mask=source_ids != 0)
    for masks in ({}, {"attention_mask": np.ones((T, S), bool)}):
        output = layer(x, y, **masks)
        assert_allclose(to_numpy(output), to_numpy(explicit), atol=1e-6)
        assert_array_equal(to_numpy(output._keras_mask), target_ids != 0)
    unmasked = to_numpy(layer(to_numpy(x), to_numpy(y)))
    assert np.abs(unmasked - to_numpy(explicit)).max() > 0.01


def test_a_source_is_projected_once_and_kept():
    layer, mask = built(key_dim=3), padding()
    expected = to_numpy(layer(target(), source(), padding_mask=mask))
    cache, outputs = (ops.zeros((B, H, S, 3)),) * 2, []
    for t in range(T):
        output, cache = layer(
            target()[:, t : t + 1],
            source() if t == 0 else None,
            padding_mask=mask,
            cache=cache,
            cache_update_index=0 if t == 0 else None,
        )
        outputs.append(to_numpy(output))
    assert_allclose(np.concatenate(outputs, axis=1), expected, atol=1e-5)


def test_a_cache_that_is_taken_as_it_is_makes_the_source_irrelevant():
    layer = built()
    cache = tuple(normal(B, H, S, D // H, seed=s) for s in (3, 4))
    one, same = layer(target(), source(), cache=cache)
    other, _ = layer(target(), source(seed=9), cache=cache)
    assert_array_equal(to_numpy(one), to_numpy(other))
    for before, after in zip(cache, same, strict=True):
        assert_array_equal(to_numpy(after), before)


def test_weights_come_before_the_cache():
    cache = (ops.zeros((B, H, S, D // H)),) * 2
    outputs = built()(target(), cache=cache, return_attention_scores=True)
    shapes = [tuple(tensor.shape) for tensor in keras.tree.flatten(outputs)]
    assert shapes == [(B, T, D), (B, H, T, S), *[(B, H, S, D // H)] * 2]


def test_config_round_trip():
    config = MultiHeadCrossAttention(3, key_dim=5, dropout=0.2).get_config()
    assert MultiHeadCrossAttention.from_config(config).get_config() == config


def test_keras_file_round_trip(tmp_path):
    layer = MultiHeadCrossAttention(H, key_dim=3, use_bias=False)
    inputs = [keras.Input((None, D)), keras.Input((None, E))]
    model = keras.Model(inputs, layer(*inputs))
    randomise(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert_array_equal(
        to_numpy(model([target(), source()])), to_numpy(loaded([target(), source()]))
    )
    assert loaded.layers[-1].get_config() == layer.get_config()


def test_the_source_must_be_given_first():
    with pytest.raises(ValueError, match="`source` must be given in the first call"):
        MultiHeadCrossAttention(H)(target())


@pytest.mark.parametrize("given", ["nothing", "an index alone", "no source to write"])
def test_source_cache_and_index_go_together(given):
    cache = (ops.zeros((B, H, S, D // H)),) * 2
    arguments = {
        "nothing": {},
        "an index alone": {"source": source(), "cache_update_index": 0},
        "no source to write": {"cache": cache, "cache_update_index": 0},
    }[given]
    with pytest.raises(
        ValueError, match=r"`source` or `cache` must be given.*Received"
    ):
        built()(target(), **arguments)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("padding_mask", (B, T)),  # that of the target
        ("padding_mask", (B, 1, S)),
        ("attention_mask", (B, T, T)),
        ("attention_mask", (S,)),
    ],
)
def test_masks_must_fit_the_source(name, shape):
    with pytest.raises(ValueError, match=rf"`{name}` must have shape.*S=6.*Received"):
        built()(target(), source(), **{name: np.ones(shape, bool)})


@pytest.mark.parametrize("flat", ["inputs", "source"])
def test_sequences_must_be_of_rank_3(flat):
    sequences = {"inputs": target(), "source": source()}
    sequences[flat] = sequences[flat][0]
    with pytest.raises(ValueError, match=rf"`{flat}` must have shape.*{flat}.shape="):
        MultiHeadCrossAttention(H)(sequences["inputs"], sequences["source"])
