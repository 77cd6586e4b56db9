"""The judges of chapter 10 accept right answers and reject the usual wrong ones."""

import hashlib
import math

import numpy as np

from tests.book.exercise_cells import judge_tests, run_exercises

CELLS = run_exercises("10_challenge")

SOLUTIONS = {
    "judge_split": "split_windows_mended",
    "judge_prompt": "prompt_ids_mended",
    "judge_stop": "solved_stop",
    "judge_overlap": "solved_overlap",
    "judge_compare": "solved_compare",
    "judge_hold_out": "solved_hold_out",
}


# Find the bug


def split_with_a_gap(token_ids, size, seed=0):
    """The windows as printed, without those that touch the held-out stretch."""
    start = len(token_ids) // 2
    held_out = [token_ids[start + i : start + i + size] for i in range(0, 100, size)]
    tested = {t for window in held_out for t in window}
    windows = [
        token_ids[s : s + size] for s in range(0, len(token_ids) - size + 1, size // 2)
    ]
    return [w for w in windows if not tested & set(w)], held_out


def split_without_overlap_at_random(token_ids, size, seed=0):
    windows = [
        token_ids[s : s + size] for s in range(0, len(token_ids) - size + 1, size)
    ]
    mixed = np.random.default_rng(seed).permutation(len(windows))
    cut = len(windows) // 10
    return [windows[i] for i in mixed[cut:]], [windows[i] for i in mixed[:cut]]


def split_that_cuts_after_windowing(token_ids, size, seed=0):
    starts = range(0, len(token_ids) - size + 1, size // 2)
    windows = [token_ids[s : s + size] for s in starts]
    cut = len(windows) * 9 // 10
    return windows[:cut], windows[cut:]


def split_that_holds_out_nothing(token_ids, size, seed=0):
    starts = range(0, len(token_ids) - size + 1, size)
    return [token_ids[s : s + size] for s in starts], []


def split_that_holds_out_half(token_ids, size, seed=0):
    half = len(token_ids) // 2
    parts = token_ids[:half], token_ids[half:]
    return tuple(
        [part[s : s + size] for s in range(0, len(part) - size + 1, size)]
        for part in parts
    )


def prompt_by_loop(prompt, word_to_index):
    ids = []
    for word in prompt.split():
        word = word.lower()
        known = word in word_to_index
        ids.append(word_to_index[word] if known else word_to_index["[UNK]"])
    return np.array(ids)


def prompt_with_fixed_unknown(prompt, word_to_index):
    return [word_to_index.get(word, 1) for word in prompt.lower().split()]


def prompt_that_minds_the_case(prompt, word_to_index):
    return [word_to_index.get(w, word_to_index["[UNK]"]) for w in prompt.split()]


def prompt_that_drops(prompt, word_to_index):
    return [word_to_index[w] for w in prompt.lower().split() if w in word_to_index]


# Exercises


def stop_by_counting(losses, patience):
    lowest, best, waited = math.inf, 0, 0
    for epoch, loss in enumerate(losses):
        waited += 1
        if loss < lowest:
            lowest, best, waited = loss, epoch, 0
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stop_at_the_lowest_of_all(losses, patience):
    return len(losses) - 1, int(np.argmin(losses))


def stop_one_too_late(losses, patience):
    return stop_by_counting(losses, patience + 1)


def stop_when_it_rises(losses, patience):
    """Counts epochs that are worse than the one before, not than the best."""
    waited = best = 0
    for epoch, loss in enumerate(losses):
        waited = waited + 1 if epoch and loss >= losses[epoch - 1] else 0
        best = epoch if loss < losses[best] else best
        if waited == patience:
            return epoch, best
    return len(losses) - 1, best


def stop_that_takes_equal_for_better(losses, patience):
    best = 0
    for epoch, loss in enumerate(losses):
        if loss <= losses[best]:
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses) - 1, best


def overlap_by_loops(a, b, n):
    short, long = sorted([a.lower().split(), b.lower().split()], key=len)
    grams = {" ".join(short[i : i + n]) for i in range(len(short) - n + 1)}
    if not grams:
        return 0.0
    others = [" ".join(long[i : i + n]) for i in range(len(long) - n + 1)]
    return sum(gram in others for gram in grams) / len(grams)


def overlap_of_the_first(a, b, n):
    a, b = a.lower().split(), b.lower().split()
    grams = [{tuple(t[i : i + n]) for i in range(len(t) - n + 1)} for t in (a, b)]
    return len(grams[0] & grams[1]) / len(grams[0]) if grams[0] else 0


def overlap_of_jaccard(a, b, n):
    a, b = a.lower().split(), b.lower().split()
    grams = [{tuple(t[i : i + n]) for i in range(len(t) - n + 1)} for t in (a, b)]
    return len(grams[0] & grams[1]) / max(1, len(grams[0] | grams[1]))


def overlap_that_minds_the_case(a, b, n):
    a, b = sorted((t.split() for t in (a, b)), key=len)
    grams = [{tuple(t[i : i + n]) for i in range(len(t) - n + 1)} for t in (a, b)]
    return len(grams[0] & grams[1]) / len(grams[0]) if grams[0] else 0


def compare_with_statistics(a, b):
    import statistics

    differences = [float(y - x) for x, y in zip(a, b, strict=True)]
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / len(differences) ** 0.5
    if mean > 2 * error:
        return "a"
    return "b" if mean < -2 * error else "not known"


def compare_means(a, b):
    return "a" if np.mean(a) < np.mean(b) else "b"


def compare_unpaired(a, b):
    error = math.sqrt(np.var(a, ddof=1) / len(a) + np.var(b, ddof=1) / len(b))
    difference = np.mean(b) - np.mean(a)
    if abs(difference) <= 2 * error:
        return "not known"
    return "a" if difference > 0 else "b"


def compare_with_n(a, b):
    differences = np.asarray(b) - np.asarray(a)
    error = differences.std() / math.sqrt(len(differences))
    if abs(differences.mean()) <= 2 * error:
        return "not known"
    return "a" if differences.mean() > 0 else "b"


def compare_backwards(a, b):
    return {"a": "b", "b": "a"}.get(compare_with_statistics(a, b), "not known")


def blocks_of(paragraphs, num_blocks):
    count = len(paragraphs)
    return [
        list(range(i * count // num_blocks, (i + 1) * count // num_blocks))
        for i in range(num_blocks)
    ]


def digest_of(paragraphs, block):
    joined = "\n".join(paragraphs[i] for i in block)
    return hashlib.sha256(joined.encode()).hexdigest()


def hold_out_by_indices(paragraphs, num_blocks, neighbours=1, choose=min):
    blocks = blocks_of(paragraphs, num_blocks)
    block = choose(blocks, key=lambda block: digest_of(paragraphs, block))
    near = range(block[0] - neighbours, block[-1] + 1 + neighbours)
    train = [p for i, p in enumerate(paragraphs) if i not in near]
    return train, [paragraphs[i] for i in block]


def hold_out_with_neighbours(paragraphs, num_blocks):
    return hold_out_by_indices(paragraphs, num_blocks, neighbours=0)


def hold_out_the_highest(paragraphs, num_blocks):
    return hold_out_by_indices(paragraphs, num_blocks, choose=max)


def hold_out_the_last(paragraphs, num_blocks):
    block = blocks_of(paragraphs, num_blocks)[-1]
    return paragraphs[: block[0] - 1], paragraphs[block[0] :]


def hold_out_scattered(paragraphs, num_blocks):
    chosen = sorted(paragraphs, key=lambda p: hashlib.sha256(p.encode()).hexdigest())
    held_out = chosen[: len(paragraphs) // num_blocks]
    return [p for p in paragraphs if p not in held_out], held_out


OTHERS = [
    ("judge_split", split_with_a_gap),
    ("judge_split", split_without_overlap_at_random),
    ("judge_prompt", prompt_by_loop),
    ("judge_stop", stop_by_counting),
    ("judge_overlap", overlap_by_loops),
    ("judge_compare", compare_with_statistics),
    ("judge_hold_out", hold_out_by_indices),
]

WRONG = [
    ("judge_split", split_that_cuts_after_windowing, "places are in both parts"),
    ("judge_split", split_that_holds_out_nothing, "both parts must hold windows"),
    ("judge_split", split_that_holds_out_half, "not about 100"),
    ("judge_prompt", prompt_with_fixed_unknown, "[UNK] has the id that it has"),
    ("judge_prompt", prompt_that_minds_the_case, "the case must not matter"),
    ("judge_prompt", prompt_that_drops, "a word was dropped silently"),
    ("judge_stop", stop_at_the_lowest_of_all, "never sees the 3.0"),
    ("judge_stop", stop_one_too_late, "never sees the 3.0"),
    ("judge_stop", stop_when_it_rises, "never sees the 3.0"),
    ("judge_stop", stop_that_takes_equal_for_better, "equal is no new best"),
    ("judge_overlap", overlap_of_the_first, "all of the shorter text"),
    ("judge_overlap", overlap_of_jaccard, "all of the shorter text"),
    ("judge_overlap", overlap_that_minds_the_case, "all of the shorter text"),
    ("judge_compare", compare_means, "says nothing"),
    ("judge_compare", compare_unpaired, "if you compare them in pairs"),
    ("judge_compare", compare_with_n, "1.05 is less than twice 0.548"),
    ("judge_compare", compare_backwards, "b is worse"),
    ("judge_hold_out", hold_out_with_neighbours, "the neighbour on each side"),
    ("judge_hold_out", hold_out_the_highest, "the lowest hash"),
    ("judge_hold_out", hold_out_the_last, "the lowest hash"),
    ("judge_hold_out", hold_out_scattered, "one stretch, in order"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
