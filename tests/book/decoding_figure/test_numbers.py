"""The figure of chapter 7 computes what the samplers do."""

import itertools
import json

import numpy as np
import pytest
from keras import ops

from course_lib.samplers import filters
from course_lib.samplers.temperature import reweight_distribution, softmax_at
from tests.draws import looks_drawn_from

pytestmark = pytest.mark.browser

EQUALS, MODEL, FEW = range(3)
SHOWN = 12  # rows with a token of their own
SETTINGS = [
    {},
    {"temperature": 0},
    {"temperature": 0.05},
    {"temperature": 0.5},
    {"temperature": 2},
    {"top_k": 1},
    {"top_k": 40},
    {"top_k": 1_000},
    {"top_p": 0.01},
    {"top_p": 0.9},
    {"top_p": 0.99},
    {"min_p": 0.05},
    {"min_p": 1},
    {"temperature": 0.7, "top_k": 40, "top_p": 0.9, "min_p": 0.05},
    {"temperature": 1.5, "top_k": 3_000, "top_p": 0.95, "min_p": 0.01},
    {"temperature": 1.35, "top_p": 0.37},
]


@pytest.fixture
def move(load):
    """A function that moves the sliders of a figure and returns what it shows."""
    page = load()
    return lambda figure, **settings: page.run(f"set({figure}, {json.dumps(settings)})")


def apply_filters(tempered, *, top_k=None, top_p=1, min_p=0):
    """Apply our filters to one distribution `(V,)`, in its own precision."""
    p = ops.convert_to_tensor(tempered)[None]
    p = filters.top_k(p, top_k or len(tempered))
    p = filters.top_p(p, top_p)
    p = filters.min_p(p, min_p) if min_p else p
    return ops.convert_to_numpy(p)[0]


def per_row(probabilities, values):
    """Values of the likeliest tokens, of equals the first, and all others' sum."""
    order = np.argsort(-probabilities, kind="stable")
    others = [values[order[SHOWN:]].sum()] if len(values) > SHOWN else []
    return [*values[order[:SHOWN]], *others]


def assert_shows(shown, probabilities, temperature=1, **settings):
    """Compare with the samplers' own functions, run in float64."""
    logits = ops.log(ops.convert_to_tensor(probabilities.astype("float64")))
    tempered = ops.convert_to_numpy(softmax_at(logits, temperature)).astype("float64")
    left = apply_filters(tempered, **settings)
    kept = left > 0
    entropy = -(left[kept] * np.log(left[kept])).sum()
    assert shown["kept"] == kept.sum()
    assert abs(shown["mass"] - tempered[kept].sum()) < 1e-6
    assert abs(shown["entropy"] - entropy) < 1e-6
    np.testing.assert_allclose(bars(shown), per_row(probabilities, left), atol=1e-6)


def bars(shown):
    return [row["probability"] for row in shown["rows"]]


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("figure", [EQUALS, MODEL])
def test_sliders_do_what_the_samplers_do(move, distributions, figure, settings):
    shown = move(figure, **settings)
    assert_shows(shown, distributions[figure], **settings)
    for name, value in settings.items():
        says = shown["settings"][name]
        assert float(says.replace("0 (greedy)", "0").replace(",", "")) == value


@pytest.mark.parametrize("figure", [EQUALS, MODEL])
def test_cells_of_the_chapter_agree_in_float32(move, distributions, figure):
    settings = {"top_k": 40, "top_p": 0.9, "min_p": 0.05}
    shown = move(figure, temperature=0.7, **settings)
    tempered = reweight_distribution(distributions[figure], 0.7)
    left = apply_filters(ops.convert_to_numpy(tempered), **settings)
    assert left.dtype == "float32"
    wanted = per_row(distributions[figure], left)
    np.testing.assert_allclose(bars(shown), wanted, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, "2139045678"),
        ({"top_k": 2}, "21"),
        ({"top_k": 5}, "21390"),
        ({"top_p": 0.2}, "2"),
        ({"top_p": 0.26}, "21"),
        ({"top_p": 0.7}, "213904"),
        ({"min_p": 0.5}, "2139"),
        ({"min_p": 0.51}, "2"),
        ({"temperature": 0}, "2"),
    ],
    ids=str,
)
def test_of_equals_the_lower_ids_stay(move, distributions, settings, kept):
    shown = move(FEW, **settings)
    assert "".join(row["name"][1:-1] for row in shown["rows"]) == "2139045678"
    left = [row["name"][1:-1] for row in shown["rows"] if row["text"] != "cut"]
    assert "".join(left) == kept
    assert_shows(shown, distributions[FEW], **settings)


def test_bars_are_as_long_as_probabilities(load):
    page = load()
    shown = page.run("set(2, {top_k: 3})")  # 4, 2 and 2 of 8
    widths = [row["width"] for row in shown["rows"]]
    assert widths == ["100%", "50%", "50%"] + 7 * ["0%"]
    assert page.run("figureForm(2).querySelector('.scale').textContent") == "50%"
    assert page.run("figureForm(2).querySelector('.model').style.left") == "50%"


def test_reset_turns_everything_off(load):
    page = load()
    before = page.run("read(0)")
    page.run("set(0, {temperature: 0.5, top_k: 10, top_p: 0.5, min_p: 0.1})")
    page.run("press(0, 0)")
    assert page.run("read(0)")["drawn"] != before["drawn"]
    page.run("press(0, 2)")
    page.run("new Promise(done => setTimeout(done, 20))")
    assert page.run("read(0)") == before
    off = {"temperature": "1.00", "top_k": "off", "top_p": "off", "min_p": "off"}
    assert before["settings"] == off
    assert (before["kept"], round(before["mass"], 9)) == (10_000, 1)


def park_miller(seed=20170612):
    while True:
        seed = seed * 48271 % (2**31 - 1)
        yield seed / (2**31 - 1)


def test_draws_are_seeded_and_counted(load, distributions):
    page = load()
    settings = {"temperature": 1.5, "top_k": 40}
    page.run(f"set(1, {json.dumps(settings)})")
    page.run("press(1, 0, 2); press(1, 1)")
    shown = page.run("read(1)")
    probabilities = distributions[MODEL]
    tempered = ops.convert_to_numpy(reweight_distribution(probabilities, 1.5))
    left = apply_filters(tempered, top_k=40)
    order = np.argsort(-probabilities, kind="stable")
    reached = np.cumsum(left[order].astype("float64"))
    places = [int((reached <= u).sum()) for u in itertools.islice(park_miller(), 102)]
    counts = np.bincount(order[places], minlength=len(left))
    assert [row["drawn"] for row in shown["rows"]] == per_row(probabilities, counts)
    most = sorted({*places}, key=lambda place: (-places.count(place), place))[:5]
    tally = ", ".join(f"“{order[place]}” {places.count(place)}" for place in most)
    last = f"Drawn: “{order[places[-1]]}”."
    assert shown["drawn"] == f"{last} Draws: 102. Most often: {tally}."
    # Another setting starts anew; the same one draws the same again.
    assert page.run("set(1, {top_k: 40}).drawn") == ""
    page.run(f"set(1, {json.dumps(settings)})")
    page.run("press(1, 1); press(1, 0, 2)")
    assert page.run("read(1)") == shown


def test_draws_follow_the_distribution(load):
    page = load()
    page.run("set(2, {top_k: 5}); press(2, 1, 50)")
    shown = page.run("read(2)")
    counts = [row["drawn"] for row in shown["rows"]]
    assert sum(counts) == 5_000
    assert looks_drawn_from(np.repeat(np.arange(10), counts), bars(shown))
