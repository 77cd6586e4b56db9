"""Unifilar grammars: text whose true next-token distribution is known exactly.

A stochastic grammar draws each token from the distribution of its current state. It is
*unifilar* when that state and the token determine the next state. Then whoever reads a
document from its start always knows the state, so the distribution of the next token
given the *whole* prefix is known in closed form, and the entropy of the text with it.
"""

from bisect import bisect
from collections.abc import Hashable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate, islice

import numpy as np

__all__ = ["UnifilarGrammar"]

State = Hashable
Transition = tuple[str, float, State | None]


class UnifilarGrammar:
    """A stochastic grammar whose state follows from the tokens written so far.

    Args:
        transitions: Maps each state to its `(token, probability, next_state)` triples.
            A document ends with the token `end_token`, which alone has the next state
            `None`.
        start: The state in which every document starts.
        end_token: The token that ends a document. Sampled documents leave it out, but
            it has its place in every distribution.

    Raises:
        ValueError: If a state has the same token twice (the grammar would not be
            unifilar), probabilities are not positive or do not sum to 1, a next state
            is unknown, or a state cannot reach the end of the document.

    Example:
        >>> grammar = UnifilarGrammar(
        ...     {
        ...         "subject": [("cats", 0.5, "verb"), ("dogs", 0.5, "verb")],
        ...         "verb": [("purr", 0.75, "stop"), ("bark", 0.25, "stop")],
        ...         "stop": [("[END]", 1.0, None)],
        ...     },
        ...     start="subject",
        ... )
        >>> grammar.terminals
        ('bark', 'cats', 'dogs', 'purr')
        >>> grammar.next_token_distribution(["cats"])
        {'purr': 0.75, 'bark': 0.25}
    """

    def __init__(
        self,
        transitions: Mapping[State, Sequence[Transition]],
        start: State,
        end_token: str = "[END]",
    ):
        if start not in transitions:
            raise ValueError(f"`start` must be a state. Received: start={start!r}")
        _validate(transitions, end_token)
        self.start = start
        self.end_token = end_token
        self.transitions: dict[State, dict[str, tuple[float, State | None]]] = {
            state: {token: (p, next_state) for token, p, next_state in triples}
            for state, triples in transitions.items()
        }

    @cached_property
    def terminals(self) -> tuple[str, ...]:
        """Every token that documents are made of, sorted; `end_token` is not one."""
        tokens = {token for choices in self.transitions.values() for token in choices}
        return tuple(sorted(tokens - {self.end_token}))

    def sample_tokens(
        self, num_documents: int, seed: int | np.random.SeedSequence
    ) -> list[list[str]]:
        """Write documents: the same ones for the same seed, on every machine.

        Args:
            num_documents: How many; a larger number adds documents at the end.
            seed: Seed of a random stream of its own.

        Returns:
            A list of documents, each a list of tokens without `end_token`.
        """
        if num_documents < 0:
            raise ValueError(
                f"`num_documents` must not be negative. Received: {num_documents=}"
            )
        return list(islice(self.documents(seed), num_documents))

    def documents(self, seed: int | np.random.SeedSequence) -> Iterator[list[str]]:
        """Write documents for ever; `sample_tokens` returns the first of them."""
        # PCG64 by name: the default of `default_rng` may change.
        uniform = np.random.Generator(np.random.PCG64(seed)).random
        tables: dict[State, tuple] = {}
        while True:
            tokens: list[str] = []
            state: State | None = self.start
            while state is not None:
                if state not in tables:
                    choices = self.transitions[state]
                    cumulative = list(accumulate(p for p, _ in choices.values()))
                    tables[state] = cumulative, tuple(choices)
                cumulative, candidates = tables[state]
                # `hi`: the last sum may be a rounding error below 1.
                k = bisect(cumulative, uniform(), hi=len(candidates) - 1)
                tokens.append(candidates[k])
                _, state = self.transitions[state][candidates[k]]
            yield tokens[:-1]

    def next_token_distribution(self, prefix: Sequence[str]) -> dict[str, float]:
        """Return the exact distribution of the next token given the whole prefix.

        Args:
            prefix: The tokens from the start of a document; may be empty.

        Returns:
            The probability of each token that is possible, `end_token` among them.

        Raises:
            ValueError: If the grammar cannot write the prefix, or it is complete.
        """
        *_, state = self._states(prefix)
        if state is None:
            raise ValueError(f"`prefix` must not contain {self.end_token!r}.")
        return {token: p for token, (p, _) in self.transitions[state].items()}

    def log_probabilities(self, tokens: Sequence[str]) -> np.ndarray:
        """Return the natural log of each token's probability given all before it.

        Args:
            tokens: A document or the beginning of one; it may end with `end_token`.

        Returns:
            A float64 array `(len(tokens),)`. The first entry belongs to the first
            token; the sum is the log-probability of them all.

        Raises:
            ValueError: If the grammar cannot write the tokens.
        """
        states = list(self._states(tokens))[:-1]
        before = zip(states, tokens, strict=True)
        return np.log([self.transitions[state][token][0] for state, token in before])

    def entropy_floor(self, sequence_length: int, predict_end: bool = True) -> float:
        r"""Return the lowest loss that any model can expect, in nats per token.

        The loss is that of next-token training on the first `sequence_length + 1`
        tokens of each document: the first is only context, each of the others is
        predicted from all before it. Let $\alpha_t(s)$ be the probability that a
        document goes on after $t$ tokens and is then in state $s$, and $H(s)$ the
        entropy of that state's distribution. The floor is the ratio of the expected
        nats to the expected number of predicted tokens,

        $$\sum_{t=1}^{L} \sum_s \alpha_t(s)\, H(s) \Big/
        \sum_{t=1}^{L} \sum_s \alpha_t(s).$$

        Args:
            sequence_length: The number $L$ of predictions in a full sequence.
            predict_end: Whether `end_token` is among the tokens to predict. If not, a
                model knows that the document goes on, and so does the floor: its
                probabilities are those given that the next token is not `end_token`.

        Returns:
            The floor, exact up to rounding.
        """
        if sequence_length < 1:
            raise ValueError(
                f"`sequence_length` must be positive. Received: {sequence_length=}"
            )
        number = {state: i for i, state in enumerate(self.transitions)}
        edges = [
            (number[state], number.get(next_state, -1), p)
            for state, choices in self.transitions.items()
            for p, next_state in choices.values()
        ]
        source, target, p = (np.array(column) for column in zip(*edges, strict=True))
        goes_on = target >= 0
        counted = p if predict_end else p * goes_on
        predicted = np.bincount(source, counted, len(number))  # (S,)
        surprise = np.log(np.maximum(predicted[source], p) / p)
        nats = np.bincount(source, counted * surprise, len(number))  # (S,)

        source, target, p = source[goes_on], target[goes_on], p[goes_on]
        alpha: np.ndarray = np.zeros(len(number))  # (S,)
        alpha[number[self.start]] = 1.0
        totals = np.zeros(2)
        for _ in range(sequence_length):
            alpha = np.bincount(target, alpha[source] * p, len(number))
            totals += alpha @ nats, alpha @ predicted
        if totals[1] == 0:
            raise ValueError("No token is predicted: each document is a single token.")
        return float(totals[0] / totals[1])

    def _states(self, tokens: Sequence[str]) -> Iterator[State | None]:
        """Yield the state before each token, and the one after the last."""
        state: State | None = self.start
        yield state
        for position, token in enumerate(tokens):
            choices = {} if state is None else self.transitions[state]
            if token not in choices:
                raise ValueError(
                    f"The grammar cannot write {token!r} at position {position}. "
                    f"Possible there: {', '.join(sorted(choices)[:8]) or 'nothing'}."
                )
            state = choices[token][1]
            yield state


