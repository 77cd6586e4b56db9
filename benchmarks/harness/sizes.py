"""Sizes of the models, by the names that every contender takes."""

from typing import Any

MINI_GPT: dict[str, Any] = {
    "vocabulary_size": 20_000,
    "sequence_length": 100,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 256,
    "intermediate_dim": 256,
}
GPT2: dict[str, Any] = {
    "vocabulary_size": 50_257,
    "sequence_length": 1024,
    "num_layers": 12,
    "num_heads": 12,
    "hidden_dim": 768,
    "intermediate_dim": 3072,
}
SUBWORD_GPT: dict[str, Any] = {
    "vocabulary_size": 5000,
    "sequence_length": 128,
    "num_layers": 2,
    "num_heads": 3,
    "hidden_dim": 256,
    "intermediate_dim": 256,
}
TINY: dict[str, Any] = {  # for --quick
    "vocabulary_size": 1000,
    "sequence_length": 20,
    "num_layers": 1,
    "num_heads": 2,
    "hidden_dim": 32,
    "intermediate_dim": 32,
}
BATCH_SIZE = 32
