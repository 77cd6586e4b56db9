"""Documents to token ids: any number of texts as one compact array."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def concatenate_documents(
    documents: Iterable[ArrayLike], end_token_id: int
) -> NDArray[np.integer]:
    """All documents in one array, each followed by the end token.

    Args:
        documents: iterable of lists or 1-D arrays of token ids; each is read once.
        end_token_id: int, an id that no document holds.

    Returns:
        Int array `(N,)`: uint16 if all ids are below 65,536, else int32.

    Raises:
        ValueError: if a document is no row of token ids, or holds the end token.

    Example:
    ```python
    concatenate_documents([[5, 6, 7], [8]], end_token_id=2)  # [5, 6, 7, 2, 8, 2]
    ```
    """
    check_at_least(0, end_token_id=end_token_id)
    pieces = []
    for i, document in enumerate(documents):
        ids = np.asarray(document)
        if not ids.size:
            ids = ids.astype("uint16")
        if ids.ndim != 1 or ids.dtype.kind not in "iu" or (ids < 0).any():
            raise ValueError(
                "`documents` must be rows of token ids, of integers from 0 on. "
                f"Received: documents[{i}]={document!r:.100}"
            )
        if (ids == end_token_id).any():
            raise ValueError(
                f"`documents` must not hold the end token {end_token_id}: it marks "
                f"where they end. Received: documents[{i}]={document!r:.100}"
            )
        ids = np.append(ids, end_token_id)
        pieces.append(ids.astype("uint16" if ids.max() < 2**16 else "int32"))
    if not pieces:
        raise ValueError("`documents` must hold at least one. Received: none")
    return np.concatenate(pieces)


def encode_documents(
    texts: Iterable[str],
    tokenizer: Callable[[list[str]], Any],
    end_token_id: int,
    batch_size: int = 1024,
) -> NDArray[np.integer]:
    """Tokenise texts, however many, and put them into one array.

    Only `batch_size` texts at a time are ever tensors; what is kept takes two bytes a
    token, or four with a vocabulary of more than 65,536.

    Args:
        texts: iterable of str.
        tokenizer: what turns a list of str into rows of token ids: a KerasHub
            tokenizer, or any function.
        end_token_id: int, put after each text.
        batch_size: int.

    Returns:
        See `concatenate_documents`.

    Example:
    ```python
    encode_documents(["a great film."], tokenizer, tokenizer.end_token_id)
    ```
    """
    if isinstance(texts, str):
        raise ValueError(f"`texts` must be an iterable of str. Received: {texts!r}")
    check_at_least(1, batch_size=batch_size)
    return concatenate_documents(_rows(texts, tokenizer, batch_size), end_token_id)


def _rows(texts: Iterable[str], tokenizer: Callable, batch_size: int) -> Iterator:
    """The token ids of one text after the other."""
    texts = iter(texts)
    while batch := list(islice(texts, batch_size)):
        rows = tokenizer(batch)
        if hasattr(rows, "row_splits"):  # tf.RaggedTensor
            rows = np.split(rows.values.numpy(), rows.row_splits.numpy()[1:-1])
        if len(rows) != len(batch):
            raise ValueError(
                f"`tokenizer` must return a row for each of {len(batch)} texts. "
                f"Received: {len(rows)} rows"
            )
        yield from rows


def check_at_least(least: int, **arguments: Any) -> None:
    """Raise a `ValueError` unless each argument is an integer of at least this."""
    for name, value in arguments.items():
        if not isinstance(value, int | np.integer) or value < least:
            raise ValueError(
                f"`{name}` must be an integer of at least {least}. "
                f"Received: {name}={value!r}"
            )
