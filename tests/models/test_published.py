"""The published configurations, and that they build the published model."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from course_lib.models import MiniGPTBackbone, MiniGPTCausalLM, published
from tests.arrays import randomise, to_numpy
from tests.tiny_gpt import as_inputs

# vocabulary, length, width, heads, feed-forward, batch
TABLE = {
    "mini_gpt": (20_000, 100, 256, 2, 256, 32),
    "mini_gpt_small": (10_000, 40, 196, 2, 196, 512),
    "mini_gpt_large": (20_000, 40, 512, 8, 512, 1024),
    "wide_feedforward": (15_000, 100, 256, 2, 2048, 128),
}


def test_names():
    assert set(published.names) == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_hyper_parameters(name):
    config = published.config(name)
    backbone = config["backbone"]
    assert TABLE[name] == (
        backbone["vocabulary_size"],
        config["sequence_length"],
        backbone["hidden_dim"],
        backbone["num_heads"],
        backbone["intermediate_dim"],
        config["batch_size"],
    )
    assert backbone["max_sequence_length"] == config["sequence_length"]
    assert backbone["num_layers"] == 1


def test_number_of_parameters():
    v, t, d, h, f, _ = TABLE["mini_gpt_small"]
    model = MiniGPTCausalLM(
        MiniGPTBackbone(**published.config("mini_gpt_small")["backbone"])
    )
    # as `keras.layers.MultiHeadAttention(h, d)` has them: heads of width d
    attention = 3 * (d * h * d + h * d) + h * d * d + d
    feedforward = d * f + f + f * d + d
    expected = v * d + t * d + attention + feedforward + 4 * d + d * v + v
    assert model.count_params() == expected


def published_model(v, t, d, h, f):
    """The tutorials' model, put together from Keras layers."""
    token_ids = keras.Input((t,), dtype="int32")
    positions = ops.cumsum(ops.ones_like(token_ids), axis=-1) - 1
    x = keras.layers.Embedding(v, d, name="tokens")(token_ids)
    x = x + keras.layers.Embedding(t, d, name="positions")(positions)
    attention = keras.layers.MultiHeadAttention(h, d, name="attention")
    attended = keras.layers.Dropout(0.1)(attention(x, x, use_causal_mask=True))
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm_1")(x + attended)
    hidden = keras.layers.Dense(f, activation="relu", name="dense_1")(x)
    hidden = keras.layers.Dense(d, name="dense_2")(hidden)
    hidden = keras.layers.Dropout(0.1)(hidden)
    x = keras.layers.LayerNormalization(epsilon=1e-6, name="norm_2")(x + hidden)
    return keras.Model(token_ids, keras.layers.Dense(v, name="logits")(x))


def test_the_model_is_the_published_one():
    """Same weights, same logits; a small vocabulary keeps the test quick."""
    t, d, h, f = 10, 16, 2, 24
    theirs = published_model(30, t, d, h, f)
    config = published.config("mini_gpt")["backbone"]
    sizes = {
        "vocabulary_size": 30,
        "max_sequence_length": t,
        "hidden_dim": d,
        "key_dim": d,
        "intermediate_dim": f,
    }
    ours = MiniGPTCausalLM(MiniGPTBackbone(**{**config, **sizes}))
    assert ours.count_params() == theirs.count_params()

    randomise(theirs)
    weights = {layer.name: layer.get_weights() for layer in theirs.layers}
    embeddings = ours.backbone.embeddings
    (block,) = ours.backbone.transformer_layers
    matrix, bias = weights["logits"]
    embeddings.token_embedding.embeddings.assign(weights["tokens"][0])
    embeddings.token_embedding.reverse_embeddings.assign(matrix)
    embeddings.token_embedding.bias.assign(bias)
    embeddings.position_embedding.set_weights(weights["positions"])
    block.self_attention.set_weights(weights["attention"])
    block.self_attention_norm.set_weights(weights["norm_1"])
    block.feedforward_intermediate.set_weights(weights["dense_1"])
    block.feedforward_output.set_weights(weights["dense_2"])
    block.feedforward_norm.set_weights(weights["norm_2"])

    token_ids = np.random.default_rng(0).integers(1, 30, (3, t))
    expected = to_numpy(theirs(token_ids))
    assert_allclose(to_numpy(ours(as_inputs(token_ids))), expected, atol=1e-4)


def test_a_config_may_be_changed_without_changing_the_next():
    published.config("mini_gpt")["backbone"]["hidden_dim"] = 3
    assert published.config("mini_gpt")["backbone"]["hidden_dim"] == 256


def test_unknown_name():
    with pytest.raises(ValueError, match=r"`name` must be one of.*mini_gpt.*'gpt5'"):
        published.config("gpt5")
