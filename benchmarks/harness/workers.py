"""Contenders in processes of their own, which wait until they are asked to run."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAUSE = 0.3  # seconds before each turn: thread pools of the one before fall asleep


@dataclass(frozen=True)
class Contender:
    """What a worker runs.

    Args:
        function: "module:function"; called once with `settings`, it returns the
            function that each request calls. What its module imports is not counted
            as memory of the contender.
        settings: keyword arguments that JSON can hold.
        backend: the Keras backend.
    """

    function: str
    settings: dict[str, Any] = field(default_factory=dict)
    backend: str = "tensorflow"


class Worker:
    """A process that builds one contender and answers requests."""

    def __init__(self, name: str, contender: Contender) -> None:
        self.name = name
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (`close` closes it)
        module, function = contender.function.split(":")
        environment = {
            "TF_CPP_MIN_LOG_LEVEL": "3",
            **os.environ,
            "KERAS_BACKEND": contender.backend,
            "PYTHONPATH": os.pathsep.join(
                [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
            ),
            # All on the CPU: not every contender has a build for the GPU.
            "CUDA_VISIBLE_DEVICES": "-1",
            "JAX_PLATFORMS": "cpu",
            "HF_HUB_OFFLINE": "1",
        }
        self.process = subprocess.Popen(
            [
                sys.executable,
                *("-m", "benchmarks.harness.worker"),
                *(module, function, json.dumps(contender.settings)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            env=environment,
            text=True,
        )

    def ask(self, **request: Any) -> dict[str, Any]:
        """Have the contender run once, and return its answer."""
        with suppress(BrokenPipeError):  # `read` says why
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        return self.read()

    def read(self) -> dict[str, Any]:
        """The next answer."""
        line = self.process.stdout.readline()
        if line:
            return json.loads(line)
        code = self.process.wait()
        self.log.seek(0)
        output = self.log.read().decode(errors="replace")[-3000:]
        raise RuntimeError(f"`{self.name}` ended with status {code}:\n{output}")

    def close(self) -> None:
        """End the process."""
        self.process.terminate()
        with suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.log.close()


@contextmanager
def start(contenders: dict[str, Contender]) -> Iterator[dict[str, Worker]]:
    """Workers for all `contenders`, built and waiting; ended on leaving."""
    with ExitStack() as stack:
        workers = {}
        for name, contender in contenders.items():
            workers[name] = Worker(name, contender)
            stack.callback(workers[name].close)
        for worker in workers.values():
            worker.read()  # it is ready
        yield workers


def alternate(
    workers: dict[str, Worker], repeats: int, **request: Any
) -> dict[str, list[dict[str, Any]]]:
    """Ask each worker in turn, `repeats` times over; their answers by name."""
    answers: dict[str, list[dict[str, Any]]] = {name: [] for name in workers}
    for _ in range(repeats):
        for name, worker in workers.items():
            time.sleep(PAUSE)
            answers[name].append(worker.ask(**request))
    return answers
