"""The grades of a class as a CSV file, which spreadsheets open and people write in."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from course_lib.assignment.files import write_whole
from course_lib.assignment.report import Report
from course_lib.assignment.rubric import Rubric

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%", "＝", "＋", "－", "＠")


def cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula.

    Example:
        >>> cell("=1+1"), cell("Ada")
        ("'=1+1", 'Ada')
    """
    return f"'{text}" if text.lstrip(" '\"\ufeff").startswith(_FORMULA) else text


def write(path: Path, rubric: Rubric, reports: Sequence[Report]) -> None:
    """Write the grades: a row a student, a column an item.

    A column of what a person marks is blank until there are points.

    Args:
        path: what is there is replaced.
        rubric: whose items are the columns.
        reports: what was found.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, quoting=csv.QUOTE_MINIMAL)
    ids = [item.id for item in rubric.items]
    writer.writerow(["student", *ids, "points", "of", "problem"])
    for report in reports:
        points = {mark.id: mark.points for mark in report.marks}
        writer.writerow(
            [
                cell(report.student),
                *("" if points[i] is None else f"{points[i]:g}" for i in ids),
                f"{report.points:g}",
                f"{report.most:g}",
                cell(report.problem),
            ]
        )
    write_whole(path, stream.getvalue())


def read_by_hand(path: Path, rubric: Rubric) -> dict[str, dict[str, float]]:
    """The points that a person wrote into the columns that are theirs.

    Args:
        path: of the CSV file; there may be none yet.
        rubric: tells which columns these are.

    Returns:
        Name of the student -> id of the item -> points.

    Raises:
        ValueError: if a cell holds no number, or more than the item can give: nothing
            that somebody wrote is to be lost in silence.
    """
    if not path.exists():
        return {}
    found: dict[str, dict[str, float]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read()
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    for row in csv.DictReader(io.StringIO(text), delimiter=delimiter):
        student = (row.get("student") or "").removeprefix("'")
        for item in rubric.items:
            written = (row.get(item.id) or "").strip()
            if not written or item.kind != "manual":
                continue
            try:
                points = float(written.replace(",", "."))
            except ValueError:
                points = -1.0
            if not 0 <= points <= item.points:
                raise ValueError(
                    f"{path}: {item.id} of {student} must be from 0 to "
                    f"{item.points:g}. Received: {written!r}"
                )
            found.setdefault(student, {})[item.id] = points
    return found
