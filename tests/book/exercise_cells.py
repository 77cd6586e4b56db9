"""Runs a chapter's exercises, so that a test can try answers on their judges:

    CELLS = run_exercises("03_masking", needs=["def attend("])
    judge = CELLS["judge_window"]
    assert verdict(judge, CELLS["solved_window"]) == "PASS"
    assert verdict(judge, lambda x: x) == "not right yet: the window must be full"
    assert verdict(judge, None) == "not solved yet"

What a judge says is what a reader would be told. `judge_tests` makes of such answers
the tests that every chapter has.
"""

import contextlib
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest

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


def judge_tests(
    cells: dict[str, Any],
    solutions: Mapping[str, str],
    others: Sequence[tuple[str, Any]],
    wrong: Sequence[tuple[str, Any, str]],
) -> tuple[Callable, Callable, Callable, Callable]:
    """Return four tests, for a module to give names to.

    Every judge is tested; it accepts the folded solution, and says that a stub is not
    solved yet; it accepts other right answers; it rejects wrong ones, and says why.

    Args:
        cells: What `run_exercises` returned.
        solutions: Name of the judge -> name of the solution.
        others: Pairs: a judge, another right answer.
        wrong: A judge, a wrong answer, what must stand in the reason that it gives.
    """

    def every_judge_is_tested():
        judges = {name for name in cells if name.startswith("judge_")}
        assert judges == solutions.keys() == {judge for judge, *_ in others}
        assert judges == {judge for judge, *_ in wrong}

    @pytest.mark.parametrize(("judge", "solution"), solutions.items())
    def the_folded_solution_is_accepted(judge, solution):
        assert verdict(cells[judge], cells[solution]) == "PASS"
        assert verdict(cells[judge], None) == "not solved yet"

    @pytest.mark.parametrize(("judge", "answer"), others)
    def another_right_answer_is_accepted(judge, answer):
        assert verdict(cells[judge], answer) == "PASS"

    @pytest.mark.parametrize(("judge", "answer", "reason"), wrong)
    def a_wrong_answer_is_rejected(judge, answer, reason):
        told = verdict(cells[judge], answer)
        assert told.startswith("not right yet: ") and reason in told

    return (
        every_judge_is_tested,
        the_folded_solution_is_accepted,
        another_right_answer_is_accepted,
        a_wrong_answer_is_rejected,
    )


def _only(sources: list[str], text: str) -> int:
    found = [i for i, source in enumerate(sources) if text in source]
    if len(found) != 1:
        raise ValueError(f"{len(found)} code cells hold {text!r}, not one")
    return found[0]
