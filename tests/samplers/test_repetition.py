"""The repetition penalty: its formula, and what it has to do with CTRL's."""

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from course_lib.samplers import filters
from tests.arrays import to_numpy
from tests.draws import softmax

LOGITS = np.array([[2.0, -1.0, 0.5, 3.0, -2.0], [0.0, 0.0, 1.0, -1.0, 4.0]])
PREVIOUS = np.array([[0, 1, 1, 0, -1, -1], [4, 3, 3, 4, 2, 2]])
SEEN = np.array([[1, 1, 0, 0, 0], [0, 0, 1, 1, 1]], bool)


def rows_of(logits):
    return np.array([softmax(row) for row in logits])


def penalised(probabilities, previous_token_ids=PREVIOUS, penalty=1.2):
    probabilities = ops.convert_to_tensor(probabilities, "float32")
    found = filters.repetition_penalty(probabilities, previous_token_ids, penalty)
    return to_numpy(found)


def ctrl_as_published(logits, penalty):
    """Equation of section 4.1: seen logits are divided."""
    return rows_of(np.where(SEEN, logits / penalty, logits))


def ctrl_as_programmed(logits, penalty):
    """A negative logit, divided, would rise: it is multiplied instead."""
    lowered = np.where(logits < 0, logits * penalty, logits / penalty)
    return rows_of(np.where(SEEN, lowered, logits))


@pytest.mark.parametrize("penalty", [0.5, 1.0, 1.2, 3.0])
def test_probabilities_of_seen_tokens_are_raised_to_the_penalty(penalty):
    rows = rows_of(LOGITS)
    powers = np.where(SEEN, rows**penalty, rows)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    assert_allclose(penalised(rows, penalty=penalty), expected, atol=1e-6)


@pytest.mark.parametrize("penalty", [1.2, 3.0])
def test_it_is_the_rule_of_programs_with_log_probabilities_for_logits(penalty):
    rows = rows_of(LOGITS)
    expected = ctrl_as_programmed(np.log(rows), penalty)
    assert_allclose(penalised(rows, penalty=penalty), expected, atol=1e-6)


def test_a_constant_in_all_logits_changes_ctrls_rule_and_not_this_one():
    shifted = LOGITS + 10.0
    assert_allclose(rows_of(shifted), rows_of(LOGITS))  # the same distribution
    rules = [ctrl_as_published, ctrl_as_programmed]
    for rule in rules:
        assert abs(rule(shifted, 1.2) - rule(LOGITS, 1.2)).max() > 0.1
    assert_allclose(penalised(rows_of(shifted)), penalised(rows_of(LOGITS)), atol=1e-6)


def test_dividing_a_negative_logit_makes_its_token_likelier():
    seen_and_unlikely = (0, 1)
    before = rows_of(LOGITS)[seen_and_unlikely]
    odds = before / rows_of(LOGITS)[0, 2]  # against a token that is not there
    published = ctrl_as_published(LOGITS, 2.0)
    assert published[seen_and_unlikely] / published[0, 2] > odds
    ours = penalised(rows_of(LOGITS), penalty=2.0)
    assert ours[seen_and_unlikely] / ours[0, 2] < odds


def test_how_often_and_where_a_token_was_does_not_count():
    rows = rows_of(LOGITS)
    again = [[1, 0, -1], [2, 3, 4]]
    assert_allclose(penalised(rows, again), penalised(rows), atol=1e-7)


def test_nothing_before_and_penalty_one_change_nothing():
    rows = rows_of(LOGITS)
    assert_allclose(penalised(rows, np.full((2, 3), -1)), rows, atol=1e-6)
    assert_allclose(penalised(rows, penalty=1), rows, atol=1e-6)


def test_zeros_stay_and_a_sure_token_stays_sure():
    rows = [[1.0, 0, 0, 0, 0], [0, 0.5, 0, 0, 0.5]]
    found = penalised(rows, [[0, 1], [4, 4]], penalty=4.0)
    assert_allclose(found, [[1, 0, 0, 0, 0], [0, 8 / 9, 0, 0, 1 / 9]], atol=1e-6)


def test_a_penalty_so_large_that_all_powers_underflow():
    found = penalised(rows_of(LOGITS), np.tile(np.arange(5), (2, 1)), penalty=1e4)
    assert_allclose(found, [[0, 0, 0, 1, 0], [0, 0, 0, 0, 1]], atol=1e-6)


@pytest.mark.parametrize("penalty", [0, -1.2, float("nan"), float("inf"), None, "1"])
def test_bad_penalty(penalty):
    message = (
        f"`penalty` must be a finite number above 0. Received: penalty={penalty!r}"
    )
    with pytest.raises(ValueError, match=message):
        penalised(rows_of(LOGITS), penalty=penalty)


@pytest.mark.parametrize("token_id", [5, -2])
def test_bad_previous_token_ids(token_id):
    with pytest.raises(ValueError, match="`previous_token_ids` must be integers from"):
        penalised(rows_of(LOGITS), [[0, 1], [1, token_id]])
