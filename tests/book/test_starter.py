"""The challenge's starter comes from its source, holds no solution, and runs; and the
solution gets all points that a machine can give.
"""

import copy
import json
import os
import pathlib
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from course_lib import assignment
from tools import chapters, links, style
from tools.run_notebook import run

SOURCE = chapters.ROOT / "book" / "instructors" / "challenge_source.md"
STARTER = chapters.ROOT / "book" / "challenge" / "starter.ipynb"
MILESTONES = 6


@pytest.fixture(scope="module")
def source():
    return chapters.read_source(SOURCE)


@pytest.fixture(scope="module")
def starter():
    return chapters.read_notebook(STARTER)


def run_in(folder: Path, notebook):
    """Run a copy of a notebook under `smoke`; return it and what it printed."""
    notebook = copy.deepcopy(notebook)
    out = {"COURSE_CHALLENGE_OUT": str(folder / "my_submission")}
    environment = {**os.environ, **out}
    run(
        notebook,
        profile="smoke",
        folder=folder,
        timeout=300,
        environment=environment,
    )
    return notebook, "".join(
        output.text
        for cell in chapters.code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream"
    )


def test_the_starter_is_what_release_makes_of_the_source(tmp_path):
    assignment.release_notebook(SOURCE, tmp_path / "starter.ipynb")
    released = (tmp_path / "starter.ipynb").read_text("utf-8")
    assert released == STARTER.read_text("utf-8"), (
        "python -m course_lib.assignment release "
        "book/instructors/challenge_source.md --out book/challenge/starter.ipynb"
    )


def test_the_starter_holds_no_solution(source, starter):
    blocks = [
        block
        for cell in chapters.code_cells(source)
        for block in re.findall(
            r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END", cell.source, re.S
        )
    ]
    left = "\n".join(cell.source for cell in starter.cells)
    lines = {line.strip() for block in blocks for line in block.splitlines()}
    # Short lines such as `texts = [` say nothing; the card's form is given.
    telling = {line for line in lines if len(line) > 30 and not line.endswith('"""')}
    form = ("title:", "source:", "perplexity:")
    given = {line for line in telling if line.startswith(form)}
    assert len(telling) > 50
    assert [line for line in telling - given if line in left] == []
    assert "SOLUTION" not in left and "HIDDEN" not in left
    assert all(not cell.outputs for cell in chapters.code_cells(starter))


def test_front_matter_and_links_are_those_of_a_chapter(source, starter):
    link = links.colab_url("book/challenge/starter.ipynb")
    for notebook in (source, starter):
        assert f"]({link})" in notebook.cells[0].source
        assert chapters.code_cells(notebook)[0].source == links.install_cell()
        assert notebook.metadata["accelerator"] == "GPU"
        assert notebook.metadata["colab"] == {"gpuType": "T4", "provenance": []}
    assert style.problems(SOURCE) == []


def test_the_starter_runs_and_says_that_nothing_is_solved(starter, tmp_path):
    _, printed = run_in(tmp_path, starter)
    assert len(re.findall("^not solved yet: milestone", printed, re.M)) == MILESTONES
    assert "PASS" not in printed and "not right" not in printed
    handed_in = {path.name for path in (tmp_path / "my_submission").iterdir()}
    assert handed_in == {"corpus"}


def test_the_solution_gets_all_points_that_a_machine_can_give(source, tmp_path):
    notebook, printed = run_in(tmp_path, source)
    assert len(re.findall("^PASS milestone", printed, re.M)) == MILESTONES
    submission = tmp_path / "my_submission"
    nbformat.write(notebook, submission / "notebook.ipynb")
    report = assignment.check_submission(submission)
    given = {m.id: (m.points, m.why) for m in report.marks if m.points is not None}
    lost = {m.id: given[m.id] for m in report.marks if (m.points or m.most) < m.most}
    assert lost == {}
    assert report.points == 95, given  # the reflection is for a human being


def test_a_text_that_may_not_be_passed_on_stays_at_home(source, tmp_path):
    (cell,) = (c for c in source.cells if "def hand_in_corpus" in c.source)
    namespace = {
        **{"json": json, "pathlib": pathlib, "shutil": shutil},
        "OUT": tmp_path,
        "source": str(tmp_path / "diary.txt"),
        "options": {"documents": "paragraph", "licence": "my own"},
        "about": {"may_be_passed_on": False},
        "corpus": type("Corpus", (), {"sha256": "0" * 64}),
    }
    (tmp_path / "diary.txt").write_text("Dear diary.", encoding="utf-8")
    exec(cell.source, namespace)
    assert [path.name for path in (tmp_path / "corpus").iterdir()] == ["recipe.toml"]
    recipe = (tmp_path / "corpus" / "recipe.toml").read_text("utf-8")
    assert 'path = "diary.txt"' in recipe and 'documents = "paragraph"' in recipe
    assert "licence" not in recipe  # the card states it
