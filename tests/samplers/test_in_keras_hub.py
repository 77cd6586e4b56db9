"""Our samplers in a model of KerasHub's."""

from functools import partial

import keras_hub
import numpy as np
import pytest

from course_lib.samplers import (
    BeamSampler,
    ContrastiveSampler,
    FilterSampler,
    GreedySampler,
    MinPSampler,
    RandomSampler,
    TopKSampler,
    TopPSampler,
    filters,
)
from tests.arrays import randomise, to_numpy
from tests.draws import softmax
from tests.history_model import beam_search


@pytest.fixture(scope="module")
def gpt2():
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=20,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=9,
    )
    model = keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)
    randomise(model, seed=9)  # one whose greedy texts vary
    return model


PROMPTS = [[3, 4], [5, 6], [7, 8]]


def as_inputs(token_ids):
    token_ids = np.array([[*row, *[0] * (9 - len(row))] for row in token_ids], "int32")
    return {"token_ids": token_ids, "padding_mask": (token_ids > 0).astype("int32")}


def generate(model, sampler, prompts=PROMPTS, stop_token_ids=None, jit_compile=False):
    model.compile(sampler=sampler, jit_compile=jit_compile)
    outputs = model.generate(as_inputs(prompts), stop_token_ids=stop_token_ids)
    rows = zip(outputs["token_ids"], outputs["padding_mask"], strict=True)
    return [token_ids[kept].tolist() for token_ids, kept in rows]


def logits_after(model, tokens):
    return to_numpy(model(as_inputs([tokens])))[0, len(tokens) - 1]


@pytest.fixture(scope="module")
def greedy(gpt2):
    return generate(gpt2, keras_hub.samplers.GreedySampler())


@pytest.mark.parametrize(
    "sampler",
    [
        GreedySampler(),
        RandomSampler(temperature=0),
        TopKSampler(k=1, seed=0),
        TopPSampler(p=1e-6, k=5, seed=0),
        MinPSampler(min_p=1.0, seed=0),
        FilterSampler([partial(filters.top_p, p=0.5)], temperature=0),
        BeamSampler(num_beams=1),
        ContrastiveSampler(k=3, alpha=0),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_takes_the_tokens_of_keras_hubs_greedy_sampler(gpt2, greedy, sampler):
    assert generate(gpt2, sampler) == greedy


STOCHASTIC = {
    "random": RandomSampler,
    "top-k": partial(TopKSampler, k=9),
    "top-p": partial(TopPSampler, p=0.9),
    "min-p": partial(MinPSampler, min_p=0.01),
    "filters": partial(FilterSampler, [partial(filters.suppress, token_ids=[1])]),
}


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_seed_gives_the_same_text_again(gpt2, greedy, name):
    sampler = STOCHASTIC[name]
    first, second, other = (
        generate(gpt2, sampler(temperature=5.0, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == second != greedy
    assert other != first


@pytest.mark.parametrize("num_beams", [2, 3])
@pytest.mark.parametrize("jit_compile", [False, True])
def test_beam_search_agrees_with_keras_hubs(gpt2, greedy, num_beams, jit_compile):
    ours = generate(gpt2, BeamSampler(num_beams), jit_compile=jit_compile)
    assert ours == generate(gpt2, keras_hub.samplers.BeamSampler(num_beams))
    assert ours != greedy


def test_beams_stop(gpt2):
    stops = sorted({row[4] for row in generate(gpt2, BeamSampler(3))})
    prompts = [[3, 4], [5, 6, 2, 1], [7, 8, 9]]
    texts = generate(gpt2, BeamSampler(3, length_penalty=1.0), prompts, stops)
    expected = [
        beam_search(partial(logits_after, gpt2), prompt, 9, 3, stops, 1.0)[0][1]
        for prompt in prompts
    ]
    assert texts == expected
    assert min(map(len, texts)) < 9


@pytest.mark.parametrize("jit_compile", [False, True])
def test_contrastive_search_agrees_with_keras_hubs(gpt2, greedy, jit_compile):
    ours = generate(gpt2, ContrastiveSampler(4, 0.6), jit_compile=jit_compile)
    assert ours == generate(gpt2, keras_hub.samplers.ContrastiveSampler(4, 0.6))
    assert ours != greedy


@pytest.mark.parametrize("jit_compile", [False, True])
def test_a_penalty_knows_each_rows_tokens(gpt2, jit_compile):
    penalty = partial(filters.repetition_penalty, penalty=3.0)
    sampler = FilterSampler([penalty], temperature=0)
    prompts = [[3, 4], [5, 6, 2, 1], [7]]
    texts = generate(gpt2, sampler, prompts, jit_compile=jit_compile)
    for text, prompt in zip(texts, prompts, strict=True):
        tokens = list(prompt)
        while len(tokens) < 9:
            probabilities = softmax(logits_after(gpt2, tokens))
            probabilities[list(set(tokens))] **= 3.0
            tokens.append(int(probabilities.argmax()))
        assert text == tokens
