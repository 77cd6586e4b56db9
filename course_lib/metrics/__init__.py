"""Metrics: how well a model predicts text, and what its own text looks like.

- `Perplexity`, a Keras metric, and `bits_per_byte`, which turns a loss into a
  number that models with different tokenizers share.
- `distinct_n`, `repetition` and `longest_copy`: plain functions of generated text.
"""

from course_lib.metrics.generation import distinct_n, longest_copy, repetition
from course_lib.metrics.prediction import Perplexity, bits_per_byte

__all__ = [
    "Perplexity",
    "bits_per_byte",
    "distinct_n",
    "longest_copy",
    "repetition",
]
