"""How the cost of training grows: step time and memory against V, T, B and layers.

The published recipe and ours as recommended, on random token ids. Each size is a new
process, since the most memory it held is what counts; the exponent of a cost is the
slope of a line through its logarithms.
"""

from typing import Any

from benchmarks.harness import (
    Contender,
    alternate,
    exponent,
    parse_arguments,
    publish,
    row,
    start,
)
from benchmarks.harness.sizes import BATCH_SIZE, MINI_GPT, TINY

KERAS = "benchmarks.contenders.training"
OURS, PUBLISHED = "ours, recommended", "published recipe"
GROWTH = {  # by size: letter, factors
    "vocabulary_size": ("V", (1 / 4, 1 / 2, 1, 2)),
    "sequence_length": ("T", (1 / 4, 1 / 2, 1, 2)),
    "batch_size": ("B", (1 / 4, 1 / 2, 1, 2)),
    "num_layers": ("layers", (1, 2, 4)),
}
COSTS = {"ms": "ms a step", "own_mib": "MiB above the imports"}


def main() -> None:
    """Measure and publish."""
    arguments = parse_arguments(
        __doc__,
        repeats={"type": int, "default": 3},
        steps={"type": int, "default": 2, "help": "in each repeat"},
    )
    base = {**(TINY if arguments.quick else MINI_GPT), "batch_size": BATCH_SIZE}
    repeats, steps = (2, 1) if arguments.quick else (arguments.repeats, arguments.steps)
    measured: dict[tuple, dict[str, dict[str, list[float]]]] = {}
    rows, growth = [], {}
    for name, (letter, factors) in GROWTH.items():
        values = [int(base[name] * factor) for factor in factors]
        if arguments.quick:
            values = values[-2:]
        for value in values:
            sizes = {**base, name: value}
            key = tuple(sizes.values())
            if key in measured:  # the point where all lines meet
                continue
            measured[key] = measure(sizes, repeats, steps)
            print(letter, value, flush=True)
            for cost, unit in COSTS.items():
                sides = (measured[key][who][cost] for who in (OURS, PUBLISHED))
                at = "at the base size" if sizes == base else f"at {letter}={value}"
                rows.append(row(f"{unit} {at}: {OURS} / {PUBLISHED}", unit, *sides))
        lines = [measured[tuple({**base, name: value}.values())] for value in values]
        growth[letter] = {
            "values": values,
            **{who: curves(values, [line[who] for line in lines]) for who in lines[0]},
        }
    publish(
        "cost_growth",
        rows,
        "random token ids that follow Zipf's law, seed 0",
        arguments,
        base=base,
        growth=growth,
    )


def measure(
    sizes: dict[str, Any], repeats: int, steps: int
) -> dict[str, dict[str, list[float]]]:
    """The costs of both contenders at some sizes, by contender and cost."""
    contenders = {
        OURS: Contender(f"{KERAS}:recommended", {"path": "", **sizes}),
        PUBLISHED: Contender(f"{KERAS}:published", {"path": "", **sizes}),
    }
    with start(contenders) as workers:
        alternate(workers, 1, steps=1)
        answers = alternate(workers, repeats, steps=steps)
    return {
        who: {
            "ms": [1e3 * answer["seconds"] for answer in given],
            "own_mib": [given[-1]["own_mib"]],
        }
        for who, given in answers.items()
    }


def curves(values: list[int], points: list[dict[str, list[float]]]) -> dict[str, Any]:
    """Median costs at each value, and their exponents."""
    found: dict[str, Any] = {}
    for cost, unit in COSTS.items():
        medians = [sorted(point[cost])[len(point[cost]) // 2] for point in points]
        found[unit] = {
            "costs": [round(median, 2) for median in medians],
            "exponent": exponent(values, medians),
        }
    return found


if __name__ == "__main__":
    main()
