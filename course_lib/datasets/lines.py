"""The lines of a file as a sequence that stays on disk."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from course_lib.datasets.encode import check_at_least
from course_lib.datasets.manifest import DataError


class Lines(Sequence[str]):
    r"""The lines of a text file, each read from disk when it is asked for.

    They are used like a list of str: `len(lines)`, `lines[3]`, `lines[:100]` (again
    `Lines`), `for line in lines`. In memory they take eight bytes a line. White space
    around a line is dropped, and blank lines are.

    Args:
        path: a text file in UTF-8.
        minimum_length: int. Only lines of more characters than that are among them.

    Raises:
        DataError: if the file is not text, or no line of it is long enough.

    Example:
    ```python
    tale = Path("tale.txt")
    tale.write_text("Once upon a time ...\n\nThe end.\n")
    lines = datasets.Lines(tale, minimum_length=10)
    lines[0]  # "Once upon a time ..."
    tale.unlink()
    ```
    """

    def __init__(self, path: str | Path, minimum_length: int = 0) -> None:
        check_at_least(0, minimum_length=minimum_length)
        self.path = Path(path)
        starts = np.fromiter(_starts(self.path, minimum_length), "int64")
        if not len(starts):
            raise DataError(
                f"{self.path.name} has no line of more than {minimum_length} "
                "characters."
            )
        self._starts: NDArray[np.int64] = starts

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: Any) -> Any:
        """One line as str, or those of a slice as `Lines`."""
        if isinstance(index, slice):
            part = object.__new__(Lines)
            part.path, part._starts = self.path, self._starts[index]
            return part
        return next(self._read([self._starts[index]]))

    def __iter__(self) -> Iterator[str]:
        return self._read(self._starts.tolist())

    def __repr__(self) -> str:
        return f"<{len(self):,} lines of {self.path.name}>"

    def _read(self, starts: Iterable[int]) -> Iterator[str]:
        """The lines that begin at these bytes of the file."""
        with self.path.open("rb") as file:
            for start in starts:
                file.seek(start)
                yield file.readline().decode("utf-8").strip()


def _starts(path: Path, minimum_length: int) -> Iterator[int]:
    """Where each line begins, in bytes, that is not blank and long enough."""
    start = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8").strip()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{path.name}: line {number} is not UTF-8 text ({error})."
                ) from None
            if "\0" in text:
                raise DataError(f"{path.name}: line {number} is binary, not text.")
            if len(text) > minimum_length:
                yield start
            start += len(line)
