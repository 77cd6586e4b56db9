"""How near we come to what the machine can do, both measured in the same run.

The limits are the highest rates that TensorFlow, JAX or PyTorch reach: of square matrix
products in each precision, and of `a += b` on large arrays. A training step is held
against its arithmetic,

    FLOPs = B T (6 N + 12 layers H K T)

with N the weights that multiply each token (all matrices but the embedding that is
looked up), K the width of a head, T counted in full though half of it is masked; and
against the bytes that Adam must move: 4 float32 numbers read and 3 written for each
parameter. A generated token at batch 1 is held against reading N weights once, and the
keys and values of the tokens before it. In these rows "theirs" is the limit, so the
ratio is the share of it that we reach.
"""

from typing import Any

from benchmarks.harness import (
    Contender,
    alternate,
    fixed_row,
    parse_arguments,
    publish,
    row,
    start,
)
from benchmarks.harness.sizes import BATCH_SIZE, GPT2, MINI_GPT, TINY

TRAINING = "benchmarks.contenders.training"
GENERATING = "benchmarks.contenders.generating"
DTYPES = ("float32", "bfloat16", "float16")
MIB = {"large": 512, "cached": 8}  # of each of two arrays

# Steps: function, settings, precision of the products, heads as wide as the model.
STEPS = {
    "published recipe": (f"{TRAINING}:published", {}, "float32", True),
    "ours, same architecture, float32": (
        f"{TRAINING}:same_architecture",
        {"dtype": "float32"},
        "float32",
        True,
    ),
    "ours, same architecture, bfloat16": (
        f"{TRAINING}:same_architecture",
        {"dtype": "mixed_bfloat16"},
        "bfloat16",
        True,
    ),
    "ours, recommended": (
        f"{TRAINING}:recommended",
        {"batch_size": BATCH_SIZE},
        "bfloat16",
        False,
    ),
}
PROMPT, LENGTH = 8, 72


def main() -> None:
    """Measure and publish."""
    arguments = parse_arguments(__doc__, repeats={"type": int, "default": 3})
    quick = arguments.quick
    mini, gpt2 = (TINY, TINY) if quick else (MINI_GPT, GPT2)
    repeats = 2 if quick else arguments.repeats
    limits = measure_limits(quick)
    print(limits, flush=True)

    steps = {
        name: Contender(function, {"path": "", **settings, **mini})
        for name, (function, settings, *_) in STEPS.items()
    }
    with start(steps) as workers:
        alternate(workers, 1, steps=1)
        trained = alternate(workers, repeats, steps=2 if quick else 4)
    rows, work = [], {}
    for name, (_, _, dtype, wide_heads) in STEPS.items():
        parameters = trained[name][0]["parameters"]
        flop = training_flop(wide_heads, **mini)
        work[name] = {"flop": flop, "parameters": parameters}
        costs = [1e3 * answer["seconds"] for answer in trained[name]]
        peak = limits["matmul"][dtype]["gflops"]
        share = f"training step, {name}: share of the limit of"
        least = 1e3 * flop / (peak * 1e9)
        rows.append(row(f"{share} {dtype} products", "ms a step", costs, [least]))
        adam_bytes = 7 * 4 * parameters
        moved = 1e3 * adam_bytes / (limits["add"]["large"]["gb_per_second"] * 1e9)
        rows.append(row(f"{share} Adam's memory traffic", "ms a step", costs, [moved]))

    tokens = {
        "mini-GPT": Contender(f"{GENERATING}:ours", {**mini, "sequence_length": 100}),
        "GPT-2": Contender(f"{GENERATING}:ours", {**gpt2, "sequence_length": 100}),
    }
    shape = {"batch_size": 1, "prompt_length": PROMPT, "max_length": LENGTH}
    with start(tokens) as workers:
        alternate(workers, 1, **shape, at_least=0)
        generated = alternate(workers, repeats, **shape, at_least=0.5)
    for (name, given), sizes in zip(generated.items(), (mini, gpt2), strict=True):
        moved = token_bytes(**sizes)
        # Small models stay in the cache.
        where = "large" if moved > 2**26 else "cached"
        limit = moved / (limits["add"][where]["gb_per_second"] * 1e9)
        rows.append(
            row(
                f"token, {name}, batch 1: share of the memory's limit ({where})",
                "ms a token",
                [1e3 * answer["seconds"] for answer in given],
                [1e3 * limit],
            )
        )
    rows.append(
        fixed_row(
            "bfloat16 products against float32",
            "ns a GFLOP",
            1e9 / limits["matmul"]["bfloat16"]["gflops"],
            1e9 / limits["matmul"]["float32"]["gflops"],
        )
    )
    publish(
        "hardware_limit",
        rows,
        "random numbers and token ids, seed 0",
        arguments,
        limits=limits,
        work={
            **{f"training step, {name}": numbers for name, numbers in work.items()},
            "bytes a token, mini-GPT": token_bytes(**mini),
            "bytes a token, GPT-2": token_bytes(**gpt2),
        },
    )


def measure_limits(quick: bool) -> dict[str, Any]:
    """The highest rates of all frameworks, and who reached them."""
    backends = ("tensorflow", "jax", "torch")
    contenders = {
        backend: Contender("benchmarks.contenders.hardware:limits", {}, backend)
        for backend in backends
    }
    seconds = 0.05 if quick else 1.5
    limits: dict[str, Any] = {"matmul": {}, "add": {}}
    with start(contenders) as workers:
        for dtype in DTYPES:
            answers = alternate(
                workers, 1, kind="matmul", dtype=dtype, at_least=seconds
            )
            limits["matmul"][dtype] = highest(answers, "gflops")
        del workers["jax"]
        for place, mib in MIB.items():
            mib = mib / 8 if quick else mib
            answers = alternate(workers, 1, kind="add", mib=mib, at_least=seconds)
            limits["add"][place] = {"mib": mib, **highest(answers, "gb_per_second")}
    return limits


def highest(answers: dict[str, list[dict]], rate: str) -> dict[str, Any]:
    """The highest rate, whose it is, and all rates."""
    rates = {name: round(given[0][rate], 2) for name, given in answers.items()}
    best = max(rates, key=rates.__getitem__)
    return {rate: rates[best], "by": best, "all": rates}


def weights(
    vocabulary_size: int,
    sequence_length: int,
    num_layers: int,
    hidden_dim: int,
    intermediate_dim: int,
    heads_width: int,
    **_: Any,
) -> int:
    """The weights of all matrices that multiply a token's vector."""
    block = 4 * hidden_dim * heads_width + 2 * hidden_dim * intermediate_dim
    return num_layers * block + hidden_dim * vocabulary_size


def training_flop(wide_heads: bool, **sizes: Any) -> int:
    """Floating-point operations of a step; see above.

    Args:
        wide_heads: whether each head is as wide as the model.
        **sizes: see `benchmarks.harness.sizes`.
    """
    heads_width = sizes["hidden_dim"] * (sizes["num_heads"] if wide_heads else 1)
    length = sizes["sequence_length"]
    attention = 12 * sizes["num_layers"] * heads_width * length
    products = 6 * weights(**sizes, heads_width=heads_width)
    return BATCH_SIZE * length * (products + attention)


def token_bytes(**sizes: Any) -> int:
    """Bytes that a new token must read, on average from the prompt to the last one."""
    width = sizes["hidden_dim"]
    cache = 2 * sizes["num_layers"] * width * (PROMPT + LENGTH) // 2
    return 4 * (weights(**sizes, heads_width=width) + cache)


if __name__ == "__main__":
    main()
