"""Train a tiny GPT that is killed again and again; `test_resume.py` runs it.

    python tests/callbacks/killed_training.py FOLDER NUM_KILLS

Everything is imported once. Each attempt is a fork, made before anything is computed,
that goes on from the checkpoints of those before it. Prints how the attempts ended, and
writes the final weights of the killed and of an undisturbed training.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import keras
import numpy as np

from course_lib.callbacks import ResumableTraining
from course_lib.datasets import TokenBatches, concatenate_documents
from tests.tiny_gpt import END, random_ids, tiny_gpt

EPOCHS, STEPS_PER_EPOCH = 5, 9
TEMPORARY = "checkpoint.tmp"
# TensorFlow takes longer to compile this than to train it.
EAGER = keras.backend.backend() == "tensorflow"


class Reporter(keras.callbacks.Callback):
    """Send a byte before the first step and after each one, before it is saved.

    Wait for the end after that many steps, should it be late.
    """

    def __init__(self, pipe, steps):
        super().__init__()
        self.pipe = pipe
        self.steps = steps

    def on_train_begin(self, logs=None):
        os.write(self.pipe, b".")

    def on_train_batch_end(self, batch, logs=None):
        os.write(self.pipe, b".")
        self.steps -= 1
        if self.steps < 0:
            signal.pause()


def train(folder, seed, every, callbacks=()):
    """Go through all of the training, or what is left of it; returns all variables."""
    keras.utils.set_random_seed(seed)  # as checkpoints hold all, it must not matter
    gpt = tiny_gpt(preprocessor=False, dropout=0.3)
    gpt.compile(optimizer=keras.optimizers.Adam(0.01), run_eagerly=EAGER)
    lengths = np.random.default_rng(0).integers(1, 9, size=40)
    documents = [random_ids(n, seed=i) for i, n in enumerate(lengths)]
    batches = TokenBatches(
        concatenate_documents(documents, END),
        batch_size=4,
        sequence_length=6,
        steps_per_epoch=STEPS_PER_EPOCH,
    )
    callbacks = [*callbacks, ResumableTraining(folder, batches, every=every)]
    gpt.fit(batches, epochs=EPOCHS, shuffle=False, verbose=0, callbacks=callbacks)
    variables = [*gpt.variables, *gpt.optimizer.variables]
    return [keras.ops.convert_to_numpy(v.value) for v in variables]


def fork(function):
    """Run a function in a child; its errors are printed there and end it."""
    child = os.fork()
    if child:
        return child
    try:
        function()
        os._exit(0)
    except BaseException as error:
        print(repr(error), file=sys.stderr, flush=True)
        os._exit(1)


def kill_in_write(number):
    """Die in the middle of this write: half of the file is there."""
    fsync, calls = os.fsync, 0

    def deadly(descriptor):
        nonlocal calls
        calls += not os.path.isdir(f"/proc/self/fd/{descriptor}")
        if calls == number:
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        fsync(descriptor)

    os.fsync = deadly


def attempt(folder, number, generator):
    """One attempt, killed at a random moment. Returns how it ended."""
    reading, writing = os.pipe()
    steps = int(generator.integers(4))
    in_write = number % 4 == 3
    longest = 0.06 if EAGER else 0.006  # seconds, about a step
    patience = EPOCHS * STEPS_PER_EPOCH if in_write else steps + 2

    def child():
        os.close(reading)
        if in_write:
            kill_in_write(1 + steps // 2)
        seed = 1 + number if any(folder.glob("*.npz")) else 0
        train(folder, seed, 1 + number % 3, [Reporter(writing, patience)])

    pid = fork(child)
    os.close(writing)
    for _ in range(1 + steps):
        os.read(reading, 1)
    if not in_write:
        time.sleep(generator.uniform(0, longest))
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(reading)
    return {
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "in_write": in_write,
        "half_written": (folder / TEMPORARY).exists(),
    }


def main(folder, num_kills):
    """Train twice: killed, and undisturbed meanwhile."""

    def finish(name, seed):
        weights = train(folder / name, seed, every=None)
        np.savez(folder / f"{name}.npz", *weights)

    undisturbed = fork(lambda: finish("undisturbed", 0))
    killed = folder / "killed"
    killed.mkdir()
    generator = np.random.default_rng(0)
    attempts = [attempt(killed, number, generator) for number in range(num_kills)]
    last = fork(lambda: finish("killed", 99))
    for child in (last, undisturbed):
        os.waitpid(child, 0)
    print(json.dumps(attempts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
