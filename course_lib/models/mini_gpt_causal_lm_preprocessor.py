"""Between text and what the mini-GPT is trained on and generates."""

import warnings
from typing import Any

import keras
import keras_hub
import numpy as np

from course_lib.models.mini_gpt_backbone import MiniGPTBackbone
from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer
from course_lib.models.mini_gpt_word_piece_tokenizer import MiniGPTWordPieceTokenizer


@keras.saving.register_keras_serializable(package="course_lib")
class MiniGPTCausalLMPreprocessor(keras_hub.models.CausalLMPreprocessor):
    """Texts to next-token pairs `(x, y, sample_weight)`, for `fit` and `evaluate`.

    Of each text the first `sequence_length + 1` tokens are used: `x` holds all but
    the last, `y` all but the first, so that `y[t]` follows `x[t]`. The start token, if
    the tokenizer has one, is the first of them. The end token closes a text that ends
    within them. A text that was cut has none: it would teach the model that texts stop
    after `sequence_length` tokens. `sample_weight` is 1 where `y` is a real token
    and 0 where it is padding.

    Args:
        tokenizer: a `MiniGPTTokenizer` or a `MiniGPTWordPieceTokenizer`.
        sequence_length: int.
        add_end_token: bool. Whether the end token closes a text.
        **kwargs: passed to `keras_hub.models.CausalLMPreprocessor`.

    Call arguments:
        x: str, list of str or tf string tensor of shape `()` or `(B,)`.
        y: ignored.
        sample_weight: ignored.
        sequence_length: int, for this call.

    Returns:
        `({"token_ids": (B, T), "padding_mask": (B, T)}, y (B, T), sample_weight
        (B, T))`, without `B` for a single text.

    Example:
    ```python
    preprocessor = MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=20)
    x, y, sample_weight = preprocessor(["a great film.", "not for me."])
    ```
    """

    backbone_cls = MiniGPTBackbone
    tokenizer_cls = MiniGPTTokenizer

    def __init__(
        self,
        tokenizer: MiniGPTTokenizer | MiniGPTWordPieceTokenizer,
        sequence_length: int = 100,
        add_end_token: bool = True,
        **kwargs: Any,
    ) -> None:
        if sequence_length < 1:
            raise ValueError(
                "`sequence_length` must be at least 1. "
                f"Received: sequence_length={sequence_length}"
            )
        kwargs["add_start_token"] = tokenizer.start_token_id is not None
        super().__init__(
            tokenizer,
            sequence_length=sequence_length,
            add_end_token=add_end_token,
            **kwargs,
        )

    def build(self, input_shape: Any) -> None:
        """Nothing to build."""
        self.built = True

    def call(self, x, y=None, sample_weight=None, sequence_length=None):
        import tensorflow as tf

        length = (sequence_length or self.sequence_length) + 1
        with tf.device("cpu"):
            token_ids = self.tokenizer.tokenize(x)
            single = token_ids.shape.rank == 1
            if single:
                token_ids = tf.RaggedTensor.from_tensor(token_ids[None, :])
            column = [token_ids.nrows(), 1]
            if self.add_start_token:
                start = tf.fill(column, self.tokenizer.start_token_id)
                token_ids = tf.concat([start, token_ids], axis=1)
            if self.add_end_token:
                end = tf.fill(column, self.tokenizer.end_token_id)
                token_ids = tf.concat([token_ids, end], axis=1)
            token_ids = token_ids.to_tensor(
                default_value=self.tokenizer.pad_token_id, shape=(None, length)
            )
            if single:
                token_ids = token_ids[0]
            padding_mask = tf.not_equal(token_ids, self.tokenizer.pad_token_id)
        features = {
            "token_ids": token_ids[..., :-1],
            "padding_mask": padding_mask[..., :-1],
        }
        labels, weights = token_ids[..., 1:], padding_mask[..., 1:]
        outputs = (features, labels, weights)
        if tf.executing_eagerly():
            outputs = keras.tree.map_structure(keras.ops.convert_to_tensor, outputs)
        return outputs

    def generate_preprocess(self, x: Any, sequence_length: int | None = None) -> dict:
        """Prompts to token ids and padding mask `(B, sequence_length)`, not ended.

        Words that become `[UNK]` are named in a warning.

        Args:
            x: list of str or string tensor `(B,)`.
            sequence_length: int, the length to pad to.

        Returns:
            A dict of `token_ids` and `padding_mask`, both `(B, sequence_length)`.

        Raises:
            ValueError: if a prompt leaves no room to generate or, where there is no
                start token, holds no word.
        """
        length = sequence_length or self.sequence_length
        prompts = [_to_str(prompt) for prompt in np.atleast_1d(np.asarray(x, object))]
        if not prompts:
            raise ValueError("`inputs` must hold at least one prompt. Received: none")
        token_ids = np.full(
            (len(prompts), length), self.tokenizer.pad_token_id, "int32"
        )
        for row, prompt in zip(token_ids, prompts, strict=True):
            ids = self.tokenizer.tokenize(prompt).numpy()
            if (ids == self.tokenizer.unk_token_id).any():
                self._warn_unknown(prompt)
            if self.add_start_token:
                ids = np.insert(ids, 0, self.tokenizer.start_token_id)
            if not len(ids):
                raise ValueError(
                    "Every prompt in `inputs` must hold at least one word: the model "
                    f"continues a text, it cannot begin one. Received: {prompt!r}"
                )
            if len(ids) >= length:
                raise ValueError(
                    "`max_length` counts the prompt too and must leave room for a new "
                    f"token. Received: max_length={length} and a prompt of {len(ids)} "
                    f"tokens: {prompt!r}"
                )
            row[: len(ids)] = ids
        outputs = {
            "token_ids": token_ids,
            "padding_mask": token_ids != self.tokenizer.pad_token_id,
        }
        return keras.tree.map_structure(keras.ops.convert_to_tensor, outputs)

    def generate_postprocess(self, x: dict) -> list[str]:
        """Generated token ids to texts, up to and without the end token or padding."""
        token_ids = keras.ops.convert_to_numpy(x["token_ids"])
        padding_mask = keras.ops.convert_to_numpy(x["padding_mask"]).astype(bool)
        end = self.tokenizer.end_token_id
        rows = [
            row[mask & (row != end)].tolist()
            for row, mask in zip(token_ids, padding_mask, strict=True)
        ]
        return [self.tokenizer.detokenize(row) for row in rows]

    def _warn_unknown(self, prompt: str) -> None:
        """Name the words of a prompt that the model reads as `[UNK]`."""
        unknown = ", ".join(self.tokenizer.unknown_words(prompt))
        warnings.warn(f"Not in the vocabulary, read as [UNK]: {unknown}", stacklevel=2)


def _to_str(prompt: Any) -> str:
    """A prompt as str, from str, bytes or a scalar string tensor."""
    prompt = prompt.numpy() if hasattr(prompt, "numpy") else prompt
    prompt = prompt.decode("utf-8") if isinstance(prompt, bytes) else prompt
    if not isinstance(prompt, str):
        raise ValueError(
            "`inputs` must be a str or a list of str. "
            f"Received: {prompt!r} of type {type(prompt).__name__}"
        )
    return prompt
