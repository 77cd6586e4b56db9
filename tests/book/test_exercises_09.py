"""The judges of the chapter on poems accept right answers, reject the usual wrong."""

import math
import re

from tests.book.exercise_cells import judge_tests, run_exercises

# `MARKS`, `QUIET_NIGHT` and `HAN` are what the exercises are about.
CELLS = run_exercises("09_gpt2_poems", ["QUIET_NIGHT =", "HAN = re.compile("])
MARKS = CELLS["MARKS"]

SOLUTIONS = {
    "judge_stream": "stream_mended",
    "judge_score": "score_mended",
    "judge_character_perplexity": "solved_character_perplexity",
    "judge_code_point": "solved_code_point",
    "judge_couplets": "solved_couplets",
    "judge_may_follow": "solved_may_follow",
}


# Find the bug


def stream_by_states(pieces):
    """Holds back the bytes of a character until it is whole."""
    shown, waiting = [], b""
    for piece in pieces:
        waiting += piece
        whole = len(waiting)
        for back in range(1, min(3, len(waiting)) + 1):
            byte = waiting[-back]
            if byte >= 0xC0:
                size = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
                whole -= back if size > back else 0
            if not 0x80 <= byte < 0xC0:
                break
        shown.append(waiting[:whole].decode("utf-8", errors="replace"))
        waiting = waiting[whole:]
    return shown


def stream_at_the_end(pieces):
    return [""] * (len(pieces) - 1) + [b"".join(pieces).decode(errors="replace")]


def stream_ignoring(pieces):
    return [piece.decode("utf-8", errors="ignore") for piece in pieces]


def stream_strict(pieces):
    return [piece.decode("utf-8") for piece in pieces]


def stream_ignoring_what_is_broken(pieces):
    decoder = CELLS["codecs"].getincrementaldecoder("utf-8")("ignore")
    return [decoder.decode(piece) for piece in pieces]


def stream_that_ends(pieces):
    decoder = CELLS["codecs"].getincrementaldecoder("utf-8")("replace")
    last = len(pieces) - 1
    return [decoder.decode(p, final=i == last) for i, p in enumerate(pieces)]


def score_by_loop(prompt, new_bytes):
    good = total = length = 0
    for character in new_bytes.decode("utf-8", errors="backslashreplace"):
        if character in MARKS:
            total += 1
            good += length == len(prompt) - 1
            length = 0
        else:
            length += 1
    return good / total if total else 0.0


def score_of(errors, with_prompt):
    def score(prompt, new_bytes):
        text = new_bytes.decode("utf-8", errors=errors)
        lines = re.findall(
            f"([^{MARKS}]*)[{MARKS}]", prompt + text if with_prompt else text
        )
        good = [len(x) == len(prompt) - 1 and "\ufffd" not in x for x in lines]
        return sum(good) / max(1, len(good))

    return score


# Exercises


def character_perplexity_by_power(perplexity, num_tokens, num_characters):
    return perplexity ** (num_tokens / num_characters)


def code_point_by_decoding(*values):
    try:
        text = bytes(values).decode("utf-8")
    except UnicodeDecodeError:
        return -1
    return ord(text) if len(text) == 1 else -1


def code_point_unchecked(first, second, third):
    return (first - 224) * 4096 + (second - 128) * 64 + third - 128


def code_point_of_any_leader(first, second, third):
    if first < 0xE0 or second >> 6 != 0b10 or third >> 6 != 0b10:
        return -1
    return (first & 0b1111) << 12 | (second & 0b111111) << 6 | third & 0b111111


def couplets_by_loop(poem):
    pieces = re.findall("[^，。！？]*[，。！？]", poem)
    if not pieces or len(pieces) % 2 or "".join(pieces) != poem:
        return False
    for i, piece in enumerate(pieces):
        if piece[-1] not in ("。！？" if i % 2 else "，"):
            return False
        if not all("\u3400" <= c <= "\u9fff" for c in piece[:-1]):
            return False
    lengths = {len(piece) - 1 for piece in pieces}
    return lengths in ({5}, {7})


def couplets_by(pattern):
    return lambda poem: bool(re.fullmatch(pattern, poem))


