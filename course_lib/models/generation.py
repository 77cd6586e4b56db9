"""How a mini-GPT continues token ids: caches, the window, stop tokens."""

from typing import Any

from keras import ops

from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer

Tensor = Any


def complete(model: Any, inputs: dict, stop_token_ids: Any = None) -> dict:
    """Continue prompts until each row has stopped or is full.

    Args:
        model: a `MiniGPTCausalLM`.
        inputs: dict of `token_ids` and `padding_mask`, both `(B, max_length)`: each
            row a prompt, then room to be filled.
        stop_token_ids: ids that end a row when generated, or `None`.

    Returns:
        A dict of the same shapes. `padding_mask` is `True` up to and including the
        first generated stop token of each row; `[PAD]` follows.
    """
    token_ids = ops.cast(inputs["token_ids"], "int32")
    prompt_mask = ops.cast(inputs["padding_mask"], "bool")
    decoder = Decoder(model, *ops.shape(token_ids))
    # The shortest prompt decides where to begin; longer ones keep their tokens.
    index = ops.min(ops.sum(ops.cast(prompt_mask, "int32"), axis=-1))
    token_ids = model.sampler(
        decoder.next,
        token_ids,
        cache=decoder.read_prompt(token_ids, index),
        index=index,
        mask=prompt_mask,
        stop_token_ids=stop_token_ids,
        model=model,
    )
    mask = _until_stop(token_ids, prompt_mask, stop_token_ids)
    return {
        "token_ids": ops.where(mask, token_ids, MiniGPTTokenizer.pad_token_id),
        "padding_mask": mask,
    }


def advance(model: Any, state: dict) -> dict:
    """Continue each row by one token.

    Args:
        model: a `MiniGPTCausalLM`.
        state: dict of `token_ids` `(B, max_length)`; `index`, a scalar int tensor, how
            many of them there are; and the `cache` that the step before returned,
            `()` in the first step, which reads the prompt.

    Returns:
        The state after it, for the next step.
    """
    token_ids, index = state["token_ids"], state["index"]
    decoder = Decoder(model, *ops.shape(token_ids))
    cache = state["cache"] or decoder.read_prompt(token_ids, index)
    logits, _, cache = decoder.next(token_ids, cache, index)
    probabilities = model.sampler.compute_probabilities(logits)
    new = ops.cast(model.sampler.get_next_token(probabilities), token_ids.dtype)
    return {
        "token_ids": ops.slice_update(token_ids, (0, index), new[:, None]),
        "index": index + 1,
        "cache": cache,
    }


class Decoder:
    """What a sampler needs of a model to continue `(B, max_length)` token ids.

    Args:
        model: a `MiniGPTCausalLM`.
        batch_size: int `B`.
        max_length: int.
    """

    def __init__(self, model: Any, batch_size: int, max_length: int) -> None:
        self.model = model
        self.batch_size = batch_size
        self.window = min(max_length, model.backbone.max_sequence_length)
        self.slides = max_length > self.window
        self.forbidden = model.forbidden_tokens()

    def read_prompt(self, token_ids: Tensor, length: Tensor) -> tuple:
        """The cache before the first step, when `length` tokens are there."""
        return self._read_window(token_ids, window_start(length - 1, self.window))

    def next(self, token_ids: Tensor, cache: tuple, index: Tensor) -> tuple:
        """Logits `(B, V)` of position `index`, hidden states `(B, D)`, the cache."""
        newest = index - 1
        start = 0
        if self.slides:
            start = window_start(newest, self.window)
            moved = ops.not_equal(start, window_start(newest - 1, self.window))
            cache = ops.cond(
                moved, lambda: self._read_window(token_ids, start), lambda: cache
            )
        token = ops.slice(token_ids, (0, newest), (self.batch_size, 1))
        logits, hidden_states, cache = self.model.call_with_cache(
            token, cache, newest - start
        )
        logits = ops.where(self.forbidden, -float("inf"), logits[:, 0])
        return logits, hidden_states[:, 0], cache

    def _read_window(self, token_ids, start):
        """Keys and values of the window that begins at `start`."""
        # What lies past the end is padding: no earlier token sees it.
        padded = ops.pad(token_ids, [[0, 0], [0, self.window]])
        tokens = ops.slice(padded, (0, start), (self.batch_size, self.window))
        cache = self.model.backbone.empty_cache(self.batch_size, self.window)
        return self.model.backbone.call_with_cache(tokens, cache, 0)[1]


def window_start(position: Any, window: int) -> Any:
    """Where the window begins when the newest token stands at `position`.

    Args:
        position: int or int tensor, counted from the start of the text.
        window: int `W`, how many tokens the model can see.

    Returns:
        0 while the text fits. Each time the window is full, it moves on so that the
        last `W // 2` tokens stay, and the new one follows them.
    """
    step = window - window // 2
    steps = ops.maximum(position - window + step, 0) // step
    return steps * step


def _until_stop(token_ids, prompt_mask, stop_token_ids):
    """`True` up to and including the first generated stop token of each row."""
    if stop_token_ids is None:
        return ops.ones_like(token_ids, dtype="bool")
    stops = ops.zeros_like(token_ids, dtype="bool")
    for stop_token_id in stop_token_ids:
        stops = ops.logical_or(stops, ops.equal(token_ids, stop_token_id))
    stops = ops.cast(ops.logical_and(stops, ops.logical_not(prompt_mask)), "int32")
    return ops.equal(ops.cumsum(stops, axis=-1) - stops, 0)
