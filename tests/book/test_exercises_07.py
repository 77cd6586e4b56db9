"""The judges of chapter 7 accept right answers and reject the usual wrong ones."""

import math

import keras
import keras_hub
import numpy as np
from keras import ops

from tests.book.exercise_cells import judge_tests, run_exercises

# The distribution, the draw and the helpers that the exercises are about.
NEEDS = [
    'words = ["good"',
    "def draw(",
    "def softmax(",
    "def with_temperature(",
    "def renormalised(",
]
CELLS = run_exercises("07_decoding_temperature", NEEDS)
entropy, sample_next = CELLS["entropy"], CELLS["sample_next"]
solved_top_p, EpsilonSampler = CELLS["solved_top_p"], CELLS["EpsilonSampler"]

SOLUTIONS = {
    "judge_loop": "continue_mended",
    "judge_batch": "sample_top_k_mended",
    "judge_filters": "top_k_then_top_p_mended",
    "judge_choices": "solved_choices",
    "judge_top_p": "solved_top_p",
    "judge_temperature": "solved_temperature",
    "judge_penalty": "solved_penalty",
    "judge_sampler": "EpsilonSampler",
}


# Find the bug


def loop_with_counter(predict, token_ids, num_words, temperature, uniform):
    text = [*token_ids]
    for n in range(len(token_ids), len(token_ids) + num_words):
        text.append(sample_next(predict(text)[n - 1], uniform, temperature))
    return text


def loop_at_the_last_row(predict, token_ids, num_words, temperature, uniform):
    text = [*token_ids]
    for _ in range(num_words):
        text.append(sample_next(predict(text)[-1], uniform, temperature))
    return text


def loop_without_temperature(predict, token_ids, num_words, temperature, uniform):
    return loop_with_counter(predict, token_ids, num_words, 1.0, uniform)


def loop_backwards(predict, token_ids, num_words, temperature, uniform):
    return loop_with_counter(predict, token_ids, num_words, 1 / temperature, uniform)


def loop_without_prompt(predict, token_ids, num_words, temperature, uniform):
    text = loop_with_counter(predict, token_ids, num_words, temperature, uniform)
    return text[len(token_ids) :]


def batch_in_numpy(logits, k, seed):
    generator = np.random.default_rng(seed)
    ids = np.argsort(-logits, axis=1)[:, :k]
    noisy = np.take_along_axis(logits, ids, axis=1) + generator.gumbel(size=ids.shape)
    return np.take_along_axis(ids, noisy.argmax(axis=1)[:, None], axis=1)[:, 0]


def batch_uniform(logits, k, seed):
    ids = np.argsort(-logits, axis=1)[:, :k]
    return np.random.default_rng(seed).permuted(ids, axis=1)[:, 0]


def batch_with_an_axis(logits, k, seed):
    return batch_in_numpy(logits, k, seed)[:, None]


def batch_of_the_first_row(logits, k, seed):
    ids = np.argsort(-logits[0])[:k]
    return ids[np.asarray(CELLS["sample_top_k_printed"](logits, k, seed))]


def filters_one_after_the_other(probabilities, k, p):
    return solved_top_p(CELLS["top_k"](probabilities, k), p)


def filters_swapped(probabilities, k, p):
    return CELLS["top_k"](solved_top_p(probabilities, p), k)


def filters_in_place(probabilities, k, p):
    result = filters_one_after_the_other(probabilities, k, p)
    probabilities[result == 0] = 0
    return probabilities / probabilities.sum()


def filters_not_renormalised(probabilities, k, p):
    return np.where(
        filters_one_after_the_other(probabilities, k, p) > 0, probabilities, 0
    )


# Exercises


def choices_as_a_product(probabilities):
    possible = [p for p in probabilities if p > 0]
    return 1 / math.prod(p**p for p in possible)


def choices_with_nan(probabilities):
    with np.errstate(all="ignore"):
        return float(np.exp(-(probabilities * np.log(probabilities)).sum()))


def choices_in_bits(probabilities):
    return math.exp(entropy(probabilities) / math.log(2))


