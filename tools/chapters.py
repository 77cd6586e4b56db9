"""Where chapters live, how a source becomes a notebook, and what a cell is.

A chapter has one hand-edited source, `book/chapters/NN_name.md` (a MyST notebook), and
one built notebook, `book/notebooks/NN_name.ipynb`.
"""

import hashlib
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ROOT / "book" / "chapters"
NOTEBOOKS = ROOT / "book" / "notebooks"

STAMP_TAG = "build-stamp"  # on the one cell that the builder writes
IGNORE_TAG = "nbval-ignore-output"


def sources() -> list[Path]:
    """Return all chapter sources, in reading order."""
    return sorted(SOURCES.glob("[0-9][0-9]_*.md"))


def select(numbers: list[str]) -> list[Path]:
    """Return the sources whose names start with one of `numbers`; all if none given."""
    chosen = sources()
    for number in numbers:
        if not any(path.stem.startswith(number) for path in chosen):
            names = ", ".join(path.stem for path in chosen) or "none"
            raise SystemExit(f"No chapter starts with {number!r}. There are: {names}")
    if numbers:
        chosen = [path for path in chosen if path.stem.startswith(tuple(numbers))]
    return chosen


def notebook_path(source: Path) -> Path:
    """Return the path of the notebook built from `source`."""
    return NOTEBOOKS / f"{source.stem}.ipynb"


def read_source(path: Path) -> NotebookNode:
    """Read a chapter's source as a notebook without outputs."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.from_dict(jupytext.reads(text, fmt="md:myst"))
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    name_cells(notebook)
    return notebook


def read_notebook(path: Path) -> NotebookNode:
    """Read a built notebook."""
    return nbformat.read(path, as_version=4)


def name_cells(notebook: NotebookNode) -> None:
    """Give each cell an id that depends on its text alone, so that diffs stay small."""
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(cell.source.encode()).hexdigest()[:8]
        seen[digest] = seen.get(digest, 0) + 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"


def tags(cell: NotebookNode) -> list[str]:
    """Return the tags of a cell."""
    return list(cell.metadata.get("tags", []))


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def written_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that stand in the source: all but the builder's own."""
    return [cell for cell in notebook.cells if STAMP_TAG not in tags(cell)]


def content(cell: NotebookNode) -> tuple[str, str, list[str], str]:
    """Return what source and notebook must agree on: kind, text, tags, alt text."""
    return cell.cell_type, cell.source, tags(cell), alt_text(cell)


def alt_text(cell: NotebookNode) -> str:
    """Return the text for those who cannot see the cell's figure."""
    return cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
