import base64
import gzip
import io
import json
import re
from html.parser import HTMLParser

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from course_lib.viz import DecodingExplorer
from tests.viz.readable import contrast

# Ties everywhere; characters that mean something to HTML, to formulas, to Unicode.
WORDS = ["<b>", "&", '"', "it´s", "</figure>", "–", "$_$", "\x85", "\n", "plausible"]
WORDS += [f"w{i}" for i in range(20)]
WEIGHTS = np.array([3, 1, 2] * 10)
PROBABILITIES = WEIGHTS / WEIGHTS.sum()


class Elements(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = {}
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        assert tag not in self.found
        self.found[tag] = dict(attrs)

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def explorer():
    return DecodingExplorer(PROBABILITIES, WORDS, prompt='a "<film>" is')


@pytest.fixture
def elements(explorer):
    return Elements(explorer._repr_html_())


def test_output_holds_the_whole_distribution(explorer, elements):
    packed = base64.b64decode(elements.found["figure"]["data-distribution"])
    data = json.loads(gzip.decompress(packed))
    numbers = np.frombuffer(base64.b64decode(data["probabilities"]), "<f4")
    np.testing.assert_array_equal(numbers, np.float32(PROBABILITIES))
    np.testing.assert_array_equal(numbers, explorer.probabilities)
    assert data["words"] == WORDS
    assert data["prompt"] == 'a "<film>" is'


def test_output_is_a_picture_and_says_what_it_is(elements):
    assert list(elements.found) == ["figure", "img", "figcaption"]
    assert "still picture" in elements.text
    kind, _, content = elements.found["img"]["src"].partition(",")
    assert kind == "data:image/png;base64"
    picture = plt.imread(io.BytesIO(base64.b64decode(content)))  # (height, width, 4)
    assert picture.shape[1] == 750
    np.testing.assert_array_equal(picture[0, 0], [1, 1, 1, 1])  # a white card
    bars = (np.abs(picture[..., :3] - to_rgb("#0072b2")) < 0.01).all(axis=-1)
    assert bars.any(axis=1).sum() > 12 * 10  # 12 bars, each some pixels high


def test_alternative_text_names_the_likeliest_of_equals_the_first(elements):
    alt = elements.found["img"]["alt"]
    assert alt.startswith('Bar chart. The likeliest next tokens after “a "<film>" is”:')
    shown = re.findall(r"“(?!a \")(.*?)” ([\d.]+)%", alt, re.DOTALL)
    order = [*range(0, 30, 3), 2, 5]  # all of weight 3, then the first of weight 2
    assert [word for word, _ in shown] == [WORDS[i] for i in order]
    assert [float(share) for _, share in shown] == [5.0] * 10 + [3.3] * 2
    assert alt.endswith("; all 18 others together: 43.3%.")


def test_small_vocabularies_have_no_others():
    explorer = DecodingExplorer([0.75, 0.25], ["yes", "no"])
    assert explorer.alt == (
        "Bar chart. The likeliest next tokens: “yes” 75.0%, “no” 25.0%."
    )
    assert "data:image/png" in explorer._repr_html_()


def test_cells_show_it_once(explorer):
    """Whatever was drawn with pyplot would be shown a second time."""
    explorer._repr_html_()
    assert not plt.get_fignums()


@pytest.mark.usefixtures("style")
def test_picture_has_dark_text_in_any_style(explorer, monkeypatch):
    figures = []
    savefig = "matplotlib.figure.Figure.savefig"
    monkeypatch.setattr(savefig, lambda self, file, **how: figures.append(self))
    explorer._picture()
    [ax] = figures[0].axes
    texts = [ax.title, ax.xaxis.label, *ax.texts]
    texts += ax.get_xticklabels() + ax.get_yticklabels()
    assert ax.get_ylim()[0] < 1 < 12 < ax.get_ylim()[1]
    for text in texts:
        assert contrast(text.get_color(), ax.figure.get_facecolor()) >= 7


def test_two_runs_give_the_same_output(explorer):
    again = DecodingExplorer(PROBABILITIES, WORDS, prompt='a "<film>" is')
    assert again._repr_html_() == explorer._repr_html_()


def test_ten_thousand_tokens_stay_small():
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice([*"etaoinshr"], size=8)) for _ in range(10_000)]
    weights = rng.exponential(size=10_000) ** 4
    text = DecodingExplorer(weights / weights.sum(), words)._repr_html_()
    assert len(text) < 250_000
    assert "\n" not in text  # one line in the notebook


def test_repr(explorer):
    assert repr(explorer) == "DecodingExplorer(V=30, prompt='a \"<film>\" is')"


@pytest.mark.parametrize(
    "probabilities",
    [
        [[0.5, 0.5]],
        [0.5, 0.4],
        [1.5, -0.5],
        [np.nan, 1.0],
        [np.inf, 0.0],
        [],
        1.0,
        [2.0, 1.0],  # logits
    ],
)
def test_needs_one_distribution(probabilities):
    with pytest.raises(ValueError, match="`probabilities` must be one distribution"):
        DecodingExplorer(probabilities, ["a", "b"])


@pytest.mark.parametrize("words", [["a"], ["a", "b", "c"], ["a", 1], [b"a", b"b"]])
def test_needs_a_word_for_each_token(words):
    with pytest.raises(ValueError, match=r"`words` must be 2 strings.* Received"):
        DecodingExplorer([0.5, 0.5], words)
