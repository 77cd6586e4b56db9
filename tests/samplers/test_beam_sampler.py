"""Beam search against exhaustive search, greedy search and a plain loop."""

import contextlib

import keras
import keras_hub
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.samplers import BeamSampler, GreedySampler
from tests.arrays import to_numpy
from tests.history_model import HistoryModel, all_texts, beam_search, padded

PROMPT = [2, 0]


def search(model, sampler, max_length=6, prompts=(PROMPT,), stop_token_ids=None):
    """What a call of the sampler returns, as numpy."""
    inputs = model.inputs(list(prompts), max_length)
    result = sampler(model.next, stop_token_ids=stop_token_ids, **inputs)
    if isinstance(result, tuple):
        return tuple(map(to_numpy, result))
    return to_numpy(result)


def text_until_stop(tokens, stops):
    ends = [i for i in range(len(PROMPT), len(tokens)) if tokens[i] in stops]
    return list(tokens[: ends[0] + 1] if ends else tokens)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length_penalty", [0, 0.7, 1.0, 2.0])
@pytest.mark.parametrize("stops", [(), (1,), (0, 1)])
def test_v_to_the_n_beams_equal_exhaustive_search(seed, length_penalty, stops):
    model = HistoryModel(3, seed=seed)
    texts = all_texts(model.logits_after, PROMPT, 6, stops)
    scores = [lp / len(new) ** length_penalty for lp, new in texts]
    order = np.argsort(-np.array(scores))
    sampler = BeamSampler(3**4, True, length_penalty)
    found, found_scores = search(model, sampler, 6, stop_token_ids=stops or None)
    assert found.shape == (1, 81, 6)
    for rank, i in enumerate(order):
        assert found[0, rank].tolist() == padded(PROMPT + texts[i][1], 6)
        assert found_scores[0, rank] == pytest.approx(scores[i], abs=1e-5)
    assert (found_scores[0, len(texts) :] == -np.inf).all()  # no more texts than these
    assert len(texts) == 81 or stops


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("stops", [None, [1], [0, 3]])
def test_one_beam_equals_greedy_search(seed, stops):
    model = HistoryModel(4, seed=seed)
    model.logits = model.logits.round()  # of equals, both take the lowest id
    beam = search(model, BeamSampler(num_beams=1), 12, stop_token_ids=stops)[0]
    greedy = search(model, GreedySampler(), 12)[0]
    assert beam.tolist() == padded(text_until_stop(greedy, stops or ()), 12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("num_beams", [2, 3, 5])
@pytest.mark.parametrize("length_penalty", [0.0, 1.0])
@pytest.mark.parametrize("stops", [(), (1,), (0, 4)])
def test_equals_a_plain_loop(seed, num_beams, length_penalty, stops):
    model = HistoryModel(5, seed=seed)
    sampler = BeamSampler(num_beams, True, length_penalty)
    texts, scores = search(model, sampler, 9, stop_token_ids=stops or None)
    expected = beam_search(
        model.logits_after, PROMPT, 9, num_beams, stops, length_penalty
    )
    assert_allclose(scores[0], [score for score, _ in expected], atol=1e-5)
    assert texts[0].tolist() == [padded(tokens, 9) for _, tokens in expected]
    best = search(
        model,
        BeamSampler(num_beams, length_penalty=length_penalty),
        9,
        stop_token_ids=stops or None,
    )
    assert_array_equal(best[0], texts[0, 0])


@pytest.mark.parametrize("num_beams", [1, 2, 4])
def test_without_stop_tokens_agrees_with_keras_hub(num_beams):
    model = HistoryModel(5, seed=1)
    prompts = [[2, 0], [1, 1], [4, 3]]
    ours = search(model, BeamSampler(num_beams, True), 9, prompts)
    theirs = keras_hub.samplers.BeamSampler(num_beams, return_all_beams=True)
    their_texts, their_scores = search(model, theirs, 9, prompts)
    assert_array_equal(ours[0], their_texts)
    assert_allclose(ours[1], their_scores, atol=1e-5)


@pytest.mark.parametrize("stops", [None, [1]])
def test_rows_are_searched_as_if_alone(stops):
    model = HistoryModel(5, seed=2)
    prompts = [[2, 0], [1, 1, 4, 3, 1], [4, 3, 1]]
    sampler = BeamSampler(3, True, length_penalty=1.0)
    texts, scores = search(model, sampler, 9, prompts, stops)
    for row, prompt in enumerate(prompts):
        alone = search(model, sampler, 9, [prompt], stops)
        assert_array_equal(texts[row], alone[0][0])
        assert_allclose(scores[row], alone[1][0], atol=1e-5)


def test_a_finished_text_keeps_its_score_and_is_not_continued():
    model = HistoryModel(3)
    model.logits[:] = np.log([0.05, 0.05, 0.9])
    model.logits[model.state_after(PROMPT)] = np.log([0.3, 0.4, 0.3])
    # stopping at once has 0.4; all texts of four tokens have less
    texts, scores = search(model, BeamSampler(4, True), 6, stop_token_ids=[1])
    assert texts[0, 0].tolist() == padded([*PROMPT, 1], 6)
    assert scores[0, 0] == pytest.approx(np.log(0.4), abs=1e-5)
    # a token of the others has a better mean than log(0.4)
    longer = search(model, BeamSampler(4, length_penalty=1.0), 6, stop_token_ids=[1])
    assert longer[0].tolist() == [*PROMPT, 0, 2, 2, 2]


def test_wider_finds_what_greedy_search_misses():
    model = HistoryModel(2)
    model.logits[:] = 0.0
    model.logits[model.state_after([0])] = np.log([0.6, 0.4])
    model.logits[model.state_after([0, 1])] = np.log([0.95, 0.05])
    greedy = search(model, BeamSampler(1, True), 3, [[0]])
    wider = search(model, BeamSampler(2, True), 3, [[0]])
    assert greedy[0][0, 0].tolist() == [0, 0, 0]
    assert wider[0][0, 0].tolist() == [0, 1, 0]
    assert_allclose(np.exp([greedy[1][0, 0], wider[1][0, 0]]), [0.3, 0.38], rtol=1e-5)


def test_a_forbidden_token_is_in_no_text():
    model = HistoryModel(4)
    model.logits[:, [0, 3]] = -np.inf
    texts, scores = search(model, BeamSampler(8, True), 5)
    assert set(texts[0, :, len(PROMPT) :].ravel()) == {1, 2}
    assert np.exp(scores).sum() == pytest.approx(1, abs=1e-5)  # all 8 there are


class CountingSampler(BeamSampler):
    """Keeps the index at which its loop ended."""

    def run_loop(self, *args, **kwargs):
        loop_vars = super().run_loop(*args, **kwargs)
        self.end = int(loop_vars[2])
        return loop_vars


def test_the_search_ends_when_all_beams_have():
    model = HistoryModel(3)
    model.logits[:] = [-np.inf, 0.0, -np.inf]  # fewer texts than beams: still it ends
    sampler = CountingSampler(num_beams=2)
    search(model, sampler, 30, [[2, 0], [0, 2, 2, 0]], stop_token_ids=[1])
    assert sampler.end == 5  # one step after the longest prompt
    search(model, sampler, 30, stop_token_ids=None)
    assert sampler.end == 30


def test_no_mask_and_no_cache():
    table = ops.convert_to_tensor(np.log([[0.1, 0.9], [0.7, 0.3]]), "float32")

    def next(prompt, cache, index):
        return ops.take(table, prompt[:, index - 1], axis=0), None, cache

    prompt = ops.zeros((1, 3), "int32")
    texts, scores = BeamSampler(2, True)(next, prompt, index=1)
    assert to_numpy(texts)[0].tolist() == [[0, 1, 0], [0, 1, 1]]
    assert_allclose(np.exp(to_numpy(scores)[0]), [0.63, 0.27], rtol=1e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_raise(value):
    model = HistoryModel(3)
    model.logits[:, 1] = value
    expected = pytest.raises(ValueError, match=r"`logits` must be finite.*\+inf")
    if keras.config.backend() == "jax":  # compiles every loop, so nothing can raise
        expected = contextlib.nullcontext()
    with expected:
        search(model, BeamSampler(2))


def test_config_round_trip():
    config = BeamSampler(3, True, 0.6).get_config()
    assert config == {"num_beams": 3, "return_all_beams": True, "length_penalty": 0.6}
    assert BeamSampler.from_config(config).get_config() == config


@pytest.mark.parametrize("num_beams", [0, -1, 2.5, True, None])
def test_bad_num_beams(num_beams):
    message = rf"`num_beams` must be a positive integer.*num_beams={num_beams!r}"
    with pytest.raises(ValueError, match=message):
        BeamSampler(num_beams)


@pytest.mark.parametrize("length_penalty", [-1, float("nan"), float("inf"), None])
def test_bad_length_penalty(length_penalty):
    message = f"`length_penalty` must be a finite.*length_penalty={length_penalty!r}"
    with pytest.raises(ValueError, match=message):
        BeamSampler(2, length_penalty=length_penalty)
