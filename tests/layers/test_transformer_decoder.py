"""A decoder against KerasHub's, its masks one by one, and its caches."""

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib import masking
from course_lib.layers import TransformerBlock, TransformerDecoder
from tests.arrays import randomise, to_numpy

B, T, S, D, H, F = 3, 5, 5, 8, 2, 16  # T = S: a wrong mask must not fail by its shape


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def target(seed=0):
    return normal(B, T, D, seed=seed)


def source(seed=1, width=D):
    return normal(B, S, width, seed=seed)


def built(width=D, cross=True, **config):
    decoder = TransformerDecoder(**{"intermediate_dim": F, "num_heads": H, **config})
    decoder.build((None, None, D), (None, None, width) if cross else None)
    randomise(decoder)
    return decoder


def target_padding():
    mask = np.ones((B, T), bool)
    mask[1, 3:] = mask[2, 4:] = False
    return mask


def source_padding():
    mask = np.ones((B, S), bool)
    mask[0, 2:] = mask[2, :1] = False
    return mask


def embedding():
    layer = keras.layers.Embedding(9, D, mask_zero=True)
    layer.build()
    randomise(layer)
    return layer


def parts(decoder):
    """The layers that have weights, in the order of KerasHub's."""
    names = ["self_attention", "self_attention_norm"]
    names += ["cross_attention", "cross_attention_norm"] * bool(decoder.cross_attention)
    names += ["feedforward_intermediate", "feedforward_output", "feedforward_norm"]
    return [getattr(decoder, name) for name in names]


def keras_hub_twin(decoder, cross=True):
    twin = keras_hub.layers.TransformerDecoder(
        F,
        H,
        layer_norm_epsilon=decoder.layer_norm_epsilon,
        activation=decoder.activation,
        normalize_first=decoder.normalize_first,
    )
    twin.build((None, T, D), (None, S, D) if cross else None)
    twin.set_weights([w for part in parts(decoder) for w in part.get_weights()])
    return twin


@pytest.mark.parametrize("normalize_first", [False, True])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("cross", [False, True])
def test_equals_keras_hub(cross, masked, normalize_first):
    decoder = built(
        cross=cross,
        normalize_first=normalize_first,
        activation="gelu",
        layer_norm_epsilon=1e-3,
    )
    masks = {"decoder_padding_mask": target_padding()} if masked else {}
    if masked and cross:
        masks["encoder_padding_mask"] = source_padding()
        masks["encoder_attention_mask"] = np.ones((B, T, S), bool)
        masks["encoder_attention_mask"][:, :, 4] = False
    if masked:
        masks["decoder_attention_mask"] = np.ones((B, T, T), bool)
        masks["decoder_attention_mask"][:, 2:, 1] = False
    sequences = (target(), source()) if cross else (target(),)
    theirs = keras_hub_twin(decoder, cross)(*sequences, **masks)
    output = to_numpy(decoder(*sequences, **masks))
    assert_allclose(output, to_numpy(theirs), atol=1e-5)


def test_without_an_encoder_it_is_the_causal_block():
    decoder = built(cross=False)
    block = TransformerBlock(F, H)
    block.build((None, None, D))
    block.set_weights(decoder.get_weights())
    assert decoder.cross_attention is None
    assert_array_equal(to_numpy(decoder(target())), to_numpy(block(target())))


def test_a_source_of_another_width_and_length():
    decoder = built(width=3)
    assert decoder(target(), normal(B, 9, 3)).shape == (B, T, D)


@pytest.mark.parametrize("normalize_first", [False, True])
def test_a_later_target_changes_nothing_before_it(normalize_first):
    decoder = built(normalize_first=normalize_first)
    before = to_numpy(decoder(target(), source()))
    for t in (0, 2, T - 1):
        changed = target()
        changed[:, t:] = target(seed=t + 3)[:, t:]
        after = to_numpy(decoder(changed, source()))
        assert_array_equal(after[:, :t], before[:, :t])
        assert (after[:, t] != before[:, t]).any()


def test_every_target_sees_the_whole_source():
    decoder, changed = built(), source()
    changed[:, -1] = source(seed=5)[:, -1]
    difference = np.abs(
        to_numpy(decoder(target(), changed)) - to_numpy(decoder(target(), source()))
    )
    assert (difference.max(axis=-1) > 1e-4).all()


