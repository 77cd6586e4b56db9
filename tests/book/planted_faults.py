"""Plants a fault in a chapter and sees which check finds it.

A chapter's faults stand in `faults/NN_name.toml`:

    [[fault]]
    name = "the mask lets the future through"    # what is broken, in words
    check = "later words change nothing"         # the check that must fail, by its name
    old = "mask = causal_mask(T, T)"             # stands once in the chapter's code ...
    new = "mask = ops.ones((T, T))"              # ... and is replaced by this
    needs = ["import keras", "def attention"]    # optional: the only other cells to run

Instead of `old` and `new`, `before` is code that runs first, in a namespace of its own,
to break the library. The cells run in order, under the smoke profile, up to the one
with the check.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import chapters, rules
from tools.run_notebook import NotebookFailed, first_line, run

FOLDER = Path(__file__).parent / "faults"


@dataclass(frozen=True)
class Fault:
    name: str
    check: str
    old: str = ""
    new: str = ""
    before: str = ""
    needs: list[str] = field(default_factory=list)


def read(path: Path) -> list[Fault]:
    return [Fault(**entry) for entry in tomllib.loads(path.read_text("utf-8"))["fault"]]


def assert_found(notebook: NotebookNode, fault: Fault, folder: Path) -> None:
    """Fail unless the fault's check, and nothing before it, fails."""
    cells = planted(notebook, fault)
    broken = nbformat.v4.new_notebook(cells=cells)
    try:
        run(broken, profile="smoke", folder=folder, timeout=120)
    except NotebookFailed as failure:
        assert failure.error == "CheckFailed", f"{fault.name}: {failure}"
        assert failure.detail.startswith(f"{fault.check}: "), f"{fault.name}: {failure}"
        return
    raise AssertionError(f"{fault.name}: the check {fault.check!r} did not notice it")


def planted(notebook: NotebookNode, fault: Fault) -> list[NotebookNode]:
    """Return the cells to run, with the fault in them."""
    code = [
        nbformat.v4.new_code_cell(cell.source)
        for cell in chapters.code_cells(notebook)
        if "course_lib @ git+" not in cell.source
    ]
    checks = [cell for cell in code if repr(fault.check) in rules.check_names(cell)]
    last = _only(checks, f"check({fault.check!r}, ...)")
    code = code[: code.index(last) + 1]
    kept = [last]
    if fault.old:
        patched = _only([c for c in code if fault.old in c.source], fault.old)
        if patched.source.count(fault.old) != 1:
            raise ValueError(f"{fault.old!r} stands more than once in its cell")
        kept.append(patched)
    for text in fault.needs:
        kept.append(_only([cell for cell in code if text in cell.source], text))
    if fault.needs:
        code = [cell for cell in code if any(cell is k for k in kept)]
    if fault.old:
        patched.source = patched.source.replace(fault.old, fault.new)
    if fault.before:  # in a namespace of its own: the chapter's names stay out of it
        code.insert(0, nbformat.v4.new_code_cell(f"exec({fault.before!r}, {{}})"))
    return code


def _only(cells: list[NotebookNode], text: str) -> NotebookNode:
    if len(cells) != 1:
        found = "; ".join(first_line(cell) for cell in cells) or "none"
        raise ValueError(f"One code cell must hold {text!r}. Found: {found}")
    return cells[0]
