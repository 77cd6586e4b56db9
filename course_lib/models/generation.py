"""How a mini-GPT continues token ids: caches, the window, stop tokens."""

from typing import Any

from keras import ops

from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer
from course_lib.samplers import FilterSampler
from course_lib.samplers.stopping import is_stop_token

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

    Raises:
        ValueError: if the sampler gives several texts for a prompt.
    """
    if getattr(model.sampler, "return_all_beams", False):
        raise ValueError(
            "`generate` needs a sampler that gives one text for each prompt. "
            "Received: return_all_beams=True; call the sampler itself for all beams"
        )
    token_ids = ops.cast(inputs["token_ids"], "int32")
    prompt_mask = ops.cast(inputs["padding_mask"], "bool")
    decoder = Decoder(model, token_ids.shape[1])
    # The shortest prompt decides where to begin; longer ones keep their tokens.
    index = ops.min(ops.sum(ops.cast(prompt_mask, "int32"), axis=-1))
    hidden_states, cache = decoder.read_prompt(token_ids, index)
    token_ids = model.sampler(
        decoder.next,
        token_ids,
        cache=cache,
        index=index,
        mask=prompt_mask,
        stop_token_ids=stop_token_ids,
        hidden_states=hidden_states,
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
    decoder = Decoder(model, token_ids.shape[1])
    cache = state["cache"] or decoder.read_prompt(token_ids, index)[1]
    next_logits = decoder.next
    if isinstance(model.sampler, FilterSampler):
        next_logits = model.sampler.noting_tokens(next_logits)
    logits, _, cache = next_logits(token_ids, cache, index)
    probabilities = model.sampler.compute_probabilities(logits)
    new = ops.cast(model.sampler.get_next_token(probabilities), token_ids.dtype)
    return {
        "token_ids": ops.slice_update(token_ids, (0, index), new[:, None]),
        "index": index + 1,
        "cache": cache,
    }


class Decoder:
    """What a sampler needs of a model to continue `(B, max_length)` token ids.

    `B` may change from call to call: some samplers try several tokens for each row.

    Args:
        model: a `MiniGPTCausalLM`.
        max_length: int.
    """

    def __init__(self, model: Any, max_length: int) -> None:
        self.model = model
        self.max_length = max_length
        self.window = min(max_length, model.backbone.max_sequence_length)
        self.slides = max_length > self.window
        self.forbidden = model.forbidden_tokens()

    def read_prompt(self, token_ids: Tensor, length: Tensor) -> tuple:
        """Hidden states `(B, max_length, D)` and cache, when `length` tokens are there.

        The hidden states of tokens outside the window are zeros, those of positions
        that are still to be filled mean nothing.
        """
        start = window_start(length - 1, self.window)
        hidden_states, cache = self._read_window(token_ids, start)
        if self.slides:
            batch_size, _, hidden_dim = ops.shape(hidden_states)
            room = (batch_size, self.max_length + self.window, hidden_dim)
            hidden_states = ops.slice_update(
                ops.zeros(room, hidden_states.dtype), (0, start, 0), hidden_states
            )[:, : self.max_length]
        return hidden_states, cache

    def next(self, token_ids: Tensor, cache: tuple, index: Tensor) -> tuple:
        """Logits `(B, V)` of position `index`, hidden states `(B, D)`, the cache."""
        newest = index - 1
        start = 0
        if self.slides:
            start = window_start(newest, self.window)
            moved = ops.not_equal(start, window_start(newest - 1, self.window))
            cache = ops.cond(
                moved, lambda: self._read_window(token_ids, start)[1], lambda: cache
            )
        token = ops.slice(token_ids, (0, newest), (ops.shape(token_ids)[0], 1))
        logits, hidden_states, cache = self.model.call_with_cache(
            token, cache, newest - start
        )
        logits = ops.where(self.forbidden, -float("inf"), logits[:, 0])
        return logits, hidden_states[:, 0], cache

    def _read_window(self, token_ids, start):
        """Hidden states, keys and values of the window that begins at `start`."""
        # What lies past the end is padding: no earlier token sees it.
        batch_size = ops.shape(token_ids)[0]
        padded = ops.pad(token_ids, [[0, 0], [0, self.window]])
        tokens = ops.slice(padded, (0, start), (batch_size, self.window))
        cache = self.model.backbone.empty_cache(batch_size, self.window)
        return self.model.backbone.call_with_cache(tokens, cache, 0)


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
    stops = ops.logical_and(
        is_stop_token(token_ids, stop_token_ids), ops.logical_not(prompt_mask)
    )
    stops = ops.cast(stops, "int32")
    return ops.equal(ops.cumsum(stops, axis=-1) - stops, 0)
