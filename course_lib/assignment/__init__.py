"""The challenge, for those who set it: the starter, the marking, the class's results.

- `release_notebook` makes the students' notebook from the one with the solutions;
- `collect.collect` unpacks what a learning platform exports;
- `check_submission` tells students what their work is worth before they hand it in;
- `grade_submission` marks a submission in a sandbox, `grade_class` a folder of them;
- `measure` and `draw_samples` are what both marking and students measure and draw with.

From a shell: `python -m course_lib.assignment --help`.
"""

import importlib
from typing import Any

_PLACES = {
    "Limits": "supervise",
    "NoSandbox": "sandbox",
    "Report": "report",
    "Rubric": "rubric",
    "check_submission": "grade",
    "draw_samples": "sampling",
    "grade_class": "class_run",
    "grade_submission": "grade",
    "measure": "measures",
    "read_rubric": "rubric",
    "release_notebook": "release",
}

__all__ = sorted(_PLACES)


def __getattr__(name: str) -> Any:
    if name in _PLACES:  # late: some need TensorFlow, most do not
        module = importlib.import_module(f"{__name__}.{_PLACES[name]}")
        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
