"""What is generated: texts, lengths, stops, special tokens, compilations."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from course_lib.models import (
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)
from course_lib.samplers import GreedySampler, RandomSampler, TopKSampler
from tests.arrays import to_numpy
from tests.tiny_gpt import (
    END,
    PAD,
    UNK,
    VOCABULARY,
    favour,
    next_logits,
    prompts_as_ids,
    tiny_backbone,
    tiny_gpt,
)

PROMPTS = ["a", "not a very good film", "a bad plot . a good plot . a film . not bad"]


@pytest.fixture(scope="module")
def gpt():
    model = tiny_gpt(normalize_first=True)
    model.compile(sampler=GreedySampler())
    return model


def greedy_loop(gpt, prompt, max_length, stop=END):
    """Token ids of prompt and continuation, one token after another."""
    tokens = gpt.preprocessor.tokenizer.tokenize(prompt).numpy().tolist()
    while len(tokens) < max_length:
        tokens.append(int(next_logits(gpt, [tokens])[0].argmax()))
        if tokens[-1] == stop:
            break
    return tokens


@pytest.mark.parametrize("max_length", [7, 20])
def test_greedy_text_equals_a_hand_written_loop(gpt, max_length):
    prompts = [p for p in PROMPTS if len(p.split()) < max_length]
    texts = gpt.generate(prompts, max_length=max_length)
    tokenizer = gpt.preprocessor.tokenizer
    for prompt, text in zip(prompts, texts, strict=True):
        tokens = greedy_loop(gpt, prompt, max_length)
        assert text == tokenizer.detokenize([t for t in tokens if t != END])


def test_each_prompt_of_a_batch_is_continued_as_if_alone(gpt):
    together = gpt.generate(PROMPTS, max_length=20)
    alone = [gpt.generate(prompt, max_length=20) for prompt in PROMPTS]
    assert together == alone


def test_str_in_str_out(gpt):
    assert isinstance(gpt.generate("a film"), str)
    assert gpt.generate(["a film"]) == [gpt.generate("a film")]


def test_the_default_length_is_that_of_the_preprocessor(gpt):
    assert gpt.generate(PROMPTS[:2]) == gpt.generate(PROMPTS[:2], max_length=8)


def test_strip_prompt(gpt):
    texts = gpt.generate(["a film", "bad"], max_length=12)
    stripped = gpt.generate(["a film", "bad"], max_length=12, strip_prompt=True)
    for prompt, text, rest in zip(["a film", "bad"], texts, stripped, strict=True):
        assert text.removeprefix(prompt).strip() == rest
        assert rest


def test_stop_tokens_end_each_row_on_its_own():
    gpt = tiny_gpt(preprocessor=False, normalize_first=True)
    gpt.compile(sampler=RandomSampler(temperature=3.0, seed=1))
    inputs = prompts_as_ids([2, 3, 5, 1, 4, 2], max_length=20)
    outputs = gpt.generate(inputs, stop_token_ids=[5, 9])
    ends = set()
    for row, prompt_mask in enumerate(inputs["padding_mask"]):
        tokens = outputs["token_ids"][row]
        new = [i for i in range(20) if not prompt_mask[i] and tokens[i] in (5, 9)]
        end = new[0] if new else 19
        assert_array_equal(outputs["padding_mask"][row], np.arange(20) <= end)
        assert (tokens[end + 1 :] == PAD).all()  # while other rows went on
        ends.add(end)
    assert len(ends) > 2  # they did stop at different places
    assert np.isin(inputs["token_ids"], [5, 9]).any()  # those of prompts stop nothing


class CountingSampler(GreedySampler):
    """Keeps the index at which its loop ended."""

    def run_loop(self, *args, **kwargs):
        loop_vars = super().run_loop(*args, **kwargs)
        self.end = int(loop_vars[2])
        return loop_vars


def test_generation_ends_when_all_rows_have_stopped():
    gpt = tiny_gpt(preprocessor=False)
    favour(gpt, END)
    gpt.sampler = CountingSampler()
    lengths = [2, 5, 3]
    outputs = gpt.generate_step(prompts_as_ids(lengths, 20), stop_token_ids=(END,))
    assert gpt.sampler.end == 6  # one step after the longest prompt
    ends = to_numpy(outputs["padding_mask"]).sum(axis=1)
    assert ends.tolist() == [length + 1 for length in lengths]


@pytest.mark.parametrize("stop_token_ids", [None, [], ()])
def test_nothing_to_stop_at(stop_token_ids):
    gpt = tiny_gpt(preprocessor=False)
    gpt.compile(sampler=GreedySampler())
    favour(gpt, END)
    outputs = gpt.generate(prompts_as_ids([1, 2], 6), stop_token_ids=stop_token_ids)
    assert outputs["padding_mask"].all()
    assert outputs["token_ids"][:, 2:].tolist() == [[END] * 4] * 2


def test_end_ends_a_text_and_is_not_shown():
    gpt = tiny_gpt()
    gpt.compile(sampler=GreedySampler())
    favour(gpt, END)
    assert gpt.generate(["a film", "not bad."]) == ["a film", "not bad."]
    assert gpt.generate("a film", strip_prompt=True) == ""


@pytest.mark.parametrize("token_id", [PAD, UNK])
@pytest.mark.parametrize(
    "sampler", [GreedySampler(), RandomSampler(seed=0), RandomSampler(temperature=0)]
)
def test_special_tokens_are_never_generated(token_id, sampler):
    gpt = tiny_gpt(preprocessor=False)
    gpt.compile(sampler=sampler)
    favour(gpt, token_id)  # all the probability there is
    token_ids = gpt.generate(prompts_as_ids([1, 3], 12), stop_token_ids=None)[
        "token_ids"
    ]
    assert not np.isin(token_ids, [PAD, UNK]).any()


def test_only_words_of_the_tokenizer_are_generated():
    processor = MiniGPTCausalLMPreprocessor(
        MiniGPTTokenizer(VOCABULARY[:6]), sequence_length=12
    )
    gpt = MiniGPTCausalLM(tiny_backbone(vocabulary_size=9), processor)
    gpt.compile(sampler=GreedySampler())
    favour(gpt, 8)
    assert set(gpt.generate("a").split()) <= set(VOCABULARY[3:6])


@pytest.mark.parametrize("dtype", ["float16", "mixed_bfloat16"])
def test_generates_in_low_precision(dtype):
    gpt = tiny_gpt(dtype=dtype)
    gpt.compile(sampler=TopKSampler(k=3, seed=0))
    text = gpt.generate("a film", max_length=12, stop_token_ids=None)
    assert text.startswith("a film")
    assert len(text) > len("a film")


def test_a_seed_gives_the_same_texts_again(gpt):
    def texts(seed):
        model = MiniGPTCausalLM(gpt.backbone, gpt.preprocessor)
        model.compile(sampler=RandomSampler(temperature=2.0, seed=seed))
        return [model.generate(PROMPTS[:2], max_length=15) for _ in range(2)]

    first = texts(seed=1)
    assert first == texts(seed=1)
    assert first != texts(seed=2)
    assert first[0] != first[1]  # the second call goes on drawing


@pytest.mark.skipif(
    keras.config.backend() == "torch", reason="Torch runs the loop eagerly"
)
def test_compiles_once_for_each_shape(monkeypatch):
    gpt = tiny_gpt()
    calls, generate_step = [], gpt.generate_step

    def counted(inputs, stop_token_ids=None):
        calls.append(tuple(inputs["token_ids"].shape))
        return generate_step(inputs, stop_token_ids)

    monkeypatch.setattr(gpt, "generate_step", counted)
    gpt.compile(sampler=TopKSampler(k=3, seed=0))
    for prompts in (["a", "a film"], ["not bad", "plot ."], ["a bad film .", "a"]):
        gpt.generate(prompts, max_length=10)
    assert calls == [(2, 10)]
    gpt.generate("a film", max_length=10)
    gpt.generate(["a", "a film"], max_length=10)
    assert calls == [(2, 10), (1, 10)]
    gpt.generate("a film", max_length=12)
    assert calls == [(2, 10), (1, 10), (1, 12)]


def test_unknown_words_are_read_as_unk_and_kept(gpt):
    with pytest.warns(UserWarning, match=r"read as \[UNK\]: zebra"):
        text = gpt.generate("a zebra film", max_length=8)
    assert text.startswith("a [UNK] film")
    assert "[UNK]" not in text.removeprefix("a [UNK] film")
