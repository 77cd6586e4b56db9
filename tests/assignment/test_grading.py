"""Submissions are marked rightly: the good, the faulty and the hostile.

CI marks three of them. The rest is one class, marked by `make test-grader`.
"""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from course_lib.assignment import check_submission, grade_submission, read_rubric
from course_lib.assignment.class_run import file_name
from course_lib.assignment.report import Report
from tests.assignment import kinds, makers

AUTO = {item.id for item in read_rubric().auto if item.points}
SECONDS = 15 * 60


def lost(report):
    """The items that were not given all their points."""
    return {m.id for m in report.marks if m.points is not None and m.points < m.most}


class TestThree:
    def test_the_solution_has_full_marks(self, workshop):
        report = grade_submission(workshop.solution)
        assert (report.points, report.most, lost(report)) == (95, 95, set())
        assert report.measured["nats_per_token"] < report.measured["bigram"]
        assert not report.problem

    def test_its_author_is_told_the_same(self, workshop, capsys):
        report = check_submission(workshop.solution)
        assert (report.points, report.most) == (95, 95)
        assert "reproducible" in capsys.readouterr().out

    def test_the_empty_starter_has_nearly_none(self, tmp_path):
        """What a student has who has only downloaded the notebook."""
        (tmp_path / "ada").mkdir()
        makers.write_notebook(tmp_path / "ada", "# Your code here\n...")
        report = grade_submission(tmp_path / "ada", rerun=True)
        assert report.points == 0
        assert lost(report) == AUTO
        runs = next(mark for mark in report.marks if mark.id == "runs")
        assert runs.why == "The notebook runs from top to bottom."

    def test_a_faulty_one_loses_its_item(self, workshop, tmp_path):
        make, expected = kinds.FAULTY["text_printed_twice"]
        make(tmp_path / "bob", workshop)
        assert lost(grade_submission(tmp_path / "bob")) == expected


@pytest.fixture(scope="module")
def rubric(tmp_path_factory):
    """That of the course, but that the notebook must run, for 5 points."""
    path = tmp_path_factory.mktemp("rubric") / "rubric.toml"
    items = [
        f'[[item]]\nid = "{i.id}"\ntitle = "{i.title}"\nkind = "{i.kind}"\n'
        f"points = {i.points or 5}\n"
        for i in read_rubric().items
    ]
    path.write_text("".join(items))
    return path


@pytest.fixture(scope="module")
def graded(workshop, rubric, tmp_path_factory):
    """A class of all kinds, marked, killed half-way, and started again."""
    folder = tmp_path_factory.mktemp("class")
    submissions, out = folder / "submissions", folder / "grades.csv"
    submissions.mkdir()
    for name, (make, _) in kinds.FAULTY.items():
        make(submissions / name, workshop)
    for name, make in kinds.CORRECT.items():
        make(submissions / name, workshop)
    workshop.copy(submissions / "=cmd|' <b>bold<|b> ö\n")
    (submissions / "empty").mkdir()
    (submissions / "link").symlink_to(workshop.solution)
    command = [sys.executable, "-m", "course_lib.assignment", "grade", submissions]
    command += ["--out", out, "--rubric", rubric, "--rerun", "--jobs", "2"]
    command += ["--minutes", "2"]
    reports = folder / "grades" / "reports"
    start = time.monotonic()
    first = subprocess.Popen(command, start_new_session=True)
    while len(list(reports.glob("*.json"))) < len(list(submissions.iterdir())) // 2:
        assert first.poll() is None and time.monotonic() - start < 2 * SECONDS
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    kept = {path.name: path.stat().st_mtime_ns for path in reports.glob("*.json")}
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = time.monotonic() - start
    return folder, kept, second.stdout, seconds


@pytest.fixture(scope="module")
def reports(graded):
    folder = graded[0]
    return {
        path.name: Report.from_json(
            json.loads(
                (folder / "grades" / "reports" / f"{file_name(path)}.json").read_text()
            )["report"]
        )
        for path in (folder / "submissions").iterdir()
    }


