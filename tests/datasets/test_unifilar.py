"""The engine against brute-force enumeration of all strings of small grammars."""

import math

import numpy as np
import pytest

from course_lib.datasets.unifilar import UnifilarGrammar

# Shares states, may end early, and the number of the subject decides its last word.
SMALL = {
    "start": [("the", 0.7, "noun"), ("some", 0.3, "some")],
    "noun": [("cat", 0.6, "one"), ("cats", 0.4, "many")],
    "some": [("cats", 1.0, "many")],
    "one": [("that", 0.2, "clause one"), ("purrs", 0.5, "stop"), ("[END]", 0.3, None)],
    "many": [("that", 0.2, "clause many"), ("purr", 0.8, "stop")],
    "clause one": [("sings", 0.9, "one again"), ("is", 0.1, "one again")],
    "clause many": [("sing", 0.9, "many again"), ("are", 0.1, "many again")],
    "one again": [("purrs", 1.0, "stop")],
    "many again": [("purr", 1.0, "stop")],
    "stop": [("again", 0.25, "last"), ("[END]", 0.75, None)],
    "last": [("[END]", 1.0, None)],
}


@pytest.fixture
def grammar():
    return UnifilarGrammar(SMALL, "start")


def all_strings(transitions, state):
    """All documents with their probabilities, the end among their tokens."""
    for token, p, next_state in transitions[state]:
        if next_state is None:
            yield (token,), p
            continue
        for rest, q in all_strings(transitions, next_state):
            yield (token, *rest), p * q


STRINGS = dict(all_strings(SMALL, "start"))


def probability_of_prefix(prefix):
    return sum(p for s, p in STRINGS.items() if s[: len(prefix)] == tuple(prefix))


def test_enumeration_is_complete():
    assert len(STRINGS) == 19
    assert math.isclose(sum(STRINGS.values()), 1)


def test_next_token_distribution_is_that_of_the_enumeration(grammar):
    for string in STRINGS:
        for t in range(len(string)):
            prefix = string[:t]
            distribution = grammar.next_token_distribution(prefix)
            assert math.isclose(sum(distribution.values()), 1)
            for token, p in distribution.items():
                whole = probability_of_prefix((*prefix, token))
                assert math.isclose(p, whole / probability_of_prefix(prefix))


def test_log_probabilities_are_those_of_the_enumeration(grammar):
    for string, p in STRINGS.items():
        assert math.isclose(grammar.log_probabilities(string).sum(), math.log(p))
        without_end = grammar.log_probabilities(string[:-1])
        assert without_end.dtype == "float64"
        np.testing.assert_allclose(
            without_end, grammar.log_probabilities(string)[:-1], rtol=0
        )
    assert grammar.log_probabilities([]).shape == (0,)


@pytest.mark.parametrize("predict_end", [True, False])
@pytest.mark.parametrize("sequence_length", [1, 2, 3, 4, 5, 50])
def test_floor_is_that_of_the_enumeration(grammar, sequence_length, predict_end):
    nats = predicted = 0.0
    for string, p in STRINGS.items():
        for t in range(1, min(len(string), sequence_length + 1)):
            if string[t] == "[END]" and not predict_end:
                continue
            given = probability_of_prefix(string[:t])
            if not predict_end:
                given -= probability_of_prefix((*string[:t], "[END]"))
            nats -= p * math.log(probability_of_prefix(string[: t + 1]) / given)
            predicted += p
    floor = grammar.entropy_floor(sequence_length, predict_end=predict_end)
    assert math.isclose(floor, nats / predicted)


def test_floor_of_a_loop_that_may_go_on_for_ever():
    coin = {"s": [("heads", 0.25, "s"), ("tails", 0.25, "s"), ("[END]", 0.5, None)]}
    grammar = UnifilarGrammar(coin, "s")
    assert math.isclose(grammar.entropy_floor(1000), 1.5 * math.log(2))
    assert math.isclose(grammar.entropy_floor(1000, predict_end=False), math.log(2))


def test_samples_follow_the_distribution(grammar):
    num_documents = 20_000
    documents = grammar.sample_tokens(num_documents, seed=0)
    for string, p in STRINGS.items():
        frequency = documents.count(list(string[:-1])) / num_documents
        assert abs(frequency - p) < 4 * math.sqrt(p * (1 - p) / num_documents)


def test_samples_depend_on_the_seed_alone(grammar):
    documents = grammar.sample_tokens(50, seed=3)
    assert grammar.sample_tokens(20, seed=3) == documents[:20]
    assert grammar.sample_tokens(50, seed=4) != documents
    assert grammar.sample_tokens(0, seed=3) == []


def test_terminals_are_sorted_and_without_the_end(grammar):
    assert grammar.terminals[:4] == ("again", "are", "cat", "cats")
    assert len(grammar.terminals) == 12
    assert "[END]" not in grammar.terminals


def test_end_token_may_have_another_name():
    grammar = UnifilarGrammar({0: [("a", 1.0, 1)], 1: [(".", 1.0, None)]}, 0, ".")
    assert grammar.sample_tokens(1, seed=0) == [["a"]]
    assert grammar.next_token_distribution(["a"]) == {".": 1.0}


@pytest.mark.parametrize(
    ("transitions", "message"),
    [
        ({0: [("a", 0.5, 0), ("a", 0.5, 1)], 1: [("[END]", 1.0, None)]}, "unifilar"),
        ({0: [("a", 0.5, 0), ("[END]", 0.4, None)]}, "sum to 1"),
        ({0: [("a", 1.5, 0), ("[END]", -0.5, None)]}, "positive"),
        ({0: [("a", math.nan, 0), ("[END]", 0.5, None)]}, "positive"),
        ({0: []}, "sum to 1"),
        ({0: [("a", 0.5, "nowhere"), ("[END]", 0.5, None)]}, "'nowhere' by 'a'"),
        ({0: [("a", 0.5, None), ("[END]", 0.5, None)]}, "None by 'a'"),
        ({0: [("a", 0.5, 0), ("[END]", 0.5, 0)]}, "0 by '\\[END\\]'"),
        ({0: [("a", 1.0, 0)]}, "let every document end.*no way from state 0"),
        ({1: [("[END]", 1.0, None)]}, "`start` must be a state.*start=0"),
    ],
)
def test_bad_grammars_are_refused(transitions, message):
    with pytest.raises(ValueError, match=message):
        UnifilarGrammar(transitions, 0)


@pytest.mark.parametrize("method", ["next_token_distribution", "log_probabilities"])
def test_impossible_prefix_names_the_first_offender(grammar, method):
    with pytest.raises(ValueError, match=r"write 'purr' at position 2.*purrs"):
        getattr(grammar, method)(["the", "cat", "purr", "miaow"])
    with pytest.raises(ValueError, match=r"write 'the' at position 3.*nothing"):
        getattr(grammar, method)(["the", "cat", "[END]", "the"])


def test_nothing_follows_the_end(grammar):
    with pytest.raises(ValueError, match=r"must not contain '\[END\]'"):
        grammar.next_token_distribution(["the", "cat", "[END]"])


def test_bad_sizes_are_refused(grammar):
    with pytest.raises(ValueError, match="sequence_length=0"):
        grammar.entropy_floor(0)
    with pytest.raises(ValueError, match="num_documents=-1"):
        grammar.sample_tokens(-1, seed=0)
    one_token = UnifilarGrammar({0: [("a", 1.0, 1)], 1: [("[END]", 1.0, None)]}, 0)
    with pytest.raises(ValueError, match="No token is predicted"):
        one_token.entropy_floor(5, predict_end=False)
