"""Holding out parts of a text that is no collection of documents."""

import hashlib
from collections.abc import Sequence

from course_lib.datasets.manifest import DataError
from course_lib.datasets.splits import Splits, normalise, split_by_hash
from course_lib.datasets.text_documents import ENOUGH_DOCUMENTS

NUM_BLOCKS = 100
LONGEST_PARAGRAPH = 100_000  # characters


def hold_out(
    name: str, texts: list[str], unit: str, validation: float, test: float
) -> tuple[str, Splits]:
    """Splits by document where there are enough of them, else by blocks.

    Enough are `ENOUGH_DOCUMENTS`, if the hash of their words happens to send between
    half and twice its share to each held-out split.

    Args:
        name: what messages call the corpus.
        texts: its documents.
        unit: what they are; `"passage"` if one goes on where the other ends.
        validation: the share of the validation split.
        test: the share of the test split.

    Returns:
        `"documents"` or `"blocks"`, and the splits. Documents are in mixed order.

    Raises:
        DataError: if there is too little to split, or nothing that tells where to cut.
    """
    if unit != "passage" and len(texts) >= ENOUGH_DOCUMENTS:
        splits = split_by_hash(texts, validation, test)
        total = sum(map(len, texts))
        shares = (splits.validation, validation), (splits.test, test)
        if all(
            share / 2 <= sum(map(len, s)) / total <= 2 * share for s, share in shares
        ):
            return "documents", Splits(*(sorted(s, key=_shuffle_key) for s in splits))
    longest = max(map(len, texts))
    if unit == "passage" and longest > LONGEST_PARAGRAPH:
        raise DataError(
            f"{name} has {longest:,} characters without a blank line or line break "
            "between paragraphs: nothing tells where to cut it. Break it into lines."
        )
    try:
        return "blocks", split_in_blocks(texts, validation, test)
    except ValueError:
        raise DataError(
            f"{name} is too short to hold anything out: it makes {len(texts)} "
            f"documents ({unit}). Find more text, or say by `documents` what one is."
        ) from None


def split_in_blocks(
    texts: Sequence[str], validation: float = 0.05, test: float = 0.05
) -> Splits:
    """Splits consecutive texts into contiguous blocks, and holds some of them out.

    There are `NUM_BLOCKS` blocks of about the same length, of whole texts (or fewer,
    where texts are long). Those whose words have the lowest hashes are the test, the
    next ones are for validation: they come from everywhere in the text, and only at
    their few edges does a held-out text follow one for training. Nothing but the texts
    decides, no seed.

    Args:
        texts: passages in the order in which they were written; the order is kept
            within each split.
        validation: the share of blocks for validation, at least one if positive.
        test: the share of blocks for the test, at least one if positive.

    Returns:
        `Splits(train, validation, test)`.

    Raises:
        ValueError: if there are too few blocks for all splits.

    Example:
        >>> splits = split_in_blocks([f"passage {n}" for n in range(1000)])
        >>> [len(split) for split in splits]
        [899, 51, 50]
    """
    blocks = _cut(texts)
    num_test, num_validation = (
        max(1, round(share * len(blocks))) if share else 0
        for share in (test, validation)
    )
    if num_test + num_validation >= len(blocks):
        raise ValueError(
            f"`texts` must make at least {num_test + num_validation + 1} blocks for "
            f"the three splits. Received: {len(texts)} texts, {len(blocks)} blocks"
        )
    ranks = sorted(range(len(blocks)), key=lambda i: _hash(blocks[i]))
    held_out = set(ranks[:num_test]), set(ranks[num_test : num_test + num_validation])
    splits = Splits([], [], [])
    for i, block in enumerate(blocks):
        if i in held_out[0]:
            splits.test.extend(block)
        elif i in held_out[1]:
            splits.validation.extend(block)
        else:
            splits.train.extend(block)
    return splits


def _cut(texts: Sequence[str]) -> list[list[str]]:
    """Blocks of whole texts, each begun where a hundredth of the characters is full."""
    total = sum(map(len, texts))
    blocks: dict[int, list[str]] = {}
    before = 0
    for text in texts:
        blocks.setdefault(before * NUM_BLOCKS // total, []).append(text)
        before += len(text)
    return list(blocks.values())


def _hash(block: list[str]) -> bytes:
    return hashlib.sha256(normalise("\n".join(block)).encode()).digest()


def _shuffle_key(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
