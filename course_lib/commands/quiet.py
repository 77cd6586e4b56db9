"""Keeping libraries that talk while they are imported off the screen."""

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drops what is written to stderr meanwhile, by compiled code, too.

    TensorFlow writes lines there that no setting suppresses, and among them the one
    line that matters would be lost. Exceptions pass.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
