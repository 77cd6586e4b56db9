"""An optimizer whose learning rate can differ between parts of a model."""

from typing import Any

import keras


@keras.saving.register_keras_serializable(package="course_lib")
class AdamW(keras.optimizers.AdamW):
    """Keras' AdamW, with a learning rate of its own for some of the variables.

    A row of a vocabulary's table only moves when its word occurs, so the tables profit
    from a higher rate than the layers that every token passes.

    Weight decay keeps the common rate.

    Args:
        learning_rate: float or a schedule: the common rate.
        learning_rate_multipliers: dict or `None`. Of each variable whose `path` holds
            a key, the rate is multiplied by the value. Keys must not overlap.
        **kwargs: of `keras.optimizers.AdamW`.

    Raises:
        ValueError: if a multiplier is not positive, and, once the variables are known,
            if a key is in no variable's path or two keys are in one.

    Example:
    ```python
    optimizer = AdamW(2e-3, learning_rate_multipliers={"token_embedding": 3.0})
    causal_lm.compile(optimizer=optimizer)
    ```

    Reference:
        Yang et al., "Tensor Programs V" (2022), table 3, for why the input layer's
        rate is not that of the hidden layers; Loshchilov and Hutter, "Decoupled
        Weight Decay Regularization" (2019), for AdamW.
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_multipliers: dict[str, float] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.learning_rate_multipliers = dict(learning_rate_multipliers or {})
        for key, multiplier in self.learning_rate_multipliers.items():
            if not 0 < multiplier < float("inf"):
                raise ValueError(
                    "`learning_rate_multipliers` must be positive numbers. "
                    f"Received: {key!r}: {multiplier}"
                )

    def build(self, variables: list[keras.Variable]) -> None:
        """As Keras, after a look whether each multiplier finds a variable."""
        keys = [
            [key for key in self.learning_rate_multipliers if key in variable.path]
            for variable in variables
        ]
        for found, variable in zip(keys, variables, strict=True):
            if len(found) > 1:
                raise ValueError(
                    "At most one key of `learning_rate_multipliers` may be part of a "
                    f"variable's path. Received: {found} for {variable.path}"
                )
        for key in self.learning_rate_multipliers:
            if [key] not in keys:
                paths = ", ".join(variable.path for variable in variables)
                raise ValueError(
                    "Each key of `learning_rate_multipliers` must be part of a "
                    f"variable's path. Received: {key!r} for {paths}"
                )
        self._multipliers = [
            self.learning_rate_multipliers[found[0]] if found else 1.0 for found in keys
        ]
        super().build(variables)

    def update_step(
        self, gradient: Any, variable: keras.Variable, learning_rate: Any
    ) -> None:
        """As Keras, at the variable's own rate."""
        # TensorFlow's trainer passes bare `tf.Variable`s, which have no path.
        multiplier = self._multipliers[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * multiplier)

    def get_config(self) -> dict[str, Any]:
        """The arguments, as Keras stores them."""
        multipliers = self.learning_rate_multipliers
        return {**super().get_config(), "learning_rate_multipliers": multipliers}
