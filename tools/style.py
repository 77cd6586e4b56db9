"""Ruff for the code inside chapter sources; `--fix` formats it in place."""

import argparse
import subprocess
import sys
from pathlib import Path

import nbformat

from tools import chapters


def _ruff(path: Path, *arguments: str) -> subprocess.CompletedProcess:
    """Run ruff on a source, given to it as the notebook that it stands for."""
    notebook = chapters.read_source(path)
    notebook.metadata = {"language_info": {"name": "python"}}
    name = str(chapters.NOTEBOOKS / f"{path.stem}.ipynb")
    return subprocess.run(
        [sys.executable, "-m", "ruff", *arguments, "--stdin-filename", name, "-"],
        cwd=chapters.ROOT,
        input=nbformat.writes(notebook),
        capture_output=True,
        text=True,
    )


def problems(path: Path) -> list[str]:
    """Return what ruff has to say about the code in a chapter's source."""
    result = _ruff(path, "check", "--quiet", "--output-format", "concise")
    found = result.stdout.splitlines() + result.stderr.splitlines()
    if format_code(path) != path.read_text("utf-8"):
        found.append(f"{path.name}: its code is not formatted: make format")
    return found


def format_code(path: Path) -> str:
    """Return the text of a source with its code formatted."""
    text = path.read_text(encoding="utf-8")
    result = _ruff(path, "format", "--quiet")
    if result.returncode:
        return text  # no Python: `problems` says so
    formatted = nbformat.reads(result.stdout, as_version=4)
    pairs = zip(chapters.read_source(path).cells, formatted.cells, strict=True)
    for cell, new in pairs:
        if cell.cell_type == "code" and cell.source != new.source:
            text = text.replace(f"\n{cell.source}\n```", f"\n{new.source}\n```", 1)
    return text


def main() -> int:
    """Check all sources, or format them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fix", action="store_true", help="format in place")
    fix = parser.parse_args().fix
    found = []
    for path in chapters.sources():
        if fix:
            path.write_text(format_code(path), encoding="utf-8")
        found += problems(path)
    print("\n".join(found) or f"{len(chapters.sources())} chapter sources: no problems")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
