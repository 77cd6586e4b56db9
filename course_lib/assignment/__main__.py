"""Release the challenge, collect what is handed in, check one's own, mark a class."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from course_lib.assignment.supervise import GIGABYTE, Limits


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command: `release`, `collect`, `check` or `grade`.

    Args:
        arguments: by default those of this process.

    Returns:
        The exit code: 0; 2 for a mistake of the user's, which one line tells; 130
        after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from course_lib.assignment.sandbox import NoSandbox

    try:
        return options.run(options)
    except (ValueError, NoSandbox) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on where it was.", file=sys.stderr)
        return 130


def _release(options: argparse.Namespace) -> int:
    from course_lib.assignment.release import release_notebook

    release_notebook(options.source, options.out)
    print(f"{options.out} is for the students.")
    return 0


def _collect(options: argparse.Namespace) -> int:
    from course_lib.assignment import collect

    return collect.main([str(options.export), "--out", str(options.out)])


def _check(options: argparse.Namespace) -> int:
    from course_lib.assignment.grade import check_submission

    check_submission(options.folder, options.rubric)
    return 0


def _grade(options: argparse.Namespace) -> int:
    from course_lib.assignment.class_run import grade_class

    grade_class(
        options.submissions,
        options.out,
        options.rubric,
        rerun=options.rerun,
        jobs=options.jobs,
        trust=options.trust,
        corpora=options.corpora,
        limits=Limits(
            seconds=options.minutes * 60, memory=int(options.memory * GIGABYTE)
        ),
        say=lambda line: print(line, flush=True),
    )
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m course_lib.assignment", description=__doc__
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    release = commands.add_parser("release", help="make the students' notebook")
    release.add_argument("source", type=Path, help="the notebook with the solutions")
    release.add_argument("--out", type=Path, required=True, metavar="NOTEBOOK")
    release.set_defaults(run=_release)

    collect = commands.add_parser("collect", help="unpack a platform's export")
    collect.add_argument("export", type=Path, help="a folder or a .zip")
    collect.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    collect.set_defaults(run=_collect)

    check = commands.add_parser("check", help="what is my own submission worth?")
    check.add_argument("folder", type=Path)
    check.add_argument("--rubric", type=Path, metavar="TOML")
    check.set_defaults(run=_check)

    grade = commands.add_parser("grade", help="mark all submissions of a folder")
    add = grade.add_argument
    add("submissions", type=Path, help="a folder of folders, one a student")
    add("--out", type=Path, required=True, metavar="CSV")
    add("--rubric", type=Path, metavar="TOML", help="default: the course's")
    add("--rerun", action="store_true", help="run the notebooks, too")
    add("--jobs", type=int, default=1, help="how many at a time; default: 1")
    add("--corpora", type=Path, metavar="FOLDER", help="texts named by their sha256")
    add("--trust", action="store_true", help="go on where there is no sandbox")
    add("--minutes", type=float, default=10, help="for each submission; default: 10")
    add("--memory", type=float, default=4, metavar="GB", help="default: 4")
    grade.set_defaults(run=_grade)
    return parser


if __name__ == "__main__":
    sys.exit(main())
