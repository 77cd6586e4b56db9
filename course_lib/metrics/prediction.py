"""How well a model predicts a text."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

__all__ = ["Perplexity", "bits_per_byte"]


@keras.saving.register_keras_serializable(package="course_lib")
class Perplexity(keras.metrics.Mean):
    """Perplexity: the exponential of the mean loss in nats, over all tokens.

    Every token weighs the same, however long its sequence and however large its
    batch: the mean is taken once, over all tokens since the last reset, and only
    then the exponential. (The mean of the batches' perplexities is another,
    larger number.) Without any token the result is 0.

    A target counts with its `sample_weight`; not at all where it equals
    `mask_token_id`, or where the predictions carry a Keras mask that is False.
    Targets are the *next* tokens, so a mask of the inputs still lets through one
    padding target a sequence: give `mask_token_id` or weights.

    With weights of the shape of `y_true` this equals `keras_hub.metrics.Perplexity`.
    That one takes no weight a sequence, and where predictions carry a Keras mask, as
    those of a model with `mask_zero=True` do in `fit`, it sums the loss over the
    unmasked tokens but divides by the number of all.

    Args:
        from_logits: Whether predictions are logits or probabilities.
        mask_token_id: Target that never counts, or None.
        name: Name of the metric.
        dtype: Data type of the computation.

    Call arguments:
        y_true: Target token ids, shape `(B, T)`.
        y_pred: Logits or probabilities, shape `(B, T, V)`.
        sample_weight: Optional weights, shape `(B, T)`, or `(B,)` for one weight
            a sequence.

    Example:
        >>> perplexity = Perplexity(from_logits=True, mask_token_id=0)
        >>> logits = np.zeros((1, 4, 20))  # each of 20 tokens is as likely
        >>> round(float(perplexity(np.array([[7, 3, 0, 0]]), logits)), 3)
        20.0
    """

    def __init__(
        self,
        from_logits: bool = False,
        mask_token_id: int | None = None,
        name: str = "perplexity",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.from_logits = from_logits
        self.mask_token_id = mask_token_id
        self._direction = "down"  # what "best" means to Keras' callbacks

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        mask = getattr(y_pred, "_keras_mask", None)
        y_true = ops.convert_to_tensor(y_true)
        nats = ops.sparse_categorical_crossentropy(
            y_true, ops.cast(y_pred, self.dtype), from_logits=self.from_logits
        )  # (B, T)
        weights = ops.ones_like(nats)
        if sample_weight is not None:
            weights = weights * self._expand(sample_weight, nats)
        if self.mask_token_id is not None:
            weights = weights * ops.cast(
                ops.not_equal(y_true, self.mask_token_id), self.dtype
            )
        if mask is not None:
            weights = weights * self._expand(mask, nats)
        # `Mean` weighs rows of a 2-D array alike, so hand it tokens.
        super().update_state(ops.reshape(nats, (-1,)), ops.reshape(weights, (-1,)))

    def _expand(self, weights: Any, like: Any) -> Any:
        """Give weights the rank of `like`: `(B,)` becomes `(B, 1)`."""
        weights = ops.cast(weights, self.dtype)
        received = tuple(weights.shape)
        while len(weights.shape) < len(like.shape):
            weights = ops.expand_dims(weights, -1)
        sizes = zip(weights.shape, like.shape, strict=False)
        if len(weights.shape) > len(like.shape) or any(
            w != n for w, n in sizes if w not in (1, None) and n is not None
        ):
            raise ValueError(
                "`sample_weight` must have the shape of `y_true`, or one weight a "
                f"sequence. Received: sample_weight.shape={received}, "
                f"y_true.shape={tuple(like.shape)}"
            )
        return weights

    def result(self) -> Any:
        """Return the perplexity of all tokens since the last reset."""
        return ops.where(ops.equal(self.count, 0), 0.0, ops.exp(super().result()))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the metric."""
        return {
            "from_logits": self.from_logits,
            "mask_token_id": self.mask_token_id,
            "name": self.name,
            "dtype": self.dtype,
        }


def bits_per_byte(nats: float, num_bytes: int) -> float:
    """Return the bits a model needs for each byte of a text.

    Perplexity depends on how the text was cut into tokens: longer tokens are
    fewer and harder. Bits per byte does not, so models with different tokenizers
    can be compared by it. It is `nats / ln(2) / num_bytes`.

    Both numbers must be about the same text. If the first token is given and not
    predicted, or a text is cut at the model's window, leave those bytes out as
    well. `[UNK]` stands for a word without saying which: a model that predicts it
    has not written the text. Unless unknown words are spelled out and paid for,
    the result is a lower bound, and compares only with models that leave out the
    same words. The same holds for what the tokenizer throws away, such as case.

    Args:
        nats: Sum (not mean) of the loss over the text's tokens, in nats.
        num_bytes: Length of the text in UTF-8, `len(text.encode("utf-8"))`.

    Returns:
        Bits per byte. Uniform random bytes need 8.

    Raises:
        ValueError: If `nats` is negative, NaN or not one number, or `num_bytes` is
            not a positive whole number.

    Example:
        >>> bits_per_byte(nats=math.log(256) * 10, num_bytes=10)
        8.0
    """
    if np.ndim(nats) != 0 or not float(nats) >= 0:
        raise ValueError(
            "`nats` must be the total loss of the text, one number, not negative. "
            f"Received: nats={nats}"
        )
    if num_bytes != int(num_bytes) or num_bytes < 1:
        raise ValueError(
            "`num_bytes` must be a positive whole number. Received: "
            f"num_bytes={num_bytes}"
        )
    return float(nats) / math.log(2) / int(num_bytes)
