"""Filters in a row: their order, what they are told, how they are kept in a config."""

import json
from functools import partial

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_array_equal

from course_lib.samplers import (
    FilterSampler,
    MinPSampler,
    RandomSampler,
    TopKSampler,
    TopPSampler,
    filters,
)
from tests import draws
from tests.arrays import to_numpy
from tests.draws import LOGITS, draw, looks_drawn_from, softmax
from tests.history_model import HistoryModel


@keras.saving.register_keras_serializable(package="tests")
def sharpen(probabilities, power=2.0):
    """A filter of one's own."""
    powers = probabilities**power
    return powers / ops.sum(powers, axis=-1, keepdims=True)


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", [0.7, 2.0])
def test_draws_from_what_the_filters_leave_in_their_order(name, temperature):
    row = softmax(LOGITS[name], temperature)
    steps = [
        (partial(filters.suppress, token_ids=[3]), draws.keep(row, [0, 1, 2, 4, 5])),
    ]
    steps.append((partial(filters.top_k, k=4), draws.top_k(steps[-1][1], 4)))
    steps.append((partial(filters.top_p, p=0.93), draws.top_p(steps[-1][1], 0.93)))
    steps.append((partial(filters.min_p, min_p=0.1), draws.min_p(steps[-1][1], 0.1)))
    for length in (1, 2, 3, 4):
        chosen = [function for function, _ in steps[:length]]
        sampler = FilterSampler(chosen, temperature, seed=length)
        assert looks_drawn_from(draw(sampler, LOGITS[name]), steps[length - 1][1])


def test_the_order_counts():
    """Without the first token, the nucleus of what is left is another one."""
    row = np.array([0.4, 0.3, 0.2, 0.1])
    suppress = partial(filters.suppress, token_ids=[0])
    top_p = partial(filters.top_p, p=0.6)
    first = draw(FilterSampler([suppress, top_p], seed=0), np.log(row))
    last = draw(FilterSampler([top_p, suppress], seed=0), np.log(row))
    assert set(first) == {1, 2}
    assert set(last) == {1}


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        ([], RandomSampler),
        ([partial(filters.top_k, k=3)], partial(TopKSampler, k=3)),
        ([partial(filters.top_k, k=900)], RandomSampler),
        ([partial(filters.top_p, p=0.6)], partial(TopPSampler, p=0.6)),
        ([partial(filters.min_p, min_p=0.4)], partial(MinPSampler, min_p=0.4)),
    ],
)
@pytest.mark.parametrize("temperature", [0, 0.7])
def test_one_filter_draws_from_the_support_of_its_sampler(chosen, other, temperature):
    ours = FilterSampler(chosen, temperature, seed=3)
    theirs = other(temperature=temperature, seed=3)
    expected = set(draw(theirs, LOGITS["mixed"]))
    assert set(draw(ours, LOGITS["mixed"])) == expected


def test_temperature_zero_takes_the_likeliest_of_what_is_left():
    suppress = partial(filters.suppress, token_ids=[1, 3])
    logits = [1.0, 5.0, 2.0, 5.0, 2.0]
    assert set(draw(FilterSampler([suppress], temperature=0), logits)) == {2}
    assert set(draw(FilterSampler([], temperature=0), logits)) == {1}


def test_filters_are_told_the_tokens_before():
    """All pairs of new tokens come as often as the penalty says."""
    model = HistoryModel(3, seed=5)
    model.logits /= 3  # or some pairs are too rare to count
    penalty = partial(filters.repetition_penalty, penalty=2.5)
    sampler = FilterSampler([penalty], temperature=1.5, seed=1)
    inputs = model.inputs([[2]] * 20_000, 3)
    token_ids = to_numpy(sampler(model.next, **inputs))
    assert (token_ids[:, 0] == 2).all()

    def step(tokens):
        row = softmax(model.logits_after(tokens), 1.5)
        row[list(set(tokens))] **= 2.5
        return row / row.sum()

    pairs = np.ravel(
        [[step([2])[a] * step([2, a])[b] for b in range(3)] for a in range(3)]
    )
    assert looks_drawn_from(token_ids[:, 1] * 3 + token_ids[:, 2], pairs)
    unpenalised = np.ravel(
        [softmax(model.logits_after([2]), 1.5)[a] * step([2, a]) for a in range(3)]
    )
    assert not looks_drawn_from(token_ids[:, 1] * 3 + token_ids[:, 2], unpenalised)


