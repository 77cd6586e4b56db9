"""The judges of chapter 1 take right answers and say what is wrong with the others."""

import numpy as np
import pytest

from tests.book.exercise_cells import run_exercises, verdict

CELLS = run_exercises(
    "01_embeddings",
    needs=[
        "SENTENCE =",
        "LESSON =",
        "def ids_from",
        "wordpiece_vocabulary =",
        "def normed",
        "folder = ",
        "def sine_encoding",
    ],
)

EXERCISES = {  # what a judge is called after: the solution
    "prompt": "prompt_ids_mended",
    "likeliest": "likeliest_mended",
    "price": "solved_price",
    "share": "solved_share",
    "nearest": "solved_nearest",
    "wordpieces": "solved_wordpieces",
    "shift": "solved_shift",
}


def judged(name, answer):
    return verdict(CELLS[f"judge_{name}"], answer)


def test_every_judge_is_tested():
    judges = {name for name in CELLS if name.startswith("judge_")}
    assert judges == {f"judge_{name}" for name in EXERCISES}


@pytest.mark.parametrize(("name", "solution"), EXERCISES.items())
def test_solution_passes_and_a_stub_does_not(name, solution):
    assert judged(name, CELLS[solution]) == "PASS"
    assert judged(name, None) == "not solved yet"


# Other right ways


def prompt_in_a_loop(prompt, vocabulary):
    ids = []
    for word in prompt.lower().split():
        ids.append(vocabulary.index(word) if word in vocabulary else 1)
    return np.array(ids)


def likeliest_of_a_copy(probabilities):
    allowed = np.where(np.arange(len(probabilities)) < 2, -1.0, probabilities)
    return allowed.argmax()


def price_by_part(vocabulary_size, width, num_positions, tied):
    price = vocabulary_size * width + num_positions * width
    return price if tied else price + width * vocabulary_size


def share_by_sorting(training_words, new_words, size):
    by_count = sorted(set(training_words), key=training_words.count, reverse=True)
    return float(np.mean([word not in by_count[:size] for word in new_words]))


def nearest_of_normed_rows(table, i, k):
    rows = table / np.sqrt((table**2).sum(axis=1, keepdims=True))
    cosines = rows @ rows[i]
    cosines[i] = -2
    return np.argsort(cosines)[::-1][:k]


def wordpieces_recursively(word, vocabulary, prefix=""):
    for end in range(len(word), 0, -1):
        if prefix + word[:end] in vocabulary:
            if end == len(word):
                return [prefix + word]
            rest = wordpieces_recursively(word[end:], vocabulary, "##")
            whole = rest != ["[UNK]"]
            return [prefix + word[:end], *rest] if whole else rest
    return ["[UNK]"]


