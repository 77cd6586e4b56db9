"""Held-out loss over training time: the published recipe, and ours as recommended.

Each trains alone, one after the other, from the same documents; the loss is the mean
over the real tokens among the first 101 of each held-out review. Compiling and
evaluating do not count as training time. Ours decays its learning rate to the end of a
planned time, so each plan is a run of its own. On IMDB, the published recipe must first
reproduce its known losses.
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

KNOWN = {216: 5.44, 427: 5.24, 867: 4.95}  # nats of the published recipe after steps
TOLERANCE = 3.0  # percent
EQUAL_LOSS_STEPS = 216  # where same architecture, ours and published, are compared
POINTS = 12  # of a curve

Row = dict[str, Any]
Points = list[dict[str, float]]


def main() -> None:
    """Train, compare and publish."""
    arguments = parse_arguments(
        __doc__,
        seconds={"type": float, "default": 600, "help": "of the published recipe"},
        plans={"default": "200,100", "help": "seconds of ours, by commas"},
    )
    sizes, seconds = MINI_GPT, arguments.seconds
    plans = [float(plan) for plan in arguments.plans.split(",")]
    known, equal_loss_steps = KNOWN, EQUAL_LOSS_STEPS
    if arguments.quick:
        sizes, seconds, plans = TINY, 6.0, [2.0, 1.0]
        known, equal_loss_steps = {}, 30
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.npz"
        described = data.prepare(path, sizes["sequence_length"] + 1, arguments.quick)
        if described.startswith("not IMDB"):
            known = {}  # these losses are IMDB's

        def train(function: str, request: dict[str, Any], **settings: Any) -> dict:
            contender = Contender(
                f"benchmarks.contenders.quality:{function}",
                {"path": str(path), **settings, **sizes},
            )
            with start({function: contender}) as workers:
                answer = workers[function].ask(**request)
            print(f"{function} {request}: {answer['curve'][-1]}", flush=True)
            return answer

        published = train(
            "published",
            {
                "seconds": seconds,
                "steps": sorted({*known, equal_loss_steps}),
                "points": POINTS,
            },
        )
        same = train(
            "same_architecture", {"steps": [equal_loss_steps]}, dtype="mixed_bfloat16"
        )
        ours = {
            plan: train("recommended", {"seconds": plan, "points": POINTS})
            for plan in plans
        }

    rows = [
        deviation(
            f"published recipe reproduced: its loss after {step} steps, against {nats}",
            nats_after(published["curve"], step),
            nats,
        )
        for step, nats in known.items()
    ]
    rows.append(
        deviation(
            "same architecture, bfloat16: our loss after "
            f"{equal_loss_steps} steps, against the published recipe's",
            nats_after(same["curve"], equal_loss_steps),
            nats_after(published["curve"], equal_loss_steps),
        )
    )
    final = next(p for p in published["curve"] if p["seconds"] >= seconds)
    for plan, run in ours.items():
        rows += against(final, seconds, plan, run["curve"])
    publish(
        "time_to_quality",
        rows,
        described,
        arguments,
        sizes=sizes,
        runs={
            "published recipe": published,
            "ours, same architecture, bfloat16": same,
            **{f"ours, planned for {plan:g} s": run for plan, run in ours.items()},
        },
    )


def deviation(name: str, measured: float | None, known: float) -> Row:
    """A row that is met within the tolerance: "theirs" is what may be deviated."""
    percent = None
    if measured is not None:  # exactly 0 would have no ratio
        percent = max(100 * abs(measured / known - 1), 0.01)
    return fixed_row(f"{name} (deviation)", "%", percent, TOLERANCE, target=1.0)


def against(final: dict[str, float], budget: float, plan: float, curve: Points):
    """Rows of one run of ours against the published recipe's final point."""
    yield fixed_row(
        f"seconds to the published recipe's loss after {budget:g} s, "
        f"planned for {plan:g} s",
        "s",
        seconds_to(final["nats"], curve),
        final["seconds"],
        target=round(budget / plan, 3),
    )
    yield fixed_row(
        f"held-out loss, ours after {plan:g} s, published after {budget:g} s",
        "nats a token",
        curve[-1]["nats"],
        final["nats"],
    )


def nats_after(curve: Points, steps: int) -> float | None:
    """The loss after so many steps, if the curve has it."""
    return next((p["nats"] for p in curve if p["steps"] == steps), None)


def seconds_to(nats: float, curve: Points) -> float | None:
    """When the curve was first seen at or below `nats`, if it ever was."""
    return next((p["seconds"] for p in curve if p["nats"] <= nats), None)


if __name__ == "__main__":
    main()
