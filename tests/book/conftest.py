"""A whole chapter in small, run once, for the tests of the book; and a browser."""

import copy
from pathlib import Path

import pytest

from tests.book.browser import Browser, find_chromium
from tools import build_notebooks, chapters

pytest.register_assert_rewrite("tests.book.exercise_cells")  # it makes tests

TINY = Path(__file__).parent / "tiny_chapter.md"


@pytest.fixture(scope="session")
def _built_tiny(tmp_path_factory):
    """Build the tiny chapter where nothing of the repository is touched."""
    folder = tmp_path_factory.mktemp("book")
    source = folder / "chapters" / "00_tiny.md"
    source.parent.mkdir()
    source.write_text(TINY.read_text("utf-8"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chapters, "SOURCES", source.parent)
        patch.setattr(chapters, "NOTEBOOKS", folder / "notebooks")
        (folder / "notebooks").mkdir()
        build_notebooks.build(source, "laptop", timeout=60, force=False)
        return chapters.read_notebook(chapters.notebook_path(source))


@pytest.fixture
def tiny_source():
    return chapters.read_source(TINY)


@pytest.fixture
def tiny(_built_tiny):
    """The built tiny chapter, to be changed at will."""
    return copy.deepcopy(_built_tiny)


@pytest.fixture(scope="module")
def browser():
    program = find_chromium()
    if not program:
        pytest.skip("no Chromium found ($CHROMIUM, PATH)")
    browser = Browser(program)
    yield browser
    browser.close()
