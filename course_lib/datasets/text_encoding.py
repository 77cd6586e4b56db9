"""Bytes to text: what is no text is refused, other encodings than UTF-8 are found."""

import codecs
import re

from course_lib.datasets.manifest import DataError

ADVICE = "Save it as plain text in UTF-8"

# How files begin that people take for text, and what to do with them.
_FORMATS = (
    (rb"%PDF-", "is a PDF, which holds places of glyphs rather than text"),
    (rb"PK\x03\x04", "is an office document, an e-book or another packed file"),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is an office document"),
    (rb"\{\\rtf", "is a rich-text document"),
    (rb"\x1f\x8b", "is packed with gzip"),
    (
        rb"(?i)\s*(<\?xml[^>]*>\s*)?(<!doctype html|<html)",
        "is a web page, not its text",
    ),
)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What text without a mark is in, if not in UTF-8. Of encodings that differ in a few
# signs only, such as Latin 1 and Windows-1252, the one that holds more.
_ENCODINGS = [
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257"),
    *("cp1258", "koi8_r", "gb18030", "big5", "cp932", "euc_jp", "cp949"),
]
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
_SAMPLE = 200_000  # bytes, enough to tell encodings apart


def decode(name: str, content: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Decodes a file's bytes.

    A byte-order mark decides; else the text is in UTF-8 if all of it is valid UTF-8,
    which no other text is by chance; else `charset_normalizer` finds the likeliest
    encoding by how the text would read.

    Args:
        name: what messages call the file.
        content: its bytes.
        encoding: a codec's name, to be used in any case, or `None`.

    Returns:
        The text, and the name of its encoding.

    Raises:
        DataError: if the file is of a known other kind, binary, in no encoding that
            can be told, or in more than one.
        ValueError: if there is no such `encoding`.

    Example:
        >>> decode("menu.txt", "Crème brûlée".encode())
        ('Crème brûlée', 'utf-8')
    """
    for pattern, problem in _FORMATS:
        if re.match(pattern, content[:1000]):
            raise DataError(f"{name} {problem}. {ADVICE} first.")
    text, encoding = _decode(name, content, encoding)
    beginning = text[:_SAMPLE]
    if "\0" in text or len(_CONTROL.findall(beginning)) > len(beginning) / 100:
        raise DataError(f"{name} is binary, not text. {ADVICE} first.")
    return text, encoding


def _decode(name: str, content: bytes, encoding: str | None) -> tuple[str, str]:
    if encoding is None:
        marks = [codec for mark, codec in _MARKS if content.startswith(mark)]
        encoding = marks[0] if marks else None
    if encoding is None:
        try:
            return content.decode(), "utf-8"
        except UnicodeDecodeError:
            encoding = _guess(name, content)
    try:
        return content.decode(encoding), encoding
    except LookupError:
        raise ValueError(
            "`encoding` must be a codec that Python knows, such as 'utf-8' or "
            f"'cp1252'. Received: encoding={encoding!r}"
        ) from None
    except UnicodeError as error:
        place = content[: getattr(error, "start", 0)].count(b"\n") + 1
        raise DataError(
            f"{name} is not in {encoding}: see its line {place}. {ADVICE}."
        ) from None


def _guess(name: str, content: bytes) -> str:
    """The likeliest encoding of bytes that are no UTF-8."""
    import charset_normalizer

    if b"\0" in content:  # ruled out by all encodings without a mark
        raise DataError(f"{name} is binary, not text. {ADVICE} first.")
    # Lines of ASCII say nothing. (In no encoding is a line break part of a character.)
    lines = [line for line in content.split(b"\n") if not line.isascii()]
    sample = b"\n".join(lines)[:_SAMPLE].rpartition(b"\n")[0] or lines[0]
    matches = charset_normalizer.from_bytes(sample, cp_isolation=_ENCODINGS)
    best = matches.best()
    _refuse_mixture(name, content, best.encoding if best else None)
    if best is None:
        raise DataError(
            f"{name} is binary, or in no encoding that can be told. {ADVICE}, or "
            "name its `encoding`."
        )
    for match in matches:  # of equals, as short texts leave them, the most frequent one
        as_good = (match.chaos, match.coherence) == (best.chaos, best.coherence)
        if as_good and "cp1252" in match.could_be_from_charset:
            return "cp1252"
    return best.encoding


def _refuse_mixture(name: str, content: bytes, encoding: str | None) -> None:
    """Look for UTF-8 in what as a whole is none.

    Of the runs of bytes above 127, one in some is valid UTF-8 by chance in encodings
    of several bytes a character, and hardly any in those of one.
    """
    runs = re.findall(rb"[\x80-\xff]+", content)
    utf8 = sum(_is_utf8(run) for run in runs)
    sample = b"".join(runs[:100])
    one_byte = encoding and len(sample.decode(encoding, "replace")) == len(sample)
    if utf8 <= len(runs) * (0.02 if one_byte else 0.3):
        return
    other = next(run for run in runs if not _is_utf8(run))
    line = content[: content.index(other)].count(b"\n") + 1
    raise DataError(
        f"{name} mixes encodings: some of it is in UTF-8, line {line} is not. "
        f"{ADVICE}, or name one `encoding` for all of it."
    )


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode()
    except UnicodeDecodeError:
        return False
    return True
