import math

import pytest

from course_lib.datasets.templates import Agreement, compile_templates
from course_lib.datasets.unifilar import UnifilarGrammar


def grammar_of(text, **rules):
    rules = {name.replace("_", " "): rule for name, rule in rules.items()}
    return UnifilarGrammar(*compile_templates({"text": text, **rules}, "text"))


def documents(grammar):
    """All documents of a grammar that has no loops, with their probabilities."""

    def after(state):
        for token, (p, next_state) in grammar.transitions[state].items():
            if next_state is None:
                yield "", p
                continue
            for rest, q in after(next_state):
                yield f"{token} {rest}", p * q

    result = {}
    for text, p in after(grammar.start):
        result[text.strip()] = result.get(text.strip(), 0) + p
    return result


def test_the_kth_alternative_has_weight_one_over_k_plus_one():
    found = documents(grammar_of("red / green / dark blue"))
    assert found == pytest.approx(
        {"red": 6 / 13, "green": 4 / 13, "dark blue": 3 / 13}  # 1/2 : 1/3 : 1/4
    )


def test_alternatives_that_begin_alike_share_states_until_they_part():
    grammar = grammar_of("<bird> sings / <bird> sleeps", bird="the owl / the wren")
    assert documents(grammar) == pytest.approx(
        {
            "the owl sings": 0.36,
            "the wren sings": 0.24,
            "the owl sleeps": 0.24,
            "the wren sleeps": 0.16,
        }
    )
    distribution = grammar.next_token_distribution(["the", "wren"])
    assert distribution == pytest.approx({"sings": 0.6, "sleeps": 0.4})


def test_a_text_that_can_be_written_in_two_ways_has_the_sum_of_both():
    found = documents(grammar_of("<x> b / a b", x="a / c"))
    assert found == pytest.approx({"a b": 0.6 * 0.6 + 0.4, "c b": 0.6 * 0.4})


def test_the_article_agrees_with_the_next_word():
    words = "owl / hen / hour / one-off / unit / user / uncle / ukulele / honest man"
    found = documents(grammar_of("a <word>", word=words))
    assert {text.split()[0] for text in found} == {"a", "an"}
    with_an = {text.split()[1] for text in found if text.startswith("an ")}
    assert with_an == {"owl", "hour", "uncle", "honest"}
    assert math.isclose(sum(found.values()), 1)


def test_what_is_remembered_is_repeated():
    found = documents(grammar_of("<pet:=animal>, my <pet>!", animal="cat / old dog"))
    assert found == pytest.approx(
        {"cat , my cat !": 0.6, "old dog , my old dog !": 0.4}
    )


def test_rules_agree_with_what_is_remembered():
    grammar = grammar_of(
        "<any> <who> sings|sing",
        any="<number=singular> / <number=plural>",
        who=Agreement("number", {"singular": "he", "plural": "they"}),
    )
    assert documents(grammar) == pytest.approx({"he sings": 0.6, "they sing": 0.4})


def test_the_last_value_is_remembered():
    grammar = grammar_of("<x:=a> <x:=b> <x>", a="one / two", b="three / four")
    for text in documents(grammar):
        _, second, third = text.split()
        assert second == third


def test_memory_that_is_never_read_costs_no_states():
    forgotten = grammar_of("<x:=word> and so on and so on", word="one / two / three")
    kept = grammar_of("<x:=word> and so on and so <x>", word="one / two / three")
    assert len(forgotten.transitions) == 8
    assert len(kept.transitions) > 2 * len(forgotten.transitions)


def test_punctuation_is_split_off_as_the_tokenizer_does():
    (text,) = documents(grammar_of("well-made, isn't it?"))
    assert text == "well -made , isn 't it ?"


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"text": "a <noun>"}, "no rule 'noun'"),
        ({"text": "so <on>", "on": "<text>"}, "'text' contains itself"),
        ({"text": "<x> <x:=y>", "y": "z"}, "'x' is used where it is not remembered"),
        ({"text": "sings|sing"}, "'number' is used where"),
        (
            {"text": "<x=b> <y>", "y": Agreement("x", {"a": "hello"})},
            "'y' must have a text for each 'x'. Received none for 'b'",
        ),
    ],
)
def test_bad_templates_are_refused(rules, message):
    with pytest.raises(ValueError, match=message):
        compile_templates(rules, "text")
