"""The judges of the attention chapter accept right answers and reject wrong ones."""

import math

import numpy as np
import pytest

from tests.book.exercise_cells import judge_tests, run_exercises

CELLS = run_exercises("02_attention", ["def softmax(scores)"])
softmax = CELLS["softmax"]
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

SOLUTIONS = {
    "judge_masks": "decoder_masks_mended",
    "judge_split": "split_heads_mended",
    "judge_attention": "solved_attention",
    "judge_count": "solved_count",
    "judge_profile": "solved_profile",
    "judge_back": "solved_back",
    "judge_chunked": "solved_chunked",
}


# Find the bug


def masks_filled_in(target_real, source_real, T, S):
    target_real = np.ones((1, T), bool) if target_real is None else target_real
    source_real = np.ones((1, S), bool) if source_real is None else source_real
    return np.tri(T, dtype=bool) & target_real[:, None], source_real[:, None]


def masks_none_for_all(target_real, source_real, T, S):
    own = np.tri(T, dtype=bool)[None]
    own = own if target_real is None else own & target_real[:, None]
    return own, None if source_real is None else source_real[:, None]


def masks_of_the_target_for_both(target_real, source_real, T, S):
    target_real = np.ones((1, T), bool) if target_real is None else target_real
    own = np.tri(T, dtype=bool) & target_real[:, None]
    return own, np.resize(target_real, (2, S))[:, None]


def masks_with_a_causal_source(target_real, source_real, T, S):
    own, cross = masks_filled_in(target_real, source_real, T, S)
    return own, cross & np.tri(T, S, dtype=bool)


def masks_without_causality(target_real, source_real, T, S):
    own, cross = masks_filled_in(target_real, source_real, T, S)
    return own | True, cross


def masks_undefined(target_real, source_real, T, S):
    if source_real is not None:
        cross = source_real[:, None]
    return masks_filled_in(target_real, source_real, T, S)[0], cross


def split_by_numpy(queries, num_heads):
    return np.stack(np.split(queries, num_heads, axis=1))  # refuses what is not exact


def split_interleaved(queries, num_heads):
    if queries.shape[1] % num_heads:
        raise ValueError("not exact")
    return np.stack([queries[:, h::num_heads] for h in range(num_heads)])


def split_with_a_rest(queries, num_heads):
    return np.array_split(queries, num_heads, axis=1)


