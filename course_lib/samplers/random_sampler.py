"""Draw the next token from the model's distribution."""

from typing import Any

import keras
import keras_hub
from keras import ops

from course_lib.samplers import filters
from course_lib.samplers.arguments import check_at_least_zero
from course_lib.samplers.logits import check_logits
from course_lib.samplers.temperature import softmax_at

Tensor = Any


@keras.saving.register_keras_serializable(package="course_lib")
class RandomSampler(keras_hub.samplers.Sampler):
    r"""Draw each next token from the model's distribution at a `temperature`.

    $$p_i = \frac{\exp(z_i / T)}{\sum_j \exp(z_j / T)}$$

    The base of the stochastic samplers, which override `filter`. The order is always
    temperature, then filters, then the draw. Softmax and draw run in float32.

    A logit of -inf forbids a token. Called eagerly, NaN or +inf among the logits or a
    row of nothing but -inf raises; compiled code cannot raise, and there a row of
    nothing but -inf gives a meaningless token.

    Args:
        temperature: float, at least 0. Below 1 sharpens the distribution, above 1
            flattens it, 0 always takes the likeliest token.
        seed: int or `None`. The same seed draws the same tokens. (Draws for a whole
            batch from a large vocabulary also depend on the number of threads in
            TensorFlow on a CPU; draws from the `k` likeliest do not.)

    The model calls it, with the arguments of `keras_hub.samplers.Sampler`.

    Raises:
        ValueError: if `temperature` is negative, infinite or NaN.

    Example:
    ```python
    causal_lm.compile(sampler=RandomSampler(temperature=0.7, seed=0))
    causal_lm.generate("this movie is")
    ```

    Reference:
        Ackley, Hinton and Sejnowski, "A Learning Algorithm for Boltzmann Machines"
        (1985), for the temperature.
    """

    k: int | None = None  # if given, `filter` and draw see the k likeliest alone

    def __init__(self, temperature: float = 1.0, seed: int | None = None) -> None:
        check_at_least_zero("temperature", temperature)
        super().__init__(temperature=temperature)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def compute_probabilities(self, logits: Tensor) -> Tensor:
        """The distribution `(B, V)` in float32 at this sampler's temperature."""
        logits = ops.cast(logits, "float32")
        check_logits(logits)
        return softmax_at(logits, self.temperature)

    def filter(self, probabilities: Tensor) -> Tensor:
        """The distribution to draw from, `(B, V)`; subclasses narrow it."""
        return probabilities

    def get_next_token(self, probabilities: Tensor) -> Tensor:
        """Draw one token id a row, `(B,)`, from `filter(probabilities)`."""
        if self.k is None:
            return ops.squeeze(self._draw(self.filter(probabilities)), axis=-1)
        probabilities, token_ids = filters.likeliest(probabilities, self.k)
        drawn = self._draw(self.filter(probabilities))
        return ops.squeeze(ops.take_along_axis(token_ids, drawn, axis=-1), axis=-1)

    def _draw(self, probabilities: Tensor) -> Tensor:
        """One position a row, `(B, 1)`."""
        return keras.random.categorical(
            ops.log(probabilities), 1, seed=self.seed_generator, dtype="int32"
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