def may_follow_by_table(written):
    """The state of the last character, read from the back."""
    tail = b""
    for byte in reversed(written):
        if byte < 0x80:
            break
        tail = bytes([byte]) + tail
        if byte >= 0xC0:
            break
    size = {0xC: 2, 0xD: 2, 0xE: 3, 0xF: 4}.get(tail[0] >> 4, 1) if tail else 1
    if len(tail) in (0, size) or size == 1:
        return {*range(128), *range(0xC2, 0xF5)}
    low, high = 0x80, 0xBF
    if len(tail) == 1:
        low = {0xE0: 0xA0, 0xF0: 0x90}.get(tail[0], low)
        high = {0xED: 0x9F, 0xF4: 0x8F}.get(tail[0], high)
    return {*range(low, high + 1)}


def may_follow_changed(change):
    return lambda written: change(CELLS["solved_may_follow"](written), written)


OTHERS = [
    ("judge_stream", stream_by_states),
    ("judge_score", score_by_loop),
    ("judge_character_perplexity", character_perplexity_by_power),
    ("judge_code_point", code_point_by_decoding),
    ("judge_couplets", couplets_by_loop),
    ("judge_may_follow", may_follow_by_table),
]

FIVE = "[\u4e00-\u9fff]{5}"
FOLLOWERS = {*range(0x80, 0xC0)}

WRONG = [
    ("judge_stream", CELLS["stream_printed"], "byte by byte"),
    ("judge_stream", stream_ignoring, "byte by byte"),
    ("judge_stream", stream_strict, "UnicodeDecodeError"),
    ("judge_stream", stream_at_the_end, "English must stay"),
    ("judge_stream", stream_that_ends, "unfinished"),
    ("judge_stream", stream_ignoring_what_is_broken, "shows as"),
    ("judge_score", CELLS["score_printed"], "one good line of two"),
    ("judge_score", score_of("replace", with_prompt=True), "one good line of two"),
    ("judge_score", score_of("ignore", with_prompt=False), "broken character"),
    ("judge_character_perplexity", lambda p, t, c: p * t / c, "multiply"),
    (
        "judge_character_perplexity",
        lambda p, t, c: math.exp(math.log(p) * c / t),
        "three bytes",
    ),
    ("judge_code_point", code_point_unchecked, "is no character"),
    ("judge_code_point", code_point_of_any_leader, "wants three followers"),
    (
        "judge_code_point",
        lambda a, b, c: (a & 15) << 12 | (b & 63) << 6 | (c & 63),
        "is no character",
    ),
    (
        "judge_couplets",
        couplets_by(f"({FIVE}，{FIVE}。)+"),
        "a question ends a pair",
    ),
    ("judge_couplets", couplets_by(f"({FIVE}[{MARKS}])+"), "odd number"),
    ("judge_couplets", couplets_by("(.{5}，.{5}[。！？])+"), "broken"),
    (
        "judge_couplets",
        couplets_by("([\u4e00-\u9fff]+，[\u4e00-\u9fff]+[。！？])+"),
        "five and four",
    ),
    (
        "judge_couplets",
        couplets_by("((.{5}|.{7})，(.{5}|.{7})[。！？])+"),
        "five and seven",
    ),
    (
        "judge_may_follow",
        may_follow_changed(lambda right, written: right | {0xC0}),
        "after nothing: 0xc0",
    ),
    (
        "judge_may_follow",
        may_follow_changed(lambda right, written: right - FOLLOWERS),
        "after e6: 0x80",
    ),
    (
        "judge_may_follow",
        may_follow_changed(
            lambda right, written: FOLLOWERS if right <= FOLLOWERS else right
        ),
        "after e0: 0x80",
    ),
    (
        "judge_may_follow",
        may_follow_changed(
            lambda right, written: (
                right | FOLLOWERS if written[-1:] == b"\xed" else right
            )
        ),
        "after ed: 0xa0",
    ),
]


(
    test_every_judge_is_tested,
    test_the_folded_solution_is_accepted,
    test_another_right_answer_is_accepted,
    test_a_wrong_answer_is_rejected,
) = judge_tests(CELLS, SOLUTIONS, OTHERS, WRONG)
