"""The judges of chapter 6 take right answers and say what is wrong with the others."""

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from tests.book.exercise_cells import judge_tests, run_exercises

CELLS = run_exercises("06_simplebooks_gpt", needs=["def chance_of("])
count_up = CELLS["count_up"]

SOLUTIONS = {
    "judge_next": "next_mended",
    "judge_batches": "batches_mended",
    "judge_loss": "loss_mended",
    "judge_bits": "solved_bits",
    "judge_stop": "solved_stop",
    "judge_rouge_l": "solved_rouge_l",
    "judge_pairs_needed": "solved_pairs_needed",
}


# Find the bug


def next_of_the_last_token(prompt, cache, index):
    return count_up(prompt[:, :index])[:, -1], None, cache


def next_at(position):
    return lambda prompt, cache, index: (count_up(prompt)[:, position], None, cache)


def batches_of_a_list(rows, batch_size, generator):
    rows = np.array(sorted(rows, key=lambda row: generator.random()))
    return np.split(rows, range(batch_size, len(rows), batch_size))


def batches_in_place(rows, batch_size, generator):
    generator.shuffle(rows)
    return np.split(rows, range(batch_size, len(rows), batch_size))


def batches_without_the_rest(rows, batch_size, generator):
    order = generator.permutation(len(rows))[: len(rows) // batch_size * batch_size]
    return np.split(rows[order], range(batch_size, len(order), batch_size))


def batches_drawn(rows, batch_size, generator):
    rows = rows[generator.integers(len(rows), size=len(rows))]
    return np.split(rows, range(batch_size, len(rows), batch_size))


def loss_by_loop(nats, features, labels):
    real = [nats[i] for i in np.ndindex(nats.shape) if labels[i] != 0]
    return sum(real) / len(real)


# Exercises


def bits_step_by_step(perplexity, num_tokens, num_bytes):
    nats = math.log(perplexity) * num_tokens
    return nats / math.log(2) / num_bytes


def stop_with_a_counter(losses, patience):
    best, best_epoch, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses, 1):
        if loss < best:
            best, best_epoch, waited = loss, epoch, 0
        else:
            waited += 1
        if waited == patience:
            break
    return [epoch, best_epoch]


def stop_when(stops):
    """Stops at the first epoch where `stops(losses so far, patience)`."""

    def answer(losses, patience):
        for n in range(1, len(losses) + 1):
            if stops(losses[:n], patience):
                break
        return n, int(np.argmin(losses[:n])) + 1

    return answer


def rouge_l_by_recursion(candidate, reference):
    def longest(a, b):
        if not a or not b:
            return 0
        if a[-1] == b[-1]:
            return longest(a[:-1], b[:-1]) + 1
        return max(longest(a[:-1], b), longest(a, b[:-1]))

    a, b = candidate.split(), reference.split()
    return 2 * longest(a, b) / (len(a) + len(b))


def rouge_1(candidate, reference):
    a, b = (Counter(t.split()) for t in (candidate, reference))
    return 2 * (a & b).total() / (a.total() + b.total())


def rouge_l_first_match(candidate, reference):
    a, b = candidate.split(), reference.split()
    place, length = 0, 0
    for word in a:
        if word in b[place:]:
            place = b.index(word, place) + 1
            length += 1
    return 2 * length / (len(a) + len(b))


def rouge_l_recall(candidate, reference):
    together = len(candidate.split()) + len(reference.split())
    lcs = rouge_l_by_recursion(candidate, reference) * together / 2
    return lcs / len(reference.split())


def pairs_with_tails(p, level, power):
    """The same from tables of all tails, built up pair by pair."""
    guess, reader = np.ones(1), np.ones(1)
    for n in range(1, 400):
        guess = np.convolve(guess, [0.5, 0.5])
        reader = np.convolve(reader, [1 - p, p])
        tails = guess[::-1].cumsum()[::-1]
        if reader[tails < level].sum() >= power:
            return n


def pairs_by_mean(p, level, power):
    """Enough if the expected number of right answers is significant."""
    for n in range(1, 1_000):
        if CELLS["chance_of"](math.floor(p * n), n) < level:
            return n


def pairs_at_level(p, level, power):
    return pairs_with_tails(p, 2 * level, power)


def pairs_of_more_than_k(p, level, power):
    for n in range(1, 400):
        needed = next((k for k in range(n) if CELLS["chance_of"](k, n) < level), n)
        above = range(needed + 1, n + 1)
        if sum(math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in above) >= power:
            return n


OTHERS = [
    ("judge_next", next_of_the_last_token),
    ("judge_batches", batches_of_a_list),
    ("judge_loss", loss_by_loop),
    ("judge_bits", bits_step_by_step),
    ("judge_stop", stop_with_a_counter),
    ("judge_rouge_l", rouge_l_by_recursion),
    ("judge_pairs_needed", pairs_with_tails),
]

WRONG = [
    ("judge_next", CELLS["next_printed"], "came [1, 1"),
    ("judge_next", next_at(0), "came [3, 3"),
    ("judge_next", next_at(-1), "came [1, 1"),
    ("judge_batches", CELLS["batches_printed"], "share a batch every time"),
    ("judge_batches", batches_in_place, "must stay as they are"),
    ("judge_batches", batches_without_the_rest, "each line once"),
    ("judge_batches", batches_drawn, "each line once"),
    ("judge_loss", CELLS["loss_printed"], "padding counts"),
    ("judge_loss", lambda nats, x, y: nats.mean(), "all padding counts"),
    ("judge_loss", lambda nats, x, y: (nats * (y != 0)).mean(), "labels that count"),
    ("judge_bits", lambda p, t, b: math.log(p) * t / b, "a coin"),
    ("judge_bits", lambda p, t, b: math.log2(p) * b / t, "got 22.2"),
    ("judge_bits", lambda p, t, b: math.log(p) * t / b / math.log(2) ** 2, "a coin"),
    (
        "judge_stop",
        stop_when(lambda losses, p: len(losses) > p and losses[-1] > losses[-2]),
        "epochs 4 and 5",
    ),
    (
        "judge_stop",
        stop_when(lambda losses, p: len(losses) - np.argmin(losses) > p + 1),
        "epochs 4 and 5",
    ),
    (
        "judge_stop",
        stop_when(
            lambda losses, p: (
                len(losses) - (len(losses) - 1 - np.argmin(losses[::-1])) > p
            )
        ),
        "equal is no new best",
    ),
    (
        "judge_stop",
        stop_when(lambda losses, p: sum(b >= a for a, b in pairwise(losses)) >= p),
        "epochs 4 and 5",
    ),
    ("judge_rouge_l", rouge_1, "the order counts"),
    ("judge_rouge_l", rouge_l_first_match, "the first match"),
    ("judge_rouge_l", rouge_l_recall, "L = 2"),
    ("judge_pairs_needed", pairs_by_mean, "37 pairs, not 23"),
    ("judge_pairs_needed", pairs_at_level, "5 pairs, not 4"),
    ("judge_pairs_needed", pairs_of_more_than_k, "5 pairs, not 8"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
