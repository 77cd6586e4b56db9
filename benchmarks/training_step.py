"""A training step: its time, and the most memory that the process ever holds.

The published mini-GPT recipe, against ours with the same architecture, against ours as
recommended, all within `fit`; and Hugging Face's GPT-2 and a plain PyTorch loop of the
same size. The times are those of 3,200 tokens, from the same documents; ours as
recommended takes them in two steps.
"""

import tempfile
from pathlib import Path

from benchmarks.harness import (
    Contender,
    alternate,
    data,
    parse_arguments,
    publish,
    row,
    start,
)
from benchmarks.harness.sizes import BATCH_SIZE, MINI_GPT, TINY

DOCUMENTS = 2000  # enough for all steps, and no memory to speak of
TIME_TARGET, MEMORY_TARGET = 3.0, 2.0
KERAS, TORCH = "benchmarks.contenders.training", "benchmarks.contenders.torch_training"

# Contenders: function and settings.
CONTENDERS = {
    "published recipe": (f"{KERAS}:published", {}),
    "ours, same architecture, float32": (
        f"{KERAS}:same_architecture",
        {"dtype": "float32"},
    ),
    "ours, same architecture, bfloat16": (
        f"{KERAS}:same_architecture",
        {"dtype": "mixed_bfloat16"},
    ),
    "ours, recommended": (f"{KERAS}:recommended", {}),
    "Hugging Face, float32": (f"{TORCH}:hugging_face", {}),
    "plain PyTorch, float32": (f"{TORCH}:plain_torch", {"dtype": "float32"}),
    "plain PyTorch, bfloat16": (f"{TORCH}:plain_torch", {"dtype": "bfloat16"}),
}

# Rows: ours, theirs, and whether the targets are about them.
PAIRS = (
    ("ours, same architecture, float32", "published recipe", True),
    ("ours, same architecture, bfloat16", "published recipe", True),
    ("ours, recommended", "published recipe", False),
    ("ours, same architecture, float32", "Hugging Face, float32", False),
    ("ours, same architecture, float32", "plain PyTorch, float32", False),
    ("ours, recommended", "plain PyTorch, bfloat16", False),
    ("ours, recommended", "Hugging Face, float32", False),
)


def main() -> None:
    """Measure and publish."""
    arguments = parse_arguments(
        __doc__,
        repeats={"type": int, "default": 7},
        steps={"type": int, "default": 6, "help": "in each repeat"},
    )
    sizes = TINY if arguments.quick else MINI_GPT
    repeats, steps = (2, 2) if arguments.quick else (arguments.repeats, arguments.steps)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.npz"
        described = data.prepare(
            path, sizes["sequence_length"] + 1, arguments.quick, DOCUMENTS
        )
        contenders = {
            name: Contender(function, {"path": str(path), **settings, **sizes})
            for name, (function, settings) in CONTENDERS.items()
        }
        with start(contenders) as workers:
            warm_up = alternate(workers, 1, steps=2)
            answers = alternate(workers, repeats, steps=steps)

    tokens = sizes["sequence_length"] * BATCH_SIZE
    time_unit = f"ms a step of {tokens} tokens"
    rows = []
    for ours, theirs, targeted in PAIRS:
        for what, unit, key, target in (
            ("step", time_unit, "ms", TIME_TARGET),
            ("peak memory of the process", "MiB", "peak_mib", MEMORY_TARGET),
            ("memory above the imports", "MiB", "own_mib", MEMORY_TARGET),
        ):
            sides = [
                [costs(answer, tokens)[key] for answer in answers[name]]
                for name in (ours, theirs)
            ]
            if key != "ms":  # a high-water mark: the last is the highest
                sides = [side[-1:] for side in sides]
            rows.append(
                row(
                    f"{what}: {ours} / {theirs}",
                    unit,
                    *sides,
                    target if targeted else None,
                )
            )
    publish(
        "training_step",
        rows,
        described,
        arguments,
        sizes=sizes,
        contenders={
            name: {
                "first_step_seconds": round(warm_up[name][0]["first"], 3),
                "milliseconds": [round(costs(a, tokens)["ms"], 3) for a in given],
                "peak_mib": round(given[-1]["peak_mib"], 1),
                "own_mib": round(given[-1]["own_mib"], 1),
                "training_loss": [round(a["loss"], 4) for a in given],
                "most_idle_cpu": round(max(a["idle_cpu"] for a in given), 4),
            }
            for name, given in answers.items()
        },
    )


def costs(answer: dict, tokens: int) -> dict[str, float]:
    """The costs in an answer; the time for as many tokens as the published batch."""
    return {**answer, "ms": 1e3 * answer["seconds"] * tokens / answer["tokens"]}


if __name__ == "__main__":
    main()
