"""A worker's side: `python -m benchmarks.harness.worker MODULE FUNCTION SETTINGS`.

Each line on standard input is a request, each answer a line on standard output. To
what the contender measures, the answer adds

- `peak_mib`: the most memory that the process ever held;
- `own_mib`: the same above what it held once everything was imported;
- `idle_cpu`: the share of a core that it burned while it waited for the request.
"""

import importlib
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path


def peak_mib() -> float:
    """The most memory that this process ever held."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux: `ru_maxrss` would begin with the parent's memory
        lines = status.read_text().splitlines()
        return (
            next(int(li.split()[1]) for li in lines if li.startswith("VmHWM:")) / 2**10
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def end_with_parent() -> None:
    """End this process soon after its parent was killed, even amid a measurement."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def main(module: str, function: str, settings: str) -> None:
    """Build the contender, then answer until standard input ends."""
    end_with_parent()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not come between the answers

    def answer(**values) -> None:
        print(json.dumps(values), file=answers, flush=True)

    contender = getattr(importlib.import_module(module), function)
    imported = peak_mib()
    measure = contender(**json.loads(settings))
    answer(imported_mib=imported)
    waiting = time.perf_counter(), time.process_time()
    for line in iter(sys.stdin.readline, ""):
        waited = time.perf_counter() - waiting[0]
        burned = time.process_time() - waiting[1]
        measured = measure(**json.loads(line))
        peak = peak_mib()
        memory = {"peak_mib": peak, "own_mib": peak - imported}
        answer(**measured, **memory, idle_cpu=burned / max(waited, 1e-3))
        waiting = time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main(*sys.argv[1:])
