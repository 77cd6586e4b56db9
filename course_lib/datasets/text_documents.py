"""From files to documents: cleaned, each once, cut where the text itself has a seam."""

import hashlib
import re
import unicodedata

from course_lib.datasets.splits import normalise

UNITS = ("auto", "file", "paragraph", "line")
ENOUGH_DOCUMENTS = 100
LONG_PARAGRAPH = 100  # characters; shorter ones may well be meant to come again
PASSAGE_WORDS = 100

# Scripts that put no spaces between words: each of their characters counts as one.
_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
)
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:['’][^\W_{_UNSPACED}]+)*")
_LINE_END = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_INVISIBLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufeff\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")


def clean(text: str) -> str:
    r"""Makes alike what looks alike, and changes nothing that can be seen.

    Line ends become `\n`; control characters, byte-order marks and halves of
    characters go; letters are composed with their accents (Unicode NFC).

    Args:
        text: str.

    Returns:
        The text, without white space around it.

    Example:
        >>> clean("Cafe\u0301\r\nbar\x00")
        'Café\nbar'
    """
    text = _INVISIBLE.sub("", _LINE_END.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip()


def words_of(text: str) -> list[str]:
    """The words of a text, without punctuation.

    Where a script puts no spaces between words, each of its characters is one.

    Args:
        text: str.

    Returns:
        A list of str.

    Example:
        >>> words_of("Don't say no. 你好")
        ["Don't", 'say', 'no', '你', '好']
    """
    return _WORD.findall(text)


def paragraphs_of(text: str) -> tuple[list[str], str]:
    r"""Splits a text at blank lines; where these are rare, at each line.

    They are rare if there are fewer than one in fifty lines: take a file with a blank
    line below its title, and then a paragraph a line.

    Args:
        text: a clean text.

    Returns:
        The paragraphs, and what stands between them: `"\n\n"` or `"\n"`.

    Example:
        >>> paragraphs_of("A crow\nwas thirsty.\n\nIt found a jug.")
        (['A crow\nwas thirsty.', 'It found a jug.'], '\n\n')
    """
    paragraphs, seam = _BLANK_LINES.split(text), "\n\n"
    if 50 * len(paragraphs) < text.count("\n") + 1:
        paragraphs, seam = text.split("\n"), "\n"
    return [paragraph for paragraph in paragraphs if paragraph.strip()], seam


def passages_of(text: str, num_words: int = PASSAGE_WORDS) -> list[str]:
    r"""Gathers consecutive paragraphs into passages of at least so many words.

    A paragraph is never cut. What is left at the end joins the passage before it.

    Args:
        text: a clean text.
        num_words: int.

    Returns:
        A list of str.

    Example:
        >>> passages_of("One two.\n\nThree.\n\nFour five six.\n\nEnd.", 3)
        ['One two.\n\nThree.', 'Four five six.\n\nEnd.']
    """
    paragraphs, seam = paragraphs_of(text)
    passages: list[list[str]] = [[]]
    missing = num_words
    for paragraph in paragraphs:
        if missing <= 0:
            passages.append([])
            missing = num_words
        passages[-1].append(paragraph)
        missing -= len(words_of(paragraph))
    if missing > 0 and len(passages) > 1:
        passages[-2:] = [passages[-2] + passages[-1]]
    return [seam.join(passage) for passage in passages]


def cut_documents(texts: list[str], unit: str, documents: str) -> tuple[str, list[str]]:
    """Makes documents of rows or files, as `from_text` describes it.

    Args:
        texts: clean texts.
        unit: what each of them is, `"row"` or `"file"`.
        documents: one of `UNITS`.

    Returns:
        What a document is, `"passage"` or as above, and the documents.
    """
    if unit == "file" and documents == "paragraph":
        return documents, [p for text in texts for p in paragraphs_of(text)[0]]
    if unit == "file" and documents == "line":
        lines = (line.strip() for text in texts for line in text.split("\n"))
        return documents, [line for line in lines if line]
    if documents == "file" or len(texts) >= ENOUGH_DOCUMENTS:
        return unit, texts
    return "passage", [passage for text in texts for passage in passages_of(text)]


def drop_repeated_documents(documents: list[str]) -> list[str]:
    """Keeps the first of documents with the same words, in their order.

    Case, spacing and ASCII punctuation make no difference, as in `split_by_hash`.

    Args:
        documents: list of str.

    Returns:
        A list of str.
    """
    first: dict[bytes, str] = {}
    for document in documents:
        first.setdefault(_digest(document), document)
    return list(first.values())


def drop_repeated_paragraphs(documents: list[str]) -> tuple[list[str], int]:
    """Drops the long paragraphs that have come before, in the same or other documents.

    So go licences, page heads and second editions, which would else be in several
    splits. Short paragraphs stay: a chorus, "Yes.", a row of stars.

    Args:
        documents: list of clean texts.

    Returns:
        The documents that are left, and how many paragraphs were dropped.
    """
    seen: set[bytes] = set()
    kept, dropped = [], 0
    for document in documents:
        paragraphs, seam = paragraphs_of(document)
        new = []
        for paragraph in paragraphs:
            if len(paragraph) >= LONG_PARAGRAPH:
                digest = _digest(paragraph)
                if digest in seen:
                    continue
                seen.add(digest)
            new.append(paragraph)
        dropped += len(paragraphs) - len(new)
        if len(new) == len(paragraphs):
            kept.append(document)
        elif new:
            kept.append(seam.join(new))
    return kept, dropped


def _digest(text: str) -> bytes:
    return hashlib.sha256(normalise(text).encode()).digest()
