"""Let a trained model write, word by word."""

import argparse
from pathlib import Path
from typing import Any

from course_lib import presets
from course_lib.commands.mistakes import Mistake, user_mistakes
from course_lib.commands.quiet import quiet
from course_lib.commands.training_folder import TRAINING

DEFAULT_K = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `generate` takes."""
    add = parser.add_argument
    add("model", help="folder that `train` wrote, or the name of a preset")
    add("prompt", help="how the text begins: a word at least")
    add("--temperature", type=float, default=1.0, help="0: always the likeliest word")
    add("--top-k", type=int, metavar="K", help="draw from the K likeliest words only")
    add("--top-p", type=float, metavar="P", help="draw from those that make up P only")
    add("--seed", type=int, help="the same seed writes the same text")
    add("--max-length", type=int, metavar="TOKENS", help="prompt included")
    parser.epilog = f"Without --top-k and --top-p, K is {DEFAULT_K}."


def run(options: argparse.Namespace) -> None:
    """Load the model and print what it writes as it comes.

    Args:
        options: see `add_arguments`.

    Raises:
        Mistake: if there is no such model, or it cannot go on from this prompt.
    """
    folder = _find(options.model)
    with quiet():  # and late, or `--help` would take seconds
        from course_lib.models import MiniGPTCausalLM

    with user_mistakes(f"{options.model} cannot be loaded: "):
        gpt = MiniGPTCausalLM.from_preset(folder)
    with user_mistakes():
        gpt.compile(sampler=_sampler(options))
        pieces = gpt.stream(options.prompt, max_length=options.max_length)
    for piece in pieces:
        print(piece, end="", flush=True)
    print()


def _find(model: str) -> str:
    """The folder of a model."""
    folder = Path(model)
    if not folder.is_dir():
        if model in presets.names():
            return presets.path(model)
        raise Mistake(
            f"There is no folder {model}, and no preset of that name. "
            f"Presets: {', '.join(presets.names())}"
        )
    if not (folder / "config.json").is_file():
        if (folder / TRAINING).is_dir():
            raise Mistake(
                f"The training in {model} has not ended: start `train` once more."
            )
        raise Mistake(f"{model} holds no model: there is no config.json in it.")
    return str(folder)


def _sampler(options: argparse.Namespace) -> Any:
    from course_lib import samplers

    common = {"temperature": options.temperature, "seed": options.seed}
    if options.top_p is not None:
        return samplers.TopPSampler(p=options.top_p, k=options.top_k, **common)
    k = DEFAULT_K if options.top_k is None else options.top_k
    return samplers.TopKSampler(k=k, **common)
