"""Training that goes on, to the bit, from where it was killed."""

import contextlib
import warnings
from pathlib import Path
from typing import Any

import keras
from numpy.typing import NDArray

from course_lib.callbacks import checkpoint_files as files
from course_lib.callbacks import training_state
from course_lib.callbacks.resumable_dataset import ResumableDataset


class ResumableTraining(keras.callbacks.Callback):
    """Save all of a training, and go on from there when `fit` is called again.

    Killed at any moment and started again, the training ends with the weights of one
    that nobody interrupted: bit for bit where the computation itself is reproducible
    (on a GPU, see `tf.config.experimental.enable_op_determinism`). A checkpoint holds
    the variables of the model (dropout's random seeds are among them), those of the
    optimizer (with the loss scale), the metrics of the running epoch and the place in
    the data. It is written to a temporary file, which is then renamed, and carries
    its sha256. The last two are kept: if one is damaged, a printed line says so, and
    the one before it is taken.

    With `dataset` and `every`, training goes on in the middle of an epoch. Give `fit`
    the same dataset, and `shuffle=False`: the dataset has an order of its own.
    Without `dataset`, training goes on from the end of an epoch, and whether the data
    then come as they would have come is up to them.

    A checkpoint is written before the first step, so that a folder without room is
    found at once, and after each epoch and its validation. If a later one cannot be
    written, a line says so and the training goes on.

    The `History` that `fit` returns is that of this run alone. The progress bar of a
    resumed epoch counts from 1; its losses are those of the whole epoch. A training
    that has come to its end is not repeated: ask for more epochs, or delete the
    folder. Not held are the memory of other callbacks and random numbers from outside
    of the model. On Torch, whose unseeded dropout draws from the global stream, that
    stream is held too, and the training keeps it for itself.

    Args:
        directory: path of a folder for this training alone; made if need be.
        dataset: a `ResumableDataset`, such as `TokenBatches`, or `None`.
        every: int, after how many steps to save; needs `dataset`. Defaults to the ends
            of epochs only.

    Raises:
        ValueError: when `fit` begins, if the checkpoint is of another model,
            optimizer, dataset or backend, or if there are some and none is sound.
        OSError: when `fit` begins, if the folder cannot be written to.

    Example:
    ```python
    batches = datasets.TokenBatches(np.arange(3, 40), batch_size=2, sequence_length=8)
    callback = ResumableTraining("build/my_gpt", batches, every=200)
    ```

    and then `gpt.fit(batches, epochs=10, shuffle=False, callbacks=[callback])`.
    """

    def __init__(
        self,
        directory: str | Path,
        dataset: ResumableDataset | None = None,
        every: int | None = None,
    ) -> None:
        super().__init__()
        if every is not None and (type(every) is not int or every < 1):
            raise ValueError(
                "`every` must be an integer of at least 1, or None. "
                f"Received: every={every!r}"
            )
        if every is not None and dataset is None:
            raise ValueError(
                "`every` needs `dataset`: without it, training can only go on from "
                f"the end of an epoch. Received: every={every}, dataset=None"
            )
        self.directory = Path(directory)
        self.dataset = dataset
        self.every = every
        if dataset is not None:
            dataset.seek(0)  # `fit` looks at its length before it looks at callbacks

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Restore the newest sound checkpoint, or write the first."""
        if not self.model.built:
            raise ValueError(
                "`ResumableTraining` needs a built model: call the model on a batch "
                "before `fit`"
            )
        if not self.model.optimizer.built:
            self.model.optimizer.build(self.model.trainable_variables)
        self._num_batches = self.params.get("steps")
        self._check_dataset()
        self._resume_at = (0, 0)  # epoch, batch
        self._saved_step = 0
        self._newest: Path | None = None
        self._unsaved: tuple[int, int] | None = None
        self._metrics: list[NDArray] = []
        self._random_state = training_state.random_state()
        try:
            files.check_writable(self.directory)
            if newest := files.read_newest_checkpoint(self.directory):
                self._restore(*newest)
            else:
                self._write(0, 0)
        except OSError as error:
            raise OSError(
                "`directory` must be a folder that can be written to, with room for "
                f"three checkpoints. Received: '{self.directory}' ({error})"
            ) from error

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Go to the batch that comes next, and bring back the metrics so far."""
        self.model._initial_epoch = None  # it was meant for this `fit` alone
        self._epoch = epoch
        self._first = self._resume_at[1] if epoch == self._resume_at[0] else 0
        self._done = self._first
        if self.dataset is None:
            return
        self._saved_step = self._step()
        self.dataset.seek(epoch, self._first)
        if self._first:
            training_state.assign(self.model.metrics_variables, self._metrics)
            self._filters = warnings.catch_warnings()
            self._filters.__enter__()  # Keras expects as many batches as ever
            warnings.filterwarnings("ignore", message="Your input ran out of data")

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        """Take up the random stream; stop after the rest of an epoch."""
        if batch == 0:  # only now is nobody left who would draw from the stream
            training_state.set_random_state(self._random_state)
        if self.dataset is not None and self._first + batch >= self._num_batches:
            # For Keras, the data end here. If TensorFlow found out by itself, in the
            # middle of a step, the optimizer would have counted it.
            raise StopIteration

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        """Save if it is time to."""
        self._done = self._first + batch + 1
        self._random_state = training_state.random_state()
        if self.dataset is None:
            return
        if not self.dataset.read_in_order:
            raise ValueError(
                "`fit` must read `dataset` in its own order, or the training could "
                "not go on in the middle of an epoch: pass `shuffle=False` to `fit`"
            )
        # The end of the epoch is saved after the validation.
        due = self.every and self._step() - self._saved_step >= self.every
        if due and self._done < self._num_batches:
            self._save(self._epoch, self._done)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Save, unless the epoch was broken off: then the last checkpoint stands."""
        if self.dataset is not None and self._first:
            self._filters.__exit__(None, None, None)
        self._resume_at = (0, 0)
        if self._num_batches is None or self._done >= self._num_batches:
            self._save(epoch + 1, 0)

    def on_train_end(self, logs: dict | None = None) -> None:
        """Try once more to save what could not be saved."""
        self.model._initial_epoch = None  # there may have been no epoch left
        if self._unsaved and not self._save(*self._unsaved):
            print(
                "ResumableTraining: the end of the training is in memory only. Save "
                "it elsewhere: `model.save_weights(path)`"
            )

    def _step(self) -> int:
        """Steps since the training began."""
        return self._epoch * self._num_batches + self._done

    def _check_dataset(self) -> None:
        """Make sure that `fit` goes through all of the dataset in each epoch."""
        if self.dataset is None:
            return
        self.dataset.seek(0)
        if self._num_batches != len(self.dataset):
            raise ValueError(
                f"`fit` must read all {len(self.dataset)} batches of `dataset` in each "
                "epoch: pass it as the first argument, without `steps_per_epoch`. "
                f"Received: {self._num_batches} batches. (If `fit` was interrupted "
                "and called again with the same callback, call it once more.)"
            )

    def _metadata(self, epoch: int, batch: int) -> dict[str, Any]:
        dataset = None if self.dataset is None else self.dataset.signature()
        backend = keras.backend.backend()
        return {"epoch": epoch, "batch": batch, "backend": backend, "dataset": dataset}

    def _write(self, epoch: int, batch: int) -> None:
        """Write a checkpoint, and delete all but it and the one before it."""
        path = files.checkpoint_path(self.directory, epoch, batch)
        metadata = self._metadata(epoch, batch)
        arrays = training_state.capture(self.model, self._random_state, metadata)
        files.write_checkpoint(path, arrays)
        for other in files.find_checkpoints(self.directory):
            if other not in (path, self._newest):
                with contextlib.suppress(OSError):
                    other.unlink()
        self._newest = path

    def _save(self, epoch: int, batch: int) -> bool:
        """Write a checkpoint; if that fails, say so and go on."""
        self._saved_step = epoch * (self._num_batches or 0) + batch
        try:
            self._write(epoch, batch)
            self._unsaved = None
        except OSError as error:
            self._unsaved = (epoch, batch)
            print(
                f"ResumableTraining: no checkpoint at epoch {epoch + 1}, batch {batch}:"
                f" {error}. The last one is '{self._newest}'"
            )
        return self._unsaved is None

    def _restore(self, path: Path, arrays: dict[str, NDArray]) -> None:
        """Bring back the variables; the rest when its time comes."""
        metadata, state = training_state.unpack(arrays)
        place = metadata["epoch"], metadata["batch"]
        if metadata["batch"]:
            self._build_metrics(len(state["metrics"]))
        training_state.check_same(path, metadata, self._metadata(*place), self.model)
        variables = training_state.variables_of(self.model)
        for name in ("model", "optimizer"):
            training_state.assign(variables[name], state[name])
        self._metrics, self._random_state = state["metrics"], state["random"]
        self._resume_at = place
        self.model._initial_epoch = place[0]
        self._newest = path
        print(
            f"ResumableTraining: going on at epoch {place[0] + 1}, batch "
            f"{place[1] + 1}, from '{path}'"
        )

    def _build_metrics(self, num_variables: int) -> None:
        """Build what TensorFlow would build in the first step, after the restoring."""
        if (
            self.dataset is not None
            and len(self.model.metrics_variables) < num_variables
        ):
            x, y, weight = keras.utils.unpack_x_y_sample_weight(self.dataset[0])
            # KerasHub's own method would tokenise.
            keras.Model.test_on_batch(self.model, x, y, sample_weight=weight)
