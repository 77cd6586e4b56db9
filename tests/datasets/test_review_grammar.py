import hashlib
import math
import re
from itertools import pairwise

import numpy as np
import pytest

from course_lib import text
from course_lib.datasets import review_templates, review_words
from course_lib.datasets.review_grammar import ReviewGrammar, review_grammar_corpus
from tests.grammar_measures import (
    cost_of_forgetting,
    nats_of_bigram,
    nats_of_samples,
)

SEQUENCE_LENGTH = 100


@pytest.fixture(scope="module")
def grammar():
    return ReviewGrammar()


@pytest.fixture(scope="module")
def reviews(grammar):
    return grammar.sample_tokens(2000, seed=1)


def words_in(rule):
    """The words that a rule itself writes."""
    texts = [rule] if isinstance(rule, str) else rule.texts.values()
    return set(re.findall("[a-z]+", re.sub("<.*?>", "", " ".join(texts))))


def exclusive_words(rules):
    """For each value that these rules depend on, the words that only it brings."""
    values = next(iter(rules.values())).texts
    words = {
        v: set().union(*(words_in(r.texts[v]) for r in rules.values())) for v in values
    }
    others = [r for name, r in review_templates.RULES.items() if name not in rules]
    elsewhere = set().union(*map(words_in, others))
    return {
        v: words[v] - elsewhere - set().union(*(words[w] for w in values if w != v))
        for v in values
    }


def test_first_review_is_pinned(grammar):
    (tokens,) = grammar.sample_tokens(1, seed=0)
    assert grammar.to_text(tokens) == (
        "my teacher swore that this fantasy was really tedious, and my teacher was "
        "right. on the one hand, the colours are muddled; on the other hand, nobody "
        "goes to the cinema for colours. everyone in a land without clocks praises the "
        "priceless crown, but only the twins can swim. in the worst scene, the twins "
        "find the crown, and they cannot believe their ears. i will not say what they "
        "do next, but it involves an umbrella and many violins. i am only a grocer, "
        "but i have seen many pancakes and a magnet, and no other grocer can say that. "
        "i give it two out of ten."
    )


def test_reviews_are_the_same_on_every_machine(grammar):
    written = "\n".join(map(grammar.to_text, grammar.sample_tokens(500, seed=0)))
    digest = hashlib.sha256(written.encode()).hexdigest()
    assert digest == "b958092f564307cfeefaf4226d04f1c3cd0cafff89a48566e2010269b6afb147"


def test_vocabulary_is_rich(grammar):
    assert sum(word.isalpha() for word in grammar.terminals) >= 500


def test_no_rule_is_overwritten_or_unused():
    parts = (
        review_templates.SENTENCES,
        review_templates.HERO,
        review_words.GENRE,
        review_words.VERDICT,
        review_words.ANY,
    )
    rules = review_templates.RULES
    assert len(rules) == sum(map(len, parts))
    used = set(re.findall(r"<(?:\w+:=)?([\w ]+)>", str(rules)))
    assert set(rules) - used == {"review"}


def test_probabilities_sum_to_one_and_the_end_is_certain(grammar):
    for choices in grammar.transitions.values():
        assert math.isclose(sum(p for p, _ in choices.values()), 1, abs_tol=1e-12)
        assert "[END]" not in choices or len(choices) == 1


def test_lengths(reviews):
    lengths = [len(tokens) for tokens in reviews]
    assert 80 < np.mean(lengths) < 110
    assert min(lengths) >= 20
    assert max(lengths) <= 160
    assert np.mean([30 <= length <= 130 for length in lengths]) > 0.95


def test_text_standardises_to_the_terminals(grammar, reviews):
    written = [grammar.to_text(tokens) for tokens in reviews[:200]]
    assert all(review.islower() for review in written)
    split = text.split(written).to_list()
    assert [[word.decode() for word in words] for words in split] == reviews[:200]


def test_every_terminal_survives_the_tokenizer(grammar):
    written = grammar.to_text(("so", *grammar.terminals))
    words = [word.decode() for word in text.split(written).numpy()]
    assert words == ["so", *grammar.terminals]
    assert text.join_words(words) == written


# What is decided early holds to the end.


def test_one_hero_and_every_pronoun_agrees(reviews):
    pronouns = {
        "woman": {"she", "her", "herself", "actress"},
        "man": {"he", "his", "himself", "actor"},
        "pair": {"they", "their", "themselves", "actors"},
    }
    names = {lead: words_in(review_templates.HERO[lead]) - {"the"} for lead in pronouns}
    num_pronouns = 0
    for tokens in reviews:
        words = set(tokens)
        heroes = [(lead, n) for lead in names for n in names[lead] & words]
        assert len(heroes) <= 1
        for lead, forms in pronouns.items():
            if words & forms:
                assert heroes and heroes[0][0] == lead
                num_pronouns += 1
    assert num_pronouns > 500


