"""All that a training depends on, as arrays; and whether two trainings are the same."""

import json
import re
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray


def variables_of(model: keras.Model) -> dict[str, list]:
    """All variables, in groups: those of a compiled model change in each step."""
    return {
        "model": model.variables,  # with the states of its seed generators
        "optimizer": model.optimizer.variables,
        "metrics": model.metrics_variables,
    }


def describe(variables: list) -> list[str]:
    """Path, shape and dtype of each, less the numbers by which Keras tells twins apart.

    A second model of the same code is `dense_1` where the first was `dense`.
    """
    return [
        f"{re.sub(r'_[0-9]+', '', v.path)} {tuple(v.shape)} "
        f"{keras.backend.standardize_dtype(v.dtype)}"
        for v in variables
    ]


def capture(
    model: keras.Model, random: list[NDArray], metadata: dict[str, Any]
) -> dict[str, NDArray]:
    """The state of a training as named arrays.

    Args:
        model: a built and compiled model, whose optimizer is built.
        random: what `random_state` returned.
        metadata: dict, fit for JSON, to keep with it.
    """
    groups = variables_of(model)
    described = {name: describe(group) for name, group in groups.items()}
    text = json.dumps({**metadata, "variables": described})
    arrays = {"metadata": np.array(text)}
    for name, group in groups.items():
        arrays |= _numbered(name, [_to_numpy(v) for v in group])
    return arrays | _numbered("random", random)


def unpack(arrays: dict[str, NDArray]) -> tuple[dict, dict[str, list[NDArray]]]:
    """The metadata, and the arrays of each group: the inverse of `capture`."""
    metadata = json.loads(arrays["metadata"].item())
    groups: dict[str, list[NDArray]] = {name: [] for name in metadata["variables"]}
    groups["random"] = []
    for key in sorted(arrays.keys() - {"metadata"}):
        groups[key.partition("/")[0]].append(arrays[key])
    return metadata, groups


def assign(variables: list, arrays: list[NDArray]) -> None:
    """Give each variable its value."""
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def check_same(path: Path, there: dict, here: dict, model: keras.Model) -> None:
    """Raise a `ValueError` that says what differs between two trainings.

    Args:
        path: where the checkpoint came from.
        there: the metadata of the checkpoint.
        here: the metadata that this training would write at the same place.
        model: the model of this training.
    """
    here = json.loads(json.dumps(here))
    pairs = [(name, there[name], here[name]) for name in ("backend", "dataset")]
    for name, variables in variables_of(model).items():
        if name != "metrics" or there["batch"]:  # each epoch begins with new ones
            described = there["variables"][name], describe(variables)
            pairs.append((f"{name} variable", *described))
    if different := first_difference(pairs):
        raise ValueError(
            "`directory` must hold a checkpoint of this training. Received: "
            f"'{path}', where {different}"
        )


def first_difference(pairs: list[tuple[str, Any, Any]]) -> str | None:
    """The first way in which two trainings differ, in words; None if they agree.

    Args:
        pairs: names, what a checkpoint has of them, and what this training has: dicts
            and lists are compared entry by entry.
    """
    for name, there, here in pairs:
        if isinstance(there, list) and isinstance(here, list):
            there, here = dict(enumerate(there)), dict(enumerate(here))
        if not isinstance(there, dict) or not isinstance(here, dict):
            there, here = {"": there}, {"": here}
        for key in {**there, **here}:
            if there.get(key) != here.get(key):
                return (
                    f"{name} {key}".strip()
                    + f" is {there.get(key)!r}, and here it is {here.get(key)!r}"
                )
    return None


def random_state() -> list[NDArray]:
    """Torch's global random streams, from which its unseeded dropout draws.

    Empty on the other backends, where all of a model's randomness is in variables.
    """
    if keras.backend.backend() != "torch":
        return []
    import torch

    states = [torch.get_rng_state(), *torch.cuda.get_rng_state_all()]
    return [state.numpy().copy() for state in states]


def set_random_state(states: list[NDArray]) -> None:
    """Go back to what `random_state` returned."""
    if not states:
        return
    import torch

    cpu, *gpus = [torch.from_numpy(state) for state in states]
    torch.set_rng_state(cpu)
    torch.cuda.set_rng_state_all(gpus)


def _numbered(name: str, arrays: list[NDArray]) -> dict[str, NDArray]:
    return {f"{name}/{i:05d}": array for i, array in enumerate(arrays)}


def _to_numpy(variable: Any) -> NDArray:
    """Numpy cannot store bfloat16 and its like: float32 holds them exactly."""
    array = np.asarray(keras.ops.convert_to_numpy(variable.value))
    return array.astype("float32") if array.dtype.kind == "V" else array
