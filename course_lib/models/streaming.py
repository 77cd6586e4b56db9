"""Text as it is generated, one token after another."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import keras_hub
import numpy as np
from keras import ops

from course_lib.models.token_ids import check_max_length, check_prompts
from course_lib.samplers import FilterSampler

# The loops of samplers that choose one token after another.
ONE_BY_ONE = (keras_hub.samplers.Sampler.__call__, FilterSampler.__call__)


def stream(
    model: Any,
    inputs: Any,
    max_length: int | None = None,
    stop_token_ids: Any = "auto",
    strip_prompt: bool = False,
) -> Iterator[str] | Iterator[int]:
    """See `MiniGPTCausalLM.stream`. What is wrong is said now, not at the first piece.

    Args:
        model: a `MiniGPTCausalLM`.
        inputs: one prompt.
        max_length: int or `None`.
        stop_token_ids: `"auto"`, `None` or a list of ids.
        strip_prompt: bool.

    Returns:
        An iterator of str, or of int without a preprocessor.
    """
    check_max_length(max_length)
    if type(model.sampler).__call__ not in ONE_BY_ONE:
        raise ValueError(
            "`stream` needs a sampler that chooses one token after another. "
            f"Received: {type(model.sampler).__name__}"
        )
    if model.preprocessor is None:
        check_prompts(inputs, model.backbone.vocabulary_size)
    elif not isinstance(inputs, str):
        raise ValueError(f"`inputs` must be one str. Received: {inputs!r}")
    else:
        inputs = model.preprocessor.generate_preprocess([inputs], max_length)
        if stop_token_ids == "auto":
            stop_token_ids = [model.preprocessor.tokenizer.end_token_id]
    if isinstance(stop_token_ids, str):
        raise ValueError(
            "`stop_token_ids` must be a list of ids, `None` or, with a preprocessor, "
            f"'auto'. Received: {stop_token_ids!r}"
        )
    token_ids, mask = (
        np.asarray(ops.convert_to_numpy(inputs[name]))
        for name in ("token_ids", "padding_mask")
    )
    if len(token_ids) != 1:
        raise ValueError(
            "`inputs` must hold one prompt: a stream has one text. "
            f"Received: {len(token_ids)} prompts"
        )
    length = int(mask.sum())
    prompt = [] if strip_prompt else token_ids[0, :length].tolist()
    new = _new_token_ids(model, token_ids, length, set(stop_token_ids or ()))
    if model.preprocessor is None:
        return itertools.chain(prompt, new)
    return _pieces(model.preprocessor.tokenizer, prompt, new)


def _new_token_ids(
    model: Any, token_ids: np.ndarray, length: int, stop_token_ids: set[int]
) -> Iterator[int]:
    """What the model adds to `token_ids` `(1, max_length)`, a compiled step each."""
    step = model.make_generate_function()
    state = {
        "token_ids": token_ids.astype("int32"),
        "index": np.int32(length),
        "cache": (),
    }
    for index in range(length, token_ids.shape[1]):
        state = step(state)
        new = int(ops.convert_to_numpy(state["token_ids"])[0, index])
        yield new
        if new in stop_token_ids:
            return


def _pieces(tokenizer: Any, prompt: list[int], new: Iterable[int]) -> Iterator[str]:
    """Pieces of text that joined are the text of `prompt` and `new` together."""
    token_ids = list(prompt)
    text = tokenizer.detokenize(token_ids)
    if text:
        yield text
    for token_id in new:
        if token_id == tokenizer.end_token_id:
            continue
        token_ids.append(token_id)
        # All of it once more: white space may depend on any token before.
        shown, text = text, tokenizer.detokenize(token_ids)
        yield text.removeprefix(shown)
