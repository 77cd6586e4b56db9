import warnings

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from course_lib.viz import plot_heatmap, plot_losses

HISTORY = {"training": [6.0, 5.5, 5.25], "held out": [5.9, 5.6, 5.5]}
BASELINES = {"unigram": 6.47, "bigram": 5.172}


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


@pytest.fixture(params=["default", "dark_background"])
def style(request):
    with plt.style.context(request.param):
        yield


def contrast(color, background):
    """Contrast ratio as WCAG 2 defines it, from 1 to 21."""

    def luminance(color):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
            for c in to_rgb(color)
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(color), luminance(background)])
    return (high + 0.05) / (low + 0.05)


def assert_readable_card(ax):
    background = ax.figure.get_facecolor()
    assert background[3] == 1  # opaque
    assert to_rgb(ax.get_facecolor()) == to_rgb(background)
    texts = [ax.title, ax.xaxis.label, ax.yaxis.label]
    texts += ax.get_xticklabels() + ax.get_yticklabels()
    if ax.get_legend():
        texts += ax.get_legend().get_texts()
    lines = [line.get_color() for line in ax.lines]
    spines = [spine.get_edgecolor() for spine in ax.spines.values()]
    for color in [text.get_color() for text in texts] + spines:
        assert contrast(color, background) >= 7
    for color in lines:
        assert contrast(color, background) >= 3


def test_losses_hold_the_data():
    ax = plot_losses(HISTORY, title="Reviews", x_label="pass", y_label="nats")
    for line, (name, losses) in zip(ax.lines, HISTORY.items(), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), losses)
    assert (ax.get_title(), ax.get_xlabel()) == ("Reviews", "pass")
    assert ax.get_ylabel() == "nats"
    ax.figure.canvas.draw()
    ticks = [tick for tick in ax.get_xticks() if 1 <= tick <= 3]
    assert ticks == [1, 2, 3]


def test_losses_show_baselines_with_their_values():
    ax = plot_losses(HISTORY, BASELINES)
    for line, loss in zip(ax.lines[2:], BASELINES.values(), strict=True):
        assert list(line.get_ydata()) == [loss, loss]
        assert line.get_linestyle() != "-"
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["training", "held out", "unigram (6.47)", "bigram (5.17)"]


def test_losses_can_be_told_apart_without_colours():
    ax = plot_losses({str(i): [i, i] for i in range(5)}, {str(i): i for i in range(5)})
    assert len({line.get_marker() for line in ax.lines[:5]}) == 5
    dashes = {line._unscaled_dash_pattern[1] for line in ax.lines[5:]}
    assert len(dashes) == 5
    assert len({line.get_color() for line in ax.lines[:5]}) == 5


@pytest.mark.usefixtures("style")
def test_losses_are_readable():
    assert_readable_card(plot_losses(HISTORY, BASELINES, title="Reviews"))
    given = plt.subplots()[1]
    assert plot_losses(HISTORY, BASELINES, ax=given) is given
    assert_readable_card(given)


def test_losses_of_one_epoch_and_of_unequal_lengths():
    ax = plot_losses({"loss": [3.0], "val_loss": [], "other": [2.0, float("nan")]})
    assert [len(line.get_xdata()) for line in ax.lines] == [1, 0, 2]
    assert ax.lines[0].get_marker() != "None"  # one point makes no line
    ax.figure.canvas.draw()


@pytest.mark.parametrize("history", [None, [1.0, 2.0], 3])
def test_losses_need_a_dict(history):
    with pytest.raises(TypeError, match=r"`history` must be a dict.*`\.history`"):
        plot_losses(history)
    with pytest.raises(TypeError, match="`baselines` must be a dict"):
        plot_losses(HISTORY, history or [])


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_losses_need_a_loss(history):
    with pytest.raises(ValueError, match="holds no losses"):
        plot_losses(history)


@pytest.mark.parametrize(
    "losses", [5.0, "abc", ["a"], [[1.0], [2.0, 3.0]], [None], None]
)
def test_losses_must_be_numbers(losses):
    with pytest.raises(ValueError, match=r"`history\['loss'\]` must be a list of num"):
        plot_losses({"loss": losses})
    if losses != 5.0:
        with pytest.raises(
            ValueError, match=r"`baselines\['floor'\]` must be a number"
        ):
            plot_losses(HISTORY, {"floor": losses})


WORDS = ["the", "$_$", "was", "the"]  # the second is no valid formula
WEIGHTS = np.tril(np.random.default_rng(0).uniform(size=(4, 4)))


def cell_texts(ax):
    """Text, its colour and the background of each cell, by (row, column)."""
    backgrounds = ax.images[0].to_rgba(ax.images[0].get_array())
    cells = {}
    for text in ax.texts:
        column, row = text.get_position()
        cells[row, column] = text.get_text(), text.get_color(), backgrounds[row, column]
    return cells