def test_rows_are_told_their_own_tokens():
    """With a huge penalty no token comes twice, while another is left."""
    model = HistoryModel(6)
    penalty = partial(filters.repetition_penalty, penalty=1e4)
    prompts = [[0, 1], [4, 4, 2], [5, 3]]
    for temperature in (0, 1.0):
        sampler = FilterSampler([penalty], temperature, seed=0)
        inputs = model.inputs(prompts, 6)
        token_ids = to_numpy(sampler(model.next, **inputs))
        for row, prompt in zip(token_ids, prompts, strict=True):
            assert row[: len(prompt)].tolist() == prompt
            assert len(set(row)) == 6 - len(prompt) + len(set(prompt))


def test_tokens_before_are_known_in_a_call_alone():
    sampler = FilterSampler([partial(filters.repetition_penalty, penalty=2.0)])
    model = HistoryModel(3)
    sampler(model.next, **model.inputs([[2]], 4))  # nothing of it is kept
    with pytest.raises(ValueError, match="`filters` ask for the tokens before"):
        draw(sampler, [0.0, 1.0])


def test_the_same_seed_draws_the_same_tokens_and_goes_on():
    chosen = [partial(filters.top_k, k=5)]
    first, second = (FilterSampler(chosen, seed=7) for _ in "12")
    runs = [[draw(s, np.zeros(9)) for _ in "12"] for s in (first, second)]
    assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).any()


def every_filter():
    return [
        partial(filters.suppress, token_ids=np.array([4, 5])),
        partial(filters.repetition_penalty, penalty=1.3),
        partial(filters.top_k, k=np.int64(3)),
        partial(filters.top_p, p=np.float32(0.75)),
        partial(filters.min_p, min_p=0.1),
        sharpen,
        partial(partial(sharpen, power=3.0), power=0.5),
    ]


def test_json_round_trip():
    sampler = FilterSampler(every_filter(), temperature=0.7, seed=4)
    text = json.dumps(keras_hub.samplers.serialize(sampler))
    loaded = keras_hub.samplers.deserialize(json.loads(text))
    assert isinstance(loaded, FilterSampler)
    assert json.dumps(keras_hub.samplers.serialize(loaded)) == text
    assert [f.func for f in loaded.filters] == [f.func for f in sampler.filters]
    assert loaded.filters[-1].keywords == {"power": 0.5}
    assert (loaded.temperature, loaded.seed) == (0.7, 4)
    model = HistoryModel(7)
    texts = [
        to_numpy(s(model.next, **model.inputs([[1]] * 50, 9)))
        for s in (sampler, loaded)
    ]
    assert_array_equal(*texts)
    assert not np.isin(texts[0], [4, 5]).any()


def test_the_default_filters_nothing():
    assert FilterSampler().get_config() == {
        "temperature": 1.0,
        "seed": None,
        "filters": [],
    }
    expected = draw(RandomSampler(seed=0), LOGITS["mixed"])
    assert_array_equal(draw(FilterSampler(seed=0), LOGITS["mixed"]), expected)


@pytest.mark.parametrize("chosen", ["top_k", [3], filters.top_k, None, [None]])
def test_bad_filters(chosen):
    with pytest.raises(ValueError, match="`filters` must be a list of functions"):
        FilterSampler(chosen)


def test_arguments_given_by_position():
    with pytest.raises(ValueError, match=r"arguments given by name.*top_k"):
        FilterSampler([partial(filters.top_k, 5)])


def test_bad_temperature():
    with pytest.raises(ValueError, match=r"`temperature` must be.*temperature=-1"):
        FilterSampler([], temperature=-1)


def test_nothing_left_raises():
    nothing = FilterSampler([lambda probabilities: probabilities * 0.0])
    with pytest.raises(ValueError, match=r"`filters` must leave a token.*nothing left"):
        draw(nothing, [0.0, 1.0])
    suppress = partial(filters.suppress, token_ids=[0, 1])
    with pytest.raises(ValueError, match=r"`token_ids` must leave.*\[0, 1\]"):
        draw(FilterSampler([suppress]), [0.0, 1.0, -np.inf])


@pytest.mark.parametrize("temperature", [0, 1.0])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value, temperature):
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        draw(FilterSampler([], temperature), [0.0, value])


def test_a_row_without_a_choice_raises():
    with pytest.raises(ValueError, match=r"at least one token.*nothing but -inf"):
        draw(FilterSampler(), [-np.inf, -np.inf])
