"""Checks: one line of output that does not depend on profile, machine or run.

`check` follows a cell whose numbers vary and states what must hold of them
everywhere. `exercise` judges a learner's answer and never raises, so that
*Run all* gets through a chapter nobody has solved yet.
"""

import functools
import inspect
import textwrap
import traceback
from collections.abc import Callable
from typing import Any

__all__ = ["CheckFailed", "check", "exercise"]


class CheckFailed(AssertionError):
    """Raised by `check`; its message starts with the name of the check."""


def check(name: str, condition: Any) -> None:
    """Print `PASS name` if `condition` is true, raise `CheckFailed` if not.

    Args:
        name: What must hold, in words.
        condition: A bool, a NumPy bool, or a boolean tensor without axes. Other
            values have a truth too, but rarely the one that was meant: the text
            `"False"` is true, and so is any loss. They are refused.

    Raises:
        CheckFailed: If `condition` is false.
        TypeError: If `condition` is not one boolean.

    Example:
        >>> check("probabilities sum to one", 0.25 + 0.75 == 1)
        PASS probabilities sum to one
    """
    if not _is_one_boolean(condition):
        raise TypeError(
            "`condition` must be one boolean; reduce arrays with `.all()` or "
            f"`.any()`. Received: {_describe(condition)} for the check {name!r}"
        )
    if not bool(condition):
        raise CheckFailed(f"{name}: the condition is false")
    print(f"PASS {name}")


def _is_one_boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    dtype = str(getattr(value, "dtype", ""))  # "bool", "torch.bool", "<dtype: 'bool'>"
    return "bool" in dtype and len(value.shape) == 0


def _describe(value: Any) -> str:
    kind = type(value).__name__
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return f"{kind} of shape {tuple(value.shape)}, dtype {value.dtype},"
    return f"{textwrap.shorten(repr(value), 60)} (a {kind})"


def exercise(name: str, answer: Any, verify: Callable[[Any], object]) -> bool:
    """Judge the answer to an exercise, print the verdict in a line, never raise.

    - `not solved yet: name` for a stub: `answer` is None, or verifying it raises
      `NotImplementedError`, or it is a function and each time `verify` called it,
      it returned None. (An exercise therefore asks for functions that return
      their result.)
    - `not right yet: name - reason` if `verify` raises anything else.
    - `PASS name` otherwise.

    Args:
        name: The exercise, in words.
        answer: What the learner made: a value, a function, a class, a layer.
        verify: Function of `answer` that raises, best with a helpful
            `AssertionError`, unless the answer is right.

    Returns:
        True if the answer passed.

    Example:
        >>> def verify(double):
        ...     assert double(3) == 6, f"double(3) must be 6, not {double(3)}"
        >>> exercise("double", None, verify)
        not solved yet: double
        False
        >>> exercise("double", lambda x: x + 2, verify)
        not right yet: double - double(3) must be 6, not 5
        False
        >>> exercise("double", lambda x: x + x, verify)
        PASS double
        True
    """
    returned: list[bool] = []  # for each call of a function: was there a result?
    reason = ""
    solved = answer is not None
    if solved:
        try:
            verify(_watch(answer, returned) if inspect.isroutine(answer) else answer)
        except NotImplementedError:
            solved = False
        except Exception as error:  # whatever a learner's code may raise
            reason = _reason(error)
    if not solved or (returned and not any(returned)):
        print(f"not solved yet: {name}")
        return False
    if reason:
        print(f"not right yet: {name} - {reason}")
        return False
    print(f"PASS {name}")
    return True


def _watch(function: Callable, returned: list[bool]) -> Callable:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        returned.append(result is not None)
        return result

    return watched


def _reason(error: Exception) -> str:
    """One line: the message, or the source line that failed without one."""
    message = textwrap.shorten(str(error), 200, placeholder=" ...")
    if not isinstance(error, AssertionError):
        return f"{type(error).__name__}: {message}" if message else repr(error)
    frames = traceback.extract_tb(error.__traceback__)
    return message or (frames[-1].line if frames else "") or "an assertion failed"
