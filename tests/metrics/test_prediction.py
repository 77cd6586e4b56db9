import math

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops

from course_lib.metrics import Perplexity, bits_per_byte

VOCABULARY_SIZE = 7
MASK = np.array([[True, True, False, False], [True, True, True, False]])


def batch(seed, shape=(2, 4)):
    rng = np.random.default_rng(seed)
    targets = rng.integers(0, VOCABULARY_SIZE, shape)
    logits = rng.normal(size=(*shape, VOCABULARY_SIZE), scale=3).astype("float32")
    return targets, logits


def nats(targets, logits):
    """Loss of each token, by a loop."""
    losses = np.zeros(targets.shape)
    for place, target in np.ndenumerate(targets):
        exponentials = [math.exp(logit) for logit in logits[place].tolist()]
        losses[place] = -math.log(exponentials[target] / sum(exponentials))
    return losses


def perplexity(losses, weights=None):
    return math.exp(np.average(losses, weights=weights))


def test_one_batch():
    targets, logits = batch(0)
    expected = perplexity(nats(targets, logits))
    assert float(Perplexity(from_logits=True)(targets, logits)) == pytest.approx(
        expected, rel=1e-5
    )
    probabilities = ops.softmax(logits)
    assert float(Perplexity()(targets, probabilities)) == pytest.approx(
        expected, rel=1e-5
    )


def test_every_token_weighs_the_same_in_unequal_batches():
    batches = [batch(0, (2, 4)), batch(1, (1, 9)), batch(2, (3, 2))]
    metric = Perplexity(from_logits=True)
    for targets, logits in batches:
        metric.update_state(targets, logits)
    losses = np.concatenate([nats(*b).ravel() for b in batches])
    assert float(metric.result()) == pytest.approx(perplexity(losses), rel=1e-5)
    # The published tutorials' number, the mean of batch perplexities, is another.
    assert np.mean([perplexity(nats(*b)) for b in batches]) > 1.05 * perplexity(losses)


@pytest.mark.parametrize("theirs", [False, True])
def test_mask_token_id_and_weights(theirs):
    metric = (keras_hub.metrics.Perplexity if theirs else Perplexity)(
        from_logits=True, mask_token_id=0
    )
    rng = np.random.default_rng(3)
    losses, weights = [], []
    for seed, shape in enumerate([(3, 5), (2, 8), (1, 4)]):
        targets, logits = batch(seed, shape)
        targets[:, -1] = 0
        sample_weight = rng.uniform(size=shape).astype("float32")
        metric.update_state(targets, logits, sample_weight)
        losses.append(nats(targets, logits).ravel())
        weights.append((sample_weight * (targets != 0)).ravel())
    expected = perplexity(np.concatenate(losses), np.concatenate(weights))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def test_one_weight_a_sequence():
    targets, logits = batch(0)
    metric = Perplexity(from_logits=True)
    metric.update_state(targets, logits, sample_weight=[1.0, 3.0])
    expected = perplexity(nats(targets, logits), np.repeat([[1.0], [3.0]], 4, axis=1))
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("sample_weight", [None, [1.0, 3.0]])
def test_a_keras_mask_of_the_predictions(sample_weight):
    targets, logits = batch(0)
    predictions = ops.convert_to_tensor(logits)
    predictions._keras_mask = ops.convert_to_tensor(MASK)
    metric = Perplexity(from_logits=True)
    metric.update_state(targets, predictions, sample_weight)
    weights = MASK * np.array(sample_weight or [1, 1])[:, None]
    expected = perplexity(nats(targets, logits), weights)
    assert float(metric.result()) == pytest.approx(expected, rel=1e-5)


def masking_model(metrics):
    model = keras.Sequential(
        [
            keras.layers.Embedding(VOCABULARY_SIZE, 8, mask_zero=True),
            keras.layers.Dense(VOCABULARY_SIZE),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=metrics)
    return model


def test_in_fit_with_a_masking_model():
    rng = np.random.default_rng(0)
    tokens = rng.integers(1, VOCABULARY_SIZE, (10, 6))
    tokens[4:, 3:] = 0
    tokens, targets = tokens[:, :-1], tokens[:, 1:]
    model = masking_model([Perplexity(from_logits=True, mask_token_id=0)])
    stop = keras.callbacks.EarlyStopping(monitor="val_perplexity")  # mode "auto"
    history = model.fit(
        tokens,
        targets,
        validation_data=(tokens, targets),
        batch_size=4,
        epochs=2,
        verbose=0,
        callbacks=[stop],
    ).history
    assert stop.monitor_op(1.0, 2.0)  # lower is better
    losses = nats(targets, np.asarray(model.predict(tokens, verbose=0)))
    assert history["val_perplexity"][-1] == pytest.approx(
        perplexity(losses[targets != 0]), rel=1e-5
    )


def test_without_tokens_the_result_is_zero():
    metric = Perplexity(from_logits=True, mask_token_id=0)
    assert float(metric.result()) == 0
    metric.update_state(np.zeros((2, 3), "int32"), np.ones((2, 3, VOCABULARY_SIZE)))
    assert float(metric.result()) == 0


def test_reset_state():
    metric = Perplexity(from_logits=True)
    metric.update_state(*batch(0))
    metric.reset_state()
    metric.update_state(*batch(1))
    assert float(metric.result()) == pytest.approx(perplexity(nats(*batch(1))), 1e-5)


def test_half_precision_logits_are_summed_in_float32():
    logits = np.zeros((1, 4096, VOCABULARY_SIZE), "float16")
    targets = np.ones((1, 4096), "int32")
    assert float(Perplexity(from_logits=True)(targets, logits)) == pytest.approx(
        VOCABULARY_SIZE, rel=1e-5
    )


def test_config_round_trip():
    metric = Perplexity(from_logits=True, mask_token_id=3, name="p")
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(metric)
    )
    assert type(again) is Perplexity
    assert again.get_config() == metric.get_config()
    assert again.get_config()["mask_token_id"] == 3


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 4, 1)])
def test_weights_of_a_wrong_shape(shape):
    targets, logits = batch(0)
    with pytest.raises(ValueError, match="`sample_weight` must have the shape"):
        Perplexity(from_logits=True).update_state(targets, logits, np.ones(shape))


def test_bits_per_byte():
    # One of 256 equally likely tokens for each byte; then for every other byte.
    text = "naïve café"
    num_bytes = len(text.encode("utf-8"))
    assert num_bytes == 12
    assert bits_per_byte(12 * math.log(256), num_bytes) == pytest.approx(8)
    assert bits_per_byte(6 * math.log(256), num_bytes) == pytest.approx(4)
    assert bits_per_byte(np.float32(0.0), np.int64(5)) == 0


@pytest.mark.parametrize("value", [-1.0, math.nan, [1.0, 2.0], np.ones(3)])
def test_bits_per_byte_bad_nats(value):
    with pytest.raises(ValueError, match="`nats` must be the total loss"):
        bits_per_byte(value, 10)


@pytest.mark.parametrize("value", [0, -3, 2.5])
def test_bits_per_byte_bad_num_bytes(value):
    with pytest.raises(ValueError, match=f"`num_bytes`.*num_bytes={value}"):
        bits_per_byte(1.0, value)
