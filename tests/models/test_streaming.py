"""A stream is what `generate` returns, piece by piece."""

import keras
import keras_hub
import numpy as np
import pytest

from course_lib.models import MiniGPTCausalLM
from course_lib.samplers import GreedySampler, RandomSampler, TopKSampler
from tests.tiny_gpt import END, VOCABULARY, favour, prompts_as_ids, tiny_gpt

SAMPLERS = {
    "greedy": GreedySampler,
    "top-k": lambda: TopKSampler(k=4, temperature=2.0, seed=1),
    "random": lambda: RandomSampler(temperature=2.0, seed=2),
    "keras_hub": keras_hub.samplers.GreedySampler,
}


@pytest.fixture(scope="module")
def gpt():
    """Its window, 8, is shorter than what it generates."""
    return tiny_gpt(normalize_first=True)


@pytest.mark.parametrize("max_length", [7, 20])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_pieces_are_the_text_of_generate(gpt, sampler, max_length):
    def model():
        model = MiniGPTCausalLM(gpt.backbone, gpt.preprocessor)
        model.compile(sampler=SAMPLERS[sampler]())
        return model

    generating, streaming = model(), model()
    for prompt in ("not a very", "a film.", "a film."):  # a sampler goes on drawing
        text = generating.generate(prompt, max_length=max_length)
        assert "".join(streaming.stream(prompt, max_length=max_length)) == text


def test_the_prompt_comes_first_then_word_by_word(gpt):
    gpt.compile(sampler=GreedySampler())
    pieces = list(gpt.stream("A  bad plot.", max_length=12))
    assert pieces[0] == "a bad plot."
    assert len(pieces) == 1 + 12 - 4
    words = {piece.strip() for piece in pieces[1:]}
    assert words <= set(VOCABULARY)


def test_marks_are_glued_to_the_word_before():
    gpt = tiny_gpt()
    gpt.compile(sampler=GreedySampler())
    favour(gpt, VOCABULARY.index("!"))
    assert list(gpt.stream("a film", max_length=5)) == ["a film", "!", "!", "!"]


@pytest.mark.parametrize("max_length", [7, 20])
def test_strip_prompt(gpt, max_length):
    gpt.compile(sampler=GreedySampler())
    kwargs = {"max_length": max_length, "strip_prompt": True}
    pieces = list(gpt.stream("not a film", **kwargs))
    assert "".join(pieces) == gpt.generate("not a film", **kwargs)
    assert len(pieces) == max_length - 3


def test_the_default_length_is_that_of_the_preprocessor(gpt):
    gpt.compile(sampler=GreedySampler())
    assert "".join(gpt.stream("a film")) == gpt.generate("a film")


def test_end_ends_a_stream_and_is_not_shown():
    gpt = tiny_gpt()
    gpt.compile(sampler=GreedySampler())
    favour(gpt, END)
    assert list(gpt.stream("a film")) == ["a film"]
    assert list(gpt.stream("a film", strip_prompt=True)) == []
    assert list(gpt.stream("a film", stop_token_ids=None)) == ["a film"]


@pytest.mark.parametrize("stop_token_ids", [[4], [4, 7, 9], (), None])
def test_stop_tokens(gpt, stop_token_ids):
    """A stop token of one's own is shown; `[END]`, if it is none, is passed over."""
    texts = []
    for way in ("generate", "stream"):
        gpt.compile(sampler=RandomSampler(temperature=3.0, seed=3))
        texts += [
            "".join(getattr(gpt, way)("not bad", 20, stop_token_ids)) for _ in range(3)
        ]
    assert texts[:3] == texts[3:]


def test_token_ids_without_a_preprocessor():
    gpt = tiny_gpt(preprocessor=False)
    inputs = prompts_as_ids([3], max_length=20)
    gpt.compile(sampler=RandomSampler(temperature=3.0, seed=0))
    outputs = gpt.generate(inputs, stop_token_ids=[4])
    expected = outputs["token_ids"][outputs["padding_mask"]].tolist()
    for strip_prompt in (False, True):
        gpt.compile(sampler=RandomSampler(temperature=3.0, seed=0))
        streamed = gpt.stream(inputs, stop_token_ids=[4], strip_prompt=strip_prompt)
        assert list(streamed) == expected[3 * strip_prompt :]


@pytest.mark.skipif(
    keras.config.backend() == "torch", reason="Torch runs the loop eagerly"
)
def test_compiles_once_for_each_length(monkeypatch):
    gpt = tiny_gpt()
    calls, generate_step = [], gpt.generate_step

    def counted(inputs, stop_token_ids=None):
        calls.append((inputs["token_ids"].shape[1], bool(inputs["cache"])))
        return generate_step(inputs, stop_token_ids)

    monkeypatch.setattr(gpt, "generate_step", counted)
    gpt.compile(sampler=TopKSampler(k=3, seed=0))
    for prompt in ("a", "a bad film .", "not bad"):
        list(gpt.stream(prompt, max_length=10))
    once = [(10, False), (10, True)]  # the first step reads the prompt
    assert calls == once
    list(gpt.stream("a film", max_length=12))
    list(gpt.stream("a film", max_length=10))
    assert calls == [*once, (12, False), (12, True)]


def test_a_stream_may_be_left_early(gpt):
    gpt.compile(sampler=GreedySampler())
    text = gpt.generate("a film", max_length=20)
    stream = gpt.stream("a film", max_length=20)
    begun = next(stream) + next(stream)
    stream.close()
    assert text.startswith(begun)
    assert list(stream) == []
    assert "".join(gpt.stream("a film", max_length=20)) == text


@pytest.mark.parametrize(
    ("prompt", "kwargs", "message"),
    [
        ("", {}, "must hold at least one word"),
        ("a " * 8, {}, "`max_length` counts the prompt too"),
        (["a", "film"], {}, r"must be one str. Received: \['a', 'film'\]"),
        (7, {}, "must be one str. Received: 7"),
        ("a", {"max_length": 1}, "`max_length` must be an integer of at least 2"),
        ("a", {"stop_token_ids": "never"}, "`stop_token_ids` must be .*'never'"),
    ],
)
def test_bad_arguments_fail_at_the_call(gpt, prompt, kwargs, message):
    with pytest.raises(ValueError, match=message):
        gpt.stream(prompt, **kwargs)


def test_bad_token_ids_fail_at_the_call():
    gpt = tiny_gpt(preprocessor=False)
    with pytest.raises(ValueError, match=r"one prompt.*Received: 2 prompts"):
        gpt.stream(prompts_as_ids([2, 3], 6), stop_token_ids=None)
    with pytest.raises(ValueError, match=r"must be a list of ids.*Received: 'auto'"):
        gpt.stream(prompts_as_ids([2], 6))
    with pytest.raises(ValueError, match="at least one real token"):
        gpt.stream(
            {"token_ids": np.ones((1, 4), int), "padding_mask": np.zeros((1, 4))}
        )


def test_a_sampler_that_does_not_choose_one_by_one(gpt):
    gpt.compile(sampler=keras_hub.samplers.BeamSampler(num_beams=2))
    with pytest.raises(ValueError, match=r"one token after another.*BeamSampler"):
        gpt.stream("a film")
