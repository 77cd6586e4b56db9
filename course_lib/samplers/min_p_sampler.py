"""Draw the next token from those not much less likely than the likeliest."""

from typing import Any

import keras

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_fraction
from course_lib.samplers.random_sampler import RandomSampler, Tensor


@keras.saving.register_keras_serializable(package="course_lib")
class MinPSampler(RandomSampler):
    """Draw from the tokens at least `min_p` times as likely as the likeliest.

    Where the model is sure, few tokens stay; where it is not, many. Unlike top-p, it
    keeps no unlikely token to make up a sum.

    Args:
        min_p: float in [0, 1]. 0 keeps every token.
        temperature: float, see `RandomSampler`; applied before the filter.
        seed: int or `None`.

    Raises:
        ValueError: if `min_p` is not in [0, 1].

    Example:
    ```python
    causal_lm.compile(sampler=MinPSampler(min_p=0.1, seed=0))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Nguyen et al., "Turning Up the Heat: Min-p Sampling for Creative and Coherent
        LLM Outputs" (2024).
    """

    def __init__(
        self, min_p: float = 0.1, temperature: float = 1.0, seed: int | None = None
    ) -> None:
        super().__init__(temperature=temperature, seed=seed)
        check_fraction("min_p", min_p)
        self.min_p = min_p

    def filter(self, probabilities: Tensor) -> Tensor:
        """The tokens of each row that are likely enough, renormalised."""
        return filters.min_p(probabilities, self.min_p)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "min_p": self.min_p}
