"""How each preset is made: its data, its tokenizer, its sizes, its training."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from course_lib import datasets, text
from course_lib.models import MiniGPTTokenizer, MiniGPTWordPieceTokenizer

BUILD_DIR = Path("build/presets")

Recipe = dict[str, Any]

RECIPES: dict[str, Recipe] = {
    "mini_gpt_imdb": {
        "vocabulary_size": 10_000,
        "backbone": {
            "num_layers": 2,
            "num_heads": 4,
            "hidden_dim": 256,
            "intermediate_dim": 1024,
            "max_sequence_length": 100,
            "dropout": 0.1,
            "normalize_first": True,
            "tie_weights": True,
        },
        "steps": 12_000,
        "batch_size": 32,
        "learning_rate": 2e-3,
    },
    "gpt_simplebooks": {
        "vocabulary_size": 5_000,  # learned from paragraphs of more than 450 characters
        "minimum_length": 200,  # characters of the paragraphs to train on
        "backbone": {
            "num_layers": 4,
            "num_heads": 4,
            "hidden_dim": 256,
            "intermediate_dim": 1024,
            "max_sequence_length": 128,
            "dropout": 0.0,
            "normalize_first": True,
            "tie_weights": True,
        },
        "steps": 7_000,
        "batch_size": 32,
        "learning_rate": 2e-3,
        "learning_rate_multipliers": {"token_embedding": 3.0},
    },
}

PROMPTS: dict[str, tuple[str, ...]] = {
    "mini_gpt_imdb": (
        "this movie is",
        "i",
        "the acting was",
        "when i first saw",
        "the director",
    ),
    "gpt_simplebooks": (
        "once upon a time",
        "the little girl",
        "he opened the door and",
        "the sea was",
        '"come," said the',
    ),
}


class Data(NamedTuple):
    """What a preset is trained and measured on.

    Args:
        corpus: with the documents to validate and to test on.
        texts: to train on.
        tokenizer: with its vocabulary.
    """

    corpus: datasets.Corpus
    texts: Sequence[str]
    tokenizer: Any


def imdb(recipe: Recipe) -> Data:
    """Reviews, as words."""
    corpus = datasets.imdb.load()
    vocabulary = text.compute_word_vocabulary(corpus.train, recipe["vocabulary_size"])
    return Data(corpus, corpus.train, MiniGPTTokenizer(vocabulary))


def simplebooks(recipe: Recipe) -> Data:
    """Novels, as sub-words."""
    corpus = datasets.simplebooks.load()
    vocabulary = text.compute_word_piece_vocabulary(
        corpus.train, recipe["vocabulary_size"], cache_dir=BUILD_DIR
    )
    texts = datasets.simplebooks.load(recipe["minimum_length"]).train
    return Data(corpus, texts, MiniGPTWordPieceTokenizer(vocabulary))


DATA: dict[str, Callable[[Recipe], Data]] = {
    "mini_gpt_imdb": imdb,
    "gpt_simplebooks": simplebooks,
}


def encode(data: Data) -> np.ndarray:
    """The texts in one array of token ids; kept in the build folder from then on."""
    vocabulary = "\n".join(data.tokenizer.get_vocabulary())
    key = f"{data.corpus.sha256}\n{len(data.texts)}\n{vocabulary}"
    path = BUILD_DIR / f"{hashlib.sha256(key.encode()).hexdigest()[:16]}.npy"
    if not path.is_file():
        token_ids = datasets.encode_documents(
            data.texts, data.tokenizer.tokenize, data.tokenizer.end_token_id
        )
        BUILD_DIR.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp.npy")
        np.save(temporary, token_ids)
        temporary.replace(path)
    return np.load(path)
