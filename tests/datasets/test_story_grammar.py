import hashlib
import math
import re
from itertools import pairwise

import numpy as np
import pytest

from course_lib import text
from course_lib.datasets import story_templates, story_words
from course_lib.datasets.story_grammar import StoryGrammar, story_grammar_corpus
from tests.grammar_measures import cost_of_forgetting, nats_of_bigram, nats_of_samples

SEQUENCE_LENGTH = 128


@pytest.fixture(scope="module")
def grammar():
    return StoryGrammar()


@pytest.fixture(scope="module")
def tales(grammar):
    return grammar.sample_tokens(1000, seed=1)


def words_of(rule, value):
    """The words that a rule writes for one value of what it depends on."""
    return set(re.findall("[a-z]+", re.sub("<.*?>", "", rule.texts[value])))


def only_in(rules, value):
    """The words that rules bring for this value, and that stand nowhere else."""
    here = set().union(*(words_of(rule, value) for rule in rules.values()))
    values = next(iter(rules.values())).texts
    elsewhere = set(re.findall("[a-z]+", str(other_rules(rules))))
    for other in set(values) - {value}:
        elsewhere |= set().union(*(words_of(rule, other) for rule in rules.values()))
    return here - elsewhere - {"an"}


def other_rules(rules):
    return [r for name, r in story_templates.RULES.items() if name not in rules]


def test_first_tale_is_pinned(grammar):
    (tokens,) = grammar.sample_tokens(1, seed=0)
    assert grammar.to_text(tokens) == (
        "In the days when nobody had clocks, cheerful Ida and Jonas lived at the edge "
        "of a dark forest. One summer the silver acorn of the king vanished, and all "
        "summer nobody danced. By the light of a star they prayed through the night, "
        "and in the morning they set out over roots and thorns. Then Ida and Jonas saw "
        "a hungry fox that was in chains. They freed it, and the fox bowed three "
        "times. The acorn was guarded by a witch. The fox knew a secret door, and soon "
        "Ida and Jonas held the acorn. And if the hedgehogs have not moved away, they "
        "tell it still."
    )


def test_tales_are_the_same_on_every_machine(grammar, tales):
    written = "\n".join(map(grammar.to_text, tales))
    digest = hashlib.sha256(written.encode()).hexdigest()
    assert digest == "56f98b69dc1d4bc2ded1ce43fc6761530f259a32a08feb4c54c277cfe9d7facd"


def test_vocabulary_is_rich(grammar):
    assert sum(word.isalpha() for word in grammar.terminals) >= 500


def test_no_rule_is_overwritten_or_unused():
    parts = (
        story_templates.SENTENCES,
        story_templates.HERO,
        story_words.COUNTRY,
        story_words.VIRTUE,
        story_words.ANY,
    )
    rules = story_templates.RULES
    assert len(rules) == sum(map(len, parts))
    used = set(re.findall(r"<(?:\w+:=)?([\w ]+)>", str(rules)))
    assert set(rules) - used == {"tale"}


def test_probabilities_sum_to_one_and_the_end_is_certain(grammar):
    for choices in grammar.transitions.values():
        assert math.isclose(sum(p for p, _ in choices.values()), 1, abs_tol=1e-12)
        assert "[END]" not in choices or len(choices) == 1


def test_lengths(tales):
    lengths = [len(tokens) for tokens in tales]
    assert 110 < np.mean(lengths) < 140
    assert min(lengths) >= 90
    assert max(lengths) <= 190


def test_text_standardises_to_the_terminals(grammar, tales):
    written = [grammar.to_text(tokens).lower() for tokens in tales[:200]]
    split = text.split(written).to_list()
    assert [[word.decode() for word in words] for words in split] == tales[:200]


def test_capitals_are_where_english_has_them(grammar, tales):
    names = set()
    for tokens in tales[:200]:
        tale = grammar.to_text(tokens)
        assert tale[0].isupper()
        assert all(mark[-1].isupper() for mark in re.findall(r"[.!?] \w", tale))
        inside = re.findall(r"(?<=[a-z,:] )[A-Z]\w*", tale)
        names |= set(inside)
        assert not set(tale.split()) & set(story_templates.NAMES)
    assert names == {name.title() for name in story_templates.NAMES}


# What is decided early holds to the end.


def test_one_hero_and_every_pronoun_agrees(tales):
    # "They" may be the beasts.
    pronouns = {
        "woman": {"she", "her"},
        "man": {"he", "him", "his"},
        "pair": {"their", "them"},
    }
    num_pronouns = 0
    for tokens in tales:
        written = f" {' '.join(tokens)} "
        (hero,) = {
            kind
            for kind in pronouns
            for name in story_templates.HERO[kind].split(" / ")
            if f" {name} " in written
        }
        found = {kind for kind, forms in pronouns.items() if forms & set(tokens)}
        assert found <= {hero}
        num_pronouns += len(found)
    assert num_pronouns > 800


@pytest.mark.parametrize(
    "rules", [story_words.COUNTRY, story_words.VIRTUE], ids=["country", "virtue"]
)
def test_one_country_and_one_virtue_a_tale(tales, rules):
    exclusive = {value: only_in(rules, value) for value in _values(rules)}
    assert all(len(words) > 15 for words in exclusive.values())
    several = 0
    for tokens in tales:
        values = [v for v, words in exclusive.items() for t in tokens if t in words]
        assert len(set(values)) == 1
        several += len(values) > 1
    assert several > 0.9 * len(tales)


def _values(rules):
    return next(iter(rules.values())).texts


def test_what_was_lost_is_what_is_looked_for(tales):
    prizes = set().union(
        *(
            words_of(story_words.COUNTRY["prize"], v)
            for v in _values(story_words.COUNTRY)
        )
    ) - {"lamp"}  # which is also a light for the night
    for tokens in tales:
        assert len(set(tokens) & prizes) <= 1
    assert sum(bool(set(tokens) & prizes) for tokens in tales) > 700


def test_the_helper_of_the_end_is_the_one_that_was_met(tales):
    beasts = set().union(
        *(
            words_of(story_words.COUNTRY["beast"], v)
            for v in _values(story_words.COUNTRY)
        )
    )
    mentions = [[t for t in tokens if t in beasts] for tokens in tales]
    assert all(len(set(found)) == 1 and len(found) >= 2 for found in mentions)


def test_a_or_an(tales):
    with_an = set()
    for tokens in tales:
        for article, word in pairwise(tokens):
            if article in ("a", "an"):
                vowel = word[0] in "aeiou" or word == "honest"
                assert (article == "an") == vowel, word
                with_an |= {word} if article == "an" else set()
    assert len(with_an) >= 5


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
    corpus = story_grammar_corpus(num_documents=205, seed=7)
    splits = corpus.train, corpus.validation, corpus.test
    assert [len(split) for split in splits] == [165, 20, 20]
    assert not set(corpus.train) & set(corpus.validation + corpus.test)
    assert not set(corpus.validation) & set(corpus.test)
    assert corpus == story_grammar_corpus(num_documents=205, seed=7)
    assert "synthetic" in corpus.source and corpus.name == "story_grammar"


def test_too_small_a_corpus_is_refused():
    with pytest.raises(ValueError, match="num_documents=9"):
        story_grammar_corpus(num_documents=9)
