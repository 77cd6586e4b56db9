"""The repository's own files: versions, links between them, the GPU notebook."""

import re
import tomllib

import nbformat
import pytest

from tools import links
from tools.chapters import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
REQUIREMENTS = (ROOT / "requirements.txt").read_text("utf-8").splitlines()


def names(requirements):
    return {re.split(r"[\[<>=~! ;]", line)[0].lower() for line in requirements}


def test_pins_are_exact_and_end_with_the_library():
    lines = [line for line in REQUIREMENTS if line and not line.startswith("#")]
    assert lines[-1] == "-e ."
    assert [line for line in lines[:-1] if not re.match(r"[\w.-]+==\S+", line)] == []


def test_pins_cover_what_the_project_asks_for():
    extras = PROJECT["optional-dependencies"]
    wanted = names([*PROJECT["dependencies"], *extras["tf"], *extras["dev"]])
    assert wanted - names(REQUIREMENTS) == set()


def test_pins_hold_no_index_and_no_third_backend():
    assert not any("://" in line or line.startswith("--") for line in REQUIREMENTS)
    assert not {"torch", "transformers"} & names(REQUIREMENTS)


def test_an_install_brings_no_tensorflow_to_colab():
    assert not {"tensorflow", "jax", "torch"} & names(PROJECT["dependencies"])


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-matrix.txt"])
def test_requirements_are_sorted_out(name):
    """No package is pinned twice without a marker that tells the pins apart."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    plain = [line for line in lines if "==" in line and ";" not in line]
    assert len(plain) == len(names(plain))


def test_gpu_notebook_is_clean_and_names_the_repository():
    notebook = nbformat.read(links.GPU_NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert notebook.metadata["accelerator"] == "GPU"
    assert links.colab_url("tests/colab_gpu.ipynb") in notebook.cells[0].source
    assert links.repository()["url"] in "".join(cell.source for cell in code)
    for cell in code:
        compile(re.sub(r"^\s*[%!].*$", "", cell.source, flags=re.M), "cell", "exec")


def test_stamping_writes_the_address_everywhere(monkeypatch):
    monkeypatch.setattr(
        links, "repository", lambda: {"url": "https://github.com/a/b", "branch": "dev"}
    )
    old = (
        "[x](https://colab.research.google.com/github/OWNER/REPO/blob/main/book/n.ipynb)"
        ' "course_lib @ git+https://github.com/OWNER/REPO"'
        " git clone --depth 1 https://github.com/OWNER/REPO course"
    )
    new = (
        "[x](https://colab.research.google.com/github/a/b/blob/dev/book/n.ipynb)"
        ' "course_lib @ git+https://github.com/a/b"'
        " git clone --depth 1 https://github.com/a/b course"
    )
    assert links.stamp(old) == new
    assert links.stamp(new) == new
    assert links.colab_link("01_x") in links.stamp(links.colab_link("01_x"))
    assert "git+https://github.com/a/b" in links.install_cell()
