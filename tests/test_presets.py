"""The presets of the library: small, exact, honest, usable in two lines."""

import re
from pathlib import Path

import numpy as np
import pytest

import course_lib
from course_lib import presets
from course_lib.models import MiniGPTBackbone, MiniGPTCausalLM
from course_lib.ngrams import NGramModel
from course_lib.samplers import GreedySampler, TopKSampler
from tests.arrays import stored_dtypes
from tests.tiny_gpt import logits_of

MEGABYTE = 10**6
MOST = {"mini_gpt_imdb": 12, "gpt_simplebooks": 14}  # megabytes
NAMES = tuple(MOST)
SPECIAL = re.compile(r"\[(PAD|UNK|BOS|END)\]")
PROMPTS = {
    "mini_gpt_imdb": ("this movie is", "the acting was"),
    "gpt_simplebooks": ("once upon a time", "the old house"),
}
TEXTS = {  # sentences of our own, in the words of each corpus
    "mini_gpt_imdb": [
        "this is one of the best movies i have ever seen in my life.",
        "i don't know why they made this film, but it was a waste of time.",
        "the acting is good and the story is very well told.",
    ],
    "gpt_simplebooks": [
        "the old man shook his head, and said that he did not know the way.",
        "in the morning the children ran down to the river to look for the boat.",
        "she sat by the fire and told them a story of the great king and his son.",
    ],
}


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def gpt(name):
    return MiniGPTCausalLM.from_preset(presets.path(name))


@pytest.fixture(scope="module")
def card(name):
    return presets.card(name)


def test_names():
    assert presets.names() == sorted([*NAMES, "gpt2_tiny_en"])


@pytest.mark.parametrize("function", [presets.path, presets.card])
def test_unknown_name(function):
    with pytest.raises(ValueError, match=r"`name` must be one of \['gpt2.*'gpt5'"):
        function("gpt5")


def test_path_is_a_folder_of_the_package(name):
    path = presets.path(name)
    assert isinstance(path, str)
    assert Path(path).parent == Path(course_lib.__file__).parent / "presets"
    assert Path(path, "config.json").is_file()


def test_size(name):
    size = sum(f.stat().st_size for f in Path(presets.path(name)).rglob("*"))
    assert size <= MOST[name] * MEGABYTE
    everything = sum(f.stat().st_size for f in presets.PRESETS_DIR.rglob("*"))
    assert everything <= 45 * MEGABYTE


def test_weights_are_stored_as_float16_and_loaded_as_float32(name, gpt):
    weights_file = Path(presets.path(name), "model.weights.h5")
    assert stored_dtypes(weights_file) == {"float16"}
    assert gpt.backbone.dtype_policy.name == "float32"
    for weights in gpt.get_weights():
        assert weights.dtype == "float32"
        assert np.isfinite(weights).all()
        np.testing.assert_array_equal(weights, weights.astype("float16"))


def test_generates_in_two_lines(name):
    gpt = MiniGPTCausalLM.from_preset(course_lib.presets.path(name))
    text = gpt.generate(PROMPTS[name][0])
    assert text.startswith(f"{PROMPTS[name][0]} ")
    assert not SPECIAL.search(text)


def test_a_seed_gives_the_same_text_again(name, gpt):
    texts = []
    for _ in range(2):
        gpt.compile(sampler=TopKSampler(k=10, seed=3))
        texts.append(gpt.generate([PROMPTS[name][1], "i"], max_length=20))
    assert texts[0] == texts[1]


def test_goes_on_past_its_window(gpt):
    window = gpt.backbone.max_sequence_length
    gpt.compile(sampler=TopKSampler(k=5, seed=0))
    tokenizer = gpt.preprocessor.tokenizer
    text = gpt.generate("i", max_length=window + 20, stop_token_ids=None)
    assert len(tokenizer.tokenize(text)) > window


