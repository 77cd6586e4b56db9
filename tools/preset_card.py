"""What the card of a preset states, measured."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from course_lib import metrics, samplers
from course_lib.commands.cards import BASELINES, in_rows
from course_lib.models import MiniGPTCausalLM
from course_lib.ngrams import NGramModel

SAMPLES_PER_PROMPT = 4


def first_tokens(gpt: MiniGPTCausalLM, texts: Sequence[str]) -> np.ndarray:
    """Token ids `(N, T + 1)`, padded: the inputs of each text and its last label."""
    rows = []
    for i in range(0, len(texts), 512):
        x, y, _ = gpt.preprocessor(list(texts[i : i + 512]))
        ids = np.asarray(x["token_ids"])
        rows.append(np.concatenate([ids, np.asarray(y)[:, -1:]], axis=1))
    return np.concatenate(rows)


def evaluate(
    gpt: MiniGPTCausalLM, texts: Sequence[str], training_ids: np.ndarray
) -> dict[str, Any]:
    """Nats, perplexity and bits per byte beside baselines, all on the test tokens."""
    logs = gpt.evaluate(list(texts), verbose=0, return_dict=True)
    nats = float(np.log(logs["perplexity"]))
    ids = first_tokens(gpt, texts)
    targets = ids[:, 1:]
    num_tokens = int((targets != 0).sum())
    num_bytes = target_bytes(gpt.preprocessor.tokenizer, texts, ids)
    baselines = {
        name: NGramModel(order, gpt.backbone.vocabulary_size).fit(in_rows(training_ids))
        for order, name in BASELINES.items()
    }
    return {
        "nats_per_token": round(nats, 4),
        "perplexity": round(float(logs["perplexity"]), 2),
        "bits_per_byte": round(metrics.bits_per_byte(nats * num_tokens, num_bytes), 4),
        "tokens": num_tokens,
        "unknown_share": round(float((targets == 1).sum() / num_tokens), 4),
        "baseline_nats_per_token": {
            name: round(model.nats_per_token(ids), 4)
            for name, model in baselines.items()
        },
    }


def target_bytes(tokenizer: Any, texts: Sequence[str], ids: np.ndarray) -> int:
    """Bytes of what is predicted, separators included, and `[UNK]` as it was."""
    total = int(tokenizer.token_bytes()[ids[:, 1:]].sum())
    is_unknown = ids == tokenizer.unk_token_id
    for i in np.flatnonzero(is_unknown[:, 1:].any(axis=1)):
        first, number = int(is_unknown[i, 0]), int(is_unknown[i, 1:].sum())
        words = tokenizer.unknown_words(texts[int(i)])[first : first + number]
        total += sum(len(word.encode()) - len("[UNK]") for word in words)
    return total


def sample(
    gpt: MiniGPTCausalLM, prompts: Sequence[str], seed: int
) -> list[dict[str, str]]:
    """Samples in the order they came, none left out."""
    gpt.compile(sampler=samplers.TopKSampler(k=10, seed=seed))
    prompts = [prompt for prompt in prompts for _ in range(SAMPLES_PER_PROMPT)]
    texts = gpt.generate(prompts, max_length=60)
    return [{"prompt": p, "text": t} for p, t in zip(prompts, texts, strict=True)]
