"""The rules that every built chapter keeps; each returns what breaks it.

Lint runs them over all chapters. `CONTRIBUTING.md` explains them to authors.
"""

import ast
import re
from collections.abc import Callable

from nbformat import NotebookNode

from tools import links
from tools.chapters import IGNORE_TAG, STAMP_TAG, alt_text, code_cells, tags

TAGS = {"hide-cell", "hide-input", "hide-output", IGNORE_TAG, STAMP_TAG}
MAX_IGNORED = 0.4
SOLUTION = re.compile(r'# @title Solution\b.*\{display-mode: "form"\}$')


def front(name: str, notebook: NotebookNode) -> list[str]:
    """The title, the Colab link and the install cell open the chapter."""
    title = notebook.cells[0]
    problems = []
    if title.cell_type != "markdown" or not title.source.startswith("# "):
        problems.append("the first cell must start with the title, `# ...`")
    if links.colab_link(name) not in title.source.splitlines():
        problems.append(f"the first cell lacks the line {links.colab_link(name)}")
    install = code_cells(notebook)[0]
    if install.source != links.install_cell() or tags(install) != ["hide-cell"]:
        problems.append(
            "the first code cell must be tagged hide-cell and read\n"
            f"{links.install_cell()}"
        )
    return problems


def metadata(name: str, notebook: NotebookNode) -> list[str]:
    """Colab gives the notebook a GPU and nothing personal is left in it."""
    wanted = {"accelerator": "GPU", "colab": {"gpuType": "T4", "provenance": []}}
    found = {key: notebook.metadata.get(key) for key in wanted}
    problems = [] if found == wanted else [f"the metadata must hold {wanted}"]
    if "widgets" in notebook.metadata:
        problems.append("the metadata holds the state of widgets")
    return problems


def provenance(name: str, notebook: NotebookNode) -> list[str]:
    """The outputs come from a laptop-profile run on the data that the source names."""
    course = notebook.metadata.get("course", {})
    build = course.get("build", {"profile": "unknown", "data": []})
    problems = []
    if build["profile"] != "laptop":
        problems.append(f"its outputs come from the profile {build['profile']}")
    read = {corpus["name"] for corpus in build["data"] if corpus["sha256"]}
    for corpus in course.get("data", []):
        if corpus not in read:
            problems.append(f"its outputs do not come from the real corpus {corpus!r}")
    if [tags(cell) for cell in notebook.cells].count([STAMP_TAG]) != 1:
        problems.append("it must show one line on where its outputs come from")
    return problems


def tagging(name: str, notebook: NotebookNode) -> list[str]:
    """Only known tags, so that none can switch a comparison off."""
    problems = [
        f"cell {i}: unknown tag {tag!r}; known: {', '.join(sorted(TAGS))}"
        for i, cell in enumerate(notebook.cells)
        for tag in tags(cell)
        if tag not in TAGS
    ]
    problems += [
        f"cell {i}: say it with a tag, not with an NBVAL comment"
        for i, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and re.search(r"#\s*NBVAL_", cell.source)
    ]
    return problems


def outputs(name: str, notebook: NotebookNode) -> list[str]:
    """Every code cell was run, in order, and printed nothing that should not stay."""
    problems = []
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        problems.append(f"the cells were not run once, in order: {counts}")
    for i, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                problems.append(f"cell {i}: a saved error, {output.ename}")
            if output.get("name") == "stderr":
                problems.append(f"cell {i}: saved stderr")
            if any("widget" in kind for kind in output.get("data", {})):
                problems.append(f"cell {i}: a widget, which a page cannot show")
        text = output_text(cell)
        if found := re.search(r"\b0x[0-9a-f]{6,}\b", text):
            problems.append(f"cell {i}: a memory address, {found[0]}")
        if found := re.search(r"(?<![\w.])/(home|root|tmp|Users|work)/\S*", text):
            problems.append(f"cell {i}: a path of the machine that ran it, {found[0]}")
    return problems


def comparisons(name: str, notebook: NotebookNode) -> list[str]:
    """Few outputs escape comparison, and a compared check follows each that does."""
    cells = code_cells(notebook)
    ignored = [cell for cell in cells if IGNORE_TAG in tags(cell)]
    problems = []
    if len(ignored) > MAX_IGNORED * len(cells):
        problems.append(
            f"{len(ignored)} of {len(cells)} code cells are tagged {IGNORE_TAG}; "
            f"at most {MAX_IGNORED:.0%} may be"
        )
    unchecked: NotebookNode | None = None
    for cell in [*cells, None]:
        if unchecked and (cell is None or IGNORE_TAG in tags(cell)):
            problems.append(
                "no compared `check(...)` follows, before the next such cell, the "
                f"ignored cell\n{unchecked.source}"
            )
            unchecked = None
        if cell is None:
            break
        if IGNORE_TAG in tags(cell):
            unchecked = cell
        elif check_names(cell):
            unchecked = None
    names = [check for cell in cells for check in check_names(cell)]
    problems += [f"two checks named {n!r}" for n in {*names} if names.count(n) > 1]
    return problems


def exercises(name: str, notebook: NotebookNode) -> list[str]:
    """At least four exercises, each with a folded solution that passes."""
    cells = code_cells(notebook)
    problems = []
    solved = ""
    for cell in cells[1:]:
        is_solution = bool(SOLUTION.match(cell.source.partition("\n")[0]))
        if is_solution != (tags(cell) == ["hide-cell"]):
            problems.append(
                "a solution, and no other cell, is tagged hide-cell alone and starts "
                f'with `# @title Solution ... {{display-mode: "form"}}`:\n{cell.source}'
            )
        solved += output_text(cell) + "\n" if is_solution else ""
    text = "\n".join(output_text(cell) for cell in cells)
    posed = re.findall(r"^not solved yet: (.+)$", text, re.MULTILINE)
    if len(posed) < 4:
        problems.append(f"{len(posed)} exercises print 'not solved yet: ...', not four")
    passed = set(re.findall(r"^PASS (.+)$", solved, re.MULTILINE))
    problems += [
        f"no solution prints 'PASS {exercise}'"
        for exercise in posed
        if exercise not in passed
    ]
    return problems


def figures(name: str, notebook: NotebookNode) -> list[str]:
    """Every picture has a text for those who cannot see it."""
    problems = []
    for i, cell in enumerate(notebook.cells):
        data = [output.get("data", {}) for output in cell.get("outputs", [])]
        pictures = sum(any(kind.startswith("image/") for kind in d) for d in data)
        if pictures and len(alt_text(cell).split()) < 3:
            problems.append(
                f"cell {i}: its figure has no alt text (cell metadata mystnb.image.alt)"
            )
        if pictures > 1:
            problems.append(f"cell {i}: {pictures} figures share an alt text; split it")
    return problems


def check_names(cell: NotebookNode) -> list[str]:
    """Return the names in a cell's calls of `check`."""
    # IPython's magics are no Python; the cells that hold them check nothing.
    code = re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.MULTILINE)
    return [
        ast.unparse(call.args[0]) if call.args else ""
        for call in ast.walk(ast.parse(code))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id == "check"
    ]


def output_text(cell: NotebookNode) -> str:
    """Return what a cell printed or showed as text."""
    parts = []
    for output in cell.get("outputs", []):
        parts.append(output.get("text", ""))
        parts.append(output.get("data", {}).get("text/plain", ""))
    return "\n".join(filter(None, parts))


RULES: list[Callable[[str, NotebookNode], list[str]]] = [
    front,
    metadata,
    provenance,
    tagging,
    outputs,
    comparisons,
    exercises,
    figures,
]
