"""TextGenerator: what is printed and logged, and what it leaves alone."""

import keras
import numpy as np
import pytest

from course_lib import samplers
from course_lib.callbacks import TextGenerator
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)

TEXTS = ["a good film .", "a bad film .", "good film !", "bad bad film ."] * 4
WORDS = ["a", "good", "bad", "film", ".", "!"]


@pytest.fixture
def gpt():
    tokenizer = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", *WORDS])
    return MiniGPTCausalLM(
        MiniGPTBackbone(9, 1, 2, 8, 8, max_sequence_length=6),
        MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=6),
    )


def test_prints_and_logs_every_second_epoch(gpt, tmp_path, capsys):
    log = tmp_path / "new" / "samples.tsv"
    callback = TextGenerator(["a", "good film"], every=2, log_path=log)
    gpt.fit(TEXTS, batch_size=8, epochs=5, verbose=0, callbacks=[callback])
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    assert [row[:2] for row in rows] == [
        ["2", "a"],
        ["2", "good film"],
        ["4", "a"],
        ["4", "good film"],
    ]
    printed = capsys.readouterr().out
    for _, prompt, text in rows:
        assert text.startswith(prompt)
        assert f"  {text}\n" in printed


def test_samples_come_from_the_weights_of_that_epoch(gpt, capsys):
    greedy = samplers.GreedySampler()
    callback = TextGenerator(["a"], sampler=greedy)
    gpt.fit(TEXTS, batch_size=8, epochs=3, verbose=0, callbacks=[callback])
    last = capsys.readouterr().out.splitlines()[-1].strip()
    gpt.compile(sampler=greedy)
    assert gpt.generate(["a"]) == [last]


def test_the_model_keeps_its_sampler_and_one_function_is_compiled(gpt):
    own = gpt.sampler
    callback = TextGenerator(["a"], sampler=samplers.TopKSampler(k=2, seed=0))
    gpt.fit(TEXTS, batch_size=8, epochs=1, verbose=0, callbacks=[callback])
    compiled = callback._generate_function
    gpt.fit(TEXTS, batch_size=8, epochs=2, verbose=0, callbacks=[callback])
    assert gpt.sampler is own
    assert callback._generate_function is compiled


def test_sampling_does_not_change_the_training():
    def weights(callbacks):
        keras.utils.set_random_seed(0)
        tokenizer = MiniGPTTokenizer(["[PAD]", "[UNK]", "[END]", *WORDS])
        gpt = MiniGPTCausalLM(
            MiniGPTBackbone(9, 1, 2, 8, 8, max_sequence_length=6, dropout=0.5),
            MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=6),
        )
        gpt.fit(TEXTS, batch_size=8, epochs=2, verbose=0, callbacks=callbacks)
        return gpt.get_weights()

    callback = TextGenerator(["a"], sampler=samplers.RandomSampler(seed=3))
    for with_samples, without in zip(weights([callback]), weights([]), strict=True):
        np.testing.assert_allclose(with_samples, without, atol=1e-6)


@pytest.mark.parametrize("prompts", [[], "a film"])
def test_prompts_must_be_a_list(prompts):
    with pytest.raises(ValueError, match="`prompts` must be a list"):
        TextGenerator(prompts)


def test_every_must_be_positive():
    with pytest.raises(ValueError, match=r"`every` must be at least 1.*every=0"):
        TextGenerator(["a"], every=0)


def test_an_unwritable_log_is_found_before_training(gpt, tmp_path):
    (tmp_path / "file").write_text("")
    callback = TextGenerator(["a"], log_path=tmp_path / "file" / "log.tsv")
    before = gpt.get_weights()
    with pytest.raises(OSError):
        gpt.fit(TEXTS, batch_size=8, verbose=0, callbacks=[callback])
    for now, then in zip(gpt.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
