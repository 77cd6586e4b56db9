"""The trained model of a submission: looked at first, and only then loaded.

A preset is three kinds of files. Weights are HDF5: numbers. Vocabularies are text. The
configs say which classes to build, and so might name a class, or a piece of code, that
does harm: each name is held against a short list before Keras sees any of them, and
Keras itself reads them with `safe_mode`. Nothing is ever unpickled.
"""

import importlib
import json
import os
from typing import Any

from course_lib.assignment.submission import Submission, SubmissionError

MODEL = "model"
CONFIGS = ("config.json", "task.json", "preprocessor.json", "tokenizer.json")
NEEDED = ("config.json", "tokenizer.json", "preprocessor.json", "model.weights.h5")
LARGEST_WEIGHTS = 2_000_000_000  # bytes
HDF5 = b"\x89HDF\r\n\x1a\n"

# registered name of the backbone -> where its task is, and what it is called
TASKS = {
    "course_lib>MiniGPTBackbone": ("course_lib.models", "MiniGPTCausalLM"),
    "keras_hub>GPT2Backbone": ("keras_hub.models", "GPT2CausalLM"),
}
_ALLOWED = {
    *TASKS,
    "course_lib>MiniGPTCausalLM",
    "course_lib>MiniGPTCausalLMPreprocessor",
    "course_lib>MiniGPTTokenizer",
    "course_lib>MiniGPTWordPieceTokenizer",
    "keras_hub>GPT2CausalLM",
    "keras_hub>GPT2CausalLMPreprocessor",
    "keras_hub>GPT2Tokenizer",
}
_ALLOWED_OF_KERAS = {"DTypePolicy", "DTypePolicyMap", "QuantizedDTypePolicy"}


def check_model(submission: Submission) -> str:
    """Look at the files of `model/`, without loading anything.

    Args:
        submission: a `Submission`.

    Returns:
        The registered name of the backbone, a key of `TASKS`.

    Raises:
        SubmissionError: if a file is missing, or is not what it should be, or a class
            is none of those that the challenge allows.
    """
    for name in NEEDED:
        submission.file(f"{MODEL}/{name}", LARGEST_WEIGHTS)
    weights = submission.file(f"{MODEL}/model.weights.h5", LARGEST_WEIGHTS)
    with weights.open("rb") as file:
        if file.read(len(HDF5)) != HDF5:
            raise SubmissionError(
                "model/model.weights.h5 is no HDF5 file of weights. It is not opened: "
                "a pickle, say, could run anything."
            )
    backbone: Any = None
    folder = submission.folder / MODEL
    for filename in CONFIGS:
        if filename not in NEEDED and not os.path.lexists(folder / filename):
            continue
        try:
            config = json.loads(submission.text(f"{MODEL}/{filename}"))
            _check_classes(filename, config)
        except (json.JSONDecodeError, RecursionError) as error:
            raise SubmissionError(f"model/{filename} is no JSON: {error}.") from None
        if filename == "config.json":
            backbone = isinstance(config, dict) and config.get("registered_name")
    if not isinstance(backbone, str) or backbone not in TASKS:
        raise SubmissionError(
            f"model/config.json must be that of one of {', '.join(TASKS)}. "
            f"Received: {backbone!r:.100}"
        )
    return backbone


def load_model(submission: Submission) -> Any:
    """Load the model of a submission, if it passes `check_model`.

    Args:
        submission: a `Submission`.

    Returns:
        A `MiniGPTCausalLM` or a `keras_hub.models.GPT2CausalLM`, in float32.

    Raises:
        SubmissionError: if it does not pass, or its parts do not fit together.
    """
    module, task = TASKS[check_model(submission)]
    cls = getattr(importlib.import_module(module), task)
    try:
        return cls.from_preset(str(submission.folder / MODEL), dtype="float32")
    except Exception as error:  # whatever Keras and h5py raise on what does not fit
        reason = " ".join(str(error).split())[:300]
        raise SubmissionError(
            f"model/ cannot be loaded: {type(error).__name__}: {reason}"
        ) from None


def _check_classes(filename: str, config: Any) -> None:
    """Refuse a config that names a class, or a file, that is not allowed."""
    if isinstance(config, list):
        for value in config:
            _check_classes(filename, value)
    if not isinstance(config, dict):
        return
    if "class_name" in config or "registered_name" in config:
        named = [config.get(key) for key in ("module", "class_name", "registered_name")]
        if not _is_allowed(*map(str, named)):
            raise SubmissionError(
                f"model/{filename} names the class {named[1]!r:.80} of "
                f"{named[0]!r:.80}, which the challenge does not allow (no Lambda, no "
                "code of one's own). The model is not loaded."
            )
    file = config.get("config_file", "tokenizer.json")
    if file not in CONFIGS:
        raise SubmissionError(f"model/{filename} points to the file {file!r:.80}.")
    for value in config.values():
        _check_classes(filename, value)


def _is_allowed(module: str, name: str, registered: str) -> bool:
    """Whether Keras may be asked for this class of this module."""
    root = module.partition(".")[0]
    if name in _ALLOWED_OF_KERAS:
        return root == "keras" and registered in ("None", name)
    return f"{root}>{name}" == registered and registered in _ALLOWED
