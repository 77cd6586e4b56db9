"""The rows of a benchmark and its file; benchmarks/README.md describes both."""

import json
import math
import os
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

KEYS = {"machine", "versions", "date", "commit", "command", "data", "quick", "results"}
ROW_KEYS = {
    "name",
    "unit",
    "ours",
    "theirs",
    "ratio",
    "target",
    "met",
    "repeats",
    "spread",
}


def row(
    name: str,
    unit: str,
    ours: Sequence[float],
    theirs: Sequence[float],
    target: float | None = None,
) -> dict[str, Any]:
    """One comparison of a cost: less is better, and the ratio is our advantage.

    Args:
        name: what is compared, unique in its file.
        unit: of `ours` and `theirs`.
        ours: our cost at each repeat; empty if we never got there.
        theirs: their cost at each repeat.
        target: the least ratio that was promised, or `None`.

    Returns:
        A row of the schema: medians, their ratio, and the spread of both sides.
    """
    record = {
        "name": name,
        "unit": unit,
        "ours": _median(ours),
        "theirs": _median(theirs),
        "target": target,
        "repeats": max(len(ours), len(theirs)),
        "spread": {"ours": spread(ours), "theirs": spread(theirs)},
    }
    record["ratio"] = ratio(record)
    record["met"] = met(record)
    return record


def fixed_row(name, unit, ours, theirs, target=None) -> dict[str, Any]:
    """A `row` of two numbers that were measured or computed once."""
    return row(name, unit, [] if ours is None else [ours], [theirs], target)


def spread(values: Sequence[float]) -> float | None:
    """The interquartile range over the median; `None` for less than two values."""
    if len(values) < 2:
        return None
    first, _, third = statistics.quantiles(values, n=4, method="inclusive")
    return _significant((third - first) / statistics.median(values))


def ratio(record: dict[str, Any]) -> float | None:
    """Theirs over ours, from the numbers that the row states."""
    if record["ours"] is None or record["theirs"] is None:
        return None
    return _significant(record["theirs"] / record["ours"])


def met(record: dict[str, Any]) -> bool | None:
    """Whether the ratio reaches the target; `None` without a target."""
    if record["target"] is None:
        return None
    return record["ratio"] is not None and record["ratio"] >= record["target"]


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The slope `b` of the least-squares line of `log(cost) = a + b log(size)`."""
    fit = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    )
    return round(fit.slope, 3)


def check(result: dict[str, Any]) -> None:
    """Raise a `ValueError` unless `result` follows the schema."""
    missing = KEYS - set(result)
    if missing:
        raise ValueError(f"The result must have the keys {sorted(missing)}")
    names = [record.get("name") for record in result["results"]]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"Rows must have names of their own. Received: {names}")
    for record in result["results"]:
        if set(record) != ROW_KEYS:
            raise ValueError(
                f"A row must have the keys {sorted(ROW_KEYS)}. Received: {record}"
            )
        for key in ("ours", "theirs"):
            value = record[key]
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"`{key}` must be positive. Received: {record}")
        if record["repeats"] < 1 or set(record["spread"]) != {"ours", "theirs"}:
            raise ValueError(f"A row must state repeats and spread: {record}")
        if record["ratio"] != ratio(record) or record["met"] is not met(record):
            raise ValueError(f"`ratio` or `met` does not follow from the row: {record}")


def write(path: Path, result: dict[str, Any]) -> None:
    """Check `result` and write it whole: killed at any moment, no half file is left."""
    check(result)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(json.dumps(result, indent=1, allow_nan=False) + "\n")
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _median(values: Sequence[float]) -> float | None:
    return _significant(statistics.median(values)) if values else None


def _significant(value: float, digits: int = 5) -> float:
    """`value` rounded to some significant digits."""
    return float(f"{value:.{digits}g}")