def top_p_by_loop(probabilities, p):
    result, reached = np.zeros(len(probabilities)), 0.0
    for i in sorted(range(len(probabilities)), key=lambda i: -probabilities[i]):
        if reached < p:
            result[i] = probabilities[i]
        reached += probabilities[i]
    return result / result.sum()


def top_p_without_the_last(probabilities, p):
    order = np.argsort(-probabilities, kind="stable")
    kept = order[np.cumsum(probabilities[order]) <= p]
    return np.where(np.isin(np.arange(len(order)), kept), probabilities, 0)


def top_p_in_the_order_of_ids(probabilities, p):
    before = np.cumsum(probabilities) - probabilities
    kept = np.where(before < p, probabilities, 0)
    return kept / kept.sum()


def top_p_not_renormalised(probabilities, p):
    return np.where(solved_top_p(probabilities, p) > 0, probabilities, 0)


def top_p_of_higher_ids(probabilities, p):
    return solved_top_p(probabilities[::-1], p)[::-1]


def top_p_as_a_threshold(probabilities, p):
    falling = np.sort(probabilities)[::-1]
    least = falling[np.searchsorted(np.cumsum(falling), p)]
    kept = np.where(probabilities >= least, probabilities, 0)  # all that are tied
    return kept / kept.sum()


def temperature_by_steps(logits, wanted):
    """Newton's method on log T, held within a factor of 2 a step."""
    T = 1.0
    for _ in range(200):
        p = CELLS["with_temperature"](logits, T)
        mean = (p * logits).sum()
        slope = (p * (logits - mean) ** 2).sum() / T**2  # dH / d log T
        change = np.clip((wanted - entropy(p)) / max(slope, 1e-12), -0.7, 0.7)
        T *= math.exp(change)
    return T


def temperature_on_a_grid(logits, wanted):
    grid = np.linspace(0.1, 3, 30)
    gaps = [abs(entropy(CELLS["with_temperature"](logits, T)) - wanted) for T in grid]
    return grid[int(np.argmin(gaps))]


def penalty_by_loop(probabilities, token_ids, penalty):
    result = [p**penalty if i in token_ids else p for i, p in enumerate(probabilities)]
    return np.array(result) / sum(result)


def penalty_in_logs(probabilities, token_ids, penalty):
    with np.errstate(divide="ignore"):
        log_p = np.log(probabilities)
    for i in {*token_ids}:
        log_p[i] = log_p[i] * penalty
    return CELLS["softmax"](log_p)


def penalty_for_each_time(probabilities, token_ids, penalty):
    result = probabilities.copy()
    for i in token_ids:
        result[i] = result[i] ** penalty
    return result / result.sum()


def penalty_divided(probabilities, token_ids, penalty):
    result = probabilities.copy()
    result[[*{*token_ids}]] /= penalty
    return result / result.sum()


def penalty_as_a_reward(probabilities, token_ids, penalty):
    return penalty_by_loop(probabilities, token_ids, 1 / penalty)


def penalty_in_place(probabilities, token_ids, penalty):
    for i in {*token_ids}:
        probabilities[i] **= penalty
    return probabilities / probabilities.sum()


def penalty_not_renormalised(probabilities, token_ids, penalty):
    return np.where(
        np.isin(np.arange(len(probabilities)), token_ids),
        probabilities**penalty,
        probabilities,
    )


class GumbelSampler(keras_hub.samplers.Sampler):
    """The largest of log p plus noise: the same distribution, another way."""

    def __init__(self, epsilon, seed):
        super().__init__()
        self.epsilon = epsilon
        self.seed_generator = keras.random.SeedGenerator(seed)

    def get_next_token(self, probabilities):
        u = keras.random.uniform(
            ops.shape(probabilities), minval=1e-7, seed=self.seed_generator
        )
        noisy = ops.log(probabilities) - ops.log(-ops.log(u))
        allowed = ops.where(probabilities >= self.epsilon, noisy, -float("inf"))
        likeliest = ops.argmax(probabilities, axis=-1)
        none_left = ops.all(probabilities < self.epsilon, axis=-1)
        return ops.where(none_left, likeliest, ops.argmax(allowed, axis=-1))


