"""A mini-GPT learns, and its numbers are those of a brute-force count."""

import collections
import math

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.arrays import randomise, to_numpy
from tests.tiny_gpt import as_inputs, logits_of, random_ids, tiny_gpt

SENTENCES = [
    "a good film .",
    "a very good film !",
    "a bad plot .",
    "a very bad plot .",
    "not a good plot !",
]


def pairs(lengths, width, seed=0):
    """Padded next-token pairs and their weights, as `fit` takes them."""
    ids = random_ids(len(lengths), width + 1, seed=seed)
    ids[np.arange(width + 1) > np.array(lengths)[:, None]] = 0
    weights = (ids[:, 1:] != 0).astype("float32")
    return as_inputs(ids[:, :-1]), ids[:, 1:], weights


def nats_by_hand(gpt, x, y, weights):
    """The loss of each real token in float64."""
    logits = logits_of(gpt, x["token_ids"]).astype("float64")
    losses = []
    for row, t in np.argwhere(weights):
        z = logits[row, t] - logits[row, t].max()
        losses.append(math.log(np.exp(z).sum()) - z[y[row, t]])
    return np.array(losses)


def test_learns_more_than_word_frequencies():
    gpt = tiny_gpt(sequence_length=6)
    texts = SENTENCES * 16
    _, y, weights = gpt.preprocessor(texts)
    y, weights = to_numpy(y), to_numpy(weights)
    counts = np.array(list(collections.Counter(y[weights]).values()))
    unigram = -(counts / counts.sum() * np.log(counts / counts.sum())).sum()
    before = gpt.evaluate(texts, verbose=0, return_dict=True)
    gpt.compile(optimizer=keras.optimizers.Adam(0.02))
    history = gpt.fit(texts, batch_size=16, epochs=12, shuffle=False, verbose=0).history
    after = gpt.evaluate(texts, verbose=0, return_dict=True)
    assert math.log(before["perplexity"]) > unigram
    assert math.log(after["perplexity"]) < unigram / 2
    assert history["loss"][-1] < history["loss"][0] / 2


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_perplexity_is_exact_over_unequal_batches(dtype):
    gpt = tiny_gpt(preprocessor=False, dtype=dtype)
    x, y, weights = pairs([7, 1, 2, 5, 3], width=7)  # batches of 8, 7 and 3 tokens
    logs = gpt.evaluate(x, y, sample_weight=weights, batch_size=2, verbose=0)
    logs = dict(zip(["loss", "perplexity"], logs, strict=True))
    losses = nats_by_hand(gpt, x, y, weights)
    atol = 1e-5 if dtype == "float32" else 5e-3  # compiled code rounds elsewhere
    assert len(losses) == 18
    assert math.log(logs["perplexity"]) == pytest.approx(losses.mean(), abs=atol)
    # not the mean over batches, nor over their perplexities
    batches = [losses[:8].mean(), losses[8:15].mean(), losses[15:].mean()]
    assert abs(np.mean(batches) - losses.mean()) > atol
    by_rows = np.average(batches, weights=[2, 2, 1])
    assert logs["loss"] == pytest.approx(by_rows, abs=atol)


def test_the_perplexity_of_an_epoch_is_that_of_all_its_tokens():
    gpt = tiny_gpt(preprocessor=False)
    gpt.compile(optimizer=keras.optimizers.SGD(0.0))  # the weights stay
    x, y, weights = pairs([7, 1, 2, 5, 3], width=7)
    history = gpt.fit(
        x, y, sample_weight=weights, batch_size=2, epochs=2, shuffle=False, verbose=0
    ).history
    expected = nats_by_hand(gpt, x, y, weights).mean()
    assert_allclose(np.log(history["perplexity"]), expected, atol=1e-5)


def test_without_weights_every_token_counts():
    gpt = tiny_gpt(preprocessor=False)
    x, y, weights = pairs([7] * 3, width=7)
    logs = gpt.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)
    expected = nats_by_hand(gpt, x, y, weights).mean()
    assert math.log(logs["perplexity"]) == pytest.approx(expected, abs=1e-5)


def one_step(x, y, weights):
    """Loss and weights after one step of plain gradient descent."""
    gpt = tiny_gpt(preprocessor=False)
    randomise(gpt, seed=1)
    gpt.compile(optimizer=keras.optimizers.SGD(1.0))
    loss, perplexity = gpt.train_on_batch(x, y, sample_weight=weights)
    return float(loss), float(perplexity), gpt.get_weights()


@pytest.mark.parametrize("extra", ["rows", "columns"])
def test_padding_changes_neither_loss_nor_gradients(extra):
    lengths = [4, 2, 5]
    loss, perplexity, after = one_step(*pairs(lengths, width=5))
    x, y, weights = pairs(lengths, width=5)
    shape = ((0, 2), (0, 0)) if extra == "rows" else ((0, 0), (0, 3))
    padded = (
        {name: np.pad(value, shape) for name, value in x.items()},
        np.pad(y, shape),
        np.pad(weights, shape),
    )
    padded_loss, padded_perplexity, padded_after = one_step(*padded)
    assert padded_loss == pytest.approx(loss, abs=1e-6)
    assert padded_perplexity == pytest.approx(perplexity, rel=1e-6)
    for one, other in zip(padded_after, after, strict=True):
        assert_allclose(one, other, atol=1e-5)


def test_the_loss_of_a_batch_is_the_mean_over_its_tokens():
    x, y, weights = pairs([4, 2, 5], width=5)
    gpt = tiny_gpt(preprocessor=False)
    randomise(gpt, seed=1)
    expected = nats_by_hand(gpt, x, y, weights).mean()
    loss, perplexity, _ = one_step(x, y, weights)
    assert loss == pytest.approx(expected, abs=1e-5)
    assert math.log(perplexity) == pytest.approx(expected, abs=1e-5)


def test_weights_go_on_from_a_file(tmp_path):
    gpt, other = tiny_gpt(), tiny_gpt()
    randomise(other, seed=1)
    gpt.save_weights(tmp_path / "gpt.weights.h5")
    other.load_weights(tmp_path / "gpt.weights.h5")
    token_ids = random_ids(2, 5)
    assert_allclose(logits_of(other, token_ids), logits_of(gpt, token_ids), atol=0)
