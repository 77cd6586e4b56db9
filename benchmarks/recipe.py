"""What each option of the training recipe is worth, changed alone.

Ours is the recipe as recommended, theirs the same with one thing changed, trained on as
many tokens from the same seed. One seed: differences of a hundredth of a nat say
nothing. Steps and parameters are under `runs`. Nothing is timed, so it does not need an
idle machine.
"""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import (
    Contender,
    data,
    fixed_row,
    parse_arguments,
    publish,
    start,
)
from benchmarks.harness.sizes import MINI_GPT, TINY

OPTIONS: dict[str, dict[str, Any]] = {
    "no unigram bias": {"unigram_bias": False},
    "tied embeddings": {"backbone": {"tie_weights": True}},
    "normalising before each part": {"backbone": {"normalize_first": True}},
    "packing": {"packing": True},
    "Adam at a constant rate of 1e-3": {"optimizer": "adam", "learning_rate": 1e-3},
    "half the learning rate": {"learning_rate": 1e-3},
    "twice the learning rate": {"learning_rate": 4e-3},
    "the same rate for embeddings": {"embedding_rate": 1.0},
    "ten times the rate for embeddings": {"embedding_rate": 10.0},
    "batches of 8": {"batch_size": 8},
    "batches of 32": {"batch_size": 32},
    "dropout of 0.1": {"backbone": {"dropout": 0.1}},
    "squared ReLU": {"backbone": {"activation": "squared_relu"}},
    "QK-norm": {"attention": "Normalised"},
    "RoPE": {"attention": "Rotated"},
    "Muon": {"optimizer": "muon"},
    "float32": {"backbone": {"dtype": "float32"}},
}


def main() -> None:
    """Train, compare and publish."""
    arguments = parse_arguments(
        __doc__, tokens={"type": int, "default": 480_000, "help": "to train on"}
    )
    sizes, tokens_seen = MINI_GPT, arguments.tokens
    if arguments.quick:
        sizes, tokens_seen = TINY, 20_000
    runs: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "tokens.npz")
        described = data.prepare(
            Path(path), sizes["sequence_length"] + 1, arguments.quick
        )
        for name, changes in {"recommended": {}, **OPTIONS}.items():
            contender = Contender(
                "benchmarks.contenders.quality:with_options", {"path": path, **sizes}
            )
            with start({name: contender}) as workers:
                answer = workers[name].ask(changes=changes, tokens_seen=tokens_seen)
            point = answer["curve"][-1]
            runs[name] = {
                "nats": point["nats"],
                "steps": point["steps"],
                "parameters": answer["parameters"],
            }
            print(name, runs[name], flush=True)
    unit = f"held-out nats per token after {tokens_seen:,} tokens"
    rows = [
        fixed_row(
            f"as recommended / with {name}",
            unit,
            runs["recommended"]["nats"],
            runs[name]["nats"],
        )
        for name in OPTIONS
    ]
    publish("recipe", rows, described, arguments, runs=runs)


if __name__ == "__main__":
    main()
