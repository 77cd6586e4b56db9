"""Runs the notebook of a submission, in the sandbox, on the canaries."""

import json
import re
from pathlib import Path
from typing import Any

from course_lib.assignment import canaries
from course_lib.assignment.submission import Submission, SubmissionError

LARGEST_NOTEBOOK = 50_000_000  # bytes
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_WATCH = """\
from course_lib.assignment import canaries as _canaries
_canaries.watch_fit({path!r}, {canaries!r})
"""


def rerun(folder: Path, scratch: Path, seconds: float) -> dict[str, Any]:
    """Run the notebook under the profile `smoke`.

    It starts in a folder that shows the files of the submission. Environment variables
    ask it to use the canaries as its corpus (`COURSE_CHALLENGE_CORPUS`) and to write
    model, samples and card elsewhere (`COURSE_CHALLENGE_OUT`).

    Args:
        folder: of the submission.
        scratch: an empty folder to run in.
        seconds: float, for the whole notebook.

    Returns:
        A dict, fit for JSON: `ran`, a bool; `why`, a sentence; `held_out_seen`, the
        canaries that were found where none may be.
    """
    try:
        path = Submission(folder).file("notebook.ipynb", LARGEST_NOTEBOOK)
        notebook = _read(path)
    except SubmissionError as error:
        return {"ran": False, "why": str(error), "held_out_seen": []}
    found = canaries.write_canaries(scratch / "corpus_of_the_grader")
    seen = scratch / "seen.json"
    work = scratch / "work"
    work.mkdir()
    for entry in folder.iterdir():
        (work / entry.name).symlink_to(entry)
    why = _run(notebook, scratch, work, seen, [*found.pairs, *found.names], seconds)
    return {
        "ran": not why,
        "why": why or "The notebook runs from top to bottom.",
        "held_out_seen": sorted(
            {*_read_seen(seen), *_in_vocabulary(scratch / "out", found.names)}
        )[:10],
    }


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except Exception as error:  # nbformat raises all sorts
        reason = " ".join(str(error).split())[:200]
        raise SubmissionError(f"notebook.ipynb is no notebook: {reason}") from None


def _run(
    notebook: Any,
    scratch: Path,
    work: Path,
    seen: Path,
    found: list[str],
    seconds: float,
) -> str:
    """Run it; returns what went wrong, if anything did."""
    import os

    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    watch = nbformat.v4.new_code_cell(_WATCH.format(path=str(seen), canaries=found))
    notebook.cells.insert(0, watch)
    os.environ["COURSE_CHALLENGE_CORPUS"] = str(scratch / "corpus_of_the_grader")
    os.environ["COURSE_CHALLENGE_OUT"] = str(scratch / "out")
    client = NotebookClient(
        notebook,
        timeout=int(seconds),
        kernel_name="python3",
        resources={"metadata": {"path": str(work)}},
    )
    try:
        client.execute()
    except CellTimeoutError:
        return f"A cell of the notebook takes longer than {seconds:.0f} seconds."
    except (DeadKernelError, RuntimeError):  # it died, or never answered
        return "The notebook's kernel died: a limit, of memory maybe, was broken."
    except CellExecutionError as error:
        message = _ANSI.sub("", f"{error.ename}: {error.evalue}")
        return f"The notebook stops with {' '.join(message.split())[:300]}"
    return ""


def _read_seen(path: Path) -> list[str]:
    try:
        seen = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [str(word) for word in seen if isinstance(word, str)][:100]


def _in_vocabulary(out: Path, names: list[str]) -> list[str]:
    """Names of held-out stories that a vocabulary of words holds."""
    path = out / "model" / "assets" / "tokenizer" / "vocabulary.txt"
    if path.is_symlink() or not path.is_file():
        return []
    entries = set(
        path.read_text(encoding="utf-8", errors="replace").lower().split("\n")
    )
    return [name for name in names if name in entries]
