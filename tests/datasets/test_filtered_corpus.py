import pytest

from course_lib.datasets.classroom_words import (
    BLOCKED_WORDS,
    CURSES,
    bleep,
    word_pattern,
)
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.filtered_corpus import FilteredCorpus, sieve


def test_a_filtered_corpus_is_a_corpus():
    corpus = FilteredCorpus("toy", "typed in", "CC0-1.0", "", ["a"], ["b"], ["c"])
    assert isinstance(corpus, Corpus)
    assert corpus.title == "toy"
    assert corpus.dropped == {} and corpus.bleeped == 0


def test_each_item_is_dropped_for_the_first_reason():
    kept, dropped = sieve(
        [1, 2, 3, 4, 6], {"even": lambda n: n % 2 == 0, "4": (4).__eq__}
    )
    assert kept == [1, 3]
    assert dropped == {"even": 3, "4": 0}


def test_later_reasons_do_not_see_what_is_dropped():
    seen = []
    sieve([1, 2, 3], {"odd": lambda n: n % 2 == 1, "seen": seen.append})
    assert seen == [2]


class TestWords:
    @pytest.mark.parametrize("text", ["Darn!", "DARNED", "that's darn good", "oh,darn"])
    def test_found_in_any_case_and_form(self, text):
        assert word_pattern(["darn*"]).search(text)

    @pytest.mark.parametrize("text", ["undarned", "dar n", "passenger", "cockpit"])
    def test_words_are_whole_without_a_star(self, text):
        assert not word_pattern(["darn*", "ass", "cock"]).search(text)

    def test_a_star_before_stands_for_letters_too(self):
        assert word_pattern(["*darn"]).search("goldarn")
        assert not word_pattern(["*darn"]).search("goldarned")

    def test_signs_mean_themselves(self):
        assert not word_pattern(["a.c"]).search("abc")

    def test_no_words_find_nothing(self):
        assert not word_pattern(()).search("anything at all, or nothing")
        assert not word_pattern(()).search("")

    @pytest.mark.parametrize("word", ["", "*", "* "])
    def test_a_word_that_would_find_everything(self, word):
        with pytest.raises(ValueError, match="`words` must hold words"):
            word_pattern([word])

    def test_one_string(self):
        with pytest.raises(TypeError, match="Received one: 'darn'"):
            word_pattern("darn")

    def test_the_list_spares_harmless_neighbours(self):
        harmless = (
            "Assess the cocktail, titan of Sussex: a classic grape for the hooked "
            "analyst, cumin on the documents, a therapist's scrapbook; damn good crap."
        )
        assert not word_pattern(BLOCKED_WORDS + CURSES).search(harmless)

    def test_the_lists_are_in_lower_case_and_without_doubles(self):
        words = BLOCKED_WORDS + CURSES
        assert all(word == word.lower() for word in words)
        assert len(words) == len(set(words))


class TestBleep:
    def test_leaves_the_rest(self):
        pattern = word_pattern(["darn*", "heck"])
        assert bleep("(Darned),\nheck-ler! ", pattern) == "(****),\n****-ler! "
        assert bleep("heckler", pattern) == "heckler"
        assert bleep("", pattern) == ""

    def test_is_done_after_the_first_time(self):
        pattern = word_pattern(CURSES)
        once = bleep("What a shitty day.", pattern)
        assert once == bleep(once, pattern) == "What a **** day."

    def test_without_words(self):
        assert bleep("a darned sock", word_pattern(())) == "a darned sock"
