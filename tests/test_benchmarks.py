import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from benchmarks import hardware_limit, harness, time_to_quality
from benchmarks.contenders import published_mini_gpt, recipes
from benchmarks.contenders.tokens import timed
from benchmarks.harness import data, results
from benchmarks.harness.sizes import TINY

COMMITTED = sorted(Path("benchmarks/results").glob("*.json"))
NAMES = sorted(
    path.stem for path in Path("benchmarks").glob("*.py") if path.stem != "__init__"
)


def result(rows):
    """A result with nothing but rows."""
    keys = dict.fromkeys(results.KEYS, "")
    return {**keys, "quick": True, "results": rows}


def test_a_row_states_medians_their_ratio_and_the_spread():
    row = harness.row("a", "ms", ours=[2, 1, 4, 3, 5], theirs=[12, 6], target=3)
    assert row == {
        "name": "a",
        "unit": "ms",
        "ours": 3.0,
        "theirs": 9.0,
        "ratio": 3.0,  # less is better: theirs / ours
        "target": 3,
        "met": True,
        "repeats": 5,
        # quartiles 2 and 4; 7.5 and 10.5
        "spread": {"ours": round(2 / 3, 5), "theirs": round(3 / 9, 5)},
    }


@pytest.mark.parametrize(
    ("ours", "target", "ratio", "met"),
    [
        (4.0, None, 2.5, None),
        (4.0, 2.5, 2.5, True),
        (4.0, 2.6, 2.5, False),
        (None, 1.0, None, False),  # never reached
        (None, None, None, None),
    ],
)
def test_met_only_follows_from_ratio_and_target(ours, target, ratio, met):
    row = harness.fixed_row("a", "s", ours, 10.0, target)
    assert (row["ratio"], row["met"]) == (ratio, met)
    assert row["spread"] == {"ours": None, "theirs": None}
    results.check(result([row]))


def test_the_exponent_of_a_power_law():
    sizes = [1, 3, 10, 50]
    assert harness.exponent(sizes, [7 * size**1.5 for size in sizes]) == 1.5
    assert harness.exponent(sizes, [2, 2, 2, 2]) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ratio": 3.1}, "does not follow"),
        ({"met": False}, "does not follow"),
        ({"ours": -1.0}, "must be positive"),
        ({"ours": math.nan}, "must be positive"),
        ({"repeats": 0}, "repeats"),
        ({"extra": 1}, "must have the keys"),
    ],
)
def test_a_wrong_row_is_not_written(tmp_path, change, message):
    row = {**harness.fixed_row("a", "s", 1.0, 3.0, target=2), **change}
    with pytest.raises(ValueError, match=message):
        harness.write(tmp_path / "a.json", result([row]))
    assert not list(tmp_path.iterdir())


