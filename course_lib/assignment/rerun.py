"""Runs the notebook of a submission, in the sandbox, on the canaries."""

import json
import os
import re
from pathlib import Path
from typing import Any

from course_lib.assignment.submission import Submission, SubmissionError

LARGEST_NOTEBOOK = 50_000_000  # bytes
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_PREPARE = """\
from course_lib.assignment import canaries as _canaries
_canaries.prepare({corpus!r}, {names!r}, {seen!r})
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
    work, out = scratch / "work", scratch / "out"
    work.mkdir()
    for entry in folder.iterdir():
        (work / entry.name).symlink_to(entry)
    names, seen = scratch / "names.json", scratch / "seen.json"
    corpus = scratch / "corpus_of_the_grader"
    cell = _PREPARE.format(corpus=str(corpus), names=str(names), seen=str(seen))
    os.environ["COURSE_CHALLENGE_CORPUS"] = str(corpus)
    os.environ["COURSE_CHALLENGE_OUT"] = str(out)
    why = _run(notebook, cell, work, seconds)
    return {
        "ran": not why,
        "why": why or "The notebook runs from top to bottom.",
        "held_out_seen": sorted(
            {*_read_words(seen), *_in_vocabulary(out, _read_words(names))}
        )[:10],
    }


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except Exception as error:  # nbformat raises all sorts
        reason = " ".join(str(error).split())[:200]
        raise SubmissionError(f"notebook.ipynb is no notebook: {reason}") from None


def _run(notebook: Any, first: str, work: Path, seconds: float) -> str:
    """Run a cell, then the notebook; returns what went wrong, if anything did."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import (
        CellExecutionError,
        CellTimeoutError,
        DeadKernelError,
    )

    notebook.cells.insert(0, nbformat.v4.new_code_cell(first))
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


def _read_words(path: Path) -> list[str]:
    try:
        words = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    words = words if isinstance(words, list) else []
    return [word for word in words if isinstance(word, str)][:1000]


def _in_vocabulary(out: Path, names: list[str]) -> list[str]:
    """Names of held-out stories that a vocabulary of words holds."""
    path = out / "model" / "assets" / "tokenizer" / "vocabulary.txt"
    if path.is_symlink() or not path.is_file():
        return []
    entries = set(
        path.read_text(encoding="utf-8", errors="replace").lower().split("\n")
    )
    return [name for name in names if name in entries]
