"""Plots for the chapters: loss curves and heatmaps.

Each plot stands on a white card with dark text, whatever the page or the current
Matplotlib style look like, and can be read without telling its colours apart.
Plots are drawn on the `Axes` that they return; end the cell with `plt.show()`.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike

__all__ = ["plot_heatmap", "plot_losses"]

_CARD = "white"
_INK = "#1a1a1a"
_GRID = "#d9d9d9"
_BASELINE = "#595959"
# From the palette of Okabe and Ito, without its colours that are pale on white.
_COLORS = ("#0072b2", "#d55e00", "#007d5a", "#a0527d", _INK)
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
    ax = _card(ax, (8.0, 4.0), title, x_label, y_label)
    for i, (name, losses) in enumerate(curves.items()):
        ax.plot(
            np.arange(1, len(losses) + 1),
            losses,
            color=_COLORS[i % len(_COLORS)],
            marker=_MARKERS[i % len(_MARKERS)],
            markersize=5,
            linewidth=1.8,
            label=name,
        )
    for i, (name, level) in enumerate(levels.items()):
        dashes = (0, _DASHES[i % len(_DASHES)])
        label = f"{name} ({level:.2f})"
        ax.axhline(level, color=_BASELINE, linewidth=1.4, linestyle=dashes, label=label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    ax.grid(color=_GRID, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.legend(  # beside the curves, not on them
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        labelcolor=_INK,
    )
    return ax


def plot_heatmap(
    matrix: ArrayLike,
    row_labels: Sequence[Any],
    column_labels: Sequence[Any],
    *,
    title: str = "",
    x_label: str = "",
    y_label: str = "",
    value_format: str = ".2f",
    show_values: bool | None = None,
    vmin: float | None = None,
    vmax: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Plot a matrix as coloured cells: dark is large, grey is not a number.

    Args:
        matrix: Array of shape `(rows, columns)`. NaN and infinite entries, such as
            masked attention scores, are grey.
        row_labels: One label a row, top to bottom.
        column_labels: One label a column, left to right.
        title: Title of the plot.
        x_label: What the columns are.
        y_label: What the rows are.
        value_format: Format of the numbers in the cells.
        show_values: Whether to write the numbers into the cells; by default where
            there are at most 12 rows and columns. Otherwise a colour bar tells, and
            of more than 50 rows or columns only some have their label.
        vmin: Value of the palest colour, the smallest entry by default.
        vmax: Value of the darkest colour, the largest entry by default.
        ax: Axes to draw on; a new figure by default, as large as the matrix needs.

    Returns:
        The Axes.

    Raises:
        ValueError: If `matrix` is not 2-D, has no entry, or labels are missing.

    Example:
        >>> words = ["the", "film", "was"]
        >>> weights = [[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.6, 0.2]]
        >>> ax = plot_heatmap(weights, words, words, x_label="attends to")
    """
    matrix = _matrix(matrix)
    rows, columns = matrix.shape
    for name, labels, count in (
        ("row_labels", row_labels, rows),
        ("column_labels", column_labels, columns),
    ):
        if len(labels) != count:
            raise ValueError(
                f"`{name}` must have {count} labels for a matrix of shape "
                f"{matrix.shape}. Received {len(labels)}: {labels!r:.60}"
            )
    if show_values is None:
        show_values = max(rows, columns) <= 12
    cell = 0.6 if show_values else max(0.12, min(0.35, 8 / max(rows, columns)))
    margin = 2.0 if show_values else 3.2  # of labels and colour bar
    size = (max(columns * cell, 1.5) + margin, max(rows * cell, 1.5) + 1.4)
    ax = _card(ax, size, title, x_label, y_label)
    colors = plt.get_cmap("Blues").with_extremes(bad="#bdbdbd")
    cells = np.ma.masked_invalid(matrix)
    image = ax.imshow(cells, cmap=colors, vmin=vmin, vmax=vmax, aspect="equal")
    step = math.ceil(0.16 / cell)  # of the labels: inches that one needs / has
    longest = max(len(str(label)) for label in column_labels)
    steep: dict[str, Any] = {"rotation": 45, "ha": "left", "rotation_mode": "anchor"}
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    for axis, labels, style in (
        (ax.xaxis, column_labels, steep if longest * 0.09 > cell * step else {}),
        (ax.yaxis, row_labels, {}),
    ):
        shown = range(0, len(labels), step)
        texts = [str(labels[i]) for i in shown]
        # Labels are tokens, in which "$" does not begin a formula.
        axis.set_ticks(shown, texts, fontsize=9, parse_math=False, **style)
    ax.tick_params(length=0, labelcolor=_INK)
    if show_values:
        backgrounds = image.to_rgba(cells)  # (rows, columns, 4)
        for (row, column), value in np.ndenumerate(matrix):
            ax.text(
                column,
                row,
                format(value, value_format),
                ha="center",
                va="center",
                fontsize=9,
                color=_readable_on(backgrounds[row, column, :3]),
            )
    else:
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
        bar.ax.tick_params(colors=_INK, labelcolor=_INK)
        bar.outline.set_edgecolor(_INK)
    return ax


def _card(
    ax: Axes | None, size: tuple[float, float], title: str, x_label: str, y_label: str
) -> Axes:
    """Colour each part itself: styles set before or after must not show through."""
    if ax is None:
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    ax.figure.set_facecolor(_CARD)
    ax.set_facecolor(_CARD)
    ax.set_title(title, color=_INK)
    ax.set_xlabel(x_label, color=_INK)
    ax.set_ylabel(y_label, color=_INK)
    ax.tick_params(colors=_INK)
    ax.spines[:].set_color(_INK)
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


def _matrix(matrix: ArrayLike) -> np.ndarray:
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            "`matrix` must have two axes, none of them empty. Received an array of "
            f"shape {array.shape}"
        )
    return array


def _readable_on(background: np.ndarray) -> str:
    """Black or white: the better of the two always has a contrast above 4.5."""
    linear = np.where(
        background <= 0.04045,
        background / 12.92,
        ((background + 0.055) / 1.055) ** 2.4,
    )
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])  # as WCAG 2 defines it
    # (L + 0.05) / 0.05 and 1.05 / (L + 0.05) are equal at L = 0.179.
    return "black" if luminance > 0.179 else "white"
