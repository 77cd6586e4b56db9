import hashlib
import math
import re
from itertools import pairwise

import numpy as np
import pytest

from course_lib import text
from course_lib.datasets import post_templates, post_words
from course_lib.datasets.post_grammar import PostGrammar, post_grammar_corpus
from tests.grammar_measures import (
    cost_of_forgetting,
    nats_of_bigram,
    nats_of_samples,
)

SEQUENCE_LENGTH = 128


@pytest.fixture(scope="module")
def grammar():
    return PostGrammar()


@pytest.fixture(scope="module")
def posts(grammar):
    return grammar.sample_tokens(1000, seed=1)


def texts_of(rule):
    """The alternatives of a rule without sub-rules, as lists of words."""
    texts = [rule] if isinstance(rule, str) else rule.texts.values()
    return [part.split() for text in texts for part in text.split("/")]


def test_first_post_is_pinned(grammar):
    (tokens,) = grammar.sample_tokens(1, seed=0)
    assert grammar.to_text(tokens) == (
        "This was not today but this spring, and I am slowly getting over it. The memo "
        "said not to touch the projector. I touched the projector. I pressed the "
        "largest button, and the projector began to hum. It landed in the jigsaw "
        "puzzle that my godmother had made all week. She looked at me, then at the "
        "projector, then at me again, and clapped. At breakfast, the only one who "
        "listened to me was the cat, which had never liked the jigsaw puzzle. TL;DR: "
        "Do not put a projector near a jigsaw puzzle."
    )


def test_posts_are_the_same_on_every_machine(grammar, posts):
    written = "\n".join(map(grammar.to_text, posts))
    digest = hashlib.sha256(written.encode()).hexdigest()
    assert digest == (
        "dba4567def1ec9921d3a88e968c555b1c82959ed10c97377d47ebe100ea8a49e"
    )


def test_vocabulary_is_rich(grammar):
    assert sum(word.isalpha() for word in grammar.terminals) >= 500


def test_no_rule_is_overwritten_or_unused():
    parts = (
        post_templates.SENTENCES,
        post_templates.PEOPLE,
        post_words.PLACE,
        post_words.ANY,
    )
    rules = post_templates.RULES
    assert len(rules) == sum(map(len, parts))
    used = set(re.findall(r"<(?:\w+:=)?([\w ]+)>", str(rules)))
    assert set(rules) - used == {"post"}


def test_probabilities_sum_to_one_and_the_end_is_certain(grammar):
    for choices in grammar.transitions.values():
        assert math.isclose(sum(p for p, _ in choices.values()), 1, abs_tol=1e-12)
        assert "[END]" not in choices or len(choices) == 1


def test_lengths(posts):
    lengths = [len(tokens) for tokens in posts]
    assert 90 < np.mean(lengths) < 130
    assert min(lengths) >= 40
    assert max(lengths) <= 170


def test_text_standardises_to_the_terminals(grammar, posts):
    written = [grammar.to_text(tokens).lower() for tokens in posts[:200]]
    split = text.split(written).to_list()
    assert [[word.decode() for word in words] for words in split] == posts[:200]


def test_capitals_are_where_english_has_them(grammar, posts):
    for tokens in posts[:200]:
        post = grammar.to_text(tokens)
        assert post[0].isupper()
        assert all(
            mark[-1].isupper() for mark in re.findall(r"(?:[.!?]|TL;DR:) \w", post)
        )
        assert not re.search(r"\bi\b", post)
        assert "TL;DR: " in post and "tl;dr" not in post


# What is decided early holds to the end.


def test_the_lesson_names_the_thing_and_what_it_broke(posts):
    tools = [tool for tool in texts_of(post_words.PLACE["tool"])]
    treasures = texts_of(post_words.ANY["treasure"])

    def named(tokens, names):
        text = f" {' '.join(tokens)} "
        return {" ".join(name) for name in names if f" {' '.join(name)} " in text}

    for tokens in posts:
        where = tokens.index("tl")
        story, lesson = tokens[:where], tokens[where:]
        assert len(named(lesson, tools)) == len(named(lesson, treasures)) == 1
        assert named(lesson, tools) <= named(story, tools)
        assert named(lesson, treasures) == named(story, treasures)


def test_one_place_a_post(posts):
    places = {
        place: [
            part.split() for part in post_words.PLACE["tool"].texts[place].split("/")
        ]
        for place in post_words.PLACE["tool"].texts
    }
    for tokens in posts:
        post = f" {' '.join(tokens)} "
        found = {
            place
            for place, tools in places.items()
            if any(f" {' '.join(tool)} " in post for tool in tools)
        }
        assert len(found) == 1


def test_pronouns_and_verbs_agree_with_the_person(posts):
    pronouns = {"woman": {"she"}, "man": {"he", "him", "his"}, "pair": {"they", "them"}}
    relatives = {
        kind: {word for text in texts_of(post_templates.PEOPLE[kind]) for word in text}
        for kind in pronouns
    }
    num_pronouns = 0
    for tokens in posts:
        kinds = {k for k, names in relatives.items() if names & set(tokens)}
        assert len(kinds) == 1
        for kind, forms in pronouns.items():
            if forms & set(tokens):
                assert kinds == {kind}
                num_pronouns += 1
        for word, verb in pairwise(tokens):
            if verb in ("was", "were") and word in ("she", "he", "they"):
                assert (verb == "were") == (word == "they")
    assert num_pronouns > 500


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
    corpus = post_grammar_corpus(num_documents=205, seed=7)
    splits = corpus.train, corpus.validation, corpus.test
    assert [len(split) for split in splits] == [165, 20, 20]
    assert not set(corpus.train) & set(corpus.validation + corpus.test)
    assert not set(corpus.validation) & set(corpus.test)
    assert corpus == post_grammar_corpus(num_documents=205, seed=7)
    assert "synthetic" in corpus.source and corpus.name == "post_grammar"


def test_too_small_a_corpus_is_refused():
    with pytest.raises(ValueError, match="num_documents=9"):
        post_grammar_corpus(num_documents=9)
