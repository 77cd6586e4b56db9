"""On CI (`CI=true`) a skip fails the run unless `tests/allowed_skips.txt` allows it."""

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ALLOWED = Path(__file__).parent.parent / "allowed_skips.txt"


def allowed_skips(text):
    """Return the (node pattern, reason pattern) pairs of an allow-list."""
    lines = [line.strip() for line in text.splitlines()]
    rules = [line.partition("|") for line in lines if line and not line.startswith("#")]
    return [(node.strip(), reason.strip()) for node, _, reason in rules]


def forbidden(skips, rules):
    """Return those of the (node, reason) pairs that no rule allows."""
    return [
        (node, reason)
        for node, reason in skips
        if not any(fnmatchcase(node, n) and fnmatchcase(reason, r) for n, r in rules)
    ]


def _forbidden_here(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") != "true" or not reporter:
        return []
    skips = [
        (report.nodeid, str(report.longrepr[2]).removeprefix("Skipped: "))
        for report in reporter.stats.get("skipped", [])
    ]
    return forbidden(skips, allowed_skips(ALLOWED.read_text("utf-8")))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    if not hasattr(session.config, "workerinput") and _forbidden_here(session.config):
        session.exitstatus = max(session.exitstatus, pytest.ExitCode.TESTS_FAILED)


def pytest_terminal_summary(terminalreporter, config):
    if found := _forbidden_here(config):
        terminalreporter.section("skips that CI does not allow")
        for node, reason in found:
            terminalreporter.line(f"{node}: {reason}")
        terminalreporter.line(f"Allowed are only those of {ALLOWED.name}.")
