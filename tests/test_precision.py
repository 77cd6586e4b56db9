import pytest

from course_lib import precision


@pytest.mark.parametrize(
    ("bfloat16", "float16", "policy"),
    [
        (5.0, 0.1, "mixed_bfloat16"),  # a CPU that multiplies it in tiles
        (0.3, 0.1, "float32"),  # an older CPU
        (1.2, 1.0, "float32"),  # not worth it
        (0.4, 6.0, "mixed_float16"),  # a T4
        (8.0, 8.5, "mixed_bfloat16"),  # a later GPU
    ],
)
def test_the_policy_follows_the_rates(bfloat16, float16, policy, monkeypatch, capsys):
    rates = {"float32": 100.0, "bfloat16": 100 * bfloat16, "float16": 100 * float16}
    monkeypatch.setattr(precision, "matmul_rates", lambda: rates)
    assert precision.fastest_policy() == policy
    assert f"Training in {policy}: " in capsys.readouterr().out
    assert precision.fastest_policy(verbose=False) == policy
    assert capsys.readouterr().out == ""


def test_rates_are_measured_once():
    rates = precision.matmul_rates()
    assert set(rates) == {"float32", "bfloat16", "float16"}
    assert all(rate > 0 for rate in rates.values())
    assert precision.matmul_rates() is rates
