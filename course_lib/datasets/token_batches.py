"""Token ids as batches for a causal language model: packed, shuffled, resumable."""

import zlib
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from course_lib.datasets.encode import check_at_least

Batch = tuple[dict[str, NDArray], NDArray, NDArray]


class TokenBatches(keras.utils.PyDataset):
    """Next-token pairs `(x, y, sample_weight)` from one long array of token ids.

    The array holds all documents, each followed by an end token; `encode_documents`
    makes it. `N` is its length, `B` the batch size, `T` the sequence length.

    *Packed* (the default), it is cut into windows of `T` labels, wherever that cuts the
    documents: no position is padding, and no token is lost. The array counts as a
    ring, so the first token is the label of the last. Each time through the data, the
    cuts lie elsewhere.

    With `packing=False`, each document is a row of its own: its first `T + 1` tokens,
    the end token included if it is among them, then padding. Documents of no word are
    left out.

    A batch is a pure function of `seed`, the epoch and its place in the epoch: any of
    them can be computed at any time, so a training can go on anywhere
    (`course_lib.callbacks.ResumableTraining`). It costs a gather of `B (T + 1)` numbers
    in numpy, far less than a training step, and no memory but the array and an index
    of its rows.

    Pass `shuffle=False` to `fit`, or Keras will shuffle the batches once more. `fit`
    moves on by itself from epoch to epoch.

    Args:
        token_ids: int array `(N,)`; may be a `numpy.memmap`.
        batch_size: int `B`.
        sequence_length: int `T`, the number of labels in a row.
        packing: bool.
        end_token_id: int, where documents end. Needed if `packing` is `False`.
        shuffle: bool. Whether the rows come in another order each time, and the cuts
            elsewhere. If `False`, they come as they stand.
        drop_remainder: bool. Whether to leave out the tokens that fill no batch; if
            they are shuffled, others each time. If `False`, as an evaluation needs
            it, each token is a label exactly once, and padding fills the last batch.
        steps_per_epoch: int, the number of batches that Keras shall call an epoch.
            Defaults to those of one time through the data.
        seed: int of at least 0.
        pad_token_id: int.

    Returns:
        For each index a batch: a dict of `token_ids` and `padding_mask` (1 = real), the
        labels and the weights of the labels (0 = padding), all `(B, T)`; int32 but for
        the weights, float32.

    Raises:
        ValueError: if the tokens are no 1-D integers, fill no batch, or an argument is
            out of range.

    Example:
    ```python
    token_ids = datasets.concatenate_documents([[5, 6, 7], [8, 9]], end_token_id=2)
    batches = TokenBatches(token_ids, batch_size=1, sequence_length=3, shuffle=False)
    x, y, sample_weight = batches[0]
    x["token_ids"]  # [[5, 6, 7]]
    y  # [[6, 7, 2]]
    ```
    """

    def __init__(
        self,
        token_ids: ArrayLike,
        batch_size: int,
        sequence_length: int,
        *,
        packing: bool = True,
        end_token_id: int | None = None,
        shuffle: bool = True,
        drop_remainder: bool = True,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        pad_token_id: int = 0,
    ) -> None:
        super().__init__()  # one worker: more would cost more than a batch does
        check_at_least(1, batch_size=batch_size, sequence_length=sequence_length)
        check_at_least(0, seed=seed, pad_token_id=pad_token_id)
        if steps_per_epoch is not None:
            check_at_least(1, steps_per_epoch=steps_per_epoch)
        if not packing and end_token_id is None:
            raise ValueError(
                "`end_token_id` is needed to tell documents apart if `packing` is "
                "False. Received: end_token_id=None"
            )
        self.token_ids = _check_token_ids(token_ids)
        self.batch_size = int(batch_size)
        self.sequence_length = int(sequence_length)
        self.packing = packing
        self.end_token_id = None if end_token_id is None else int(end_token_id)
        self.shuffle = shuffle
        self.drop_remainder = drop_remainder
        self.seed = int(seed)
        self.pad_token_id = int(pad_token_id)
        self._starts, self._lengths = self._windows() if packing else self._documents()
        self._num_rows = len(self._starts)
        if drop_remainder:
            self._batches_per_pass = self._num_rows // batch_size
        else:
            self._batches_per_pass = -(-self._num_rows // batch_size)
            padding = self._batches_per_pass * batch_size - self._num_rows
            self._starts = np.pad(self._starts, (0, padding))  # rows of no token
            self._lengths = np.pad(self._lengths, (0, padding))
        if not self._batches_per_pass:
            raise ValueError(
                f"`token_ids` must fill at least one batch of {batch_size} rows of "
                f"{sequence_length} labels. Received: {len(self.token_ids)} tokens, "
                f"which make {self._num_rows} rows"
            )
        self.steps_per_epoch = int(steps_per_epoch or 0) or self._batches_per_pass
        self._order: tuple[int, NDArray, int] | None = None
        self._num_read = 0
        self.read_in_order = True
        self.seek(0)

    def seek(self, epoch: int, batch: int = 0) -> None:
        """Let the next epoch that Keras reads be this one, from this batch on."""
        check_at_least(0, epoch=epoch, batch=batch)
        if batch >= self.steps_per_epoch:
            raise ValueError(
                f"`batch` must be below {self.steps_per_epoch}, the batches of an "
                f"epoch. Received: batch={batch}"
            )
        self._epoch, self._first = epoch, batch

    def __len__(self) -> int:
        """Batches of the epoch, from where `seek` went."""
        return self.steps_per_epoch - self._first

    def __getitem__(self, index: int) -> Batch:
        if not 0 <= index < len(self):
            raise IndexError(
                f"`index` must be from 0 to {len(self) - 1}. Received: {index}"
            )
        self.read_in_order &= index == self._num_read
        self._num_read += 1
        return self.batch(self._epoch, self._first + index)

    def on_epoch_begin(self) -> None:
        """Keras begins to read an epoch."""
        self._num_read = 0
        self.read_in_order = True

    def on_epoch_end(self) -> None:
        """Keras has read an epoch, or only looked at its first batch."""
        if self._num_read >= len(self):
            self.seek(self._epoch + 1)
        self._num_read = 0

    def batch(self, epoch: int, index: int) -> Batch:
        """Any batch of any epoch, wherever Keras is."""
        step = epoch * self.steps_per_epoch + index
        number, place = divmod(step, self._batches_per_pass)
        order, shift = self._order_of_pass(number)
        rows = order[place * self.batch_size : (place + 1) * self.batch_size]
        columns = np.arange(self.sequence_length + 1)
        positions = (self._starts[rows] + shift)[:, None] + columns  # (B, T + 1)
        real = columns < self._lengths[rows][:, None]
        tokens = self.token_ids[positions % len(self.token_ids)].astype("int32")
        tokens[~real] = self.pad_token_id
        x = {"token_ids": tokens[:, :-1], "padding_mask": real[:, :-1].astype("int32")}
        return x, tokens[:, 1:], real[:, 1:].astype("float32")

    def signature(self) -> dict[str, Any]:
        """All that the batches depend on, fit for JSON."""
        return {
            "num_tokens": len(self.token_ids),
            "crc32": zlib.crc32(np.ascontiguousarray(self.token_ids).data),
            "batch_size": self.batch_size,
            "sequence_length": self.sequence_length,
            "packing": self.packing,
            "end_token_id": self.end_token_id,
            "shuffle": self.shuffle,
            "drop_remainder": self.drop_remainder,
            "steps_per_epoch": self.steps_per_epoch,
            "seed": self.seed,
            "pad_token_id": self.pad_token_id,
        }

    def _order_of_pass(self, number: int) -> tuple[NDArray, int]:
        """The order of the rows at this time through the data, and where it begins."""
        if self._order is None or self._order[0] != number:
            order, shift = np.arange(len(self._starts)), 0
            if self.shuffle:
                generator = np.random.default_rng([self.seed, number])
                generator.shuffle(order[: self._num_rows])
                if self.packing:
                    shift = int(generator.integers(len(self.token_ids)))
            self._order = number, order, shift
        return self._order[1:]

    def _windows(self) -> tuple[NDArray, NDArray]:
        """Start and length of the windows that together have each token as a label."""
        num_tokens, length = len(self.token_ids), self.sequence_length
        if self.drop_remainder:
            num_tokens -= num_tokens % length
        starts = np.arange(0, num_tokens, length)
        return starts, np.minimum(length, num_tokens - starts) + 1

    def _documents(self) -> tuple[NDArray, NDArray]:
        """Start and length of the documents, as far as a row goes."""
        ends = np.flatnonzero(self.token_ids == self.end_token_id) + 1
        bounds = np.unique(np.concatenate([[0], ends, [len(self.token_ids)]]))
        starts, lengths = bounds[:-1], np.diff(bounds)
        lengths = np.minimum(lengths, self.sequence_length + 1)
        return starts[lengths > 1], lengths[lengths > 1]


def _check_token_ids(token_ids: ArrayLike) -> NDArray[np.integer]:
    """The ids as they are, if they are one row of them."""
    try:
        array = np.asanyarray(token_ids)
    except ValueError:  # rows of unequal lengths
        array = np.empty((0, 0))
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise ValueError(
            "`token_ids` must be one row of integers; `concatenate_documents` makes it "
            f"from documents. Received: {token_ids!r:.100}"
        )
    if array.size and not 0 <= array.min() <= array.max() < 2**31:
        raise ValueError(
            "`token_ids` must be ids from 0 on, below 2**31. Received: ids from "
            f"{array.min()} to {array.max()}"
        )
    return array
