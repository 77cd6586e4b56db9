"""Many draws from one sampler, and what they should look like."""

import numpy as np
from keras import ops

from tests.arrays import to_numpy

# What stochastic samplers are tried on, by the shape of the distribution.
LOGITS = {
    "flat": np.zeros(6),
    "peaked": np.array([0.0, 4.0, 1.0, 0.5, 0.0, -1.0]),
    "tied": np.array([0.0, 2.0, 1.0, 2.0, 1.0, 1.0]),
    "mixed": np.log([0.3, 0.05, 0.15, 0.1, 0.28, 0.12]),
    "forbidden": np.array([1.0, -np.inf, 0.5, 0.0, -np.inf, 1.5]),
}


def draw(sampler, logits):
    """20,000 draws from one row of logits, as numpy."""
    rows = np.tile(np.asarray(logits, "float32"), (20_000, 1))
    probabilities = sampler.compute_probabilities(ops.convert_to_tensor(rows))
    return to_numpy(sampler.get_next_token(probabilities))


def softmax(logits, temperature=1.0):
    """The distribution in float64."""
    scaled = (np.asarray(logits, "float64") - np.max(logits)) / temperature
    return np.exp(scaled) / np.exp(scaled).sum()


def looks_drawn_from(draws, probabilities):
    """Pearson's chi-square test; a true sample fails once in 30,000 times."""
    probabilities = np.asarray(probabilities, "float64")
    observed = np.bincount(draws, minlength=len(probabilities))
    possible = probabilities > 0
    if observed[~possible].any():
        return False
    expected = probabilities[possible] * len(draws)
    assert expected.min() >= 5, "too few draws for this distribution"
    statistic = ((observed[possible] - expected) ** 2 / expected).sum()
    freedom = possible.sum() - 1
    if freedom == 0:
        return True
    # Wilson and Hilferty: (chi-square / freedom) ** (1 / 3) is close to normal
    spread = 2 / (9 * freedom)
    return statistic < freedom * (1 - spread + 4 * np.sqrt(spread)) ** 3


def falling(probabilities):
    """Token ids from likely to unlikely; of equals, lower ids first."""
    return sorted(range(len(probabilities)), key=lambda i: (-probabilities[i], i))


def keep(probabilities, kept):
    """Zero all but the `kept` ids and renormalise."""
    result = np.zeros(len(probabilities))
    result[kept] = np.asarray(probabilities)[kept]
    return result / result.sum()


def top_k(probabilities, k):
    """The k likeliest, as a reference."""
    return keep(probabilities, falling(probabilities)[:k])


def top_p(probabilities, p):
    """The smallest prefix that reaches `p`, as a reference."""
    kept, reached = [], 0.0
    for i in falling(probabilities):
        kept.append(i)
        reached += probabilities[i]
        if reached >= p:
            break
    return keep(probabilities, kept)


def min_p(probabilities, min_p):
    """All that is likely enough beside the likeliest, as a reference."""
    least = min_p * max(probabilities)
    return keep(probabilities, [i for i, p in enumerate(probabilities) if p >= least])
