"""What a student hands in: a folder, whose author is not trusted."""

import json
import math
import re
import stat
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

SAMPLERS = (
    "BeamSampler",
    "ContrastiveSampler",
    "GreedySampler",
    "MinPSampler",
    "RandomSampler",
    "TopKSampler",
    "TopPSampler",
)
MOST_SAMPLES = 100
LONGEST_SAMPLE = 500  # tokens
LARGEST_TEXT = 2_000_000  # bytes of a card, of samples, of a config
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.S)
_HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t#]*$", re.M)


class SubmissionError(ValueError):
    """What is wrong with a submission, in a sentence for its author."""


class NeedsCorpus(SubmissionError):
    """The text may not be passed on, and is not here: nobody's fault."""


@dataclass(frozen=True)
class Card:
    """A model card: what its front matter says, and its sections.

    Args:
        front: the front matter, from YAML.
        sections: title in lower case -> text, of each heading of any level.
    """

    front: dict[str, Any]
    sections: dict[str, str]

    def words(self, section: str) -> int:
        """How many words a section has; 0 if there is none, or one still to do."""
        text = self.sections.get(section.lower(), "")
        return 0 if "TODO" in text else len(re.findall(r"\w+", text))


@dataclass(frozen=True)
class Sample:
    """A line of `samples.jsonl`: a text, and what it takes to write it again.

    Args:
        prompt: what it begins with.
        text: the whole text.
        sampler: one of `SAMPLERS`.
        config: the arguments of the sampler, without its seed.
        seed: int.
        max_length: int, tokens of prompt and continuation together.
    """

    prompt: str
    text: str
    sampler: str
    config: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    max_length: int = 60

    @property
    def setting(self) -> tuple[str, str]:
        """Sampler and config, as something that compares and hashes."""
        return self.sampler, json.dumps(self.config, sort_keys=True)

    @property
    def continuation(self) -> str:
        """The text without the prompt, as far as it begins with it."""
        text, prompt = self.text, self.prompt
        start = len(prompt) if text.casefold().startswith(prompt.casefold()) else 0
        return text[start:]


class Submission:
    """A folder as the challenge wants it, each part read when it is asked for.

    Links and anything else that is no plain file are never followed or opened.

    Args:
        folder: path of a folder.

    Raises:
        SubmissionError: by each part, if it is missing or not as it must be.

    Example:
        >>> Submission(Path("no_such_folder")).card
        Traceback (most recent call last):
        course_lib.assignment.submission.SubmissionError: card.md is missing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def file(self, name: str, largest: int = LARGEST_TEXT) -> Path:
        """The path of a plain file of the submission, if there is one of that name."""
        path = self.inside(name)
        try:
            status = path.lstat()
        except OSError:
            raise SubmissionError(f"{name} is missing.") from None
        if not stat.S_ISREG(status.st_mode):
            raise SubmissionError(f"{name} is no plain file: it is not opened.")
        if status.st_size > largest:
            raise SubmissionError(
                f"{name} has {status.st_size:,} bytes, and {largest:,} are allowed."
            )
        return path

    def text(self, name: str, largest: int = LARGEST_TEXT) -> str:
        """A file of the submission, which must be UTF-8."""
        try:
            return self.file(name, largest).read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise SubmissionError(f"{name} is not UTF-8 text: {error}.") from None
        except OSError as error:
            raise SubmissionError(f"{name} cannot be read: {error.strerror}.") from None

    def inside(self, name: str) -> Path:
        """A path below the folder, with no link on the way."""
        parts = PurePosixPath(name).parts
        if not parts or PurePosixPath(name).is_absolute() or ".." in parts:
            raise SubmissionError(f"{name!r} does not lie within the submission.")
        path = self.folder
        for part in parts:
            path = path / part
            if path.is_symlink():
                raise SubmissionError(f"{name} is a link: links are not followed.")
        return path

    @cached_property
    def card(self) -> Card:
        """`card.md`."""
        text = self.text("card.md").replace("\r\n", "\n")
        front: Any = {}
        if found := _FRONT_MATTER.match(text):
            front = _load_yaml(found[1])
            text = text[found.end() :]
        pieces = _HEADING.split(text)
        titles = [title.strip().lower() for title in pieces[1::2]]
        return Card(front, dict(zip(titles, pieces[2::2], strict=True)))

    @cached_property
    def samples(self) -> list[Sample]:
        """`samples.jsonl`."""
        lines = [
            line for line in self.text("samples.jsonl").split("\n") if line.strip()
        ]
        if not lines:
            raise SubmissionError("samples.jsonl holds no sample.")
        if len(lines) > MOST_SAMPLES:
            raise SubmissionError(
                f"samples.jsonl holds {len(lines)} samples, and {MOST_SAMPLES} are "
                "allowed."
            )
        return [_sample(number, line) for number, line in enumerate(lines, 1)]


def _load_yaml(text: str) -> dict[str, Any]:
    import yaml

    try:
        front = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        first = str(error).partition("\n")[0]
        raise SubmissionError(f"The top of card.md is no YAML: {first}.") from None
    if not isinstance(front, dict):
        raise SubmissionError("The top of card.md must be `name: value` lines.")
    return front


def _sample(number: int, line: str) -> Sample:
    """A line of `samples.jsonl`, checked."""
    where = f"samples.jsonl, line {number}"
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise SubmissionError(f"{where} is no JSON: {error}.") from None
    if not isinstance(fields, dict):
        raise SubmissionError(f"{where} must be an object {{...}}.")
    try:
        sample = Sample(**fields)
    except TypeError as error:
        raise SubmissionError(
            f"{where} has wrong names: {str(error).partition('()')[2].strip()}."
        ) from None
    integers = sample.seed, sample.max_length
    wrong = {
        "`prompt` and `text` must be texts": not all(
            isinstance(text, str) and text for text in (sample.prompt, sample.text)
        ),
        f"`sampler` must be one of {', '.join(SAMPLERS)}": (
            sample.sampler not in SAMPLERS
        ),
        "`config` must hold numbers by name": not _are_numbers(sample.config),
        "`seed` and `max_length` must be integers": any(
            type(number) is not int for number in integers
        ),
    }
    for what in (what for what, is_wrong in wrong.items() if is_wrong):
        raise SubmissionError(f"{where}: {what}.")
    if not 1 <= sample.max_length <= LONGEST_SAMPLE or not 0 <= sample.seed < 2**32:
        raise SubmissionError(
            f"{where}: `max_length` must be from 1 to {LONGEST_SAMPLE}, `seed` from 0 "
            f"to 2**32 - 1. Received: {sample.max_length}, {sample.seed}."
        )
    return sample


def _are_numbers(config: object) -> bool:
    """Whether it is what a sampler may be configured with: small numbers, by name."""
    return isinstance(config, dict) and all(
        value is None
        or isinstance(value, bool)
        or (isinstance(value, int | float) and math.isfinite(value) and value <= 1000)
        for value in config.values()
    )
