"""One next-token distribution, to try the settings of decoding on."""

import base64
import gzip
import html
import io
import json
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from course_lib.viz.card import CARD, COLORS, INK, card

_SHOWN = 12  # tokens with a bar of their own
_CAPTION = (
    "A still picture of the model's own distribution. On the book's page there are "
    "sliders for temperature, top-k, top-p and min-p in its place."
)


class DecodingExplorer:
    """A distribution with sliders for temperature, top-k, top-p and min-p.

    The cell that ends with it shows the likeliest tokens in a picture with an
    alternative text. Its output also holds the whole distribution: on the book's
    pages a script puts sliders, live bars and seeded draws in place of the picture.
    It computes what `course_lib.samplers` compute, in their order, and needs neither
    Python nor a server.

    Args:
        probabilities: Float array of shape `(V,)`: one distribution, at temperature 1.
            It is kept in float32.
        words: What to call the tokens: `V` strings, in the order of their ids.
        prompt: The text that the distribution follows.

    Raises:
        ValueError: If `probabilities` is no distribution of shape `(V,)`, or `words`
            are not `V` strings.

    Example:
        >>> words = ["good", "bad", "."]
        >>> DecodingExplorer([0.5, 0.25, 0.25], words, prompt="the film is")
        DecodingExplorer(V=3, prompt='the film is')
    """

    def __init__(
        self, probabilities: ArrayLike, words: Sequence[str], *, prompt: str = ""
    ) -> None:
        self.probabilities = _distribution(probabilities)
        self.words = list(words)
        self.prompt = prompt
        size = len(self.probabilities)
        if len(self.words) != size or not all(isinstance(w, str) for w in self.words):
            raise ValueError(
                f"`words` must be {size} strings, one for each probability. "
                f"Received {len(self.words)}: {self.words!r:.60}"
            )

    @property
    def alt(self) -> str:
        """The picture in words."""
        names, shares = self._likeliest()
        bars = ", ".join(f"{n} {s:.1%}" for n, s in zip(names, shares, strict=True))
        return f"Bar chart. {self._title()}: {bars}{self._others()}."

    def _title(self) -> str:
        after = f" after “{self.prompt}”" if self.prompt else ""
        return f"The likeliest next tokens{after}"

    def _likeliest(self) -> tuple[list[str], np.ndarray]:
        """Names and probabilities, falling; of equals, lower ids first."""
        token_ids = np.argsort(-self.probabilities, kind="stable")[:_SHOWN]
        return [f"“{self.words[i]}”" for i in token_ids], self.probabilities[token_ids]

    def _others(self) -> str:
        count = len(self.words) - _SHOWN
        rest = max(0.0, 1 - self._likeliest()[1].sum(dtype="float64"))
        return f"; all {count:,} others together: {rest:.1%}" if count > 0 else ""

    def _picture(self) -> bytes:
        """A PNG, drawn without pyplot: no cell may show the figure a second time."""
        names, shares = self._likeliest()
        places = range(len(names), 0, -1)
        figure = Figure(figsize=(7.5, 0.3 * len(names) + 1.0), layout="constrained")
        x_label = f"probability{self._others()}"
        ax = card(figure.subplots(), (0, 0), self._title(), x_label)
        ax.title.set_parse_math(False)
        bars = ax.barh(places, shares, color=COLORS[0])
        ax.bar_label(bars, [f"{share:.1%}" for share in shares], padding=4, color=INK)
        ax.set_yticks(places, names, parse_math=False)
        ax.set_xlim(0, 1.12 * max(shares))
        ax.spines[["top", "right"]].set_visible(False)
        file = io.BytesIO()
        figure.savefig(file, format="png", dpi=100, facecolor=CARD)
        return file.getvalue()

    def _data(self) -> str:
        """What the script reads: compressed, in letters that any page may hold."""
        float32 = self.probabilities.astype("<f4").tobytes()
        data = {
            "prompt": self.prompt,
            "words": self.words,
            "probabilities": base64.b64encode(float32).decode(),
            "shown": _SHOWN,
        }
        packed = gzip.compress(json.dumps(data).encode(), mtime=0)
        return base64.b64encode(packed).decode()

    def _repr_html_(self) -> str:
        picture = base64.b64encode(self._picture()).decode()
        return (
            f'<figure class="decoding-explorer" data-distribution="{self._data()}">'
            f'<img src="data:image/png;base64,{picture}" alt="{html.escape(self.alt)}"'
            ' style="max-width: 100%; height: auto">'
            f"<figcaption>{_CAPTION}</figcaption></figure>"
        )

    def __repr__(self) -> str:
        return f"DecodingExplorer(V={len(self.words)}, prompt={self.prompt!r})"


def _distribution(probabilities: ArrayLike) -> np.ndarray:
    array = np.asarray(probabilities, dtype="float32")
    total = array.sum(dtype="float64")
    if array.ndim != 1 or not (array >= 0).all() or not abs(total - 1) < 1e-3:
        raise ValueError(
            "`probabilities` must be one distribution of shape (V,), whose entries are "
            "at least 0 and sum to 1. Received an array of shape "
            f"{array.shape} with the sum {total:.4g}"
        )
    return array
