"""The judges of the masking chapter accept right answers and reject the usual wrong."""

import math

import numpy as np
import pytest

from course_lib.masking import masked_softmax
from tests.book.exercise_cells import judge_tests, run_exercises

# `ROWS` and `softmax` are what the bugs are about.
NEEDS = ["def causal_by_hand(", "def masked_attention(", "def hidden_weight("]
CELLS = run_exercises("03_masking", NEEDS)
softmax = CELLS["softmax"]

SOLUTIONS = {
    "judge_attention": "attend_mended",
    "judge_decoder_masks": "decoder_masks_mended",
    "judge_masked_weights": "masked_weights_mended",
    "judge_sliding_window": "solved_sliding_window",
    "judge_answer_weights": "solved_answer_weights",
    "judge_document_mask": "solved_document_mask",
    "judge_left_padding": "solved_left_padding",
    "judge_chance": "solved_chance",
}


def test_a_need_that_fits_several_cells_is_refused():
    with pytest.raises(ValueError, match="code cells hold 'softmax', not one"):
        run_exercises("03_masking", ["softmax"])


# Find the bug


def attention_by_loops(q, k, v, mask, dropout=0.0, with_weights=False, seed=0):
    weights = np.zeros(mask.shape)
    for t, row in enumerate(mask):
        e = np.exp(k[row] @ q[t] / math.sqrt(q.shape[1]))
        weights[t, row] = e / e.sum()
    if dropout:
        weights *= np.random.default_rng(7).random(weights.shape) >= dropout
        weights /= 1 - dropout
    return (weights @ v, weights) if with_weights else weights @ v


def attention_without_dropout(q, k, v, mask, dropout=0.0, with_weights=False, seed=0):
    weights = softmax(np.where(mask, q @ k.T / 2, -np.inf))
    return (weights @ v, weights) if with_weights else weights @ v


def attention_masked_late(q, k, v, mask, dropout=0.0, with_weights=False, seed=0):
    weights = softmax(q @ k.T / 2) * mask
    kept = np.random.default_rng(seed).random(weights.shape) >= dropout
    weights = weights * kept / (1 - dropout)
    return (weights @ v, weights) if with_weights else weights @ v


def decoder_masks_by_loops(target, source, pad_token_id=None):
    (B, T), S = target.shape, source.shape[1]
    own, cross = np.zeros((B, T, T), bool), np.zeros((B, 1, S), bool)
    for b in range(B):
        for s in range(T):
            own[b, s:, s] = pad_token_id is None or target[b, s] != pad_token_id
        for s in range(S):
            cross[b, 0, s] = pad_token_id is None or source[b, s] != pad_token_id
    return own, cross  # `cross` is the same for all queries


def decoder_masks_of_target(target, source, pad_token_id=None):
    own, _ = decoder_masks_by_loops(target, source, pad_token_id)
    _, cross = decoder_masks_by_loops(target, target, pad_token_id)
    return own, cross


def decoder_masks_causal(target, source, pad_token_id=None):
    own, cross = decoder_masks_by_loops(target, source, pad_token_id)
    return own, cross & np.tri(target.shape[1], source.shape[1], dtype=bool)


def plus(number):
    return lambda scores, mask: softmax(
        scores + ((1 - mask) * number).astype(scores.dtype)
    )


def replaced_by_infinity(scores, mask):
    return softmax(np.where(mask, scores, -np.inf))


def zeroed_after_the_softmax(scores, mask):
    return softmax(scores.astype("float32")) * mask


# Exercises


def window_by_triangles(T, S, window):
    see = np.tri(T, S, k=S - T, dtype=bool)
    return see & ~np.tri(T, S, k=S - T - window, dtype=bool)


def weights_by_loop(rows, lengths):
    weights = np.zeros((len(rows), rows.shape[1] - 1), int)
    for b, length in enumerate(lengths):
        for t in range(length - 1, rows.shape[1] - 1):
            weights[b, t] = rows[b, t + 1] > 0
    return weights


def documents_by_loop(token_ids, end):
    mask, start = np.zeros((len(token_ids),) * 2, bool), 0
    for t, token in enumerate(token_ids):
        mask[t, start : t + 1] = True
        start = t + 1 if token == end else start
    return mask


def documents_from_their_end(token_ids, end):
    number = np.cumsum(token_ids == end)
    return np.tri(len(token_ids), dtype=bool) & (number[:, None] == number)


