"""Run a notebook in a fresh kernel, and put its outputs into a form fit to commit."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

SLOW = 5.0  # seconds; slower cells are named while a notebook runs

# Runs after the last cell, in the same kernel; its cell is then dropped.
PROBE = """\
import json as _json, sys as _sys
from importlib import metadata as _metadata
print(_json.dumps({
    "modules": sorted(m for m in _sys.modules if m.startswith("course_lib.")),
    "backend": (
        _sys.modules["keras"].backend.backend() if "keras" in _sys.modules else ""
    ),
    "data": [
        {"name": c.name, "source": c.source, "licence": c.licence, "sha256": c.sha256}
        for c in list(globals().values())
        if "course_lib.datasets.corpus" in {k.__module__ for k in type(c).__mro__}
    ],
    "versions": {
        d: _metadata.version(d)
        for d in ("keras", "keras-hub", "tensorflow", "jax", "torch", "numpy")
        if d.replace("-", "_") in _sys.modules
    },
}))
"""


class NotebookFailed(Exception):
    """A cell raised, took too long, or killed its kernel.

    Args:
        message: Which cell, and what happened.
        index: Index of the cell among all cells.
        error: Name of the exception that the cell raised, if it raised one.
        detail: That exception's message.
    """

    def __init__(self, message: str, index: int, error: str = "", detail: str = ""):
        super().__init__(message)
        self.index, self.error, self.detail = index, error, detail


def run(
    notebook: NotebookNode,
    *,
    profile: str,
    folder: Path,
    timeout: float,
    environment: Mapping[str, str] | None = None,
    log: Callable[[str], None] = lambda line: None,
) -> dict:
    """Run all cells in place and return what the kernel knew at the end.

    Args:
        notebook: The notebook; its code cells get outputs and execution counts.
        profile: `smoke`, `laptop` or `full`.
        folder: Working directory of the kernel.
        timeout: Seconds that a cell may take.
        environment: Variables of the kernel; this process's if not given.
        log: Called with a line about each slow cell.

    Returns:
        A dict of `modules`, `backend`, `data` and `versions`.

    Raises:
        NotebookFailed: At the first cell that fails.
    """
    environment = {
        **(os.environ if environment is None else environment),
        "COURSE_PROFILE": profile,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    position, started = 0, 0.0
    name = detail = ""

    def on_start(cell, cell_index):
        nonlocal position, started
        position, started = cell_index, time.monotonic()

    def on_complete(cell, cell_index):
        seconds = time.monotonic() - started
        if seconds > SLOW:
            log(f"  cell {cell_index} ({first_line(cell)}): {seconds:.0f} s")

    notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=timeout,
        record_timing=False,
        store_widget_state=False,
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=on_start,
        on_cell_complete=on_complete,
    )
    try:
        # TensorFlow writes past Python to the kernel's own stderr.
        client.execute(env=environment, stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        name, detail = error.ename, re.sub(r"\x1b\[[0-9;]*m", "", error.evalue)
        reason = f"{name}: {detail}"
    except CellTimeoutError:
        reason = f"it took more than {timeout:.0f} s"
    except DeadKernelError:
        reason = "its kernel died (out of memory?)"
    else:
        return json.loads(_printed(notebook.cells.pop()))
    cell = notebook.cells[position]
    raise NotebookFailed(
        f"cell {position} ({first_line(cell)}) failed: {reason}", position, name, detail
    )


def _printed(cell: NotebookNode) -> str:
    """What a cell printed; libraries may write to stderr at the same time."""
    return "".join(o.text for o in cell.outputs if o.get("name") == "stdout")


def first_line(cell: NotebookNode) -> str:
    """Return the first line of a cell that is no comment, shortened."""
    lines = [line for line in cell.source.splitlines() if line.strip()]
    code = [line for line in lines if not re.match(r"\s*(#|%)", line)]
    return (code or lines or ["empty"])[0][:60]


def normalise(notebook: NotebookNode) -> None:
    """Drop from the outputs, in place, what differs between equal runs."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        cell.metadata.pop("execution", None)
        kept: list[NotebookNode] = []
        for output in cell.outputs:
            if output.output_type == "stream":
                if output.name == "stderr":
                    continue
                if kept and kept[-1].output_type == "stream":
                    kept[-1].text += output.text
                    continue
            if output.output_type == "execute_result":
                output.execution_count = cell.execution_count
            kept.append(output)
        cell.outputs = kept
