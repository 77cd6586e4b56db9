"""What a submission is marked by: items and their points, read from a TOML file."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

AUTO = (
    "data_card",
    "two_samplers",
    "split",
    "trains",
    "honest_numbers",
    "reproducible",
    "no_copies",
    "runs",
)
_KEYS = {"id", "title", "points", "kind"}


@dataclass(frozen=True)
class Item:
    """A line of the rubric.

    Args:
        id: what code calls it.
        title: what people call it.
        points: the most it can give.
        kind: `"auto"` if this package judges it, `"manual"` if a person does.
    """

    id: str
    title: str
    points: float
    kind: str


@dataclass(frozen=True)
class Rubric:
    """All items, and a hash of the file, which tells one rubric from another.

    Args:
        items: a tuple of `Item`.
        digest: str.
    """

    items: tuple[Item, ...]
    digest: str

    @property
    def auto(self) -> tuple[Item, ...]:
        """The items that are judged by machine."""
        return tuple(item for item in self.items if item.kind == "auto")

    @property
    def manual(self) -> tuple[Item, ...]:
        """The items that a person marks."""
        return tuple(item for item in self.items if item.kind == "manual")


def read_rubric(path: str | Path | None = None) -> Rubric:
    """Read a rubric.

    Args:
        path: a TOML file of `[[item]]` tables, each with `id`, `title`, `points` and
            `kind`; `None` for the one that comes with the course.

    Returns:
        A `Rubric`.

    Raises:
        ValueError: if the file is no such rubric; the message says where.

    Example:
        >>> sum(item.points for item in read_rubric().items)
        100
    """
    path = Path(path) if path is not None else Path(__file__).with_name("rubric.toml")
    try:
        content = path.read_bytes()
        tables = tomllib.loads(content.decode("utf-8")).get("item")
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path} is no TOML file: {error}") from None
    if not isinstance(tables, list) or not tables:
        raise ValueError(f"{path} must hold [[item]] tables. There are none")
    items = tuple(_item(path, table) for table in tables)
    ids = [item.id for item in items]
    for twice in {i for i in ids if ids.count(i) > 1}:
        raise ValueError(f"{path} holds the item {twice!r} twice")
    return Rubric(items, hashlib.sha256(content).hexdigest()[:16])


def _item(path: Path, table: object) -> Item:
    if not isinstance(table, dict) or set(table) != _KEYS:
        raise ValueError(
            f"Each [[item]] of {path} must have {', '.join(sorted(_KEYS))}. "
            f"Received: {table!r:.200}"
        )
    points, kind = table["points"], table["kind"]
    if isinstance(points, bool) or not isinstance(points, int | float) or points < 0:
        raise ValueError(
            f"`points` in {path} must be a number of at least 0. Received: {points!r}"
        )
    if kind not in ("auto", "manual"):
        raise ValueError(
            f'`kind` in {path} must be "auto" or "manual". Received: {kind!r}'
        )
    if kind == "auto" and table["id"] not in AUTO:
        raise ValueError(
            f"{path} has an auto item that nothing judges: {table['id']!r}. There are "
            f'{", ".join(AUTO)}; for one of your own, kind = "manual"'
        )
    if not all(isinstance(table[key], str) and table[key] for key in ("id", "title")):
        raise ValueError(f"`id` and `title` in {path} must be texts: {table!r:.200}")
    return Item(table["id"], table["title"], points, kind)
