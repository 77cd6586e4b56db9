"""Always take the likeliest token."""

from typing import Any

import keras
import keras_hub

from course_lib.samplers import filters
from course_lib.samplers.logits import check_logits

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
class GreedySampler(keras_hub.samplers.Sampler):
    """Take the likeliest token at each step; of equals, the lowest id.

    Deterministic. Taking the best step each time need not give the best text.

    The model calls it, with the arguments of `keras_hub.samplers.Sampler`.

    Example:
    ```python
    causal_lm.compile(sampler=GreedySampler())
    causal_lm.generate("this movie is")
    ```
    """

    def __init__(self) -> None:
        super().__init__()

    def compute_probabilities(self, logits: Tensor) -> Tensor:
        """The distribution `(B, V)` in float32; logits are checked as elsewhere."""
        check_logits(logits)
        return super().compute_probabilities(logits)

    def get_next_token(self, probabilities: Tensor) -> Tensor:
        """The id of the largest probability of each row, `(B,)`."""
        # Several times faster than `argmax`, which looks out for negative zeros.
        return filters.likeliest(probabilities, 1)[1][:, 0]

    def get_config(self) -> dict[str, Any]:
        return {}
