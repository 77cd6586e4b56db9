"""Marks a whole class; killed and started again, it goes on where it was."""

import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from course_lib.assignment import class_page, gradebook
from course_lib.assignment import report as reports
from course_lib.assignment.files import write_whole
from course_lib.assignment.grade import grade_submission
from course_lib.assignment.report import Report
from course_lib.assignment.rubric import Rubric, read_rubric
from course_lib.assignment.sandbox import find_sandbox
from course_lib.assignment.supervise import Limits

FORMAT = 1  # of reports: those of another are made anew
_MOST_LISTED = 50_000


def grade_class(
    submissions: str | Path,
    out: str | Path,
    rubric: Rubric | str | Path | None = None,
    *,
    rerun: bool = False,
    jobs: int = 1,
    trust: bool = False,
    corpora: str | Path | None = None,
    limits: Limits | None = None,
    grade: Callable[..., Report] = grade_submission,
    say: Callable[[str], object] = print,
) -> list[Report]:
    """Mark each folder of a folder, and write all that a class needs.

    Beside `out`, say `grades.csv`, it writes a folder `grades/` of `class.html`, a
    `feedback/` with a Markdown file a student, and `reports/`, which are what was found
    already: a submission is marked anew only if it, the rubric or what was asked for
    has changed. What a person wrote into the manual columns of `out` is kept, and
    counts.

    Args:
        submissions: folder of submissions, a folder each.
        out: path of a CSV file.
        rubric: a `Rubric`, or the path of one; `None` for the course's.
        rerun: see `grade_submission`, as for the following.
        jobs: int, how many are marked at a time: each takes a core or two and 1.5 GB.
        trust: bool.
        corpora: a folder.
        limits: a `Limits`.
        grade: what marks a submission, with the arguments of `grade_submission`. One
            that hands these on to a cluster lets it do the work.
        say: what is told of the progress, a line at a time.

    Returns:
        A list of `Report`, sorted by name.

    Raises:
        NoSandbox: if this machine has none, and `trust` is false.
        ValueError: if there is no such folder, nothing in it, or the rubric is none;
            or if another run writes the same results now.
    """
    submissions, out = Path(submissions), Path(out)
    rubric = rubric if isinstance(rubric, Rubric) else read_rubric(rubric)
    limits = limits or Limits()
    if type(jobs) is not int or jobs < 1:
        raise ValueError(f"`jobs` must be an integer of at least 1. Received: {jobs!r}")
    if corpora is not None and not Path(corpora).is_dir():
        raise ValueError(f"`corpora` must be a folder. Received: {corpora}")
    folders = find_submissions(submissions)
    find_sandbox(trust)  # or nothing begins
    results = out.with_suffix("") if out.suffix else Path(f"{out}.d")
    (results / "reports").mkdir(parents=True, exist_ok=True)
    (results / "feedback").mkdir(exist_ok=True)
    asked = [FORMAT, rubric.digest, rerun, asdict(limits)]
    found: dict[Path, Report] = {}

    def mark(folder: Path) -> tuple[Report, bool]:
        path = results / "reports" / f"{file_name(folder)}.json"
        key = hashlib.sha256(
            json.dumps([*asked, fingerprint(folder)]).encode()
        ).hexdigest()
        old = _read_report(path, key)
        if old is not None and not _lacks_a_corpus(old, rubric):
            return old, True
        try:
            new = grade(
                folder,
                rubric,
                rerun=rerun,
                trust=trust,
                corpora=corpora,
                limits=limits,
            )
        except Exception as error:  # one submission never stops the rest
            reason = reports.shown(f"{type(error).__name__}: {error}")[:300]
            return reports.failed(reports.shown(folder.name), rubric, reason), False
        write_whole(path, json.dumps({"key": key, "report": new.to_json()}))
        return new, False

    with _only_one(results), ThreadPoolExecutor(max_workers=jobs) as pool:
        start = time.monotonic()
        futures = {pool.submit(mark, folder): folder for folder in folders}
        try:
            for number, future in enumerate(as_completed(futures), 1):
                report, known = future.result()
                found[futures[future]] = report
                took = "known" if known else f"{report.seconds:.0f} s"
                say(
                    f"[{number}/{len(folders)}] {report.student}: "
                    f"{report.points:g} of {report.most:g} ({took})"
                )
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        by_hand = gradebook.read_by_hand(out, rubric)
        finished = {
            folder: found[folder].with_points(by_hand.get(found[folder].student, {}))
            for folder in folders
        }
        for folder, report in finished.items():
            path = results / "feedback" / f"{file_name(folder)}.md"
            write_whole(path, reports.feedback(report))
        links = {r.student: f"feedback/{file_name(f)}.md" for f, r in finished.items()}
        all_reports = list(finished.values())
        write_whole(results / "class.html", class_page.class_page(all_reports, links))
        gradebook.write(out, rubric, all_reports)
        say(f"{len(folders)} submissions in {time.monotonic() - start:.0f} s: {out}")
    return all_reports


def find_submissions(submissions: Path) -> list[Path]:
    """The entries of a folder that somebody handed in, sorted by name."""
    if not submissions.is_dir():
        raise ValueError(f"`submissions` must be a folder. Received: {submissions}")
    found = [
        path
        for path in sorted(submissions.iterdir())
        if not path.name.startswith(".") and (path.is_dir() or path.is_symlink())
    ]
    if not found:
        raise ValueError(
            f"`submissions` must hold a folder for each student. {submissions} has none"
        )
    return found


def file_name(folder: Path) -> str:
    """A name for files about a submission, safe everywhere, one for each."""
    plain = re.sub(r"[^\w.-]", "_", folder.name, flags=re.ASCII).lstrip(".")[:80]
    if plain == folder.name:
        return plain
    return f"{plain}-{hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:8]}"


def fingerprint(folder: Path) -> str:
    """What changes when a submission does: names, sizes and times of all files.

    Links are not followed, and no file is opened.
    """
    lines: list[str] = []
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(root, name)
            status = os.lstat(path)
            kind = stat.S_IFMT(status.st_mode)
            lines.append(
                f"{os.path.relpath(path, folder)!r} {kind} {status.st_size} "
                f"{status.st_mtime_ns}"
            )
        if len(lines) > _MOST_LISTED:
            break
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read_report(path: Path, key: str) -> Report | None:
    """What was found before, if it was found of this very submission."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Report.from_json(stored["report"]) if stored["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lacks_a_corpus(report: Report, rubric: Rubric) -> bool:
    """Whether what could not be judged may be judged now, with more texts at hand."""
    auto = {item.id for item in rubric.auto} - {"runs"}  # left out unless asked for
    return any(mark.points is None and mark.id in auto for mark in report.marks)


@contextlib.contextmanager
def _only_one(results: Path) -> Iterator[None]:
    """Keep out a second run; the lock goes when this process does."""
    with (results / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ValueError(f"Another run writes to {results} now") from None
        yield
