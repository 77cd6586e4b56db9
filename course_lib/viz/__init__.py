"""Figures for the chapters: loss curves, heatmaps, and one to decode with.

Each plot stands on a white card with dark text, whatever the page or the current
Matplotlib style look like, and can be read without telling its colours apart.
Plots are drawn on the `Axes` that they return; end the cell with `plt.show()`.
A `DecodingExplorer` is shown by the cell that ends with it.
"""

from course_lib.viz.decoding_explorer import DecodingExplorer
from course_lib.viz.heatmap import plot_heatmap
from course_lib.viz.losses import plot_losses

__all__ = ["DecodingExplorer", "plot_heatmap", "plot_losses"]
