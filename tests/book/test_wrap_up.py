"""Chapter 11, a page of prose: its form, and every number that it works out."""

import json
import math
import re

import pytest

from tools import chapters, prose_rules

PAGE = chapters.ROOT / "book" / "11_wrap_up.md"
TEXT = PAGE.read_text("utf-8")
PROSE = " ".join(TEXT.replace("\\,", "").replace("{,}", "").split())
CARD = json.loads(
    (chapters.ROOT / "course_lib/presets/mini_gpt_imdb/card.json").read_text("utf-8")
)
TEST, RECIPE, P = CARD["test"], CARD["recipe"], CARD["parameters"]
BATCH, LENGTH = RECIPE["batch_size"], RECIPE["backbone"]["max_sequence_length"]
READ = RECIPE["steps"] * BATCH * LENGTH  # tokens in training
FLOP = 6 * P * READ
RATE = FLOP / CARD["wall_seconds"]
LLAMA = 6 * 405e9 * 15.6e12
PEAK = {"A100": 312e12, "H100": 989e12, "H800": 989e12}  # FLOP/s in 16 bits, dense
WORDS = {"million": 1e6, "billion": 1e9, "trillion": 1e12}


def table(header):
    """The cells of the rows below the line that starts with `header`."""
    lines = TEXT.partition(f"\n{header}")[2].splitlines()[2:]
    rows = lines[: next(i for i, line in enumerate(lines) if not line)]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def number(cell):
    r"""Read `4.18 million`, `1,620` or `$9.62 \times 10^{14}$`."""
    if found := re.match(r"\$([\d.]+) \\times 10\^\{(\d+)\}\$$", cell):
        return float(found[1]) * 10 ** int(found[2])
    value, *word = cell.replace(",", "").split()
    return float(value) * WORDS[word[0]] if word else float(value)


def chinchilla(N, D):
    """The loss in nats a token that Hoffmann and others fitted."""
    return 1.69 + 406.4 / N**0.34 + 410.7 / D**0.28


def died_out(generations):
    """The probability that the line of a single copy of a word has ended."""
    q = 0.0
    for _ in range(generations):
        q = math.exp(q - 1)
    return q


def test_it_has_the_sections_of_a_chapter():
    notebook = chapters.read_source(PAGE)
    titles = [title for _, title in prose_rules.headings(notebook)]
    order = [titles.index(section) for section in prose_rules.SECTIONS]
    assert order == sorted(order)
    assert prose_rules.quiz("11_wrap_up", notebook) == []


def test_every_question_for_discussion_has_notes():
    discussion = prose_rules.section(chapters.read_source(PAGE), "Discussion")
    questions = re.findall(r"^\*\*(\d)\. .+\n\n(<details>\n.+)", discussion, re.M)
    notes = "<details>\n<summary>Notes for instructors</summary>"
    assert questions == [(str(n), notes) for n in range(1, 8)]


def test_every_work_is_in_the_bibliography():
    bibliography = (chapters.ROOT / "book" / "references.bib").read_text("utf-8")
    entries = set(re.findall(r"^@\w+\{([^,]+),", bibliography, re.MULTILINE))
    cited = re.findall(r"\{cite\}`([^`]+)`", TEXT)
    missing = {key for keys in cited for key in keys.split(",")} - entries
    assert not missing


@pytest.mark.parametrize(
    "expected",
    [
        f"{P:,} parameters",
        f"{CARD['documents']['train']:,} film reviews",
        f"{CARD['training_tokens'] / 1e6:.1f} million tokens",
        f"{RECIPE['steps']:,} steps of {BATCH} rows of {LENGTH} tokens",
        f"it read {READ / 1e6:.1f} million tokens",
        f"the reviews {READ / CARD['training_tokens']:.1f} times over",
        f"in {CARD['wall_seconds']:,} seconds on two cores",
        f"{TEST['nats_per_token']:.2f} nats a token",
        f"a perplexity of {TEST['perplexity']:.1f}",
        f"{TEST['bits_per_byte']:.2f} bits a byte",
        f"pays {TEST['baseline_nats_per_token']['interpolated 5-gram']:.2f} nats",
        f"its {TEST['nats_per_token']:.2f} nats are of other tokens",
        f"With {READ / CARD['training_tokens']:.1f} passes our preset",
        f"{TEST['unknown_share']:.2%} of our test tokens",
        f"read {READ / P:.1f} tokens a parameter",
        f"{RATE / 1e9:.0f} billion a second on two cores",
        CARD["licence"],
    ],
)
def test_our_model_is_what_its_card_says(expected):
    assert expected in PROSE


