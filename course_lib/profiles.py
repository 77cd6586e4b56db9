"""Profiles: how large a chapter's experiments are on this machine.

- `smoke` is for tests: seconds, no network, no data.
- `laptop` is for two CPU cores: minutes.
- `full` is for a GPU: the published hyper-parameters.

The environment variable `COURSE_PROFILE` chooses one. Without it the profile is
`full` where the Keras backend sees a GPU, and `laptop` elsewhere.
"""

import os
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NoReturn

__all__ = ["PROFILES", "Settings", "pick", "profile"]

PROFILES = ("smoke", "laptop", "full")


def profile() -> str:
    """Return the name of the current profile.

    The backend is imported, and asked for GPUs, only when `COURSE_PROFILE` is
    unset or empty.

    Returns:
        `"smoke"`, `"laptop"` or `"full"`.

    Raises:
        ValueError: If `COURSE_PROFILE` names no profile.

    Example:
        >>> import os
        >>> os.environ["COURSE_PROFILE"] = "smoke"
        >>> profile()
        'smoke'
    """
    name = os.environ.get("COURSE_PROFILE", "").strip()
    if not name:
        return "full" if _has_gpu() else "laptop"
    if name not in PROFILES:
        raise ValueError(
            "The environment variable `COURSE_PROFILE` must be one of "
            f"{', '.join(PROFILES)}, or unset. Received: COURSE_PROFILE={name}"
        )
    return name


def _has_gpu() -> bool:
    """Ask the Keras backend in use; nothing is placed on a device."""
    # `keras.distribution.list_devices("gpu")` will not do: it raises on JAX
    # without a GPU, does not exist on Torch before Keras has a Torch
    # distribution backend, and initialises TensorFlow's devices for good.
    import keras

    match keras.backend.backend():
        case "tensorflow":
            import tensorflow as tf

            return bool(tf.config.list_physical_devices("GPU"))
        case "jax":
            import jax

            return jax.default_backend() == "gpu"
        case "torch":
            import torch

            return torch.cuda.is_available()
    return False


class Settings(SimpleNamespace):
    """Settings of one profile: read as attributes, shown one a line, read-only.

    `vars(settings)` gives them as a dict.

    Example:
        >>> settings = Settings(epochs=2, learning_rate=1e-3)
        >>> settings.epochs
        2
        >>> settings
        epochs        = 2
        learning_rate = 0.001
    """

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(
            f"Settings are read-only: `{name}` cannot be set. Edit the call of "
            "`pick` that made them, or use a variable of your own."
        )

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Settings are read-only: `{name}` cannot be deleted.")

    def __repr__(self) -> str:
        width = max(map(len, vars(self)), default=0)
        return "\n".join(f"{k:{width}} = {v!r}" for k, v in vars(self).items())


def pick(
    *,
    smoke: Mapping[str, Any],
    laptop: Mapping[str, Any],
    full: Mapping[str, Any],
) -> Settings:
    """Pick the settings of the current profile.

    Args:
        smoke: Settings for tests.
        laptop: Settings for a CPU.
        full: Settings for a GPU. The three must have the same keys, so that a
            chapter that runs under one profile finds its settings under all.

    Returns:
        `Settings`, with one attribute a key.

    Raises:
        ValueError: If the keys differ, or `COURSE_PROFILE` names no profile.

    Example:
        >>> settings = pick(
        ...     smoke=dict(epochs=1), laptop=dict(epochs=3), full=dict(epochs=30)
        ... )
        >>> settings.epochs in (1, 3, 30)
        True
    """
    choices = {"smoke": smoke, "laptop": laptop, "full": full}
    every_key = dict.fromkeys(key for values in choices.values() for key in values)
    missing = [
        f"`{name}` lacks {', '.join(absent)}"
        for name, values in choices.items()
        if (absent := [key for key in every_key if key not in values])
    ]
    if missing:
        raise ValueError(
            f"All profiles must have the same settings. Received: {'; '.join(missing)}."
        )
    return Settings(**choices[profile()])
