"""The white card that every plot stands on, and its colours."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

CARD = "white"
INK = "#1a1a1a"
GRID = "#d9d9d9"
MUTED = "#595959"
# From the palette of Okabe and Ito, without its colours that are pale on white.
COLORS = ("#0072b2", "#d55e00", "#007d5a", "#a0527d", INK)


def card(
    ax: Axes | None,
    size: tuple[float, float],
    title: str = "",
    x_label: str = "",
    y_label: str = "",
) -> Axes:
    """Return `ax`, or that of a new figure of `size` inches, as a white card.

    Each part is coloured itself: styles set before or after must not show through.
    """
    if ax is None:
        ax = plt.subplots(figsize=size, layout="constrained")[1]
    ax.figure.set_facecolor(CARD)
    ax.set_facecolor(CARD)
    ax.set_title(title, color=INK)
    ax.set_xlabel(x_label, color=INK)
    ax.set_ylabel(y_label, color=INK)
    ax.tick_params(colors=INK)
    ax.spines[:].set_color(INK)
    return ax


def readable_on(background: np.ndarray) -> str:
    """Black or white: the better of the two always has a contrast above 4.5."""
    linear = np.where(
        background <= 0.04045,
        background / 12.92,
        ((background + 0.055) / 1.055) ** 2.4,
    )
    luminance = float(linear @ [0.2126, 0.7152, 0.0722])  # as WCAG 2 defines it
    # (L + 0.05) / 0.05 and 1.05 / (L + 0.05) are equal at L = 0.179.
    return "black" if luminance > 0.179 else "white"
