"""Parts of recipes that were tried and are not in the library."""

from typing import Any

import keras
from keras import ops

from course_lib.layers import MultiHeadSelfAttention
from course_lib.models import MiniGPTBackbone


class Rotated(keras.layers.Layer):
    """A projection to heads `(B, T, H, K)`, pairs rotated by position (RoPE)."""

    def __init__(self, projection: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projection = projection

    def call(self, inputs):
        """Angles fall from 1 a position to 1/10,000."""
        first, second = ops.split(self.projection(inputs), 2, axis=-1)
        half, length = first.shape[-1], ops.shape(first)[1]
        rates = 10_000.0 ** (-ops.arange(half, dtype="float32") / half)
        angles = (
            ops.arange(length, dtype="float32")[:, None, None] * rates
        )  # (T, 1, K/2)
        cos, sin = (ops.cast(f(angles), first.dtype) for f in (ops.cos, ops.sin))
        rotated = (first * cos - second * sin, first * sin + second * cos)
        return ops.concatenate(rotated, axis=-1)


class Normalised(keras.layers.Layer):
    """A projection to heads whose vectors have equal length (QK-norm)."""

    def __init__(self, projection: keras.layers.Layer, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.projection = projection
        self.norm = keras.layers.RMSNormalization()

    def call(self, inputs):
        """Project, then normalise."""
        return self.norm(self.projection(inputs))


def wrap_query_and_key(backbone: MiniGPTBackbone, wrapper: type) -> None:
    """Put `wrapper` around the projections of all attention layers."""
    for layer in backbone._flatten_layers():
        if isinstance(layer, MultiHeadSelfAttention):
            layer._tracker.unlock()
            for name in ("query", "key"):
                projection = getattr(layer, name)
                setattr(layer, name, wrapper(projection, dtype=layer.dtype_policy))
            layer._tracker.lock()


def squared_relu(x: Any) -> Any:
    """ReLU²."""
    return ops.square(ops.relu(x))
