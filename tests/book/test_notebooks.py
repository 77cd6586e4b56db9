"""Lint of the chapters: `make lint` and `make test` run it over what is committed."""

import pytest

from tools import build_notebooks, chapters, links, prose_rules, rules, style

SOURCES = chapters.sources()
NAMES = [path.stem for path in SOURCES]


def test_there_are_chapters():
    assert SOURCES


def test_every_notebook_has_a_source():
    notebooks = {path.stem for path in chapters.NOTEBOOKS.glob("*.ipynb")}
    assert notebooks == set(NAMES)


def test_contents_list_every_chapter():
    contents = (chapters.ROOT / "_toc.yml").read_text("utf-8")
    assert [name for name in NAMES if f"book/notebooks/{name}\n" not in contents] == []


def test_links_name_the_repository():
    differing = [str(path.relative_to(chapters.ROOT)) for path in links.outdated()]
    assert differing == [], "`make links` writes the address of _config.yml into them"


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_code_of_source_is_clean(path):
    assert style.problems(path) == []


@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_notebook_is_up_to_date(path):
    assert build_notebooks.check(path) == [], "`make notebooks` brings it up to date"


@pytest.mark.parametrize(
    "rule", rules.RULES + prose_rules.RULES, ids=lambda r: r.__name__
)
@pytest.mark.parametrize("path", SOURCES, ids=NAMES)
def test_chapter_keeps_the_rule(path, rule):
    notebook = chapters.read_notebook(chapters.notebook_path(path))
    assert rule(path.stem, notebook) == []
