"""The mini-GPT as a KerasHub task: `fit`, `evaluate`, `generate`, presets."""

from typing import Any

import keras
from keras import ops

from course_lib.models import generation, streaming
from course_lib.models.fused_causal_lm import FusedCausalLM
from course_lib.models.mini_gpt_backbone import MiniGPTBackbone
from course_lib.models.mini_gpt_causal_lm_preprocessor import (
    MiniGPTCausalLMPreprocessor,
)
from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer
from course_lib.models.token_ids import check_max_length, check_prompts, check_token_ids


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTCausalLM(FusedCausalLM):
    """A mini-GPT that predicts the next token, and so generates text.

    With the default loss of `compile()`, `fit` and `evaluate` never hold all logits,
    see `course_lib.losses.fused_cross_entropy`. They report `loss`, the mean over
    batches of -log p a real token in nats, and over all tokens alike `perplexity`
    and, with a preprocessor, `bits_per_byte`: `math.log(perplexity)` is the exact loss
    of a data set. Padding counts nowhere. As in KerasHub, `fit` takes a list of texts
    in the order it has: shuffle it first, or give a `tf.data.Dataset` that shuffles
    before it batches.

    `generate()` runs compiled and keeps the keys and values of earlier tokens. It
    never produces `[PAD]` or `[UNK]`; the end token ends a text. `max_length` counts
    the prompt and may exceed the window of the model: once `max_sequence_length = W`
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

    def generate(self, inputs, max_length=None, stop_token_ids="auto", **kwargs):
        """As `keras_hub.models.CausalLM.generate`; see the class for the window.

        Args:
            inputs: str or list of str; with `preprocessor=None` a dict of
                `token_ids` and `padding_mask` `(B, max_length)`.
            max_length: int, the most tokens of prompt and continuation together.
                Defaults to the preprocessor's `sequence_length`.
            stop_token_ids: `"auto"` for the end token, `None`, or a list of ids.
            **kwargs: `strip_prompt=True` returns the continuation alone.

        Returns:
            The text, or a list of texts for a list of prompts.

        Raises:
            ValueError: if a prompt is empty or not a str, or leaves no room.
        """
        check_max_length(max_length)
        is_dataset = hasattr(inputs, "as_numpy_iterator")
        if self.preprocessor is None and not is_dataset:
            check_prompts(inputs, self.backbone.vocabulary_size)
        stop_token_ids = stop_token_ids or None  # an empty list stops nothing
        return super().generate(inputs, max_length, stop_token_ids, **kwargs)

    def stream(
        self, inputs, max_length=None, stop_token_ids="auto", strip_prompt=False
    ):
        """As `generate` for one prompt, but piece by piece, as the tokens come.

        The pieces together are the text that `generate` returns. Like it, `stream`
        compiles once for each `max_length`.

        Args:
            inputs: str; with `preprocessor=None` a dict of `token_ids` and
                `padding_mask` `(1, max_length)`.
            max_length: see `generate`.
            stop_token_ids: see `generate`.
            strip_prompt: bool. Whether to leave out the prompt, which else comes first.

        Returns:
            An iterator of str; with `preprocessor=None` of int, the token ids.

        Raises:
            ValueError: as `generate`; for more than one prompt; and for a sampler that
                does not choose its tokens one by one.

        Example:
        ```python
        for piece in gpt.stream("this movie is", max_length=60):
            print(piece, end="", flush=True)
        ```
        """
        return streaming.stream(self, inputs, max_length, stop_token_ids, strip_prompt)

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
        """Complete one batch of prompts `(B, max_length)`; runs compiled.

        With a `cache` among the inputs, only the next token, see `generation.advance`.
        """
        if "cache" in inputs:
            return generation.advance(self, inputs)
        return generation.complete(self, inputs, stop_token_ids)

    def forbidden_tokens(self):
        """`(V,)`, `True` for `[PAD]`, `[UNK]` and ids that stand for no word."""
        token_ids = ops.arange(self.backbone.vocabulary_size)
        forbidden = token_ids <= max(
            MiniGPTTokenizer.pad_token_id, MiniGPTTokenizer.unk_token_id
        )
        if not self._tokenizer_size():
            return forbidden
        return ops.logical_or(forbidden, token_ids >= self._tokenizer_size())
