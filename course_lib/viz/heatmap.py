"""Matrices as coloured cells."""

import math
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import ArrayLike

from course_lib.viz.card import INK, card, readable_on


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
    ax = card(ax, size, title, x_label, y_label)
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
    ax.tick_params(length=0, labelcolor=INK)
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
                color=readable_on(backgrounds[row, column, :3]),
            )
    else:
        bar = ax.figure.colorbar(image, ax=ax, shrink=0.8)
        bar.ax.tick_params(colors=INK, labelcolor=INK)
        bar.outline.set_edgecolor(INK)
    return ax


def _matrix(matrix: ArrayLike) -> np.ndarray:
    array = np.asarray(matrix, dtype=float)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(
            "`matrix` must have two axes, none of them empty. Received an array of "
            f"shape {array.shape}"
        )
    return array
