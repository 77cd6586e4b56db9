"""A small GPT built from the layers of `course_lib`, as KerasHub tasks are built."""

from course_lib.models import published
from course_lib.models.mini_gpt_backbone import MiniGPTBackbone
from course_lib.models.mini_gpt_causal_lm import MiniGPTCausalLM
from course_lib.models.mini_gpt_causal_lm_preprocessor import (
    MiniGPTCausalLMPreprocessor,
)
from course_lib.models.mini_gpt_tokenizer import MiniGPTTokenizer
from course_lib.models.mini_gpt_word_piece_tokenizer import MiniGPTWordPieceTokenizer

__all__ = [
    "MiniGPTBackbone",
    "MiniGPTCausalLM",
    "MiniGPTCausalLMPreprocessor",
    "MiniGPTTokenizer",
    "MiniGPTWordPieceTokenizer",
    "published",
]