def left_padding_by_loop(token_ids):
    """Another choice for padding queries: each sees itself, so that no row is empty."""
    B, T = token_ids.shape
    positions, mask = np.zeros((B, T), int), np.zeros((B, T, T), bool)
    for b in range(B):
        first = int(np.argmax(token_ids[b] != 0))
        positions[b, first:] = np.arange(T - first)
        for t in range(T):
            mask[b, t, first : t + 1] = True
            mask[b, t, t] = True
    return positions, mask


def with_positions(change):
    def answer(token_ids):
        positions, mask = CELLS["solved_left_padding"](token_ids)
        return change(positions, token_ids), mask

    return answer


def padding_seen(token_ids):
    positions, _ = CELLS["solved_left_padding"](token_ids)
    T = token_ids.shape[1]
    return positions, np.repeat(np.tri(T, dtype=bool)[None], len(token_ids), axis=0)


def chance_by_loop(log_q, log_p, weights):
    gain = 0.0
    for index in np.ndindex(np.shape(weights)):
        gain += weights[index] * (log_q[index] - log_p[index])
    return 1.0 if gain < 0 else np.exp(-gain)


def chance(gain_of):
    def answer(log_q, log_p, weights):
        return min(1.0, math.exp(-gain_of(log_q - log_p, weights)))

    return answer


OTHERS = [
    ("judge_attention", attention_by_loops),
    ("judge_decoder_masks", decoder_masks_by_loops),
    ("judge_masked_weights", masked_softmax),
    ("judge_sliding_window", window_by_triangles),
    ("judge_answer_weights", weights_by_loop),
    ("judge_document_mask", documents_by_loop),
    ("judge_left_padding", left_padding_by_loop),
    ("judge_chance", chance_by_loop),
]

WRONG = [
    ("judge_attention", CELLS["attend_printed"], "weight on the future"),
    ("judge_attention", attention_without_dropout, "still drop"),
    ("judge_attention", attention_masked_late, "other outputs"),
    ("judge_decoder_masks", CELLS["decoder_masks_printed"], "cross-attention"),
    ("judge_decoder_masks", decoder_masks_of_target, "cross-attention"),
    ("judge_decoder_masks", decoder_masks_causal, "cross-attention"),
    ("judge_masked_weights", CELLS["masked_weights_printed"], "'harmless'"),
    ("judge_masked_weights", plus(-1e4), "'low'"),
    ("judge_masked_weights", plus(-1e10), "'all hidden'"),
    ("judge_masked_weights", replaced_by_infinity, "NaN"),
    ("judge_masked_weights", zeroed_after_the_softmax, "wrong weights"),
    ("judge_sliding_window", lambda T, S, w: np.tri(T, S, k=S - T), "leave the window"),
    (
        "judge_sliding_window",
        lambda T, S, w: window_by_triangles(T, S, w + 1),
        "leave the window",
    ),
    (
        "judge_sliding_window",
        lambda T, S, w: np.tri(T, S, dtype=bool) & ~np.tri(T, S, k=-w, dtype=bool),
        "T=1, S=5",
    ),
    (
        "judge_answer_weights",
        lambda rows, n: weights_by_loop(rows, np.array(n) + 1),
        "a label like the others",
    ),
    (
        "judge_answer_weights",
        lambda rows, n: weights_by_loop(rows, np.array(n) - 1),
        "prompt does not count",
    ),
    (
        "judge_answer_weights",
        lambda rows, n: weights_by_loop(np.where(rows == 2, 0, rows), n),
        "learn to stop",
    ),
    (
        "judge_answer_weights",
        lambda rows, n: np.pad(weights_by_loop(rows, n), ((0, 0), (1, 0))),
        "one weight a label",
    ),
    ("judge_document_mask", lambda ids, end: np.tri(len(ids)), "sees another text"),
    ("judge_document_mask", documents_from_their_end, "position 2"),
    (
        "judge_document_mask",
        lambda ids, end: documents_by_loop(ids, end) | documents_by_loop(ids, end).T,
        "future",
    ),
    (
        "judge_left_padding",
        with_positions(lambda p, ids: np.tile(np.arange(ids.shape[1]), (len(ids), 1))),
        "first real token",
    ),
    (
        "judge_left_padding",
        with_positions(lambda p, ids: np.cumsum(ids != 0, axis=1) - 1),
        "below 0",
    ),
    ("judge_left_padding", padding_seen, "query"),
    ("judge_chance", chance(lambda g, w: (g * w).mean()), "each of 4 tokens"),
    ("judge_chance", chance(lambda g, w: g.sum()), "padding"),
    ("judge_chance", chance(lambda g, w: (g * w).sum() / w.sum()), "not the mean"),
    ("judge_chance", lambda q, p, w: math.exp(-((q - p) * w).sum()), "proves nothing"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
