"""The students' notebook: no solution in it, nothing else lost."""

import nbformat
import pytest

from course_lib.assignment import release_notebook
from course_lib.assignment.__main__ import main
from course_lib.assignment.release import strip, student_version

SOURCE = '''\
---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
kernelspec:
  display_name: Python 3
  name: python3
  language: python
---

# The challenge

```{code-cell} ipython3
corpus = ["a", "b"]
```

## Task 1

```{code-cell} ipython3
def longest(words):
    """The longest word."""
    ### BEGIN SOLUTION
    secret = max(words, key=len)
    return secret
    ### END SOLUTION


print(longest(corpus))
```

```{code-cell} ipython3
### BEGIN HIDDEN TESTS
assert longest(["hidden", "a"]) == "hidden"
### END HIDDEN TESTS
```

```{code-cell} ipython3
assert longest is not None
### BEGIN HIDDEN TESTS
assert longest(["b"]) == "b"
### END HIDDEN TESTS
```

Why?

### BEGIN SOLUTION
Because of the secret.
### END SOLUTION
'''


@pytest.fixture
def starter(tmp_path):
    source, out = tmp_path / "source.md", tmp_path / "out" / "starter.ipynb"
    source.write_text(SOURCE)
    release_notebook(source, out)
    return nbformat.read(out, as_version=4)


def test_it_holds_no_solution_and_no_hidden_test(starter):
    text = nbformat.writes(starter)
    for word in ("secret", "hidden", "BEGIN", "END", "SOLUTION"):
        assert word not in text


def test_all_else_stays(starter):
    assert [cell.source for cell in starter.cells if cell.cell_type == "code"] == [
        'corpus = ["a", "b"]',
        'def longest(words):\n    """The longest word."""\n'
        "    # Your code here\n    ...\n\n\nprint(longest(corpus))",
        "assert longest is not None",
    ]
    assert starter.cells[-1].source == "Why?\n\n*Your answer here*"
    assert starter.metadata.kernelspec.name == "python3"


def test_it_runs_as_it_is(starter):
    namespace = {}
    for cell in starter.cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)
    assert namespace["longest"](["x"]) is None


def test_it_is_the_same_each_time(tmp_path, starter):
    source, out = tmp_path / "source.md", tmp_path / "again.ipynb"
    assert main(["release", str(source), "--out", str(out)]) == 0
    assert out.read_bytes() == (tmp_path / "out" / "starter.ipynb").read_bytes()
    nbformat.validate(nbformat.read(out, as_version=4))


def test_outputs_are_cleared_and_the_source_is_left_alone():
    notebook = nbformat.v4.new_notebook()
    output = nbformat.v4.new_output("stream", text="secret")
    source = "### BEGIN SOLUTION\nx\n### END SOLUTION"
    notebook.cells = [
        nbformat.v4.new_code_cell(source, outputs=[output], execution_count=3)
    ]
    cell = student_version(notebook).cells[0]
    assert (cell.outputs, cell.execution_count) == ([], None)
    assert notebook.cells[0].outputs == [output]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("### BEGIN SOLUTION\nx = 1", "Cell 1: ### BEGIN SOLUTION has no end"),
        ("x = 1\n### END SOLUTION", "'### END SOLUTION' has no partner"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "no partner"),
        ("### BEGIN SOLUTION\n### END HIDDEN TESTS\n### END SOLUTION", "no partner"),
        ("## BEGIN SOLUTION\nx = 1\n## END SOLUTION", "looks like a marker"),
        ("#BEGIN HIDDEN TEST\nx = 1", "looks like a marker"),
    ],
)
def test_markers_that_would_leak_are_errors(text, message):
    with pytest.raises(ValueError, match=message):
        strip(text, "code", "Cell 1")


def test_a_source_without_solution_is_an_error(tmp_path, capsys):
    source, out = tmp_path / "source.ipynb", tmp_path / "starter.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), source)
    assert main(["release", str(source), "--out", str(out)]) == 2
    assert "must hold a solution" in capsys.readouterr().err
    assert main(["release", str(tmp_path / "no.md"), "--out", str(out)]) == 2
    assert not out.exists()
