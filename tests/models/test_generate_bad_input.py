"""What `generate` cannot do, and says."""

import numpy as np
import pytest

from tests.tiny_gpt import tiny_gpt


@pytest.fixture(scope="module")
def gpt():
    return tiny_gpt()


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("", "must hold at least one word.*Received: ''"),
        ("  ", "must hold at least one word.*Received: '  '"),
        (["a", ""], "must hold at least one word.*Received: ''"),
        ([], "must hold at least one prompt. Received: none"),
        (7, "must be a str or a list of str. Received: 7 of type int"),
        (None, "must be a str or a list of str. Received: None of type NoneType"),
        (["a", 7], "must be a str or a list of str. Received: 7 of type int"),
        ([["a"]], "must be a str or a list of str. Received"),
        ("a " * 8, "`max_length` counts the prompt too.*=8 and a prompt of 8 tokens"),
    ],
)
def test_bad_prompt(gpt, prompt, message):
    with pytest.raises(ValueError, match=message):
        gpt.generate(prompt)


@pytest.mark.parametrize("max_length", [1, 0, -3, 2.5, "8"])
def test_bad_max_length(gpt, max_length):
    message = f"`max_length` must be an integer of at least 2.*={max_length!r}"
    with pytest.raises(ValueError, match=message):
        gpt.generate("a film", max_length=max_length)


def test_prompt_longer_than_max_length(gpt):
    with pytest.raises(ValueError, match="max_length=3 and a prompt of 4 tokens"):
        gpt.generate("not a bad film", max_length=3)


MASK = np.array([[1, 1, 0]])


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("a film", "must be a dict of `token_ids` and `padding_mask`"),
        (
            {"token_ids": [[3, 4, 0]]},
            "must be a dict of `token_ids` and `padding_mask`",
        ),
        ({"token_ids": [[3, 4.5, 0]]}, r"must be integers of shape.*float"),
        ({"token_ids": [3, 4, 0]}, r"must be integers of shape.*shape=\(3,\)"),
        (
            {"token_ids": [[3, 4, 0, 0]]},
            r"must have the shape of `token_ids`.*\(1, 4\)",
        ),
        (
            {"token_ids": [[3, 12, 0]]},
            "must be from 0 to 11. Received: ids from 0 to 12",
        ),
        (
            {"token_ids": [[3, -1, 0]]},
            "must be from 0 to 11. Received: ids from -1 to 3",
        ),
        ({"padding_mask": [[0, 0, 0]]}, "at least one real token"),
        ({"padding_mask": [[0, 1, 1]]}, "padding must follow"),
    ],
)
def test_bad_token_ids_without_a_preprocessor(inputs, message):
    gpt = tiny_gpt(preprocessor=False)
    if isinstance(inputs, dict) and message[:12] != "must be a di":
        inputs = {"token_ids": np.array([[3, 4, 0]]), "padding_mask": MASK, **inputs}
        inputs = {name: np.array(value) for name, value in inputs.items()}
    with pytest.raises(ValueError, match=message):
        gpt.generate(inputs, stop_token_ids=None)
