import re

import pytest

from course_lib.commands import recipes
from course_lib.commands.recipes import SIZES, Size, choose_size, choose_steps
from course_lib.models import MiniGPTBackbone
from tools.chapters import ROOT


def test_the_table_says_what_the_code_does():
    """It is what `--help` and the page of the library show."""
    rows = re.findall(r"^\| (.*) \|$", recipes.__doc__, re.M)[1:]
    words = {"large": "over 3,000,000, with a GPU"}
    for row, (name, size) in zip(rows, SIZES.items(), strict=True):
        upto = f"up to {size.most_words:,}" if size.most_words else "more"
        assert row.split(" | ") == [
            name,
            words.get(name, upto),
            str(size.num_layers),
            str(size.hidden_dim),
            str(size.num_heads),
            f"{size.vocabulary_size:,}",
            str(size.dropout),
            str(size.passes),
        ]
    assert recipes.GPU_WORDS == 3_000_000


def test_the_page_shows_the_same_table():
    page = (ROOT / "book/api/commands.md").read_text("utf-8")
    assert recipes.__doc__.partition("\n")[2].strip() in page


def test_the_text_below_it_too():
    text = " ".join(recipes.__doc__.split())
    for claim in (
        f"{recipes.BATCH_SIZE} rows of {recipes.SEQUENCE_LENGTH} tokens",
        f"at least {recipes.LEAST_STEPS} steps",
        f"at most {recipes.MOST_STEPS['laptop']:,} on a CPU",
        f"{recipes.MOST_STEPS['full']:,} on a GPU",
        f"and {recipes.MOST_STEPS['smoke']} in tests",
    ):
        assert claim in text


@pytest.mark.parametrize(
    ("words", "profile", "size"),
    [
        (100, "laptop", "tiny"),
        (30_000, "full", "tiny"),
        (30_001, "laptop", "small"),
        (300_001, "laptop", "medium"),
        (3_000_000, "full", "medium"),
        (3_000_001, "full", "large"),
        (3_000_001, "laptop", "medium"),
    ],
)
def test_size(words, profile, size):
    assert choose_size(words, profile) == size


@pytest.mark.parametrize(
    ("tokens", "profile", "steps"),
    [
        (3_200 * 50, "laptop", 400),
        (3_200, "laptop", 100),
        (3_200 * 10_000, "laptop", 3_000),
        (3_200 * 10_000, "full", 20_000),
        (3_200 * 50, "smoke", 20),
    ],
)
def test_steps(tokens, profile, steps):
    assert SIZES["small"].passes == 8
    assert choose_steps("small", tokens, profile) == steps


@pytest.mark.parametrize("name", SIZES)
def test_a_backbone_can_be_built(name):
    size: Size = SIZES[name]
    config = recipes.backbone_config(name)
    backbone = MiniGPTBackbone(vocabulary_size=50, **config)
    assert backbone.hidden_dim == size.hidden_dim
    assert size.hidden_dim % size.num_heads == 0
