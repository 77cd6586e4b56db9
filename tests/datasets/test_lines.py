import random

import pytest

from course_lib.datasets import Lines
from course_lib.datasets.manifest import DataError

TEXT = "Once upon a time\n\n  there was a café \r\n \t \nin Łódź, and 日本 too.\nEnd"
LINES = ["Once upon a time", "there was a café", "in Łódź, and 日本 too.", "End"]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "tale.txt"
    path.write_bytes(TEXT.encode())
    return path


def test_are_the_lines_that_are_not_blank(path):
    lines = Lines(path)
    assert len(lines) == 4
    assert list(lines) == LINES
    assert list(lines) == LINES  # as often as one likes


def test_are_a_sequence(path):
    lines = Lines(path)
    for i in range(-4, 4):
        assert lines[i] == LINES[i]
    assert list(lines[1:3]) == LINES[1:3]
    assert list(lines[::-1]) == LINES[::-1]
    assert lines[1:][0] == LINES[1]
    assert len(lines[4:]) == 0
    assert "End" in lines and "end" not in lines
    assert lines.index("End") == 3
    assert set(random.Random(0).sample(lines, 2)) <= set(LINES)
    for i in (4, -5):
        with pytest.raises(IndexError):
            lines[i]


@pytest.mark.parametrize("least", range(24))
def test_length_counts_characters(path, least):
    expected = [line for line in LINES if len(line) > least]
    if expected:
        assert list(Lines(path, minimum_length=least)) == expected
    else:
        with pytest.raises(DataError, match=f"no line of more than {least} char"):
            Lines(path, minimum_length=least)


def test_are_read_when_asked_for(path):
    lines = Lines(path)
    path.write_bytes(TEXT.replace("time", "TIME").encode())
    assert lines[0] == "Once upon a TIME"
    assert "TIME" not in repr(lines) and "4 lines of tale.txt" in repr(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "tale.txt has no line of more than 0 characters"),
        (b" \n\n\t\n", "tale.txt has no line of more than 0 characters"),
        (b"good\nb\xe4d\n", "tale.txt: line 2 is not UTF-8 text"),
        (b"good\n\nb\0d\n", "tale.txt: line 3 is binary, not text"),
    ],
)
def test_a_file_that_is_no_text(path, content, message):
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        Lines(path)


@pytest.mark.parametrize("minimum_length", [-1, 1.5, None])
def test_bad_minimum_length(path, minimum_length):
    with pytest.raises(ValueError, match="`minimum_length` must be an integer"):
        Lines(path, minimum_length)
