"""What runs in the sandbox: judges a submission, or runs its notebook.

Reads one JSON object from stdin, writes JSON lines to stdout. Each verdict is written
as soon as it is known: where the process dies, what came before it stays.
"""

import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any


def main() -> None:
    """Do what stdin says."""
    asked = json.load(sys.stdin)
    _limit(asked["memory"], asked["files"], asked["seconds"])
    write = _private_stdout()
    folder = Path(asked["submission"])
    if asked["task"] == "rerun":
        from course_lib.assignment.rerun import rerun

        write({"rerun": rerun(folder, Path(asked["scratch"]), asked["seconds"] * 0.9)})
        return
    from course_lib.assignment.evidence import Evidence
    from course_lib.assignment.items import judge
    from course_lib.assignment.submission import Submission

    corpora = Path(asked["corpora"]) if asked["corpora"] else None
    evidence = Evidence(Submission(folder), asked["rerun"], corpora)
    for item in asked["items"]:
        share, why = judge(item, evidence)
        write({"item": item, "share": share, "why": why})
    write({"measured": evidence.__dict__.get("measured", {})})


def _limit(memory: int, files: int, seconds: float) -> None:
    """Limits of this process and of each that it starts, for good."""
    for name, most in (
        # Of what a process asks for; TensorFlow maps gigabytes of files besides.
        (resource.RLIMIT_DATA, memory),
        (resource.RLIMIT_FSIZE, files),
        (resource.RLIMIT_CPU, int(seconds) * (os.cpu_count() or 1) + 10),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(name, (most, most))


def _private_stdout() -> Callable[[dict[str, Any]], None]:
    """What writes JSON lines where nothing else that is printed can get between."""
    file = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def write(line: dict[str, Any]) -> None:
        print(json.dumps(line), file=file, flush=True)

    return write


if __name__ == "__main__":
    main()
