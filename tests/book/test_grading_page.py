"""The page on grading, done as it stands: an instructor needs nothing else."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile

import pytest

from course_lib.assignment.__main__ import _parser as grader_parser
from course_lib.assignment.evidence import Evidence
from course_lib.assignment.items import judge
from course_lib.assignment.submission import Submission
from tests.test_readme import code_blocks
from tools import chapters, timings

GRADING = (timings.PAGES / "grading.md").read_text("utf-8")
RUBRIC = (timings.PAGES / "rubric.md").read_text("utf-8")
STUDENTS = ("Ada L_17_assignsubmission_file", "bo_18")


def sample_cards():
    """The cards of the page on the rubric, each with the points that stand below it."""
    parts = re.split(r"^````(?:markdown)?\n", RUBRIC, flags=re.MULTILINE)
    below = [re.match(r"\s*\*\*([\d.]+) of 10", text)[1] for text in parts[2::2]]
    return list(zip(parts[1::2], map(float, below), strict=True))


@pytest.mark.parametrize(("card", "points"), sample_cards(), ids=["good", "poor"])
def test_the_sample_cards_get_the_marks_that_stand_below(tmp_path, card, points):
    (tmp_path / "card.md").write_text(card, "utf-8")
    verdict = judge("data_card", Evidence(Submission(tmp_path)))
    assert 10 * verdict.share == points, verdict.why


def block(text):
    """The one code block of the page on grading that holds a text."""
    (found,) = (b for b in code_blocks(GRADING, "python") if text in b)
    return found


def run_block(code, folder):
    script = folder / "script.py"
    script.write_text(code, "utf-8")
    subprocess.run([sys.executable, script.name], cwd=folder, check=True, timeout=300)


def test_commands_are_the_graders():
    lines = "\n".join(code_blocks(GRADING, "bash")).splitlines()
    commands = [line for line in lines if "-m course_lib.assignment " in line]
    words = [shlex.split(line)[3:] for line in commands]
    assert [w[0] for w in words] == ["release", "check", "collect", "grade"]
    for arguments in words:
        options = grader_parser().parse_args(arguments)
        assert options.command == arguments[0]
    table = GRADING.partition("| option |")[2].partition("\n\n")[0]
    for option in re.findall(r"`(--.+?)[ `]", table):
        value = ["1"] if option in {"--jobs", "--minutes", "--memory"} else []
        value = ["x"] if option in {"--rubric", "--corpora"} else value
        grader_parser().parse_args([*words[-1], option, *value])


@pytest.fixture
def run(tmp_path):
    """Run what stands in a shell block of the page on grading, as it stands there."""
    (tmp_path / "book").symlink_to(chapters.ROOT / "book")

    def run(command):
        (line,) = (
            line
            for text in code_blocks(GRADING, "bash")
            for line in text.splitlines()
            if f"course_lib.assignment {command} " in line
        )
        words = [sys.executable, *shlex.split(line)[1:]]
        # Where there is no sandbox: nothing here is anybody's.
        words += ["--trust"] * (command == "grade")
        path = {"PYTHONPATH": str(chapters.ROOT)}
        subprocess.run(words, cwd=tmp_path, check=True, env={**os.environ, **path})

    return run


def grades(folder):
    with (folder / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_the_page_leads_from_release_to_return(tmp_path, run):
    """Its commands, one after the other, for two students who handed in a card only."""
    run("release")
    assert "BEGIN SOLUTION" not in (tmp_path / "starter.ipynb").read_text("utf-8")
    (good, ten), (poor, few) = sample_cards()
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for student, card in zip(STUDENTS, (good, poor), strict=True):
            archive.writestr(f"{student}/my_submission/card.md", card)
    run("collect")
    shutil.copytree(tmp_path / "submissions" / "bo_18", tmp_path / "my_submission")
    run("check")
    run("grade")
    found = grades(tmp_path)
    assert [float(found[s]["data_card"]) for s in STUDENTS] == [ten, few]
    assert [found[s]["reflection"] for s in STUDENTS] == ["", ""]
    table = (tmp_path / "grades.csv").read_text("utf-8").splitlines()
    columns = table[0].split(",")
    row = dict(zip(columns, table[1].split(","), strict=True)) | {"reflection": "5"}
    table[1] = ",".join(row.values())
    (tmp_path / "grades.csv").write_text("\n".join(table) + "\n", "utf-8")
    run("grade")
    assert [float(grades(tmp_path)[s]["points"]) for s in STUDENTS] == [ten + 5, few]
    assert "<html" in (tmp_path / "grades" / "class.html").read_text("utf-8")
    run_block(block("feedback.zip"), tmp_path)
    with zipfile.ZipFile(tmp_path / "feedback.zip") as archive:
        pages = [archive.read(f"{s}/feedback.md").decode() for s in STUDENTS]
    assert "15 of 100" in pages[0]
    assert "2.5 of 95" in pages[1]


def test_dask_grades_as_the_command_does(tmp_path):
    for student in STUDENTS:
        (tmp_path / "submissions" / student).mkdir(parents=True)
    code = block("dask.distributed")
    # Where there is no sandbox: nothing here is anybody's.
    run_block(code.replace("grade=", "trust=True, grade="), tmp_path)
    assert {s: row["points"] for s, row in grades(tmp_path).items()} == dict.fromkeys(
        STUDENTS, "0"
    )
    assert len(list((tmp_path / "grades" / "feedback").iterdir())) == 2