def split_by_reshape_alone(queries, num_heads):
    T, D = queries.shape
    if D % num_heads:
        raise ValueError("not exact")
    return queries.reshape(num_heads, T, D // num_heads)


# Exercises


def attention_by_loop(query, keys, values):
    scores = [float(query @ key) / math.sqrt(len(query)) for key in keys]
    e = [math.exp(score - max(scores)) for score in scores]
    return sum(weight / sum(e) * value for weight, value in zip(e, values, strict=True))


def attention_that_overflows(query, keys, values):
    e = np.exp(keys @ query / math.sqrt(len(query)))
    return e / e.sum() @ values


def attention_undivided(query, keys, values):
    return softmax(keys @ query) @ values


def attention_divided_by_d(query, keys, values):
    return softmax(keys @ query / len(query)) @ values


def attention_divided_by_the_number_of_keys(query, keys, values):
    return softmax(keys @ query / math.sqrt(len(keys))) @ values


def count_collected(D, F):
    return 8 * D**2 + 2 * D * F + 15 * D + F


def count_without_biases(D, F):
    return 8 * D**2 + 2 * D * F + 6 * D


def count_one_attention(D, F):
    return 4 * (D**2 + D) + 4 * D + 2 * D * F + D + F


def count_two_norms(D, F):
    return count_collected(D, F) - 2 * D


def profile_by_loop(weights, farthest):
    H, T, _ = weights.shape
    profile = np.zeros((H, farthest + 1))
    for h in range(H):
        for k in range(farthest + 1):
            profile[h, k] = np.mean([weights[h, t, t - k] for t in range(k, T)])
    return profile


def profile_over_all_positions(weights, farthest):
    T = weights.shape[-1]
    sums = [np.trace(weights, -k, 1, 2) / T for k in range(farthest + 1)]
    return np.stack(sums, axis=1)


def profile_transposed(weights, farthest):
    return profile_by_loop(weights, farthest).T


def profile_that_wraps(weights, farthest):
    T = weights.shape[-1]
    t = np.arange(T)
    return np.stack(
        [weights[:, t, t - k].mean(axis=1) for k in range(farthest + 1)], axis=1
    )


def profile_ahead(weights, farthest):
    return profile_by_loop(weights.swapaxes(1, 2), farthest)


def back_by_shifted_queries(P):
    T = len(P)
    return 100 * P.T @ np.eye(T, k=-1), P.T  # t asks for number t - 1


def back_in_one_matrix(P):
    T = len(P)
    return 100 * P.T @ np.eye(T, k=-1) @ P, np.eye(T)


def back_forwards(P):
    return 100 * P.T, P.T @ np.eye(len(P), k=-1)


def back_at_itself(P):
    return 100 * P.T, P.T


def back_not_sharp(P):
    return P.T, P.T @ np.eye(len(P), k=1)


def back_for_the_identity_alone(P):
    return 100 * np.eye(len(P)), np.eye(len(P), k=1)


def chunked_by_merging(query, chunks):
    parts = []
    for keys, values in chunks:
        scores = keys @ query / math.sqrt(len(query))
        weights = softmax(scores)
        log_sum = scores.max() + math.log(np.exp(scores - scores.max()).sum())
        parts.append((log_sum, weights @ values))  # a few numbers of each chunk
    log_sums = np.array([log_sum for log_sum, _ in parts])
    return softmax(log_sums) @ np.stack([answer for _, answer in parts])


def chunked_by_collecting(query, chunks):
    parts = list(chunks)  # nothing may be kept
    keys = np.concatenate([keys for keys, _ in parts])
    return softmax(keys @ query / 2) @ np.concatenate([values for _, values in parts])


def chunked_mean_of_answers(query, chunks):
    answers = [softmax(keys @ query / 2) @ values for keys, values in chunks]
    return np.mean(answers, axis=0)


def chunked_first_chunk_decides(query, chunks):
    largest, total, weighted = None, 0.0, 0.0
    for keys, values in chunks:
        scores = keys @ query / math.sqrt(len(query))
        largest = scores.max() if largest is None else largest
        e = np.exp(scores - largest)  # overflows when a much larger score turns up
        total, weighted = total + e.sum(), weighted + e @ values
    return weighted / total


def chunked_without_correction(query, chunks):
    total = weighted = 0.0
    for keys, values in chunks:
        scores = keys @ query / math.sqrt(len(query))
        e = np.exp(scores - scores.max())
        total, weighted = total + e.sum(), weighted + e @ values
    return weighted / total


OTHERS = [
    ("judge_masks", masks_filled_in),
    ("judge_masks", masks_none_for_all),
    ("judge_split", split_by_numpy),
    ("judge_attention", attention_by_loop),
    ("judge_count", count_collected),
    ("judge_profile", profile_by_loop),
    ("judge_back", back_by_shifted_queries),
    ("judge_back", back_in_one_matrix),
    ("judge_chunked", chunked_by_merging),
]


WRONG = [
    ("judge_masks", masks_of_the_target_for_both, "cross-attention hides padding of"),
    ("judge_masks", masks_with_a_causal_source, "cross-attention hides padding of"),
    ("judge_masks", masks_without_causality, "self-attention hides the future"),
    ("judge_masks", masks_undefined, "UnboundLocalError"),
    ("judge_split", split_interleaved, "side by side"),
    ("judge_split", split_with_a_rest, "some are lost"),
    ("judge_split", split_by_reshape_alone, "side by side"),
    ("judge_attention", attention_that_overflows, "must not overflow"),
    ("judge_attention", attention_undivided, "3 : 1"),
    ("judge_attention", attention_divided_by_d, "3 : 1"),
    ("judge_attention", attention_divided_by_the_number_of_keys, "3 : 1"),
    ("judge_count", count_without_biases, "D=12, F=48"),
    ("judge_count", count_one_attention, "D=12, F=48"),
    ("judge_count", count_two_norms, "D=12, F=48"),
    ("judge_profile", profile_over_all_positions, "three of four"),
    ("judge_profile", profile_transposed, "a row for each head"),
    ("judge_profile", profile_that_wraps, "three of four"),
    ("judge_profile", profile_ahead, "looks one back"),
    ("judge_back", back_forwards, "some position gives"),
    ("judge_back", back_at_itself, "some position gives"),
    ("judge_back", back_not_sharp, "some position gives"),
    ("judge_back", back_for_the_identity_alone, "some position gives"),
    ("judge_chunked", chunked_by_collecting, "wrong for chunks of 1"),
    ("judge_chunked", chunked_mean_of_answers, "wrong for chunks of 1"),
    ("judge_chunked", chunked_first_chunk_decides, "wrong for chunks of"),
    ("judge_chunked", chunked_without_correction, "wrong for chunks of 1"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
