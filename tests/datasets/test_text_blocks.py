import hashlib
import random

import pytest

from course_lib.datasets.manifest import DataError
from course_lib.datasets.splits import split_by_hash
from course_lib.datasets.text_blocks import NUM_BLOCKS, hold_out, split_in_blocks

TEXTS = [f"This is passage {n} of a long novel." for n in range(1000)]


def flat(splits):
    return [text for split in splits for text in split]


class TestBlocks:
    def test_every_text_is_in_one_split_and_order_is_kept(self):
        splits = split_in_blocks(TEXTS)
        assert sorted(flat(splits)) == sorted(TEXTS)
        for split in splits:
            assert split == [text for text in TEXTS if text in set(split)]

    def test_held_out_are_whole_stretches(self):
        validation, test = split_in_blocks(TEXTS)[1:]
        for split in (validation, test):
            places = [TEXTS.index(text) for text in split]
            starts = [p for p in places if p - 1 not in places]
            assert abs(len(places) - 50) <= 5
            assert len(starts) <= 5

    def test_sizes_are_the_shares_asked_for(self):
        lengths = random.Random(0)
        texts = [f"{n} " + "word " * lengths.randrange(5, 50) for n in range(5000)]
        total = sum(map(len, texts))
        for shares in [(0.05, 0.05), (0.1, 0.2), (0.02, 0.01)]:
            sizes = [sum(map(len, s)) / total for s in split_in_blocks(texts, *shares)]
            assert sizes[1:] == pytest.approx(shares, rel=0.1)

    def test_agrees_with_the_definition(self):
        texts = [f"passage {n}" for n in range(10, 10 + NUM_BLOCKS)]  # a block each
        ranks = sorted(texts, key=lambda t: hashlib.sha256(t.encode()).hexdigest())
        splits = split_in_blocks(texts, validation=0.03, test=0.02)
        assert set(splits.test) == set(ranks[:2])
        assert set(splits.validation) == set(ranks[2:5])

    def test_nothing_is_held_out_when_nothing_is_asked_for(self):
        assert split_in_blocks(TEXTS, 0, 0) == (TEXTS, [], [])

    def test_three_texts_are_enough(self):
        assert [len(s) for s in split_in_blocks(["a", "b", "c"])] == [1, 1, 1]

    @pytest.mark.parametrize("texts", [["a", "b"], ["a"], ["x" * 9999, "b", "c"]])
    def test_too_few(self, texts):
        with pytest.raises(ValueError, match="must make at least 3 blocks"):
            split_in_blocks(texts)


class TestHoldOut:
    def test_many_documents_by_document_in_mixed_order(self):
        kind, splits = hold_out("a", TEXTS, "row", 0.05, 0.05)
        assert kind == "documents"
        assert sorted(flat(splits)) == sorted(TEXTS)
        assert splits.train != [text for text in TEXTS if text in set(splits.train)]

    @pytest.mark.parametrize(
        ("texts", "unit"), [(TEXTS, "passage"), (TEXTS[:99], "row")]
    )
    def test_passages_and_few_documents_by_blocks(self, texts, unit):
        kind, splits = hold_out("a", texts, unit, 0.05, 0.05)
        assert kind == "blocks"
        assert splits == split_in_blocks(texts)

    def test_by_blocks_where_one_document_would_fill_a_split(self):
        giants = (f"giant {n} " + "word " * 3000 for n in range(1000))
        giant = next(text for text in giants if split_by_hash([text]).test)
        kind, splits = hold_out("a", [*TEXTS, giant], "row", 0.05, 0.05)
        assert kind == "blocks"
        assert sorted(flat(splits)) == sorted([*TEXTS, giant])

    def test_one_giant_line(self):
        texts = ["A title.", "word " * 20_001, "The end."]
        message = "tale has 100,005 characters without a blank line or line break"
        with pytest.raises(DataError, match=message):
            hold_out("tale", texts, "passage", 0.05, 0.05)

    def test_too_short(self):
        message = r"tale is too short.*makes 2 documents \(passage\).*by `documents`"
        with pytest.raises(DataError, match=message):
            hold_out("tale", ["Once.", "Twice."], "passage", 0.05, 0.05)
