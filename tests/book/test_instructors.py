"""The instructors' pages: what they name exists, what they add up is right."""

import re

import pytest

from course_lib.assignment.rubric import read_rubric
from tests.test_readme import code_spans
from tools import chapters, prose_rules, timings

PAGES = {path.stem: path.read_text("utf-8") for path in timings.PAGES.glob("*.md")}
del PAGES["challenge_source"], PAGES["timings_table"]
SOURCES = {int(path.stem[:2]): path for path in chapters.sources()}
SOURCES[11] = timings.WRAP_UP
NOTEBOOKS = {int(p.stem[:2]): p for p in chapters.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")}
TITLES = {
    number: {t for _, t in prose_rules.headings(chapters.read_source(path))}
    for number, path in SOURCES.items()
}
TASK = r"\*([^*]+)\*"


def sections(page, pattern):
    """What stands below the headings that match a pattern, by its group."""
    pieces = re.split(rf"^#+ {pattern}.*\n", PAGES[page], flags=re.MULTILINE)
    return {
        key: re.split(r"^#", text, flags=re.MULTILINE)[0]
        for key, text in zip(pieces[1::2], pieces[2::2], strict=True)
    }


def rows(text):
    """The cells of all rows of the tables in a text, less their heads."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[c.strip() for c in line.split("|")[1:-1]] for line in lines]
    heads = {i for i, row in enumerate(cells) if set(row[0]) == {"-"}}
    return [row for i, row in enumerate(cells) if not {i, i + 1} & heads]


def unknown_tasks(number, text):
    """Names in italics that no exercise of the chapter (of any, for None) has."""
    numbers = SOURCES if number is None else [number]
    code = "".join(SOURCES[n].read_text("utf-8") for n in numbers)
    plain = text.replace("**", "")
    return [name for name in re.findall(TASK, plain) if f'"{name}"' not in code]


OBJECTIVES = {
    int(n): text for n, text in sections("objectives", r"Chapter (\d+)").items()
}


def test_every_chapter_has_its_objectives_and_an_outline():
    assert set(OBJECTIVES) == set(SOURCES)
    assert set(map(int, sections("slides", r"Chapter (\d+)"))) == set(SOURCES)


@pytest.mark.parametrize("number", sorted(set(SOURCES) - {11}))
def test_objectives_lead_to_tasks_that_exist(number):
    text = OBJECTIVES[number]
    assert unknown_tasks(number, text) == []
    named = re.findall(r'section "([^"]+)"', text)
    assert [title for title in named if title not in TITLES[number]] == []
    source = chapters.read_source(SOURCES[number])
    objectives = prose_rules.section(source, "Objectives")
    assert len(rows(text)) == len(re.findall(r"^- ", objectives, re.MULTILINE))
    for _, task, quiz in rows(text):
        assert task
        assert re.fullmatch(r"(Q[1-5](, )?)*", quiz)


@pytest.mark.parametrize("number", sorted(NOTEBOOKS))
def test_every_task_serves_an_objective(number):
    names = timings.tasks(chapters.read_notebook(NOTEBOOKS[number]))
    assert len(names) >= 4
    assert [name for name in names if f"*{name}*" not in OBJECTIVES[number]] == []


SESSIONS = re.findall(
    r"^### (.+?) \((\d+) minutes\)\n(.*?)(?=^#|\Z)",
    PAGES["syllabus"],
    re.MULTILINE | re.DOTALL,
)


def test_there_is_a_syllabus_for_one_three_and_six_weeks():
    plans = re.findall(r"^## (.+)", PAGES["syllabus"], re.MULTILINE)
    assert plans == ["One week", "Three weeks", "Six weeks"]
    assert [int(minutes) for _, minutes, _ in SESSIONS] == [180] * 5 + [120] * 6 + [
        90
    ] * 12


@pytest.mark.parametrize("session", SESSIONS, ids=lambda s: s[0])
def test_a_session_is_as_long_as_it_says(session):
    _, minutes, text = session
    assert sum(int(row[0]) for row in rows(text)) == int(minutes)


@pytest.mark.parametrize("session", SESSIONS, ids=lambda s: s[0])
def test_a_session_names_what_there_is(session):
    # Rows of the table, and paragraphs, each in one line.
    for line in re.sub(r"\n(?![\n|])", " ", session[2]).splitlines():
        chapter = re.search(r"[Cc]hapter (\d+)", line)
        number = int(chapter[1]) if chapter else None
        tasks_of = number if line.startswith("|") else None
        assert unknown_tasks(tasks_of, line) == []
        for title in re.findall(r'"([^"]+)"', line):
            assert any(found.startswith(title) for found in TITLES[number]), title


def test_a_six_week_class_meets_every_chapter():
    text = PAGES["syllabus"].partition("## Six weeks")[2]
    assert set(map(int, re.findall(r"[Cc]hapter (\d+)", text))) >= set(SOURCES)


@pytest.mark.parametrize("number", sorted(SOURCES))
def test_outlines_follow_the_headings(number):
    text = sections("slides", r"Chapter (\d+)")[str(number)]
    titles = re.findall(r"^\d+\. \*\*(.+?)\*\*", text, re.MULTILINE)
    assert len(titles) >= 8
    assert [title for title in titles if title not in TITLES[number]] == []
    assert "★" in text


def test_the_rubric_is_the_graders():
    table = PAGES["rubric"].partition("| item |")[2].partition("\n\n")[0]
    points = {row[0].strip("`"): float(row[1]) for row in rows("| item |" + table)}
    assert points == {item.id: item.points for item in read_rubric().items}


def test_memory_is_what_the_benchmarks_measured():
    found = []
    for name in ("training_step", "time_to_quality"):
        text = (chapters.ROOT / f"benchmarks/results/{name}.json").read_text("utf-8")
        found += re.findall(r'"peak_mib": ([\d.]+)', text)
    gigabytes = sorted(float(mib) * 2**20 / 1e9 for mib in found)
    said = re.search(r"between ([\d.]+) and ([\d.]+) GB a process", PAGES["preparing"])
    assert said.groups() == (f"{gigabytes[0]:.1f}", f"{gigabytes[-1]:.1f}")


def test_the_limit_for_a_student_holds_each_chapter():
    limit = float(re.search(r"limits\.memory (\d+)G", PAGES["preparing"])[1])
    records = [r for found in timings.read_measured().values() for r in found.values()]
    assert len(records) >= 6
    assert max(r["peak_mib"] for r in records) * 2**20 / 1e9 < 0.8 * limit


@pytest.mark.parametrize("name", sorted(PAGES))
def test_files_and_verbs_that_are_named_exist(name):
    spans = code_spans(PAGES[name])
    paths = [
        span
        for span in spans
        if re.fullmatch(r"(book|course_lib|tests|tools|benchmarks)/[\w./-]*", span)
    ]
    assert [path for path in paths if not (chapters.ROOT / path).exists()] == []
    makefile = (chapters.ROOT / "Makefile").read_text("utf-8")
    verbs = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {
        m[1] for m in (re.match(r"make ([a-z-]+)$", s) for s in spans) if m
    } <= verbs


def test_every_page_is_in_the_contents():
    contents = (chapters.ROOT / "_toc.yml").read_text("utf-8")
    missing = [name for name in PAGES if f"book/instructors/{name}\n" not in contents]
    assert missing == []
