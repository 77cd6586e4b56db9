"""A corpus of one's own, from files, a folder, an archive or an address."""

import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from course_lib.datasets.corpus import Corpus
from course_lib.datasets.manifest import DataError
from course_lib.datasets.splits import split_by_hash
from course_lib.datasets.text_blocks import hold_out
from course_lib.datasets.text_columns import read_column
from course_lib.datasets.text_documents import (
    UNITS,
    clean,
    cut_documents,
    drop_repeated_documents,
    drop_repeated_paragraphs,
)
from course_lib.datasets.text_download import download, is_url
from course_lib.datasets.text_encoding import decode
from course_lib.datasets.text_files import TABLE_SUFFIXES, TextFile, read_files
from course_lib.datasets.text_report import (
    TextReport,
    count_words,
    find_warnings,
    likely_languages,
)


@dataclass(frozen=True)
class TextCorpus(Corpus):
    """A `Corpus` with a report on what is in it.

    Args:
        report: a `TextReport`.
    """

    report: TextReport = field(repr=False, kw_only=True)


def from_text(
    source: str | Path,
    column: str | None = None,
    *,
    documents: str = "auto",
    encoding: str | None = None,
    licence: str = "not stated",
    validation: float = 0.05,
    test: float = 0.05,
) -> TextCorpus:
    r"""Makes a corpus of any text: decoded, cleaned, each thing once, parts held out.

    Read are `.txt` and `.md`, one column of a `.csv`, `.tsv` or `.jsonl`, and all
    of these in a folder or a `.zip`. Line ends, control characters and Unicode's ways
    to write the same letter (NFC) are made alike; nothing else is changed. Documents
    that repeat the words of another are dropped, and so are paragraphs of 100
    characters or more.

    A document is a row of a table, or a file if there are 100 files. A hash of its
    words sends it to a split, as `split_by_hash` does, and the order is mixed. Fewer
    and longer texts are cut into passages of whole paragraphs, of 100 words or
    more; of these, whole stretches are held out (`split_in_blocks`), and the order is
    that of the text. Either way no passage is in two splits.

    What was found is printed, and is in the `report` of the corpus; what the corpus is
    too small for is a warning.

    Args:
        source: path of a file, a folder or a `.zip`; or the address of a file, which is
            downloaded once and then read from the cache.
        column: the column to read in tables. May be left out if there is one only.
        documents: what one document is in files that are no tables: `"file"`,
            `"paragraph"` (up to a blank line: poems), `"line"` (jokes, one a line), or
            `"auto"`, as above.
        encoding: the encoding of all files. By default that of each is found out.
        licence: the terms of use of the texts, in words.
        validation: the share of the validation split.
        test: the share of the test split.

    Returns:
        A `TextCorpus`: a `Corpus` with a `report`. Its `sha256` is that of the file
        that was read; of a folder, that of all names and contents.

    Raises:
        DataError: if there is nothing at the source, or no text, or text that cannot
            be decoded or split. The message says what to do.
        ValueError: if an argument is not one of those above; if `column` is no column,
            the message names those there are.

    Example:
        >>> folder = Path("stories")
        >>> corpus = from_text(folder, documents="paragraph")  # doctest: +SKIP
        >>> print(corpus.report.words, corpus.train[0])  # doctest: +SKIP
    """
    if documents not in UNITS:
        raise ValueError(
            f"`documents` must be one of {UNITS}. Received: documents={documents!r}"
        )
    split_by_hash([], validation, test)  # checks the shares
    source = str(source)
    path = download(source) if is_url(source) else Path(source).expanduser()
    files, left_out = read_files(path)
    found = _read(path.name, files, column, encoding)
    texts = drop_repeated_documents(found.texts)
    repeated = len(found.texts) - len(texts)
    texts, repeated_paragraphs = drop_repeated_paragraphs(texts)
    unit, texts = cut_documents(texts, found.unit, documents)
    new = drop_repeated_documents(texts)
    repeated += len(texts) - len(new)
    split, splits = hold_out(path.name, new, unit, validation, test)

    counts = count_words(new)
    test_words = count_words(splits.test).total()
    languages = likely_languages(new)
    report = TextReport(
        files=len(files),
        left_out=(*left_out, *found.empty),
        encodings=dict(found.encodings),
        unit=unit,
        documents=len(new),
        words=counts.total(),
        types=len(counts),
        repeated_documents=repeated,
        repeated_paragraphs=repeated_paragraphs,
        language=languages.most_common(1)[0][0] if languages else "unknown",
        languages=dict(languages),
        split=split,
        validation_words=count_words(splits.validation).total(),
        test_words=test_words,
        warnings=find_warnings(counts.total(), test_words, languages, new),
    )
    print(f"{path.name}\n{report}")
    for warning in report.warnings:
        warnings.warn(warning, stacklevel=2)
    return TextCorpus(
        name=path.stem,
        source=source if is_url(source) else path.name,
        licence=licence,
        sha256=_digest(path, files),
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        report=report,
    )


class _Found(NamedTuple):
    texts: list[str]
    unit: str  # "row" or "file"
    empty: list[str]  # files of no text
    encodings: Counter[str]


def _read(
    name: str, files: list[TextFile], column: str | None, encoding: str | None
) -> _Found:
    """The clean texts of all files, each a row or a file."""
    texts: list[str] = []
    empty, units, encodings = [], set(), Counter[str]()
    for file in files:
        if not file.content.strip():
            empty.append(file.name)
            continue
        text, found = decode(file.name, file.content, encoding)
        encodings[found] += 1
        is_table = PurePosixPath(file.name).suffix.lower() in TABLE_SUFFIXES
        units.add("row" if is_table else "file")
        rows = read_column(file.name, text, column) if is_table else [text]
        texts += filter(None, map(clean, rows))
    if not texts:
        raise DataError(f"{name} is empty: there is no text in it.")
    if column is not None and "row" not in units:
        raise ValueError(
            f"`column` must be None for files that are no tables: {name} has none. "
            f"Received: column={column!r}"
        )
    return _Found(texts, "row" if "row" in units else "file", empty, encodings)


def _digest(path: Path, files: list[TextFile]) -> str:
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    digest = hashlib.sha256()
    for file in files:
        for part in (file.name.encode("utf-8", "surrogateescape"), file.content):
            digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()
