import math
from collections import Counter

import numpy as np
import pytest

from course_lib.ngrams import NGramModel

ORDERS = [1, 2, 3, 5]
DISCOUNT = 0.6


def random_documents(seed, num_documents=40, length=9, vocabulary_size=6):
    """Skewed ids in 1..V-1, documents of 1 to `length` tokens, padded with 0."""
    rng = np.random.default_rng(seed)
    ids = rng.geometric(0.4, (num_documents, length)).clip(1, vocabulary_size - 1)
    lengths = rng.integers(1, length + 1, num_documents)
    return np.where(np.arange(length) < lengths[:, None], ids, 0)


class BruteForce:
    """The formula of the docstring, on dictionaries, one target at a time."""

    def __init__(self, documents, order, vocabulary_size):
        self.order, self.vocabulary_size = order, vocabulary_size
        self.counts = Counter()  # (context, target): count
        for row in documents:
            tokens = [t for t in row.tolist() if t]
            for i in range(1, len(tokens)):
                for size in range(min(order - 1, i) + 1):
                    self.counts[tuple(tokens[i - size : i]), tokens[i]] += 1

    def probability(self, context, target):
        first = max(len(context) - (self.order - 1), 0)
        return self._probability(tuple(context[first:]), target)

    def _probability(self, context, target):
        shorter = (
            self._probability(context[1:], target)
            if context
            else 1 / (self.vocabulary_size - 1)
        )
        followers = {w: c for (h, w), c in self.counts.items() if h == context}
        if not followers:
            return shorter
        total = sum(followers.values())
        seen = max(followers.get(target, 0) - DISCOUNT, 0) / total
        return seen + DISCOUNT * len(followers) / total * shorter


@pytest.mark.parametrize("order", ORDERS)
def test_nats_equal_brute_force(order):
    train, test = random_documents(0), random_documents(1, num_documents=8)
    model = NGramModel(order, 6, discount=DISCOUNT).fit(train)
    reference = BruteForce(train, order, 6)
    nats = model.nats(test)
    assert nats.shape == (8, 8) and nats.dtype == np.float64
    for row, row_nats in zip(test.tolist(), nats, strict=True):
        for i in range(1, len(row)):
            if row[i]:
                expected = -math.log(reference.probability(row[:i], row[i]))
                assert row_nats[i - 1] == pytest.approx(expected, rel=1e-12)
            else:
                assert math.isnan(row_nats[i - 1])
    expected_mean = np.mean([n for n in nats.ravel() if not math.isnan(n)])
    assert model.nats_per_token(test) == pytest.approx(expected_mean)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("context", [[], [3], [1, 1], [5, 5, 5, 5, 5], [2, 0, 1]])
def test_distributions_sum_to_one(order, context):
    model = NGramModel(order, 6, discount=DISCOUNT).fit(random_documents(0))
    rows = [[0, *context, token] for token in range(1, 6)]
    scored = np.exp(-model.nats(rows)[:, -1])
    assert scored.sum() == pytest.approx(1, abs=1e-12)
    probabilities = model.next_token_probabilities(context)
    np.testing.assert_allclose(probabilities, [0, *scored], rtol=1e-12)


def test_unigram_by_hand():
    # Targets: 2, 2, 3, of which each kind gives up 0.5 to the uniform 1/3.
    model = NGramModel(1, 4, discount=0.5).fit([[1, 2, 2, 3, 0]])
    shared = (0.5 + 0.5) / 3 * 1 / 3
    np.testing.assert_allclose(
        model.next_token_probabilities([]),
        [0, shared, 1.5 / 3 + shared, 0.5 / 3 + shared],
    )


def test_unseen_context_backs_off():
    documents = [[1, 2, 3, 1, 2], [2, 1, 3, 3, 0]]
    trigram = NGramModel(3, 6).fit(documents)
    bigram = NGramModel(2, 6).fit(documents)
    unigram = NGramModel(1, 6).fit(documents)
    np.testing.assert_array_equal(  # "5 2" was never seen, "2" was
        trigram.next_token_probabilities([5, 2]), bigram.next_token_probabilities([2])
    )
    np.testing.assert_array_equal(
        trigram.next_token_probabilities([2, 5]), unigram.next_token_probabilities([])
    )


