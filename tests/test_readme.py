"""README and the other files at the root: their code runs, what they name exists."""

import ast
import math
import os
import re
import subprocess
import sys

import pytest

from course_lib import datasets, text
from tools.chapters import ROOT

README = (ROOT / "README.md").read_text("utf-8")
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "book/intro.md",
    "book/setup.md",
]


def code_blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def code_spans(page):
    """What stands between backticks, and the lines of shell blocks less comments."""
    shell = "\n".join(code_blocks(page, "bash"))
    prose = re.sub(r"^(`{3,4})\w*\n.*?^\1$", "", page, flags=re.MULTILINE | re.DOTALL)
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose)]
    return spans + [line.partition("#")[0].strip() for line in shell.splitlines()]


def test_first_screen_has_the_commands_and_ten_statements():
    screen = README.partition("## ")[0]
    assert {"make book", "make test"} <= set(code_spans(screen))
    (code,) = code_blocks(screen, "python")
    imports = ast.Import | ast.ImportFrom
    statements = [s for s in ast.parse(code).body if not isinstance(s, imports)]
    assert len(statements) == 10


def test_code_trains_and_writes_as_the_readme_says(tmp_path):
    (code,) = code_blocks(README, "python")
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    *_, scores, written = result.stdout.strip().splitlines()
    perplexity = ast.literal_eval(scores)["perplexity"]
    reached, floor = re.findall(r"perplexity of ([\d.]+)[^.]+?is ([\d.]+\d)", README)[0]
    assert floor == f"{math.exp(datasets.ReviewGrammar().entropy_floor(128)):.2f}"
    assert float(floor) < perplexity < float(reached) + 0.3
    # Most of its runs of three words are the grammar's, in whatever order they stand.
    known = {
        t
        for document in datasets.review_grammar_corpus(3_000).train
        for t in trigrams(document)
    }
    assert written.startswith("what a ")
    assert len(trigrams(written)) >= 20
    assert sum(t in known for t in trigrams(written)) > 0.7 * len(trigrams(written))


def trigrams(document):
    words = text.split(document).numpy().tolist()
    return list(zip(words, words[1:], words[2:], strict=False))


@pytest.mark.parametrize("page", PAGES)
def test_verbs_of_make_exist(page):
    makefile = (ROOT / "Makefile").read_text("utf-8")
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    spans = code_spans((ROOT / page).read_text("utf-8"))
    named = {m[1] for m in (re.match(r"make ([a-z-]+)", span) for span in spans) if m}
    assert named <= verbs


@pytest.mark.parametrize("page", PAGES)
def test_files_named_exist(page):
    content = (ROOT / page).read_text("utf-8")
    folder = (ROOT / page).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", content)
    assert [link for link in links if not (folder / link).exists()] == []
    paths = [
        span
        for span in code_spans(content)
        if re.fullmatch(r"(\.ci|book|course_lib|tests|tools|benchmarks)/[\w./-]*", span)
        and "NN" not in span
        and "NAME" not in span
    ]
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_versions_are_those_of_the_project():
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    setup = (ROOT / "book" / "setup.md").read_text("utf-8")
    for name, requirement in [
        ("Keras", "keras"),
        ("KerasHub", "keras-hub"),
        ("TensorFlow", "tensorflow"),
    ]:
        minimum = re.search(rf'"{requirement}>=([\d.]+)', project)[1]
        assert f"| {name} | {minimum} or later |" in setup


def test_the_introduction_links_to_every_chapter():
    intro = (ROOT / "book" / "intro.md").read_text("utf-8")
    linked = re.findall(r"\(notebooks/(\w+)\.ipynb\)", intro)
    sources = sorted(path.stem for path in (ROOT / "book" / "chapters").glob("*.md"))
    assert linked == sources
