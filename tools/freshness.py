"""Whether a built notebook still shows what its source and our library would print.

A notebook stores hashes of what its outputs came from: its code, the `course_lib`
modules that were loaded when it ran, and the presets and the results of benchmarks that
it names. Prose, comments and docstrings are not part of them, nor are file times.
"""

import ast
import hashlib
import io
import tokenize
from pathlib import Path

from nbformat import NotebookNode

from tools import chapters


def code_sha256(notebook: NotebookNode) -> str:
    """Hash the code cells, less the install cell, which does nothing here."""
    code = [cell.source for cell in chapters.code_cells(notebook)]
    code = [source for source in code if "course_lib @ git+" not in source]
    return _sha256("\0".join(code))


def module_sha256(path: Path) -> str:
    """Hash a module's code: without comments, docstrings and blank lines.

    The hash is of text, not of a syntax tree, whose form differs between versions of
    Python.
    """
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                lines[first.lineno - 1 : first.end_lineno] = [""] * (
                    first.end_lineno - first.lineno + 1
                )
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return _sha256("\n".join(line.rstrip() for line in lines if line.strip()))


def module_path(name: str) -> Path:
    """Return the file of a `course_lib` module."""
    path = chapters.ROOT.joinpath(*name.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def preset_hashes(notebook: NotebookNode) -> dict[str, str]:
    """Hash the presets whose names stand in the code."""
    code = "\n".join(cell.source for cell in chapters.code_cells(notebook))
    folders = sorted((chapters.ROOT / "course_lib" / "presets").glob("*/"))
    return {
        folder.name: _sha256(
            "\n".join(
                f"{file.relative_to(folder)} {_sha256(file.read_bytes())}"
                for file in sorted(folder.rglob("*"))
                if file.is_file() and file.suffix not in {".md", ".pyc"}
            )
        )
        for folder in folders
        if folder.name in code
    }


def result_hashes(notebook: NotebookNode) -> dict[str, str]:
    """Hash the results of benchmarks whose names stand in the code."""
    code = "\n".join(cell.source for cell in chapters.code_cells(notebook))
    files = sorted((chapters.ROOT / "benchmarks" / "results").glob("*.json"))
    return {
        file.stem: _sha256(file.read_bytes())
        for file in files
        if f'benchmark("{file.stem}")' in code
    }


def stale(source: NotebookNode, built: NotebookNode) -> list[str]:
    """Return why `built` must be run again; nothing if its outputs still hold."""
    build = built.metadata.get("course", {}).get("build")
    if not build:
        return ["it was not made by `make notebooks`"]
    reasons = []
    if build["code_sha256"] != code_sha256(source):
        reasons.append("its code changed")
    for name, sha256 in build["modules"].items():
        path = module_path(name)
        if not path.exists():
            reasons.append(f"{name} is gone")
        elif module_sha256(path) != sha256:
            reasons.append(f"{name} changed")
    presets = preset_hashes(source)
    reasons += [
        f"preset {name} changed"
        for name, sha256 in build["presets"].items()
        if presets.get(name) != sha256
    ]
    if build.get("results", {}) != result_hashes(source):
        reasons.append("results of benchmarks changed")
    return reasons


def in_step(source: NotebookNode, built: NotebookNode) -> bool:
    """Return whether the notebook holds the source's cells and metadata, in order."""
    here = [chapters.content(cell) for cell in source.cells]
    there = [chapters.content(cell) for cell in chapters.written_cells(built)]
    course = dict(built.metadata.get("course", {}))
    course.pop("build", None)
    return here == there and dict(source.metadata.get("course", {})) == course


def _sha256(content: str | bytes) -> str:
    content = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(content).hexdigest()
