"""Generation against plain loops that read the whole window at each step."""

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib.models import (
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)
from course_lib.models.mini_gpt_causal_lm import window_start
from course_lib.samplers import GreedySampler, RandomSampler, TopKSampler
from tests.arrays import to_numpy
from tests.tiny_gpt import (
    END,
    PAD,
    UNK,
    VOCABULARY,
    favour,
    logits_of,
    random_ids,
    tiny_backbone,
    tiny_gpt,
)

WINDOW = 8
PROMPTS = ["a", "not a very good film", "a bad plot . a good plot . a film . not bad"]


@pytest.fixture(scope="module")
def gpt():
    model = tiny_gpt(normalize_first=True)
    model.compile(sampler=GreedySampler())
    return model


def seen(tokens, window):
    """What the model sees of a text, by the rule: when the window is full and one
    more token comes, the last half of it stays."""
    kept = []
    for token in tokens:
        if len(kept) == window:
            kept = kept[window - window // 2 :]
        kept.append(token)
    return kept


def next_logits(gpt, rows):
    """Logits `(B, V)` of the token after each row, uncached; rows of equal length."""
    window = gpt.backbone.max_sequence_length
    kept = [seen(row, window) for row in rows]
    padded = [row + [PAD] * (window - len(row)) for row in kept]
    logits = logits_of(gpt, padded)[:, len(kept[0]) - 1]
    logits[:, [PAD, UNK]] = -np.inf
    return logits


def greedy_loop(gpt, prompt, max_length, stop=END):
    """Token ids of prompt and continuation, one token after another."""
    tokens = gpt.preprocessor.tokenizer.tokenize(prompt).numpy().tolist()
    while len(tokens) < max_length:
        tokens.append(int(next_logits(gpt, [tokens])[0].argmax()))
        if tokens[-1] == stop:
            break
    return tokens


def prompts_as_ids(lengths, max_length):
    """Random prompts of these lengths, padded."""
    token_ids = random_ids(len(lengths), max_length)
    padding_mask = np.arange(max_length) < np.array(lengths)[:, None]
    return {
        "token_ids": np.where(padding_mask, token_ids, PAD).astype("int32"),
        "padding_mask": padding_mask,
    }


class RecordingSampler(GreedySampler):
    """Keeps the logits `(max_length, B, V)` of all steps beside the cache."""

    def __call__(self, next, prompt, cache=None, **kwargs):
        def recorded(prompt, state, index):
            cache, record = state
            logits, hidden_states, cache = next(prompt, cache, index)
            record = ops.slice_update(record, (index, 0, 0), logits[None])
            return logits, hidden_states, (cache, record)

        batch_size, max_length = ops.shape(prompt)
        record = ops.zeros((max_length, batch_size, len(VOCABULARY)))
        return super().__call__(recorded, prompt, cache=(cache, record), **kwargs)

    def run_loop(self, *args, **kwargs):
        loop_vars = super().run_loop(*args, **kwargs)
        self.logits = to_numpy(loop_vars[1][1])
        return loop_vars


def check_against_uncached(gpt, lengths, max_length):
    """Generate greedily and compare the logits of each step with uncached ones."""
    gpt.sampler = RecordingSampler()
    inputs = prompts_as_ids(lengths, max_length)
    token_ids = to_numpy(gpt.generate_step(inputs)["token_ids"])
    for row, length in enumerate(lengths):
        assert_array_equal(token_ids[row, :length], inputs["token_ids"][row, :length])
    for i in range(min(lengths), max_length):
        expected = next_logits(gpt, token_ids[:, :i].tolist())
        assert_allclose(gpt.sampler.logits[i], expected, atol=1e-5)
        for row, length in enumerate(lengths):
            if i >= length:
                assert token_ids[row, i] == expected[row].argmax()


@pytest.mark.parametrize("window", [1, 2, 5, 8, 30])
def test_the_window_starts_where_the_documented_rule_says(window):
    for position in range(4 * window + 3):
        kept = seen(range(position + 1), window)
        assert int(window_start(position, window)) == kept[0]
        assert len(kept) <= window


@pytest.mark.parametrize("window", [8, 5, 2])
@pytest.mark.parametrize("lengths", [[1, 3, 6], [11, 13, 17]], ids=["short", "long"])
def test_cached_equals_uncached_past_the_window_too(window, lengths):
    gpt = tiny_gpt(
        preprocessor=False,
        num_layers=2,
        max_sequence_length=window,
        normalize_first=True,
    )
    check_against_uncached(gpt, lengths, max_length=20)


@pytest.mark.parametrize(
    "config", [{"key_dim": 3, "num_layers": 2}, {"tie_weights": True}]
)
def test_cached_equals_uncached_in_other_models(config):
    gpt = tiny_gpt(preprocessor=False, max_sequence_length=4, **config)
    check_against_uncached(gpt, [2, 5], max_length=10)


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
        ends.add(end)
    assert len(ends) > 2  # they did stop at different places
    assert np.isin(inputs["token_ids"], [5, 9]).any()  # those of prompts stop nothing


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
