"""Generation: the time of a token.

The published callback, KerasHub's GPT-2 on three backends, Hugging Face's `generate`,
and ours, in float32 with random weights, drawing from the 10 likeliest tokens. Two
sizes, mini-GPT and GPT-2 (124M); one text and 32 at once; and up to 1,024 tokens.
"""

from typing import Any

from benchmarks.harness import (
    Contender,
    alternate,
    parse_arguments,
    publish,
    row,
    start,
)
from benchmarks.harness.sizes import GPT2, MINI_GPT, TINY

KERAS = "benchmarks.contenders.generating"
TORCH = "benchmarks.contenders.torch_generating"
OURS, XLA = "ours on TensorFlow", "ours on TensorFlow with XLA"
HUB = "KerasHub on {}".format
HUGGING_FACE, CALLBACK = "Hugging Face", "published callback"
OURS_PUBLISHED = "ours on TensorFlow, published architecture"

# Contenders of the GPT-2 architecture: function, settings, backend.
FIELD = {
    OURS: (f"{KERAS}:ours", {}, "tensorflow"),
    XLA: (f"{KERAS}:ours", {"jit_compile": True}, "tensorflow"),
    "ours on JAX": (f"{KERAS}:ours", {}, "jax"),
    HUB("TensorFlow"): (f"{KERAS}:keras_hub_gpt2", {}, "tensorflow"),
    HUB("JAX"): (f"{KERAS}:keras_hub_gpt2", {}, "jax"),
    HUB("PyTorch"): (f"{KERAS}:keras_hub_gpt2", {}, "torch"),
    HUGGING_FACE: (f"{TORCH}:hugging_face", {}, "torch"),
}
PAIRS = (
    (OURS_PUBLISHED, CALLBACK),
    (OURS, HUB("TensorFlow")),
    (OURS, HUB("JAX")),
    (OURS, HUB("PyTorch")),
    (OURS, HUGGING_FACE),
    (XLA, HUB("JAX")),
    ("ours on JAX", HUB("JAX")),
)
GROWTH = (OURS, HUB("TensorFlow"), HUB("JAX"), HUGGING_FACE)
LENGTHS = (128, 256, 512, 1024)
DEEPER = {"num_layers": 2, "sequence_length": 64}  # GPT-2 with --quick
CALLBACK_LENGTH = 24  # the callback's cost does not depend on it

# Advantages that were promised, by size, batch and contender.
TARGETS = {
    ("mini-GPT", 1, OURS_PUBLISHED, CALLBACK): 60.0,
    ("mini-GPT", 1, OURS, HUB("JAX")): 1.0,
    ("GPT-2", 1, OURS, HUB("JAX")): 1.0,
    ("GPT-2", 1, OURS, HUGGING_FACE): 1.0,
    ("GPT-2", 32, OURS, HUGGING_FACE): 1.0,
}


class Log:
    """Runs groups of contenders and keeps rows and measurements.

    Args:
        at_least: seconds that a contender generates at each turn.
    """

    def __init__(self, at_least: float) -> None:
        self.at_least = at_least
        self.rows: list[dict[str, Any]] = []
        self.measurements: list[dict[str, Any]] = []

    def run(
        self,
        size: str,
        workers: dict[str, Any],
        repeats: int,
        batch_size: int,
        prompt_length: int,
        max_length: int,
    ) -> None:
        """Have `workers` take turns; the first, which compiles, is kept apart."""
        shape = {
            "batch_size": batch_size,
            "prompt_length": prompt_length,
            "max_length": max_length,
        }
        new_tokens = max_length - prompt_length
        first = alternate(workers, 1, **shape, at_least=0)
        answers = alternate(workers, repeats, **shape, at_least=self.at_least)
        milliseconds = {
            name: [1e3 * answer["seconds"] for answer in given]
            for name, given in answers.items()
        }
        place = f"{size}, batch {batch_size}, to {max_length} tokens"
        print(place, flush=True)
        for ours, theirs in PAIRS:
            if ours in workers and theirs in workers:
                target = TARGETS.get((size, batch_size, ours, theirs))
                sides = milliseconds[ours], milliseconds[theirs]
                name = f"{place}: {ours} / {theirs}"
                self.rows.append(row(name, "ms a token of each text", *sides, target))
        self.measurements.append(
            {
                "size": size,
                **shape,
                "milliseconds": {
                    name: [round(value, 4) for value in values]
                    for name, values in milliseconds.items()
                },
                "first_call_seconds": {
                    name: round(given[0]["seconds"] * new_tokens, 2)
                    for name, given in first.items()
                },
                "most_idle_cpu": {
                    name: round(max(answer["idle_cpu"] for answer in given), 4)
                    for name, given in answers.items()
                },
            }
        )


def field(sizes: dict[str, Any]) -> dict[str, Contender]:
    """The contenders of the GPT-2 architecture at some size."""
    return {
        name: Contender(function, {**settings, **sizes}, backend)
        for name, (function, settings, backend) in FIELD.items()
    }


def main() -> None:
    """Measure and publish."""
    arguments = parse_arguments(
        __doc__, repeats={"type": int, "default": 5, "help": "3 for GPT-2"}
    )
    quick, repeats = arguments.quick, arguments.repeats
    mini, gpt2, lengths, at_least = MINI_GPT, GPT2, LENGTHS, 0.5
    if quick:
        mini, gpt2, repeats, at_least = TINY, {**TINY, **DEEPER}, 2, 0.05
        lengths = (32, 64)
    log = Log(at_least)
    long = 20 if quick else 100

    contenders = {
        CALLBACK: Contender(f"{KERAS}:callback", mini),
        OURS_PUBLISHED: Contender(f"{KERAS}:ours_published", mini),
    }
    with start(contenders) as workers:
        length = min(CALLBACK_LENGTH, mini["sequence_length"])
        log.run("mini-GPT", workers, repeats, 1, 4, length)
    with start(field({**mini, "sequence_length": max(lengths)})) as workers:
        for batch_size in (1, 32):
            log.run("mini-GPT", workers, repeats, batch_size, 4, long)
        growing = {name: workers[name] for name in GROWTH}
        for length in lengths:
            log.run("mini-GPT", growing, min(repeats, 3), 1, 4, length)
    with start(field(gpt2)) as workers:
        for batch_size, length in ((1, 40), (32, 24)):
            log.run("GPT-2", workers, min(repeats, 3), batch_size, 8, length)
    publish(
        "generation",
        log.rows,
        "random weights and prompts, seed 0",
        arguments,
        sizes={"mini-GPT": mini, "GPT-2": gpt2},
        measurements=log.measurements,
    )


if __name__ == "__main__":
    main()