def test_rows_need_names_of_their_own():
    row = harness.fixed_row("a", "s", 1.0, 3.0)
    with pytest.raises(ValueError, match="names of their own"):
        results.check(result([row, row]))


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    rows = [harness.fixed_row("a", "s", 1.0, 3.0)]
    harness.write(path, result(rows))
    before = path.read_text()
    assert json.loads(before)["results"] == rows
    with pytest.raises(TypeError):
        harness.write(path, {**result(rows), "machine": object()})
    assert [path.read_text()] == [before]
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def contender(tmp_path, monkeypatch):
    """A contender that logs its turns, and fails when told to."""
    (tmp_path / "turns.py").write_text(
        "import os\n"
        "def build(name, log):\n"
        "    print('noise')\n"
        "    def measure(number):\n"
        "        if number < 0: raise SystemError('no such number')\n"
        "        print('noise')\n"
        "        open(log, 'a').write(name)\n"
        "        memory = b'x' * (number * 2**20)\n"
        "        return {'backend': os.environ['KERAS_BACKEND'], 'pid': os.getpid()}\n"
        "    return measure\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = str(tmp_path / "log")

    def build(name, backend="jax"):
        return harness.Contender("turns:build", {"name": name, "log": log}, backend)

    return build


def test_workers_take_turns_in_processes_of_their_own(contender, tmp_path):
    contenders = {"a": contender("a"), "b": contender("b", backend="torch")}
    with harness.start(contenders) as workers:
        answers = harness.alternate(workers, 3, number=0)
        large = workers["b"].ask(number=64)
    assert (tmp_path / "log").read_text() == "abababb"
    assert [answer["backend"] for answer in answers["b"]] == ["torch"] * 3
    assert answers["a"][0]["pid"] != answers["b"][0]["pid"]
    assert large["own_mib"] - answers["b"][-1]["own_mib"] == pytest.approx(64, abs=4)
    assert max(answer["idle_cpu"] for answer in answers["a"]) < 0.5
    assert all(worker.process.returncode is not None for worker in workers.values())


def test_what_a_worker_said_when_it_failed_is_shown(contender):
    with (
        harness.start({"a": contender("a")}) as workers,
        pytest.raises(RuntimeError, match=r"(?s)`a` ended.*no such number"),
    ):
        workers["a"].ask(number=-1)


def test_first_tokens_of_documents():
    ids, offsets = np.array([1, 2, 3, 4, 5, 6]), np.array([0, 3, 4, 4, 6])
    expected = [[1, 2], [4, 0], [0, 0], [5, 6]]
    assert data.first_tokens(ids, offsets, 2).tolist() == expected


def test_the_published_model_and_ours_are_the_same_function():
    published = published_mini_gpt.build(**TINY)
    gpt = recipes.same_architecture("float32", **TINY)
    w = published.get_weights()
    # Ours: tokens, output, positions, attention, norm, then feed-forward round a norm.
    order = [0, 18, 19, 1, *range(2, 10), 14, 15, 10, 11, 16, 17, 12, 13]
    gpt.set_weights([w[i] for i in order])
    ids = np.random.default_rng(0).integers(1, TINY["vocabulary_size"], (2, 20))
    logits = gpt.predict_on_batch({"token_ids": ids, "padding_mask": ids != 0})
    assert_allclose(logits, published.predict_on_batch(ids), atol=1e-5)


def test_a_contender_that_stops_early_is_not_timed():
    request = {"batch_size": 2, "prompt_length": 3, "max_length": 9, "at_least": 0}
    whole = timed(lambda ids, n: np.pad(ids, [[0, 0], [0, n - 3]]), 50)
    assert whole(**request)["seconds"] > 0
    with pytest.raises(RuntimeError, match="shape"):
        timed(lambda ids, n: ids, 50)(**request)
    with pytest.raises(RuntimeError, match="prompts"):
        timed(lambda ids, n: np.zeros((2, n)), 50)(**request)


def test_the_first_point_at_or_below_a_loss():
    curve = [
        {"steps": 1, "seconds": 2.0, "nats": 6.0},
        {"steps": 2, "seconds": 4.0, "nats": 5.0},
        {"steps": 3, "seconds": 6.0, "nats": 4.9},
    ]
    assert time_to_quality.seconds_to(5.0, curve) == 4.0
    assert time_to_quality.seconds_to(4.0, curve) is None
    assert time_to_quality.nats_after(curve, 3) == 4.9
    assert time_to_quality.deviation("a", 5.1, 5.0)["met"] is True  # 2%
    assert time_to_quality.deviation("a", 4.8, 5.0)["met"] is False  # 4%
    assert time_to_quality.deviation("a", None, 5.0)["met"] is False


def test_the_work_of_a_training_step_by_hand():
    sizes = {
        "vocabulary_size": 10,
        "sequence_length": 3,
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 4,
        "intermediate_dim": 5,
    }
    # Published: heads of width 4, so 8 in all; V * D for the output layer.
    for wide_heads, width in {True: 8, False: 4}.items():
        multiplied = 2 * (4 * 4 * width + 2 * 4 * 5) + 4 * 10
        flop = 32 * 3 * (6 * multiplied + 12 * 2 * width * 3)
        assert hardware_limit.training_flop(wide_heads, **sizes) == flop


def test_published_parameters_are_those_of_the_model():
    # `weights` leaves out the vectors: biases and norms.
    model = published_mini_gpt.build(**TINY)
    matrices = sum(math.prod(w.shape) for w in model.weights if "kernel" in w.path)
    width = TINY["hidden_dim"] * TINY["num_heads"]
    assert hardware_limit.weights(**TINY, heads_width=width) == matrices


def test_committed_results_follow_from_their_numbers():
    for path in COMMITTED:
        assert path.stem in NAMES
        committed = json.loads(path.read_text())
        results.check(committed)
        assert committed["quick"] is False
        assert committed["commit"]
        for row in committed["results"]:
            if row["ours"] is None:
                assert row["ratio"] is None
                continue
            assert row["ratio"] == pytest.approx(row["theirs"] / row["ours"], rel=1e-4)
            if row["target"] is not None:
                assert row["met"] is (row["ratio"] >= row["target"])
