"""What the tokenizers share: checks of vocabularies, texts and token ids."""

from collections.abc import Callable, Iterable
from typing import Any

import keras


def check_vocabulary(
    vocabulary: Iterable[str] | str, special_tokens: Iterable[str]
) -> list[str]:
    """The entries of a vocabulary, if it is one.

    Args:
        vocabulary: iterable of str, or the path of a file with one entry a line.
        special_tokens: what it must begin with.

    Returns:
        A list of str.

    Raises:
        ValueError: if it does not begin so, or holds an entry twice or one that is not
            a str.
    """
    if isinstance(vocabulary, str):
        vocabulary = _read_lines(vocabulary)
    vocabulary, special = list(vocabulary), list(special_tokens)
    if vocabulary[: len(special)] != special:
        raise ValueError(
            f"`vocabulary` must begin with {special}. "
            f"Received: {vocabulary[: len(special)]}"
        )
    for entry in vocabulary:
        if not isinstance(entry, str):
            raise ValueError(f"`vocabulary` must hold str only. Received: {entry!r}")
    if len(set(vocabulary)) != len(vocabulary):
        twice = next(w for i, w in enumerate(vocabulary) if w in vocabulary[:i])
        raise ValueError(
            f"`vocabulary` must not hold an entry twice. Received: '{twice}' twice"
        )
    return vocabulary


def to_string_tensor(inputs: Any) -> Any:
    """A str or a list of str as tf string tensor `()` or `(B,)`; else `ValueError`."""
    import tensorflow as tf

    try:
        texts = tf.convert_to_tensor(inputs, dtype=tf.string)
    except (TypeError, ValueError):
        texts = None
    if texts is None or (texts.shape.rank or 0) > 1:
        raise ValueError(
            f"`inputs` must be a str or a list of str. Received: {inputs!r}"
        )
    return texts


def map_rows(
    join: Callable[[list[int]], str], inputs: Any, vocabulary_size: int
) -> str | list[str]:
    """`join` applied to token ids.

    Args:
        join: turns a list of token ids into a text.
        inputs: ids `(T,)` or rows of them: lists, an array, a (ragged) tensor.
        vocabulary_size: int, above the largest id.

    Returns:
        A text, or a list of texts for rows.

    Raises:
        ValueError: if `inputs` holds anything but token ids.
    """
    rows = _to_lists(inputs)
    batched = isinstance(rows, list) and bool(rows) and isinstance(rows[0], list)
    texts = []
    for row in rows if batched else [rows]:
        wrong = [row] if not isinstance(row, list) else _not_ids(row, vocabulary_size)
        if wrong:
            raise ValueError(
                "`inputs` must be a sequence of token ids, or a batch of them: "
                f"from 0 to {vocabulary_size - 1}. Received: {wrong[0]!r}"
            )
        texts.append(join(row))
    return texts if batched else texts[0]


def _read_lines(path: str) -> list[str]:
    """The lines of a file, split at newlines only: words may hold rarer separators."""
    with open(path, encoding="utf-8", newline="\n") as file:
        return file.read().removesuffix("\n").split("\n")


def _not_ids(row: list, vocabulary_size: int) -> list:
    """What in `row` is no token id."""
    return [i for i in row if type(i) is not int or not 0 <= i < vocabulary_size]


def _to_lists(token_ids: Any) -> list:
    """Nested lists of numbers from a list, an array or a (ragged) tensor."""
    if hasattr(token_ids, "to_list"):  # tf.RaggedTensor
        return token_ids.to_list()
    if isinstance(token_ids, list | tuple):
        return [row if type(row) is int else _to_lists(row) for row in token_ids]
    return keras.ops.convert_to_numpy(token_ids).tolist()
