"""What is in a corpus of one's own, and what it is too small for."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from course_lib.datasets.text_documents import words_of

# The course's mini-GPTs need about a million words to write sentences of their own.
# With less than a fifth of that they repeat their corpus; see `python -m course_lib
# train --help` for the sizes of models that go with sizes of corpora.
FEW_WORDS = 200_000
TOO_FEW_WORDS = 10_000
# A mean over so many words is known to about 0.1 nats: the loss of one word scatters
# by 3 nats or so.
FEW_TEST_WORDS = 1_000
LANGUAGE_SAMPLES = 20


@dataclass(frozen=True)
class TextReport:
    """What `from_text` found; printed, it says so in a few lines.

    Args:
        files: how many files were read.
        left_out: the names of files passed over: not text, or empty.
        encodings: how many files were in which encoding.
        unit: what a document is: `"row"`, `"file"`, `"line"`, `"paragraph"` or
            `"passage"`.
        documents: how many are left of them.
        words: how many words they hold; punctuation does not count.
        types: how many different words, whatever their case.
        repeated_documents: how many documents came a second time and were dropped.
        repeated_paragraphs: how many long paragraphs were.
        language: the likely ISO 639 code, or `"unknown"`.
        languages: how many of the samples looked like which language.
        split: `"documents"` or `"blocks"`: what was held out.
        validation_words: int.
        test_words: int.
        warnings: what this corpus is too small, or unfit, for.
    """

    files: int
    left_out: tuple[str, ...]
    encodings: dict[str, int]
    unit: str
    documents: int
    words: int
    types: int
    repeated_documents: int
    repeated_paragraphs: int
    language: str
    languages: dict[str, int]
    split: str
    validation_words: int
    test_words: int
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        encodings = ", ".join(sorted(self.encodings))
        lines = [
            f"{self.words:,} words, {self.types:,} of them different, likely language "
            f"{self.language}",
            f"{self.documents:,} {_plural(self.unit, self.documents)} from "
            f"{self.files:,} {_plural('file', self.files)} ({encodings})",
            f"dropped as repeated: {self.repeated_documents:,} documents, "
            f"{self.repeated_paragraphs:,} long paragraphs",
            f"held out by {self.split}: {self.validation_words:,} words for "
            f"validation, {self.test_words:,} for the test",
        ]
        if self.left_out:
            more = ", ..." if len(self.left_out) > 3 else ""
            names = ", ".join(self.left_out[:3])
            lines.append(f"{len(self.left_out):,} files passed over: {names}{more}")
        return "\n".join(lines)


def count_words(texts: Sequence[str]) -> Counter[str]:
    """How often each word occurs in texts, whatever its case."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(word.casefold() for word in words_of(text))
    return counts


def has_spaces(texts: Sequence[str]) -> bool:
    """Whether texts put spaces between most words, as Chinese or Thai do not."""
    texts = texts[:1000]
    words = sum(len(words_of(text)) for text in texts)
    return words <= 4 * sum(len(text.split()) for text in texts)


def likely_languages(texts: Sequence[str]) -> Counter[str]:
    """Which languages samples from all over the texts look like.

    `py3langid` tells them apart, offline. Without it there is no answer.

    Args:
        texts: list of str.

    Returns:
        ISO 639 code -> how many of at most `LANGUAGE_SAMPLES` samples; empty if
        `py3langid` is not installed.
    """
    try:
        import py3langid
    except ImportError:
        return Counter()
    step = max(1, len(texts) // LANGUAGE_SAMPLES)
    samples = texts[::step][:LANGUAGE_SAMPLES]
    return Counter(py3langid.classify(sample[:1000])[0] for sample in samples)


def find_warnings(
    words: int, test_words: int, languages: Counter[str], texts: Sequence[str]
) -> tuple[str, ...]:
    """What a corpus is too small for, and what a word tokenizer cannot do with it."""
    warnings = []
    if words < TOO_FEW_WORDS:
        warnings.append(
            f"{words:,} words are too few to train a model from scratch: it can only "
            "learn them by heart. Find more text, or finetune a pretrained model."
        )
    elif words < FEW_WORDS:
        warnings.append(
            f"{words:,} words are few to train a model from scratch: expect it to "
            "repeat them. Keep it small and watch its held-out loss; a million words "
            "is a good size. Or finetune a pretrained model."
        )
    if test_words < FEW_TEST_WORDS:
        warnings.append(
            f"{test_words:,} words are few for a test: two models must differ by more "
            "than a tenth of a nat before the better one is known."
        )
    if not has_spaces(texts):
        warnings.append(
            "There are hardly any spaces between the words: a tokenizer that splits "
            "at spaces cannot be used."
        )
    if languages and max(languages.values()) < 0.8 * languages.total():
        found = ", ".join(f"{code} {count}" for code, count in languages.most_common())
        warnings.append(f"The corpus seems to mix languages (samples: {found}).")
    return tuple(warnings)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