def test_heatmap_holds_the_matrix():
    rows = ["a", "b", "c"]
    ax = plot_heatmap(
        WEIGHTS[:3], rows, WORDS, title="head 1", x_label="attends to", y_label="token"
    )
    np.testing.assert_array_equal(ax.images[0].get_array(), WEIGHTS[:3])
    assert [text.get_text() for text in ax.get_yticklabels()] == rows
    assert [text.get_text() for text in ax.get_xticklabels()] == WORDS
    assert ax.get_ylim() == (2.5, -0.5)  # the first row is on top
    assert (ax.get_title(), ax.get_xlabel()) == ("head 1", "attends to")
    assert ax.get_ylabel() == "token"
    cells = cell_texts(ax)
    assert len(cells) == 12
    for place, value in np.ndenumerate(WEIGHTS[:3]):
        assert cells[place][0] == f"{value:.2f}"
    ax.figure.canvas.draw()


@pytest.mark.usefixtures("style")
def test_heatmap_is_readable():
    gradient = np.linspace(-1, 1, 144).reshape(12, 12)
    gradient[0, :3] = [-np.inf, np.inf, np.nan]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ax = plot_heatmap(gradient, range(12), range(12), title="all shades")
        ax.figure.canvas.draw()
    assert_readable_card(ax)
    cells = cell_texts(ax)
    assert len(cells) == 144
    for _, color, background in cells.values():
        assert contrast(color, background) >= 4.5
    assert [cells[0, i][0] for i in range(3)] == ["-inf", "inf", "nan"]
    assert len({tuple(cells[0, i][2]) for i in range(3)}) == 1  # one grey


def test_darker_is_larger():
    cells = cell_texts(plot_heatmap([[0.0, 0.5, 1.0]], "a", "xyz"))
    low, middle, high = (sum(cells[0, i][2][:3]) for i in range(3))
    assert low > middle > high


def test_heatmaps_can_share_a_scale():
    axes = plt.subplots(1, 2)[1]
    for ax, scale in zip(axes, [1.0, 0.2], strict=True):
        matrix = scale * WEIGHTS
        assert plot_heatmap(matrix, WORDS, WORDS, vmin=0, vmax=1, ax=ax) is ax
        assert ax.images[0].get_clim() == (0, 1)


def test_large_heatmap_has_a_colour_bar_and_fewer_labels():
    ax = plot_heatmap(
        np.random.default_rng(0).normal(size=(120, 64)), *map(range, (120, 64))
    )
    assert not ax.texts
    bar = ax.images[0].colorbar
    bar.ax.figure.canvas.draw()
    for label in bar.ax.get_yticklabels():
        assert contrast(label.get_color(), ax.figure.get_facecolor()) >= 7
    for place, text in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        assert text.get_text() == str(place)
    assert 20 <= len(ax.get_yticks()) < 120


@pytest.mark.parametrize("size, shown", [(12, True), (13, False)])
def test_values_are_shown_by_default_where_they_fit(size, shown):
    ax = plot_heatmap(np.eye(size), range(size), range(size))
    assert bool(ax.texts) is shown
    assert (ax.images[0].colorbar is None) is shown


def test_show_values_and_format():
    assert not plot_heatmap(WEIGHTS, WORDS, WORDS, show_values=False).texts
    ax = plot_heatmap([[0.25]], ["a"], ["b"], value_format=".0%")
    assert [text.get_text() for text in ax.texts] == ["25%"]


def test_long_column_labels_are_slanted():
    short = plot_heatmap(WEIGHTS, WORDS, ["a", "b", "c", "d"])
    assert {text.get_rotation() for text in short.get_xticklabels()} == {0}
    long = plot_heatmap(WEIGHTS, WORDS, ["unforgettable", "b", "c", "d"])
    assert {text.get_rotation() for text in long.get_xticklabels()} == {45}


@pytest.mark.parametrize("matrix", [[1.0, 2.0], np.zeros((0, 3)), np.zeros((1, 2, 3))])
def test_heatmap_needs_a_matrix(matrix):
    with pytest.raises(ValueError, match="`matrix` must have two axes"):
        plot_heatmap(matrix, [], [])


def test_heatmap_needs_all_labels():
    with pytest.raises(ValueError, match=r"`row_labels` must have 4 .*\(4, 4\).* 2"):
        plot_heatmap(WEIGHTS, ["a", "b"], WORDS)
    with pytest.raises(ValueError, match="`column_labels` must have 4"):
        plot_heatmap(WEIGHTS, WORDS, [*WORDS, "more"])


def test_infinite_and_constant_matrices():
    for matrix in (np.full((2, 2), -np.inf), np.ones((2, 2))):
        ax = plot_heatmap(matrix, "ab", "cd")
        ax.figure.canvas.draw()
        for _, color, background in cell_texts(ax).values():
            assert contrast(color, background) >= 4.5
