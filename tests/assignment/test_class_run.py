"""A class: stopped and gone on, one bad submission among many, marks by hand."""

import csv
import fcntl
import json

import pytest

from course_lib.assignment import grade_class, read_rubric
from course_lib.assignment.__main__ import main
from course_lib.assignment.report import Report, make_mark
from course_lib.assignment.sandbox import NoSandbox, Sandbox

RUBRIC = read_rubric()
NAMES = ["ada", "bob", "=1+1", "zoë"]


@pytest.fixture
def submissions(tmp_path):
    for name in NAMES:
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "card.md").write_text(name)
    return tmp_path / "in"


class Grader:
    """Gives full marks, and notes to whom; for some it raises instead.

    One who lacks a corpus cannot be judged by it.
    """

    def __init__(self, raises=None, lacks=""):
        self.marked, self.raises, self.lacks = [], raises or {}, lacks

    def __call__(self, folder, rubric, **options):
        self.marked.append(folder.name)
        if folder.name in self.raises:
            raise self.raises[folder.name]
        share = None if folder.name == self.lacks else 1.0
        verdict = {"share": share, "why": "right"}
        marks = tuple(make_mark(item, verdict, "") for item in rubric.items)
        return Report(folder.name, marks, {}, 1.0)


def grade(submissions, grader, **options):
    out = submissions.parent / "grades.csv"
    said = []
    grade_class(submissions, out, grade=grader, say=said.append, **options)
    with out.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file)), said


def test_all_that_a_class_needs_is_written(submissions):
    rows, said = grade(submissions, Grader())
    assert [row["student"] for row in rows] == ["'=1+1", "ada", "bob", "zoë"]
    assert {row["points"] for row in rows} == {"95"}
    results = submissions.parent / "grades"
    assert "Results of the class" in (results / "class.html").read_text()
    assert len(list((results / "feedback").glob("*.md"))) == len(NAMES)
    assert len(said) == len(NAMES) + 1


def test_stopped_and_started_again_it_marks_the_rest(submissions):
    first = Grader({"bob": KeyboardInterrupt()})
    with pytest.raises(KeyboardInterrupt):
        grade(submissions, first)
    second = Grader()
    rows, _ = grade(submissions, second)
    assert len(rows) == len(NAMES)
    assert set(first.marked) | set(second.marked) == set(NAMES)
    assert not set(second.marked) & (set(first.marked) - {"bob"})
    third = Grader()
    assert grade(submissions, third)[0] == rows
    assert third.marked == []


def test_what_has_changed_is_marked_anew(submissions):
    grade(submissions, Grader())
    (submissions / "bob" / "card.md").write_text("better now")
    again = Grader()
    grade(submissions, again)
    assert again.marked == ["bob"]
    again = Grader()
    grade(submissions, again, rerun=True)
    assert sorted(again.marked) == sorted(NAMES)


def test_what_lacked_a_corpus_is_marked_again(submissions):
    rows, _ = grade(submissions, Grader(lacks="ada"))
    assert next(row for row in rows if row["student"] == "ada")["trains"] == ""
    again = Grader()
    rows, _ = grade(submissions, again, corpora=submissions)
    assert again.marked == ["ada"]
    assert {row["points"] for row in rows} == {"95"}


def test_a_damaged_report_is_made_anew(submissions):
    grade(submissions, Grader())
    reports = submissions.parent / "grades" / "reports"
    (reports / "ada.json").write_text('{"key": ')
    stored = json.loads((reports / "bob.json").read_text())
    (reports / "bob.json").write_text(json.dumps({"key": stored["key"], "report": 1}))
    again = Grader()
    grade(submissions, again)
    assert sorted(again.marked) == ["ada", "bob"]


def test_one_that_cannot_be_marked_stops_nobody(submissions):
    rows, _ = grade(submissions, Grader({"ada": RuntimeError("=the disk is full")}))
    by_name = {row["student"]: row for row in rows}
    assert by_name["ada"]["points"] == "0"
    assert "the disk is full" in by_name["ada"]["problem"]
    assert by_name["bob"]["points"] == "95"
    again = Grader()
    grade(submissions, again)
    assert again.marked == ["ada"]  # what failed for us is tried again


def test_points_by_hand_are_kept_and_count(submissions):
    grade(submissions, Grader())
    out = submissions.parent / "grades.csv"
    lines = out.read_text().replace(
        "ada,10,15,25,10,15,10,10,,", "ada,10,15,25,10,15,10,10,4,"
    )
    out.write_text(lines)
    again = Grader()
    rows, _ = grade(submissions, again)
    assert again.marked == []
    row = next(row for row in rows if row["student"] == "ada")
    assert (row["reflection"], row["points"], row["of"]) == ("4", "99", "100")
    feedback = submissions.parent / "grades" / "feedback" / "ada.md"
    assert "99 of 100" in feedback.read_text()


def test_two_runs_do_not_write_the_same_results(submissions):
    results = submissions.parent / "grades"
    results.mkdir()
    with (results / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(ValueError, match="Another run writes"):
            grade(submissions, Grader())


@pytest.mark.parametrize(
    ("options", "message"),
    [({"jobs": 0}, "`jobs`"), ({"corpora": "no/such"}, "`corpora` must be a folder")],
)
def test_bad_arguments(submissions, options, message):
    with pytest.raises(ValueError, match=message):
        grade(submissions, Grader(), **options)


def test_without_a_sandbox_nothing_begins(submissions, monkeypatch, capsys):
    def none(trust):
        if not trust:
            raise NoSandbox("this machine has no sandbox")
        return Sandbox("none")

    monkeypatch.setattr("course_lib.assignment.class_run.find_sandbox", none)
    grader = Grader()
    with pytest.raises(NoSandbox):
        grade(submissions, grader)
    assert grader.marked == []
    assert grade(submissions, grader, trust=True)[0]
    out = str(submissions.parent / "other.csv")
    assert main(["grade", str(submissions), "--out", out]) == 2
    assert "grade: this machine has no sandbox" in capsys.readouterr().err
