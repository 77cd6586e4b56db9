"""The text that a submission was trained on, read as `from_text` reads it."""

import contextlib
import io
import os
import stat
import tomllib
import warnings
from pathlib import Path
from typing import Any

from course_lib.assignment.submission import NeedsCorpus, Submission, SubmissionError

MOST_FILES = 20_000
_ARGUMENTS = ("column", "documents", "encoding", "licence")
_RECIPE_KEYS = {"url", "path", "sha256", *_ARGUMENTS}


def read_corpus(
    submission: Submission, corpora: Path | None = None, online: bool = False
) -> Any:
    """The corpus of a submission, split as the course splits.

    Args:
        submission: a `Submission`.
        corpora: a folder of texts that may not be passed on, each a file (with any
            suffix) or a folder, named by its `TextCorpus.sha256`.
        online: whether a url may be downloaded.

    Returns:
        A `TextCorpus`.

    Raises:
        NeedsCorpus: if the text has to come from elsewhere, and is not in `corpora`.
        SubmissionError: if there is no text, or none that can be read.
    """
    from course_lib.datasets import DataError, from_text

    recipe = _recipe(submission)
    source = _source(submission, recipe, corpora, online)
    arguments: dict[str, Any] = {
        key: recipe[key] for key in _ARGUMENTS if key in recipe
    }
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            corpus = from_text(source, **arguments)
    except (DataError, ValueError, LookupError) as error:
        raise SubmissionError(f"The corpus cannot be read: {error}") from None
    if corpora in Path(source).parents and corpus.sha256 != recipe["sha256"].lower():
        raise NeedsCorpus(f"{Path(source).name} in --corpora has another sha256.")
    return corpus


def _recipe(submission: Submission) -> dict[str, str]:
    """`corpus/recipe.toml`, or nothing."""
    name = "corpus/recipe.toml"
    if not os.path.lexists(submission.folder / name):
        return {}
    try:
        recipe = tomllib.loads(submission.text(name))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise SubmissionError(f"{name} is no TOML file: {error}.") from None
    unknown = set(recipe) - _RECIPE_KEYS
    if unknown or not all(isinstance(value, str) for value in recipe.values()):
        raise SubmissionError(
            f"{name} must hold texts under {', '.join(sorted(_RECIPE_KEYS))}. "
            f"Received: {recipe!r:.200}"
        )
    return recipe


def _source(
    submission: Submission,
    recipe: dict[str, str],
    corpora: Path | None,
    online: bool,
) -> str | Path:
    """What `from_text` is to read."""
    folder = submission.folder / "corpus"
    path = submission.inside(f"corpus/{recipe.get('path', '')}")
    if "url" not in recipe and _holds_text(path):
        _refuse_links(folder)
        return path
    if recipe and (found := _by_hash(recipe.get("sha256", ""), corpora)) is not None:
        return found
    if "url" in recipe and online:
        return recipe["url"]
    if "url" in recipe or "sha256" in recipe:
        raise NeedsCorpus(
            "The text is not in the submission. corpus/recipe.toml says: "
            + ", ".join(f"{key} {recipe[key]!r:.150}" for key in sorted(recipe))
            + ". Put it, named by its sha256, into the folder given by --corpora."
        )
    _refuse_links(folder)
    raise SubmissionError(f"There is no text in corpus/{recipe.get('path', '')}.")


def _holds_text(path: Path) -> bool:
    """Whether there is a file here, or a folder of more than a recipe."""
    if not path.is_dir():
        return path.exists()
    return any(entry.name != "recipe.toml" for entry in path.iterdir())


def _by_hash(sha256: str, corpora: Path | None) -> Path | None:
    """What has this name in the folder, if anything has."""
    if corpora is None or not sha256:
        return None
    names = (path for path in sorted(corpora.iterdir()))
    return next((p for p in names if p.name.lower().startswith(sha256.lower())), None)


def _refuse_links(folder: Path) -> None:
    """Only plain files and folders, and not too many of them."""
    if folder.is_symlink() or not folder.is_dir():
        raise SubmissionError("There is no folder corpus/ with the text.")
    count = 0
    for root, folders, files in os.walk(folder):
        for name in folders + files:
            count += 1
            mode = os.lstat(os.path.join(root, name)).st_mode
            if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
                raise SubmissionError(
                    f"corpus/ holds {name!r:.80}, a link or no plain file: it is not "
                    "opened, and so the corpus is not read."
                )
        if count > MOST_FILES:
            raise SubmissionError(f"corpus/ holds more than {MOST_FILES:,} files.")
