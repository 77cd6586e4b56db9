"""Fixed positions: the sines and cosines of the first transformer."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="course_lib")
class SinePositionEncoding(keras.layers.Layer):
    r"""Positions as sines and cosines of many wavelengths; nothing is learned.

    $$PE_{p,2i} = \sin(p / m^{2i/D}), \qquad PE_{p,2i+1} = \cos(p / m^{2i/D})$$

    with $m$ the `max_wavelength`. The dot product of two positions depends on their
    distance only.

    The output has the shape and dtype of the input and holds the encoding alone; add
    it to the token embeddings. The angles are computed in float32 whatever the dtype.
    An implicit Keras mask passes through.

    Args:
        max_wavelength: float. The longest wavelength is close to
            `2 * pi * max_wavelength` positions. Defaults to 10,000.
        **kwargs: passed to `keras.layers.Layer`.

    Call arguments:
        inputs: float tensor `(B, T, D)`; only its shape matters.
        start_index: int or scalar tensor, the position of `inputs[:, 0]`.

    Returns:
        A float tensor `(B, T, D)`.

    Raises:
        ValueError: if `max_wavelength` is not positive or the inputs are not of
            rank 3.

    Example:
    ```python
    embeddings = keras.random.normal((1, 5, 8))
    embeddings = embeddings + SinePositionEncoding()(embeddings)
    ```

    Reference:
        Vaswani et al., "Attention Is All You Need" (2017), section 3.5.
    """

    def __init__(self, max_wavelength: float = 10_000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if max_wavelength <= 0:
            raise ValueError(
                "`max_wavelength` must be positive. "
                f"Received: max_wavelength={max_wavelength}"
            )
        self.max_wavelength = max_wavelength
        self.supports_masking = True
        self.built = True

    def call(self, inputs, start_index=0):
        if len(inputs.shape) != 3:
            raise ValueError(
                "`inputs` must have shape (batch_size, sequence_length, hidden_dim). "
                f"Received: inputs.shape={tuple(inputs.shape)}"
            )
        hidden_dim = inputs.shape[-1]
        length = ops.shape(inputs)[1]
        positions = ops.arange(length, dtype="int32") + start_index
        positions = ops.cast(positions, "float32")
        dims = ops.arange(hidden_dim, dtype="int32")
        exponents = ops.cast(2 * (dims // 2), "float32") / hidden_dim
        rates = ops.power(ops.cast(1 / self.max_wavelength, "float32"), exponents)
        angles = positions[:, None] * rates[None, :]  # (T, D)
        encoding = ops.where(dims % 2 == 0, ops.sin(angles), ops.cos(angles))
        encoding = ops.cast(encoding, self.compute_dtype)
        return ops.broadcast_to(encoding, ops.shape(inputs))

    def compute_output_shape(self, input_shape: tuple, **kwargs: Any) -> tuple:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "max_wavelength": self.max_wavelength}
