"""Runs a chapter's exercises, so that a test can try answers on their judges:

    CELLS = run_exercises("03_masking", needs=["def attend("])
    judge = CELLS["judge_window"]
    assert verdict(judge, CELLS["solved_window"]) == "PASS"
    assert verdict(judge, lambda x: x) == "not right yet: the window must be full"
    assert verdict(judge, None) == "not solved yet"

What a judge says is what a reader would be told.
"""

import contextlib
import io
from collections.abc import Callable, Iterable
from typing import Any

from course_lib.checks import exercise
from tools import chapters
from tools.rules import SOLUTION


def run_exercises(name: str, needs: Iterable[str] = ()) -> dict[str, Any]:
    """Run the exercises of a chapter in one namespace, and return it.

    In their order: the imports (the first cell after the install cell), each cell
    that defines a `judge_...`, each solution, and `needs`. Prints are dropped.

    Args:
        name: A chapter, such as `"03_masking"`.
        needs: Texts that stand in one code cell each: what else to run, in any order.

    Raises:
        ValueError: If a text stands in no cell, or in several.
    """
    notebook = chapters.read_source(chapters.SOURCES / f"{name}.md")
    sources = [cell.source for cell in chapters.code_cells(notebook)][1:]
    needed = {_only(sources, text) for text in needs}
    namespace: dict[str, Any] = {"__name__": name}
    for i, source in enumerate(sources):
        is_solution = SOLUTION.match(source.partition("\n")[0])
        if i == 0 or i in needed or is_solution or "def judge_" in source:
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile(source, f"{name}, code cell {i + 1}", "exec"), namespace)
    return namespace


def verdict(judge: Callable[[Any], object], answer: Any) -> str:
    """Return what a reader is told: `PASS`, `not solved yet`, `not right yet: why`."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exercise("it", answer, judge)
    line = printed.getvalue().strip()
    return line.replace("PASS it", "PASS").replace(": it - ", ": ").removesuffix(": it")


def _only(sources: list[str], text: str) -> int:
    found = [i for i, source in enumerate(sources) if text in source]
    if len(found) != 1:
        raise ValueError(f"{len(found)} code cells hold {text!r}, not one")
    return found[0]
