"""Contenders that are trained for minutes, for their held-out loss over time."""

import statistics
import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from benchmarks.contenders import published_mini_gpt, recipes, variants
from benchmarks.contenders.training import StepTimer
from benchmarks.harness import data
from benchmarks.harness.sizes import BATCH_SIZE

CALIBRATION_STEPS = 16
MARGIN = 0.97  # of the planned seconds are filled with steps


class Curve(keras.callbacks.Callback):
    """Held-out loss over the seconds and steps of training.

    The clock starts after the first step, which compiles, and stands still during
    evaluations.

    Args:
        evaluate: returns the held-out loss.
        at_steps: steps after which to evaluate.
        at_seconds: moments at which to evaluate.
        stop: whether `(steps, seconds)` are enough.
    """

    def __init__(
        self,
        evaluate: Callable[[], float],
        at_steps: list[int],
        at_seconds: list[float],
        stop: Callable[[int, float], bool],
    ) -> None:
        super().__init__()
        self.evaluate, self.stop = evaluate, stop
        self.at_steps, self.at_seconds = set(at_steps), sorted(at_seconds)
        self.points: list[dict[str, float]] = []
        self.steps, self.seconds, self.first = 0, 0.0, None

    def on_train_begin(self, logs=None):
        """Start to time the first step."""
        self.resumed = time.perf_counter()

    def on_train_batch_end(self, batch, logs=None):
        """Stop the clock, evaluate if it is time to, and start it again."""
        passed = time.perf_counter() - self.resumed
        self.steps += 1
        if self.first is None:
            self.first = passed
        else:
            self.seconds += passed
        due = self.at_seconds and self.seconds >= self.at_seconds[0]
        while self.at_seconds and self.seconds >= self.at_seconds[0]:
            self.at_seconds.pop(0)
        enough = self.stop(self.steps, self.seconds)
        if due or enough or self.steps in self.at_steps:
            point = {"steps": self.steps, "seconds": round(self.seconds, 2)}
            self.points.append({**point, "nats": round(self.evaluate(), 4)})
        self.model.stop_training = enough
        self.resumed = time.perf_counter()


def held_out_loss(logits: Callable, held_out: np.ndarray) -> Callable[[], float]:
    """A function that returns the nats per real target of `held_out` `(N, T + 1)`."""
    batches = tf.data.Dataset.from_tensor_slices(held_out.astype("int32")).batch(32)

    @tf.function
    def sums(ids):
        targets, weights = ids[:, 1:], tf.cast(ids[:, 1:] != 0, "float32")
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            targets, tf.cast(logits(ids[:, :-1]), "float32")
        )
        return tf.reduce_sum(losses * weights), tf.reduce_sum(weights)

    return lambda: float(np.divide(*np.sum([sums(ids) for ids in batches], axis=0)))


def published(path: str, **sizes: Any):
    """The published recipe, for some seconds and at least until the last of `steps`."""

    def measure(seconds: float, steps: list[int], points: int) -> dict[str, Any]:
        keras.utils.set_random_seed(recipes.SEED)
        tokens = data.load(path)
        model = published_mini_gpt.build(**sizes)
        batches = recipes.plain_dataset(tokens, sizes["sequence_length"], BATCH_SIZE)
        curve = Curve(
            held_out_loss(lambda ids: model(ids, training=False), tokens.held_out),
            at_steps=steps,
            at_seconds=np.linspace(0, seconds, points + 1)[1:].tolist(),
            stop=lambda done, passed: (
                (passed >= seconds and done >= max(steps, default=0))
                or passed >= 1.5 * seconds
            ),
        )
        return fit(model, batches, curve)

    return measure


def same_architecture(path: str, dtype: str, **sizes: Any):
    """Ours with the published architecture and optimizer, for some steps."""

    def measure(steps: list[int]) -> dict[str, Any]:
        keras.utils.set_random_seed(recipes.SEED)
        tokens = data.load(path)
        gpt = recipes.same_architecture(dtype, **sizes)
        batches = recipes.dataset(tokens, sizes["sequence_length"], BATCH_SIZE)
        return fit(gpt, batches, at_fixed_steps(gpt, tokens, steps))

    return measure


def recommended(path: str, **sizes: Any):
    """Ours as recommended, with a schedule that ends after the planned seconds."""

    def measure(seconds: float, points: int) -> dict[str, Any]:
        tokens = data.load(path)
        batches = recipes.recommended_dataset(tokens, sizes["sequence_length"])
        # How many steps is that? Time some of a model that is thrown away.
        timer = StepTimer()
        recipes.recommended(tokens, total_steps=10_000, **sizes).fit(
            batches,
            steps_per_epoch=CALIBRATION_STEPS,
            shuffle=False,
            verbose=0,
            callbacks=[timer],
        )
        step = statistics.median(timer.seconds[CALIBRATION_STEPS // 2 :])
        total_steps = max(2, int(MARGIN * seconds / step))

        keras.utils.set_random_seed(recipes.SEED)
        gpt = recipes.recommended(tokens, total_steps=total_steps, **sizes)
        # More of them near the end, where a cosine schedule gains most.
        shares = 1 - np.linspace(1, 0, points + 1)[1:] ** 2
        at_steps = [round(share * total_steps) for share in shares]
        return fit(gpt, batches, at_fixed_steps(gpt, tokens, at_steps))

    return measure


def with_options(path: str, **sizes: Any):
    """Ours with some of the recipe changed, for a number of tokens."""

    def measure(changes: dict[str, Any], tokens_seen: int) -> dict[str, Any]:
        recipe = {**recipes.RECOMMENDED, **changes}
        recipe["backbone"] = {
            **recipes.RECOMMENDED["backbone"],
            **changes.get("backbone", {}),
        }
        if recipe["backbone"].get("activation") == "squared_relu":
            recipe["backbone"]["activation"] = variants.squared_relu
        length = sizes["sequence_length"]
        steps = tokens_seen // (recipe["batch_size"] * length)
        keras.utils.set_random_seed(recipes.SEED)
        tokens = data.load(path)
        gpt = recipes.recommended(tokens, total_steps=steps, recipe=recipe, **sizes)
        batches = recipes.recommended_dataset(tokens, length, recipe=recipe)
        return fit(gpt, batches, at_fixed_steps(gpt, tokens, [steps]))

    return measure


def at_fixed_steps(gpt: Any, tokens: data.Tokens, steps: list[int]) -> Curve:
    """The curve of one of our models, which ends with the last of `steps`."""

    def logits(ids):
        inputs = {"token_ids": ids, "padding_mask": ids != 0}
        return gpt(inputs, training=False)

    return Curve(
        held_out_loss(logits, tokens.held_out),
        at_steps=steps,
        at_seconds=[],
        stop=lambda done, passed: done >= max(steps),
    )


def fit(model: keras.Model, batches: Any, curve: Curve) -> dict[str, Any]:
    """Train until the curve says stop."""
    # A `PyDataset` knows its epochs; batches without end are cut anywhere.
    steps = None if isinstance(batches, keras.utils.PyDataset) else 1000
    model.fit(
        batches,
        epochs=10**6,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=[curve],
    )
    return {
        "first_step_seconds": round(curve.first, 2),
        "parameters": model.count_params(),
        "curve": curve.points,
    }
