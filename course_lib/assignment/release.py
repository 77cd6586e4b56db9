"""From the notebook with the solutions to the one for the students."""

import hashlib
import re
from pathlib import Path
from typing import Any

STUB = ("# Your code here", "...")
_MARKER = re.compile(
    r"^(?P<indent>[ \t]*)###\s*(?P<edge>BEGIN|END)\s+(?P<kind>SOLUTION|HIDDEN TESTS)\b"
)
_SUSPECT = re.compile(r"###\s*(BEGIN|END)\b|\bSOLUTION\b|\bHIDDEN TESTS?\b")


def release_notebook(source: str | Path, out: str | Path) -> None:
    """Write the students' notebook.

    What stands between `### BEGIN SOLUTION` and `### END SOLUTION` becomes
    `# Your code here` and `...`, which never raises, with the indentation of the first
    marker; in a Markdown cell, *Your answer here*. What stands between
    `### BEGIN HIDDEN TESTS` and `### END HIDDEN TESTS` goes. A cell of nothing else
    goes, too. Outputs are cleared.

    Args:
        source: a notebook, `.md` (MyST, by jupytext) or `.ipynb`.
        out: path of the `.ipynb`; what is there is replaced, whole or not at all.

    Raises:
        ValueError: if a marker has no partner, or is written in another way, or if
            there is none; the message names the cell.
    """
    import nbformat

    from course_lib.assignment.files import write_whole

    source, out = Path(source), Path(out)
    notebook = student_version(_read(source))
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, nbformat.writes(notebook) + "\n")


def student_version(notebook: Any) -> Any:
    """A notebook without solutions, hidden tests and outputs; see `release_notebook`.

    Args:
        notebook: a notebook of `nbformat`; it is not changed.

    Returns:
        A new one.
    """
    import copy

    new = copy.deepcopy(notebook)
    solutions, cells = 0, []
    for number, cell in enumerate(new.cells, 1):
        was_empty = not cell.source.strip()
        cell.source, found = strip(cell.source, cell.cell_type, f"Cell {number}")
        solutions += found
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        if cell.source.strip() or was_empty:
            cells.append(cell)
    if not solutions:
        raise ValueError("`source` must hold a solution: no ### BEGIN SOLUTION found")
    new.cells = cells
    _name_cells(new)
    return new


def strip(source: str, cell_type: str, where: str) -> tuple[str, int]:
    r"""The text of a cell without solutions and hidden tests.

    Args:
        source: the text of the cell.
        cell_type: `"code"` or `"markdown"`.
        where: what messages call the cell.

    Returns:
        The new text, and how many solutions there were.

    Example:
        >>> strip("### BEGIN SOLUTION\nx = 1\n### END SOLUTION", "code", "Cell 1")
        ('# Your code here\n...', 1)
    """
    lines: list[str] = []
    solutions, inside = 0, ""
    for line in source.split("\n"):
        marker = _MARKER.match(line)
        if marker and marker["edge"] == "BEGIN" and not inside:
            inside = marker["kind"]
            if inside == "SOLUTION":
                solutions += 1
                stub = STUB if cell_type == "code" else ("*Your answer here*",)
                lines += [marker["indent"] + text for text in stub]
        elif marker and marker["edge"] == "END" and inside == marker["kind"]:
            inside = ""
        elif marker:
            raise ValueError(f"{where}: {line.strip()!r} has no partner")
        elif not inside:
            if _SUSPECT.search(line):
                raise ValueError(f"{where}: {line.strip()!r} looks like a marker")
            lines.append(line)
    if inside:
        raise ValueError(f"{where}: ### BEGIN {inside} has no end")
    return "\n".join(lines), solutions


def _read(source: Path) -> Any:
    import jupytext
    import nbformat

    if not source.is_file():
        raise ValueError(f"`source` must be a notebook. There is no file {source}")
    text = source.read_text(encoding="utf-8")
    if source.suffix == ".ipynb":
        return nbformat.reads(text, as_version=4)
    notebook = nbformat.from_dict(jupytext.reads(text, fmt="md:myst"))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def _name_cells(notebook: Any) -> None:
    """Ids that depend on the text alone: the same source gives the same file."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
