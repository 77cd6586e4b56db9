"""The tools that pretrain `gpt2_tiny_en`."""

import keras
import keras_hub
import numpy as np
import pytest
import tensorflow as tf

from course_lib.ngrams import NGramModel
from tests.arrays import randomise
from tools.byte_pairs import END, GPT2Encoder, learn_tokenizer
from tools.gpt2_card import FusedGPT2, all_tokens, evaluate, in_one_row
from tools.train_gpt2_tiny import in_documents, write_preset

TEXTS = [
    "The owl and the otter went to the other town, and the owl didn't like it.\n",
    'In 1877 there were 12,345 owls. "Oh," said the otter, "no more, no more!"',
] * 20
SIZE = 300


@pytest.fixture(scope="module")
def tokenizer():
    return learn_tokenizer(TEXTS, SIZE)


def tiny_gpt2(vocabulary_size=SIZE, cls=FusedGPT2):
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=vocabulary_size,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=16,
        max_sequence_length=12,
        dropout=0.0,
    )
    randomise(backbone)
    return cls(backbone)


class TestTokenizer:
    def test_its_ids_are_laid_out_as_gpt2s(self, tokenizer):
        tokens = sorted(tokenizer.vocabulary, key=tokenizer.vocabulary.get)
        assert list(tokenizer.vocabulary.values()) == list(range(SIZE))
        assert tokens[:3] == ["!", '"', "#"]
        assert [len(token) for token in tokens[:256]] == [1] * 256
        assert tokens[-1] == END and tokenizer.end_token_id == SIZE - 1
        assert tokenizer.pad_token_id == 0 != tokenizer.end_token_id

    def test_learns_what_is_frequent(self, tokenizer):
        assert {"Ġthe", "Ġowl", "'t"} <= set(tokenizer.vocabulary)

    def test_never_joins_digits(self, tokenizer):
        digits = [t for t in tokenizer.vocabulary if any(c.isdecimal() for c in t)]
        assert sorted(digits) == list("0123456789")

    @pytest.mark.parametrize("text", ["", "owl", "春風過山寺，", "é\t\n\n x", "🦉"])
    def test_can_write_anything(self, tokenizer, text):
        ids = GPT2Encoder(tokenizer).tokenize([text])[0]
        assert len(ids) <= len(text.encode())
        assert not ids or tokenizer.detokenize([ids])[0] == text

    @pytest.mark.parametrize("size", [0, 257])
    def test_no_room(self, size):
        with pytest.raises(ValueError, match=f"vocabulary_size={size}"):
            learn_tokenizer(TEXTS, size)


class TestEncoder:
    def test_is_that_of_a_pipeline(self, tokenizer):
        texts = [
            *TEXTS[:2],
            "Two\n\nparagraphs. 'Tis 1234567 o'clock, isn't it?  Well...\n\n\nYes",
            " leading, trailing ",
            "床前明月光，疑是地上霜。",
        ]
        dataset = tf.data.Dataset.from_tensor_slices(texts)
        expected = [ids.numpy().tolist() for ids in dataset.map(tokenizer.tokenize)]
        encoder = GPT2Encoder(tokenizer)
        assert encoder.tokenize(texts) == expected
        assert encoder.end_token_id == tokenizer.end_token_id
        assert encoder.get_vocabulary() == list(tokenizer.vocabulary)


class TestFusedGPT2:
    def test_the_loss_is_that_of_all_logits(self):
        gpt, plain = tiny_gpt2(), tiny_gpt2(cls=keras_hub.models.GPT2CausalLM)
        token_ids = np.random.default_rng(0).integers(0, SIZE, 100)
        batches = all_tokens(token_ids, window=12)
        gpt.compile()
        logs = gpt.evaluate(batches, verbose=0, return_dict=True)
        nats = num_labels = 0
        for i in range(len(batches)):
            x, y, weight = batches[i]
            losses = keras.losses.sparse_categorical_crossentropy(
                y, plain(x), from_logits=True
            )
            nats += (np.asarray(losses) * weight).sum()
            num_labels += weight.sum()
        assert num_labels == 100  # each token once
        assert np.log(logs["perplexity"]) == pytest.approx(nats / 100, abs=1e-4)

    def test_a_step_is_that_of_all_logits(self):
        """The same gradients: through the tied table, by both its ways."""
        x, y, weight = all_tokens(np.arange(50), window=12)[0]
        weights = []
        for cls in (FusedGPT2, keras_hub.models.GPT2CausalLM):
            gpt = tiny_gpt2(cls=cls)
            gpt.compile(
                optimizer=keras.optimizers.SGD(0.1),
                loss="auto"
                if cls is FusedGPT2
                else keras.losses.SparseCategoricalCrossentropy(
                    from_logits=True, reduction="mean_with_sample_weight"
                ),
                weighted_metrics=[],
            )
            keras.Model.train_on_batch(gpt, x, y, sample_weight=weight)
            weights.append(gpt.get_weights())
        for fused, plain in zip(*weights, strict=True):
            np.testing.assert_allclose(fused, plain, atol=1e-5)


def test_baselines_see_the_same_labels():
    token_ids = np.array([3, 1, 0, 2], "uint16")
    row = in_one_row(token_ids)
    assert row.tolist() == [[3, 4, 2, 1, 3]]
    assert np.isfinite(NGramModel(2, 5).fit(row).nats(row)).sum() == 4


def test_evaluation(tokenizer, tmp_path):
    write_preset(tiny_gpt2().backbone, tokenizer, tmp_path / "tiny")
    gpt2 = keras_hub.models.GPT2CausalLM.from_preset(str(tmp_path / "tiny"))
    assert gpt2.backbone.dropout == 0.1 and gpt2.preprocessor.sequence_length == 12
    for stored, weights in zip(
        gpt2.get_weights(), tiny_gpt2().get_weights(), strict=True
    ):
        np.testing.assert_array_equal(stored, weights.astype("float16"))
    ids = GPT2Encoder(tokenizer).tokenize(TEXTS)
    token_ids = np.concatenate([[*row, tokenizer.end_token_id] for row in ids])
    card = evaluate(gpt2, TEXTS, token_ids, token_ids)
    baselines = card["baseline_nats_per_token"]
    assert card["tokens"] == len(token_ids)
    assert baselines["interpolated 5-gram"] < baselines["unigram"]
    num_bytes = sum(len(text.encode()) + 1 for text in TEXTS)
    assert card["bits_per_byte"] == pytest.approx(
        card["nats_per_token"] * len(token_ids) / np.log(2) / num_bytes, rel=1e-3
    )


def test_documents_are_paragraphs_in_a_row():
    lines = ["aaa", "bb", "c", "dddd", "e"]
    assert list(in_documents(lines, 5)) == ["aaa\nbb", "c\ndddd", "e"]
    assert list(in_documents([], 5)) == []
