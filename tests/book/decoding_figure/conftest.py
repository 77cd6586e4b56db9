"""A strict book of one page that holds three figures, configured like ours."""

import shutil
from pathlib import Path

import nbformat
import numpy as np
import pytest
from keras import ops

import course_lib
from course_lib.models import MiniGPTCausalLM
from course_lib.viz import DecodingExplorer
from tests.book.browser import serve
from tools import build_book, build_notebooks
from tools.chapters import ROOT

HELPERS = Path(__file__).with_name("page.js").read_text("utf-8")


@pytest.fixture(scope="session")
def distributions():
    """Float32 probabilities: many that are equal, a model's own, and a few."""
    logits = np.random.default_rng(0).normal(scale=2.5, size=10_000).round(1)
    equals = ops.convert_to_numpy(ops.softmax(logits.astype("float32")))
    assert len(np.unique(equals)) < 300
    gpt = MiniGPTCausalLM.from_preset(course_lib.presets.path("mini_gpt_imdb"))
    prompt = np.asarray(gpt.preprocessor.tokenizer("this movie is"))[None]  # (1, T)
    inputs = {"token_ids": prompt, "padding_mask": np.ones_like(prompt)}
    model = ops.convert_to_numpy(ops.softmax(gpt(inputs)[0, -1]))
    few = np.array([1, 2, 4, 2, 1, 1, 1, 1, 1, 2], "float32") / 16
    return [equals, model, few]


@pytest.fixture(scope="session")
def address(distributions, tmp_path_factory):
    """Build and serve the page, and return its address. Words are ids."""
    folder = tmp_path_factory.mktemp("figures")
    for name in ("_static", "_ext"):
        shutil.copytree(ROOT / "book" / name, folder / "book" / name)
    shutil.copy(ROOT / "book" / "references.bib", folder / "book")
    shutil.copy(ROOT / "_config.yml", folder)
    (folder / "_toc.yml").write_text("format: jb-book\nroot: figures\n")
    cells = [nbformat.v4.new_markdown_cell("# Figures")]
    for probabilities in distributions:
        words = [str(i) for i in range(len(probabilities))]
        explorer = DecodingExplorer(probabilities, words, prompt="a </b>&")
        data = {"text/plain": repr(explorer), "text/html": explorer._repr_html_()}
        output = nbformat.v4.new_output("execute_result", data, execution_count=1)
        cells.append(nbformat.v4.new_code_cell("explorer", outputs=[output]))
    metadata = build_notebooks.METADATA
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbformat.write(notebook, folder / "figures.ipynb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_book, "ROOT", folder)
        pages = build_book.build(folder)
    with serve(pages) as address:
        yield f"{address}/figures.html"


@pytest.fixture
def load(browser, address):
    """Load the page for a reader who likes it so; return the browser."""

    def load(scheme="light", width=1280, motion="no-preference", scripts=True):
        likes = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
        browser.send(
            "Emulation.setEmulatedMedia",
            features=[{"name": n, "value": value} for n, value in likes.items()],
        )
        browser.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=900,
            deviceScaleFactor=1,
            mobile=width < 500,
        )
        browser.send("Emulation.setScriptExecutionDisabled", value=not scripts)
        browser.load(address)
        if scripts:
            browser.run(HELPERS)
            browser.run(
                "new Promise(done => { const look = () => "
                "document.querySelector('.decoding-explorer > img') "
                "? setTimeout(look, 10) : done(); look(); })"
            )
        return browser

    yield load
    browser.send("Emulation.setScriptExecutionDisabled", value=False)
