"""The builder: what it writes, what it leaves alone, what it says of a failing cell."""

import json

import pytest

from course_lib.datasets import FilteredCorpus
from tests.book.conftest import TINY
from tools import build_notebooks, chapters, run_notebook
from tools.run_notebook import NotebookFailed
from tools.stamps import stamp_cell


@pytest.fixture
def book(tmp_path, monkeypatch):
    """A book of one chapter; returns the path of its source."""
    monkeypatch.setattr(chapters, "SOURCES", tmp_path / "chapters")
    monkeypatch.setattr(chapters, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(chapters, "ROOT", tmp_path)
    monkeypatch.setattr(build_notebooks, "_run", refuse)
    chapters.SOURCES.mkdir()
    chapters.NOTEBOOKS.mkdir()
    source = chapters.SOURCES / "00_tiny.md"
    source.write_text(TINY.read_text("utf-8"), encoding="utf-8")
    return source


def refuse(*arguments):
    raise AssertionError("nothing had to run")


def put(notebook, source):
    notebook.metadata.course.build.modules = {}
    build_notebooks._write(notebook, chapters.notebook_path(source))


def edit(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_outputs_are_kept_and_noise_is_not(tiny):
    printed = [cell.outputs for cell in chapters.code_cells(tiny)]
    assert printed[2][0].text.endswith("PASS a coin shows one of two sides\n")
    assert all(len(outputs) <= 1 for outputs in printed)
    assert tiny.metadata.accelerator == "GPU"
    assert "jupytext" not in tiny.metadata
    assert not any("execution" in cell.metadata for cell in tiny.cells)


def test_a_fresh_chapter_is_left_alone(book, tiny):
    put(tiny, book)
    assert build_notebooks.check(book) == []
    assert build_notebooks.build(book, "laptop", 60, force=False) is None


def test_new_prose_is_put_around_old_outputs_without_a_run(book, tiny):
    put(tiny, book)
    edit(book, "one step.", "one step, no more.")
    edit(book, "alt: The first twenty", "alt: The very first twenty")
    assert build_notebooks.check(book) == ["its prose or tags changed (no run needed)"]
    build_notebooks.build(book, "laptop", 60, force=False)
    built = chapters.read_notebook(chapters.notebook_path(book))
    assert "no more" in built.cells[-1].source or "no more" in built.cells[-2].source
    old, new = chapters.code_cells(tiny), chapters.code_cells(built)
    assert [c.outputs for c in new] == [c.outputs for c in old]
    assert [c.execution_count for c in new] == [c.execution_count for c in old]
    assert build_notebooks.check(book) == []


def test_new_code_makes_a_chapter_stale(book, tiny):
    put(tiny, book)
    edit(book, "turns > 0.7", "turns > 0.6")
    assert build_notebooks.check(book) == ["its code changed"]
    with pytest.raises(AssertionError, match="nothing had to run"):
        build_notebooks.build(book, "laptop", 60, force=False)


def test_building_twice_writes_the_same_bytes(book, tiny):
    put(tiny, book)
    path = chapters.notebook_path(book)
    first = path.read_bytes()
    edit(book, "one step.", "one step, no more.")
    build_notebooks.build(book, "laptop", 60, force=False)
    edit(book, "one step, no more.", "one step.")
    build_notebooks.build(book, "laptop", 60, force=False)
    assert path.read_bytes() == first


def test_a_failing_cell_is_named_and_the_old_notebook_stays(book, tiny, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(chapters, "NOTEBOOKS", book.parent.parent / "notebooks")
    put(tiny, book)
    before = chapters.notebook_path(book).read_bytes()
    edit(book, "print([toss", "raise KeyError('nothing here')\nprint([toss")
    with pytest.raises(NotebookFailed, match=r"cell 5 \(def toss.*KeyError") as info:
        build_notebooks.build(book, "laptop", 60, force=False)
    assert (info.value.error, info.value.index) == ("KeyError", 5)
    assert chapters.notebook_path(book).read_bytes() == before
    assert [p.suffix for p in chapters.NOTEBOOKS.iterdir()] == [".ipynb"]


def test_the_page_says_where_its_outputs_come_from():
    record = {
        "profile": "laptop",
        "seconds": 900,
        "cores": 2,
        "versions": {"python": "3.12.1", "keras": "3.15.1"},
        "data": [{"name": "imdb", "source": "a folder", "sha256": "0123456789abcdef"}],
        "commit": "abc1234+",
    }
    text = stamp_cell(record).source
    for part in ("`laptop`", "15 minutes", "Keras 3.15.1", "imdb", "0123456789ab…"):
        assert part in text
    assert "Commit `abc1234` and later changes" in text


def test_an_unknown_chapter_is_named(book):
    with pytest.raises(SystemExit, match=r"'07'.*00_tiny"):
        chapters.select(["07"])
    assert chapters.select(["00"]) == [book]


def test_corpora_are_recorded_filtered_ones_too(capsys):
    toy = FilteredCorpus("toy", "typed in by hand", "CC0-1.0", "0123", ["a"], [], [])
    exec(run_notebook.PROBE, {"corpus": toy, "FilteredCorpus": FilteredCorpus})
    [record] = json.loads(capsys.readouterr().out)["data"]
    assert record["name"] == "toy" and record["sha256"] == "0123"
