import csv
import io
import json

import pytest

from course_lib.datasets.manifest import DataError
from course_lib.datasets.text_columns import read_column

ROWS = [
    {"title": "Crow", "text": 'A "thirsty" crow,\nand a jug.', "score": "1"},
    {"title": "Fox; grapes", "text": "A fox saw grapes.", "score": "2"},
    {"title": "Blank", "text": "  ", "score": "3"},
    {"title": "Long", "text": "An endless tale. " * 20_000, "score": "4"},
]
TEXTS = [row["text"] for row in ROWS if row["text"].strip()]


def table(delimiter=",", rows=ROWS, **options):
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(rows[0]), delimiter=delimiter, **options)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def json_lines(rows=ROWS):
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("lineterminator", ["\n", "\r\n"])
def test_csv(delimiter, quoting, lineterminator):
    content = table(delimiter, quoting=quoting, lineterminator=lineterminator)
    assert read_column("posts.csv", content, "text") == TEXTS


def test_tsv_and_jsonl():
    assert read_column("posts.TSV", table("\t"), "text") == TEXTS
    assert read_column("posts.jsonl", "\n" + json_lines() + "\n", "text") == TEXTS


@pytest.mark.parametrize("column", [None, "text"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "text\nOnce.\nTwice.\n"),
        ("a.jsonl", '{"text": "Once."}\n{"text": "Twice."}'),
    ],
)
def test_the_only_column_need_not_be_named(name, content, column):
    assert read_column(name, content, column) == ["Once.", "Twice."]


def test_rows_without_the_column_are_passed_over():
    rows = [ROWS[0], {"title": "no text"}, {"title": "null", "text": None}, ROWS[1]]
    assert read_column("a.jsonl", json_lines(rows), "text") == TEXTS[:2]
    assert read_column("a.csv", "title,text\nOnly a title\na,b\n", "text") == ["b"]


def test_the_limit_of_the_csv_module_stays_what_it_was():
    limit = csv.field_size_limit()
    read_column("posts.csv", table(), "text")
    assert csv.field_size_limit() == limit


@pytest.mark.parametrize("column", ["txt", None])
@pytest.mark.parametrize(
    ("name", "content"), [("posts.csv", table(";")), ("posts.jsonl", json_lines())]
)
def test_wrong_column_names_those_there_are(name, content, column):
    message = (
        f"`column` must be one of the columns of {name}: 'title', 'text', 'score'. "
        f"Received: column={column!r}"
    )
    with pytest.raises(ValueError, match=message):
        read_column(name, content, column)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "title,text\n", "a.csv is empty"),
        ("a.jsonl", "\n\n", "a.jsonl is empty"),
        ("a.csv", 'title,text\na,"never closed\n', r"a.csv is no table: .*in line 2"),
        ("a.jsonl", '{"text": "x"}\n{"text": ', "a JSON object a line. Line 2"),
        ("a.jsonl", '{"text": "x"}\n["x"]', r"Found in line 2: \['x'\]"),
        ("a.jsonl", '{"text": "x"}\n{"text": 7}', "'text' must hold text.*line 2: 7"),
        ("a.jsonl", "[" * 200_000, "a JSON object a line. Line 1"),
    ],
)
def test_damage(name, content, message):
    with pytest.raises(DataError, match=message):
        read_column(name, content, "text")
