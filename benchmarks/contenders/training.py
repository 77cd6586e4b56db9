"""Keras contenders whose training step is timed, as users run it: inside `fit`."""

import time
from typing import Any

import keras
import numpy as np

from benchmarks.contenders import published_mini_gpt, recipes
from benchmarks.harness import data
from benchmarks.harness.sizes import BATCH_SIZE


class StepTimer(keras.callbacks.Callback):
    """The moments at which steps end."""

    def on_train_begin(self, logs=None):
        """Forget the fit before."""
        self.began, self.moments = time.perf_counter(), []

    def on_train_batch_end(self, batch, logs=None):
        """Note the time."""
        self.moments.append(time.perf_counter())

    @property
    def first(self) -> float:
        """Seconds until the first step was done: it compiles, in the first fit."""
        return self.moments[0] - self.began

    @property
    def seconds(self) -> list[float]:
        """Of each step but the first, which also starts the input pipeline."""
        return np.diff(self.moments).tolist()


def published(path: str, batch_size: int = BATCH_SIZE, **sizes: Any):
    """The published recipe."""
    keras.utils.set_random_seed(recipes.SEED)
    model = published_mini_gpt.build(**sizes)
    batches = recipes.plain_dataset(
        tokens_of(path, **sizes), sizes["sequence_length"], batch_size
    )
    return timed(model, batches, batch_size * sizes["sequence_length"])


def same_architecture(
    path: str, dtype: str, batch_size: int = BATCH_SIZE, **sizes: Any
):
    """Ours with the sizes, architecture and optimizer of the published recipe."""
    keras.utils.set_random_seed(recipes.SEED)
    gpt = recipes.same_architecture(dtype, **sizes)
    batches = recipes.dataset(
        tokens_of(path, **sizes), sizes["sequence_length"], batch_size
    )
    return timed(gpt, batches, batch_size * sizes["sequence_length"])


def recommended(path: str, batch_size: int | None = None, **sizes: Any):
    """Ours as recommended."""
    keras.utils.set_random_seed(recipes.SEED)
    tokens = tokens_of(path, **sizes)
    gpt = recipes.recommended(tokens, total_steps=1000, **sizes)
    batches = recipes.recommended_dataset(tokens, sizes["sequence_length"], batch_size)
    batch_size = batch_size or recipes.RECOMMENDED["batch_size"]
    return timed(gpt, batches, batch_size * sizes["sequence_length"])


def tokens_of(
    path: str, vocabulary_size: int, sequence_length: int, **sizes: Any
) -> data.Tokens:
    """The documents at `path`; without it, random ids of a text's rough frequencies."""
    if path:
        return data.load(path)
    return random_tokens(vocabulary_size, sequence_length + 1)


def random_tokens(vocabulary_size: int, length: int, number: int = 256) -> data.Tokens:
    """Full rows of ids that follow Zipf's law, roughly."""
    exponents = np.random.default_rng(0).random(number * length)
    ids = (vocabulary_size**exponents).astype("int32")  # from 1 to V - 1
    offsets = np.arange(number + 1) * length
    return data.Tokens(train=ids, offsets=offsets, held_out=ids[:length][None])


def timed(model: keras.Model, batches: Any, tokens: int):
    """What a worker asks: seconds of a step of `fit`, which takes so many tokens."""
    timer = StepTimer()

    def measure(steps: int) -> dict[str, Any]:
        history = model.fit(
            batches,
            steps_per_epoch=steps + 1,
            shuffle=False,
            verbose=0,
            callbacks=[timer],
        )
        return {
            "first": timer.first,
            "seconds": float(np.mean(timer.seconds)),
            "tokens": tokens,
            "parameters": model.count_params(),
            "loss": float(history.history["loss"][0]),
        }

    return measure
