"""N-gram language models: the baselines that a neural one must beat."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["NGramModel"]


class NGramModel:
    r"""Interpolated n-gram model with absolute discounting.

    Shapes: `N` documents, `L` tokens each, padded. The targets are
    `token_ids[:, 1:]` and the context of a target is up to `order - 1` tokens
    before it, as many as its document has: the events that a causal language
    model trained on the same array sees. Losses are natural logarithms (nats).
    Padding is never counted, predicted or part of a context.

    Each n-gram seen in training gives up `discount` of its count $c$, and what a
    context $h$ collects that way goes to the model that sees one token less
    (context $h'$, and in the end the uniform distribution over the tokens that
    are not padding):

    $$p(w \mid h) = \frac{\max(c(hw) - d, 0)}{c(h)}
    + \frac{d \, |\{v : c(hv) > 0\}|}{c(h)} \, p(w \mid h')$$

    with $c(h) = \sum_v c(hv)$, and $p(w \mid h) = p(w \mid h')$ for a context
    that was never seen.

    Args:
        order: Length of the n-grams: 1 is the unigram model, 2 the bigram model.
        vocabulary_size: Number of token ids, padding included.
        discount: What each count gives up, between 0 and 1.
        pad_token_id: The id that fills the documents up to `L`.

    Example:
        >>> bigram = NGramModel(order=2, vocabulary_size=4).fit(
        ...     [[1, 2, 1, 2, 3], [1, 2, 3, 0, 0]]
        ... )
        >>> bigram.next_token_probabilities([1]).round(2)
        array([0.  , 0.04, 0.88, 0.08])
        >>> round(bigram.nats_per_token([[1, 2, 3, 0, 0]]), 2)
        0.34

    Reference:
        Chen and Goodman, "An Empirical Study of Smoothing Techniques for Language
        Modeling" (1999), for absolute discounting and its relatives.
    """

    def __init__(
        self,
        order: int,
        vocabulary_size: int,
        discount: float = 0.75,
        pad_token_id: int = 0,
    ):
        if not _is_int(order) or order < 1:
            raise ValueError(
                f"`order` must be a positive integer. Received: order={order}"
            )
        if not _is_int(vocabulary_size) or vocabulary_size < 2:
            raise ValueError(
                "`vocabulary_size` must be an integer of at least 2, padding "
                f"included. Received: vocabulary_size={vocabulary_size}"
            )
        if not 0 < discount < 1:
            raise ValueError(
                f"`discount` must be between 0 and 1. Received: discount={discount}"
            )
        if not _is_int(pad_token_id) or not 0 <= pad_token_id < vocabulary_size:
            raise ValueError(
                "`pad_token_id` must be a token id below "
                f"vocabulary_size={vocabulary_size}. Received: "
                f"pad_token_id={pad_token_id}"
            )
        self.order = int(order)
        self.vocabulary_size = int(vocabulary_size)
        self.discount = float(discount)
        self.pad_token_id = int(pad_token_id)
        # One table for each length 1, ..., order. An n-gram's id is its place in
        # its table; a unigram's is its token id.
        self._keys: list[NDArray[np.int64]] = []  # sorted context id * V + target
        self._shares: list[NDArray[np.float64]] = []  # (c(hw) - d) / c(h), by n-gram
        self._backoffs: list[NDArray[np.float64]] = []  # weight of h', by context

    def fit(self, token_ids: ArrayLike) -> "NGramModel":
        """Count the n-grams of a corpus; an earlier fit is forgotten.

        Args:
            token_ids: Integer array of shape `(N, L)`.

        Returns:
            The model itself.

        Raises:
            ValueError: If `token_ids` is not such an array, holds ids outside the
                vocabulary, or no target at all.
        """
        ids = self._validated(token_ids)
        targets = ids[:, 1:]
        is_target = targets != self.pad_token_id  # (N, L - 1)
        if not is_target.any():
            raise ValueError(
                "`token_ids` holds nothing to learn from: no document has two "
                f"tokens. Received an array of shape {ids.shape}"
            )
        self._keys, self._shares, self._backoffs = [], [], []
        contexts = np.zeros_like(targets)  # the empty context has id 0
        num_contexts = 1
        for length in range(1, self.order + 1):
            counted = is_target & (contexts >= 0)
            grams = np.full_like(targets, -1)  # ids of the n-grams ending here
            keys, grams[counted], counts = np.unique(
                contexts[counted] * self.vocabulary_size + targets[counted],
                return_inverse=True,
                return_counts=True,
            )
            owners = keys // self.vocabulary_size  # the context of each n-gram
            totals = np.bincount(owners, counts, minlength=num_contexts)
            kinds = np.bincount(owners, minlength=num_contexts)
            self._keys.append(keys)
            self._shares.append((counts - self.discount) / totals[owners])
            self._backoffs.append(
                np.divide(
                    self.discount * kinds,
                    totals,
                    out=np.ones(num_contexts),  # never seen: all weight to h'
                    where=totals > 0,
                )
            )
            contexts, num_contexts = self._next_contexts(ids, grams, length)
        return self

    def nats(self, token_ids: ArrayLike) -> NDArray[np.float64]:
        """Return -log p of every target, given the tokens before it.

        Args:
            token_ids: Integer array of shape `(N, L)`.

        Returns:
            Array of shape `(N, L - 1)`: the loss of `token_ids[:, 1:]` in nats,
            NaN where the target is padding.

        Raises:
            ValueError: If `token_ids` is not such an array or holds ids outside
                the vocabulary.
            RuntimeError: If the model was not fitted.
        """
        if not self._keys:
            raise RuntimeError("The model knows no n-grams yet: call `fit` first.")
        ids = self._validated(token_ids)
        targets = ids[:, 1:]
        contexts = np.zeros_like(targets)
        probabilities = np.full(targets.shape, 1 / (self.vocabulary_size - 1))
        for length in range(1, self.order + 1):
            keys = self._keys[length - 1]
            known = contexts >= 0  # elsewhere p stays that of the shorter context
            probabilities[known] *= self._backoffs[length - 1][contexts[known]]
            wanted = contexts * self.vocabulary_size + targets
            places = np.searchsorted(keys, wanted)
            seen = known & (places < len(keys))
            seen[seen] = keys[places[seen]] == wanted[seen]
            probabilities[seen] += self._shares[length - 1][places[seen]]
            grams = np.where(seen, places, -1)
            contexts, _ = self._next_contexts(ids, grams, length)
        probabilities[targets == self.pad_token_id] = np.nan
        return -np.log(probabilities)

    def nats_per_token(self, token_ids: ArrayLike) -> float:
        """Return the mean loss over all targets that are not padding.

        Args:
            token_ids: Integer array of shape `(N, L)`.

        Returns:
            Mean of `-log p` in nats, each target weighing the same.

        Raises:
            ValueError: As `nats`, or if there is no target at all.
            RuntimeError: If the model was not fitted.
        """
        nats = self.nats(token_ids)
        nats = nats[~np.isnan(nats)]
        if nats.size == 0:
            raise ValueError(
                "`token_ids` holds nothing to predict: no document has two tokens."
            )
        return float(nats.mean())

    def next_token_probabilities(self, token_ids: ArrayLike) -> NDArray[np.float64]:
        """Return the distribution of the token that follows `token_ids`.

        Args:
            token_ids: The tokens so far, shape `(T,)`; may be empty. Only the last
                `order - 1` matter.

        Returns:
            Array of shape `(vocabulary_size,)` that sums to 1; padding has 0.

        Raises:
            ValueError: If `token_ids` has another shape or ids outside the
                vocabulary.
            RuntimeError: If the model was not fitted.
        """
        context = np.asarray(token_ids, dtype=None if np.size(token_ids) else int)
        if context.ndim != 1:
            raise ValueError(
                "`token_ids` must be one sequence of token ids. Received an array of "
                f"shape {context.shape}"
            )
        # A leading pad keeps the first target in place when the context is empty.
        context = np.append(self.pad_token_id, context)[-max(self.order - 1, 1) :]
        every_token = np.arange(self.vocabulary_size)[:, None]  # (V, 1)
        rows = np.tile(context, (self.vocabulary_size, 1))
        nats = self.nats(np.concatenate([rows, every_token], axis=1))
        return np.nan_to_num(np.exp(-nats[:, -1]), nan=0.0)

    def _next_contexts(
        self, ids: NDArray[np.int64], grams: NDArray[np.int64], length: int
    ) -> tuple[NDArray[np.int64], int]:
        """Ids of the n-grams that end just before each target, and their number."""
        if length == 1:  # the first token, never a target, is a context
            tokens = ids[:, :-1]
            contexts = np.where(tokens == self.pad_token_id, -1, tokens)
            return contexts, self.vocabulary_size
        contexts = np.roll(grams, 1, axis=1)
        contexts[:, :1] = -1  # too close to the start
        return contexts, len(self._keys[length - 1])

    def _validated(self, token_ids: ArrayLike) -> NDArray[np.int64]:
        try:
            ids = np.asarray(token_ids)
            received = f"shape {ids.shape}, dtype {ids.dtype}"
        except ValueError as error:  # NumPy's message tells where rows differ
            ids, received = np.empty(0), str(error)
        if ids.ndim != 2 or not np.issubdtype(ids.dtype, np.integer):
            raise ValueError(
                "`token_ids` must be an integer array of shape (N, L), documents "
                f"padded to one length. Received: {received}"
            )
        if ids.size and not 0 <= ids.min() <= ids.max() < self.vocabulary_size:
            raise ValueError(
                f"`token_ids` must lie in [0, {self.vocabulary_size}). Received ids "
                f"from {ids.min()} to {ids.max()}"
            )
        return ids.astype(np.int64)


def _is_int(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
