"""Sphinx extension: autodoc for Keras-like classes, with docstrings in Markdown.

Sphinx reads docstrings as reStructuredText. Fenced code, formulas between dollars,
code between single backticks and Markdown links are translated; the sections (`Args:`,
`Returns:`, ...) are left to napoleon, and `>>>` examples to doctest.

Keras wraps what makes its objects, so that autodoc would show `(*args, **kwargs)` for
all of them: signatures are taken from `__init__`.
"""

import inspect
import re
import textwrap

from sphinx.util.inspect import signature, stringify_signature

BLOCK = re.compile(
    r"(^ *```.*?^ *``` *$|^ *\$\$.*?\$\$|^ *>>> .*?(?=\n *\n|\Z))",
    re.MULTILINE | re.DOTALL,
)
RUBRIC = r".. rubric:: \1\n\n"  # napoleon wants what follows to be indented
CODE = re.compile(r"(?<![`:])`(?!`)([^`]+)`(?!`)")
INLINE = [
    (re.compile(r"\[([^\]]+)\]\((https?://[^)\s]+)\)"), r"`\1 <\2>`__"),
    (re.compile(r"\$([^$\s](?:[^$]*[^$\s])?)\$"), r":math:`\1`"),
]


def convert(lines: list[str]) -> list[str]:
    """Translate the lines of one docstring."""
    text = re.sub(
        r"^(Examples?):\n(?=\n?\S)", RUBRIC, "\n".join(lines), flags=re.MULTILINE
    )
    pieces = BLOCK.split(text)  # blocks are at the odd places
    pieces[::2] = [_inline(text) for text in pieces[::2]]
    pieces[1::2] = [_block(text) for text in pieces[1::2]]
    return "".join(pieces).split("\n")


def _block(text: str) -> str:
    indent = text[: len(text) - len(text.lstrip())]
    text = textwrap.dedent(text)
    if text.startswith("$$"):
        directive, body = ".. math::", text.strip("$\n")
    elif text.startswith("```"):
        first, _, rest = text.partition("\n")
        directive = f".. code-block:: {first.strip('` ') or 'text'}"
        body = rest.rpartition("```")[0].rstrip()
    else:
        return textwrap.indent(text, indent)
    body = textwrap.indent(textwrap.dedent(body), "    ")
    return textwrap.indent(f"\n{directive}\n\n{body}\n", indent)


def _inline(text: str) -> str:
    """Translate what stands within lines; code stays as it is."""
    parts = CODE.split(text)
    for pattern, replacement in INLINE:
        parts[::2] = [pattern.sub(replacement, part) for part in parts[::2]]
    parts[1::2] = [f"``{part}``" for part in parts[1::2]]
    return "".join(parts)


def _process(app, what, name, obj, options, lines):
    lines[:] = convert(lines)


def _signature(app, what, name, obj, options, arguments, returns):
    if what != "class" or not inspect.isfunction(obj.__init__):
        return None
    found = signature(obj.__init__, bound_method=True)
    return stringify_signature(found, show_annotation=False), returns


def setup(app):
    """Register before napoleon, whose priority is 500."""
    app.connect("autodoc-process-docstring", _process, priority=400)
    app.connect("autodoc-process-signature", _signature)
    return {"parallel_read_safe": True}
