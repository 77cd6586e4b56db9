"""How long the chapters take and what they need: the table of the instructors' pages.

`python -m tools.timings` writes the table from what the notebooks say of their own runs
and from the measurements kept beside it. `--measure [NN ...]` first measures: it runs
chapters, under the `smoke` profile unless told otherwise, and keeps time and memory.
"""

import argparse
import json
import os
import re
import threading
import time
from pathlib import Path

import psutil
from nbformat import NotebookNode

from tools import chapters, freshness, prose_rules
from tools.run_notebook import run

PAGES = chapters.ROOT / "book" / "instructors"
TABLE = PAGES / "timings_table.md"
MEASURED = PAGES / "timings_measured.json"
WRAP_UP = chapters.ROOT / "book" / "11_wrap_up.md"
HEAD = """\
| | chapter | words | tasks | `smoke` | `laptop` | `full`, T4 |
|---|---|---|---|---|---|---|
"""


class PeakMemory:
    """Watches the memory of all processes that this one starts, as a context.

    Example:
        >>> with PeakMemory() as memory:
        ...     run_chapter()  # doctest: +SKIP
        >>> memory.mib  # the most that they held together, at one time
        1234
    """

    def __init__(self, interval: float = 0.2):
        self.mib = 0
        self._interval = interval
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(self._interval):
            held = 0
            for process in psutil.Process().children(recursive=True):
                try:
                    held += process.memory_info().rss
                except psutil.Error:  # it has just ended
                    continue
            self.mib = max(self.mib, held // 2**20)


def measure(path: Path, profile: str) -> dict:
    """Run a chapter's source and return what it took; its notebook stays as it is."""
    notebook = chapters.read_source(path)
    code_sha256 = freshness.code_sha256(notebook)
    load, started = os.getloadavg()[0], time.monotonic()
    with PeakMemory() as memory:
        run(notebook, profile=profile, folder=chapters.NOTEBOOKS, timeout=3600)
    return {
        "seconds": round(time.monotonic() - started),
        "peak_mib": memory.mib,
        "cores": os.cpu_count(),
        "load_before": round(load, 1),
        "code_sha256": code_sha256,
    }


def read_measured() -> dict[str, dict[str, dict]]:
    """Return profile -> chapter -> what `measure` returned."""
    return json.loads(MEASURED.read_text("utf-8")) if MEASURED.exists() else {}


def table(notebooks: dict[str, NotebookNode], measured: dict, wrap_up: str) -> str:
    """Return the table: a row a chapter, and one for all of them.

    Args:
        notebooks: name of the chapter -> its built notebook.
        measured: see `read_measured`. What was measured on other code is left out.
        wrap_up: the text of the page that is no notebook.
    """
    rows = [_row(name, notebooks[name], measured) for name in sorted(notebooks)]
    rows.append(_wrap_up_row(wrap_up))
    builds = [notebook.metadata["course"]["build"] for notebook in notebooks.values()]
    seconds = sum(build["seconds"] for build in builds)
    words, waiting = (
        sum(int(row[column].replace(",", "")) for row in rows) for column in (2, 3)
    )
    rows.append(["", "all", f"{words:,}", f"{waiting}", "", duration(seconds), ""])
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(name: str, notebook: NotebookNode, measured: dict) -> list[str]:
    build = notebook.metadata["course"]["build"]
    found = {}  # profile -> record, where the chapter's code is still the same
    for profile, records in measured.items():
        record = records.get(name, {})
        if record.get("code_sha256") == build["code_sha256"]:
            found[profile] = record
    took = {profile: duration(record["seconds"]) for profile, record in found.items()}
    took["laptop"] = duration(build["seconds"])  # of the run that the book shows
    for profile, record in found.items():
        took[profile] += f", {record['peak_mib'] * 2**20 / 1e9:.1f} GB"
    return [
        str(int(name[:2])),
        f"[{_title(notebook.cells[0].source)}](../notebooks/{name}.ipynb)",
        f"{count_words(prose_rules.markdown(notebook)):,}",
        str(len(tasks(notebook))),
        took.get("smoke", "not measured"),
        took["laptop"],
        took.get("full", "not run yet"),
    ]


def _wrap_up_row(text: str) -> list[str]:
    paper = len(re.findall(r"^\*\*Exercise \d", text, re.MULTILINE))
    link = f"[{_title(text)}](../11_wrap_up.md)"
    return ["11", link, f"{count_words(text):,}", str(paper), *[""] * 3]


def _title(text: str) -> str:
    """The title of a page, up to a colon."""
    return text.partition("\n")[0].removeprefix("# ").partition(":")[0]


def tasks(notebook: NotebookNode) -> list[str]:
    """Return the names of the bugs and exercises that wait for an answer."""
    printed = "".join(
        output.text
        for cell in chapters.code_cells(notebook)
        for output in cell.outputs
        if output.output_type == "stream"
    )
    return re.findall(r"^not solved yet: (.+)$", printed, re.MULTILINE)


def count_words(text: str) -> int:
    """Count the words of markdown, roughly: formulas count a little, addresses not."""
    text = re.sub(r"\]\([^)]*\)", "]", text)
    return len(re.findall(r"[^\W\d_][\w'’-]*", text))


def duration(seconds: float) -> str:
    """Write a duration as the pages of the chapters do."""
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds} s"


def current_table() -> str:
    """Return the table for the notebooks and measurements that there are."""
    notebooks = {
        path.stem: chapters.read_notebook(path)
        for path in chapters.NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")
    }
    return table(notebooks, read_measured(), WRAP_UP.read_text("utf-8"))


def main() -> None:
    """Measure if asked to, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", nargs="*", metavar="NN", help="all if none named")
    parser.add_argument("--profile", default="smoke", help="smoke, laptop or full")
    options = parser.parse_args()
    if options.measure is not None:
        for path in chapters.select(options.measure):
            record = measure(path, options.profile)
            measured = read_measured()
            measured.setdefault(options.profile, {})[path.stem] = record
            MEASURED.write_text(json.dumps(measured, indent=1, sort_keys=True) + "\n")
            print(f"{path.stem}: {record['seconds']} s, {record['peak_mib']} MiB")
    TABLE.write_text(current_table(), "utf-8")
    print(f"wrote {TABLE.relative_to(chapters.ROOT)}")


if __name__ == "__main__":
    main()
