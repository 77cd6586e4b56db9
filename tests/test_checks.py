import numpy as np
import pytest
from keras import ops

from course_lib.checks import CheckFailed, check, exercise


@pytest.mark.parametrize(
    "true", [True, np.True_, np.array(True), np.arange(3).sum() == 3]
)
def test_check_passes(capsys, true):
    check("the name", true)
    assert capsys.readouterr().out == "PASS the name\n"


@pytest.mark.parametrize("false", [False, np.False_, np.array(False)])
def test_check_fails(capsys, false):
    with pytest.raises(CheckFailed, match=r"^the name: "):
        check("the name", false)
    assert capsys.readouterr().out == ""
    assert issubclass(CheckFailed, AssertionError)


def test_check_takes_tensors_without_axes(capsys):
    tensor = ops.convert_to_tensor([1.0, 2.0])
    check("equal", ops.all(tensor == tensor))
    assert capsys.readouterr().out == "PASS equal\n"
    with pytest.raises(CheckFailed):
        check("more", ops.any(tensor > 2.0))
    with pytest.raises(TypeError, match=r"shape \(2,\)"):
        check("not reduced", tensor == tensor)


@pytest.mark.parametrize(
    "condition, received",
    [
        (None, "None"),
        ("False", "'False'"),
        (1, r"1 \(a int\)"),
        (0.0, "0.0"),
        ([], "list"),
        ([True], "list"),
        (np.array([True]), r"shape \(1,\)"),
        (np.array([True, True]), r"shape \(2,\)"),
        (np.array(5.2), "float64"),
        (lambda: True, "function"),
    ],
)
def test_check_refuses_what_is_not_one_boolean(capsys, condition, received):
    with pytest.raises(TypeError, match=f"Received: .*{received}.*'the name'"):
        check("the name", condition)
    assert capsys.readouterr().out == ""


def verify_double(double):
    assert double(3) == 6, f"double(3) must be 6, not {double(3)}"


def stub(x):
    raise NotImplementedError


class LayerStub:
    def __call__(self, x):
        raise NotImplementedError("your code here")


@pytest.mark.parametrize("answer", [None, stub, lambda x: None, LayerStub()])
def test_stubs_are_not_solved_yet(capsys, answer):
    assert exercise("double", answer, verify_double) is False
    assert capsys.readouterr().out == "not solved yet: double\n"


def test_a_stub_does_not_pass_a_lax_check(capsys):
    assert exercise("double", lambda x: None, lambda double: double(3)) is False
    assert capsys.readouterr().out == "not solved yet: double\n"


class Double:
    def __call__(self, x):
        return 2 * x


@pytest.mark.parametrize("answer", [lambda x: 2 * x, Double(), Double().__call__])
def test_right_answers_pass(capsys, answer):
    assert exercise("double", answer, verify_double) is True
    assert capsys.readouterr().out == "PASS double\n"


def test_values_are_answers_too(capsys):
    def verify(answer):
        if answer != 6:  # pytest would add to the message of an `assert`
            raise AssertionError(f"{answer} is too small")

    assert exercise("six", 6, verify) is True
    assert exercise("six", 0, verify) is False  # 0 is an answer, not a stub
    assert capsys.readouterr().out == "PASS six\nnot right yet: six - 0 is too small\n"


def test_an_answer_that_sometimes_returns_none_is_no_stub(capsys):
    def sometimes_none(x):
        if x > 2:
            return x
        return None

    def verify(answer):
        assert answer(3) == 3
        if answer(1) != 1:
            raise AssertionError("answer(1) must be 1")

    assert exercise("branches", sometimes_none, verify) is False
    expected = "not right yet: branches - answer(1) must be 1\n"
    assert capsys.readouterr().out == expected


def fail_without_message(answer):
    raise AssertionError


def fail_in_numpy(answer):
    np.testing.assert_allclose(answer, [1.0, 2.0])


def fail_at_length(answer):
    raise AssertionError("long " * 1000)


@pytest.mark.parametrize(
    "answer, verify, reason",
    [
        (lambda x: 5, verify_double, "double(3) must be 6, not 5"),
        (lambda x: 1 / 0, verify_double, "ZeroDivisionError: division by zero"),
        (lambda: 6, verify_double, "TypeError: "),
        (7, verify_double, "TypeError: 'int' object is not callable"),
        (7, fail_without_message, "raise AssertionError"),
        ([1.0, 3.0], fail_in_numpy, "Not equal to tolerance"),
        (7, fail_at_length, "long long"),
        (7, lambda answer: [][0], "IndexError: list index out of range"),
        (7, lambda answer: next(iter([])), "StopIteration()"),
    ],
)
def test_wrong_answers_get_a_reason_in_one_line(capsys, answer, verify, reason):
    assert exercise("double", answer, verify) is False
    output = capsys.readouterr().out
    assert output.startswith(f"not right yet: double - {reason}")
    assert output.count("\n") == 1 and len(output) < 250


def test_verify_sees_the_functions_name_and_docstring():
    def documented(x):
        """Help."""
        return x

    def verify(answer):
        assert (answer.__name__, answer.__doc__) == ("documented", "Help.")

    assert exercise("documented", documented, verify)
