"""How large a model to train, and for how long: by size of the corpus and by hardware.

| size | words of text | layers | width | heads | vocabulary | dropout | passes |
|---|---|---|---|---|---|---|---|
| tiny | up to 30,000 | 2 | 64 | 2 | 2,000 | 0.2 | 20 |
| small | up to 300,000 | 2 | 128 | 4 | 5,000 | 0.2 | 8 |
| medium | more | 2 | 256 | 4 | 10,000 | 0.1 | 10 |
| large | over 3,000,000, with a GPU | 4 | 384 | 6 | 20,000 | 0.1 | 10 |

A pass is once through the text, in steps of 32 rows of 100 tokens. There are at least
100 steps; at most 3,000 on a CPU (profile `laptop`), 20,000 on a GPU (`full`) and 20 in
tests (`smoke`). The environment variable COURSE_PROFILE overrides the hardware.
"""

from dataclasses import dataclass
from typing import Any

SEQUENCE_LENGTH = 100
BATCH_SIZE = 32
LEARNING_RATE = 2e-3
LEAST_STEPS = 100
MOST_STEPS = {"smoke": 20, "laptop": 3_000, "full": 20_000}
GPU_WORDS = 3_000_000


@dataclass(frozen=True)
class Size:
    """A row of the table above.

    Args:
        most_words: int or `None`, up to how many words of text it is the default.
        num_layers: int.
        hidden_dim: int.
        num_heads: int.
        vocabulary_size: int, the most entries; no more than the text has words.
        dropout: float.
        passes: int, how often the model sees the text, within the limits on steps.
    """

    most_words: int | None
    num_layers: int
    hidden_dim: int
    num_heads: int
    vocabulary_size: int
    dropout: float
    passes: int


SIZES = {
    "tiny": Size(30_000, 2, 64, 2, 2_000, 0.2, 20),
    "small": Size(300_000, 2, 128, 4, 5_000, 0.2, 8),
    "medium": Size(None, 2, 256, 4, 10_000, 0.1, 10),
    "large": Size(None, 4, 384, 6, 20_000, 0.1, 10),
}


def choose_size(num_words: int, profile: str) -> str:
    """The name of the size that suits a corpus and a machine.

    Args:
        num_words: int, words of text.
        profile: `"smoke"`, `"laptop"` or `"full"`.

    Returns:
        A key of `SIZES`.

    Example:
        >>> choose_size(1_000_000, "laptop")
        'medium'
    """
    if profile == "full" and num_words > GPU_WORDS:
        return "large"
    return next(
        name
        for name, size in SIZES.items()
        if size.most_words is None or num_words <= size.most_words
    )


def choose_steps(size: str, num_tokens: int, profile: str) -> int:
    """How many steps to train for.

    Args:
        size: a key of `SIZES`.
        num_tokens: int, tokens to train on.
        profile: `"smoke"`, `"laptop"` or `"full"`.

    Returns:
        The passes of the size in steps, within the limits.

    Example:
        >>> choose_steps("medium", num_tokens=640_000, profile="laptop")
        2000
    """
    steps = SIZES[size].passes * num_tokens // (BATCH_SIZE * SEQUENCE_LENGTH)
    return min(max(steps, LEAST_STEPS), MOST_STEPS[profile])


def backbone_config(size: str) -> dict[str, Any]:
    """What `MiniGPTBackbone` takes, but for the vocabulary.

    Args:
        size: a key of `SIZES`.

    Returns:
        A dict of keyword arguments, fit for JSON.
    """
    row = SIZES[size]
    return {
        "num_layers": row.num_layers,
        "num_heads": row.num_heads,
        "hidden_dim": row.hidden_dim,
        "intermediate_dim": 4 * row.hidden_dim,
        "max_sequence_length": SEQUENCE_LENGTH,
        "dropout": row.dropout,
        "normalize_first": True,
        "tie_weights": True,
    }
