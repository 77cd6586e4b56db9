"""Words against plain Python, and text that comes back whole."""

import collections
import random
import string

import pytest

from course_lib import text

TEXTS = [
    "",
    "   ",
    "A great film.",
    "Line one<br /><br />line two<br>three<BR />four< br />five",
    "Don't \"quote\" (me), [ever]; {or} so: 100% - $5 #1 @home a*b a+b a=b ~ ^ | `x'",
    "back\\slash \\start end\\ [\\] \\\\",
    "...!?;:...",
    "Ünïcödé ÀÉ İstanbul ß ﬁ 日本語。「括弧」 – — “curly” …",
    "\u00a0nbsp\u00a0 \u2028separator\u2029 \u200bzero",
    "a\ttab\na newline\ra return\x0ba vertical tab\x0ca form feed",
    "8/10 and/or R&B under_score well-made e-mail@x.y http://z.w/?q=1&r=2",
    "[PAD] [UNK] [END]",
]


def standardize_by_hand(line):
    """The tutorial's standardisation, one character after another."""
    lowered = "".join(
        c.lower() if c in string.ascii_uppercase else c for c in line
    ).replace("<br />", " ")
    # In the tutorial's character class a backslash only escapes the bracket.
    marks = set(string.punctuation) - {"\\"}
    return "".join(f" {c}" if c in marks else c for c in lowered)


@pytest.mark.parametrize("line", TEXTS)
def test_standardize(line):
    assert text.standardize(line).numpy().decode() == standardize_by_hand(line)


@pytest.mark.parametrize("line", TEXTS)
def test_split_at_white_space(line):
    words = [word.decode() for word in text.split(line).numpy()]
    # bytes, as TensorFlow does: only ASCII white space separates
    expected = standardize_by_hand(line).encode().split()
    assert words == [word.decode() for word in expected]


def test_a_batch_is_split_row_by_row():
    rows = text.split(TEXTS).to_list()
    assert rows == [list(text.split(line).numpy()) for line in TEXTS]


@pytest.mark.parametrize(
    "line",
    [
        "don't watch (this) movie; it is bad!",
        "a well-made film, isn't it?",
        'he said "no", then "yes".',
        "wait... what?",
        "[brackets] and {braces}, (nested (twice)).",
        "a score of 8/10, and/or 100%: r&b for $5!",
        "it's the actors' best.",
        "back\\slash \\start",
        "the end",
        "",
    ],
)
def test_text_comes_back_as_it_was(line):
    words = [word.decode() for word in text.split(line).numpy()]
    assert text.join_words(words) == line


def test_special_tokens_are_words():
    words = ["[UNK]", "film", "[UNK]", ".", "[END]"]
    assert text.join_words(words) == "[UNK] film [UNK]. [END]"


def most_frequent(texts, count):
    """By frequency, then those that sort last first, as `TextVectorization` does."""
    counts = collections.Counter(
        word for line in texts for word in standardize_by_hand(line).split()
    )
    return sorted(counts, key=lambda word: (counts[word], word), reverse=True)[:count]


def random_texts():
    generator = random.Random(0)
    words = [f"{generator.choice(string.ascii_letters)}{i}" for i in range(30)]
    weights = [1 / (i // 3 + 1) for i in range(30)]
    return [
        " ".join(
            generator.choices([*words, "A", ",", "(b)"], [*weights, 1, 2, 1], k=12)
        )
        for _ in range(600)
    ]


@pytest.mark.parametrize("vocabulary_size", [4, 10, 20, 1000])
def test_vocabulary_holds_the_most_frequent_words(vocabulary_size):
    texts = random_texts()
    vocabulary = text.compute_word_vocabulary(texts, vocabulary_size)
    assert vocabulary[:3] == ["[PAD]", "[UNK]", "[END]"]
    assert vocabulary[3:] == most_frequent(texts, vocabulary_size - 3)
    assert all(type(word) is str for word in vocabulary)


def test_equally_frequent_words_sort_last_first():
    vocabulary = text.compute_word_vocabulary(["b a c", "c b a", "Z é"], 8)
    assert vocabulary[3:] == ["c", "b", "a", "é", "z"]


def test_texts_may_come_from_a_generator():
    texts = random_texts()
    once = text.compute_word_vocabulary((line for line in texts), 12)
    assert once == text.compute_word_vocabulary(texts, 12)


@pytest.mark.parametrize("vocabulary_size", [-1, 0, 3])
def test_no_room_for_a_word(vocabulary_size):
    with pytest.raises(
        ValueError, match=rf"above 3.*vocabulary_size={vocabulary_size}"
    ):
        text.compute_word_vocabulary(["a film"], vocabulary_size)


@pytest.mark.parametrize("texts", [[], ["", "  "]])
def test_no_word_in_the_texts(texts):
    with pytest.raises(ValueError, match=r"`texts` must hold at least one word"):
        text.compute_word_vocabulary(texts, 10)


def test_one_str_is_not_a_list_of_texts():
    with pytest.raises(ValueError, match=r"`texts` must be an iterable of str"):
        text.compute_word_vocabulary("a film", 10)
