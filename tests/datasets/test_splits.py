import hashlib
import random

import pytest

from course_lib.datasets.splits import normalise, split_by_hash

TEXTS = [f"Review {n}: <br />it's number {n * n}!" for n in range(4000)]


def split_of(text, **shares):
    return next(
        name
        for name, texts in split_by_hash([text], **shares)._asdict().items()
        if texts
    )


def test_every_text_is_in_one_split_and_order_is_kept():
    splits = split_by_hash(TEXTS)
    assert sorted(text for split in splits for text in split) == sorted(TEXTS)
    for split in splits:
        assert split == [text for text in TEXTS if text in set(split)]


def test_sizes_are_the_shares_asked_for():
    splits = split_by_hash(TEXTS, validation=0.05, test=0.2)
    # Binomial counts: 4 standard deviations are 55 and 101.
    assert abs(len(splits.validation) - 200) < 55
    assert abs(len(splits.test) - 800) < 101


def test_agrees_with_the_definition():
    for text in TEXTS[:200]:
        digest = hashlib.sha256(normalise(text).encode()).hexdigest()
        position = int(digest, 16) / 16 ** len(digest)
        expected = (
            "test" if position < 0.3 else "validation" if position < 0.5 else "train"
        )
        assert split_of(text, validation=0.2, test=0.3) == expected


def test_splits_never_change_from_release_to_release():
    """A trained preset's held-out texts stay held out."""
    splits = split_by_hash((f"text {n}" for n in range(40)), 0.1, 0.1)
    assert splits.validation == [f"text {n}" for n in (6, 14, 17, 28, 34)]
    assert splits.test == [f"text {n}" for n in (12, 13, 19, 20, 26, 30)]


def test_depends_on_neither_order_nor_neighbours():
    shuffled = random.Random(0).sample(TEXTS, len(TEXTS))
    whole, other = split_by_hash(TEXTS), split_by_hash(shuffled)
    half = split_by_hash(TEXTS[::2])
    for a, b, c in zip(whole, other, half, strict=True):
        assert set(a) == set(b)
        assert set(c) == set(a) & set(TEXTS[::2])


@pytest.mark.parametrize(
    "twin",
    [
        "A GREAT FILM it s over",
        "  a great\tfilm -- it's   over.\n",
        "A great film!<br /><br />It's over...",
    ],
)
def test_texts_of_the_same_words_never_straddle(twin):
    # Shares of a third: a twin hashed apart would land elsewhere twice in three.
    for n in range(20):
        text = f"A great film; it's over {n}"
        assert split_of(text, validation=0.33, test=0.33) == split_of(
            f"{twin} {n}", validation=0.33, test=0.33
        )


def test_nothing_is_held_out_when_nothing_is_asked_for():
    assert split_by_hash(TEXTS, validation=0, test=0) == (TEXTS, [], [])


@pytest.mark.parametrize(
    "validation, test", [(-0.1, 0.1), (0.1, -0.1), (0.5, 0.5), (float("nan"), 0.1)]
)
def test_impossible_shares(validation, test):
    with pytest.raises(ValueError, match=r"`validation` and `test` .* Received: "):
        split_by_hash(TEXTS, validation=validation, test=test)


def test_one_string_is_not_many():
    with pytest.raises(TypeError, match="`texts` must be many strings"):
        split_by_hash("one long review")


def test_bytes_are_not_text():
    with pytest.raises(
        TypeError, match=r"`texts` must hold strings\. Received: b'raw'"
    ):
        split_by_hash(["fine", b"raw"])
