"""ResumableTraining: what is interrupted ends as if it had not been."""

import json
import os
import shutil
import subprocess
import sys

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.callbacks import ResumableTraining
from course_lib.datasets import TokenBatches
from tests.next_token_model import VOCABULARY_SIZE, next_token_model
from tools.chapters import ROOT

BACKEND = keras.backend.backend()
TOKENS = np.random.default_rng(0).integers(3, VOCABULARY_SIZE, 101)
EPOCHS, STEPS = 3, 6


class Interrupted(Exception):
    """What ends a training before its time."""


class Interrupt(keras.callbacks.Callback):
    """Raise after some steps."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps == 0:
            raise Interrupted


class Stop(keras.callbacks.Callback):
    """Ask `fit` to stop after this batch of this epoch."""

    def __init__(self, epoch, batch):
        super().__init__()
        self.place = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == self.place:
            self.model.stop_training = True


def batches(**arguments):
    return TokenBatches(TOKENS, **{"batch_size": 3, "sequence_length": 5, **arguments})


def fit(
    folder,
    *callbacks,
    every=1,
    seed=0,
    make=next_token_model,
    epochs=EPOCHS,
    **arguments,
):
    """Train a new model, or go on; returns the model and its `History`."""
    keras.utils.set_random_seed(seed)
    model = make()
    dataset = arguments.pop("dataset", None) or batches()
    if folder is not None:
        callbacks = [ResumableTraining(folder, dataset, every), *callbacks]
    validation = batches(shuffle=False, drop_remainder=False)
    history = model.fit(
        dataset,
        epochs=epochs,
        verbose=0,
        validation_data=validation,
        callbacks=list(callbacks),
        **{"shuffle": False, **arguments},
    )
    return model, history.history


def fit_with_interruptions(folder, interruptions, **arguments):
    """Each run begins with other weights and seeds, and has steps until it ends."""
    for seed, steps in enumerate(interruptions):
        with pytest.raises(Interrupted):
            fit(folder, Interrupt(steps), seed=seed, **arguments)
    return fit(folder, seed=len(interruptions), **arguments)


def state(model):
    """All that a step changes."""
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(keras.ops.convert_to_numpy(v.value)) for v in variables]


def assert_same_state(model, expected):
    for value, wanted in zip(state(model), expected, strict=True):
        assert_array_equal(value, wanted)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """State and history of a training that nothing disturbed, nor saved.

    On Torch a saved one: the callback keeps others away from its random numbers.
    """
    folder = tmp_path_factory.mktemp("folder") if BACKEND == "torch" else None
    model, history = fit(folder)
    return state(model), history


@pytest.fixture(scope="module")
def interrupted_once(tmp_path_factory):
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(Interrupted):
        fit(folder, Interrupt(STEPS + 2))
    assert names(folder) == [
        "epoch-0001-batch-000001.npz",
        "epoch-0001-batch-000002.npz",
    ]
    return folder


@pytest.fixture
def interrupted(interrupted_once, tmp_path):
    """A folder with checkpoints before batches 2 and 3 of the second epoch."""
    return shutil.copytree(interrupted_once, tmp_path / "interrupted")


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("every", "interruptions"),
    [
        (1, []),
        (1, [1, 2, 8]),
        (1, [STEPS, STEPS + 1]),  # the end of an epoch is saved later
        (3, [5, 5, 5]),
        (100, [STEPS + 2]),  # saved at the ends of epochs only
    ],
    ids=str,
)
def test_interrupted_anywhere_it_ends_the_same(
    every, interruptions, tmp_path, undisturbed
):
    expected, wanted_history = undisturbed
    model, history = fit_with_interruptions(tmp_path, interruptions, every=every)
    assert_same_state(model, expected)
    for name, values in history.items():  # of this run alone, but of whole epochs
        assert values == wanted_history[name][-len(values) :], name
    assert len(names(tmp_path)) == 2
    assert names(tmp_path)[-1] == "epoch-0003-batch-000000.npz"


def test_the_test_would_notice_another_state(undisturbed):
    expected, _ = undisturbed
    other, _ = fit(None, seed=1)
    assert any((a != b).any() for a, b in zip(state(other), expected, strict=True))


@pytest.mark.parametrize("steps", [2, 3, 4])
def test_several_steps_per_execution(steps, tmp_path):
    if BACKEND == "torch":
        pytest.skip("Torch runs the loop eagerly")

    def train(folder, *callbacks, seed=0):
        return fit(
            tmp_path / folder,
            *callbacks,
            seed=seed,
            make=lambda: next_token_model(steps_per_execution=2),
            dataset=batches(steps_per_epoch=5),  # the last execution has one step
        )

    expected, wanted_history = train("undisturbed")
    with pytest.raises(Interrupted):
        train("interrupted", Interrupt(steps))  # counted in executions
    model, history = train("interrupted", seed=1)
    assert_same_state(model, state(expected))
    assert history["loss"] == wanted_history["loss"][-len(history["loss"]) :]


def test_the_loss_scale_goes_on(tmp_path):
    def make():
        adam = keras.optimizers.Adam(0.05)
        return next_token_model(
            optimizer=keras.optimizers.LossScaleOptimizer(
                adam, initial_scale=4.0, dynamic_growth_steps=4
            )
        )

    expected, _ = fit(tmp_path / "undisturbed", make=make)
    model, _ = fit_with_interruptions(tmp_path / "other", [3, 7], make=make)
    assert_same_state(model, state(expected))
    assert float(model.optimizer.dynamic_scale) == 4.0 * 2 ** (EPOCHS * STEPS // 4)


def test_stopping_in_an_epoch_loses_nothing(tmp_path, undisturbed):
    fit(tmp_path, Stop(1, 3), every=2)
    assert names(tmp_path)[-1] == "epoch-0001-batch-000004.npz"
    model, _ = fit(tmp_path, Stop(1, 0), seed=1, every=2)  # again, in the rest
    model, _ = fit(tmp_path, seed=2, every=2)
    assert_same_state(model, undisturbed[0])


def test_other_data_go_on_after_the_last_epoch(tmp_path):
    x, y, weights = batches(batch_size=18)[0]

    def run(folder, *callbacks, seed=0):
        keras.utils.set_random_seed(seed)
        model = next_token_model()
        model.fit(
            x,
            y,
            sample_weight=weights,
            batch_size=4,
            epochs=EPOCHS,
            shuffle=False,
            verbose=0,
            callbacks=[ResumableTraining(folder), *callbacks],
        )
        return model

    expected = run(tmp_path / "undisturbed")
    with pytest.raises(Interrupted):
        run(tmp_path / "other", Interrupt(7))
    assert_same_state(run(tmp_path / "other", seed=1), state(expected))


def test_a_finished_training_is_not_repeated_but_may_go_on(tmp_path, undisturbed):
    fit(tmp_path, epochs=2)
    model, history = fit(tmp_path, epochs=2, seed=1)
    assert history == {}
    _, history = fit(None, make=lambda: model, epochs=1)
    assert len(history["loss"]) == 1  # without the callback, `fit` is as ever
    model, _ = fit(tmp_path, seed=2)
    assert_same_state(model, undisturbed[0])


def test_a_damaged_checkpoint_is_passed_over(interrupted, undisturbed, capsys):
    newest = interrupted / "epoch-0001-batch-000002.npz"
    newest.write_bytes(newest.read_bytes()[:-1000])
    (interrupted / "checkpoint.tmp").write_bytes(b"half written")
    model, _ = fit(interrupted, seed=1)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert f"'{newest}' is damaged and left out" in lines[0]
    assert "going on at epoch 2, batch 2, from" in lines[1]
    assert "checkpoint.tmp" not in names(interrupted)
    assert_same_state(model, undisturbed[0])


def test_the_damaged_one_is_not_one_of_the_two_that_are_kept(interrupted):
    newest = interrupted / "epoch-0001-batch-000002.npz"
    newest.write_bytes(b"")
    with pytest.raises(Interrupted):  # saves at batch 4, beyond the damaged one
        fit(interrupted, Interrupt(3), every=3, seed=1)
    assert names(interrupted) == [
        "epoch-0001-batch-000001.npz",
        "epoch-0001-batch-000004.npz",
    ]


def test_a_checkpoint_is_a_plain_npz(interrupted):
    path = interrupted / "epoch-0001-batch-000002.npz"
    with np.load(path, allow_pickle=False) as arrays:
        metadata = json.loads(arrays["metadata"].item())
    assert (metadata["epoch"], metadata["batch"]) == (1, 2)
    assert metadata["dataset"]["num_tokens"] == len(TOKENS)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"make": lambda: next_token_model(width=5)},
            r"model variable 0 is 'embedding/embeddings \(12, 4\) float32', and here it"
            r" is 'embedding/embeddings \(12, 5\) float32'",
        ),
        (
            {"make": lambda: next_token_model(dropout=0)},
            r"model variable 1 is 'seed_generator/.*', and here it is 'dense/kernel",
        ),
        (
            {"make": lambda: next_token_model(optimizer="sgd")},
            r"optimizer variable \d+ is 'adam_?w/.*', and here it is 'sgd/",
        ),
        (
            {"dataset": batches(seed=5)},
            "dataset seed is 0, and here it is 5",
        ),
        (
            {"dataset": TokenBatches(TOKENS[::-1], 3, 5)},
            r"dataset crc32 is \d+, and here it is \d+",
        ),
    ],
    ids=["shape", "variables", "optimizer", "seed", "tokens"],
)
def test_the_checkpoint_of_another_training(other, message, interrupted):
    before = {path: path.read_bytes() for path in interrupted.iterdir()}
    with pytest.raises(ValueError, match=message):
        fit(interrupted, **other)
    assert before == {path: path.read_bytes() for path in interrupted.iterdir()}


def test_a_folder_that_cannot_be_written_to_is_found_before_training(tmp_path):
    (tmp_path / "file").write_text("")
    model = next_token_model()
    before = model.get_weights()
    with pytest.raises(OSError, match=r"`directory` must be a folder.*file/folder"):
        fit(tmp_path / "file" / "folder", make=lambda: model)
    for now, then in zip(model.get_weights(), before, strict=True):
        assert_array_equal(now, then)


@pytest.fixture
def full_disk(monkeypatch):
    """A function that fills the disk, or makes room again."""
    write = os.fsync

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    return lambda full: monkeypatch.setattr(os, "fsync", fail if full else write)


def test_a_full_disk_is_found_before_training(tmp_path, full_disk):
    full_disk(True)
    with pytest.raises(OSError, match=r"room for three checkpoints.*No space left"):
        fit(tmp_path)
    assert names(tmp_path) == []


class Fill(keras.callbacks.Callback):
    """Fill the disk at the end of the second epoch."""

    def __init__(self, full_disk):
        super().__init__()
        self.full_disk = full_disk

    def on_epoch_begin(self, epoch, logs=None):
        self.full_disk(epoch > 0)


def test_a_disk_that_fills_up_loses_no_work(tmp_path, full_disk, undisturbed, capsys):
    model, history = fit(tmp_path, Fill(full_disk), every=4)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 6  # two in each of two epochs, and two at the end
    assert "no checkpoint at epoch 2, batch 4: [Errno 28] No space left" in lines[0]
    assert "The last one is" in lines[0] and "epoch-0001-batch-000000" in lines[0]
    assert "is in memory only. Save it elsewhere" in lines[-1]
    assert len(history["loss"]) == EPOCHS
    assert_same_state(model, undisturbed[0])
    assert names(tmp_path) == [
        "epoch-0000-batch-000004.npz",
        "epoch-0001-batch-000000.npz",
    ]
    full_disk(False)
    model, _ = fit(tmp_path, seed=1)  # nothing is lost but time
    assert_same_state(model, undisturbed[0])


def test_what_could_not_be_saved_is_saved_at_the_end(tmp_path, full_disk, capsys):
    class Free(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            full_disk(False)

    fit(tmp_path, Fill(full_disk), Free(), epochs=2)
    assert names(tmp_path)[-1] == "epoch-0002-batch-000000.npz"
    assert "in memory only" not in capsys.readouterr().out


def test_fit_must_not_shuffle(tmp_path):
    keras.utils.set_random_seed(1)
    with pytest.raises(ValueError, match="pass `shuffle=False` to `fit`"):
        fit(tmp_path, shuffle=True)


def test_fit_must_read_all_of_the_dataset(tmp_path):
    with pytest.raises(ValueError, match=r"all 6 batches.*Received: 4 batches"):
        fit(tmp_path, steps_per_epoch=4)


def test_the_model_must_be_built(tmp_path):
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    callback = ResumableTraining(tmp_path)
    callback.set_model(model)
    with pytest.raises(ValueError, match="needs a built model"):
        callback.on_train_begin()


@pytest.mark.parametrize("every", [0, -1, 2.5, "epoch", True])
def test_every_must_be_positive(every, tmp_path):
    with pytest.raises(ValueError, match="`every` must be an integer of at least 1"):
        ResumableTraining(tmp_path, batches(), every)


def test_every_needs_a_dataset(tmp_path):
    with pytest.raises(ValueError, match="`every` needs `dataset`"):
        ResumableTraining(tmp_path, every=10)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_killed_at_random_moments(tmp_path):
    """Float32, dropout on, SIGKILL: the very weights of the undisturbed training."""
    kills = 4 if BACKEND == "jax" else 20  # JAX takes seconds to begin
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "JAX_COMPILATION_CACHE_DIR": str(tmp_path / "jax"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    script = ROOT / "tests" / "callbacks" / "killed_training.py"
    run = subprocess.run(
        [sys.executable, str(script), str(tmp_path), str(kills)],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    attempts = json.loads(run.stdout.splitlines()[-1])
    assert [attempt["killed"] for attempt in attempts] == [True] * kills, run.stderr
    in_write = [attempt for attempt in attempts if attempt["in_write"]]
    assert len(in_write) == kills // 4
    assert all(attempt["half_written"] for attempt in in_write)
    with (
        np.load(tmp_path / "killed.npz") as killed,
        np.load(tmp_path / "undisturbed.npz") as undisturbed,
    ):
        assert len(killed) > 50
        for name in undisturbed:
            assert_array_equal(killed[name], undisturbed[name])
