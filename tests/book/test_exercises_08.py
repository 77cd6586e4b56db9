"""The judges of chapter 8 accept right answers and reject the usual wrong ones."""

import pathlib

import keras
import numpy as np

from tests.book.exercise_cells import judge_tests, run_exercises

CELLS = run_exercises("08_gpt2_finetuning")

SOLUTIONS = {
    "judge_checkpoint": "checkpoint_path_mended",
    "judge_write": "write_all",
    "judge_turns": "train_in_turn_mended",
    "judge_rate": "solved_rate",
    "judge_size": "solved_size",
    "judge_merge": "solved_merge",
    "judge_mixed": "solved_mixed",
    "judge_windows": "solved_windows",
}


# Find the bug


def path_in_a_folder_of_its_own(folder, model_name):
    place = pathlib.Path(folder, model_name)
    place.mkdir(exist_ok=True)
    return str(place / "best.weights.h5")


def same_path_for_all(folder, model_name):
    return f"{folder}/best.weights.h5"


def path_elsewhere(folder, model_name):
    return f"{model_name}.weights.h5"


def path_of_keras_2(folder, model_name):
    return f"{folder}/{model_name}.h5"


def write_in_one_expression(model, prompts, sampler):
    return (model.compile(sampler=sampler), model.generate([*prompts], max_length=30))[
        1
    ]


def write_one_by_one(model, prompts, sampler):
    model.compile(sampler=sampler)
    return [model.generate(prompt, max_length=30) for prompt in prompts]


def write_without_the_sampler(model, prompts, sampler):
    model.compile(sampler="greedy")
    return model.generate(prompts, max_length=30)


def turns_by_resetting_the_count(model, parts, learning_rate, steps):
    decay = keras.optimizers.schedules.PolynomialDecay
    model.compile(keras.optimizers.SGD(decay(learning_rate, steps, 0.0)), loss="mse")
    snapshots = []
    for x, y in parts:
        model.optimizer.iterations.assign(0)
        model.fit(x, y, batch_size=4, verbose=0)
        snapshots.append(model.get_weights()[0].copy())
    return snapshots


def turns_in_one_long_line(model, parts, learning_rate, steps):
    schedule = keras.optimizers.schedules.PolynomialDecay(
        learning_rate, len(parts) * steps, 0.0
    )
    model.compile(keras.optimizers.SGD(schedule), loss="mse")
    snapshots = []
    for x, y in parts:
        model.fit(x, y, batch_size=4, verbose=0)
        snapshots.append(model.get_weights()[0].copy())
    return snapshots


def turns_each_from_the_start(model, parts, learning_rate, steps):
    start, snapshots = model.get_weights(), []
    for part in parts[:1] * len(parts):
        model.set_weights(start)
        snapshots += CELLS["train_in_turn_mended"](model, [part], learning_rate, steps)
    return snapshots


# Exercises


def rate_as_a_minimum(step, learning_rate, warmup, steps):
    rising = step / warmup if warmup else 1.0
    falling = (steps - step) / (steps - warmup)
    return learning_rate * max(0.0, min(rising, falling))


def rate_that_falls_below_zero(step, learning_rate, warmup, steps):
    rising = step / warmup if warmup else 1.0
    return learning_rate * min(rising, (steps - step) / (steps - warmup))


def rate_that_divides_by_no_warmup(step, learning_rate, warmup, steps):
    return learning_rate * max(
        0.0, min(step / warmup, (steps - step) / (steps - warmup))
    )


def rate_that_falls_from_step_0(step, learning_rate, warmup, steps):
    if step < warmup:
        return learning_rate * step / warmup
    return learning_rate * max(0.0, 1 - step / steps)


def rate_without_scale(step, learning_rate, warmup, steps):
    return CELLS["solved_rate"](step, 1.0, warmup, steps)


def size_by_search(shapes, r):
    def trained(rank):
        return sum(rank * n + rank * m for n, m in shapes)

    full = sum(n * m for n, m in shapes)
    return trained(r), max(k for k in range(full) if trained(k) < full)


def size_with_products(shapes, r):
    return sum(r * n * m for n, m in shapes), 383


def size_up_to_equality(shapes, r):
    per_rank = sum(n + m for n, m in shapes)
    return r * per_rank, sum(n * m for n, m in shapes) // per_rank


def size_of_the_first(shapes, r):
    return CELLS["solved_size"](shapes[:1], r)


def merge_with_einsum(W, A, B, alpha):
    return W + np.einsum("...r,rm->...m", A, B) * alpha / B.shape[0]


def merge_in_place(W, A, B, alpha):
    W += alpha / A.shape[-1] * (A @ B)
    return W


def merge_without_alpha(W, A, B, alpha):
    return W + A @ B


def merge_divided_by_an_axis(W, A, B, alpha):
    return W + alpha / A.shape[1] * (A @ B)


