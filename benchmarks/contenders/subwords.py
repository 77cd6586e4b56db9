"""Contenders that are trained on sub-words of novels, for their held-out loss."""

from typing import Any

import keras
import numpy as np

from benchmarks.contenders import published_subword_gpt, quality, recipes
from benchmarks.harness import data


def encoder():
    """Writes the paragraphs as rows of ids for `load`, and says what they are."""

    def encode(
        path: str, vocabulary_size: int, sequence_length: int, quick: bool
    ) -> dict[str, Any]:
        from course_lib import text
        from course_lib.datasets.fetch import cache_folder
        from course_lib.models import (
            MiniGPTCausalLMPreprocessor,
            MiniGPTWordPieceTokenizer,
        )

        corpus, described = _corpus(quick)
        vocabulary = text.compute_word_piece_vocabulary(
            corpus.train, vocabulary_size, cache_dir=None if quick else cache_folder()
        )
        preprocessor = MiniGPTCausalLMPreprocessor(
            MiniGPTWordPieceTokenizer(vocabulary),
            sequence_length=sequence_length,
            add_end_token=False,  # the published recipe knows none
        )

        def rows(texts) -> np.ndarray:
            """`[BOS]` and the first pieces of each text: `(N, sequence_length + 1)`."""
            parts = []
            for i in range(0, len(texts), 1000):
                x, y, _ = preprocessor(list(texts[i : i + 1000]))
                ids = np.concatenate([x["token_ids"][:, :1], y], axis=1)
                parts.append(ids.astype("uint16"))
            return np.concatenate(parts)

        np.savez(path, train=rows(corpus.train), held_out=rows(corpus.test))
        return {"data": f"{described}; {len(vocabulary):,} sub-words"}

    return encode


def _corpus(quick: bool):
    """The corpus, and where it came from."""
    from course_lib import datasets

    if not quick:
        try:
            corpus = datasets.simplebooks.load()
            return corpus, f"{corpus.source}, SHA-256 {corpus.sha256}"
        except datasets.DataError as error:
            print(error)
    corpus = datasets.story_grammar_corpus(300 if quick else 20_000, seed=0)
    return corpus, f"no novels but the story grammar: {corpus.source}"


def load(path: str, seed: int) -> data.Tokens:
    """The rows as documents, in the order of this seed."""
    with np.load(path) as arrays:
        rows, held_out = arrays["train"], arrays["held_out"]
    rows = np.random.default_rng(seed).permutation(rows)
    offsets = np.arange(len(rows) + 1) * rows.shape[1]
    return data.Tokens(train=rows.reshape(-1), offsets=offsets, held_out=held_out)


def published(path: str, **sizes: Any):
    """The published recipe."""

    def measure(seed: int, steps: list[int], batch_size: int) -> dict[str, Any]:
        keras.utils.set_random_seed(seed)
        tokens = load(path, seed)
        model = published_subword_gpt.build(**sizes)
        batches = recipes.plain_dataset(tokens, sizes["sequence_length"], batch_size)
        evaluate = quality.held_out_loss(
            lambda ids: model(ids, training=False), tokens.held_out
        )
        return quality.fit(model, batches, until_last(steps, evaluate))

    return measure


def recommended(path: str, **sizes: Any):
    """The same architecture as we would train it."""

    def measure(seed: int, steps: list[int], batch_size: int) -> dict[str, Any]:
        keras.utils.set_random_seed(seed)
        tokens = load(path, seed)
        key_dim = sizes["hidden_dim"] // sizes["num_heads"]  # as KerasHub rounds it
        gpt = recipes.recommended(tokens, max(steps), key_dim=key_dim, **sizes)
        batches = recipes.recommended_dataset(
            tokens, sizes["sequence_length"], batch_size
        )
        return quality.fit(gpt, batches, quality.at_fixed_steps(gpt, tokens, steps))

    return measure


def until_last(steps: list[int], evaluate: Any) -> quality.Curve:
    """A curve that ends with the last of `steps`."""
    return quality.Curve(
        evaluate,
        at_steps=steps,
        at_seconds=[],
        stop=lambda done, passed: done >= max(steps),
    )
