"""Watch a model learn to write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras


class TextGenerator(keras.callbacks.Callback):
    """Generate from the same prompts after every few epochs of `fit`.

    Prints the losses and the texts and, if asked, appends the texts to a log file. The
    sampler given here is used for these samples only; the model keeps its own. It is
    compiled once for the whole training.

    Args:
        prompts: list of str.
        every: int, after how many epochs to generate.
        sampler: a KerasHub sampler, ours or theirs. Defaults to the model's own. With
            a fixed `seed` it goes on drawing: the samples of two epochs differ.
        max_length: int, passed to `generate`. Defaults to the model's default.
        log_path: path of a text file to append to: epoch, prompt and text, separated
            by tabs. Its folder is made if need be.

    Raises:
        ValueError: if there is no prompt, or `every` is below 1.

    Example:
    ```python
    sampler = samplers.TopKSampler(k=10, seed=0)
    callback = TextGenerator(["this movie is"], sampler=sampler)
    gpt.fit(texts, epochs=3, shuffle=False, callbacks=[callback])
    ```
    """

    def __init__(
        self,
        prompts: Sequence[str],
        every: int = 1,
        sampler: Any = None,
        max_length: int | None = None,
        log_path: str | Path | None = None,
    ) -> None:
        super().__init__()
        if isinstance(prompts, str) or not prompts:
            raise ValueError(
                f"`prompts` must be a list of at least one str. Received: {prompts!r}"
            )
        if every < 1:
            raise ValueError(f"`every` must be at least 1. Received: every={every}")
        self.prompts = list(prompts)
        self.every = every
        self.sampler = sampler
        self.max_length = max_length
        self.log_path = Path(log_path) if log_path is not None else None
        self._generate_function = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Find out before the training, not after an epoch, if the log can be kept."""
        if self.log_path is not None:
            self.log_path.parent.mkdir(parents=True, exist_ok=True)
            self.log_path.touch()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Generate, print and log."""
        if (epoch + 1) % self.every:
            return
        texts = self._generate()
        logs = logs or {}
        losses = [f", {k} {logs[k]:.3f}" for k in ("loss", "val_loss") if k in logs]
        print(f"epoch {epoch + 1}{''.join(losses)}")
        for text in texts:
            print(f"  {text}")
        if self.log_path is not None:
            with self.log_path.open("a", encoding="utf-8") as file:
                for prompt, text in zip(self.prompts, texts, strict=True):
                    file.write(f"{epoch + 1}\t{prompt}\t{text}\n")

    def _generate(self) -> list[str]:
        """The texts. The model's own sampler and function stay as they were."""
        model = self.model
        if self.sampler is None:
            return model.generate(self.prompts, max_length=self.max_length)
        own = model.sampler, model.generate_function
        model.sampler, model.generate_function = self.sampler, self._generate_function
        try:
            return model.generate(self.prompts, max_length=self.max_length)
        finally:
            self._generate_function = model.generate_function
            model.sampler, model.generate_function = own