def _validate(
    transitions: Mapping[State, Sequence[Transition]], end_token: str
) -> None:
    """Raise unless documents are well defined and sure to end."""
    before: dict[State | None, list[State]] = {None: []}
    for state, triples in transitions.items():
        tokens = [token for token, _, _ in triples]
        probabilities = [p for _, p, _ in triples]
        if len(set(tokens)) < len(tokens):
            raise ValueError(
                "`transitions` must be unifilar: state and token determine the next "
                f"state. Received: state {state!r} has a token twice in {tokens}"
            )
        if not (abs(sum(probabilities) - 1) < 1e-9 and min(probabilities) > 0):
            raise ValueError(
                "Probabilities in `transitions` must be positive and sum to 1. "
                f"Received: state {state!r} with {probabilities}"
            )
        for token, _, next_state in triples:
            ends = next_state is None
            if ends != (token == end_token) or not (ends or next_state in transitions):
                raise ValueError(
                    f"`transitions` must lead to `None` by {end_token!r}, to states by "
                    f"others. Received: {state!r} to {next_state!r} by {token!r}"
                )
            before.setdefault(next_state, []).append(state)
    ending: set[State] = set()
    waiting = before[None]
    while waiting:
        state = waiting.pop()
        if state not in ending:
            ending.add(state)
            waiting += before.get(state, [])
    for state in transitions:
        if state not in ending:
            raise ValueError(
                "`transitions` must let every document end. "
                f"Received: no way from state {state!r} to {end_token!r}"
            )
