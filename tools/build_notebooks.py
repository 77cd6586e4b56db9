"""Build the chapters' notebooks: run their sources and keep the outputs.

`python -m tools.build_notebooks [NN ...]` runs what is stale and, where only prose
changed, puts the new prose around the outputs that are there. `--check` only lists.
"""

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools import chapters, freshness
from tools.run_notebook import NotebookFailed, normalise, run
from tools.stamps import build_record, stamp_cell

METADATA = {
    "kernelspec": {
        "display_name": "Python 3",
        "language": "python",
        "name": "python3",
    },
    "language_info": {"name": "python"},
    "accelerator": "GPU",
    "colab": {"gpuType": "T4", "provenance": []},
}


def check(path: Path) -> list[str]:
    """Return why the notebook of the source at `path` is out of date."""
    target = chapters.notebook_path(path)
    if not target.exists():
        return ["it has no notebook yet"]
    source, built = chapters.read_source(path), chapters.read_notebook(target)
    reasons = freshness.stale(source, built)
    if not reasons and not freshness.in_step(source, built):
        reasons = ["its prose or tags changed (no run needed)"]
    return reasons


def build(path: Path, profile: str, timeout: float, force: bool) -> Path | None:
    """Bring the notebook of one source up to date; None if it was.

    A profile other than `laptop` writes to `_build/notebooks-PROFILE`: only a run at
    full size on real data is kept in the book.
    """
    source = chapters.read_source(path)
    target = chapters.notebook_path(path)
    if profile != "laptop":
        target = chapters.ROOT / "_build" / f"notebooks-{profile}" / target.name
    if target.exists() and not force:
        built = chapters.read_notebook(target)
        if not freshness.stale(source, built):
            if freshness.in_step(source, built):
                return None
            _write(_with_outputs_of(built, source), target)
            return target
    _write(_run(path.stem, source, profile, timeout), target)
    return target


def _run(name: str, notebook: NotebookNode, profile: str, timeout: float):
    started = time.monotonic()
    facts = run(
        notebook, profile=profile, folder=chapters.NOTEBOOKS, timeout=timeout, log=print
    )
    record = build_record(notebook, profile, time.monotonic() - started, facts)
    print(f"  {name}: {record['seconds']} s")
    return _finish(notebook, notebook.metadata.get("course", {}), record)


def _with_outputs_of(built: NotebookNode, source: NotebookNode) -> NotebookNode:
    """Put the outputs of `built` under the code of `source`, which is the same."""
    pairs = zip(chapters.code_cells(source), chapters.code_cells(built), strict=True)
    for cell, ran in pairs:
        cell.outputs, cell.execution_count = ran.outputs, ran.execution_count
    record = built.metadata["course"]["build"]
    return _finish(source, source.metadata.get("course", {}), record)


def _finish(notebook: NotebookNode, course: dict, record: dict) -> NotebookNode:
    notebook.metadata = nbformat.from_dict(
        {**METADATA, "course": {**course, "build": record}}
    )
    notebook.cells.insert(1, stamp_cell(record))
    for cell in notebook.cells:
        if title := re.match(r"# @title (Solution.*?) *\{", cell.source):
            name = title[1].lower()
            prompts = {"show": f"Show the {name}", "hide": f"Hide the {name}"}
            cell.metadata["mystnb"] = {
                f"code_prompt_{key}": prompt for key, prompt in prompts.items()
            }
    chapters.name_cells(notebook)
    normalise(notebook)
    nbformat.validate(notebook)
    return notebook


def _write(notebook: NotebookNode, target: Path) -> None:
    """Replace the file in one step: a failure leaves the old one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=target.parent, suffix=".tmp", encoding="utf-8", delete=False
    ) as file:
        file.write(nbformat.writes(notebook) + "\n")
    Path(file.name).chmod(0o644)
    Path(file.name).replace(target)


def main() -> int:
    """Build or check; return the number to exit with."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "numbers", nargs="*", metavar="NN", help="chapters; all if none"
    )
    parser.add_argument("--check", action="store_true", help="list what is stale")
    parser.add_argument("--force", action="store_true", help="run what is fresh, too")
    parser.add_argument("--profile", default="laptop", help="smoke, laptop or full")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds a cell")
    args = parser.parse_args()
    failed = False
    for path in chapters.select(args.numbers):
        if args.check:
            reasons = check(path)
            failed |= bool(reasons)
            print(f"{path.stem}: {'; '.join(reasons) or 'up to date'}")
            continue
        print(f"==> {path.stem}", flush=True)
        try:
            written = build(path, args.profile, args.timeout, args.force)
        except NotebookFailed as error:
            failed = True
            print(f"{path.stem}: {error}\nIts notebook is left as it was.")
        else:
            state = (
                f"wrote {written.relative_to(chapters.ROOT)}" if written else "fresh"
            )
            print(f"  {path.stem}: {state}", flush=True)
    if failed and args.check:
        print("`make notebooks` brings them up to date.")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
