"""The smallest model that remembers, and plain loops that search in it."""

import numpy as np
from keras import ops

from tests.draws import falling, softmax

PAD = -1


class HistoryModel:
    """Logits and hidden states from tables, by a number that every token changes.

    The number `(B,)` is all there is in the cache: who gives a row the cache of
    another row gets other logits.
    """

    def __init__(self, vocabulary_size, num_states=97, width=8, seed=0):
        generator = np.random.default_rng(seed)
        self.num_states = num_states
        shape = (num_states, vocabulary_size)
        self.logits = generator.normal(0, 1.5, shape).astype("float32")
        self.hidden = generator.normal(size=(num_states, width)).astype("float32")

    def state_after(self, tokens):
        state = 0
        for token in tokens:
            state = (5 * state + token + 1) % self.num_states
        return state

    def logits_after(self, tokens):
        return self.logits[self.state_after(tokens)]

    def hidden_after(self, tokens):
        return self.hidden[self.state_after(tokens)]

    def next(self, prompt, cache, index):
        """As KerasHub's samplers call it."""
        state = (5 * cache["state"] + prompt[:, index - 1] + 1) % self.num_states
        logits = ops.take(ops.convert_to_tensor(self.logits), state, axis=0)
        hidden = ops.take(ops.convert_to_tensor(self.hidden), state, axis=0)
        return logits, hidden, {"state": state}

    def inputs(self, prompts, max_length):
        """What a sampler is called with, beside `next`."""
        index = min(map(len, prompts))
        token_ids = np.full((len(prompts), max_length), PAD, "int32")
        hidden = np.full((*token_ids.shape, self.hidden.shape[1]), np.nan, "float32")
        for row, prompt in enumerate(prompts):
            token_ids[row, : len(prompt)] = prompt
            for i in range(index):
                hidden[row, i] = self.hidden_after(prompt[: i + 1])
        states = [self.state_after(prompt[: index - 1]) for prompt in prompts]
        return {
            "prompt": ops.convert_to_tensor(token_ids),
            "cache": {"state": ops.convert_to_tensor(states, "int32")},
            "index": index,
            "mask": ops.convert_to_tensor(token_ids != PAD),
            "hidden_states": ops.convert_to_tensor(hidden),
        }


def padded(tokens, max_length):
    return [*tokens, *[PAD] * (max_length - len(tokens))]


def log_softmax(logits):
    with np.errstate(divide="ignore"):
        return np.log(softmax(logits))


def beam_search(
    logits_after, prompt, max_length, num_beams, stops=(), length_penalty=0.0
):
    """Scores and tokens of all beams, best first."""
    beams = [(0.0, list(prompt))]

    def finished(tokens):
        return len(tokens) > len(prompt) and tokens[-1] in stops

    for _ in range(max_length - len(prompt)):
        kept = [beam for beam in beams if finished(beam[1])]
        longer = [
            (log_prob + step, [*tokens, token])
            for log_prob, tokens in beams
            if not finished(tokens)
            for token, step in enumerate(log_softmax(logits_after(tokens)))
        ]
        longer.sort(key=lambda beam: -beam[0])
        beams = kept + longer[: num_beams - len(kept)]
    scores = [
        (log_prob / (len(tokens) - len(prompt)) ** length_penalty, tokens)
        for log_prob, tokens in beams
    ]
    return sorted(scores, key=lambda beam: -beam[0])


def all_texts(logits_after, prompt, max_length, stops=()):
    """Log-probability and tokens of every text there is."""
    if len(prompt) == max_length:
        return [(0.0, [])]
    texts = []
    for token, step in enumerate(log_softmax(logits_after(prompt))):
        rest = [(0.0, [])]
        if token not in stops:
            rest = all_texts(logits_after, [*prompt, token], max_length, stops)
        texts += [(step + log_prob, [token, *tokens]) for log_prob, tokens in rest]
    return texts


def cosine(x, y):
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    return x @ y / np.sqrt((x @ x) * (y @ y))


def contrastive_search(logits_after, hidden_after, prompt, max_length, k, alpha):
    """The tokens of one text, without stopping."""
    tokens = list(prompt)
    while len(tokens) < max_length:
        probabilities = softmax(logits_after(tokens))
        before = [hidden_after(tokens[: i + 1]) for i in range(len(tokens))]
        scores = {}
        for token in sorted(falling(probabilities)[:k]):
            new = hidden_after([*tokens, token])
            similarity = max(cosine(new, hidden) for hidden in before)
            scores[token] = (1 - alpha) * probabilities[token] - alpha * similarity
        tokens.append(max(scores, key=scores.get))
    return tokens
