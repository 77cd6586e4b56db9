"""Samplers that try several tokens a row, or ask for those before, in a mini-GPT."""

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.models import MiniGPTCausalLM
from course_lib.models.generation import Decoder, window_start
from course_lib.samplers import (
    BeamSampler,
    ContrastiveSampler,
    FilterSampler,
    GreedySampler,
    filters,
)
from tests.arrays import randomise, to_numpy
from tests.draws import softmax
from tests.history_model import beam_search, contrastive_search
from tests.tiny_gpt import (
    END,
    PAD,
    UNK,
    as_inputs,
    favour,
    next_logits,
    prompts_as_ids,
    seen,
    tiny_gpt,
)

WINDOW = 8
LENGTHS = [2, 5, 3]


def lively_gpt(**config):
    """A tiny mini-GPT that does not always take the same token."""
    gpt = tiny_gpt(normalize_first=True, num_layers=2, **config)
    randomise(gpt, seed=4)
    return gpt


@pytest.fixture(scope="module")
def gpt():
    return lively_gpt(preprocessor=False)


def generate(gpt, sampler, max_length, lengths=LENGTHS, stop_token_ids=None):
    """The prompts and the texts, each up to its end, as lists."""
    gpt.compile(sampler=sampler)
    inputs = prompts_as_ids(lengths, max_length)
    outputs = gpt.generate(inputs, stop_token_ids=stop_token_ids)
    return unpadded(inputs), unpadded(outputs)


def unpadded(batch):
    rows = zip(batch["token_ids"], batch["padding_mask"], strict=True)
    return [token_ids[kept].tolist() for token_ids, kept in rows]


def logits_after(gpt, tokens):
    return next_logits(gpt, [list(tokens)])[0]


def hidden_after(gpt, tokens):
    """Hidden state of the newest token, from all that the model then sees."""
    kept = seen(tokens, WINDOW)
    padded = as_inputs([kept + [PAD] * (WINDOW - len(kept))])
    return to_numpy(gpt.backbone(padded))[0, len(kept) - 1]


@pytest.mark.parametrize("max_length", [7, 20])
@pytest.mark.parametrize(
    "sampler", [BeamSampler(1), ContrastiveSampler(3, alpha=0.0), FilterSampler([], 0)]
)
def test_what_should_be_greedy_is(gpt, sampler, max_length):
    greedy = generate(gpt, GreedySampler(), max_length)
    assert generate(gpt, sampler, max_length) == greedy


@pytest.mark.parametrize(
    ("max_length", "stops"), [(7, None), (20, None), (20, [4, END])]
)
def test_beam_search_equals_a_plain_loop(gpt, max_length, stops):
    sampler = BeamSampler(num_beams=3, length_penalty=0.8)
    prompts, texts = generate(gpt, sampler, max_length, stop_token_ids=stops)
    for prompt, text in zip(prompts, texts, strict=True):
        beams = beam_search(
            partial(logits_after, gpt), prompt, max_length, 3, stops or (), 0.8
        )
        assert text == beams[0][1]


@pytest.mark.parametrize("max_length", [7, 20])
def test_contrastive_search_equals_a_brute_force_loop(gpt, max_length):
    sampler = ContrastiveSampler(k=4, alpha=0.6)
    prompts, texts = generate(gpt, sampler, max_length)
    assert texts != generate(gpt, GreedySampler(), max_length)[1]
    for prompt, text in zip(prompts, texts, strict=True):
        expected = contrastive_search(
            partial(logits_after, gpt),
            partial(hidden_after, gpt),
            prompt,
            max_length,
            k=4,
            alpha=0.6,
        )
        assert text == expected


@pytest.mark.parametrize("length", [3, 8, 9, 15, 20])
def test_hidden_states_of_a_prompt_are_those_of_its_window(gpt, length):
    token_ids = prompts_as_ids([length, length], 20)["token_ids"]
    hidden_states, _ = Decoder(gpt, 20).read_prompt(token_ids, length)
    hidden_states = to_numpy(hidden_states)
    start = int(window_start(length - 1, WINDOW))
    expected = to_numpy(gpt.backbone(as_inputs(token_ids[:, start:length])))
    assert hidden_states.shape == (2, 20, 8)
    assert_allclose(hidden_states[:, start:length], expected, atol=1e-5)
    assert (hidden_states[:, :start] == 0).all()


@pytest.mark.parametrize("max_length", [7, 20])
def test_a_penalty_counts_what_the_model_no_longer_sees(gpt, max_length):
    penalty = partial(filters.repetition_penalty, penalty=2.0)
    sampler = FilterSampler([penalty], temperature=0)
    prompts, texts = generate(gpt, sampler, max_length)
    for prompt, text in zip(prompts, texts, strict=True):
        tokens = list(prompt)
        while len(tokens) < max_length:
            probabilities = softmax(logits_after(gpt, tokens))
            probabilities[list(set(tokens))] **= 2.0
            tokens.append(int(probabilities.argmax()))
        assert text == tokens


@pytest.mark.parametrize("token_id", [PAD, UNK])
@pytest.mark.parametrize("sampler", [BeamSampler(12), ContrastiveSampler(12, 1.0)])
def test_special_tokens_are_in_no_text(sampler, token_id):
    gpt = tiny_gpt(preprocessor=False)
    favour(gpt, token_id)  # all the probability there is
    texts = generate(gpt, sampler, 12)[1]
    assert not np.isin(np.concatenate(texts), [PAD, UNK]).any()


def test_a_stream_tells_the_filters_the_tokens_before():
    gpt = lively_gpt()
    chosen = [partial(filters.repetition_penalty, penalty=2.0)]

    def model():
        model = MiniGPTCausalLM(gpt.backbone, gpt.preprocessor)
        model.compile(sampler=FilterSampler(chosen, temperature=1.5, seed=3))
        return model

    generating, streaming = model(), model()
    for prompt in ("not a very", "a film.", "a film."):
        text = generating.generate(prompt, max_length=20)
        assert "".join(streaming.stream(prompt, max_length=20)) == text


@pytest.mark.parametrize("sampler", [BeamSampler(2), ContrastiveSampler(2)])
def test_a_search_cannot_be_streamed(gpt, sampler):
    gpt.compile(sampler=sampler)
    with pytest.raises(ValueError, match=f"one token after.*{type(sampler).__name__}"):
        gpt.stream(prompts_as_ids([2], 6), stop_token_ids=None)


def test_text_in_text_out():
    gpt = lively_gpt()
    gpt.compile(sampler=BeamSampler(3))
    texts = gpt.generate(["a film", "not a very bad plot"], max_length=12)
    assert [text[:6] for text in texts] == ["a film", "not a "]
    assert texts[0] == gpt.generate("a film", max_length=12)


def test_all_beams_are_for_calls_of_the_sampler(gpt):
    gpt.compile(sampler=BeamSampler(2, return_all_beams=True))
    with pytest.raises(ValueError, match=r"one text for each prompt.*all_beams=True"):
        gpt.generate(prompts_as_ids([2], 6), stop_token_ids=None)


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
@pytest.mark.parametrize("sampler", [BeamSampler(2), ContrastiveSampler(2)])
def test_generates_in_low_precision(sampler, dtype):
    gpt = tiny_gpt(preprocessor=False, dtype=dtype)
    prompts, texts = generate(gpt, sampler, 12)
    for prompt, text in zip(prompts, texts, strict=True):
        assert_array_equal(text[: len(prompt)], prompt)
        assert len(text) == 12