@pytest.mark.grader
class TestClass:
    @pytest.mark.parametrize("name", kinds.FAULTY)
    def test_a_fault_loses_exactly_its_items(self, reports, name):
        report = reports[name]
        whys = {m.id: m.why for m in report.marks}
        assert lost(report) == kinds.FAULTY[name][1], (whys, report.problem)

    @pytest.mark.parametrize("name", kinds.CORRECT)
    def test_what_is_right_has_full_marks(self, reports, name):
        report = reports[name]
        assert lost(report) == set(), [m for m in report.marks]
        assert report.points == report.most == 100

    def test_each_fault_is_named(self, reports):
        """A sentence that its author can act on."""
        for name, part in {
            "a_pickle_for_weights": "a pickle, say, could run anything",
            "a_lambda_layer": "names the class 'Lambda'",
            "links_into_another_folder": "a link or no plain file",
            "trained_on_everything": "words that only held-out text has",
            "trained_on_the_test": "better than its training text",
            "an_infinite_loop": "longer than",
            "twenty_gigabytes": "MemoryError",
            "canaries_found": "trains on what is held out there",
        }.items():
            report = reports[name]
            assert any(part in mark.why for mark in report.marks), (name, report)

    def test_twenty_take_less_than_a_quarter_of_an_hour(self, graded, reports):
        """On two cores, with the kill and the second start."""
        assert graded[3] / len(reports) * 20 < SECONDS

    def test_killed_and_started_again_nothing_is_done_twice_or_lost(self, graded):
        folder, kept, said, _ = graded
        names = [path.name for path in (folder / "submissions").iterdir()]
        files = {p.name: p for p in (folder / "grades" / "reports").glob("*.json")}
        assert len(files) == len(names) > 20
        assert kept and all(
            files[name].stat().st_mtime_ns == time for name, time in kept.items()
        )
        assert said.count("(known)") == len(kept)
        with (folder / "grades.csv").open(newline="") as file:
            assert len(list(csv.DictReader(file))) == len(names)
        assert len(list((folder / "grades" / "feedback").iterdir())) == len(names)

    def test_nothing_got_out(self, graded, workshop):
        folder = graded[0]
        assert not list(folder.rglob("PWNED"))
        assert sorted(p.name for p in workshop.solution.iterdir()) == [
            "card.md",
            "corpus",
            "model",
            "notebook.ipynb",
            "samples.jsonl",
        ]

    def test_points_given_by_hand_count(self, graded, rubric):
        from course_lib.assignment import grade_class
        from course_lib.assignment.supervise import Limits

        folder = graded[0]
        text = (folder / "grades.csv").read_text()
        rows = list(csv.reader(text.splitlines()))
        row = next(row for row in rows if row[0] == "word_pieces")
        row[rows[0].index("reflection")] = "4"
        with (folder / "grades.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
        found = grade_class(
            folder / "submissions",
            folder / "grades.csv",
            rubric,
            rerun=True,
            limits=Limits(seconds=120),
            say=lambda line: None,
        )
        by_name = {report.student: report for report in found}
        assert by_name["word_pieces"].points == 104
        feedback = (folder / "grades" / "feedback" / "word_pieces.md").read_text()
        assert "104 of 105" in feedback


@pytest.mark.grader
def test_a_cluster_marks_with_the_same_function(workshop, tmp_path):
    from distributed import Client, LocalCluster

    folders = [workshop.solution, tmp_path / "bob"]
    kinds.FAULTY["no_licence"][0](tmp_path / "bob", workshop)
    with (
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path),
        ) as cluster,
        Client(cluster) as client,
    ):
        futures = client.map(grade_submission, folders)
        reports = client.gather(futures)
    assert [lost(report) for report in reports] == [set(), {"data_card"}]
