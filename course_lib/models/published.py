"""The mini-GPTs of published tutorials, by name.

`mini_gpt` has the sizes, batch and length of the keras.io example as first published;
the others are variants found in other tutorials. They share one block with
normalisation after each sub-layer, an output layer of its own with a bias, and, as in
the example's later version, heads as wide as the model (`key_dim = hidden_dim`).
"""

from typing import Any

_COMMON: dict[str, Any] = {"num_layers": 1, "dropout": 0.1}

_CONFIGS: dict[str, dict[str, Any]] = {
    "mini_gpt": {
        "vocabulary_size": 20_000,
        "sequence_length": 100,
        "hidden_dim": 256,
        "num_heads": 2,
        "intermediate_dim": 256,
        "batch_size": 32,
    },
    "mini_gpt_small": {
        "vocabulary_size": 10_000,
        "sequence_length": 40,
        "hidden_dim": 196,
        "num_heads": 2,
        "intermediate_dim": 196,
        "batch_size": 512,
    },
    "mini_gpt_large": {
        "vocabulary_size": 20_000,
        "sequence_length": 40,
        "hidden_dim": 512,
        "num_heads": 8,
        "intermediate_dim": 512,
        "batch_size": 1024,
    },
    "wide_feedforward": {
        "vocabulary_size": 15_000,
        "sequence_length": 100,
        "hidden_dim": 256,
        "num_heads": 2,
        "intermediate_dim": 2048,
        "batch_size": 128,
    },
}

names: tuple[str, ...] = tuple(_CONFIGS)


def config(name: str) -> dict[str, Any]:
    """Everything a published mini-GPT is defined by.

    Args:
        name: one of `published.names`.

    Returns:
        A dict with `batch_size`, `sequence_length` and `backbone`, the arguments of
        `MiniGPTBackbone`.

    Raises:
        ValueError: if there is no such name.

    Example:
    ```python
    config = published.config("mini_gpt")
    backbone = MiniGPTBackbone(**config["backbone"])
    ```
    """
    if name not in _CONFIGS:
        raise ValueError(
            f"`name` must be one of {list(names)}. Received: name={name!r}"
        )
    settings = dict(_CONFIGS[name])
    batch_size = settings.pop("batch_size")
    sequence_length = settings.pop("sequence_length")
    return {
        "batch_size": batch_size,
        "sequence_length": sequence_length,
        "backbone": {
            **_COMMON,
            **settings,
            "key_dim": settings["hidden_dim"],
            "max_sequence_length": sequence_length,
        },
    }