def shift_by_kronecker(k, D):
    M = np.zeros((D, D))
    for i, speed in enumerate(10_000.0 ** (-np.arange(0, D, 2) / D)):
        turn = np.exp(1j * speed * k)
        block = np.array([[turn.real, turn.imag], [-turn.imag, turn.real]])
        M += np.kron(np.diag(np.arange(D // 2) == i), block)
    return M


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("prompt", prompt_in_a_loop),
        ("likeliest", likeliest_of_a_copy),
        ("price", price_by_part),
        ("share", share_by_sorting),
        ("nearest", nearest_of_normed_rows),
        ("wordpieces", wordpieces_recursively),
        ("shift", shift_by_kronecker),
    ],
)
def test_another_right_answer_passes(name, answer):
    assert judged(name, answer) == "PASS"


# Wrong answers, and what each is told


def prompt_still_dropping(prompt, vocabulary):
    return [vocabulary.index(w) for w in prompt.lower().split() if w in vocabulary]


def prompt_in_its_own_case(prompt, vocabulary):
    return [vocabulary.index(w) if w in vocabulary else 1 for w in prompt.split()]


def prompt_padded(prompt, vocabulary):
    ids = {word: i for i, word in enumerate(vocabulary)}
    return [ids.get(word, 0) for word in prompt.lower().split()]


def likeliest_in_place(probabilities):
    probabilities[:2] = 0
    return probabilities.argmax()


def nearest_by_dot_product(table, i, k):
    return [j for j in np.argsort(-(table @ table[i])) if j != i][:k]


def nearest_by_distance(table, i, k):
    distance = np.linalg.norm(table - table[i], axis=1)
    return [j for j in np.argsort(distance) if j != i][:k]


def nearest_with_itself(table, i, k):
    cosines = table @ table[i] / np.linalg.norm(table, axis=1)
    return np.argsort(-cosines)[:k]


def wordpieces_that_try_again(word, vocabulary, prefix=""):
    for end in range(len(word), 0, -1):
        if prefix + word[:end] in vocabulary:
            if end == len(word):
                return [prefix + word]
            rest = wordpieces_that_try_again(word[end:], vocabulary, "##")
            if rest != ["[UNK]"]:
                return [prefix + word[:end], *rest]
    return ["[UNK]"]


def wordpieces_without_hashes(word, vocabulary):
    pieces = []
    while word:
        end = next((e for e in range(len(word), 0, -1) if word[:e] in vocabulary), 0)
        if not end:
            return ["[UNK]"]
        pieces.append(word[:end])
        word = word[end:]
    return pieces


def wordpieces_unknown_in_part(word, vocabulary):
    pieces = wordpieces_recursively(word, vocabulary)
    return ["unw", "[UNK]"] if word == "unwatchable" else pieces


def shift_with_a_wrong_speed(k, D):
    M = np.zeros((D, D))
    for i in range(D // 2):
        angle = k * 10_000.0 ** (-i / D)
        s, c = np.sin(angle), np.cos(angle)
        M[2 * i : 2 * i + 2, 2 * i : 2 * i + 2] = [[c, s], [-s, c]]
    return M


@pytest.mark.parametrize(
    ("name", "answer", "reason"),
    [
        ("prompt", CELLS["prompt_ids"], "what does the dictionary lead from"),
        ("prompt", prompt_still_dropping, "nobody was told"),
        ("prompt", prompt_in_its_own_case, "the case does not matter"),
        ("prompt", prompt_padded, "the id of [UNK]"),
        ("likeliest", CELLS["likeliest"], "nobody can read it"),
        ("likeliest", lambda p: p[2:].argmax(), "of the others"),
        ("likeliest", lambda p: p[3:].argmax() + 3, "keep [END]"),
        ("likeliest", lambda p: max({*range(len(p))} - {1}, key=p.item), "[PAD]"),
        ("likeliest", likeliest_in_place, "leave the caller's"),
        ("price", lambda V, D, T, tied: V * D + T * D, "a second matrix"),
        ("price", lambda V, D, T, tied: (1 + (not tied)) * V * D + T, "10 tokens"),
        ("share", lambda old, new, n: np.mean([w not in old for w in new]), "is lost"),
        (
            "share",
            lambda old, new, n: share_by_sorting(old, list(set(new)), n),
            "1 word of 5",
        ),
        ("nearest", nearest_by_dot_product, "mind the lengths"),
        ("nearest", nearest_by_distance, "row 2, then row 1"),
        ("nearest", nearest_with_itself, "its own neighbour"),
        ("wordpieces", wordpieces_that_try_again, "'unw' is longer"),
        ("wordpieces", wordpieces_without_hashes, "later pieces have ##"),
        ("wordpieces", wordpieces_unknown_in_part, "all is unknown"),
        ("shift", lambda k, D: CELLS["solved_shift"](-k, D), "goes back by k"),
        ("shift", lambda k, D: np.eye(D), "does not become"),
        ("shift", lambda k, D: CELLS["solved_shift"](k, D)[:2], "the shape of M"),
        ("shift", shift_with_a_wrong_speed, "does not become"),
    ],
)
def test_wrong_answer_is_told_why(name, answer, reason):
    said = judged(name, answer)
    assert said.startswith("not right yet: ") and reason in said
