import re
import sys
from collections import Counter

import pytest

from course_lib.datasets.text_report import (
    TextReport,
    count_words,
    find_warnings,
    has_spaces,
    likely_languages,
)

ENGLISH = "Once upon a time there was a thirsty crow who found a jug of water."
FRENCH = "Il était une fois un corbeau qui avait soif et qui trouva une cruche d'eau."
CHINESE = "从前有一只乌鸦，它很渴，到处找水喝。后来它看见一个瓶子，里面有水。"
REPORT = TextReport(
    files=2,
    left_out=("a.jpg", "b.jpg", "c.jpg", "d.jpg"),
    encodings={"utf-8": 1, "cp1252": 1},
    unit="passage",
    documents=1234,
    words=123_456,
    types=9876,
    repeated_documents=3,
    repeated_paragraphs=17,
    language="en",
    languages={"en": 20},
    split="blocks",
    validation_words=6001,
    test_words=6002,
    warnings=(),
)


def test_printed():
    assert str(REPORT).splitlines() == [
        "123,456 words, 9,876 of them different, likely language en",
        "1,234 passages from 2 files (cp1252, utf-8)",
        "dropped as repeated: 3 documents, 17 long paragraphs",
        "held out by blocks: 6,001 words for validation, 6,002 for the test",
        "4 files passed over: a.jpg, b.jpg, c.jpg, ...",
    ]


def test_counts_words_whatever_their_case():
    assert count_words(["The fox.", "the FOX!"]) == {"the": 2, "fox": 2}


@pytest.mark.parametrize(
    ("texts", "expected"), [([ENGLISH], True), ([CHINESE] * 9, False), (["!"], True)]
)
def test_spaces(texts, expected):
    assert has_spaces(texts) == expected


class TestLanguages:
    @pytest.mark.parametrize(
        ("text", "code"), [(ENGLISH, "en"), (FRENCH, "fr"), (CHINESE, "zh")]
    )
    def test_likely(self, text, code):
        assert likely_languages([text] * 5) == {code: 5}

    def test_samples_come_from_all_over(self):
        assert likely_languages([ENGLISH] * 50 + [FRENCH] * 50) == {"en": 10, "fr": 10}

    def test_no_answer_without_the_library(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "py3langid", None)
        assert likely_languages([ENGLISH]) == {}


class TestWarnings:
    def warnings(
        self, words=1_000_000, test_words=50_000, languages=None, text=ENGLISH
    ):
        return find_warnings(
            words, test_words, Counter(languages or {"en": 20}), [text]
        )

    def test_nothing_to_warn_of(self):
        assert self.warnings() == ()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"words": 9_999}, "9,999 words are too few to train a model from scratch"),
            ({"words": 199_999}, "199,999 words are few to train a model from scratch"),
            ({"test_words": 999}, "999 words are few for a test"),
            ({"text": CHINESE}, "hardly any spaces between the words"),
            (
                {"languages": {"en": 15, "fr": 5}},
                r"mix languages \(samples: en 15, fr 5\)",
            ),
        ],
    )
    def test_each(self, arguments, message):
        (warning,) = self.warnings(**arguments)
        assert re.search(message, warning)

    def test_a_language_in_a_few_samples_is_a_matter_of_chance(self):
        assert self.warnings(languages={"en": 17, "nl": 3}) == ()
