"""The library from a shell: train a GPT on text of one's own, and let it write."""

import argparse
import os
import shlex
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from course_lib.commands import generate, train
from course_lib.commands.mistakes import Mistake

__all__ = ["main"]

_COMMANDS = {"train": train, "generate": generate}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: `train` or `generate`.

    Args:
        arguments: what follows `python -m course_lib`; by default that of this process.

    Returns:
        The exit code: 0, 2 for a mistake of the user's, which one line on stderr
        tells, and 130 after Ctrl-C.

    Raises:
        SystemExit: after `--help`, and if the arguments cannot be parsed.

    Example:
        >>> main(["generate", "no_such_model", "once upon a time"])
        2
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser().parse_args(arguments)
    options.line = shlex.join(["python", "-m", "course_lib", *arguments])
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            _COMMANDS[options.command].run(options)
    except Mistake as mistake:
        print(f"{options.command}: {mistake}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message} (see --help)\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m course_lib", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in _COMMANDS.items():
        summary, _, rest = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=summary,
            epilog=rest,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
    return parser


def _show_warning(message: Any, *_: Any) -> None:
    print(f"Warning: {message}", file=sys.stderr)
