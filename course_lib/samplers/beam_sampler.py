"""Search for the likeliest text, several beginnings at a time."""

from typing import Any

import keras
import keras_hub
from keras import ops

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_at_least_zero, check_positive_integer
from course_lib.samplers.logits import check_logits
from course_lib.samplers.stopping import is_stop_token

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
class BeamSampler(keras_hub.samplers.Sampler):
    r"""Beam search: keep the `num_beams` likeliest beginnings, return the best text.

    At each step all beams are continued by all tokens, and the likeliest of these
    continuations stay. A beam that ends with a stop token keeps its place and its
    score from then on and is not continued: the search goes on in the other places.
    At the end the text with the highest score wins,

    $$\operatorname{score}(y) = \frac{\log p(y)}{|y|^\alpha}$$

    where $y$ is what was generated, a stop token included, and $\alpha$ the
    `length_penalty`. Deterministic; one beam is greedy search, `V ** n` beams find the
    likeliest of all texts of `n` tokens.

    In a batch, a row whose prompt is longer than others' waits with one beam until the
    prompt is over.

    Args:
        num_beams: int, how many texts are kept for each prompt.
        return_all_beams: bool. If `True`, a call returns the texts of all beams
            `(B, num_beams, T)`, best first, and their scores `(B, num_beams)`: -inf
            where there were fewer texts than beams. For calls of the sampler itself;
            `generate()` needs one text for each prompt.
        length_penalty: float $\alpha$, at least 0. 0 compares the probabilities of
            whole texts, which favours short ones; 1 the mean log-probability of a
            token.

    The model calls it, with the arguments of `keras_hub.samplers.Sampler`.

    Raises:
        ValueError: if `num_beams` is not a positive integer or `length_penalty` is
            negative; eagerly, for logits as in `RandomSampler`.

    Example:
    ```python
    causal_lm.compile(sampler=BeamSampler(num_beams=4, length_penalty=1.0))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Sutskever et al., "Sequence to Sequence Learning with Neural Networks" (2014),
        section 3.2; Wu et al., "Google's Neural Machine Translation System" (2016),
        section 7, for dividing by a power of the length.
    """

    def __init__(
        self,
        num_beams: int = 5,
        return_all_beams: bool = False,
        length_penalty: float = 0.0,
    ) -> None:
        check_positive_integer("num_beams", num_beams)
        check_at_least_zero("length_penalty", length_penalty)
        super().__init__()
        self.num_beams = num_beams
        self.return_all_beams = return_all_beams
        self.length_penalty = length_penalty

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
        batch_size, max_length = ops.shape(prompt)
        n = self.num_beams
        index = ops.cast(index, "int32")
        mask = ops.zeros_like(prompt) if mask is None else mask

        def repeat(x):
            return ops.repeat(x, n, axis=0)

        prompt, mask = repeat(prompt), repeat(ops.cast(mask, "bool"))  # (B * n, T)
        cache = keras.tree.map_structure(repeat, () if cache is None else cache)
        beam = ops.arange(batch_size * n)
        # Only the first beam is a text yet: those of probability 0 give way.
        log_probs = ops.where(beam % n == 0, 0.0, -float("inf"))  # (B * n,)
        lengths = ops.zeros_like(beam)
        finished = ops.zeros_like(beam, dtype="bool")

        def cond(prompt, cache, index, log_probs, lengths, finished):
            over = ops.logical_or(finished, log_probs == -float("inf"))
            return ops.logical_not(ops.all(over))

        def body(prompt, cache, index, log_probs, lengths, finished):
            logits, _, cache = next(prompt, cache, index)
            check_logits(logits)
            steps = ops.log_softmax(ops.cast(logits, "float32"), axis=-1)  # (B * n, V)
            vocabulary_size = steps.shape[-1]
            # Within a prompt or after the end there is one way to go on, at no cost.
            fixed = ops.logical_or(finished, mask[:, index])
            first = ops.arange(vocabulary_size) == 0
            one_way = ops.where(first, 0.0, -float("inf"))
            steps = ops.where(fixed[:, None], one_way, steps)
            totals = log_probs[:, None] + steps
            keeps_place = ops.logical_and(finished[:, None], first)
            ranking = ops.where(keeps_place, float("inf"), totals)

            by_row = (-1, n * vocabulary_size)
            _, best = filters.likeliest(ops.reshape(ranking, by_row), n)  # (B, n)
            log_probs = ops.take_along_axis(ops.reshape(totals, by_row), best, axis=-1)
            log_probs = ops.reshape(log_probs, (-1,))
            new = ops.cast(ops.reshape(best % vocabulary_size, (-1,)), prompt.dtype)
            parents = ops.reshape(best // vocabulary_size, (-1,)) + beam // n * n

            def of_parents(x):
                return ops.take(x, parents, axis=0)

            prompt, lengths, finished, fixed = map(
                of_parents, (prompt, lengths, finished, fixed)
            )
            cache = keras.tree.map_structure(of_parents, cache)
            new = ops.where(fixed, prompt[:, index], new)
            prompt = ops.slice_update(prompt, (0, index), new[:, None])
            lengths = lengths + ops.cast(ops.logical_not(fixed), lengths.dtype)
            ends = ops.logical_and(
                is_stop_token(new, stop_token_ids), ops.logical_not(fixed)
            )
            ends = ops.logical_and(ends, log_probs > -float("inf"))
            finished = ops.logical_or(finished, ends)
            return prompt, cache, index + 1, log_probs, lengths, finished

        prompt, _, _, log_probs, lengths, _ = self.run_loop(
            cond,
            body,
            loop_vars=(prompt, cache, index, log_probs, lengths, finished),
            maximum_iterations=max_length - index,
            model=model,
        )
        lengths = ops.cast(ops.maximum(lengths, 1), "float32")
        scores = ops.reshape(log_probs / lengths ** float(self.length_penalty), (-1, n))
        order = ops.argsort(-scores, axis=-1)  # (B, n)
        texts = ops.reshape(prompt, (-1, n, max_length))
        texts = ops.take_along_axis(texts, order[:, :, None], axis=1)
        if self.return_all_beams:
            return texts, ops.take_along_axis(scores, order, axis=-1)
        return texts[:, 0]

    def get_config(self) -> dict[str, Any]:
        return {
            "num_beams": self.num_beams,
            "return_all_beams": self.return_all_beams,
            "length_penalty": self.length_penalty,
        }
