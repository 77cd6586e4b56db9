"""Draw the next token from what a list of filters leaves."""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

from course_lib.samplers import filters
from course_lib.samplers.logits import check_logits, check_something_left
from course_lib.samplers.random_sampler import RandomSampler, Tensor
from course_lib.samplers.temperature import softmax_at


@keras.saving.register_keras_serializable(package="course_lib")
class FilterSampler(RandomSampler):
    """Draw from the distribution that a list of filters leaves.

    Temperature first, then the filters in their order, then the draw. A filter is a
    function of probabilities `(B, V)`: one of `samplers.filters` or your own, its
    other arguments given by name with `functools.partial`. One that has a parameter
    `previous_token_ids`, as `filters.repetition_penalty`, gets the tokens `(B, T)` of
    prompt and continuation so far, with -1 where none is yet.

    With temperature 0 the filters see the distribution at temperature 1, and the
    likeliest token that they leave is taken. (A tiny temperature is no substitute: all
    but the likeliest token underflow to 0, and without it nothing is left.)

    Args:
        filters: list of functions, first to last.
        temperature: float, see `RandomSampler`.
        seed: int or `None`.

    Raises:
        ValueError: if `filters` is no list of functions, or one has arguments bound by
            position; eagerly, if a row of probabilities is left with no token. (In
            compiled code that row gives a meaningless token.)

    A filter of your own must be registered with
    `keras.saving.register_keras_serializable` for the config to be loaded again.

    Example:
    ```python
    sampler = FilterSampler(
        [
            functools.partial(filters.suppress, token_ids=[3, 4]),
            functools.partial(filters.repetition_penalty, penalty=1.2),
            functools.partial(filters.top_p, p=0.9),
        ],
        temperature=0.7,
        seed=0,
    )
    causal_lm.compile(sampler=sampler)
    causal_lm.generate("this movie is")
    ```
    """

    def __init__(
        self,
        filters: Sequence[Callable] = (),
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> None:
        super().__init__(temperature=temperature, seed=seed)
        if not isinstance(filters, list | tuple) or not all(map(callable, filters)):
            raise ValueError(
                "`filters` must be a list of functions of probabilities. "
                f"Received: filters={filters!r}"
            )
        self.filters = [functools.partial(function) for function in filters]
        for bound in self.filters:
            if bound.args:
                raise ValueError(
                    "`filters` must have their arguments given by name, as in "
                    f"functools.partial(filters.top_k, k=5). Received: {bound!r}"
                )
        self._previous_token_ids: Tensor = None  # between `next` and the filters

    def __call__(self, next, prompt, *args, **kwargs):
        return super().__call__(self.noting_tokens(next), prompt, *args, **kwargs)

    def noting_tokens(self, next: Callable) -> Callable:
        """A `next` as KerasHub calls it, whose tokens the filters will see.

        Args:
            next: function of `(prompt, cache, index)`, as `__call__` takes it.

        Returns:
            A function that does the same. The next `get_next_token` belongs to it.
        """

        def noted(prompt, cache, index):
            there = ops.arange(ops.shape(prompt)[1]) < index  # (T,)
            self._previous_token_ids = ops.where(there, prompt, -1)
            return next(prompt, cache, index)

        return noted

    def compute_probabilities(self, logits: Tensor) -> Tensor:
        """The distribution `(B, V)` in float32 that the first filter gets."""
        logits = ops.cast(logits, "float32")
        check_logits(logits)
        return softmax_at(logits, self.temperature or 1.0)

    def filter(self, probabilities: Tensor) -> Tensor:
        """What all filters, one after another, leave of `(B, V)`."""
        # Taken away at once: a tensor of compiled code must not outlive its step.
        previous_token_ids, self._previous_token_ids = self._previous_token_ids, None
        for bound in self.filters:
            known = {}
            if "previous_token_ids" in inspect.signature(bound).parameters:
                if previous_token_ids is None:
                    raise ValueError(
                        "`filters` ask for the tokens before, which only a call of the "
                        f"sampler knows. Received: probabilities alone, for {bound!r}"
                    )
                known = {"previous_token_ids": previous_token_ids}
            probabilities = bound(probabilities, **known)
            check_something_left(
                probabilities,
                "`filters` must leave a token to choose in each row. "
                f"Received: a row with nothing left by {bound!r}",
            )
        return probabilities

    def get_next_token(self, probabilities: Tensor) -> Tensor:
        """One token id a row, `(B,)`, from `filter(probabilities)`."""
        if self.temperature == 0:
            return filters.likeliest(self.filter(probabilities), 1)[1][:, 0]
        return super().get_next_token(probabilities)

    def get_config(self) -> dict[str, Any]:
        bound = [{"function": f.func, "arguments": f.keywords} for f in self.filters]
        serialized = keras.saving.serialize_keras_object(bound)
        return {**super().get_config(), "filters": serialized}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "FilterSampler":
        bound = keras.saving.deserialize_keras_object(config["filters"])
        filters = [functools.partial(f["function"], **f["arguments"]) for f in bound]
        return cls(**{**config, "filters": filters})
