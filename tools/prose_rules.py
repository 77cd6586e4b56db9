"""The rules for a chapter's text: sections, quiz, and markdown that Colab can show."""

import re
from collections.abc import Callable, Iterator

from nbformat import NotebookNode

# A heading of level 2 or 3 starts with each of these, in this order.
SECTIONS = [
    "Objectives",
    "Find the bug",
    "Exercises",
    "Quiz",
    "Names",
    "Summary",
    "References",
]
QUESTIONS = 5

MYST_ONLY = {
    r"^\s*(```+|~~~+|:::+)\s*\{": "a MyST directive",
    r"\{[a-zA-Z][\w:.+-]*\}`": "a MyST role",
    r"^\([\w-]+\)=\s*$": "a MyST target",
    r"^%\s": "a MyST comment",
    r"<(script|iframe|style|link)\b": "active HTML",
}


def sections(name: str, notebook: NotebookNode) -> list[str]:
    """Every chapter has the same sections, and each holds what it must."""
    titles = [title for _, title in headings(notebook)]
    found = [next((t for t in titles if t.startswith(s)), None) for s in SECTIONS]
    problems = [
        f"no heading (## or ###) starts with {section!r}"
        for section, title in zip(SECTIONS, found, strict=True)
        if title is None
    ]
    order = [titles.index(title) for title in found if title]
    if order != sorted(order):
        problems.append(f"the sections must come in the order {', '.join(SECTIONS)}")
    if problems:
        return problems
    for profile in ("smoke", "laptop", "full"):
        if f"`{profile}`" not in section(notebook, "Objectives"):
            problems.append(f"Objectives does not say how long `{profile}` takes")
    names = section(notebook, "Names")
    if not re.search(r"^\|[\s:|-]+\|$", names, re.MULTILINE) or "Keras" not in names:
        problems.append(
            "Names holds no table of the names in papers, Keras and nanoGPT"
        )
    if "](https://" not in section(notebook, "References"):
        problems.append("References links to nothing")
    if markdown(notebook).count("**Predict") < 2:
        problems.append("fewer than two experiments start with **Predict")
    return problems


def quiz(name: str, notebook: NotebookNode) -> list[str]:
    """Five questions; options as a list; each answer folded, with its reason."""
    text = section(notebook, "Quiz")
    blocks = re.split(r"^\*\*(\d+)\. ", text, flags=re.MULTILINE)[1:]
    numbers, questions = blocks[::2], blocks[1::2]
    problems = []
    if numbers != [str(n + 1) for n in range(QUESTIONS)]:
        problems.append(f"Quiz: questions `**1. ...**` to `**5. ...**`, not {numbers}")
    for number, question in zip(numbers, questions, strict=True):
        options = re.findall(r"^- ([A-Z])\. \S", question, re.MULTILINE)
        if len(options) < 3 or options != list("ABCDEFGH")[: len(options)]:
            problems.append(f"Quiz {number}: three or more options `- A. ...`")
        answer = re.search(
            r"^<details>\s*<summary>Answer</summary>\n\n\*\*([A-Z])\.\*\* (.+?)\n\n?"
            r"</details>",
            question,
            re.MULTILINE | re.DOTALL,
        )
        if not answer or answer[1] not in options:
            problems.append(f"Quiz {number}: a folded answer that starts `**B.** ...`")
        elif len(answer[2].split()) < 8:
            problems.append(f"Quiz {number}: the answer does not explain itself")
    return problems


def colab_markdown(name: str, notebook: NotebookNode) -> list[str]:
    """Text that Colab shows as Jupyter Book does: CommonMark, maths, <details>."""
    problems = []
    for i, cell in enumerate(notebook.cells):
        if cell.cell_type != "markdown":
            continue
        for pattern, what in MYST_ONLY.items():
            if found := re.search(pattern, cell.source, re.MULTILINE):
                problems.append(f"cell {i}: {what}, {found[0].strip()!r}")
        for alt, target in re.findall(r"!\[(.*?)\]\(([^)\s]*)", cell.source, re.DOTALL):
            if len(alt.split()) < 3:
                problems.append(f"cell {i}: the image {target} has no alt text")
            if "://" in target:
                problems.append(f"cell {i}: the image {target} is on another host")
        for image in re.findall(r"<img\b[^>]*>", cell.source):
            problems.append(f"cell {i}: write {image} as ![text](file)")
    return problems


def markdown(notebook: NotebookNode) -> str:
    """Return all text of a notebook."""
    return "\n\n".join(c.source for c in notebook.cells if c.cell_type == "markdown")


def lines(notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    """Yield (level, line) of the text: the level of a heading, 0 for other lines."""
    fenced = False
    for line in markdown(notebook).splitlines():
        fenced ^= line.lstrip().startswith(("```", "~~~"))
        level = 0 if fenced else len(line) - len(line.lstrip("#"))
        yield (level if line[level : level + 1] == " " else 0), line


def headings(notebook: NotebookNode) -> list[tuple[int, str]]:
    """Return (level, title) of the headings below the title."""
    return [(n, line[n:].strip()) for n, line in lines(notebook) if n in (2, 3)]


def section(notebook: NotebookNode, start: str) -> str:
    """Return the text below the heading that starts with `start`."""
    text: list[str] = []
    inside = 0
    for level, line in lines(notebook):
        if level and (not inside or level <= inside):
            inside = level if line[level:].strip().startswith(start) else 0
        elif inside:
            text.append(line)
    return "\n".join(text)


RULES: list[Callable[[str, NotebookNode], list[str]]] = [
    sections,
    quiz,
    colab_markdown,
]
