"""Held-out perplexity on novels: published sub-word GPT and ours after equal steps.

Both have the same architecture and parameters, see the same paragraphs in the same
order, 64 at a time, and are measured on the same tokens: the first 128 of each
held-out paragraph. They differ in initialisation, optimizer, schedule, loss and
precision. Each is trained once a seed, which also orders the paragraphs. On the novels,
the published recipe must first reproduce its known losses.
"""

import math
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.harness import (
    Contender,
    fixed_row,
    parse_arguments,
    publish,
    row,
    start,
)
from benchmarks.harness.sizes import SUBWORD_GPT, TINY
from benchmarks.time_to_quality import deviation, nats_after

KNOWN = {171: 5.04, 342: 4.76}  # nats of the published recipe after steps
STAND_IN = "a stand-in for SimpleBooks-92"  # on which they were measured
BATCH_SIZE = 64
TARGET = 1.112  # 10% lower: 1 / 0.9, rounded up


def main() -> None:
    """Train, compare and publish."""
    arguments = parse_arguments(
        __doc__,
        steps={"type": int, "default": 342, "help": "of each training"},
        seeds={"type": int, "default": 2, "help": "trainings of each"},
    )
    sizes, steps, known = SUBWORD_GPT, arguments.steps, KNOWN
    if arguments.quick:
        sizes, steps, known = TINY, 30, {}
    runs: dict[str, list[dict[str, Any]]] = {"published": [], "recommended": []}
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "rows.npz")
        described = prepare(path, sizes, arguments.quick)
        if not described.startswith(STAND_IN):
            known = {}
        at_steps = sorted({*(step for step in known if step < steps), steps})
        for seed in range(arguments.seeds):
            for name, answers in runs.items():
                contender = Contender(
                    f"benchmarks.contenders.subwords:{name}", {"path": path, **sizes}
                )
                with start({name: contender}) as workers:
                    answer = workers[name].ask(
                        seed=seed, steps=at_steps, batch_size=BATCH_SIZE
                    )
                answers.append(answer)
                print(name, seed, answer["curve"][-1], flush=True)
    published, ours = runs["published"], runs["recommended"]
    rows = [
        deviation(
            f"published recipe reproduced: its loss after {step} steps, against {nats}",
            nats_after(published[0]["curve"], step),
            nats,
        )
        for step, nats in known.items()
    ]
    rows += compare(
        steps,
        *([run["curve"][-1]["nats"] for run in side] for side in (ours, published)),
    )
    rows.append(
        fixed_row("parameters", "", ours[0]["parameters"], published[0]["parameters"])
    )
    publish("subword_quality", rows, described, arguments, sizes=sizes, runs=runs)


def prepare(path: str, sizes: dict[str, Any], quick: bool) -> str:
    """Write the paragraphs as ids, in a process of its own; what was read, in words."""
    contender = Contender("benchmarks.contenders.subwords:encoder")
    with start({"data": contender}) as workers:
        answer = workers["data"].ask(
            path=path,
            vocabulary_size=sizes["vocabulary_size"],
            sequence_length=sizes["sequence_length"],
            quick=quick,
        )
    print(answer["data"])
    return answer["data"]


def compare(steps: int, ours: list[float], theirs: list[float]) -> list[dict[str, Any]]:
    """Rows of perplexities, from nats for each seed: all, and the worst case."""
    ours, theirs = map(math.exp, ours), map(math.exp, theirs)
    ours, theirs = sorted(ours), sorted(theirs)
    name = f"held-out perplexity after {steps} steps"
    return [
        row(name, "perplexity", ours, theirs, target=TARGET),
        fixed_row(
            f"{name}: our worst seed against their best",
            "perplexity",
            ours[-1],
            theirs[0],
            target=1.0,
        ),
    ]


if __name__ == "__main__":
    main()
