"""Our samplers in a model of KerasHub's."""

import keras_hub
import numpy as np
import pytest

from course_lib.samplers import GreedySampler, RandomSampler, TopKSampler, TopPSampler
from tests.arrays import randomise


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
    randomise(model)
    return model


def generate(model, sampler):
    token_ids = np.zeros((3, 9), "int32")
    token_ids[:, :2] = [[3, 4], [5, 6], [7, 8]]
    inputs = {"token_ids": token_ids, "padding_mask": (token_ids > 0).astype("int32")}
    model.compile(sampler=sampler, jit_compile=False)
    return model.generate(inputs, stop_token_ids=None)["token_ids"].tolist()


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
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_takes_the_tokens_of_keras_hubs_greedy_sampler(gpt2, greedy, sampler):
    assert generate(gpt2, sampler) == greedy


def test_a_seed_gives_the_same_text_again(gpt2, greedy):
    first, second = (
        generate(gpt2, RandomSampler(temperature=5.0, seed=1)) for _ in range(2)
    )
    assert first == second != greedy
