"""Makes nbval strict and tells how long the notebooks took.

nbval alone passes a notebook without outputs, since it compares only what was saved:
here a code cell that was never run fails.
"""

from collections import defaultdict

import nbformat
import pytest
from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell, IPyNbFile

CELL_TIMEOUT = 120  # seconds, where the notebook's `course.smoke_timeout` says nothing
BUDGET = 60  # seconds for all cells, where `course.smoke_budget` says nothing


def _execute(self, cell_input, allow_stdin=None):
    """As nbval does, but with history: without it a final `;` hides no value."""
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


RunningKernel.execute_cell_input = _execute


def pytest_collectstart(collector):
    if isinstance(collector, IPyNbFile):
        # TensorFlow writes to stderr whatever its log level.
        collector.skip_compare = (*collector.skip_compare, "stderr")


def pytest_runtest_setup(item):
    if isinstance(item, IPyNbCell):
        course = item.parent.nb.metadata.get("course", {})
        if item.config.getoption("--course-profile") == "smoke":
            timeout = course.get("smoke_timeout", CELL_TIMEOUT)
            item.config.option.nbval_cell_timeout = timeout


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    if isinstance(item, IPyNbCell) and item.cell.execution_count is None:
        pytest.fail("this cell was never run: nothing to compare with", pytrace=False)


def pytest_terminal_summary(terminalreporter, config):
    seconds = defaultdict(float)
    for reports in terminalreporter.stats.values():
        for report in reports:
            path = getattr(report, "nodeid", "").partition("::")[0]
            if path.endswith(".ipynb"):
                seconds[path] += getattr(report, "duration", 0)
    if not seconds:
        return
    profile = config.getoption("--course-profile")
    terminalreporter.section(f"time of notebooks, profile {profile}")
    for path, spent in sorted(seconds.items()):
        line = f"{spent:6.0f} s  {path}"
        if profile == "smoke":
            notebook = nbformat.read(config.rootpath / path, as_version=4)
            budget = notebook.metadata.get("course", {}).get("smoke_budget", BUDGET)
            line += f"  (budget {budget} s{': OVER' if spent > budget else ''})"
        terminalreporter.line(line)
