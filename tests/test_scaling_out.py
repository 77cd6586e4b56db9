"""Data parallel training, on devices and on workers, gives what one device gives."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tools.chapters import ROOT, SOURCES

SECONDS = 300  # after which workers count as hung


def run_together(commands, environments, seconds=SECONDS):
    """Run processes at the same time; none outlives the call, whatever happens."""
    deadline = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        processes = []
        for command, environment in zip(commands, environments, strict=True):
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            processes.append(process)
        for process in processes:
            try:
                _, errors = process.communicate(timeout=deadline - time.monotonic())
            except subprocess.TimeoutExpired:
                pytest.fail(f"a worker hung: {process.args}")
            assert process.returncode == 0, errors


def train(folder, environments):
    """What each worker wrote."""
    paths = [str(folder / f"{i}.npz") for i in range(len(environments))]
    worker = [sys.executable, "-m", "tests.scaling_out_worker"]
    run_together([[*worker, path] for path in paths], environments)
    return [dict(np.load(path)) for path in paths]


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="module")
def tensorflow(tmp_path_factory):
    """Two workers on this machine, and one process alone."""
    base = {"KERAS_BACKEND": "tensorflow", "CUDA_VISIBLE_DEVICES": "-1"}
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]
    workers = [
        {
            "cluster": {"worker": addresses},
            "task": {"type": "worker", "index": index},
        }
        for index in range(2)
    ]
    environments = [{**base, "TF_CONFIG": json.dumps(worker)} for worker in workers]
    return train(tmp_path_factory.mktemp("workers"), [*environments, base])


def test_four_devices_train_as_one(tmp_path):
    environment = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
    }
    [result] = train(tmp_path, [environment])
    assert result["devices"] == 4
    for what in ("losses", "weights"):
        one, four = result[f"one device {what}"], result[f"all devices {what}"]
        assert_allclose(four, one, rtol=1e-5, atol=1e-6)
    assert np.diff(result["one device losses"]) < -0.1  # it has learned


def test_two_workers_train_as_one_process(tensorflow):
    *workers, alone = tensorflow
    assert [worker["devices"] for worker in tensorflow] == [2, 2, 1]
    for worker in workers:
        for what in ("global mean losses", "global mean weights"):
            assert_allclose(worker[what], alone[what], rtol=1e-5, atol=1e-6)
    assert alone["global mean losses"][-1] < alone["global mean losses"][0] - 0.1


def test_a_mean_of_means_is_another_loss(tensorflow):
    worker, _, alone = tensorflow
    # One worker has 31 tokens and the other 6, and each gets half the say.
    for what in ("losses", "weights"):
        difference = worker[f"mean of means {what}"] - alone[f"global mean {what}"]
        assert np.abs(difference).max() > 0.01


def test_the_chapter_shows_the_step_that_is_tested():
    worker = (ROOT / "tests" / "scaling_out_worker.py").read_text("utf-8")
    start = worker.index("    def replica_step")
    step = textwrap.dedent(worker[start : worker.index("\n\n", start)])
    assert step in (SOURCES / "05_making_it_fast.md").read_text("utf-8")


def test_a_worker_that_hangs_is_ended(tmp_path):
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid()))\n"
    command = [sys.executable, "-S", "-c", code + "time.sleep(600)"]
    with pytest.raises(pytest.fail.Exception, match="hung"):
        run_together([command], [{}], seconds=2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
