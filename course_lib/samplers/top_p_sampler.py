"""Draw the next token from the nucleus."""

from typing import Any

import keras

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_p, check_positive_integer
from course_lib.samplers.random_sampler import RandomSampler, Tensor


@keras.saving.register_keras_serializable(package="course_lib")
class TopPSampler(RandomSampler):
    """Draw from the fewest tokens that together reach probability `p`.

    Where the model is sure, few tokens stay; where it is not, many.

    Args:
        p: float in (0, 1].
        k: int or `None`. If given, only the `k` likeliest tokens enter, renormalised
            before `p` is applied to them.
        temperature: float, see `RandomSampler`; applied before the filters.
        seed: int or `None`.

    Raises:
        ValueError: if `p` is not in (0, 1] or `k` is not a positive integer.

    Example:
    ```python
    causal_lm.compile(sampler=TopPSampler(p=0.9, seed=0))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Holtzman et al., "The Curious Case of Neural Text Degeneration" (2020),
        section 3.1.
    """

    def __init__(
        self,
        p: float = 0.1,
        k: int | None = None,
        temperature: float = 1.0,
        seed: int | None = None,
    ) -> None:
        super().__init__(temperature=temperature, seed=seed)
        check_p(p)
        if k is not None:
            check_positive_integer("k", k)
        self.p = p
        self.k = k

    def filter(self, probabilities: Tensor) -> Tensor:
        """The nucleus of each row, renormalised."""
        if self.k is not None:
            probabilities = filters.top_k(probabilities, self.k)
        return filters.top_p(probabilities, self.p)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "p": self.p, "k": self.k}