@pytest.mark.parametrize(
    "expected",
    [
        f"{round(15.6e12 * 0.75 / 250 / 60 / 24 / 365, -3):,.0f} years of reading",
        f"By {1 - 10**-0.076:.0%}, since $10^{{-0.076}} = {10**-0.076:.2f}$",
        f"it gives {chinchilla(280e9, 300e9):.2f} nats",
        f"70 billion and 1.4 trillion, {chinchilla(70e9, 1.4e12):.2f}.",
        f"almost {round(15e12 / 8e9, -2):,.0f} a parameter",
        f"is {0.8**10:.2f}, {0.9**10:.2f} or {0.95**10:.2f}:",
        f"= {(1 - 1e-6) ** 1_000_000:.2f}$: more than a third",
        f"at most {3.35e12 / 16e9:.0f} tokens a second",
        rf"$6 \times {P} \times {READ} = {FLOP / 1e14:.2f} \times 10^{{14}}$ FLOP",
        f"a factor of {LLAMA / FLOP / 1e9:.0f} billion",
        f"need {LLAMA / RATE / (365 * 24 * 3600) / 1e6:.1f} million years",
        f"writes {FLOP / (2 * 405e9):,.0f} tokens",
        f"are {2 * 2.788:.1f} million dollars",
        f"hours {2 * 30.84:.0f} million",
        f"are {30.84e6 * 0.7 / 1e6:.1f} gigawatt-hours",
        f"are {READ / CARD['wall_seconds'] * 3.6e3 / 1e6:.1f} million an hour",
        f"$N = {2 * P / 1e6:.2f}$ million, wants $D = 20N = {40 * P / 1e6:.0f}$",
        rf"$6ND = {6 * 2 * P * 40 * P / 1e15:.2f} \times 10^{{15}}$ FLOP",
        f"which is {480 * P * P / RATE / 3600:.1f} hours",
        rf"at ${RATE / 1e11:.2f} \times 10^{{11}}$",
        f"read {40 * P / CARD['training_tokens']:.0f} times",
        f"{3 * 15.6:.0f} trillion tokens",
        f"{died_out(1):.0%}, {died_out(2):.0%}, {died_out(3):.0%}, and in the end",
        f"45 of 125, or {45 / 125:.0%}",
        f"would see {0.61 * 900:.0f} wrongly accused",
        f"80 caught: {549 / (549 + 80):.0%}",
        f"$C^{{{0.28 / 0.62:.2f}}}$ and $C^{{{0.34 / 0.62:.2f}}}$",
        f"{10 ** (0.28 / 0.62):.1f} times the parameters",
        f"{10 ** (0.34 / 0.62):.1f} times the text",
    ],
)
def test_the_arithmetic_of_the_text(expected):
    assert expected in PROSE


@pytest.mark.parametrize("row", table("| model |"), ids=lambda row: row[0][:9])
def test_cost_of_training(row):
    _, parameters, tokens, ratio, flop, hours, rate, share = row
    N, D = number(parameters), number(tokens)
    assert number(flop) == pytest.approx(6 * N * D, rel=2e-3)
    assert number(ratio) == pytest.approx(D / N, rel=0.025)
    assert bool(hours) == bool(rate)
    if hours:
        amount, device = re.fullmatch(r"(.+) \((.+)\)", hours).groups()
        reached = 6 * N * D / (number(amount) * 3600)
        assert number(rate) == pytest.approx(reached, rel=5e-3)
        assert share == (f"{reached / PEAK[device]:.0%}" if device in PEAK else "")


def test_the_first_row_is_our_model():
    name, parameters, tokens, _, _, hours, *_ = table("| model |")[0]
    assert CARD["name"] in name
    assert number(parameters) == pytest.approx(P, rel=1e-3)
    assert number(tokens) == pytest.approx(READ, rel=1e-3)
    assert CARD["machine"].startswith("x86_64, 2 cores")
    assert hours == f"{2 * CARD['wall_seconds'] / 3600:.2f} (CPU cores)"


def test_what_weights_weigh():
    rows = table("| bits a weight |")
    assert [row[0] for row in rows] == ["32", "16", "8", "4"]
    for bits, *cells in rows:
        expected = [float(bits) / 8 * n / 1e9 for n in (P, 8e9, 70e9, 405e9)]
        assert [number(cell) for cell in cells] == pytest.approx(expected, rel=6e-3)


def test_operations_for_each_byte():
    for _, products, memory, ratio in table("| GPU |"):
        expected = number(products) / number(memory)
        assert number(ratio) == pytest.approx(expected, abs=0.5)