def test_the_backbone_alone(name, gpt):
    backbone = MiniGPTBackbone.from_preset(presets.path(name))
    assert backbone.count_params() == gpt.backbone.count_params()


def test_knows_english_better_than_word_frequencies(name, gpt, card):
    ids = gpt.preprocessor.tokenizer.tokenize(TEXTS[name]).to_tensor(0).numpy()
    gpt.compile(sampler=GreedySampler())
    logits = logits_of(gpt, ids[:, :-1]).astype("float64")
    log_probabilities = logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)
    targets = ids[:, 1:]
    nats = -np.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    assert nats[targets != 0].mean() < card["test"]["nats_per_token"]
    shuffled = np.random.default_rng(0).permuted(ids, axis=1)
    unordered = logits_of(gpt, shuffled[:, :-1], shuffled[:, :-1] != 0)
    unordered = unordered - np.logaddexp.reduce(unordered, axis=-1, keepdims=True)
    worse = -np.take_along_axis(unordered, shuffled[:, 1:, None], axis=-1)[..., 0]
    real = (shuffled[:, 1:] != 0) & (shuffled[:, :-1] != 0)
    assert worse[real].mean() > nats[targets != 0].mean() + 1


def test_card_is_complete(card, name, gpt):
    assert card["name"] == name
    assert card["parameters"] == gpt.count_params()
    # As many entries as asked for at most: the learner of sub-words has a threshold.
    assert gpt.backbone.vocabulary_size <= card["recipe"]["vocabulary_size"]
    assert gpt.backbone.vocabulary_size > 0.95 * card["recipe"]["vocabulary_size"]
    config = gpt.backbone.get_config()
    for key, value in card["recipe"]["backbone"].items():
        assert config[key] == value
    assert re.fullmatch("[0-9a-f]{64}", card["sha256"])
    assert name in card["command"]
    for key in ("data", "licence", "machine", "date", "seed", "wall_seconds"):
        assert card[key]
    assert set(card["documents"]) == {"train", "validation", "test"}


def test_card_beats_the_bigram_by_three_tenths_of_a_nat(card):
    test = card["test"]
    baselines = test["baseline_nats_per_token"]
    assert test["nats_per_token"] <= baselines["interpolated bigram"] - 0.3
    assert baselines["interpolated bigram"] < baselines["unigram"]
    assert test["perplexity"] == pytest.approx(np.exp(test["nats_per_token"]), rel=1e-3)
    assert 0 < test["bits_per_byte"] < 8
    assert 0 <= test["unknown_share"] < 0.2


def test_card_has_unpicked_samples(card):
    samples = card["samples"]
    assert 10 <= len(samples) <= 20
    for sample in samples:
        assert sample["text"].startswith(sample["prompt"])
        assert not SPECIAL.search(sample["text"])


@pytest.mark.realdata
def test_card_numbers_hold_on_the_real_texts(name, gpt, card, monkeypatch):
    """On the first held-out texts; the card's own numbers are of all of them."""
    monkeypatch.setenv("COURSE_PROFILE", "laptop")
    datasets = course_lib.datasets
    corpus = {"mini_gpt_imdb": datasets.imdb, "gpt_simplebooks": datasets.simplebooks}[
        name
    ].load()
    assert len(corpus.test) == card["documents"]["test"]
    texts = [
        corpus.test[i] for i in range(0, len(corpus.test), len(corpus.test) // 320)
    ]
    logs = gpt.evaluate(texts, verbose=0, return_dict=True)
    assert np.log(logs["perplexity"]) == pytest.approx(
        card["test"]["nats_per_token"], abs=0.1
    )
    x, y, _ = gpt.preprocessor(texts)
    ids = np.concatenate([np.asarray(x["token_ids"]), np.asarray(y)[:, -1:]], axis=1)
    unigram = NGramModel(1, gpt.backbone.vocabulary_size).fit(ids)
    # even with frequencies counted on these very texts
    assert np.log(logs["perplexity"]) < unigram.nats_per_token(ids) - 1
