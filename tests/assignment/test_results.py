"""Rubric, report, feedback, grades and the page of the class."""

import csv
import re
from html.parser import HTMLParser

import pytest

from course_lib.assignment import class_page, files, gradebook, read_rubric
from course_lib.assignment import report as reports
from course_lib.assignment.class_run import file_name, find_submissions, fingerprint
from course_lib.assignment.report import Report
from course_lib.assignment.rubric import AUTO

RUBRIC = read_rubric()
NASTY = [
    '=HYPERLINK("http://x","y")',
    "+1",
    "-1",
    "@SUM(A1)",
    " =1",
    "<script>alert(1)</script>",
    "a|b*c*",
    "![x](http://y)",
    "a\nb",
    "\u202egnp.exe",
    "100%",
    "Zoë 诗",
]


def make(student="ada", share=1.0, **by_item):
    marks = [
        reports.make_mark(
            item, {"share": by_item.get(item.id, share), "why": f"{student} did"}, ""
        )
        for item in RUBRIC.items
    ]
    return Report(reports.shown(student), tuple(marks), {"perplexity": 12.3456}, 3.0)


class TestRubric:
    def test_that_of_the_course(self):
        assert {item.id for item in RUBRIC.auto} == set(AUTO)
        assert [item.id for item in RUBRIC.manual] == ["reflection"]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("item = ", "no TOML"),
            ("", r"must hold \[\[item\]\]"),
            ('[[item]]\nid = "x"', "must have id, kind, points, title"),
            ("[[item]]\nid='x'\ntitle='X'\npoints=-1\nkind='auto'", "`points`"),
            ("[[item]]\nid='x'\ntitle='X'\npoints=1\nkind='magic'", "`kind`"),
            ("[[item]]\nid='x'\ntitle='X'\npoints=1\nkind='auto'", "nothing judges"),
            ("[[item]]\nid='x'\ntitle=''\npoints=1\nkind='manual'", "must be texts"),
            ("[[item]]\nid='x'\ntitle='X'\npoints=1\nkind='manual'\n" * 2, "twice"),
        ],
    )
    def test_others_that_are_none(self, tmp_path, text, message):
        path = tmp_path / "rubric.toml"
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_rubric(path)

    def test_no_file(self, tmp_path):
        with pytest.raises(ValueError, match="cannot be read"):
            read_rubric(tmp_path / "no.toml")


class TestReport:
    def test_points(self):
        report = make(trains=0.5, split=None)
        assert report.points == 95 - 12.5 - 15
        assert report.most == 95 - 15
        assert [mark.id for mark in report.open] == ["split", "reflection"]
        assert report.with_points({"reflection": 4, "split": 15}).points == 86.5

    @pytest.mark.parametrize("share", [2, -1, "1", float("nan")])
    def test_a_share_that_is_none_gives_no_points(self, share):
        item = RUBRIC.auto[0]
        assert reports.make_mark(item, {"share": share, "why": ""}, "").points is None

    def test_what_was_not_judged_gives_nothing(self):
        mark = reports.make_mark(RUBRIC.auto[0], None, "stopped")
        assert (mark.points, mark.why) == (0, "stopped")

    def test_it_comes_back_from_json(self):
        assert Report.from_json(make().to_json()) == make()

    def test_feedback(self):
        text = reports.feedback(make(reproducible=0))
        assert "# ada: 80 of 95 points" in text
        assert "| The samples come out again | 0 of 15 | ada did |" in text
        assert "up to 5 points" in text and "12.35" in text

    @pytest.mark.parametrize("name", NASTY)
    def test_feedback_shows_names_as_they_are(self, name):
        first, *rows = reports.feedback(make(name)).split("\n")
        assert not re.search(r"(?<!\\)[<*\[|]", first.removeprefix("# "))
        assert not any("\u202e" in row for row in rows)
        assert len([row for row in rows if row.startswith("| The card")]) == 1

    def test_the_table_of_a_terminal(self):
        assert "95 of 95" in reports.table(make())


