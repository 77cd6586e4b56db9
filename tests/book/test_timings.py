"""The table of times: in step with the notebooks, and honest about what it lacks."""

import subprocess
import sys

import nbformat
import pytest

from tools import timings

TITLE = nbformat.v4.new_markdown_cell("# A chapter\n\nThree more [words](x.md).")
STUB = nbformat.v4.new_code_cell(
    "exercise(...)",
    outputs=[
        nbformat.v4.new_output(
            "stream", text="not solved yet: the first\nPASS it\nnot solved yet: two\n"
        )
    ],
)


def chapter(seconds=83):
    notebook = nbformat.v4.new_notebook(cells=[TITLE, STUB])
    notebook.metadata["course"] = {
        "build": nbformat.from_dict({"seconds": seconds, "code_sha256": "new"})
    }
    return notebook


def cells_of(table, row):
    return [cell.strip() for cell in table.splitlines()[row].split("|")[1:-1]]


def measured(code_sha256, **other):
    record = {"seconds": 41, "peak_mib": 2_000, "code_sha256": code_sha256}
    return {"smoke": {"01_a": record}, **other}


def test_the_committed_table_is_in_step():
    committed = timings.TABLE.read_text("utf-8")
    assert committed == timings.current_table(), "`python -m tools.timings` writes it"


def test_a_row_says_what_is_known():
    table = timings.table({"01_a": chapter()}, measured("new"), "# Wrap-up\n")
    row = cells_of(table, 2)
    assert row[:4] == ["1", "[A chapter](../notebooks/01_a.ipynb)", "5", "2"]
    assert row[4:] == ["41 s, 2.1 GB", "83 s", "not run yet"]


def test_what_was_measured_on_other_code_is_left_out():
    table = timings.table({"01_a": chapter()}, measured("old"), "# Wrap-up\n")
    assert cells_of(table, 2)[4] == "not measured"


def test_memory_and_a_gpu_run_appear_once_measured():
    record = {"seconds": 600, "peak_mib": 1_000, "code_sha256": "new"}
    found = measured("new", laptop={"01_a": record}, full={"01_a": record})
    row = cells_of(timings.table({"01_a": chapter()}, found, "# W\n"), 2)
    assert row[5:] == ["83 s, 1.0 GB", "10 min, 1.0 GB"]


def test_the_last_row_adds_up():
    notebooks = {"01_a": chapter(), "02_b": chapter(217)}
    wrap_up = "# Wrap-up: more\n\n**Exercise 1 (easy): x.** Count.\n"
    table = timings.table(notebooks, {}, wrap_up)
    assert cells_of(table, -1)[1:4] == ["all", "16", "5"]
    assert cells_of(table, -1)[5] == "5 min"
    assert cells_of(table, -2)[1:4] == ["[Wrap-up](../11_wrap_up.md)", "6", "1"]


@pytest.mark.parametrize(
    ("seconds", "expected"), [(83, "83 s"), (119, "119 s"), (120, "2 min")]
)
def test_durations_read_as_on_the_pages(seconds, expected):
    assert timings.duration(seconds) == expected


def test_memory_of_what_a_child_holds_is_seen():
    code = "x = b'1' * 200_000_000; import time; time.sleep(1)"
    with timings.PeakMemory(interval=0.05) as memory:
        subprocess.run([sys.executable, "-c", code], check=True)
    assert 190 < memory.mib < 400
