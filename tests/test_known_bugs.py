"""Bugs that published tutorials had, in the order of the course's list.

Each test says in one line what the published code did. Most properties are tested in
full elsewhere; here each bug has a name, so that a learner can look it up.
"""

from functools import partial

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from course_lib import masking
from course_lib.callbacks import TextGenerator
from course_lib.layers import MultiHeadSelfAttention, TransformerBlock
from course_lib.models import MiniGPTBackbone, MiniGPTTokenizer
from course_lib.samplers import (
    FilterSampler,
    GreedySampler,
    MinPSampler,
    RandomSampler,
    TopKSampler,
    TopPSampler,
    filters,
)
from tests.arrays import randomise, to_numpy
from tests.draws import draw, looks_drawn_from, softmax
from tests.tiny_gpt import (
    END,
    PAD,
    UNK,
    VOCABULARY,
    as_inputs,
    favour,
    logits_of,
    random_ids,
    tiny_gpt,
)


def inputs(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def generate(gpt, token_ids, max_length, sampler=None):
    """Generated ids, without stopping; `gpt` has no preprocessor."""
    gpt.compile(sampler=sampler or GreedySampler())
    padded = np.zeros((len(token_ids), max_length), "int32")
    for row, ids in zip(padded, token_ids, strict=True):
        row[: len(ids)] = ids
    return gpt.generate(as_inputs(padded), stop_token_ids=None)["token_ids"]


def test_bug_01_context_cut_at_the_wrong_end():
    """`tokens[:maxlen]` kept the oldest tokens: the same next token for ever."""
    gpt = tiny_gpt(preprocessor=False, max_sequence_length=4)
    prompt = random_ids(1, 11)[0].tolist()
    new = generate(gpt, [prompt], 12)[0, 11]
    # Position 10 is the newest; windows start at 0, 2, 4, 6, 8: it sees 8, 9 and 10.
    logits = logits_of(gpt, [prompt[8:]])[0, -1]
    logits[[PAD, UNK]] = -np.inf
    assert new == logits.argmax()
    # What is new decides: after other last words the model goes on differently.
    prompts = [[*prompt[:-1], last] for last in range(3, len(VOCABULARY))]
    continuations = generate(gpt, prompts, 15)[:, 11:]
    assert len(np.unique(continuations, axis=0)) > 1


def test_bug_02_temperature_never_passed_on():
    """`generate(temperature=...)` took the argument and sampled at 1."""
    gpt = tiny_gpt(preprocessor=False)
    prompts = random_ids(6, 2).tolist()
    greedy = generate(gpt, prompts, 12)
    cold = generate(gpt, prompts, 12, RandomSampler(temperature=1e-4, seed=0))
    hot = generate(gpt, prompts, 12, RandomSampler(temperature=100.0, seed=0))
    assert_array_equal(cold, greedy)
    assert (hot != greedy).mean() > 0.5


def test_bug_03_next_token_read_at_the_loop_index():
    """The logits of the step number were read, not those of the last position."""
    gpt = tiny_gpt(preprocessor=False)
    prompts = [
        ids[:n].tolist() for ids, n in zip(random_ids(3, 6), [2, 6, 4], strict=True)
    ]
    token_ids = generate(gpt, prompts, 7)
    for row, prompt in zip(token_ids, prompts, strict=True):
        logits = logits_of(gpt, [prompt])[0, len(prompt) - 1]
        logits[[PAD, UNK]] = -np.inf
        assert row[len(prompt)] == logits.argmax()


def test_bug_04_top_k_returns_the_rank():
    """Drawn among the k likeliest, the rank 0..k-1 was returned for the token id."""
    draws = draw(TopKSampler(k=2, seed=0), [0.0, 0.0, 0.0, 5.0, 0.0, 5.0])
    assert set(draws) == {3, 5}


def test_bug_05_words_and_indices_swapped():
    """`index_to_word` mapped words to indices, so nothing could be read."""
    tokenizer = MiniGPTTokenizer(VOCABULARY)
    ids = tokenizer.tokenize("a very good film .").numpy()
    assert [VOCABULARY[i] for i in ids] == ["a", "very", "good", "film", "."]
    assert tokenizer.detokenize(ids) == "a very good film."


def test_bug_05_unknown_words_dropped_silently():
    """Prompt words outside of the vocabulary vanished without a word."""
    gpt = tiny_gpt()
    with pytest.warns(UserWarning, match="zebra"):
        text = gpt.generate("a zebra film")
    assert text.startswith("a [UNK] film")


def test_bug_06_text_printed_twice(capsys):
    """The callback printed the prompt's text and the whole text after it."""
    gpt = tiny_gpt()
    gpt.compile(sampler=GreedySampler())
    gpt.fit(
        ["a film ."],
        shuffle=False,
        verbose=0,
        callbacks=[TextGenerator(["not very bad"])],
    )
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    text = gpt.generate("not very bad")
    assert lines.count(text) == 1
    assert "".join(lines).count("not very bad") == 1


@pytest.mark.parametrize("max_length", [5, 20])  # inside the window of 8 and past it
def test_bug_06_one_token_too_many(max_length):
    """The loop counted from 0 to `max_tokens` inclusive."""
    gpt = tiny_gpt(preprocessor=True)
    gpt.compile(sampler=GreedySampler())
    favour(gpt, VOCABULARY.index("film"))  # never [END]
    words = gpt.generate("a bad", max_length=max_length).split()
    assert words == ["a", "bad"] + ["film"] * (max_length - 2)


def test_bug_07_padding_counted_in_the_loss():
    """The mean ran over padding too, which is easy: the loss looked small."""
    gpt = tiny_gpt(sequence_length=8)
    short = gpt.evaluate(["a bad film ."], verbose=0, return_dict=True)
    gpt.preprocessor.sequence_length = 4
    unpadded = gpt.evaluate(["a bad film ."], verbose=0, return_dict=True)
    assert short["loss"] == pytest.approx(unpadded["loss"], abs=1e-5)


def test_bug_07_perplexity_averaged_over_batches():
    """The mean of the batches' perplexities was reported for that of the data."""
    gpt = tiny_gpt()
    texts = ["a very good film , not bad !", "bad", "not"]
    one_batch = gpt.evaluate(texts, batch_size=3, verbose=0, return_dict=True)
    single = gpt.evaluate(texts, batch_size=1, verbose=0, return_dict=True)
    assert single["perplexity"] == pytest.approx(one_batch["perplexity"], rel=1e-5)


def test_bug_08_no_padding_mask_when_mask_is_none():
    """`padding_mask` was set only `if mask is not None` and then used anyway."""
    block = TransformerBlock(intermediate_dim=16, num_heads=2)
    x = inputs(2, 5, 8)
    all_real = to_numpy(block(x, padding_mask=np.ones((2, 5), bool)))
    assert_array_equal(to_numpy(block(x)), all_real)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
@pytest.mark.parametrize("with_scores", [False, True])
def test_bug_09_causal_mask_lost(dropout, with_scores):
    """With dropout, or with the scores returned, another code path had no mask."""
    layer = MultiHeadSelfAttention(num_heads=2, dropout=dropout)
    x = inputs(1, 6, 8)
    layer.build(x.shape)
    randomise(layer)
    changed = x.copy()
    changed[:, -1] += 1.0

    def first_five(x):
        if dropout:
            keras.utils.set_random_seed(0)  # Torch has one stream for all
            layer.dropout_layer.seed_generator.state.assign([1, 2])
        result = layer(
            x,
            use_causal_mask=True,
            return_attention_scores=with_scores,
            training=True,
        )
        return to_numpy(result[0] if with_scores else result)[:, :5]

    assert_array_equal(first_five(changed), first_five(x))


def test_bug_10_three_heads_of_width_85():
    """A width of 256 in 3 heads quietly became 3 x 85 = 255."""
    with pytest.raises(ValueError, match=r"`num_heads` must divide.*=3, width=256"):
        MiniGPTBackbone(12, 1, 3, 256, 16, max_sequence_length=4)
    layer = MultiHeadSelfAttention(num_heads=3, key_dim=85)  # asked for: fine
    assert layer(inputs(1, 2, 256)).shape == (1, 2, 256)


def test_bug_12_weights_under_a_name_that_the_loader_refuses(tmp_path):
    """`ModelCheckpoint` wrote files that `load_weights` would not read."""
    gpt, path = tiny_gpt(), tmp_path / "best.weights.h5"
    checkpoint = keras.callbacks.ModelCheckpoint(
        path, monitor="loss", save_best_only=True, save_weights_only=True
    )
    gpt.fit(["a bad film ."], shuffle=False, verbose=0, callbacks=[checkpoint])
    other = tiny_gpt()
    other.load_weights(path)
    for one, trained in zip(other.get_weights(), gpt.get_weights(), strict=True):
        assert_array_equal(one, trained)


def test_bug_13_top_k_before_top_p_without_renormalising():
    """`p` was compared with what the top-k filter had left of the distribution."""
    row = np.array([[0.4, 0.3, 0.15, 0.1, 0.05]], "float32")
    # among the first three, the first has 0.4 / 0.85 = 0.47 and reaches 0.45 alone
    assert_allclose(
        to_numpy(filters.top_p(filters.top_k(ops.convert_to_tensor(row), 3), 0.45)),
        [[1, 0, 0, 0, 0]],
        atol=1e-6,
    )
    assert set(draw(TopPSampler(p=0.45, k=3, seed=0), np.log(row[0]))) == {0}


@pytest.mark.parametrize("sampler", [RandomSampler, TopKSampler, TopPSampler])
def test_bug_13_temperature_applied_twice_or_backwards(sampler):
    """Logits were multiplied by the temperature, or divided once more later."""
    config = {"k": 6} if sampler is TopKSampler else {}
    config |= {"p": 1.0} if sampler is TopPSampler else {}
    logits = np.array([0.0, 0.5, 1.0, 1.5, 2.0, -1.0])
    draws = draw(sampler(temperature=2.0, seed=3, **config), logits)
    assert looks_drawn_from(draws, softmax(logits, 2.0))
    assert not looks_drawn_from(draws, softmax(logits, 0.5))  # multiplied
    assert not looks_drawn_from(draws, softmax(logits, 4.0))  # twice


@pytest.mark.parametrize(
    "sampler",
    [
        RandomSampler(temperature=0),
        TopKSampler(k=3, temperature=0),
        TopPSampler(p=0.9, temperature=0),
    ],
    ids=lambda sampler: type(sampler).__name__,
)
def test_bug_13_crash_at_temperature_zero(sampler):
    """Division by zero, and NaN probabilities."""
    assert set(draw(sampler, [1.0, -2.0, 3.0, 0.0, 2.9, 0.0])) == {2}


@pytest.mark.parametrize("normalize_first", [False, True])
def test_bug_14_cached_differs_from_uncached(normalize_first):
    """Cached keys stood at other positions than those of the whole text."""
    gpt = tiny_gpt(preprocessor=False, normalize_first=normalize_first)
    token_ids, logits = random_ids(2, 8), []
    cache = gpt.backbone.empty_cache(2, 8)
    for t in range(8):
        new = ops.convert_to_tensor(token_ids[:, t : t + 1])
        step, _, cache = gpt.call_with_cache(new, cache, t)
        logits.append(to_numpy(step))
    expected = logits_of(gpt, token_ids)
    assert_allclose(np.concatenate(logits, axis=1), expected, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("score", [-2e4, 2e4])
def test_bug_15_a_mask_that_is_not_low_enough(dtype, score):
    """`-1e4` lost against lower scores; `1e-10`, meant as `-1e10`, hid nothing."""
    scores = ops.cast(np.array([[score, score, 0.0]]), dtype)
    weights = masking.masked_softmax(scores, np.array([[True, True, False]]))
    assert_array_equal(to_numpy(weights), [[0.5, 0.5, 0.0]])


@pytest.mark.skipif(
    keras.config.backend() == "torch", reason="Torch runs the loop eagerly"
)
def test_bug_16_recompiling_at_each_call(monkeypatch):
    """Each prompt length was a new shape, and so a new compilation."""
    gpt = tiny_gpt()
    traces, call_with_cache = [], gpt.call_with_cache

    def counted(*args):
        traces.append(1)
        return call_with_cache(*args)

    monkeypatch.setattr(gpt, "call_with_cache", counted)
    gpt.compile(sampler=GreedySampler())
    gpt.generate("a")
    assert traces
    once = len(traces)
    for prompt in ("film", "a film", "not a very good plot"):
        gpt.generate(prompt)
    assert len(traces) == once


@pytest.mark.parametrize("token_id", [PAD, UNK, END])
def test_bug_17_special_tokens_in_generated_text(token_id):
    """`[PAD]`, `[UNK]` and start tokens were printed as if they were words."""
    gpt = tiny_gpt()
    gpt.compile(sampler=TopKSampler(k=3, seed=0))
    favour(gpt, token_id)
    text = gpt.generate("a film")
    assert text.startswith("a film")
    assert not any(special in text for special in VOCABULARY[:3])


FILTERED = {
    "min-p": lambda **config: MinPSampler(0.0, **config),
    "filters": lambda **config: FilterSampler([partial(filters.top_k, k=6)], **config),
}


@pytest.mark.parametrize("name", FILTERED)
def test_bug_13_temperature_in_the_newer_samplers(name):
    """As above: it is applied once, and not in reverse; 0 is no division by zero."""
    logits = np.array([0.0, 0.5, 1.0, 1.5, 2.0, -1.0])
    draws = draw(FILTERED[name](temperature=2.0, seed=3), logits)
    assert looks_drawn_from(draws, softmax(logits, 2.0))
    assert not looks_drawn_from(draws, softmax(logits, 0.5))
    assert not looks_drawn_from(draws, softmax(logits, 4.0))
    assert set(draw(FILTERED[name](temperature=0), logits)) == {4}


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (partial(filters.top_k, k=2), [0.4, 0.3]),
        (partial(filters.top_p, p=0.6), [0.4, 0.3]),
        (partial(filters.min_p, min_p=0.7), [0.4, 0.3]),
        (partial(filters.suppress, token_ids=[2, 3, 4]), [0.4, 0.3]),
    ],
    ids=lambda value: value.func.__name__ if isinstance(value, partial) else "",
)
def test_bug_13_a_filter_without_renormalising(bound, kept):
    """What was left did not sum to 1, and the next filter compared `p` with it."""
    row = np.array([[0.4, 0.3, 0.15, 0.1, 0.05]], "float32")
    expected = [*np.array(kept) / sum(kept), 0, 0, 0]
    assert_allclose(to_numpy(bound(row)), [expected], atol=1e-6)
