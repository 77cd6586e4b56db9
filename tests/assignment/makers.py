"""Submissions for the tests: one small corpus, models trained on it in seconds."""

import itertools
import json
import shutil
from pathlib import Path

import keras
import keras_hub
import nbformat
import numpy as np

from course_lib import text
from course_lib.assignment import draw_samples, measure
from course_lib.datasets import (
    TokenBatches,
    encode_documents,
    from_text,
    story_grammar_corpus,
)
from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
    MiniGPTWordPieceTokenizer,
)
from course_lib.ngrams import NGramModel

SYLLABLES = ("ba", "do", "fi", "gu", "je", "ka", "lo", "mi", "nu", "pe", "qua", "ro")
NAMES = map("".join, itertools.product(SYLLABLES, repeat=3))
STORIES = [
    f"{story} So {name.title()} told it, and nobody but {name.title()} knew more."
    for story, name in zip(
        story_grammar_corpus(num_documents=900, seed=5).train, NAMES, strict=False
    )
]
LENGTH = 48
PROMPTS = ["once upon a time", "in the", "the king"]
SAMPLERS = [("TopKSampler", {"k": 10}), ("TopPSampler", {"p": 0.8, "k": 50})]
WORDS = (
    "The model was looked at in earnest, by somebody who had the time for it, and this "
    "is what there is to say of it. "
)
CARD = """\
---
license: Apache-2.0
language: en
corpus:
  title: Fairy tales by a grammar
  source: written by course_lib's StoryGrammar
route: {route}
perplexity: {perplexity:.2f}
---
# My GPT

## Data

{words}

## Training

{words}

## Evaluation

{words}

## Samplers compared

{words}{words}

## Limits

{words}

## Reflection

{words}
"""
NOTEBOOK = "print('the notebook runs')"


def write_corpus(folder, stories=STORIES):
    """A corpus of one file, a story a paragraph."""
    folder.mkdir(parents=True)
    path = folder / "stories.txt"
    path.write_text("\n\n".join(stories) + "\n", encoding="utf-8")
    return folder


def word_tokenizer(texts):
    return MiniGPTTokenizer(text.compute_word_vocabulary(texts, 2000))


def word_piece_tokenizer(texts):
    return MiniGPTWordPieceTokenizer(text.compute_word_piece_vocabulary(texts, 600))


def new_gpt(tokenizer):
    backbone = MiniGPTBackbone(
        tokenizer.vocabulary_size(),
        num_layers=1,
        num_heads=2,
        hidden_dim=64,
        intermediate_dim=128,
        max_sequence_length=LENGTH,
        dropout=0.0,
        normalize_first=True,
        tie_weights=True,
    )
    return MiniGPTCausalLM(
        backbone, MiniGPTCausalLMPreprocessor(tokenizer, sequence_length=LENGTH)
    )


def gpt2(texts):
    """A GPT-2 of KerasHub, tiny, whose byte pairs are whole words of the corpus."""
    units = sorted({"!", *(c for c in map(_visible, range(256)))})
    merges, vocabulary = [], dict.fromkeys(units)
    words = sorted({f"Ġ{w}" for t in texts for w in t.split() if w.isalpha()})
    for word in words:
        for n in range(2, len(word) + 1):
            pair = f"{word[: n - 1]} {word[n - 1]}"
            if pair not in merges:
                merges.append(pair)
            vocabulary.setdefault(word[:n])
    names = ["!", *(v for v in vocabulary if v != "!"), "<|endoftext|>"]
    tokenizer = keras_hub.models.GPT2Tokenizer(
        vocabulary={name: i for i, name in enumerate(names)}, merges=merges
    )
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=len(names),
        num_layers=1,
        num_heads=2,
        hidden_dim=64,
        intermediate_dim=128,
        max_sequence_length=LENGTH,
        dropout=0.0,
    )
    preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(
        tokenizer, sequence_length=LENGTH
    )
    return keras_hub.models.GPT2CausalLM(backbone, preprocessor)


def _visible(byte):
    """The letter that GPT-2 writes for a byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    if byte in printable:
        return chr(byte)
    return chr(256 + [b for b in range(256) if b not in printable].index(byte))


def train(gpt, texts, steps=250, shift=1):
    """Train for some seconds. With `shift=0` the labels are the inputs: a bug."""
    keras.utils.set_random_seed(1)
    tokenizer = gpt.preprocessor.tokenizer
    ids = encode_documents(texts, tokenizer.tokenize, tokenizer.end_token_id)
    if hasattr(gpt.backbone.token_embedding, "bias"):
        size = tokenizer.vocabulary_size()
        counts = NGramModel(1, size).fit(ids[None]).next_token_probabilities([])
        gpt.backbone.token_embedding.bias.assign(np.log(np.maximum(counts, 1e-8)))
    batches = TokenBatches(ids, batch_size=32, sequence_length=LENGTH, seed=0)
    rows = [batches.batch(0, i) for i in range(steps)]
    x = {k: np.concatenate([r[0][k] for r in rows]) for k in rows[0][0]}
    y = np.concatenate([r[1] for r in rows])
    if shift == 0:
        y = x["token_ids"]
    gpt.compile(
        optimizer=keras.optimizers.Adam(4e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[],
    )
    keras.Model.fit(gpt, x, y, batch_size=32, epochs=1, shuffle=False, verbose=0)
    return gpt


def write_card(folder, perplexity, route="mini-gpt", card=CARD):
    text = card.format(perplexity=perplexity, route=route, words=WORDS)
    (folder / "card.md").write_text(text, encoding="utf-8")


def write_samples(folder, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "samples.jsonl").write_text(text, encoding="utf-8")


def read_samples(folder):
    return [json.loads(line) for line in open(folder / "samples.jsonl")]


def write_notebook(folder, *cells):
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(notebook, folder / "notebook.ipynb")


def write_model(folder, gpt):
    shutil.rmtree(folder / "model", ignore_errors=True)
    gpt.save_to_preset(str(folder / "model"))


def submit(folder, gpt, corpus, samplers=SAMPLERS, prompts=PROMPTS, route="mini-gpt"):
    """A whole submission, honest in all it says; `folder` has its corpus already."""
    write_model(folder, gpt)
    stored = type(gpt).from_preset(str(folder / "model"))
    write_card(folder, measure(stored, corpus)["perplexity"], route)
    lines = []
    for i, (sampler, config) in enumerate(samplers):
        lines += draw_samples(stored, prompts, sampler, config, 7 + 10 * i, 40)
    write_samples(folder, lines)
    write_notebook(folder, NOTEBOOK)
    return folder


def read(folder: Path, **arguments):
    return from_text(folder, **arguments)