def test_padding_of_the_target_changes_no_real_target():
    decoder, mask = built(), target_padding()
    other = np.where(mask[:, :, None], target(), target(seed=7))
    outputs = [
        to_numpy(decoder(x, source(), decoder_padding_mask=mask))
        for x in (target(), other)
    ]
    assert_array_equal(outputs[0][mask], outputs[1][mask])


def test_left_padding_of_the_target_changes_no_real_target():
    decoder = built()
    longer = np.concatenate([target(seed=7)[:, :2], target()], axis=1)
    mask = np.tile(np.arange(T + 2) >= 2, (B, 1))
    padded = to_numpy(decoder(longer, source(), decoder_padding_mask=mask))
    assert_allclose(padded[:, 2:], to_numpy(decoder(target(), source())), atol=1e-5)


def test_padding_of_the_source_changes_nothing():
    decoder, mask = built(), source_padding()
    other = np.where(mask[:, :, None], source(), source(seed=7))
    outputs = [
        to_numpy(decoder(target(), y, encoder_padding_mask=mask))
        for y in (source(), other)
    ]
    assert_array_equal(*outputs)


def test_the_masks_of_the_target_do_not_count_in_cross_attention():
    """The bug of a published tutorial, which gave them to both attentions."""
    decoder = built()
    _, own, cross = decoder(
        target(),
        source(),
        decoder_padding_mask=target_padding(),
        encoder_padding_mask=source_padding(),
        return_attention_scores=True,
    )
    own, cross = to_numpy(own), to_numpy(cross)
    seen = np.tril(np.ones((T, T), bool)) & target_padding()[:, None, :]
    assert_array_equal(own[:, 0] > 0, seen)
    seen = np.broadcast_to(source_padding()[:, None, :], (B, T, S))
    assert_array_equal(cross[:, 0] > 0, seen)
    assert_allclose(cross.sum(axis=-1), 1, atol=1e-6)


def test_without_masks_all_is_real():
    decoder = built()
    everything = decoder(
        target(),
        source(),
        decoder_padding_mask=np.ones((B, T), bool),
        encoder_padding_mask=np.ones((B, S), bool),
    )
    assert_array_equal(to_numpy(decoder(target(), source())), to_numpy(everything))


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_a_source_that_is_all_padding_gives_no_nan(dtype):
    decoder, mask = built(dtype=dtype), source_padding()
    mask[1] = False
    x, y = (ops.cast(sequence, dtype) for sequence in (target(), source()))
    output = to_numpy(decoder(x, y, encoder_padding_mask=mask))
    assert np.isfinite(output).all()
    other = ops.cast(source(seed=7), dtype)
    other = to_numpy(decoder(x, other, encoder_padding_mask=mask))
    assert_array_equal(output[1], other[1])


@pytest.mark.parametrize("with_attention_mask", [False, True])
def test_implicit_masks_of_both_sequences(with_attention_mask):
    embed = embedding()
    target_ids = np.array([[4, 5, 3, 0, 0], [7, 8, 6, 1, 0]])
    source_ids = np.array([[3, 0, 0, 0, 0], [2, 5, 6, 0, 0]])
    x, y = embed(target_ids), embed(source_ids)
    decoder, masks = built(), {}
    if with_attention_mask:
        masks["decoder_attention_mask"] = np.ones((T, T), bool)
    implicit = decoder(x, y, **masks)
    explicit = decoder(
        to_numpy(x),
        to_numpy(y),
        decoder_padding_mask=target_ids != 0,
        encoder_padding_mask=source_ids != 0,
    )
    assert_allclose(to_numpy(implicit), to_numpy(explicit), atol=1e-6)
    assert_array_equal(to_numpy(implicit._keras_mask), target_ids != 0)
    no_source_mask = to_numpy(
        decoder(to_numpy(x), to_numpy(y), decoder_padding_mask=target_ids != 0)
    )
    assert np.abs(no_source_mask - to_numpy(explicit)).max() > 0.01


