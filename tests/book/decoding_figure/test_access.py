"""The figure of chapter 7 is for everyone: keys, screen readers, phones, the dark."""

import re

import pytest

from tests.viz.readable import contrast

pytestmark = pytest.mark.browser

FIGURES = 3
SLIDERS = ["temperature", "top_k", "top_p", "min_p"]


def test_keys_reach_all_in_the_order_of_the_samplers(load):
    page = load()
    page.run("figureForm(0).elements.temperature.focus()")
    reached = []
    for _ in range(7):
        reached.append(
            page.run("document.activeElement.name || document.activeElement.innerText")
        )
        page.press("Tab")
    assert reached == [*SLIDERS, "Draw", "Draw 100", "Reset"]


def test_keys_do_what_a_mouse_does(load):
    page = load()
    page.run("figureForm(1).elements.temperature.focus()")
    for key in ("ArrowLeft", "ArrowLeft", "ArrowRight"):
        page.press(key)
    by_keys = page.run("read(1)")
    assert by_keys["settings"]["temperature"] == "0.95"
    assert by_keys == page.run("set(1, {temperature: 0.95})")
    page.press("Enter")  # on a slider: draw
    assert "Draws: 1." in page.run("read(1).drawn")
    page.run("figureForm(1).querySelector('button').focus()")
    page.press("Space")
    page.press("Enter")
    assert "Draws: 3." in page.run("read(1).drawn")
    page.run("figureForm(1).elements.temperature.focus()")
    page.press("Home")
    assert page.run("read(1).settings.temperature") == "0 (greedy)"


def test_screen_readers_are_told(load):
    page = load()
    page.send("Accessibility.enable")
    nodes = page.send("Accessibility.getFullAXTree")["nodes"]

    def told(role):
        return [
            {
                "name": node.get("name", {}).get("value", ""),
                **{p["name"]: p["value"].get("value") for p in node["properties"]},
            }
            for node in nodes
            if node.get("role", {}).get("value") == role and not node["ignored"]
        ]

    names = ["Temperature", "Top-k", "Top-p", "Min-p"]
    assert [slider["name"] for slider in told("slider")] == names * FIGURES
    texts = ["1.00", "off", "off", "off"]
    assert [slider["valuetext"] for slider in told("slider")] == texts * FIGURES
    buttons = [button["name"] for button in told("button")]
    for name in ("Draw", "Draw 100", "Reset"):
        assert buttons.count(name) == FIGURES
    live = [status for status in told("status") if status.get("live") == "polite"]
    assert len(live) == 2 * FIGURES  # what is kept, and what was drawn
    caption = page.run("figureForm(0).querySelector('caption').innerText")
    assert "The likeliest next tokens after “a </b>&”. A full bar is" in caption


COLORS = """(() => {
  const opaque = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return /, 0\\)$/.test(color) ? opaque(node.parentElement) : color;
  };
  const form = figureForm(0);
  const texts = form.querySelectorAll("label, output, p, caption, th, td, button");
  const lines = form.querySelectorAll(".bar");
  return [
    [...texts].map((text) => [getComputedStyle(text).color, opaque(text)]),
    [...lines].map((bar) => [opaque(bar), opaque(bar.parentElement)]),
  ];
})()"""


def rgb(css):
    return [float(number) / 255 for number in re.findall(r"[\d.]+", css)[:3]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_it_fits_and_is_readable(load, scheme, width):
    page = load(scheme=scheme, width=width)
    assert page.run("document.documentElement.dataset.theme") == scheme
    page.run("set(0, {top_k: 5}); press(0, 1)")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    clipped = "node => node.scrollWidth > node.clientWidth + 1"
    assert not page.run(
        f"[...figureForm(0).querySelectorAll('th, td, label, p')].filter({clipped})"
        ".map(node => node.textContent).join()"
    )
    texts, bars = page.run(COLORS)
    assert len(texts) > 50 and len(bars) == 12
    for least, pairs in ((4.5, texts), (3, bars)):
        for color, background in pairs:
            assert contrast(rgb(color), rgb(background)) >= least
    heights = page.run(
        "[...figureForm(0).querySelectorAll('input, button')]"
        ".map(control => control.getBoundingClientRect().height)"
    )
    assert min(heights) >= 24  # for a finger; WCAG 2.2, 2.5.8


@pytest.mark.parametrize(
    ("motion", "seconds"), [("no-preference", "0.15s"), ("reduce", "0s")]
)
def test_bars_move_only_where_the_reader_likes_it(load, motion, seconds):
    page = load(motion=motion)
    style = "getComputedStyle(figureForm(0).querySelector('.bar'))"
    assert page.run(f"{style}.transitionDuration") == seconds


def test_page_asks_no_other_host_and_logs_no_error(load):
    page = load()
    page.run("set(0, {temperature: 0}); press(0, 1)")
    assert page.outside() == []
    assert page.errors == []


def test_without_scripts_the_picture_stays(load):
    page = load(scripts=False)
    pictures = page.run(
        "[...document.querySelectorAll('.decoding-explorer > img')].map("
        "i => [i.naturalWidth, i.alt, i.nextElementSibling.textContent])"
    )
    assert len(pictures) == FIGURES
    for width, alt, caption in pictures:
        assert width == 750
        assert alt.startswith("Bar chart. The likeliest next tokens after “a </b>&”: “")
        assert caption.startswith("A still picture")
    assert not page.run("!!document.querySelector('.decoding-explorer form')")
