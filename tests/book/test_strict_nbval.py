"""Notebooks that are wrong must fail: a changed output, a stripped one, a new error."""

import copy
import re

import nbformat
import pytest

from tests.inner_pytest import run_pytest
from tools import chapters, rules


def run_nbval(notebook, folder):
    """Run nbval as the tests do and return (number passed, number failed, text)."""
    path = folder / "chapter.ipynb"
    nbformat.write(notebook, path)
    result = run_pytest(path)
    counts = dict(re.findall(r"(\d+) (passed|failed)", result.stdout)[::-1])
    counts = {outcome: int(number) for number, outcome in counts.items()}
    return counts.get("passed", 0), counts.get("failed", 0), result.stdout


def printing_cells(notebook):
    return [
        cell
        for cell in chapters.code_cells(notebook)
        if chapters.IGNORE_TAG not in chapters.tags(cell) and rules.output_text(cell)
    ]


def change_one_output(cell):
    output = next(o for o in cell.outputs if "text" in o or "data" in o)
    if "text" in output:
        output.text = output.text.rstrip("\n") + "!\n"
    else:
        output.data["text/plain"] += "!"


def test_the_unchanged_notebook_passes(tiny, tmp_path):
    passed, failed, text = run_nbval(tiny, tmp_path)
    assert (passed, failed) == (len(chapters.code_cells(tiny)), 0), text


def test_a_changed_output_fails_there_and_only_there(tiny, tmp_path):
    change_one_output(printing_cells(tiny)[0])
    passed, failed, text = run_nbval(tiny, tmp_path)
    assert (passed, failed) == (len(chapters.code_cells(tiny)) - 1, 1), text
    assert "Cell outputs differ" in text


def test_a_stripped_notebook_fails(tiny, tmp_path):
    for cell in chapters.code_cells(tiny):
        cell.outputs, cell.execution_count = [], None
    passed, failed, text = run_nbval(tiny, tmp_path)
    assert (passed, failed) == (0, len(chapters.code_cells(tiny))), text
    assert "never run" in text


def test_a_lost_output_fails(tiny, tmp_path):
    printing_cells(tiny)[0].outputs = []
    assert run_nbval(tiny, tmp_path)[1] == 1


def test_stderr_is_not_compared(tiny, tmp_path):
    cell = printing_cells(tiny)[0]
    cell.outputs.append(nbformat.v4.new_output("stream", name="stderr", text="noise"))
    assert run_nbval(tiny, tmp_path)[1] == 0


def test_a_slow_cell_fails(tiny, tmp_path):
    tiny.metadata.course.smoke_timeout = 1
    cell = chapters.code_cells(tiny)[1]
    cell.source = "import time\ntime.sleep(30)\n" + cell.source
    assert "Timeout of 1 seconds" in run_nbval(tiny, tmp_path)[2]


def test_no_notebook_reaches_another_host(tiny, tmp_path):
    cell = chapters.code_cells(tiny)[1]
    cell.source += "\nimport socket\nsocket.getaddrinfo('example.org', 443)"
    assert "tests run offline" in run_nbval(tiny, tmp_path)[2]


@pytest.mark.parametrize("path", chapters.sources(), ids=lambda path: path.stem)
def test_a_changed_output_of_the_chapter_fails(path, tmp_path):
    """On the start of the real notebook, up to the first output that is compared."""
    notebook = chapters.read_notebook(chapters.notebook_path(path))
    last = printing_cells(notebook)[0]
    notebook = copy.deepcopy(notebook)
    index = [cell.id for cell in notebook.cells].index(last.id)
    notebook.cells = notebook.cells[: index + 1]
    change_one_output(notebook.cells[-1])
    passed, failed, text = run_nbval(notebook, tmp_path)
    assert (passed, failed) == (len(chapters.code_cells(notebook)) - 1, 1), text