def test_implicit_mask_without_an_encoder():
    token_ids = np.array([[0, 4, 5, 3, 2]])  # left padding, which causality lets in
    x = embedding()(token_ids)
    decoder = built(cross=False)
    explicit = decoder(to_numpy(x), decoder_padding_mask=token_ids != 0)
    assert_allclose(to_numpy(decoder(x)), to_numpy(explicit), atol=1e-6)
    assert np.abs(to_numpy(decoder(to_numpy(x))) - to_numpy(explicit)).max() > 0.01


@pytest.mark.parametrize("normalize_first", [False, True])
def test_cached_equals_uncached(normalize_first):
    decoder, mask = built(normalize_first=normalize_first, key_dim=3), source_padding()
    expected = decoder(target(), source(), encoder_padding_mask=mask)
    projected = []
    project = decoder.cross_attention.key.call
    decoder.cross_attention.key.call = lambda *args: (
        projected.append(1) or project(*args)
    )
    own = cross = (ops.zeros((B, H, T, 3)),) * 2
    outputs = []
    for t in range(T):
        output, own, cross = decoder(
            target()[:, t : t + 1],
            source() if t == 0 else None,
            encoder_padding_mask=mask,
            self_attention_cache=own,
            self_attention_cache_update_index=t,
            cross_attention_cache=cross,
            cross_attention_cache_update_index=0 if t == 0 else None,
        )
        outputs.append(to_numpy(output))
    assert len(projected) == 1  # of the source, once for all steps
    outputs = np.concatenate(outputs, axis=1)
    assert_allclose(outputs, to_numpy(expected), atol=1e-5)