class TestGradebook:
    def test_cells_are_no_formulas(self, tmp_path):
        path = tmp_path / "grades.csv"
        gradebook.write(path, RUBRIC, [make(name) for name in NASTY])
        rows = list(csv.DictReader(path.open(newline="")))
        assert len(rows) == len(NASTY)
        for row in rows:
            assert not row["student"].lstrip(" ").startswith(("=", "+", "-", "@"))
            assert row["reflection"] == "" and row["points"] == "95"

    def test_what_a_person_wrote_is_read_back(self, tmp_path):
        path = tmp_path / "grades.csv"
        gradebook.write(path, RUBRIC, [make("ada"), make("=bob")])
        rows = list(csv.reader(path.open(newline="")))
        column = rows[0].index("reflection")
        rows[1][column], rows[2][column] = "4.5", "3"
        for delimiter, mark in (",", "4.5"), (";", "4,5"):
            rows[1][column] = mark
            with path.open("w", newline="", encoding="utf-8-sig") as file:
                csv.writer(file, delimiter=delimiter).writerows(rows)
            assert gradebook.read_by_hand(path, RUBRIC) == {
                "ada": {"reflection": 4.5},
                "=bob": {"reflection": 3.0},
            }

    @pytest.mark.parametrize("written", ["good", "6", "-1", "nan"])
    def test_what_cannot_be_points_is_not_lost_in_silence(self, tmp_path, written):
        path = tmp_path / "grades.csv"
        path.write_text(f"student,reflection\nada,{written}\n")
        with pytest.raises(ValueError, match="reflection of ada must be from 0 to 5"):
            gradebook.read_by_hand(path, RUBRIC)

    def test_none_yet(self, tmp_path):
        assert gradebook.read_by_hand(tmp_path / "grades.csv", RUBRIC) == {}


class _Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.words.append(data)


class TestClassPage:
    REPORTS = (make("ada"), make("bob", 0.5), make(NASTY[5], 0.0))
    TEXT = class_page.class_page(
        REPORTS, {r.student: f"feedback/{i}.md" for i, r in enumerate(REPORTS)}
    )

    def test_it_asks_nothing_of_other_hosts(self):
        assert not re.search(r"https?:|//\w", self.TEXT)
        assert "default-src 'none'" in self.TEXT

    def test_names_are_no_markup(self):
        page = _Page(self.TEXT)
        assert "script" not in [tag for tag, _ in page.tags]
        assert NASTY[5] in page.words

    def test_the_picture_is_told_in_words_and_numbers(self):
        assert "Bar chart: submissions by points. 0 to 9%: 1, 50 to 59%: 1" in self.TEXT
        assert '<svg role="img"' in self.TEXT
        assert '<th scope="row">90 to 100%</th><td class="number">1</td>' in self.TEXT

    def test_all_is_reached_by_keyboard(self):
        links = [a["href"] for tag, a in _Page(self.TEXT).tags if tag == "a"]
        assert links == ["feedback/0.md", "feedback/1.md", "feedback/2.md"]
        assert "<summary>" in self.TEXT and "prefers-color-scheme: dark" in self.TEXT

    def test_bars_add_up(self):
        shares = [0, 5, 10, 55, 99.9, 100]
        assert sum(class_page.distribution(shares)) == len(shares)
        heights = [
            int(a["height"]) for tag, a in _Page(self.TEXT).tags if tag == "rect"
        ]
        assert heights.count(160) == 3 and heights.count(0) == 7


@pytest.mark.parametrize(
    "name", [*NASTY, "ada", "x" * 200, b"\xff".decode("utf-8", "surrogateescape")]
)
def test_names_of_files_are_safe_and_their_own(tmp_path, name):
    found = file_name(tmp_path / name)
    assert re.fullmatch(r"[A-Za-z0-9_-][\w.-]{0,99}", found, re.ASCII)
    assert file_name(tmp_path / f"{name}x") != found


def test_a_submission_that_changes_has_another_fingerprint(tmp_path):
    found = {fingerprint(tmp_path)}
    (tmp_path / "a").write_text("1")
    found.add(fingerprint(tmp_path))
    (tmp_path / "b").symlink_to("/dev/zero")
    found.add(fingerprint(tmp_path))
    (tmp_path / "a").write_text("22")
    found.add(fingerprint(tmp_path))
    assert len(found) == 4
    assert fingerprint(tmp_path) in found


def test_what_counts_as_a_submission(tmp_path):
    for name in ("bob", "ada", ".git"):
        (tmp_path / name).mkdir()
    (tmp_path / "notes.txt").write_text("")
    assert [path.name for path in find_submissions(tmp_path)] == ["ada", "bob"]
    for folder in (tmp_path / "ada", tmp_path / "none"):
        with pytest.raises(ValueError, match="`submissions` must"):
            find_submissions(folder)


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "grades.csv"
    files.write_whole(path, "old")

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        files.write_whole(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
