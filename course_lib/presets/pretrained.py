"""The GPT-2 that a chapter finetunes, or one message that says what to do instead."""

import os
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras_hub

__all__ = ["PresetError", "load_gpt2"]

# What comes with the course, and other places where the real one can be had.
OWN = "gpt2_tiny_en"
ELSEWHERE = ("hf://openai-community/gpt2", "kaggle://keras/gpt2/keras/gpt2_base_en")


class PresetError(RuntimeError):
    """A preset cannot be had; the message says why, and names the alternatives."""


def load_gpt2(
    preset: str, sequence_length: int | None = None, **kwargs: Any
) -> "keras_hub.models.GPT2CausalLM":
    """`keras_hub.models.GPT2CausalLM.from_preset`, with a way out if it fails.

    The environment variable `COURSE_GPT2_PRESET`, if set, takes the place of `preset`;
    a printed line says so.

    Args:
        preset: `"gpt2_tiny_en"`, which comes with the course; or what KerasHub takes:
            `"gpt2_base_en"` (124 million parameters; a download of 500 MB), an address
            that begins with `kaggle://` or `hf://`, the path of a folder.
        sequence_length: int, the tokens of a text that the preprocessor keeps, at most
            the window of the model. Defaults to what the preset says.
        **kwargs: passed to `from_preset`, `dtype` for instance.

    Returns:
        A `keras_hub.models.GPT2CausalLM` with its preprocessor.

    Raises:
        PresetError: if the preset cannot be had: no network, a host that refuses, a
            wrong name or path, a folder that is incomplete or holds something else.
        ValueError: if `sequence_length` is below 1 or above the window.

    Example:
        >>> gpt2 = load_gpt2("gpt2_tiny_en", sequence_length=128)  # doctest: +SKIP
        >>> gpt2.generate("My trip was", max_length=30)  # doctest: +SKIP
    """
    import keras_hub

    asked_for = preset
    if override := os.environ.get("COURSE_GPT2_PRESET", "").strip():
        preset = override
        print(f"COURSE_GPT2_PRESET: loading {preset} instead of {asked_for}")
    try:
        gpt2 = keras_hub.models.GPT2CausalLM.from_preset(_resolve(preset), **kwargs)
    except Exception as error:  # of the network, the host, the disk, h5py, Keras ...
        raise PresetError(_message(preset, asked_for, error)) from error
    if sequence_length is not None:
        window = gpt2.backbone.max_sequence_length
        if not 1 <= sequence_length <= window:
            raise ValueError(
                f"`sequence_length` must be from 1 to {window}, the window of "
                f"{preset}. Received: sequence_length={sequence_length}"
            )
        gpt2.preprocessor.sequence_length = sequence_length
    return gpt2


def _resolve(preset: str) -> str:
    """What `from_preset` takes: the folder of a preset of the course, or as given."""
    import keras_hub

    from course_lib import presets

    if preset in presets.names():
        return presets.path(preset)
    known = keras_hub.models.GPT2CausalLM.presets
    if "://" in preset or preset in known:
        return preset
    folder = Path(preset).expanduser()
    if not folder.is_dir():
        names = ", ".join([*presets.names(), *known])
        raise FileNotFoundError(f"no such folder, and not one of {names}")
    return str(folder)


def _message(preset: str, asked_for: str, error: Exception) -> str:
    reason = textwrap.shorten(str(error), 300, placeholder=" ...")
    lines = [
        f"The preset {preset!r} cannot be had. {type(error).__name__}: {reason}",
        "Try again when the network is back, or set COURSE_GPT2_PRESET to",
        "- the path of a folder that `save_to_preset` of a GPT2CausalLM wrote,",
        *(f"- {address}," for address in ELSEWHERE if address != preset),
    ]
    if preset != OWN:
        lines.append(f"- {OWN}, which comes with the course and needs no network.")
    if preset != asked_for:
        lines.append(f"Unset it to load {asked_for!r}.")
    return "\n".join(lines)
