"""The examples in docstrings run, and give what they say."""

import ast
import doctest
import importlib
import math
import re
import textwrap
from pathlib import Path

import keras
import matplotlib
import numpy as np
import pytest
from keras import ops

import course_lib
from course_lib import models
from tests.arrays import to_numpy
from tests.tiny_gpt import tiny_backbone
from tools.chapters import ROOT

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in (ROOT / "course_lib").rglob("*.py")
)
# Their examples need an archive that tests do not have.
REAL_DATA = {
    "course_lib.assignment.collect.collect",
    "course_lib.datasets.archives.read_texts",
    "course_lib.datasets.chinese_poems.load",
    "course_lib.datasets.fetch.fetch",
    "course_lib.datasets.from_text.from_text",
    "course_lib.datasets.imdb.load",
    "course_lib.datasets.text_files.read_files",
    "course_lib.datasets.reddit_posts.read_posts",
    "course_lib.datasets.reddit_tifu.load",
    "course_lib.datasets.simplebooks.load",
    "course_lib.datasets.simplebooks.load_simplebooks_2",
    "course_lib.datasets.unpack.unpack_files",
    "course_lib.presets.pretrained.load_gpt2",
}
BOOLEANS = {"True": 1.0, "False": 0.0}
WORDS = ["this", "movie", "is", "a", "great", "film", "not", "for", "me", "."]


@pytest.fixture(scope="module")
def gpt():
    vocabulary = ["[PAD]", "[UNK]", "[END]", *WORDS]
    preprocessor = models.MiniGPTCausalLMPreprocessor(
        models.MiniGPTTokenizer(vocabulary), sequence_length=8
    )
    backbone = tiny_backbone(vocabulary_size=len(vocabulary))
    return models.MiniGPTCausalLM(backbone, preprocessor)


@pytest.fixture
def names(gpt, monkeypatch):
    """What the reader of an example has imported or made before."""
    monkeypatch.setenv("COURSE_PROFILE", "smoke")  # an example sets it; undone later
    matplotlib.use("Agg")
    submodules = {name: getattr(course_lib, name) for name in course_lib.__all__}
    classes = {name: getattr(models, name) for name in models.__all__}
    imported = {"course_lib": course_lib, "keras": keras, "math": math, "np": np}
    made = {
        "causal_lm": gpt,
        "gpt": gpt,
        "preprocessor": gpt.preprocessor,
        "texts": ["this movie is great.", "not for me."],
        "tokenizer": gpt.preprocessor.tokenizer,
    }
    return submodules | classes | imported | made | {"ops": ops, "Path": Path}


@pytest.mark.parametrize("module", MODULES)
def test_examples(module, names):
    module = importlib.import_module(module)
    for test in doctest.DocTestFinder(exclude_empty=False).find(module):
        namespace = vars(module) | names
        run_fences(test.docstring, namespace)
        if test.name not in REAL_DATA:
            run_prompts(test, namespace)


def run_prompts(test, namespace):
    """Run the lines that start with `>>>`.

    What a skipped one shows is a tensor, which each backend prints in its own way: the
    numbers are compared.
    """
    report = []
    test.globs = dict(namespace)
    runner = doctest.DocTestRunner()
    runner.run(test, out=report.append, clear_globs=False)
    assert not runner.failures, "".join(report)
    for example in test.examples:
        if doctest.SKIP in example.options:
            value = to_numpy(eval(example.source, test.globs))
            words = re.findall(r"True|False|[\d.]+", example.want)
            shown = [BOOLEANS[w] if w in BOOLEANS else float(w) for w in words]
            assert re.match(r"\[*", example.want)[0] == "[" * value.ndim
            np.testing.assert_allclose(value.ravel(), shown, rtol=1e-6)


def run_fences(docstring, namespace):
    """Run fenced code. A comment `# (1, 2)` after it is a shape, `# [3]` a value."""
    for block in re.findall(r"^ *```python\n(.*?)```", docstring, re.M | re.S):
        code = textwrap.dedent(block)
        for statement in ast.parse(code).body:
            source = ast.unparse(statement)
            last_line = code.splitlines()[statement.end_lineno - 1]
            claim = re.search(r"# ([(\[\"].*)$", last_line)
            if isinstance(statement, ast.Expr):
                value = eval(source, namespace)
            else:
                exec(source, namespace)
                value = claim and namespace[statement.targets[0].id]
            if claim:
                assert agrees(value, ast.literal_eval(claim[1])), (last_line, value)


def agrees(value, claim):
    if isinstance(claim, tuple):
        return tuple(value.shape) == claim
    return (value if isinstance(claim, str) else to_numpy(value).tolist()) == claim


@pytest.mark.parametrize(
    "docstring",
    [
        "```python\nundefined\n```",
        "```python\nx = np.zeros((2, 3))  # (3, 2)\n```",
        '```python\n"a" + "b"  # "ba"\n```',
        "```python\nnp.arange(3)  # [1, 2, 3]\n```",
    ],
)
def test_false_fences_are_noticed(docstring):
    with pytest.raises((AssertionError, NameError)):
        run_fences(docstring, {"np": np})


@pytest.mark.parametrize(
    "docstring",
    [
        ">>> 1 + 1\n3",
        ">>> np.array([0.5, 1])  # doctest: +SKIP\n[0.5, 0.]",
        ">>> np.array([True])  # doctest: +SKIP\n[False]",
        ">>> np.array([1.0])  # doctest: +SKIP\n[[1.]]",
    ],
)
def test_false_prompts_are_noticed(docstring):
    test = doctest.DocTestParser().get_doctest(docstring, {}, "example", None, 0)
    with pytest.raises(AssertionError):
        run_prompts(test, {"np": np})
