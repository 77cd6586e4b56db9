"""Each rule passes the tiny chapter and sees the fault that it is there for."""

import nbformat
import pytest

from tools import prose_rules, rules
from tools.chapters import IGNORE_TAG, code_cells

ALL = rules.RULES + prose_rules.RULES


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.__name__)
def test_tiny_chapter_keeps_the_rule(tiny, rule):
    assert rule("00_tiny", tiny) == []


def cell_with(notebook, text):
    return next(cell for cell in notebook.cells if text in cell.source)


def replace(old, new):
    """Return a change of the cell that holds `old`."""

    def change(notebook):
        cell = cell_with(notebook, old)
        cell.source = cell.source.replace(old, new)

    return change


def set_tags(text, *tags):
    return lambda notebook: cell_with(notebook, text).metadata.update(tags=list(tags))


def set_output(text, output):
    return lambda notebook: cell_with(notebook, text).outputs.append(output)


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", name=name, text=text)


def without_count(notebook):
    code_cells(notebook)[3].execution_count = None


def other_profile(notebook):
    notebook.metadata.course.build.profile = "smoke"


def grammar_instead_of_data(notebook):
    notebook.metadata.course.data = ["imdb"]


def no_alt(notebook):
    del cell_with(notebook, "plt.show").metadata["mystnb"]


def no_gpu(notebook):
    del notebook.metadata["accelerator"]


def no_exercise(notebook):
    cell_with(notebook, "None, verify").outputs = []


@pytest.mark.parametrize(
    ("rule", "change", "message"),
    [
        (rules.front, replace("# A coin", "A coin"), "title"),
        (rules.front, replace("00_tiny.ipynb", "01_other.ipynb"), "lacks the line"),
        (rules.front, replace("%pip install -q", "%pip install"), "must be tagged"),
        (rules.front, set_tags("%pip"), "must be tagged"),
        (rules.metadata, no_gpu, "metadata"),
        (rules.provenance, other_profile, "profile smoke"),
        (rules.provenance, grammar_instead_of_data, "real corpus 'imdb'"),
        (rules.provenance, set_tags("The outputs on this page"), "one line"),
        (rules.tagging, set_tags("toss(last", "nbval-skip"), "nbval-skip"),
        (rules.tagging, replace("plt.show", "# NBVAL_SKIP\nplt.show"), "comment"),
        (rules.outputs, without_count, "not run once"),
        (rules.outputs, set_output("toss(last", stream("x", "stderr")), "stderr"),
        (rules.outputs, set_output("toss(last", stream("<f at 0x7f00aa>")), "address"),
        (rules.outputs, set_output("toss(last", stream("/home/me/x")), "a path"),
        (
            rules.outputs,
            set_output("toss(last", nbformat.v4.new_output("error", ename="KeyError")),
            "KeyError",
        ),
        (rules.comparisons, replace('check("most', 'print("most'), "no compared"),
        (rules.comparisons, set_tags('check("most', IGNORE_TAG), "no compared"),
        (rules.exercises, no_exercise, "not four"),
        (rules.exercises, set_tags("# @title Solution"), "tagged hide-cell"),
        (rules.exercises, set_tags("plt.show", "hide-cell"), "tagged hide-cell"),
        (rules.exercises, replace("# @title Solution", "# @title"), "no solution"),
        (rules.figures, no_alt, "alt text"),
        (prose_rules.sections, replace("## Summary", "## End"), "'Summary'"),
        (prose_rules.sections, replace("## Quiz", "## Objectives"), "'Quiz'"),
        (prose_rules.sections, replace("`laptop` and", "laptop and"), "`laptop`"),
        (prose_rules.sections, replace("|---", "|xyz"), "no table"),
        (
            prose_rules.sections,
            replace("(https://en.", "(http://en."),
            "links to nothing",
        ),
        (prose_rules.sections, replace("**Predict** what", "See what"), "**Predict"),
        (prose_rules.quiz, replace("**5. ", "5. "), "questions"),
        (prose_rules.quiz, replace("- C. Three\n", ""), "three or more"),
        (prose_rules.quiz, replace("**B.** It has", "**E.** It has"), "folded answer"),
        (prose_rules.quiz, replace("<summary>Answer", "<summary>Solution"), "folded"),
        (
            prose_rules.quiz,
            replace(
                "It has two sides, $0$ and $1$, as the first `check` shows.", "Yes."
            ),
            "explain",
        ),
        (
            prose_rules.colab_markdown,
            replace("A chain", "```{note}\nA chain"),
            "directive",
        ),
        (
            prose_rules.colab_markdown,
            replace("A chain", ":::{note}\nA chain"),
            "directive",
        ),
        (prose_rules.colab_markdown, replace("A chain", "A {term}`chain`"), "role"),
        (prose_rules.colab_markdown, replace("A chain", "(a)=\nA chain"), "target"),
        (prose_rules.colab_markdown, replace("A chain", "![](a.png)"), "no alt text"),
        (
            prose_rules.colab_markdown,
            replace("A chain", "![a small plot](https://x.org/a.png)"),
            "another host",
        ),
        (prose_rules.colab_markdown, replace("A chain", '<img src="a">'), "write"),
    ],
)
def test_rule_sees(tiny, rule, change, message):
    change(tiny)
    problems = rule("00_tiny", tiny)
    assert any(message in problem for problem in problems), problems


def test_rule_sees_many_ignored_cells(tiny):
    for cell in code_cells(tiny)[1:5]:
        cell.metadata.tags = [IGNORE_TAG]
    assert any("4 of 8" in problem for problem in rules.comparisons("00_tiny", tiny))


def test_rule_sees_two_checks_of_one_name(tiny):
    replace(
        'check("most tosses turn the coin"', 'check("a coin shows one of two sides"'
    )(tiny)
    problems = rules.comparisons("00_tiny", tiny)
    assert any("two checks named" in problem for problem in problems)


def test_headings_in_code_are_no_headings():
    notebook = nbformat.v4.new_notebook()
    text = "## Real\n\n```\n## Not\n```\n\n### Below\n\nwords"
    notebook.cells = [nbformat.v4.new_markdown_cell(text)]
    assert prose_rules.headings(notebook) == [(2, "Real"), (3, "Below")]
    assert prose_rules.section(notebook, "Below").strip() == "words"
    assert "words" in prose_rules.section(notebook, "Real")
