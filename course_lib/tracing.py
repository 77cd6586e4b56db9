"""Whether there are values to look at, or only a program being compiled."""

from typing import Any

import keras


def is_traced(tensor: Any) -> bool:
    """Whether `tensor` stands for values that a compiled function will compute.

    Args:
        tensor: a tensor of the running backend.

    Returns:
        `False` if its values can be read now. Torch is never compiled by Keras.
    """
    backend = keras.config.backend()
    if backend == "jax":
        import jax

        return isinstance(tensor, jax.core.Tracer)
    return backend == "tensorflow" and not hasattr(tensor, "numpy")
