"""What the tests of all grammars measure, each with its standard error."""

import math
from collections import defaultdict
from functools import cache

import numpy as np

from course_lib.ngrams import NGramModel


def sequences(documents, sequence_length):
    """What a model is trained on: the first tokens of each document, end included."""
    return [[*tokens, "[END]"][: sequence_length + 1] for tokens in documents]


def mean_and_standard_error(nats, num_tokens):
    """Of nats per token, a ratio of sums over documents."""
    nats, num_tokens = np.array(nats), np.array(num_tokens)
    mean = nats.sum() / num_tokens.sum()
    residuals = nats - mean * num_tokens
    return mean, residuals.std() / math.sqrt(len(nats)) / num_tokens.mean()


def nats_of_samples(grammar, sequence_length, num_documents, seed):
    """Nats per token of the grammar on documents that it writes."""
    nats, num_tokens = [], []
    documents = grammar.sample_tokens(num_documents, seed)
    for tokens in sequences(documents, sequence_length):
        nats.append(-grammar.log_probabilities(tokens)[1:].sum())
        num_tokens.append(len(tokens) - 1)
    return mean_and_standard_error(nats, num_tokens)


def nats_of_bigram(grammar, sequence_length, seed):
    """Nats per token of a bigram that has read 10,000 documents, on 1,000 others."""
    number = {
        token: i for i, token in enumerate(("[PAD]", "[END]", *grammar.terminals))
    }

    def token_ids(num_documents, seed):
        ids = np.zeros((num_documents, sequence_length + 1), dtype="int32")
        documents = grammar.sample_tokens(num_documents, seed)
        for row, tokens in zip(ids, sequences(documents, sequence_length), strict=True):
            row[: len(tokens)] = [number[token] for token in tokens]
        return ids

    bigram = NGramModel(order=2, vocabulary_size=len(number))
    bigram.fit(token_ids(10_000, seed))
    nats = bigram.nats(token_ids(1000, seed + 1))
    return mean_and_standard_error(
        np.nansum(nats, axis=1), np.isfinite(nats).sum(axis=1)
    )


def cost_of_forgetting(grammar, window, sequence_length, num_documents, seed):
    """Nats per token lost by the best predictor that sees only the last tokens.

    At position t that predictor knows t, the grammar and tokens t - window ... t - 1.
    Its prior is the exact distribution over states after t - window tokens; it filters
    the tokens of the window through the transitions, which by Bayes' rule is optimal,
    and predicts with what is left. Knowing t only helps it. Up to position `window` it
    sees the whole prefix, so the two agree. Both score the same fresh documents.
    """
    moves = defaultdict(dict)  # token -> state -> (probability, next state)
    for state, choices in grammar.transitions.items():
        for token, move in choices.items():
            moves[token][state] = move

    def step(belief, token):
        after = defaultdict(float)
        for state in belief.keys() & moves[token].keys():
            p, next_state = moves[token][state]
            after[next_state] += belief[state] * p
        return after

    priors = [{grammar.start: 1.0}]
    for _ in range(sequence_length):
        after = defaultdict(float)
        for state, weight in priors[-1].items():
            for p, next_state in grammar.transitions[state].values():
                if next_state is not None:
                    after[next_state] += weight * p
        priors.append(after)

    @cache
    def belief(position, tokens):
        """Over states, not normalised, given that `tokens` follow `position` others."""
        if not tokens:
            return priors[position]
        return step(belief(position, tokens[:-1]), tokens[-1])

    costs, num_tokens = [], []
    documents = grammar.sample_tokens(num_documents, seed)
    for tokens in sequences(documents, sequence_length):
        cost = 0.0
        for t, log_p in enumerate(grammar.log_probabilities(tokens)):
            if t >= window:
                before = belief(t - window, tuple(tokens[t - window : t]))
                after = step(before, tokens[t])
                cost += log_p - math.log(sum(after.values()) / sum(before.values()))
        costs.append(cost)
        num_tokens.append(len(tokens) - 1)
    return mean_and_standard_error(costs, num_tokens)
