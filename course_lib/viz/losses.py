"""Loss curves, and what they are measured against."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from course_lib.viz.card import COLORS, GRID, INK, MUTED, card

_MARKERS = ("o", "s", "^", "D", "v")
_DASHES = ((6, 3), (1.5, 2), (6, 2, 1.5, 2), (10, 3), (3, 3))  # on, off in points


def plot_losses(
    history: Mapping[str, Sequence[float]],
    baselines: Mapping[str, float] | None = None,
    *,
    title: str = "",
    x_label: str = "epoch",
    y_label: str = "loss (nats per token)",
    ax: Axes | None = None,
) -> Axes:
    """Plot losses by epoch, and baselines as dashed horizontal lines.

    Args:
        history: Losses by name, one number an epoch, such as parts of
            `model.fit(...).history`. The first point stands at 1.
        baselines: Losses by name of what does not train: n-gram models, an entropy
            floor. The legend shows their values.
        title: Title of the plot.
        x_label: What one point is.
        y_label: What is plotted, with its unit.
        ax: Axes to draw on; a new figure by default.

    Returns:
        The Axes.

    Raises:
        TypeError: If `history` or `baselines` is no dict.
        ValueError: If `history` has no losses, or an entry is not numeric.

    Example:
        >>> ax = plot_losses(
        ...     {"training": [6.1, 5.4, 5.0], "held out": [5.8, 5.5, 5.3]},
        ...     baselines={"unigram": 6.5, "bigram": 5.2},
        ... )
    """
    baselines = {} if baselines is None else baselines
    for name, value in (("history", history), ("baselines", baselines)):
        if not isinstance(value, Mapping):
            raise TypeError(
                f"`{name}` must be a dict of names and numbers (of what `fit` "
                f"returns, take `.history`). Received: {value!r:.60}"
            )
    curves = {n: _numbers(c, f"history[{n!r}]", 1) for n, c in history.items()}
    levels = {
        n: float(_numbers(v, f"baselines[{n!r}]", 0)) for n, v in baselines.items()
    }
    if not any(losses.size for losses in curves.values()):
        raise ValueError(f"`history` holds no losses. Received: history={history}")
    ax = card(ax, (8.0, 4.0), title, x_label, y_label)
    for i, (name, losses) in enumerate(curves.items()):
        ax.plot(
            np.arange(1, len(losses) + 1),
            losses,
            color=COLORS[i % len(COLORS)],
            marker=_MARKERS[i % len(_MARKERS)],
            markersize=5,
            linewidth=1.8,
            label=name,
        )
    for i, (name, level) in enumerate(levels.items()):
        dashes = (0, _DASHES[i % len(_DASHES)])
        label = f"{name} ({level:.2f})"
        ax.axhline(level, color=MUTED, linewidth=1.4, linestyle=dashes, label=label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(color=GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.legend(  # beside the curves, not on them
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        labelcolor=INK,
    )
    return ax


def _numbers(value: Any, name: str, ndim: int) -> np.ndarray:
    try:
        numbers = np.asarray(value)
    except ValueError:  # lists of unequal lengths
        numbers = np.asarray(None)
    if numbers.ndim != ndim or not np.issubdtype(numbers.dtype, np.number):
        raise ValueError(
            f"`{name}` must be {('a number', 'a list of numbers')[ndim]}. "
            f"Received: {value!r:.60}"
        )
    return numbers
