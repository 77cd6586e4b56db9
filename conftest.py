"""Loads the test plugins for every path: `tests` and `book/notebooks` alike."""

pytest_plugins = [
    "tests.plugins.environment",
    "tests.plugins.notebooks",
    "tests.plugins.skips",
]
