"""PyTorch contenders: Hugging Face's GPT-2, and a plain loop in nanoGPT's manner."""

import time
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from transformers import GPT2Config, GPT2LMHeadModel

from benchmarks.harness import data
from benchmarks.harness.sizes import BATCH_SIZE

SEED = 0
IGNORED = -100  # PyTorch's label for what does not count


class Block(nn.Module):
    """Causal self-attention and a feed-forward network, both normalised before."""

    def __init__(self, width: int, num_heads: int, inner: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.projection = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, inner),
            nn.GELU(approximate="tanh"),
            nn.Linear(inner, width),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Hidden states `(B, T, D)` to hidden states."""
        B, T, D = x.shape
        heads = self.qkv(self.norm_1(x)).view(B, T, 3, self.num_heads, -1)
        q, k, v = heads.permute(2, 0, 3, 1, 4)  # (B, H, T, D / H) each
        attended = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(attended.transpose(1, 2).reshape(B, T, D))
        return x + self.mlp(self.norm_2(x))


class PlainGPT(nn.Module):
    """A GPT with tied weights."""

    def __init__(
        self,
        vocabulary_size: int,
        sequence_length: int,
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        intermediate_dim: int,
    ) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary_size, hidden_dim)
        self.positions = nn.Embedding(sequence_length, hidden_dim)
        self.blocks = nn.Sequential(
            *[Block(hidden_dim, num_heads, intermediate_dim) for _ in range(num_layers)]
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.head = nn.Linear(hidden_dim, vocabulary_size, bias=False)
        nn.init.normal_(self.tokens.weight, std=0.02)
        self.head.weight = self.tokens.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """Ids `(B, T)` to logits `(B, T, V)`."""
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]]
        return self.head(self.norm(self.blocks(x)))


def plain_torch(path: str, dtype: str = "float32", **sizes: Any):
    """A plain loop; `dtype="bfloat16"` computes in it under `torch.autocast`."""
    torch.manual_seed(SEED)
    model = PlainGPT(**sizes)

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            logits = model(x)
        labels = y.masked_fill(y == 0, IGNORED).flatten()
        return F.cross_entropy(logits.flatten(0, 1).float(), labels)

    return timed(model, loss, path, sizes["sequence_length"])


def hugging_face(path: str, **sizes: Any):
    """`GPT2LMHeadModel`, which computes its loss from `labels` itself."""
    torch.manual_seed(SEED)
    model = GPT2LMHeadModel(gpt2_config(**sizes))

    def loss(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        # It shifts the labels itself, so the last token of each row is not predicted.
        return model(input_ids=x, labels=x.masked_fill(x == 0, IGNORED)).loss

    return timed(model, loss, path, sizes["sequence_length"])


def gpt2_config(
    vocabulary_size: int,
    sequence_length: int,
    num_layers: int,
    num_heads: int,
    hidden_dim: int,
    intermediate_dim: int,
) -> GPT2Config:
    """Our sizes by Hugging Face's names."""
    return GPT2Config(
        vocab_size=vocabulary_size,
        n_positions=sequence_length,
        n_layer=num_layers,
        n_head=num_heads,
        n_embd=hidden_dim,
        n_inner=intermediate_dim,
        bos_token_id=None,
        eos_token_id=None,
    )


def timed(model: nn.Module, loss: Any, path: str, length: int):
    """What a worker asks: seconds of each of some steps of a usual loop."""
    ids = data.load(path).documents(length + 1).astype("int64")
    rng = np.random.default_rng(SEED)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.train()

    def step() -> float:
        batch = torch.from_numpy(ids[rng.choice(len(ids), BATCH_SIZE, replace=False)])
        value = loss(batch[:, :-1], batch[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        value.backward()
        optimizer.step()
        return value.item()

    def measure(steps: int) -> dict[str, Any]:
        began = time.perf_counter()
        losses = [step()]
        first = time.perf_counter()
        losses += [step() for _ in range(steps)]
        return {
            "first": first - began,
            "seconds": (time.perf_counter() - first) / steps,
            "tokens": BATCH_SIZE * length,
            "loss": float(np.mean(losses)),
        }

    return measure
