"""What the marking of a submission found, for the student and for the instructor."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from course_lib.assignment.rubric import Item, Rubric

_INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|!~])")


@dataclass(frozen=True)
class Mark:
    """What one item was given.

    Args:
        id: of the item.
        title: of the item.
        points: float, or `None` where a person has to look.
        most: float, the points of the item.
        why: a sentence.
    """

    id: str
    title: str
    points: float | None
    most: float
    why: str


@dataclass(frozen=True)
class Report:
    """The marks of a submission.

    Args:
        student: the name of the folder, fit to be shown.
        marks: a `Mark` for each item of the rubric.
        measured: what was measured on the model, by name.
        seconds: float, how long the marking took.
        problem: what stopped it, if something did.
    """

    student: str
    marks: tuple[Mark, ...]
    measured: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    problem: str = ""

    @property
    def points(self) -> float:
        """All points given so far."""
        return round(sum(mark.points or 0 for mark in self.marks), 1)

    @property
    def most(self) -> float:
        """The most that what has been marked could give."""
        return sum(mark.most for mark in self.marks if mark.points is not None)

    @property
    def open(self) -> tuple[Mark, ...]:
        """What a person has still to mark."""
        return tuple(m for m in self.marks if m.points is None and m.most > 0)

    def with_points(self, by_hand: Mapping[str, float]) -> "Report":
        """The same report, with points that a person gave, by id of the item."""
        marks = [
            replace(mark, points=by_hand[mark.id], why=mark.why or "Marked by hand.")
            if mark.points is None and mark.id in by_hand
            else mark
            for mark in self.marks
        ]
        return replace(self, marks=tuple(marks))

    def to_json(self) -> dict[str, Any]:
        """As a dict, fit for JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Report":
        """The report that `to_json` gave."""
        marks = tuple(Mark(**mark) for mark in values["marks"])
        return cls(**{**values, "marks": marks})


def make_mark(item: Item, verdict: Mapping[str, Any] | None, otherwise: str) -> Mark:
    """The mark of an item.

    Args:
        item: an `Item`.
        verdict: dict of `share` and `why`, or `None` if there is none.
        otherwise: why there is none.

    Returns:
        A `Mark`; 0 points if an auto item has no verdict.
    """
    if item.kind == "manual":
        return Mark(item.id, item.title, None, item.points, "")
    if verdict is None:
        return Mark(item.id, item.title, 0.0, item.points, otherwise)
    share = verdict["share"]
    points = None
    if isinstance(share, int | float) and 0 <= share <= 1:
        points = round(share * item.points, 1)
    return Mark(item.id, item.title, points, item.points, shown(verdict["why"])[:1000])


def table(report: Report) -> str:
    """The marks as lines of text, for a terminal."""
    width = max(len(mark.id) for mark in report.marks)
    lines = [
        f"{mark.id:{width}}  {_points(mark):>11}  {mark.why or 'marked by hand'}"
        for mark in report.marks
    ]
    lines.append(f"{'sum':{width}}  {_sum(report):>11}")
    return "\n".join([*lines, *([report.problem] if report.problem else [])])


def feedback(report: Report) -> str:
    """The report as Markdown, for the student."""
    lines = [
        f"# {escape_markdown(report.student)}: {_sum(report)} points",
        "",
        *([escape_markdown(report.problem), ""] if report.problem else []),
        "| Item | Points | Why |",
        "|---|---|---|",
    ]
    for mark in report.marks:
        why = escape_markdown(mark.why) or "A person marks this."
        lines.append(f"| {escape_markdown(mark.title)} | {_points(mark)} | {why} |")
    if report.open:
        most = sum(mark.most for mark in report.open)
        lines += ["", f"Still to be marked by a person: up to {most:g} points."]
    if report.measured:
        lines += ["", "## Measured on your model", "", "| What | Value |", "|---|---|"]
        lines += [
            f"| {escape_markdown(name.replace('_', ' '))} | {value:,.4g} |"
            for name, value in report.measured.items()
        ]
    return "\n".join(lines) + "\n"


def shown(text: object) -> str:
    """A text in one line, without characters that are invisible or turn it around."""
    return " ".join(_INVISIBLE.sub(" ", str(text)).split())


def escape_markdown(text: str) -> str:
    """A text that Markdown shows as it is, in a cell of a table too."""
    return _MARKDOWN.sub(r"\\\1", shown(text))


def failed(student: str, rubric: Rubric, problem: str) -> Report:
    """The report on what could not be marked at all."""
    marks = tuple(make_mark(item, None, problem) for item in rubric.items)
    return Report(student, marks, problem=problem)


def _points(mark: Mark) -> str:
    return f"{'-' if mark.points is None else f'{mark.points:g}'} of {mark.most:g}"


def _sum(report: Report) -> str:
    return f"{report.points:g} of {report.most:g}"
