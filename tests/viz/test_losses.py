import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_lib.viz import plot_losses
from tests.viz.readable import assert_readable_card

HISTORY = {"training": [6.0, 5.5, 5.25], "held out": [5.9, 5.6, 5.5]}
BASELINES = {"unigram": 6.47, "bigram": 5.172}


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
