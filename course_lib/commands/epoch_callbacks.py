"""What happens after each epoch of a training that may be killed at any moment."""

import math
import os
import re
import time
from pathlib import Path

import keras


class EpochTimer(keras.callbacks.Callback):
    """Logs the wall time of each epoch, validation included."""

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Log the seconds; callbacks that write logs must come later."""
        if logs is not None:
            logs["seconds"] = round(time.perf_counter() - self.started, 1)


class BestWeights(keras.callbacks.Callback):
    """Keeps the weights of the epoch that predicts held-out text best.

    They lie in a file that is written whole or not at all and has the perplexity in
    its name, so a training that goes on knows what it has to beat. Put it before
    `ResumableTraining`: an epoch counts as done only when its weights are kept.

    Args:
        directory: path of a folder; made if need be.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Keep the weights, if they are better than those that are kept."""
        perplexity = round(float((logs or {})["val_perplexity"]), 6)
        best = self.best()
        if not math.isfinite(perplexity) or (best and best[0] <= perplexity):
            return
        temporary = self.directory / "temporary.weights.h5"
        self.model.save_weights(temporary)
        os.replace(temporary, self.directory / f"perplexity-{perplexity}.weights.h5")
        if best:
            best[1].unlink(missing_ok=True)

    def best(self) -> tuple[float, Path] | None:
        """The lowest perplexity so far, and the file with its weights."""
        found = [
            (float(match[1]), path)
            for path in self.directory.iterdir()
            if (match := re.fullmatch(r"perplexity-(.+)\.weights\.h5", path.name))
        ]
        return min(found, default=None)

    def restore(self) -> None:
        """Give the model the weights that are kept, if there are any."""
        if best := self.best():
            self.model.load_weights(best[1])
