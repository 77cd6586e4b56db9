"""The extension that lets autodoc read docstrings in Markdown."""

import runpy

import pytest

from tools.chapters import ROOT

convert = runpy.run_path(str(ROOT / "book" / "_ext" / "markdown_docstrings.py"))[
    "convert"
]


@pytest.mark.parametrize(
    ("markdown", "rst"),
    [
        ("Give `x` and $x^2$.", "Give ``x`` and :math:`x^2`."),
        ("See [a paper](https://a.org/b).", "See `a paper <https://a.org/b>`__."),
        ("Already ``x`` and :class:`X`.", "Already ``x`` and :class:`X`."),
        ("It costs `a[$b]` and 5$.", "It costs ``a[$b]`` and 5$."),
        (">>> f('[a](https://b.c)')", ">>> f('[a](https://b.c)')"),
    ],
)
def test_inline(markdown, rst):
    assert convert([markdown]) == [rst]


def test_blocks_keep_their_indentation():
    text = "Text\n\n    $$\n    a_b\n    $$\n\nEnd\n\n```python\nx = `1`\n\ny\n```\n"
    found = [line for line in convert(text.split("\n")) if line]
    assert found == [
        "Text",
        "    .. math::",
        "        a_b",
        "End",
        ".. code-block:: python",
        "    x = `1`",
        "    y",
    ]


def test_an_example_need_not_be_indented():
    text = "Args:\n    x: `1`.\n\nExample:\n>>> f([[1],\n...    [2]])\n2"
    assert convert(text.split("\n"))[3:] == [
        ".. rubric:: Example",
        "",
        ">>> f([[1],",
        "...    [2]])",
        "2",
    ]
    indented = ["Example:", "    >>> f()", "    2"]
    assert convert(indented) == indented
