"""Texts from one column of a table: `.csv`, `.tsv` or `.jsonl`."""

import csv
import io
import json
from collections.abc import Iterable, Iterator

from course_lib.datasets.manifest import DataError

Row = dict[str, object]


def read_column(name: str, content: str, column: str | None = None) -> list[str]:
    r"""Reads the texts of one column, without the empty ones.

    Args:
        name: the file's name; its suffix tells how to read it.
        content: the file's text. The first line of a `.csv` or `.tsv` names the
            columns; each line of a `.jsonl` is an object.
        column: the column to read. May be left out if there is one only.

    Returns:
        A list of str, in the order of the rows.

    Raises:
        ValueError: if `column` is not one of the columns, or is left out where there
            are several; the message names them.
        DataError: if the table is damaged or empty, or holds other things than text.

    Example:
        >>> read_column("tales.csv", "title,text\nCrow,A crow was thirsty.", "text")
        ['A crow was thirsty.']
    """
    rows = _json_rows if name.lower().endswith(".jsonl") else _csv_rows
    numbered = rows(name, content)
    first = next(numbered, None)
    if first is None:
        raise DataError(f"{name} is empty.")
    column = _check_column(name, column, first[1])
    return list(_texts(name, column, [first, *numbered]))


def _texts(name: str, column: str, rows: Iterable[tuple[int, Row]]) -> Iterator[str]:
    for number, row in rows:
        value = row.get(column)
        if value is None:  # a short row
            continue
        if not isinstance(value, str):
            raise DataError(
                f"{name}: column '{column}' must hold text. Found in line {number}: "
                f"{value!r:.60}"
            )
        if value.strip():
            yield value


def _check_column(name: str, column: str | None, row: Row) -> str:
    columns = [key for key in row if key is not None]
    if column is None and len(columns) == 1:
        return columns[0]
    if column not in columns:
        raise ValueError(
            f"`column` must be one of the columns of {name}: "
            f"{', '.join(map(repr, columns))}. Received: column={column!r}"
        )
    return column


def _csv_rows(name: str, content: str) -> Iterator[tuple[int, Row]]:
    """Rows as dicts, each with the line where it ends."""
    header = content.partition("\n")[0]
    try:
        delimiter = csv.Sniffer().sniff(header, delimiters=",;\t|").delimiter
    except csv.Error:  # there is one column
        delimiter = ","
    limit = csv.field_size_limit(len(content) + 1)  # else no cell over 131,072
    try:
        reader = csv.DictReader(
            io.StringIO(content, newline=""), delimiter=delimiter, strict=True
        )
        for row in reader:
            yield reader.line_num, row
    except csv.Error as error:
        raise DataError(
            f"{name} is no table: {error} (in line {reader.reader.line_num})."
        ) from None
    finally:
        csv.field_size_limit(limit)


def _json_rows(name: str, content: str) -> Iterator[tuple[int, Row]]:
    for number, line in enumerate(content.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(
                f"{name} must hold a JSON object a line. Line {number}: {error}"
            ) from None
        if not isinstance(row, dict):
            raise DataError(
                f"{name} must hold a JSON object a line. Found in line {number}: "
                f"{row!r:.60}"
            )
        yield number, row
