"""How well a causal language model predicts a corpus, beside models that count."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from course_lib.datasets import encode_documents
from course_lib.ngrams import NGramModel

MOST_TOKENS = 100_000  # held-out tokens: more change the mean by less than 0.02 nats
MOST_LOGITS = 16_000_000  # of a batch: 64 MB in float32
COMPARED_WINDOWS = 100

Windows = NDArray[np.integer]  # (N, T + 1): what a window holds; V where nothing is


def measure(causal_lm: Any, corpus: Any) -> dict[str, float]:
    """Held-out nats and perplexity of a model, and those of baselines.

    The test split, an end token after each document, is cut into windows of the
    model's length; each token is predicted once, from those before it in its window.
    The n-gram models have counted the training split, and see the same windows. This
    is what the challenge is marked by.

    Args:
        causal_lm: a `MiniGPTCausalLM`, or a causal LM of KerasHub with a preprocessor.
        corpus: a `Corpus`; `train` and `test` are read.

    Returns:
        A dict of `nats_per_token` and `perplexity`; `tokens`, how many were predicted;
        `unknown_share`, how many of them are `[UNK]`; and in nats a token `unigram`,
        `bigram` (interpolated) and `untrained`, the same model with new weights.

    Example:
    ```python
    corpus = datasets.story_grammar_corpus(num_documents=20)
    untrained = measure(gpt, corpus)["untrained"]
    ```
    """
    size = vocabulary_size(causal_lm)
    test = windows_of(causal_lm, corpus.test)[: _most_windows(causal_lm)]
    rows = rows_of(encode(causal_lm, corpus.train), 1000, size)
    nats = nats_of_windows(causal_lm, test)
    real = test[:, 1:] < size
    first = test[:COMPARED_WINDOWS]
    unknown = getattr(causal_lm.preprocessor.tokenizer, "unk_token_id", None)
    per_token = float(nats.sum() / real.sum())
    return {
        "nats_per_token": per_token,
        "perplexity": math.exp(min(per_token, 100)),
        "tokens": int(real.sum()),
        "unknown_share": (
            0.0
            if unknown is None
            else float((test[:, 1:] == unknown).sum() / real.sum())
        ),
        "unigram": ngrams(1, rows, size).nats_per_token(test),
        "bigram": ngrams(2, rows, size).nats_per_token(test),
        "untrained": float(
            nats_of_windows(with_new_weights(causal_lm), first).sum()
            / (first[:, 1:] < size).sum()
        ),
    }


def perplexity_by_document(causal_lm: Any, texts: Sequence[str]) -> float:
    """The perplexity that `evaluate(texts)` gives: of each text up to the window's end.

    Args:
        causal_lm: see `measure`.
        texts: held-out documents.

    Returns:
        The exponential of the mean loss of all their tokens.
    """
    total = count = 0.0
    step = 256
    for i in range(0, len(texts), step):
        x, y, weights = causal_lm.preprocessor(
            list(texts[i : i + step]), sequence_length=window_length(causal_lm)
        )
        weights = ops.convert_to_numpy(weights).astype("float64")
        total += float((_nats(causal_lm, x, y) * weights).sum())
        count += float(weights.sum())
    return math.exp(min(total / max(count, 1.0), 100))


def vocabulary_size(causal_lm: Any) -> int:
    """How many tokens the model knows; this number stands for no token."""
    return int(causal_lm.backbone.vocabulary_size)


def window_length(causal_lm: Any) -> int:
    """How many tokens the model is given at most."""
    lengths = [causal_lm.backbone.max_sequence_length]
    if causal_lm.preprocessor.sequence_length:
        lengths.append(causal_lm.preprocessor.sequence_length)
    return int(min(lengths))


def encode(causal_lm: Any, texts: Sequence[str]) -> NDArray[np.integer]:
    """Token ids `(N,)` of texts, each followed by the end token."""
    tokenizer = causal_lm.preprocessor.tokenizer
    return encode_documents(texts, tokenizer.tokenize, tokenizer.end_token_id)


def windows_of(causal_lm: Any, texts: Sequence[str]) -> Windows:
    """Texts as windows `(N, T + 1)`, in each of which the first token is given."""
    ids = encode(causal_lm, texts).astype("int32")
    length, nothing = window_length(causal_lm), vocabulary_size(causal_lm)
    starts = np.arange(0, max(len(ids) - 1, 1), length)
    positions = starts[:, None] + np.arange(length + 1)
    inside = positions < len(ids)
    return np.where(inside, ids[np.where(inside, positions, 0)], nothing)


def rows_of(ids: NDArray[np.integer], length: int, nothing: int) -> Windows:
    """One long text as rows for n-gram models to count."""
    padding = -len(ids) % length
    padded = np.pad(ids.astype("int32"), (0, padding), constant_values=nothing)
    return padded.reshape(-1, length)


def ngrams(order: int, rows: Windows, vocabulary_size: int) -> NGramModel:
    """An n-gram model of rows that are filled up with `vocabulary_size`."""
    model = NGramModel(order, vocabulary_size + 1, pad_token_id=vocabulary_size)
    return model.fit(rows)


def nats_of_windows(causal_lm: Any, windows: Windows) -> NDArray[np.floating]:
    """The loss of each token of windows `(N, T + 1)`: `(N, T)`, 0 where nothing is."""
    real = windows < vocabulary_size(causal_lm)
    tokens = np.where(real, windows, 0).astype("int32")
    x = {"token_ids": tokens[:, :-1], "padding_mask": real[:, :-1].astype("int32")}
    return _nats(causal_lm, x, tokens[:, 1:]) * real[:, 1:]


def with_new_weights(causal_lm: Any) -> Any:
    """The same model, as it was before any training."""
    backbone = causal_lm.backbone
    new = type(backbone).from_config(backbone.get_config())
    return type(causal_lm)(backbone=new, preprocessor=causal_lm.preprocessor)


def _nats(causal_lm: Any, x: dict[str, Any], y: Any) -> NDArray[np.floating]:
    """-log p of each label `(N, T)`, a batch at a time."""
    num_rows, length = ops.shape(y)
    step = max(1, MOST_LOGITS // (length * vocabulary_size(causal_lm)))
    pieces = []
    for i in range(0, num_rows, step):
        logits = causal_lm({name: value[i : i + step] for name, value in x.items()})
        nats = ops.sparse_categorical_crossentropy(
            y[i : i + step], ops.cast(logits, "float32"), from_logits=True
        )
        pieces.append(ops.convert_to_numpy(nats).astype("float64"))
    return np.concatenate(pieces)


def _most_windows(causal_lm: Any) -> int:
    return max(1, MOST_TOKENS // window_length(causal_lm))