def test_padding_changes_nothing():
    model = NGramModel(3, 6).fit(random_documents(0))
    right = model.nats([[1, 2, 3, 0, 0]])
    left = model.nats([[0, 0, 1, 2, 3]])
    np.testing.assert_array_equal(right[0, :2], left[0, 2:])
    padded = NGramModel(3, 6).fit(np.pad(random_documents(0), [(0, 2), (0, 3)]))
    for context in [[], [1], [1, 1], [2, 1]]:
        np.testing.assert_array_equal(
            model.next_token_probabilities(context),
            padded.next_token_probabilities(context),
        )


def test_padding_is_no_context():
    documents = [[0, 1, 2], [0, 1, 3], [2, 0, 3]]
    np.testing.assert_array_equal(
        NGramModel(3, 6).fit(documents).next_token_probabilities([0]),
        NGramModel(1, 6).fit(documents).next_token_probabilities([]),
    )


def test_other_pad_token_id():
    documents = random_documents(0)
    swapped = np.choose(documents, [5, 1, 2, 3, 4, 0])  # 0 and 5 change places
    model = NGramModel(3, 6).fit(documents)
    other = NGramModel(3, 6, pad_token_id=5).fit(swapped)
    np.testing.assert_allclose(model.nats(documents), other.nats(swapped))


def test_higher_orders_than_the_documents_are_long():
    short = [[1, 2], [3, 2]]
    model = NGramModel(5, 4).fit(short)
    np.testing.assert_array_equal(
        model.next_token_probabilities([1, 3, 2, 1]),
        NGramModel(2, 4).fit(short).next_token_probabilities([1]),
    )


def test_large_ids_do_not_overflow():
    # 50,000 ** 5 > 2 ** 63: a key made of the token ids alone would wrap around.
    sentence = [[49_999, 49_998, 49_997, 49_996, 49_995, 49_994]]
    model = NGramModel(5, 50_000).fit(sentence)
    expected = 0.25 / 5 + 0.75 / 49_999  # five kinds of target, each seen once
    for _ in range(4):  # each longer context was followed once
        expected = 0.25 + 0.75 * expected
    assert np.exp(-model.nats(sentence)[0, -1]) == pytest.approx(expected)


def test_refit_forgets():
    once = NGramModel(2, 6).fit(random_documents(3))
    twice = NGramModel(2, 6).fit(random_documents(0)).fit(random_documents(3))
    documents = random_documents(1)
    np.testing.assert_array_equal(once.nats(documents), twice.nats(documents))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"order": 0}, "`order`.*order=0"),
        ({"order": 2.0}, "`order`.*order=2.0"),
        ({"order": True}, "`order`.*True"),
        ({"vocabulary_size": 1}, "`vocabulary_size`.*=1"),
        ({"discount": 0}, "`discount`.*=0"),
        ({"discount": 1.0}, "`discount`.*=1.0"),
        ({"pad_token_id": 6}, "`pad_token_id`.*=6"),
        ({"pad_token_id": -1}, "`pad_token_id`.*=-1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        NGramModel(**{"order": 2, "vocabulary_size": 6, **arguments})


@pytest.mark.parametrize(
    "token_ids, message",
    [
        ([1, 2, 3], r"shape \(3,\)"),
        ([[1.0, 2.0]], "float64"),
        ([[1, 2], [1]], "inhomogeneous"),
        ([["a", "b"]], "Received: shape"),
        ([[1, 6]], r"\[0, 6\).*from 1 to 6"),
        ([[-1, 2]], "from -1 to 2"),
    ],
)
def test_bad_token_ids(token_ids, message):
    model = NGramModel(2, 6).fit([[1, 2, 3]])
    with pytest.raises(ValueError, match=message):
        model.nats(token_ids)
    with pytest.raises(ValueError, match=message):
        model.fit(token_ids)


@pytest.mark.parametrize("token_ids", [[[1, 0, 0]], [[1]], np.zeros((0, 5), int)])
def test_nothing_to_learn_or_predict(token_ids):
    model = NGramModel(3, 6).fit([[1, 2, 3]])
    with pytest.raises(ValueError, match="nothing to predict"):
        model.nats_per_token(token_ids)
    with pytest.raises(ValueError, match="nothing to learn"):
        model.fit(token_ids)
    assert model.nats_per_token([[1, 2]]) > 0  # the failed fit changed nothing


def test_call_fit_first():
    with pytest.raises(RuntimeError, match="`fit`"):
        NGramModel(2, 6).nats([[1, 2]])


def test_context_must_be_one_sequence():
    model = NGramModel(2, 6).fit([[1, 2, 3]])
    with pytest.raises(ValueError, match=r"one sequence.*\(1, 2\)"):
        model.next_token_probabilities([[1, 2]])