def merge_flat(W, A, B, alpha):
    flat = A.reshape(-1, A.shape[-1]) @ B
    return W.reshape(flat.shape) + alpha / A.shape[-1] * flat


def mixed_with_random(new, old, share, size, seed):
    import random

    generator = random.Random(seed)
    texts = generator.sample(old, round(share * size))
    texts += generator.sample(new, size - len(texts))
    generator.shuffle(texts)
    return texts


def mixed_without_seed(new, old, share, size, seed):
    return mixed_with_random(new, old, share, size, None)


def mixed_in_two_blocks(new, old, share, size, seed):
    texts = mixed_with_random(new, old, share, size, seed)
    return sorted(texts, key=lambda text: text[0])


def mixed_by_tossing(new, old, share, size, seed):
    generator = np.random.default_rng(seed)
    return [
        str(generator.choice(old if generator.random() < share else new))
        for _ in range(size)
    ]


def mixed_by_emptying_the_lists(new, old, share, size, seed):
    num_old = round(share * size)
    texts = [old.pop() for _ in range(num_old)]
    texts += [new.pop() for _ in range(size - num_old)]
    return [str(text) for text in np.random.default_rng(seed).permutation(texts)]


def windows_by_label(token_ids, length, overlap):
    """Goes from the first label of each window, not from its first feature."""
    rows, done = [], 1  # the next label that has to count
    while done < len(token_ids):
        context = overlap if rows else 0
        start = done - 1 - context
        x = token_ids[start : start + length][: len(token_ids) - 1 - start]
        y = token_ids[start + 1 : start + 1 + len(x)]
        rows.append((x, y, [0] * context + [1] * (len(x) - context)))
        done = start + 1 + len(x)
    return rows


def windows_that_count_twice(token_ids, length, overlap):
    rows = CELLS["solved_windows"](token_ids, length, overlap)
    return [(x, y, [1] * len(x)) for x, y, _ in rows]


def windows_without_overlap(token_ids, length, overlap):
    return CELLS["solved_windows"](token_ids, length, 0)


def windows_with_one_too_many(token_ids, length, overlap):
    x, y = token_ids[:-1], token_ids[1:]
    rows = []
    for start in range(0, len(x), length - overlap):
        context = overlap if start else 0
        row = x[start : start + length]
        rows.append(
            (row, y[start : start + length], [0] * context + [1] * (len(row) - context))
        )
    return rows


def only_the_first_window(token_ids, length, overlap):
    return CELLS["solved_windows"](token_ids, length, overlap)[:1]


OTHERS = [
    ("judge_checkpoint", path_in_a_folder_of_its_own),
    ("judge_write", write_in_one_expression),
    ("judge_turns", turns_by_resetting_the_count),
    ("judge_rate", rate_as_a_minimum),
    ("judge_size", size_by_search),
    ("judge_merge", merge_with_einsum),
    ("judge_mixed", mixed_with_random),
    ("judge_windows", windows_by_label),
]


WRONG = [
    ("judge_checkpoint", CELLS["checkpoint_path"], "refuses this name"),
    ("judge_checkpoint", path_of_keras_2, "refuses this name"),
    ("judge_checkpoint", same_path_for_all, "two models"),
    ("judge_checkpoint", path_elsewhere, "in the folder"),
    ("judge_write", CELLS["write_each"], "8 compilations"),
    ("judge_write", write_one_by_one, "8 calls"),
    ("judge_write", write_without_the_sampler, "the given sampler"),
    ("judge_turns", CELLS["train_in_turn"], "second part must move"),
    ("judge_turns", turns_in_one_long_line, "full height"),
    ("judge_turns", turns_each_from_the_start, "second part must move"),
    ("judge_rate", rate_that_falls_below_zero, "stays 0"),
    ("judge_rate", rate_that_divides_by_no_warmup, "ZeroDivisionError"),
    ("judge_rate", rate_that_falls_from_step_0, "step 10"),
    ("judge_rate", rate_without_scale, "scales with the rate"),
    ("judge_size", size_with_products, "each row"),
    ("judge_size", size_up_to_equality, "exactly as many"),
    ("judge_size", size_of_the_first, "sum over the matrices"),
    ("judge_merge", merge_in_place, "stay as it is"),
    ("judge_merge", merge_without_alpha, "scales it"),
    ("judge_merge", merge_divided_by_an_axis, "an assertion failed"),
    ("judge_merge", merge_flat, "the shape stays"),
    ("judge_mixed", mixed_without_seed, "same seed"),
    ("judge_mixed", mixed_in_two_blocks, "must be mixed"),
    ("judge_mixed", mixed_by_tossing, "not 20"),
    ("judge_mixed", mixed_by_emptying_the_lists, "IndexError"),
    ("judge_windows", windows_that_count_twice, "weights"),
    ("judge_windows", windows_without_overlap, "weights"),
    ("judge_windows", windows_with_one_too_many, "lengths"),
    ("judge_windows", only_the_first_window, "each label once"),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
