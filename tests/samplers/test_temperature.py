"""Temperature as reweighting: formula, limits, entropy."""

import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose

from course_lib.samplers import RandomSampler, reweight_distribution
from tests.arrays import to_numpy
from tests.draws import LOGITS, softmax

TEMPERATURES = [0.05, 0.2, 0.5, 0.7, 1.0, 1.5, 2.0, 5.0, 50.0]


def reweighted(probabilities, temperature):
    return to_numpy(reweight_distribution(probabilities, temperature))


def entropy(probabilities):
    """In nats, from float64."""
    p = np.asarray(probabilities, "float64")
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


@pytest.mark.parametrize("name", LOGITS)
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_is_the_temperature_of_the_logits(name, temperature):
    probabilities = np.float32([softmax(LOGITS[name])])
    found = reweighted(probabilities, temperature)
    assert_allclose(found, [softmax(LOGITS[name], temperature)], atol=2e-6)
    logits = ops.convert_to_tensor(np.float32([LOGITS[name]]))
    sampler = RandomSampler(temperature=temperature)
    assert_allclose(found, to_numpy(sampler.compute_probabilities(logits)), atol=2e-6)


def test_is_a_power_of_the_probabilities():
    probabilities = np.array([0.5, 0.3, 0.2])
    powers = probabilities ** (1 / 0.7)
    assert_allclose(reweighted(probabilities, 0.7), powers / powers.sum(), atol=1e-6)


@pytest.mark.parametrize("name", ["peaked", "tied", "mixed", "forbidden"])
def test_entropy_rises_strictly_with_temperature(name):
    probabilities = softmax(LOGITS[name])
    entropies = [entropy(reweighted(probabilities, t)) for t in TEMPERATURES]
    assert (np.diff(entropies) > 0).all()
    possible, likeliest = (probabilities > 0).sum(), probabilities.max()
    tied = np.isclose(probabilities, likeliest).sum()
    assert entropy(reweighted(probabilities, 1e-4)) == pytest.approx(np.log(tied))
    assert entropy(reweighted(probabilities, 1e6)) == pytest.approx(np.log(possible))


def test_a_flat_distribution_is_flat_at_any_temperature():
    for temperature in TEMPERATURES:
        assert_allclose(reweighted(np.full(6, 1 / 6), temperature), 1 / 6, atol=1e-6)


@pytest.mark.parametrize("temperature", [0, 1e-3, 1e-30, 1e-300])
def test_near_zero_the_likeliest_has_all(temperature):
    probabilities = [[0.2, 0.5, 0.3], [0.0, 1e-30, 1e-38], [0.34, 0.33, 0.33]]
    found = reweighted(probabilities, temperature)
    assert_allclose(found, [[0, 1, 0], [0, 1, 0], [1, 0, 0]], atol=1e-6)


def test_zero_takes_the_lowest_id_of_equals():
    assert reweighted([0.2, 0.4, 0.4], 0).tolist() == [0, 1, 0]


@pytest.mark.parametrize("temperature", [1e6, 1e30, 1e39, 1e300])
def test_a_huge_temperature_is_flat_over_what_is_possible(temperature):
    found = reweighted([0.7, 0.0, 0.2, 1e-30, 0.1], temperature)
    assert_allclose(found, [0.25, 0, 0.25, 0.25, 0.25], atol=1e-4)


@pytest.mark.parametrize("temperature", [0.0, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("shape", [(7,), (4, 7), (2, 3, 7)])
def test_any_shape(shape, temperature):
    probabilities = np.random.default_rng(0).dirichlet(np.ones(7), shape[:-1])
    found = reweighted(probabilities, temperature)
    assert found.shape == shape
    rows = probabilities.reshape(-1, 7)
    expected = [reweighted(row, temperature) for row in rows]
    assert_allclose(found.reshape(-1, 7), expected, atol=1e-6)


@pytest.mark.parametrize("temperature", [-0.1, float("nan"), float("inf"), None, "hot"])
def test_bad_temperature(temperature):
    message = f"`temperature` must be a finite number.*temperature={temperature!r}"
    with pytest.raises(ValueError, match=message):
        reweight_distribution([0.5, 0.5], temperature)


@pytest.mark.parametrize("row", [[0.0, 0.0], [1.5, -0.5], [np.nan, 0.5]])
@pytest.mark.parametrize("temperature", [0, 1.0, 2.0])
def test_what_is_no_distribution(row, temperature):
    with pytest.raises(ValueError, match="`probabilities` must be numbers of at least"):
        reweight_distribution([[0.5, 0.5], row], temperature)
