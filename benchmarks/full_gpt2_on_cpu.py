"""The `full` path of chapter 8 with GPT-2's sizes: that it runs, and its memory.

The weights are random, since the real ones are a download; the texts are the grammar's.
All else is the chapter's own code at its published settings, two steps instead of 500:
32 rows of 128 tokens. Ours is LoRA, theirs full finetuning. A processor has no fast
float16, so numbers are bfloat16, of the same size. Memory does not depend on what else
the machine does; the seconds do, and are no claim.
"""

import tempfile
from typing import Any

from benchmarks.harness import Contender, fixed_row, parse_arguments, publish, start
from benchmarks.harness.sizes import GPT2, TINY

FEWER: dict[str, Any] = {  # all else is the published one
    "real_posts": False,
    "steps": 2,
    "num_held_out": 4,
    "sample_length": 24,
    "dtype": "mixed_bfloat16",
}
TINY_GPT2 = {**TINY, "vocabulary_size": 4_000, "sequence_length": 128}


def main() -> None:
    """Run the chapter's cells twice, each in a process of its own, and publish."""
    arguments = parse_arguments(__doc__)
    sizes, settings = GPT2, FEWER
    if arguments.quick:
        sizes = TINY_GPT2
        settings = {**FEWER, "dtype": "mixed_float16", "batch_size": 4}
    runs: dict[str, Any] = {}
    module = "benchmarks.contenders.finetuning"
    with tempfile.TemporaryDirectory() as folder:
        with start({"preset": Contender(f"{module}:random_preset")}) as workers:
            written = workers["preset"].ask(folder=folder, **sizes)
        for name in ("LoRA", "full"):
            with start({name: Contender(f"{module}:chapter")}) as workers:
                runs[name] = workers[name].ask(
                    folder=folder,
                    lora=name == "LoRA",
                    steps=settings["steps"],
                    settings=settings,
                )
            print(name, runs[name], flush=True)
    rows = [
        fixed_row(title, unit, runs["LoRA"][key], runs["full"][key])
        for title, unit, key in (
            ("the most memory ever held", "MiB", "peak_mib"),
            ("the same above what the imports alone take", "MiB", "own_mib"),
            ("trained parameters", "", "trained"),
        )
    ]
    described = f"random weights, {written['parameters']:,} parameters; PostGrammar"
    publish("full_gpt2_on_cpu", rows, described, arguments, sizes=sizes, runs=runs)


if __name__ == "__main__":
    main()
