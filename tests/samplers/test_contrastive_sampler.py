"""Contrastive search against a brute-force loop, and KerasHub's."""

import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_array_equal

from course_lib.samplers import ContrastiveSampler, GreedySampler
from tests.arrays import to_numpy
from tests.history_model import HistoryModel, contrastive_search

PROMPTS = [[2, 0, 1], [1, 1, 4, 3, 1], [4, 3, 1, 0]]


def search(model, sampler, max_length=12, prompts=PROMPTS, **kwargs):
    inputs = {**model.inputs(list(prompts), max_length), **kwargs}
    return to_numpy(sampler(model.next, **inputs))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 2, 4, 100])
@pytest.mark.parametrize("alpha", [0, 0.3, 0.6, 1.0])
def test_equals_a_brute_force_loop(seed, k, alpha):
    model = HistoryModel(5, seed=seed)
    found = search(model, ContrastiveSampler(k, alpha))
    for row, prompt in zip(found, PROMPTS, strict=True):
        expected = contrastive_search(
            model.logits_after, model.hidden_after, prompt, 12, k, alpha
        )
        assert row.tolist() == expected


def test_the_loop_does_not_take_the_likeliest_alone():
    model = HistoryModel(5)
    texts = [search(model, ContrastiveSampler(4, alpha)) for alpha in (0, 0.3, 0.6)]
    assert (texts[0] != texts[1]).any()
    assert (texts[1] != texts[2]).any()


@pytest.mark.parametrize("config", [{"k": 4, "alpha": 0.0}, {"k": 1, "alpha": 0.9}])
def test_without_similarity_or_choice_it_is_greedy(config):
    model = HistoryModel(5, seed=4)
    model.logits = model.logits.round()  # of equals, both take the lowest id
    greedy = search(model, GreedySampler())
    assert_array_equal(search(model, ContrastiveSampler(**config)), greedy)


@pytest.mark.parametrize("k", [2, 5])
def test_agrees_with_keras_hub(k):
    model = HistoryModel(5, seed=1)
    theirs = keras_hub.samplers.ContrastiveSampler(k, alpha=0.5)
    ours = search(model, ContrastiveSampler(k, alpha=0.5))
    assert_array_equal(ours, search(model, theirs))


def test_of_equals_the_lowest_id():
    model = HistoryModel(5)
    model.logits[:] = 0.0
    model.hidden[:] = 1.0
    found = search(model, ContrastiveSampler(3), prompts=[[2, 0]])
    assert found[0].tolist() == [2, *[0] * 11]


def test_a_forbidden_token_is_never_taken():
    model = HistoryModel(5)
    model.logits[:, [0, 2, 3, 4]] = -np.inf
    found = search(model, ContrastiveSampler(k=4, alpha=1.0), prompts=[[2, 0]])
    assert found[0].tolist() == [2, 0, *[1] * 10]


def test_a_hidden_state_of_zeros_is_not_compared():
    """All others are opposite: 0 would be the largest cosine."""
    model = HistoryModel(2, width=2)
    model.logits[:] = 0.0
    inputs = model.inputs([[0, 0, 0]], 4)
    inputs["hidden_states"] = ops.convert_to_tensor([[[0, 0], [-1.0, 0], [-1.0, 0]]])
    inputs["hidden_states"] = ops.pad(inputs["hidden_states"], [[0, 0], [0, 1], [0, 0]])
    model.hidden[model.state_after([0, 0, 0, 0])] = [1.0, 0.5]  # cosine -0.9 with them
    model.hidden[model.state_after([0, 0, 0, 1])] = [1.0, 0.1]  # -0.995: the newer
    found = to_numpy(ContrastiveSampler(k=2, alpha=1.0)(model.next, **inputs))
    assert found[0].tolist() == [0, 0, 0, 1]


class CountingSampler(ContrastiveSampler):
    """Keeps the index at which its loop ended."""

    def run_loop(self, *args, **kwargs):
        loop_vars = super().run_loop(*args, **kwargs)
        self.end = int(loop_vars[2])
        return loop_vars


def test_the_search_ends_when_all_rows_have_stopped():
    model = HistoryModel(3)
    model.logits[:] = [-np.inf, 0.0, -np.inf]
    sampler = CountingSampler(k=2)
    found = search(model, sampler, 30, [[2, 1], [0, 1, 2, 0]], stop_token_ids=[1])
    assert sampler.end == 5  # one step after the longest prompt
    assert found[1, :5].tolist() == [0, 1, 2, 0, 1]  # that of a prompt stops nothing


def test_needs_hidden_states():
    model = HistoryModel(3)
    with pytest.raises(ValueError, match=r"`hidden_states` of the prompt.*=None"):
        search(model, ContrastiveSampler(), hidden_states=None)


def test_config_round_trip():
    config = ContrastiveSampler(k=3, alpha=0.2).get_config()
    assert config == {"k": 3, "alpha": 0.2}
    assert ContrastiveSampler.from_config(config).get_config() == config


@pytest.mark.parametrize("k", [0, -1, 2.5, True, None])
def test_bad_k(k):
    with pytest.raises(ValueError, match=rf"`k` must be a positive integer.*k={k!r}"):
        ContrastiveSampler(k)


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan"), None])
def test_bad_alpha(alpha):
    message = rf"`alpha` must be in \[0, 1\]. Received: alpha={alpha!r}"
    with pytest.raises(ValueError, match=message):
        ContrastiveSampler(alpha=alpha)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    model = HistoryModel(3)
    model.logits[:, 1] = value
    with pytest.raises(ValueError, match=r"`logits` must be finite.*NaN or \+inf"):
        search(model, ContrastiveSampler())
