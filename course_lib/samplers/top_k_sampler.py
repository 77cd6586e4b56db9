"""Draw the next token from the k likeliest."""

from typing import Any

import keras

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_positive_integer
from course_lib.samplers.random_sampler import RandomSampler, Tensor


@keras.saving.register_keras_serializable(package="course_lib")
class TopKSampler(RandomSampler):
    """Draw from the `k` likeliest tokens, in proportion to their probabilities.

    Args:
        k: int. How many tokens stay; of equals, lower ids.
        temperature: float, see `RandomSampler`; applied before the filter.
        seed: int or `None`.

    Raises:
        ValueError: if `k` is not a positive integer.

    Example:
    ```python
    causal_lm.compile(sampler=TopKSampler(k=10, seed=0))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Fan et al., "Hierarchical Neural Story Generation" (2018), section 5.3.
    """

    def __init__(
        self, k: int = 5, temperature: float = 1.0, seed: int | None = None
    ) -> None:
        super().__init__(temperature=temperature, seed=seed)
        check_positive_integer("k", k)
        self.k: int = k

    def filter(self, probabilities: Tensor) -> Tensor:
        """The `k` likeliest tokens of each row, renormalised."""
        return filters.top_k(probabilities, self.k)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}
