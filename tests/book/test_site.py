"""The built book: whole, fit for a phone and a keyboard, and asking no other host."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.book.browser import serve
from tools import build_book

LOADED_BY = {  # the attribute whose target the browser loads by itself
    "audio": ["src"],
    "embed": ["src"],
    "iframe": ["src"],
    "img": ["src", "srcset"],
    "link": ["href"],
    "object": ["data"],
    "script": ["src"],
    "source": ["src", "srcset"],
    "video": ["src", "poster"],
}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_book.build(tmp_path_factory.mktemp("book"))


@pytest.fixture(scope="module")
def pages(site):
    """All pages less the theme's templates and the root's redirect to the intro."""
    found = [p for p in sorted(site.rglob("*.html")) if "_static" not in p.parts]
    return [page for page in found if page != site / "index.html"]


class Tags(HTMLParser):
    """Collects (tag, attributes) of all elements."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def outside_targets(text):
    """Return what a page makes the browser load from other hosts."""
    return [
        attributes[name]
        for tag, attributes in Tags(text).found
        for name in LOADED_BY.get(tag, [])
        if re.search(r"(^|[\s,])(\w+:)?//", attributes.get(name) or "")
        and not (tag == "link" and attributes.get("rel") == "canonical")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<script src="https://cdn.org/x.js"></script>', ["https://cdn.org/x.js"]),
        ('<link rel="preconnect" href="//fonts.org">', ["//fonts.org"]),
        ('<img src="a.png" srcset="http://cdn.org/b 2x">', ["http://cdn.org/b 2x"]),
        ('<a href="https://arxiv.org">paper</a><img src="a.png">', []),
    ],
)
def test_outside_targets_are_seen(text, expected):
    assert outside_targets(text) == expected


def test_no_page_or_style_sheet_names_another_host(site, pages):
    found = {p.name: outside_targets(p.read_text("utf-8")) for p in pages}
    for sheet in site.rglob("*.css"):
        css = sheet.read_text("utf-8")
        found[sheet.name] = re.findall(
            r"(?:url\(|@import)\s*[\"']?(?:https?:)?//.*", css
        )
    assert not {name: targets for name, targets in found.items() if targets}


def test_every_picture_has_an_alternative_text(pages):
    silent = [
        (page.name, attributes["src"])
        for page in pages
        for tag, attributes in Tags(page.read_text("utf-8")).found
        if tag == "img" and not attributes.get("alt", "").strip()
    ]
    assert not silent


def test_nothing_of_thebe_or_widgets_is_left(pages):
    """Their scripts would be loaded from other hosts at a click."""
    text = "".join(page.read_text("utf-8") for page in pages)
    assert not re.findall(r"unpkg\.com|jsdelivr|cdnjs|googletagmanager|plausible", text)


@pytest.fixture(scope="module")
def address(site):
    with serve(site) as address:
        yield address


@pytest.mark.browser
def test_the_browser_sees_outside_requests_and_errors(browser, address, site):
    """The tests below can fail: a page with all of it is caught."""
    (site / "_static" / "faulty.html").write_text(
        "<link rel=icon href='data:,'><img src='https://example.org/a.png'>"
        "<img src='no-such-picture.png'><script>fault()</script>"
    )
    browser.load(f"{address}/_static/faulty.html")
    assert browser.outside() == ["https://example.org/a.png"]
    assert any("fault is not defined" in error for error in browser.errors)
    assert any("404" in error for error in browser.errors)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_load_alone_and_fit_a_phone(browser, address, site, pages, scheme):
    browser.send(
        "Emulation.setEmulatedMedia",
        features=[{"name": "prefers-color-scheme", "value": scheme}],
    )
    browser.send(
        "Emulation.setDeviceMetricsOverride",
        width=390,
        height=844,
        deviceScaleFactor=1,
        mobile=True,
    )
    problems = []
    for page in pages:
        name = page.relative_to(site).as_posix()
        browser.load(f"{address}/{name}")
        problems += [f"{name} asks for {url}" for url in browser.outside()]
        problems += [f"{name}: {error}" for error in browser.errors]
        if browser.run(
            "document.querySelectorAll('mjx-merror, [data-mjx-error]').length"
        ):
            problems.append(f"{name}: a formula that MathJax cannot set")
        if browser.run("!!document.querySelector('.math:not(:has(mjx-container))')"):
            problems.append(f"{name}: a formula that was not set")
        wide = browser.run("document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            problems.append(f"{name} is {wide} pixels wider than a phone")
        broken = browser.run(
            "[...document.images].filter(i => i.loading != 'lazy' && !i.naturalWidth)"
            ".map(i => i.src)"
        )
        problems += [f"{name}: no picture at {src}" for src in broken]
        # Its script unpacks the data after the page has loaded.
        browser.run("new Promise(done => setTimeout(done, 300))")
        if browser.run("!!document.querySelector('.decoding-explorer > img')"):
            problems.append(f"{name}: a figure that its script did not bring to life")
        if name.startswith("book/"):
            theme = browser.run("document.documentElement.dataset.theme")
            if theme != scheme:
                problems.append(f"{name} is {theme} where the reader asks for {scheme}")
    assert not problems


@pytest.mark.browser
def test_folded_cells_open_by_keyboard(browser, address, site):
    for page in sorted((site / "book" / "notebooks").glob("*.html")):
        browser.load(f"{address}/book/notebooks/{page.name}")
        browser.run("document.querySelector('.cell details summary').focus()")
        browser.press("Enter")
        assert browser.run("document.activeElement.parentElement.open")


def test_site_has_the_pages_of_the_contents(site):
    toc = (build_book.ROOT / "_toc.yml").read_text("utf-8")
    for name in re.findall(r"(?:file|root): (\S+)", toc):
        assert Path(site, f"{name}.html").exists()
    assert "url=book/intro.html" in (site / "index.html").read_text("utf-8")
