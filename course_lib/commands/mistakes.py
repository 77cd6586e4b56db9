"""What the user of a command did wrong, told in one line."""

import contextlib
from collections.abc import Iterator

_ERRORS = (KeyError, OSError, ValueError)


class Mistake(Exception):
    """Ends a command: its message goes to stderr, and the exit code is 2."""


@contextlib.contextmanager
def user_mistakes(beginning: str = "", *errors: type[Exception]) -> Iterator[None]:
    """Takes errors for the user's where only the user can have caused them.

    Args:
        beginning: what the one line begins with.
        *errors: what counts besides `DataError`; by default `KeyError`, `OSError` and
            `ValueError`.

    Raises:
        Mistake: in their place.
    """
    try:
        yield
    except Exception as error:
        # Late, or `--help` would take seconds.
        from course_lib.datasets import DataError

        if not isinstance(error, (DataError, *(errors or _ERRORS))):
            raise
        raise Mistake(beginning + " ".join(str(error).split())) from error
