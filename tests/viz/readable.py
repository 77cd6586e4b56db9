"""What makes a plot readable."""

from matplotlib.colors import to_rgb


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
