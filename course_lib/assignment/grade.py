"""Marks one submission: in a sandbox, or, for its own author, right here."""

import json
import math
import os
import tempfile
import time
from pathlib import Path
from typing import Any

from course_lib.assignment import report as reports
from course_lib.assignment.report import Report
from course_lib.assignment.rubric import AUTO, Rubric, read_rubric
from course_lib.assignment.sandbox import Sandbox, find_sandbox
from course_lib.assignment.supervise import Limits, Outcome


def grade_submission(
    folder: str | Path,
    rubric: Rubric | str | Path | None = None,
    *,
    rerun: bool = False,
    trust: bool = False,
    corpora: str | Path | None = None,
    limits: Limits | None = None,
) -> Report:
    """Mark a submission, in a process of its own that can do no harm.

    All arguments, and the report, can be pickled: so it is what a scheduler runs.

    Args:
        folder: of the submission.
        rubric: a `Rubric`, or the path of one; `None` for the course's.
        rerun: whether to run its notebook as well, in a sandbox of its own.
        trust: whether to do without a sandbox where there is none.
        corpora: folder of texts that may not be passed on, named by their sha256.
        limits: for each of the two runs; a `Limits`.

    Returns:
        A `Report`. Whatever the submission holds or does, there is one.

    Raises:
        NoSandbox: if this machine has none, and `trust` is false.
        ValueError: if the rubric is none.
    """
    folder = Path(folder)
    rubric = rubric if isinstance(rubric, Rubric) else read_rubric(rubric)
    sandbox = find_sandbox(trust)
    limits = limits or Limits()
    student = reports.shown(os.fsencode(folder.name).decode("utf-8", "replace"))
    if folder.is_symlink() or not folder.is_dir():
        return reports.failed(student, rubric, "This is a link or a file, no folder.")
    start = time.monotonic()
    shown = {"submission": folder}
    if corpora is not None:
        shown["corpora"] = Path(corpora)
    asked: dict[str, Any] = {
        "items": [name for name in AUTO if name in {i.id for i in rubric.auto}],
        "rerun": _rerun(sandbox, shown, limits) if rerun else None,
    }
    outcome = _work(sandbox, "evaluate", asked, shown, limits)
    verdicts, measured = _read_verdicts(outcome.stdout)
    problem = ""
    if outcome.broken or outcome.code:
        problem = f"The marking was stopped. {_why_stopped(outcome)}"
    marks = tuple(
        reports.make_mark(item, verdicts.get(item.id), problem or "Not judged.")
        for item in rubric.items
    )
    seconds = round(time.monotonic() - start, 1)
    return Report(student, marks, measured, seconds, reports.shown(problem))


def check_submission(
    folder: str | Path, rubric: Rubric | str | Path | None = None
) -> Report:
    """Mark one's own submission before handing it in, and print the marks.

    The same items and the same verdicts as `grade_submission`, but in this process and
    without a sandbox, for it is one's own work. The notebook is not run.

    Args:
        folder: of the submission.
        rubric: a `Rubric`, or the path of one; `None` for the course's.

    Returns:
        A `Report`.

    Raises:
        ValueError: if there is no such folder, or the rubric is none.
    """
    from course_lib.assignment.evidence import Evidence
    from course_lib.assignment.items import judge
    from course_lib.assignment.submission import Submission

    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"`folder` must be a folder. Received: {folder}")
    rubric = rubric if isinstance(rubric, Rubric) else read_rubric(rubric)
    evidence = Evidence(Submission(folder), online=True)
    start = time.monotonic()
    verdicts = {
        item.id: judge(item.id, evidence)._asdict()
        for item in sorted(rubric.auto, key=lambda item: AUTO.index(item.id))
    }
    marks = tuple(
        reports.make_mark(item, verdicts.get(item.id), "") for item in rubric.items
    )
    report = Report(
        reports.shown(folder.resolve().name),
        marks,
        _numbers(evidence.__dict__.get("measured", {})),
        round(time.monotonic() - start, 1),
    )
    print(reports.table(report))
    return report


def _rerun(sandbox: Sandbox, shown: dict[str, Path], limits: Limits) -> dict[str, Any]:
    """What the run of the notebook found."""
    outcome = _work(sandbox, "rerun", {}, shown, limits)
    for line in _lines(outcome.stdout):
        found = line.get("rerun")
        if isinstance(found, dict) and isinstance(found.get("held_out_seen"), list):
            return {
                "ran": found.get("ran") is True,
                "why": reports.shown(found.get("why", ""))[:500],
                "held_out_seen": [
                    reports.shown(s)[:60] for s in found["held_out_seen"]
                ],
            }
    why = f"The notebook was stopped. {_why_stopped(outcome)}"
    return {"ran": False, "why": why, "held_out_seen": []}


def _work(
    sandbox: Sandbox,
    task: str,
    asked: dict[str, Any],
    shown: dict[str, Path],
    limits: Limits,
) -> Outcome:
    """Run the worker in a new scratch folder."""
    with tempfile.TemporaryDirectory(
        prefix="course-scratch-", ignore_cleanup_errors=True
    ) as folder:
        scratch = Path(folder)
        given = {
            "task": task,
            "scratch": sandbox.place(scratch, "scratch"),
            "corpora": None,
            "memory": limits.memory,
            "files": limits.files,
            "seconds": limits.seconds,
            **{name: sandbox.place(path, name) for name, path in shown.items()},
            **asked,
        }
        arguments = ["-m", "course_lib.assignment.worker"]
        return sandbox.run(arguments, json.dumps(given), shown, scratch, limits)


def _why_stopped(outcome: Outcome) -> str:
    if outcome.broken:
        return outcome.broken
    if "MemoryError" in outcome.stderr or "bad_alloc" in outcome.stderr:
        return "It asked for more memory than there is for a submission."
    last = (outcome.stderr.strip().splitlines() or ["no message"])[-1]
    return f"The process ended with code {outcome.code}: {reports.shown(last)[:200]}"


def _read_verdicts(text: str) -> tuple[dict[str, dict], dict[str, float]]:
    """What the worker wrote, as far as it is what a worker writes."""
    verdicts, measured = {}, {}
    for line in _lines(text):
        if isinstance(line.get("item"), str) and "share" in line and "why" in line:
            verdicts[line["item"]] = line
        if isinstance(line.get("measured"), dict):
            measured = _numbers(line["measured"])
    return verdicts, measured


def _lines(text: str) -> list[dict[str, Any]]:
    lines = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            lines.append(value)
    return lines


def _numbers(values: dict[str, Any]) -> dict[str, float]:
    return {
        str(name): float(value)
        for name, value in values.items()
        if isinstance(value, int | float) and math.isfinite(value)
    }
