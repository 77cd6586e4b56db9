"""Small trained models that come with the library, each with its card."""

import json
from pathlib import Path
from typing import Any

from course_lib.presets.pretrained import PresetError, load_gpt2

__all__ = ["PRESETS_DIR", "PresetError", "card", "load_gpt2", "names", "path"]

PRESETS_DIR = Path(__file__).parent


def names() -> list[str]:
    """The names of the presets that are installed.

    Returns:
        A sorted list of str.

    Example:
    >>> "mini_gpt_imdb" in names()
    True
    """
    return sorted(path.parent.name for path in PRESETS_DIR.glob("*/config.json"))


def path(name: str) -> str:
    """The folder of a preset, which any `from_preset` takes.

    Args:
        name: str, one of `names()`.

    Returns:
        The folder's path.

    Raises:
        ValueError: if there is no such preset.

    Example:
    ```python
    gpt = MiniGPTCausalLM.from_preset(course_lib.presets.path("mini_gpt_imdb"))
    gpt.generate("this movie is")
    ```
    """
    if name not in names():
        raise ValueError(f"`name` must be one of {names()}. Received: name={name!r}")
    return str(PRESETS_DIR / name)


def card(name: str) -> dict[str, Any]:
    """What a preset was trained on and how well it predicts held-out text.

    Args:
        name: str, one of `names()`.

    Returns:
        A dict: data and its sha256, documents a split, recipe, parameters, held-out
        nats, perplexity and bits per byte beside n-gram baselines on the same tokens,
        wall time, machine, seed, command and unpicked samples.

    Raises:
        ValueError: if there is no such preset.

    Example:
    >>> card("mini_gpt_imdb")["documents"]["train"]
    44657
    """
    return json.loads(Path(path(name), "card.json").read_text(encoding="utf-8"))
