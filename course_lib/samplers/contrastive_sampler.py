"""Take a likely token whose hidden state is unlike those before."""

from typing import Any

import keras
import keras_hub
from keras import ops

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_fraction, check_positive_integer
from course_lib.samplers.logits import check_logits
from course_lib.samplers.stopping import is_stop_token

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
class ContrastiveSampler(keras_hub.samplers.Sampler):
    r"""Contrastive search: of the `k` likeliest tokens, a likely one that is new.

    Each candidate $v$ is read by the model, which gives its hidden state $h_v$. Taken
    is the candidate with the highest

    $$(1 - \alpha) \, p(v) - \alpha \max_j \cos(h_v, h_j)$$

    where $j$ runs over all tokens before it. A text that goes round in circles
    has hidden states that come again, and pays for it. Deterministic; of equals the
    lowest id. `alpha=0` and `k=1` are greedy search. A token of probability 0 is never
    taken. Each step costs as much as one for a batch `k` times as large.

    Args:
        k: int, the number of candidates.
        alpha: float in [0, 1], the weight of the similarity.

    The model calls it, with the arguments of `keras_hub.samplers.Sampler`; it needs
    `hidden_states` `(B, T, D)` of the prompt. One of zeros stands for a token that the
    model has not read, and is not compared.

    Raises:
        ValueError: if `k` is not a positive integer or `alpha` is not in [0, 1], or in
            a call without `hidden_states`; eagerly, for logits as in `RandomSampler`.

    Example:
    ```python
    causal_lm.compile(sampler=ContrastiveSampler(k=4, alpha=0.6))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Su et al., "A Contrastive Framework for Neural Text Generation" (2022).
    """

    def __init__(self, k: int = 5, alpha: float = 0.6) -> None:
        check_positive_integer("k", k)
        check_fraction("alpha", alpha)
        super().__init__()
        self.k = k
        self.alpha = alpha

    def __call__(
        self,
        next,
        prompt,
        cache=None,
        index=0,
        mask=None,
        stop_token_ids=None,
        hidden_states=None,
        model=None,
    ):
        if hidden_states is None:
            raise ValueError(
                "`hidden_states` of the prompt are what contrastive search compares "
                "with. Received: hidden_states=None"
            )
        batch_size, max_length = ops.shape(prompt)
        index = ops.cast(index, "int32")
        mask = ops.cast(ops.zeros_like(prompt) if mask is None else mask, "bool")
        # The hidden states with length 1: their products are cosines.
        directions = unit(hidden_states)  # (B, T, D)
        logits, _, cache = next(prompt, () if cache is None else cache, index)
        check_logits(logits)

        def cond(prompt, cache, index, logits, directions):
            new_stops = ops.logical_and(
                is_stop_token(prompt, stop_token_ids), ops.logical_not(mask)
            )
            return ops.logical_not(ops.all(ops.any(new_stops, axis=-1)))

        def body(prompt, cache, index, logits, directions):
            probabilities = ops.softmax(ops.cast(logits, "float32"), axis=-1)
            probabilities, candidates = filters.likeliest(probabilities, self.k)
            k = candidates.shape[-1]  # the whole vocabulary may be smaller
            candidates = ops.where(
                mask[:, index][:, None],
                prompt[:, index][:, None],
                ops.cast(candidates, prompt.dtype),
            )  # (B, k)

            def repeat(x):
                return ops.repeat(x, k, axis=0)

            # Each text with each of its candidates, as a batch of B * k.
            texts = ops.slice_update(
                repeat(prompt), (0, index), ops.reshape(candidates, (-1, 1))
            )
            next_logits, hidden_states, caches = next(
                texts, keras.tree.map_structure(repeat, cache), index + 1
            )
            check_logits(next_logits)
            new = unit(hidden_states)  # (B * k, D)
            cosines = ops.einsum(
                "btd,bkd->bkt", directions, ops.reshape(new, (-1, k, new.shape[-1]))
            )
            before = ops.logical_and(
                ops.arange(max_length) < index, ops.any(directions != 0, axis=-1)
            )  # (B, T)
            similarity = ops.max(ops.where(before[:, None], cosines, -1.0), axis=-1)
            scores = (1 - self.alpha) * probabilities - self.alpha * similarity
            scores = ops.where(probabilities > 0, scores, -float("inf"))  # (B, k)
            best = ops.cast(ops.argmax(scores, axis=-1), "int32")
            best = best + k * ops.arange(batch_size, dtype="int32")  # (B,)

            def of_best(x):
                return ops.take(x, best, axis=0)

            directions = ops.slice_update(
                directions, (0, index, 0), of_best(new)[:, None]
            )
            cache = keras.tree.map_structure(of_best, caches)
            return of_best(texts), cache, index + 1, of_best(next_logits), directions

        return self.run_loop(
            cond,
            body,
            loop_vars=(prompt, cache, index, logits, directions),
            maximum_iterations=max_length - index,
            model=model,
        )[0]

    def get_config(self) -> dict[str, Any]:
        return {"k": self.k, "alpha": self.alpha}


def unit(hidden_states: Tensor) -> Tensor:
    """Hidden states `(..., D)` in float32, divided by their lengths; zeros stay."""
    hidden_states = ops.cast(hidden_states, "float32")
    lengths = ops.sqrt(ops.sum(ops.square(hidden_states), axis=-1, keepdims=True))
    return ops.divide_no_nan(hidden_states, lengths)
