"""Training without logits is training with them."""

import math

import keras
import pytest
from numpy.testing import assert_allclose

from course_lib.datasets import TokenBatches
from course_lib.layers import TokenEmbedding
from tests.arrays import randomise, to_numpy
from tests.tiny_gpt import END, VOCABULARY, as_inputs, logits_of, random_ids, tiny_gpt

PLAIN = {"from_logits": True, "reduction": "mean_with_sample_weight"}


def padded_pairs():
    """Inputs, labels and weights of two documents, the second shorter."""
    ids = random_ids(2, 7)
    ids[1, 4:] = 0
    return as_inputs(ids[:, :-1]), ids[:, 1:], (ids[:, 1:] != 0).astype("float32")


def after_one_step(loss, **config):
    """The weights after a step of plain gradient descent."""
    gpt = tiny_gpt(preprocessor=False, **config)
    randomise(gpt, seed=1)
    gpt.compile(optimizer=keras.optimizers.SGD(1.0), loss=loss)
    gpt.train_on_batch(*padded_pairs())
    return gpt.get_weights()


@pytest.mark.parametrize("reverse_bias", [True, False])
@pytest.mark.parametrize("tie_weights", [True, False])
def test_a_step_is_that_of_the_plain_loss(tie_weights, reverse_bias):
    config = {"tie_weights": tie_weights, "reverse_bias": reverse_bias}
    plain = keras.losses.SparseCategoricalCrossentropy(**PLAIN)
    fused, expected = after_one_step("auto", **config), after_one_step(plain, **config)
    for one, other in zip(fused, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_no_logits_are_computed(monkeypatch):
    """In steps: before them, JAX derives the shape of everything the model can give."""
    gpt, in_step = tiny_gpt(), []
    call, train_step, test_step = TokenEmbedding.call, gpt.train_step, gpt.test_step

    def embed_only(self, inputs, reverse=False):
        assert not (reverse and in_step), "logits"
        return call(self, inputs, reverse=reverse)

    def noted(step):
        def noted_step(*args):
            in_step.append(step)
            try:
                return step(*args)
            finally:
                in_step.pop()

        return noted_step

    monkeypatch.setattr(TokenEmbedding, "call", embed_only)
    gpt.train_step, gpt.test_step = noted(train_step), noted(test_step)
    gpt.fit(["a good film ."], verbose=0)
    gpt.evaluate(["a good film ."], verbose=0)
    gpt.compile(metrics=[keras.metrics.SparseCategoricalAccuracy()])
    with pytest.raises(Exception, match="logits"):
        gpt.fit(["a good film ."], verbose=0)


@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
def test_metrics_that_are_asked_for_get_logits(argument):
    gpt = tiny_gpt(preprocessor=False)
    accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    gpt.compile(**{argument: [accuracy]})
    x, y, weights = padded_pairs()
    logs = gpt.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    right = logits_of(gpt, x["token_ids"]).argmax(-1) == y
    expected = right.mean() if argument == "metrics" else right[weights > 0].mean()
    assert logs["accuracy"] == pytest.approx(expected)
    plain = tiny_gpt(preprocessor=False).evaluate(
        x, y, sample_weight=weights, verbose=0, return_dict=True
    )
    assert logs["loss"] == pytest.approx(plain["loss"], rel=1e-5)
    assert logs["perplexity"] == pytest.approx(plain["perplexity"], rel=1e-5)


def test_a_loss_of_ones_own_gets_logits_and_reports_no_perplexity():
    texts = ["a good film .", "not a bad plot ."]
    gpt = tiny_gpt()
    plain = gpt.evaluate(texts, verbose=0, return_dict=True)
    assert set(plain) == {"loss", "perplexity", "bits_per_byte"}
    total = keras.losses.SparseCategoricalCrossentropy(
        from_logits=True, reduction="sum"
    )
    gpt.compile(loss=total, sampler="greedy")
    logs = gpt.evaluate(texts, verbose=0, return_dict=True)
    assert set(logs) == {"loss"}
    num_tokens = len(["good", "film", ".", "[END]", "a", "bad", "plot", ".", "[END]"])
    expected = num_tokens * math.log(plain["perplexity"])
    assert logs["loss"] == pytest.approx(expected, rel=1e-5)
    gpt.compile()
    assert gpt.evaluate(texts, verbose=0, return_dict=True) == plain


def test_the_model_called_gives_logits_after_training():
    gpt = tiny_gpt()
    gpt.fit(["a good film ."], verbose=0)
    assert logits_of(gpt, random_ids(2, 5)).shape == (2, 5, len(VOCABULARY))
    x, y, weights = padded_pairs()
    by_hand = gpt.compute_loss(x, y, gpt(x), weights)
    gpt.preprocessor = None
    logs = gpt.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    assert float(to_numpy(by_hand)) == pytest.approx(logs["loss"], rel=1e-5)


def test_bits_per_byte():
    """Of the bytes that the words and what separates them take in a text."""
    gpt = tiny_gpt()
    logs = gpt.evaluate(["not a good film .", "bad"], verbose=0, return_dict=True)
    num_tokens = 4 + 1 + 1  # "not" and "bad" are given, and each text has an [END]
    num_bytes = len("a good film . ") + 1 + 1
    bits = math.log2(logs["perplexity"]) * num_tokens
    assert logs["bits_per_byte"] == pytest.approx(bits / num_bytes, rel=1e-5)


def test_batches_of_token_ids_pass_by_the_preprocessor():
    gpt = tiny_gpt()
    token_ids = random_ids(200)
    token_ids[::10] = END
    batches = TokenBatches(token_ids, batch_size=2, sequence_length=6)
    history = gpt.fit(batches, shuffle=False, validation_data=batches, verbose=0)
    keys = {"loss", "perplexity", "bits_per_byte"}
    assert set(history.history) == keys | {f"val_{key}" for key in keys}
    assert set(gpt.evaluate(batches, verbose=0, return_dict=True)) == keys


def test_wrong_labels_raise_before_the_training():
    gpt = tiny_gpt(preprocessor=False)
    x, y, weights = padded_pairs()
    y[0, 0] = len(VOCABULARY)
    with pytest.raises(ValueError, match=r"`y` must hold token ids from 0 to 11"):
        gpt.fit(x, y, sample_weight=weights, verbose=0)
    weights[0, 0] = 0
    history = gpt.fit(x, y, sample_weight=weights, verbose=0).history
    assert math.isfinite(history["loss"][0])


def test_wrong_labels_of_a_dataset_make_the_loss_nan():
    gpt = tiny_gpt(preprocessor=False)
    x, y, weights = padded_pairs()
    y[0, 0] = -1
    if keras.config.backend() == "torch":  # never compiled: the label can be seen
        with pytest.raises(ValueError, match="`labels` must be token ids"):
            gpt.train_on_batch(x, y, sample_weight=weights)
    else:
        assert math.isnan(gpt.train_on_batch(x, y, sample_weight=weights)[0])
