import keras
import numpy as np
import pytest

from course_lib.commands.epoch_callbacks import BestWeights, EpochTimer


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse")
    return model


@pytest.fixture
def epoch(model, tmp_path):
    """One epoch that ends with this weight and perplexity, in a process of its own."""

    def epoch(weight, perplexity):
        model.layers[0].kernel.assign([[weight]])
        callback = BestWeights(tmp_path)
        callback.set_model(model)
        callback.on_epoch_end(0, {"val_perplexity": perplexity})
        return callback

    return epoch


def test_keeps_the_best(model, epoch, tmp_path):
    for weight, perplexity in [(1, 9.5), (2, 100.25), (3, 8.125), (4, 8.125), (5, 8.2)]:
        callback = epoch(weight, perplexity)
    assert callback.best()[0] == 8.125
    assert len(list(tmp_path.iterdir())) == 1
    callback.restore()
    assert float(np.squeeze(model.layers[0].kernel)) == 3


@pytest.mark.parametrize("perplexity", [float("nan"), float("inf")])
def test_weights_that_predict_nothing_are_not_kept(model, epoch, perplexity):
    callback = epoch(7, perplexity)
    assert callback.best() is None
    callback.restore()
    assert float(np.squeeze(model.layers[0].kernel)) == 7


def test_half_a_file_does_not_count(model, epoch, tmp_path):
    epoch(1, 9.0)
    (tmp_path / "temporary.weights.h5").write_bytes(b"half")
    callback = epoch(2, 8.0)
    assert callback.best()[0] == 8.0
    callback.restore()
    assert float(np.squeeze(model.layers[0].kernel)) == 2


def test_seconds_are_logged(model):
    logged = {}

    class Slow(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            import time

            time.sleep(0.2)

        def on_epoch_end(self, epoch, logs=None):
            logged.update(logs)

    x = np.zeros((2, 1))
    model.fit(x, x, verbose=0, callbacks=[EpochTimer(), Slow()])
    assert 0.2 <= logged["seconds"] < 60
