"""Cached generation against plain loops that read the whole window at each step."""

import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.models.generation import window_start
from course_lib.samplers import GreedySampler
from tests.arrays import to_numpy
from tests.tiny_gpt import VOCABULARY, next_logits, prompts_as_ids, seen, tiny_gpt


class RecordingSampler(GreedySampler):
    """Keeps the logits `(max_length, B, V)` of all steps beside the cache."""

    def __call__(self, next, prompt, cache=None, **kwargs):
        def recorded(prompt, state, index):
            cache, record = state
            logits, hidden_states, cache = next(prompt, cache, index)
            record = ops.slice_update(record, (index, 0, 0), logits[None])
            return logits, hidden_states, (cache, record)

        batch_size, max_length = ops.shape(prompt)
        record = ops.zeros((max_length, batch_size, len(VOCABULARY)))
        return super().__call__(recorded, prompt, cache=(cache, record), **kwargs)

    def run_loop(self, *args, **kwargs):
        loop_vars = super().run_loop(*args, **kwargs)
        self.logits = to_numpy(loop_vars[1][1])
        return loop_vars


def check_against_uncached(gpt, lengths, max_length):
    """Generate greedily and compare the logits of each step with uncached ones."""
    gpt.sampler = RecordingSampler()
    inputs = prompts_as_ids(lengths, max_length)
    token_ids = to_numpy(gpt.generate_step(inputs)["token_ids"])
    for row, length in enumerate(lengths):
        assert_array_equal(token_ids[row, :length], inputs["token_ids"][row, :length])
    for i in range(min(lengths), max_length):
        expected = next_logits(gpt, token_ids[:, :i].tolist())
        assert_allclose(gpt.sampler.logits[i], expected, atol=1e-5)
        for row, length in enumerate(lengths):
            if i >= length:
                assert token_ids[row, i] == expected[row].argmax()


@pytest.mark.parametrize("window", [1, 2, 5, 8, 30])
def test_the_window_starts_where_the_documented_rule_says(window):
    for position in range(4 * window + 3):
        kept = seen(range(position + 1), window)
        assert int(window_start(position, window)) == kept[0]
        assert len(kept) <= window


@pytest.mark.parametrize("window", [8, 5, 2])
@pytest.mark.parametrize("lengths", [[1, 3, 6], [11, 13, 17]], ids=["short", "long"])
def test_cached_equals_uncached_past_the_window_too(window, lengths):
    gpt = tiny_gpt(
        preprocessor=False,
        num_layers=2,
        max_sequence_length=window,
        normalize_first=True,
    )
    check_against_uncached(gpt, lengths, max_length=20)


@pytest.mark.parametrize(
    "config", [{"key_dim": 3, "num_layers": 2}, {"tie_weights": True}]
)
def test_cached_equals_uncached_in_other_models(config):
    gpt = tiny_gpt(preprocessor=False, max_sequence_length=4, **config)
    check_against_uncached(gpt, [2, 5], max_length=10)
