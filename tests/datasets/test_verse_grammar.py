import hashlib
import math
import re

import pytest

from course_lib.datasets import verse_templates
from course_lib.datasets.verse_grammar import VerseGrammar, verse_grammar_corpus
from tests.grammar_measures import (
    cost_of_forgetting,
    nats_of_bigram,
    nats_of_samples,
)

SEQUENCE_LENGTH = 32


@pytest.fixture(scope="module")
def grammar():
    return VerseGrammar()


@pytest.fixture(scope="module")
def poems(grammar):
    return [grammar.to_text(tokens) for tokens in grammar.sample_tokens(1000, seed=1)]


def lines(poem):
    return re.split("[，。]", poem)[:-1]


def characters_of(rule, value):
    """The characters of a rule that only this value of its variable brings."""
    texts = {v: set(re.findall(r"\w", text)) for v, text in rule.texts.items()}
    return texts[value] - set().union(*(texts[v] for v in texts if v != value))


def test_first_poem_is_pinned(grammar):
    (tokens,) = grammar.sample_tokens(1, seed=0)
    assert grammar.to_text(tokens) == (
        "春風過山寺，黃鸝繞古琴。山寺無客到，春來白雲深。"
    )


def test_poems_are_the_same_on_every_machine(grammar, poems):
    digest = hashlib.sha256("\n".join(poems).encode()).hexdigest()
    assert digest == (
        "d1326fc7eb87b35a34179b728f918c3e32a036056f81856acd74773ce00fcdeb"
    )


def test_terminals_are_characters(grammar):
    assert all(len(token) == 1 for token in grammar.terminals)
    assert len(grammar.terminals) > 200
    assert {"，", "。"} < set(grammar.terminals)


def test_every_terminal_is_in_the_traditional_script(grammar):
    """Big5 has the traditional characters; simplified ones are not in it."""
    "".join(grammar.terminals).encode("big5")


def test_probabilities_sum_to_one_and_the_end_is_certain(grammar):
    for choices in grammar.transitions.values():
        assert math.isclose(sum(p for p, _ in choices.values()), 1, abs_tol=1e-12)
        assert "[END]" not in choices or len(choices) == 1


def test_no_rule_is_overwritten_or_unused():
    parts = (
        verse_templates.LINES,
        verse_templates.FORM,
        verse_templates.SEASON,
        verse_templates.RHYME,
    )
    rules = verse_templates.RULES
    assert len(rules) == sum(map(len, parts))
    used = set(re.findall(r"<(?:\w+:=)?([\w' ]+)>", str(rules)))
    assert set(rules) - used == {"poem"}


# What is decided early holds to the end.


def test_all_lines_of_a_poem_are_of_one_length(poems):
    lengths = [{len(line) for line in lines(poem)} for poem in poems]
    assert all(len(lines(poem)) == 4 for poem in poems)
    assert {frozenset(length) for length in lengths} == {
        frozenset({5}),
        frozenset({7}),
    }


def test_the_second_line_rhymes_with_the_fourth(poems):
    ends = [
        verse_templates.RULES[name]
        for name in ("first end", "last end", "friend's end")
    ]
    groups = [
        {text.split()[-1] for end in ends for text in end.texts[group].split("/")}
        for group in ends[0].texts
    ]
    assert len(set().union(*groups)) == sum(map(len, groups))  # no one is in two
    seen = set()
    for poem in poems:
        _, second, _, fourth = lines(poem)
        (group,) = (g for g in groups if second[-1] in g)
        assert fourth[-1] in group
        seen.add(frozenset(group))
    assert len(seen) == len(groups)


def test_a_poem_knows_one_season(poems):
    names = ("scene", "creature", "season's")
    rules = [verse_templates.RULES[name] for name in names]
    for poem in poems:
        first, second, *_ = lines(poem)
        seasons = [
            {
                season
                for season in rule.texts
                for text in rule.texts[season].split("/")
                if text.replace(" ", "") in line
            }
            for rule, line in zip(rules, (first, second), strict=False)
        ]
        assert seasons[0] & seasons[1]


def test_the_place_comes_back_and_no_other_does(poems):
    places = verse_templates.RULES["somewhere"].replace(" ", "").split("/")
    returns = 0
    for poem in poems:
        first, *_, third, fourth = lines(poem)
        again = [place for place in places if place in third or place in fourth]
        assert all(place in first for place in again)
        returns += len(again)
    assert returns > 500


def test_the_friend_of_the_third_line_comes_back(poems):
    friends = verse_templates.RULES["someone"].replace(" ", "").split("/")
    returns = 0
    for poem in poems:
        *_, third, fourth = lines(poem)
        again = [friend for friend in friends if friend in fourth]
        assert all(friend in third for friend in again)
        returns += len(again)
    assert returns > 50


# What forgetting costs.


def test_floor_agrees_with_sampled_documents(grammar):
    mean, error = nats_of_samples(grammar, SEQUENCE_LENGTH, num_documents=4000, seed=2)
    assert error < 0.005
    assert abs(mean - grammar.entropy_floor(SEQUENCE_LENGTH)) < 4 * error


def test_bigram_stays_half_a_nat_above_the_floor(grammar):
    mean, error = nats_of_bigram(grammar, SEQUENCE_LENGTH, seed=3)
    assert mean - 4 * error > grammar.entropy_floor(SEQUENCE_LENGTH) + 0.5


def test_context_beyond_eight_tokens_is_worth_a_tenth_of_a_nat(grammar):
    mean, error = cost_of_forgetting(
        grammar, 8, SEQUENCE_LENGTH, num_documents=400, seed=5
    )
    assert mean - 4 * error > 0.1


# The corpus.


def test_corpus_is_split_and_reproducible():
    corpus = verse_grammar_corpus(num_documents=205, seed=7)
    splits = corpus.train, corpus.validation, corpus.test
    assert [len(split) for split in splits] == [165, 20, 20]
    assert not set(corpus.train) & set(corpus.validation + corpus.test)
    assert not set(corpus.validation) & set(corpus.test)
    assert corpus == verse_grammar_corpus(num_documents=205, seed=7)
    assert "synthetic" in corpus.source and corpus.name == "verse_grammar"


def test_too_small_a_corpus_is_refused():
    with pytest.raises(ValueError, match="num_documents=9"):
        verse_grammar_corpus(num_documents=9)