class KeepsAll(EpsilonSampler):
    def __init__(self, epsilon, seed):
        super().__init__(epsilon=0.0, seed=seed)


class Uniform(EpsilonSampler):
    def get_next_token(self, probabilities):
        kept = ops.where(probabilities >= self.epsilon, 1.0, 0.0)
        logits = ops.log(kept)
        return keras.random.categorical(logits, 1, seed=self.seed_generator)[:, 0]


class WithAnAxis(EpsilonSampler):
    def get_next_token(self, probabilities):
        return super().get_next_token(probabilities)[:, None]


class Unseeded(EpsilonSampler):
    def __init__(self, epsilon, seed):
        super().__init__(epsilon=epsilon, seed=None)


class OneSeed(EpsilonSampler):
    def __init__(self, epsilon, seed):
        super().__init__(epsilon=epsilon, seed=0)


class RankSampler(EpsilonSampler):
    """Right where the tokens are sorted by probability, wrong in a model."""

    def get_next_token(self, probabilities):
        ranked = ops.flip(ops.sort(probabilities, axis=-1), axis=-1)
        return super().get_next_token(ranked)


OTHERS = [
    ("judge_loop", loop_with_counter),
    ("judge_batch", batch_in_numpy),
    ("judge_filters", filters_one_after_the_other),
    ("judge_choices", choices_as_a_product),
    ("judge_top_p", top_p_by_loop),
    ("judge_temperature", temperature_by_steps),
    ("judge_penalty", penalty_by_loop),
    ("judge_penalty", penalty_in_logs),
    ("judge_sampler", GumbelSampler),
]

WRONG = [
    ("judge_loop", CELLS["continue_printed"], "should go on"),
    ("judge_loop", loop_at_the_last_row, "should go on"),
    ("judge_loop", loop_without_temperature, "only the likeliest"),
    ("judge_loop", loop_backwards, "only the likeliest"),
    ("judge_loop", loop_without_prompt, "prompt must stay"),
    ("judge_batch", CELLS["sample_top_k_printed"], "ranks, not token ids"),
    ("judge_batch", batch_uniform, "three times in four"),
    ("judge_batch", batch_with_an_axis, "one id a row"),
    ("judge_batch", batch_of_the_first_row, "are likeliest"),
    ("judge_filters", CELLS["top_k_then_top_p_printed"], "k = 3, p = 0.7"),
    ("judge_filters", filters_swapped, "should keep"),
    ("judge_filters", filters_in_place, "leave the caller's"),
    ("judge_filters", filters_not_renormalised, "sum to 1"),
    ("judge_choices", choices_with_nan, "0 log 0"),
    ("judge_choices", choices_in_bits, "eight equals"),
    ("judge_choices", entropy, "eight equals"),
    ("judge_choices", lambda p: 1 / (p**2).sum(), "got"),
    ("judge_top_p", top_p_without_the_last, "0.4 + 0.25"),
    ("judge_top_p", top_p_in_the_order_of_ids, "any order"),
    ("judge_top_p", top_p_not_renormalised, "sum to 1"),
    ("judge_top_p", top_p_of_higher_ids, "lower ids first"),
    ("judge_top_p", top_p_as_a_threshold, "lower ids first"),
    ("judge_temperature", temperature_on_a_grid, "wanted"),
    ("judge_temperature", lambda z, wanted: wanted, "wanted"),
    ("judge_temperature", lambda z, wanted: -1.0, "above 0"),
    ("judge_penalty", penalty_for_each_time, "penalised once"),
    ("judge_penalty", penalty_divided, "p ** 2"),
    ("judge_penalty", penalty_as_a_reward, "becomes less likely"),
    ("judge_penalty", penalty_in_place, "leave the caller's"),
    ("judge_penalty", penalty_not_renormalised, "sum to 1"),
    ("judge_sampler", KeepsAll, "good, bad and great"),
    ("judge_sampler", Uniform, "half of the draws"),
    ("judge_sampler", WithAnAxis, "one id a row"),
    ("judge_sampler", Unseeded, "the same seed"),
    ("judge_sampler", OneSeed, "another seed"),
    ("judge_sampler", RankSampler, "in GPT-2"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
