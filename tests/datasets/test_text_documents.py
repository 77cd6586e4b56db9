import pytest

from course_lib.datasets.text_documents import (
    clean,
    cut_documents,
    drop_repeated_documents,
    drop_repeated_paragraphs,
    paragraphs_of,
    passages_of,
    words_of,
)

LONG = "The crow dropped pebbles into the jug until the water rose to its brim. " * 2
OTHER = "The fox could not reach the grapes, and said that they were surely sour. " * 2


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\r\nb\rc\nd", "a\nb\nc\nd"),
        ("a\x0cb\x0bc\x85d\u2028e\u2029f", "a\nb\nc\nd\ne\nf"),
        ("a\x00b\x07c\x1b[0m\x7f\x9f", "abc[0m"),
        ("\ufeffonce\ufeff", "once"),
        ("\ud83d half", "half"),
        ("e\u0301", "é"),
        ("\u1100\u1161", "가"),
        (" \n once \n ", "once"),
        ("a\tb  c\n\n\n d", "a\tb  c\n\n\n d"),
        ("½ ﬁne “quotes” — <br /> İ", "½ ﬁne “quotes” — <br /> İ"),
    ],
)
def test_clean(raw, cleaned):
    assert clean(raw) == cleaned
    assert clean(cleaned) == cleaned
    cleaned.encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "Don't stop, she said -- well-read!",
            ["Don't", "stop", "she", "said", "well", "read"],
        ),
        ("naïve café's 3.5 _x_", ["naïve", "café's", "3", "5", "x"]),
        ("乌鸦很渴。crow", ["乌", "鸦", "很", "渴", "crow"]),
        ("ひるカラス", list("ひるカラス")),
        ("까마귀가 물을", ["까마귀가", "물을"]),
        ("... --- !", []),
    ],
)
def test_words(text, words):
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("text", "paragraphs", "seam"),
    [
        ("a\nb\n\nc", ["a\nb", "c"], "\n\n"),
        ("a\n \t\n\n  c\n\nd", ["a", "  c", "d"], "\n\n"),
        ("a\nb\nc", ["a\nb\nc"], "\n\n"),
        ("title\n\n" + "line\n" * 99 + "end", ["title", *["line"] * 99, "end"], "\n"),
        ("a\n" * 60 + "a", ["a"] * 61, "\n"),
    ],
)
def test_paragraphs(text, paragraphs, seam):
    assert paragraphs_of(text) == (paragraphs, seam)


class TestPassages:
    def test_whole_paragraphs_of_enough_words(self):
        paragraphs = [f"paragraph number {i} has six words" for i in range(50)]
        passages = passages_of("\n\n".join(paragraphs), num_words=20)
        assert "\n\n".join(passages).split("\n\n") == paragraphs
        assert {len(words_of(p)) for p in passages[:-1]} == {24}
        assert len(words_of(passages[-1])) == 24 + 12  # with what was left

    def test_a_short_text_is_one(self):
        assert passages_of("Once.\n\nTwice.", num_words=20) == ["Once.\n\nTwice."]


class TestDocuments:
    TEXTS = ("a b\nc\n\nd", "e")

    @pytest.mark.parametrize(
        ("documents", "expected"),
        [
            ("auto", ("passage", ["a b\nc\n\nd", "e"])),
            ("file", ("file", ["a b\nc\n\nd", "e"])),
            ("paragraph", ("paragraph", ["a b\nc", "d", "e"])),
            ("line", ("line", ["a b", "c", "d", "e"])),
        ],
    )
    def test_of_files(self, documents, expected):
        assert cut_documents(list(self.TEXTS), "file", documents) == expected

    @pytest.mark.parametrize("documents", ["auto", "paragraph", "line"])
    def test_of_many_rows(self, documents):
        texts = [f"{i}\n\nb" for i in range(100)]
        assert cut_documents(texts, "row", documents) == ("row", texts)

    def test_of_few_rows(self):
        assert cut_documents(["a", "b"], "row", "auto") == ("passage", ["a", "b"])
        assert cut_documents(["a", "b"], "row", "file") == ("row", ["a", "b"])


class TestRepeated:
    def test_documents(self):
        documents = ["A fox!", "a  FOX", "no fox", "a fox", "No fox."]
        assert drop_repeated_documents(documents) == ["A fox!", "no fox"]

    def test_long_paragraphs(self):
        documents = [
            f"one\n\n{LONG}\n\ntwo",
            f"{LONG.upper()}\n\n\n{OTHER}",
            f"{OTHER}",
        ]
        kept, dropped = drop_repeated_paragraphs(documents)
        assert kept == [documents[0], OTHER]
        assert dropped == 2

    def test_within_a_document(self):
        kept, dropped = drop_repeated_paragraphs([f"{LONG}\n\nx\n\n{LONG}\n\ny"])
        assert (kept, dropped) == ([f"{LONG}\n\nx\n\ny"], 1)

    def test_short_paragraphs_stay(self):
        documents = ["Yes.\n\nNo.\n\nYes.\n\n* * *\n\nYes.", "Yes."]
        assert drop_repeated_paragraphs(documents) == (documents, 0)
