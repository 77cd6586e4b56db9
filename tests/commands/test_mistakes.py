import pytest

from course_lib.commands.mistakes import Mistake, user_mistakes
from course_lib.datasets import DataError


@pytest.mark.parametrize("error", [DataError, OSError, ValueError])
def test_becomes_one_line(error):
    with pytest.raises(Mistake) as caught, user_mistakes("my.txt: "):
        raise error("it is\n   not there")
    assert str(caught.value) == "my.txt: it is not there"


def test_a_key_that_is_missing():
    with pytest.raises(Mistake, match="config"), user_mistakes():
        raise KeyError("config")


@pytest.mark.parametrize("error", [ZeroDivisionError, RuntimeError, TypeError])
def test_faults_of_ours_pass(error):
    with pytest.raises(error), user_mistakes():
        raise error


def test_only_what_is_named():
    with pytest.raises(Mistake), user_mistakes("", OSError):
        raise OSError
    with pytest.raises(ValueError), user_mistakes("", OSError):
        raise ValueError
