"""Hugging Face's `generate`, as it comes: with its cache, sampling from the top 10."""

from typing import Any

import numpy as np
import torch
from transformers import GPT2LMHeadModel

from benchmarks.contenders.tokens import SEED, K, timed
from benchmarks.contenders.torch_training import gpt2_config


def hugging_face(**sizes: Any):
    """`GPT2LMHeadModel` with random weights."""
    torch.manual_seed(SEED)
    model = GPT2LMHeadModel(gpt2_config(**sizes)).eval()

    def complete(ids: np.ndarray, max_length: int) -> np.ndarray:
        input_ids = torch.from_numpy(ids.astype("int64"))
        outputs = model.generate(
            input_ids,
            attention_mask=torch.ones_like(input_ids),
            do_sample=True,
            top_k=K,
            max_new_tokens=max_length - ids.shape[1],
            pad_token_id=0,
        )
        return outputs.numpy()

    return timed(complete, sizes["vocabulary_size"])