def test_verbs_agree_with_their_pronoun(reviews):
    verbs = re.findall(r"(\w+)\|(\w+)", str(review_templates.RULES))
    singular, plural = map(set, zip(*verbs, strict=True))
    num_verbs = 0
    for tokens in reviews:
        for word, verb in pairwise(tokens):
            if word in ("she", "he"):
                assert verb in singular or verb == "cannot"
            elif word in ("they", "twins", "cousins"):
                assert verb not in singular - plural
            num_verbs += word in ("she", "he", "they")
            if verb in ("was", "were") and word in ("peanuts", "cherries", "biscuits"):
                assert verb == "were"
            if verb in ("was", "were") and word in ("popcorn", "toffee", "cake"):
                assert verb == "was"
    assert num_verbs > 500


@pytest.mark.parametrize(
    "rules", [review_words.VERDICT, review_words.GENRE], ids=["verdict", "genre"]
)
def test_one_verdict_and_one_genre_a_review(reviews, rules):
    exclusive = exclusive_words(rules)
    assert all(len(words) > 20 for words in exclusive.values())
    several = 0
    for tokens in reviews:
        values = [v for v, words in exclusive.items() for t in tokens if t in words]
        assert len(set(values)) == 1
        several += len(values) > 1
    assert several > 0.9 * len(reviews)


def test_what_was_lost_is_what_is_found(reviews):
    loot = words_in(review_words.GENRE["loot"])
    mentions = [[t for t in tokens if t in loot] for tokens in reviews]
    stories = [treasures for treasures in mentions if treasures]
    assert len(stories) > 1000
    assert all(len(treasures) == 2 for treasures in stories)
    assert all(len(set(treasures)) == 1 for treasures in stories)


def test_a_or_an(reviews):
    with_an = set()
    for tokens in reviews:
        for article, word in pairwise(tokens):
            if article in ("a", "an"):
                sounds_like_vowel = word[0] in "aeiou" or word == "honest"
                sounds_like_vowel &= word not in ("one", "ukulele")
                assert (article == "an") == sounds_like_vowel, word
                with_an |= {word} if article == "an" else set()
    assert len(with_an) > 20


def test_reviews_end_with_a_score(reviews):
    points = words_in(review_words.VERDICT["points"])
    for tokens in reviews:
        assert tokens[-5] in points
        assert tokens[-4:] == ["out", "of", "ten", "."]


# What forgetting costs.


def test_floor_agrees_with_sampled_documents(grammar):
    mean, error = nats_of_samples(grammar, SEQUENCE_LENGTH, num_documents=4000, seed=2)
    assert error < 0.002
    assert abs(mean - grammar.entropy_floor(SEQUENCE_LENGTH)) < 4 * error


def test_bigram_stays_half_a_nat_above_the_floor(grammar):
    mean, error = nats_of_bigram(grammar, SEQUENCE_LENGTH, seed=3)
    assert mean - 4 * error > grammar.entropy_floor(SEQUENCE_LENGTH) + 0.5


def test_context_beyond_eight_tokens_is_worth_a_tenth_of_a_nat(grammar):
    mean, error = cost_of_forgetting(
        grammar, 8, SEQUENCE_LENGTH, num_documents=150, seed=5
    )
    assert mean - 4 * error > 0.1


# The corpus.


def test_corpus_is_split_and_reproducible():
    corpus = review_grammar_corpus(num_documents=205, seed=7)
    splits = corpus.train, corpus.validation, corpus.test
    assert [len(split) for split in splits] == [165, 20, 20]
    assert not set(corpus.train) & set(corpus.validation + corpus.test)
    assert not set(corpus.validation) & set(corpus.test)
    assert corpus == review_grammar_corpus(num_documents=205, seed=7)
    assert corpus != review_grammar_corpus(num_documents=205, seed=8)
    assert "synthetic" in corpus.source
    assert corpus.licence == "Apache-2.0"


def test_corpus_is_not_what_a_reader_samples(grammar):
    corpus = review_grammar_corpus(num_documents=100, seed=0)
    sampled = set(map(grammar.to_text, grammar.sample_tokens(100, seed=0)))
    assert not sampled & {*corpus.train, *corpus.validation, *corpus.test}


def test_identical_reviews_never_straddle_splits(monkeypatch):
    monkeypatch.setattr(
        ReviewGrammar,
        "documents",
        lambda self, seed: ([word] for word in "abcabcdefghijklmnopqrstuvwxyz"),
    )
    corpus = review_grammar_corpus(num_documents=10)
    assert (corpus.test, corpus.validation) == (["a"], ["b"])
    assert corpus.train == ["c", "c", "d", "e", "f", "g", "h", "i"]


def test_too_small_a_corpus_is_refused():
    with pytest.raises(ValueError, match="num_documents=9"):
        review_grammar_corpus(num_documents=9)
