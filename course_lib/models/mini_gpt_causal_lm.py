"""The mini-GPT as a KerasHub task: `fit`, `evaluate`, `generate`, presets."""

from typing import Any

import keras
import keras_hub
import numpy as np
from keras import ops

from course_lib.models.mini_gpt_backbone import MiniGPTBackbone
from course_lib.models.mini_gpt_causal_lm_preprocessor import (
    MiniGPTCausalLMPreprocessor,
)
from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer
from course_lib.models.token_ids import check_prompts, check_token_ids


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTCausalLM(keras_hub.models.CausalLM):
    """A mini-GPT that predicts the next token, and so generates text.

    With the default loss of `compile()`, `fit` and `evaluate` report `loss`, the mean
    over batches of -log p a real token in nats, and `perplexity`, which weights all
    tokens alike: `math.log(perplexity)` is the exact loss of a data set. Padding
    counts nowhere. As in KerasHub, `fit` takes a list of texts in the order it has:
    shuffle it first, or give a `tf.data.Dataset` that shuffles before it batches.

    `generate()` runs compiled and keeps the keys and values of earlier tokens. It
    never produces `[PAD]` or `[UNK]`; `[END]` ends a text. `max_length` counts the
    prompt and may exceed the window of the model: once `max_sequence_length = W`
    tokens are full and one more comes, the model goes on from the last `W // 2` of
    them and the new one. A prompt longer than the window is read the same way.

    Args:
        backbone: a `MiniGPTBackbone`.
        preprocessor: a `MiniGPTCausalLMPreprocessor`, or `None` to work on token ids.
        **kwargs: passed to `keras_hub.models.CausalLM`.

    Example:
    ```python
    import course_lib
    from course_lib.models import MiniGPTCausalLM

    gpt = MiniGPTCausalLM.from_preset(course_lib.presets.path("mini_gpt_imdb"))
    gpt.generate("this movie is", max_length=30)
    ```
    """

    backbone_cls = MiniGPTBackbone
    preprocessor_cls = MiniGPTCausalLMPreprocessor
    _perplexity: Any = None
    _loss_is_nats = False

    def __init__(
        self,
        backbone: MiniGPTBackbone,
        preprocessor: MiniGPTCausalLMPreprocessor | None = None,
        **kwargs: Any,
    ) -> None:
        self.backbone = backbone
        self.preprocessor = preprocessor
        vocabulary_size = self._tokenizer_size()
        if vocabulary_size > backbone.vocabulary_size:
            raise ValueError(
                "`backbone.vocabulary_size` must be at least the tokenizer's "
                f"{vocabulary_size}. Received: {backbone.vocabulary_size}"
            )
        inputs = backbone.input
        logits = backbone.token_embedding(backbone(inputs), reverse=True)
        # The loss needs float32, whatever the model computes in.
        outputs = keras.layers.Activation("linear", dtype="float32", name="logits")(
            logits
        )
        super().__init__(inputs=inputs, outputs=outputs, **kwargs)

    def compile(
        self, optimizer="auto", loss="auto", *, weighted_metrics="auto", **kwargs
    ):
        """As `keras_hub.models.CausalLM.compile`, with defaults that suit a GPT.

        Args:
            optimizer: defaults to `keras.optimizers.Adam()`, whose rate of 1e-3 is
                right for training from scratch; KerasHub's 2e-5 is for finetuning.
            loss: defaults to the cross-entropy in nats, averaged over real tokens.
                With it the perplexity is reported too.
            weighted_metrics: defaults to none: each would go through all logits once
                more.
            **kwargs: `sampler` and whatever `keras.Model.compile` takes.
        """
        if optimizer == "auto":
            optimizer = keras.optimizers.Adam()
        if self._perplexity is None:
            self._perplexity = PerplexityOfLoss(name="perplexity")
        self._loss_is_nats = loss == "auto"
        if loss == "auto":
            loss = keras.losses.SparseCategoricalCrossentropy(
                from_logits=True, reduction="mean_with_sample_weight"
            )
        if weighted_metrics == "auto":
            weighted_metrics = []
        super().compile(optimizer, loss, weighted_metrics=weighted_metrics, **kwargs)

    @property
    def metrics(self):
        """As in Keras; the perplexity is among them only if the loss is in nats."""
        return [
            metric
            for metric in super().metrics
            if metric is not self._perplexity or self._loss_is_nats
        ]

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        """The loss of a batch, which also goes into the perplexity."""
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        if self._loss_is_nats:
            weights = ops.ones_like(y) if sample_weight is None else sample_weight
            num_tokens = ops.sum(ops.cast(weights, "float32"))
            self._perplexity.update_state(loss, sample_weight=num_tokens)
        return loss

    def generate(self, inputs, max_length=None, stop_token_ids="auto", **kwargs):
        """As `keras_hub.models.CausalLM.generate`; see the class for the window.

        Args:
            inputs: str or list of str; with `preprocessor=None` a dict of
                `token_ids` and `padding_mask` `(B, max_length)`.
            max_length: int, the most tokens of prompt and continuation together.
                Defaults to the preprocessor's `sequence_length`.
            stop_token_ids: `"auto"` for `[END]`, `None`, or a list of ids.
            **kwargs: `strip_prompt=True` returns the continuation alone.

        Returns:
            The text, or a list of texts for a list of prompts.

        Raises:
            ValueError: if a prompt is empty or not a str, or leaves no room.
        """
        if max_length is not None and not (
            isinstance(max_length, int | np.integer) and max_length >= 2
        ):
            raise ValueError(
                "`max_length` must be an integer of at least 2: a prompt and a new "
                f"token. Received: max_length={max_length!r}"
            )
        is_dataset = hasattr(inputs, "as_numpy_iterator")
        if self.preprocessor is None and not is_dataset:
            check_prompts(inputs, self.backbone.vocabulary_size)
        stop_token_ids = stop_token_ids or None  # an empty list stops nothing
        return super().generate(inputs, max_length, stop_token_ids, **kwargs)

    def call(self, inputs, training=None, mask=None, **kwargs):
        """Logits `(B, T, V)` in float32 for a dict of inputs, see `MiniGPTBackbone`."""
        check_token_ids(inputs, self.backbone.max_sequence_length)
        return super().call(inputs, training=training, mask=mask, **kwargs)

    def _tokenizer_size(self) -> int:
        """How many tokens the tokenizer knows; 0 without one, or before it loads."""
        if self.preprocessor is None or not self.preprocessor.tokenizer.has_vocabulary:
            return 0
        return self.preprocessor.tokenizer.vocabulary_size()

    def call_with_cache(self, token_ids, cache, cache_update_index):
        """Logits `(B, T, V)`, hidden states `(B, T, D)` and cache after new tokens.

        See `MiniGPTBackbone.call_with_cache` for the arguments.
        """
        hidden_states, cache = self.backbone.call_with_cache(
            token_ids, cache, cache_update_index
        )
        logits = self.backbone.token_embedding(hidden_states, reverse=True)
        return ops.cast(logits, "float32"), hidden_states, cache

    def generate_step(self, inputs, stop_token_ids=None):
        """Complete one batch of prompts `(B, max_length)`; runs compiled."""
        token_ids = ops.cast(inputs["token_ids"], "int32")
        prompt_mask = ops.cast(inputs["padding_mask"], "bool")
        batch_size, max_length = ops.shape(token_ids)
        window = min(max_length, self.backbone.max_sequence_length)
        candidates = ops.arange(self.backbone.vocabulary_size)
        forbidden = candidates <= max(
            MiniGPTTokenizer.pad_token_id, MiniGPTTokenizer.unk_token_id
        )
        if self._tokenizer_size():  # ids past it stand for no word
            forbidden = ops.logical_or(forbidden, candidates >= self._tokenizer_size())

        def read_window(prompt, start):
            """Keys and values of the window that begins at `start`."""
            # What lies past the end is padding: no earlier token sees it.
            padded = ops.pad(prompt, [[0, 0], [0, window]])
            tokens = ops.slice(padded, (0, start), (batch_size, window))
            cache = self.backbone.empty_cache(batch_size, window)
            return self.backbone.call_with_cache(tokens, cache, 0)[1]

        def next(prompt, cache, index):
            newest = index - 1
            start = window_start(newest, window)
            if max_length > window:
                moved = ops.not_equal(start, window_start(newest - 1, window))
                cache = ops.cond(
                    moved, lambda: read_window(prompt, start), lambda: cache
                )
            token = ops.slice(prompt, (0, newest), (batch_size, 1))
            logits, hidden_states, cache = self.call_with_cache(
                token, cache, newest - start
            )
            logits = ops.where(forbidden, -float("inf"), logits[:, 0])
            return logits, hidden_states[:, 0], cache

        # The shortest prompt decides where to begin; longer ones keep their tokens.
        index = ops.min(ops.sum(ops.cast(prompt_mask, "int32"), axis=-1))
        token_ids = self.sampler(
            next,
            token_ids,
            cache=read_window(token_ids, window_start(index - 1, window)),
            index=index,
            mask=prompt_mask,
            stop_token_ids=stop_token_ids,
            model=self,
        )
        return {
            "token_ids": token_ids,
            "padding_mask": _until_stop(token_ids, prompt_mask, stop_token_ids),
        }


class PerplexityOfLoss(keras.metrics.Mean):
    """The exponential of a mean loss in nats that is weighted by tokens."""

    def result(self):
        return ops.exp(super().result())


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