def test_cached_equals_uncached_without_an_encoder():
    decoder, cache, outputs = (
        built(cross=False),
        (ops.zeros((B, H, T, D // H)),) * 2,
        [],
    )
    for t in range(T):
        output, cache = decoder(
            target()[:, t : t + 1],
            self_attention_cache=cache,
            self_attention_cache_update_index=t,
        )
        outputs.append(to_numpy(output))
    expected = to_numpy(decoder(target()))
    assert_allclose(np.concatenate(outputs, axis=1), expected, atol=1e-5)


def test_weights_come_before_the_caches():
    cache = (ops.zeros((B, H, 7, D // H)),) * 2
    outputs = built()(
        target(),
        normal(B, 7, D),
        return_attention_scores=True,
        self_attention_cache=cache,
        self_attention_cache_update_index=0,
        cross_attention_cache=cache,
        cross_attention_cache_update_index=0,
    )
    shapes = [tuple(tensor.shape) for tensor in keras.tree.flatten(outputs)]
    caches = [(B, H, 7, D // H)] * 4
    assert shapes == [(B, T, D), (B, H, T, 7), (B, H, T, 7), *caches]


def test_its_own_input_as_the_encoder():
    """As in a classic tutorial; a mask of the encoder then hides the future."""
    decoder = built()
    changed = target()
    changed[:, 3:] = target(seed=7)[:, 3:]

    def first_three(x, **masks):
        return to_numpy(decoder(x, x, **masks))[:, :3]

    causal = {"encoder_attention_mask": masking.causal_mask(T)}
    assert_array_equal(first_three(target(), **causal), first_three(changed, **causal))
    assert np.abs(first_three(target()) - first_three(changed)).max() > 0.01  # it leaks


def test_its_own_input_as_the_encoder_with_caches():
    decoder, outputs = built(), []
    causal = masking.causal_mask(T)
    expected = decoder(target(), target(), encoder_attention_mask=causal)
    own = cross = (ops.zeros((B, H, T, D // H)),) * 2
    for t in range(T):
        x = target()[:, t : t + 1]
        output, own, cross = decoder(
            x,
            x,
            encoder_attention_mask=masking.causal_mask(1, T, offset=t),
            self_attention_cache=own,
            self_attention_cache_update_index=t,
            cross_attention_cache=cross,
            cross_attention_cache_update_index=t,
        )
        outputs.append(to_numpy(output))
    outputs = np.concatenate(outputs, axis=1)
    assert_allclose(outputs, to_numpy(expected), atol=1e-5)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(dtype):
    decoder = built(dtype=dtype, normalize_first=True)
    output = decoder(target(), source(), encoder_padding_mask=source_padding())
    assert keras.backend.standardize_dtype(output.dtype) == dtype.removeprefix("mixed_")
    expected = built(normalize_first=True)(
        target(), source(), encoder_padding_mask=source_padding()
    )
    assert_allclose(to_numpy(output), to_numpy(expected), atol=0.2)
    assert all(w.dtype == "float32" for w in decoder.trainable_weights)


def test_dropout_is_in_all_three_parts():
    decoder = built(dropout=0.5)
    parts = ("self_attention", "cross_attention", "feedforward")
    assert all(getattr(decoder, f"{part}_dropout").rate == 0.5 for part in parts)
    still = to_numpy(decoder(target(), source()))
    assert_array_equal(to_numpy(decoder(target(), source())), still)
    dropped = to_numpy(decoder(target(), source(), training=True))
    assert np.abs(dropped - still).max() > 0.1


def test_config_round_trip():
    config = TransformerDecoder(
        intermediate_dim=5,
        num_heads=3,
        key_dim=4,
        dropout=0.2,
        activation="gelu",
        layer_norm_epsilon=1e-3,
        normalize_first=True,
    ).get_config()
    assert TransformerDecoder.from_config(config).get_config() == config
    default = TransformerDecoder(6, 2).get_config()
    own = set(config) - {"name", "dtype", "trainable"}
    assert len(own) == 7
    assert all(config[name] != default[name] for name in own)


@pytest.mark.parametrize("cross", [False, True])
def test_keras_file_round_trip(cross, tmp_path):
    decoder = TransformerDecoder(F, H, activation="gelu")
    sequences = [keras.Input((None, D)), keras.Input((None, D))][: 1 + cross]
    masks = {"decoder_padding_mask": keras.Input((None,), dtype="bool")}
    if cross:
        masks["encoder_padding_mask"] = keras.Input((None,), dtype="bool")
    model = keras.Model([*sequences, *masks.values()], decoder(*sequences, **masks))
    randomise(model)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    arrays = [target(), source()][: 1 + cross]
    arrays += [target_padding(), source_padding()][: 1 + cross]
    assert_array_equal(to_numpy(model(arrays)), to_numpy(loaded(arrays)))
    assert loaded.layers[-1].get_config() == decoder.get_config()
    assert (loaded.layers[-1].cross_attention is not None) == cross


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"intermediate_dim": 0}, "`intermediate_dim` must be at least 1.*=0"),
        ({"num_heads": 0}, "`num_heads` must be at least 1.*num_heads=0"),
        ({"dropout": 1}, r"`dropout` must be in \[0, 1\).*dropout=1"),
    ],
)
def test_bad_config(config, message):
    with pytest.raises(ValueError, match=message):
        TransformerDecoder(**{"intermediate_dim": F, "num_heads": H, **config})


def test_heads_must_divide_the_width():
    with pytest.raises(ValueError, match=r"must divide.*num_heads=3, width=8"):
        TransformerDecoder(F, 3)(target(), source())


@pytest.mark.parametrize(
    "name", ["encoder_sequence", "encoder_padding_mask", "cross_attention_cache"]
)
def test_nothing_of_an_encoder_without_cross_attention(name):
    value = {
        "encoder_sequence": source(),
        "encoder_padding_mask": source_padding(),
        "cross_attention_cache": (ops.zeros((B, H, S, D // H)),) * 2,
    }[name]
    with pytest.raises(ValueError, match=f"`{name}` was given to a layer that was"):
        built(cross=False)(target(), **{name: value})


def test_cross_attention_needs_an_encoder():
    with pytest.raises(ValueError, match=r"`encoder_sequence` or .* must be given"):
        built()(target())


def test_self_attention_cache_without_index():
    with pytest.raises(ValueError, match="must be given together"):
        built()(
            target(), source(), self_attention_cache=(ops.zeros((B, H, T, D // H)),) * 2
        )


def test_the_padding_of_the_source_must_fit_the_source():
    with pytest.raises(ValueError, match=r"`padding_mask` must have shape.*S=7"):
        built()(target(), normal(B, 7, D), encoder_padding_mask=target_padding())
