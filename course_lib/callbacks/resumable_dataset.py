"""What a dataset must offer to be read from the middle of an epoch on."""

from typing import Protocol


class ResumableDataset(Protocol):
    """What `ResumableTraining` asks of a dataset to go on in the middle of an epoch.

    Its batches depend on nothing but the epoch and their place in it, and
    `read_in_order` tells whether Keras has asked for the first, the second and so on
    since the epoch began. `course_lib.datasets.TokenBatches` is one.
    """

    read_in_order: bool

    def __len__(self) -> int:
        """How many batches are left of the epoch, from where `seek` went."""

    def __getitem__(self, index: int) -> tuple:
        """A batch `(x, y, sample_weight)`, counted from where `seek` went."""

    def seek(self, epoch: int, batch: int = 0) -> None:
        """Let the next epoch that Keras reads be this one, from this batch on."""

    def signature(self) -> dict:
        """All that the batches depend on, fit for JSON: other data are noticed."""
