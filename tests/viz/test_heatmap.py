import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib.viz import plot_heatmap
from tests.viz.readable import assert_readable_card, contrast

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
