"""Reads posts of a forum from the files that hold them."""

import csv
import html
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from course_lib.datasets.manifest import DataError

__all__ = ["Post", "read_posts"]

# A file cut short at the end of a post looks like a whole one.
LEAST_POSTS = 800


class Post(NamedTuple):
    """A post.

    Args:
        title: its headline.
        document: its text.
        over_18: whether its writer, or a moderator, marked it as not for minors.
    """

    title: str
    document: str
    over_18: bool

    @classmethod
    def of(cls, title: str, document: str, over_18: bool = False) -> "Post":
        """A post without white space around it, and with `&` for `&amp;`."""
        return cls(
            html.unescape(title).strip(), html.unescape(document).strip(), over_18
        )


def read_posts(path: Path) -> list[Post]:
    """Reads posts; what their writers are called is not kept.

    Args:
        path: a file in UTF-8: JSON lines with `title`, `document` and perhaps
            `over_18`, or a CSV table with `title`, `selftext` and `over_18`.

    Returns:
        The posts, in the order of the file.

    Raises:
        DataError: if the file is neither, is damaged, or holds too few posts.

    Example:
        >>> read_posts(Path("tifu.jsonl"))[0].title  # doctest: +SKIP
        'TIFU by playing my favorite board game'
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            is_json = file.read(1) == "{"
            file.seek(0)
            records = _json_lines(file) if is_json else csv.DictReader(file)
            text_key = "document" if is_json else "selftext"
            posts = [
                _post(number, record, text_key)
                for number, record in enumerate(records, start=1)
            ]
    except (UnicodeDecodeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path.name} is damaged, or no table of posts ({error})."
        ) from None
    if len(posts) < LEAST_POSTS:
        raise DataError(
            f"{path.name} should hold at least {LEAST_POSTS} posts. "
            f"Found: {len(posts)}."
        )
    return posts


def _json_lines(lines: Iterator[str]) -> Iterator[Any]:
    return (json.loads(line) for line in lines if line.strip())


def _post(number: int, record: Mapping[str, Any], text_key: str) -> Post:
    title, document = record.get("title"), record.get(text_key)
    if not isinstance(title, str) or not isinstance(document, str):
        raise ValueError(f"post {number} has no `title` or no `{text_key}`")
    over_18 = str(record.get("over_18", False)).strip().lower()
    if over_18 not in ("true", "false"):
        raise ValueError(f"post {number} has `over_18` {over_18!r}, not True or False")
    return Post.of(title, document, over_18 == "true")
