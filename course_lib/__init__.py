"""Companion library of the course on generating text with transformers in Keras.

Submodules load when first used, so `import course_lib` is cheap and has no effects.
"""

import importlib
from types import ModuleType

__version__ = "0.1.0"

_SUBMODULES = (
    "assignment",
    "callbacks",
    "checks",
    "commands",
    "datasets",
    "layers",
    "losses",
    "masking",
    "metrics",
    "models",
    "ngrams",
    "optimizers",
    "precision",
    "presets",
    "profiles",
    "samplers",
    "text",
    "tracing",
    "viz",
)

__all__ = ["__version__", *_SUBMODULES]


def __getattr__(name: str) -> ModuleType:
    if name in _SUBMODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
