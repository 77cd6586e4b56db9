"""Sub-words: learned, cached, and put back into a line."""

from collections import Counter

import keras_hub
import pytest

from course_lib import text
from course_lib.datasets import story_grammar_corpus
from course_lib.text import word_pieces

TEXTS = ["The fox sang.", "Foxes ran, foxes sang!", "The oxen RAN."] * 5


@pytest.fixture(scope="module")
def tales():
    return story_grammar_corpus(num_documents=300, seed=0).train


def pieces_of(vocabulary, line):
    tokenizer = keras_hub.tokenizers.WordPieceTokenizer(
        vocabulary, lowercase=True, dtype="string"
    )
    return [str(piece) for piece in tokenizer(line)]


def test_holds_all_characters_and_frequent_pieces(tales):
    vocabulary = text.compute_word_piece_vocabulary(tales, 400)
    assert vocabulary[:3] == ["[PAD]", "[UNK]", "[BOS]"]
    assert len(vocabulary) == len(set(vocabulary)) <= 400
    characters = set("".join(tales).lower()) - set(" \n")
    assert characters <= set(vocabulary)
    assert {f"##{c}" for c in characters} <= set(vocabulary)
    words = Counter(" ".join(tales).lower().split())
    assert {word for word, _ in words.most_common(20) if word.isalpha()} <= {
        *vocabulary
    }


def test_every_word_of_the_texts_is_some_pieces(tales):
    vocabulary = text.compute_word_piece_vocabulary(tales, 200)
    for tale in tales[:20]:
        pieces = pieces_of(vocabulary, tale)
        assert "[UNK]" not in pieces
        assert text.join_word_pieces(pieces) == tale.lower()


def test_is_keras_hubs(tales):
    import tensorflow as tf

    theirs = keras_hub.tokenizers.compute_word_piece_vocabulary(
        tf.data.Dataset.from_tensor_slices(tales),
        250,
        lowercase=True,
        reserved_tokens=["[PAD]", "[UNK]", "[BOS]"],
    )
    assert text.compute_word_piece_vocabulary(iter(tales), 250) == theirs


def test_what_was_learned_is_kept_for_these_texts_and_this_size(tmp_path, monkeypatch):
    learned = []

    def learn(texts, vocabulary_size):
        learned.append(vocabulary_size)
        return ["[PAD]", "[UNK]", "[BOS]", "\u2028", f"{vocabulary_size}", *set(texts)]

    monkeypatch.setattr(word_pieces, "_learn", learn)
    folder = tmp_path / "new" / "folder"
    first = text.compute_word_piece_vocabulary(["a"], 9, cache_dir=folder)
    assert text.compute_word_piece_vocabulary(["a"], 9, cache_dir=folder) == first
    assert learned == [9]
    for texts, size in ((["a", "a"], 9), (["b"], 9), (["a"], 10), (["aa"], 9)):
        text.compute_word_piece_vocabulary(texts, size, cache_dir=folder)
    assert learned == [9, 9, 9, 10, 9]
    assert len(list(folder.iterdir())) == 5  # and nothing temporary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("a tale", 100), "`texts` must be an iterable of str. Received: one str"),
        ((["a"], 3), "`vocabulary_size` must be above 3.*vocabulary_size=3"),
        ((iter(["a"]), 9, "folder"), "`texts` must be readable twice.*list_iterator"),
        (([], 9), "`texts` must hold at least one word"),
        (([" ", ""], 9), "`texts` must hold at least one word"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        text.compute_word_piece_vocabulary(*arguments)


@pytest.mark.parametrize(
    "line",
    [
        "don't go, he said.",
        '"come in," said the fox; "it\'s warm (and dry)."',
        "she said, 'i won't!' and went.",
        "“well—” he began, ‘it isn’t—’",
        "a well-made, red-and-blue coat--or so.",
        "the boys' house: [one] door; $5 for 100% of it!",
        "_very_ old",
        "wait... what?!",
        'he said "no", then "yes".',
        "",
    ],
)
def test_marks_come_back_where_they_belong(line):
    vocabulary = ["[UNK]", *sorted({*line, *(f"##{c}" for c in line)})]
    assert text.join_word_pieces(pieces_of(vocabulary, line)) == line


def test_pieces_of_words_are_joined():
    assert text.join_word_pieces(["un", "##help", "##ful", "fox", "##es"]) == (
        "unhelpful foxes"
    )
    assert text.join_word_pieces(["##ful", "##ly"]) == "fully"
    assert text.join_word_pieces(["#", "##"]) == "# ##"
    assert text.join_word_pieces(["a", "[UNK]", "."]) == "a [UNK]."


def test_each_piece_only_adds_to_the_text(tales):
    vocabulary = text.compute_word_piece_vocabulary(tales, 200)
    line = f"{tales[0]} \"don't,\" he said, 'it's (quite) well-made.' \"no--"
    entries = dict.fromkeys([*vocabulary, *"\"'()-"])
    pieces = pieces_of(list(entries), line)
    shown = ""
    for end in range(len(pieces) + 1):
        longer = text.join_word_pieces(pieces[:end])
        assert longer.startswith(shown)
        shown = longer
