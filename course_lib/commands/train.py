"""Train a GPT on text of your own, from the files to a model that writes.

The text is read by `course_lib.datasets.from_text`: .txt, .md, a column of a .csv, .tsv
or .jsonl, a .zip or a folder of these, or the address of a file. Killed and started
again with the same arguments, the training goes on where it was. In the end --out is a
preset folder with its card.json, and `generate` lets the model write.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from course_lib import profiles
from course_lib.commands import recipes
from course_lib.commands.mistakes import Mistake, user_mistakes
from course_lib.commands.quiet import quiet
from course_lib.commands.training_folder import TrainingFolder, write_json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what `train` takes."""
    add = parser.add_argument
    add("source", help="a file, a folder, a .zip or an address")
    add("--out", required=True, type=Path, metavar="FOLDER", help="a new folder")
    add("--column", help="the column to read in a table")
    add("--documents", default="auto", help="what one is: file, paragraph or line")
    add("--encoding", help="that of all files, if it is not found out rightly")
    add("--licence", default="not stated", help="of the text, for the card")
    add(
        "--tokenizer",
        choices=("words", "subwords"),
        default="words",
        help="subwords know no [UNK], and need no spaces; default: words",
    )
    add("--size", choices=recipes.SIZES, help="see the table; by default by words")
    add("--steps", type=_at_least(1), help="how many; by default by the text's length")
    add("--seed", type=_at_least(0), default=0)
    table = (recipes.__doc__ or "").partition("\n")[2]
    parser.epilog = (parser.epilog or "") + table


def run(options: argparse.Namespace) -> None:
    """Read, train or go on training, measure, save.

    Args:
        options: see `add_arguments`.

    Raises:
        Mistake: if the text or the folder is not as it must be.
    """
    folder = TrainingFolder(options.out)
    with quiet():  # and late, or `--help` would take seconds
        from course_lib.commands import cards, fitting
        from course_lib.datasets import from_text
        from course_lib.datasets.text_report import has_spaces

    with user_mistakes():
        profile = profiles.profile()
        corpus = from_text(
            options.source,
            options.column,
            documents=options.documents,
            encoding=options.encoding,
            licence=options.licence,
        )
    if options.tokenizer == "words" and not has_spaces(corpus.train):
        raise Mistake(
            f"{corpus.source} has hardly any spaces between words, at which the "
            "tokenizer splits: try --tokenizer subwords."
        )
    settings = folder.settings(
        asked={
            "text": corpus.sha256,
            "column": options.column,
            "documents": options.documents,
            "encoding": options.encoding,
            "tokenizer": options.tokenizer,
            "size": options.size,
            "steps": options.steps,
            "seed": options.seed,
        },
        make=lambda: _choose(options, corpus.report.words, profile),
    )
    plan = fitting.prepare(corpus, settings, options.steps, options.seed)
    if len(plan.token_ids) <= recipes.SEQUENCE_LENGTH:
        raise Mistake(
            f"{corpus.source} has {len(plan.token_ids)} tokens to train on. More than "
            f"{recipes.SEQUENCE_LENGTH} are needed to begin with."
        )
    print(fitting.describe(plan), flush=True)
    with user_mistakes(f"{folder.path} cannot be written: ", OSError):
        gpt = fitting.fit(plan, folder, verbose=1 if sys.stdout.isatty() else 2)
        print("Measuring it on the held-out test", flush=True)
        cards.save_as_float16(gpt, folder.model)
        card = cards.make_card(corpus, plan, folder, options.line)
        write_json(folder.model / "card.json", card)
        folder.finish()
    print(cards.summary(card))
    print(f'Let it write: python -m course_lib generate {folder.path} "..."')


def _choose(
    options: argparse.Namespace, num_words: int, profile: str
) -> dict[str, str]:
    """What depends on this machine, and must not change before the training ends."""
    dtype = "float32"
    if profile != "smoke":
        from course_lib import precision

        dtype = precision.fastest_policy(verbose=False)
    return {
        "tokenizer": options.tokenizer,
        "size": options.size or recipes.choose_size(num_words, profile),
        "profile": profile,
        "dtype": dtype,
    }


def _at_least(least: int) -> Callable[[str], int]:
    """What turns an argument into an integer of at least this."""

    def parse(argument: str) -> int:
        if not argument.isdecimal() or int(argument) < least:
            raise argparse.ArgumentTypeError(
                f"must be an integer of at least {least}. Received: {argument}"
            )
        return int(argument)

    return parse
