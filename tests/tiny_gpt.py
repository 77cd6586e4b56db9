"""Mini-GPTs small enough for tests."""

import numpy as np

from course_lib.models import (
    MiniGPTBackbone,
    MiniGPTCausalLM,
    MiniGPTCausalLMPreprocessor,
    MiniGPTTokenizer,
)
from tests.arrays import randomise, to_numpy

PAD, UNK, END = 0, 1, 2
WORDS = ["a", "good", "bad", "film", "plot", "not", "very", ".", "!"]
VOCABULARY = ["[PAD]", "[UNK]", "[END]", *WORDS]


def tiny_backbone(**config):
    """Two blocks of width 8 and a window of 8 tokens, with random weights."""
    sizes = {
        "vocabulary_size": len(VOCABULARY),
        "num_layers": 2,
        "num_heads": 2,
        "hidden_dim": 8,
        "intermediate_dim": 16,
        "max_sequence_length": 8,
        "dropout": 0.0,
    }
    backbone = MiniGPTBackbone(**{**sizes, **config})
    randomise(backbone)
    return backbone


def tiny_gpt(sequence_length=8, preprocessor=True, **config):
    """A mini-GPT of one such block that reads and writes `WORDS`."""
    processor = MiniGPTCausalLMPreprocessor(
        MiniGPTTokenizer(VOCABULARY), sequence_length=sequence_length
    )
    backbone = tiny_backbone(**{"num_layers": 1, **config})
    return MiniGPTCausalLM(backbone, processor if preprocessor else None)


def random_ids(*shape, seed=0):
    """Ids of words: no special tokens among them."""
    return np.random.default_rng(seed).integers(3, len(VOCABULARY), shape)


def as_inputs(token_ids, padding_mask=None):
    """What a backbone or a causal LM is called with."""
    token_ids = np.asarray(token_ids, "int32")
    mask = token_ids != PAD if padding_mask is None else padding_mask
    return {"token_ids": token_ids, "padding_mask": np.asarray(mask, "int32")}


def logits_of(gpt, token_ids, padding_mask=None):
    """Logits `(B, T, V)` of the whole sequence at once, as numpy."""
    return to_numpy(gpt(as_inputs(token_ids, padding_mask)))


def favour(gpt, token_id, logit=1e4):
    """Make the model want this token and no other, wherever it stands."""
    bias = np.zeros(gpt.backbone.vocabulary_size)
    bias[token_id] = logit
    gpt.backbone.token_embedding.bias.assign(bias)


def prompts_as_ids(lengths, max_length):
    """Random prompts of these lengths, padded."""
    token_ids = random_ids(len(lengths), max_length)
    padding_mask = np.arange(max_length) < np.array(lengths)[:, None]
    return {
        "token_ids": np.where(padding_mask, token_ids, PAD).astype("int32"),
        "padding_mask": padding_mask,
    }


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
