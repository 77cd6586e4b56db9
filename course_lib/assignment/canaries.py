"""A corpus that tells whether a notebook trains on what it should hold out.

Each story names a thing of its own: two words that other stories have too, but not next
to each other, and a name that no other story has. Whichever stories `from_text` holds
out, their pairs and names are the canaries: none may be in what `fit` gets, none of the
names in the vocabulary.
"""

import contextlib
import functools
import io
import itertools
import json
import re
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

STORIES = 400
_WORDS = """\
amber blue bright brown clever copper cracked curly dusty fading golden green grey heavy
hollow humming ivory little muddy narrow pale patient purple quiet red rusty salty
scarlet shining silent silver slow smooth spotted striped tall tiny velvet wooden yellow

acorn anchor anvil apple barrel basket bell boat bottle bowl bridge broom bucket button
candle cart chair clock coin crown cup door drum feather flute gate hammer hat jar
kettle key ladder lamp mirror needle pebble ring rope shoe violin"""
_QUALITIES, _THINGS = (words.split() for words in _WORDS.split("\n\n"))
_SYLLABLES = ("bax", "dov", "fim", "gul", "jed", "kip", "luz", "mov", "nax", "quo")
_WORD = re.compile(r"[a-z]+")


class Canaries(NamedTuple):
    """What only held-out stories hold.

    Args:
        pairs: list of str, `"copper violin"`.
        names: list of str, `"Kipluzmov"`, in lower case.
    """

    pairs: list[str]
    names: list[str]


def write_canaries(folder: Path) -> Canaries:
    """Write the corpus, and find out what is held out of it.

    Args:
        folder: a new folder, for files of text.

    Returns:
        A `Canaries`.
    """
    from course_lib.datasets import from_text, story_grammar_corpus

    folder.mkdir()
    stories = story_grammar_corpus(STORIES + STORIES // 4, seed=11).train[:STORIES]
    pairs = [f"{q} {t}" for q, t in itertools.product(_QUALITIES, _THINGS)]
    step = 1 + len(pairs) // STORIES  # so that each word is in many stories
    names = map("".join, itertools.product(_SYLLABLES, repeat=3))
    for i, (story, name) in enumerate(zip(stories, names, strict=False)):
        pair = pairs[(i * step * 7 + i) % len(pairs)]
        told = (  # at the start, too: some notebooks cut stories at a window's length
            f"{name.title()} kept a {pair}. {story} Nobody had seen the {pair} of "
            f"{name.title()}, and the {pair} was all that {name.title()} had."
        )
        (folder / f"{i:03d}.txt").write_text(told + "\n", encoding="utf-8")
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        corpus = from_text(folder)
    trained = _pairs_and_names(corpus.train)
    held_out = _pairs_and_names([*corpus.validation, *corpus.test])
    return Canaries(
        sorted(held_out.pairs - trained.pairs), sorted(held_out.names - trained.names)
    )


class _Found(NamedTuple):
    pairs: set[str]
    names: set[str]


def _pairs_and_names(texts: Iterable[str]) -> _Found:
    words = [_WORD.findall(text.lower()) for text in texts]
    qualities, things = set(_QUALITIES), set(_THINGS)
    pairs = {
        f"{a} {b}"
        for text in words
        for a, b in itertools.pairwise(text)
        if a in qualities and b in things
    }
    name = re.compile(rf"(?:{'|'.join(_SYLLABLES)}){{3}}")
    return _Found(pairs, {w for text in words for w in text if name.fullmatch(w)})


def prepare(folder: str | Path, names: str | Path, seen: str | Path) -> None:
    """Write the corpus, and watch from now on what `fit` gets of it.

    The first cell of a notebook that is run again does this: its kernel needs Keras
    anyway, whose import takes seconds.

    Args:
        folder: where the corpus goes.
        names: path of a JSON file: the names that only held-out stories have.
        seen: path of a JSON file, see `watch_fit`.
    """
    found = write_canaries(Path(folder))
    Path(names).write_text(json.dumps(found.names), encoding="utf-8")
    watch_fit(seen, [*found.pairs, *found.names])


def watch_fit(path: str | Path, canaries: list[str]) -> None:
    """From now on, note which canaries are in what `keras.Model.fit` gets.

    Args:
        path: of a JSON file, a list of str, written at each call of `fit`.
        canaries: list of str.
    """
    import keras

    found: set[str] = set()
    fit: Callable = keras.Model.fit

    @functools.wraps(fit)
    def watched(self: Any, x: Any = None, *args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(Exception):  # what cannot be read tells nothing
            text = " ".join(_WORD.findall(_text_of(self, x).lower()))
            found.update(canary for canary in canaries if f" {canary} " in f" {text} ")
            Path(path).write_text(json.dumps(sorted(found)), encoding="utf-8")
        return fit(self, x, *args, **kwargs)

    keras.Model.fit = watched


def _text_of(model: Any, x: Any, most_batches: int = 1000) -> str:
    """What `fit` is given, as text."""
    import numpy as np

    if isinstance(x, str | bytes):
        return x.decode() if isinstance(x, bytes) else x
    if isinstance(x, dict):
        x = x.get("token_ids", next(iter(x.values())))
    if hasattr(x, "token_ids"):  # `TokenBatches`
        x = x.token_ids
    if hasattr(x, "as_numpy_iterator"):  # `tf.data.Dataset`: (x, y, ...) or x
        batches = itertools.islice(x.as_numpy_iterator(), most_batches)
        firsts = (b[0] if isinstance(b, tuple) else b for b in batches)
        return " ".join(_text_of(model, first) for first in firsts)
    array = np.asarray(x)
    if array.dtype.kind in "iu":
        tokenizer = model.preprocessor.tokenizer
        return str(tokenizer.detokenize(array.ravel().tolist()))
    return " ".join(_text_of(model, one) for one in array.ravel().tolist())
