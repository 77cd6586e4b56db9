"""A block against the same block put together from Keras layers."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.layers import TransformerBlock
from tests.arrays import randomise, save_and_load, to_numpy

B, T, D, H, F = 3, 6, 8, 2, 16
DTYPES = ("float32", "float16", "bfloat16")


def inputs(seed=0, shape=(B, T, D)):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def built(**config):
    block = TransformerBlock(**{"intermediate_dim": F, "num_heads": H, **config})
    block.build((None, None, D))
    randomise(block)
    return block


def padding():
    mask = np.ones((B, T), bool)
    mask[1, 4:] = False
    mask[2, 3:] = False
    return mask


def composition(block, x, mask):
    """The block's formula in Keras layers that hold its weights."""
    attention = keras.layers.MultiHeadAttention(H, block.key_dim or D // H)
    attention.build(x.shape, x.shape)
    attention.set_weights(block.self_attention.get_weights())

    def norm(x, weights_of):
        layer = keras.layers.LayerNormalization(epsilon=block.layer_norm_epsilon)
        layer.build(x.shape)
        layer.set_weights(weights_of.get_weights())
        return layer(x)

    def dense(x, units, activation, weights_of):
        layer = keras.layers.Dense(units, activation=activation)
        layer.build(x.shape)
        layer.set_weights(weights_of.get_weights())
        return layer(x)

    def attend(x):
        return attention(
            x, x, attention_mask=mask[:, None, :], use_causal_mask=block.causal
        )

    def feedforward(x):
        x = dense(x, F, block.activation, block.feedforward_intermediate)
        return dense(x, D, None, block.feedforward_output)

    first, second = block.self_attention_norm, block.feedforward_norm
    if block.normalize_first:
        x = x + attend(norm(x, first))
        return x + feedforward(norm(x, second))
    x = norm(x + attend(x), first)
    return norm(x + feedforward(x), second)


@pytest.mark.parametrize("normalize_first", [False, True])
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(("key_dim", "activation"), [(None, "relu"), (5, "gelu")])
def test_equals_keras_layers(normalize_first, causal, key_dim, activation):
    block = built(
        key_dim=key_dim,
        activation=activation,
        normalize_first=normalize_first,
        causal=causal,
        layer_norm_epsilon=1e-3,
    )
    expected = composition(block, ops.convert_to_tensor(inputs()), padding())
    output = block(inputs(), padding_mask=padding())
    assert_allclose(to_numpy(output), to_numpy(expected), atol=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("normalize_first", [False, True])
@pytest.mark.parametrize("with_weights", [False, True])
def test_a_later_token_never_changes_an_earlier_output(
    dtype, normalize_first, with_weights
):
    block = built(dropout=0.3, normalize_first=normalize_first, dtype=dtype)
    states = block.non_trainable_variables  # of the seed generators
    seeds = [to_numpy(state) for state in states]
    assert seeds

    def output(x):
        for state, seed in zip(states, seeds, strict=True):
            keras.utils.set_random_seed(0)  # Torch has one stream for all
            state.assign(seed)  # the same units drop out each time
        result = block(
            ops.cast(x, dtype), return_attention_scores=with_weights, training=True
        )
        return to_numpy(result[0] if with_weights else result)

    x = inputs()
    before = output(x)
    assert (before != to_numpy(block(ops.cast(x, dtype)))).any()  # dropout is on
    for t in (0, 2, T - 1):
        changed = x.copy()
        changed[:, t:] = inputs(seed=t + 1)[:, t:]
        after = output(changed)
        assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).any()


def test_an_encoder_sees_the_whole_text():
    block, x = built(causal=False), inputs()
    changed = x.copy()
    changed[:, -1] = inputs(seed=1)[:, -1]
    difference = np.abs(to_numpy(block(changed)) - to_numpy(block(x)))
    assert (difference.max(axis=-1) > 1e-4).all()


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("causal", [False, True])
def test_padding_never_changes_real_tokens(side, causal):
    block, x = built(causal=causal), inputs()
    filler = inputs(seed=5, shape=(B, 2, D))
    mask = np.zeros((B, T + 2), bool)
    real = np.s_[:, 2:] if side == "left" else np.s_[:, :T]
    mask[real] = True
    rows = [filler, x] if side == "left" else [x, filler]
    output = to_numpy(block(np.concatenate(rows, axis=1), padding_mask=mask))
    assert np.isfinite(output).all()
    assert_allclose(output[real], to_numpy(block(x)), atol=1e-5)


def test_the_implicit_mask_of_keras_is_used_and_passed_on():
    embedding = keras.layers.Embedding(10, D, mask_zero=True)
    embedding.build()
    randomise(embedding)
    first, second = built(causal=False), built(causal=False)
    token_ids = np.array([[4, 5, 6, 0, 0], [7, 8, 9, 1, 0]])
    implicit = to_numpy(second(first(embedding(token_ids))))
    x, mask = to_numpy(embedding(token_ids)), token_ids != 0
    explicit = second(to_numpy(first(x, padding_mask=mask)), padding_mask=mask)
    assert_allclose(implicit, to_numpy(explicit), atol=1e-5)


@pytest.mark.parametrize("normalize_first", [False, True])
def test_cached_equals_uncached(normalize_first):
    block, x = built(normalize_first=normalize_first), inputs()
    cache, outputs = (ops.zeros((B, H, T, D // H)),) * 2, []
    for t in range(T):
        output, cache = block(x[:, t : t + 1], cache=cache, cache_update_index=t)
        outputs.append(to_numpy(output))
    assert_allclose(np.concatenate(outputs, axis=1), to_numpy(block(x)), atol=1e-5)


def test_attention_mask_and_weights():
    mask = np.tril(np.ones((T, T), bool), k=-1) | np.eye(T, dtype=bool)
    mask[:, 0] = False
    mask[0, 0] = True
    _, weights = built()(inputs(), attention_mask=mask, return_attention_scores=True)
    weights = to_numpy(weights)
    assert weights.shape == (B, H, T, T)
    assert (weights[:, :, ~mask] == 0).all()
    assert_allclose(weights.sum(axis=-1), 1, atol=1e-6)


def test_config_round_trip():
    config = TransformerBlock(
        intermediate_dim=5,
        num_heads=3,
        key_dim=4,
        dropout=0.2,
        activation="gelu",
        layer_norm_epsilon=1e-3,
        normalize_first=True,
        causal=False,
    ).get_config()
    assert TransformerBlock.from_config(config).get_config() == config
    default = TransformerBlock(6, 2).get_config()
    own = set(config) - {"name", "dtype", "trainable"}
    assert len(own) == 8
    assert all(config[name] != default[name] for name in own)


@pytest.mark.parametrize("causal", [False, True])
def test_keras_file_round_trip(causal, tmp_path):
    block = TransformerBlock(F, H, activation="gelu", causal=causal)
    loaded, before, after = save_and_load(block, inputs(), tmp_path / "m.keras")
    assert_array_equal(before, after)
    assert loaded.get_config() == block.get_config()


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"intermediate_dim": 0}, "`intermediate_dim` must be at least 1.*=0"),
        ({"num_heads": 0}, "`num_heads` must be at least 1.*num_heads=0"),
        ({"key_dim": 0}, "`key_dim` must be at least 1.*key_dim=0"),
        ({"dropout": 1}, r"`dropout` must be in \[0, 1\).*dropout=1"),
        ({"dropout": -0.5}, r"`dropout` must be in \[0, 1\).*dropout=-0.5"),
    ],
)
def test_bad_config(config, message):
    with pytest.raises(ValueError, match=message):
        TransformerBlock(**{"intermediate_dim": F, "num_heads": H, **config})


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match=r"must divide.*num_heads=3, width=8"):
        TransformerBlock(F, 3)(inputs())


def test_cache_without_index():
    with pytest.raises(ValueError, match=r"must be given together"):
        built()(inputs(), cache=(ops.zeros((B, H, T, D // H)),) * 2)
