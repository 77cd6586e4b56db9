"""What a build leaves in a notebook: a record as metadata, and a line on the page."""

import os
import subprocess
import sys

import nbformat
from nbformat import NotebookNode

from tools import chapters, freshness

NAMES = {
    "keras": "Keras",
    "keras-hub": "KerasHub",
    "tensorflow": "TensorFlow",
    "jax": "JAX",
    "torch": "PyTorch",
    "numpy": "NumPy",
}


def build_record(
    notebook: NotebookNode, profile: str, seconds: float, facts: dict
) -> dict:
    """Return the record of a run: what its outputs came from."""
    data = {corpus["name"]: corpus for corpus in facts["data"]}
    return {
        "profile": profile,
        "data": list(data.values()),
        "backend": facts["backend"],
        "versions": {"python": sys.version.split()[0], **facts["versions"]},
        "cores": os.cpu_count(),
        "seconds": round(seconds),
        "commit": commit(),
        "code_sha256": freshness.code_sha256(notebook),
        "modules": {
            name: freshness.module_sha256(freshness.module_path(name))
            for name in facts["modules"]
        },
        "presets": freshness.preset_hashes(notebook),
        "results": freshness.result_hashes(notebook),
    }


def commit() -> str:
    """Return the commit that was built upon, with a `+` if files had changed since."""
    git = ["git", "-C", str(chapters.ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True)
    if head.returncode:
        return ""
    changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True)
    return head.stdout.decode().strip() + ("+" if changes.stdout else "")


def stamp_cell(record: dict) -> NotebookNode:
    """Return the cell that tells readers where the outputs on the page come from."""
    versions = [f"Python {record['versions']['python']}"]
    versions += [f"{NAMES[k]} {v}" for k, v in record["versions"].items() if k in NAMES]
    minutes = record["seconds"] / 60
    took = f"{minutes:.0f} minutes" if minutes >= 2 else f"{record['seconds']} seconds"
    parts = [
        f"The outputs on this page are those of one run with the `{record['profile']}` "
        f"profile: {took} on {record['cores']} CPU cores, with {', '.join(versions)}."
    ]
    for corpus in record["data"]:
        digest = f", SHA-256 `{corpus['sha256'][:12]}…`" if corpus["sha256"] else ""
        parts.append(f"Data: {corpus['name']} ({corpus['source']}{digest}).")
    if record["commit"]:
        changed = " and later changes" if record["commit"].endswith("+") else ""
        parts.append(f"Commit `{record['commit'].rstrip('+')}`{changed}.")
    cell = nbformat.v4.new_markdown_cell(f"*{' '.join(parts)}*")
    cell.metadata["tags"] = [chapters.STAMP_TAG]
    return cell
