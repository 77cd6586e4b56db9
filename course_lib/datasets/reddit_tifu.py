"""Posts of r/tifu, a forum of small disasters told by those who caused them."""

import dataclasses
import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from course_lib.datasets.classroom_words import (
    BLOCKED_WORDS,
    CURSES,
    bleep,
    word_pattern,
)
from course_lib.datasets.fetch import Fetched, fetch, refuse_smoke
from course_lib.datasets.filtered_corpus import FilteredCorpus, sieve
from course_lib.datasets.manifest import ASSETS, Asset, DataError
from course_lib.datasets.reddit_posts import Post, read_posts
from course_lib.datasets.splits import normalise, split_by_hash

_NOT_FOR_WORK = re.compile(r"\bnsf[wl]\b", re.IGNORECASE)
_NO_TEXT = ("", "[deleted]", "[removed]")


def load(
    published: bool | None = None,
    blocked_words: Iterable[str] = BLOCKED_WORDS,
    bleeped_words: Iterable[str] = CURSES,
    asset: Asset = ASSETS["reddit_tifu"],
) -> FilteredCorpus:
    """Loads posts of r/tifu, with validation and test held out.

    There are two sets. The *published* one, Reddit TIFU (79,740 posts), which the
    published tutorial finetunes on, comes from TensorFlow Datasets: it needs the
    package `tensorflow-datasets` and, the first time, a download of 640 MB. The
    *small* one are the most popular posts of the forum until August 2013, about 1,000:
    from `COURSE_DATA`, the cache or the network (1.8 MB).

    Real posts are crude. Dropped are, in this order, posts

    - that are marked as over 18 (the published set does not hold that mark),
    - whose title or text says `NSFW`,
    - that hold one of `blocked_words` (in the small set, one of three does),
    - without a text,
    - whose words are those of an earlier post.

    In those that are kept, each of `bleeped_words` becomes `****` (in the small set,
    in two of three posts).

    A printed line counts both, and so do `dropped` and `bleeped` of the result. The
    filter finds words, not meanings: read what you show to a class.

    A document is the text of a post, without its title; no names of writers are kept
    but those in texts. A hash of its words sends each to validation (10%), test (10%)
    or train. The order is fixed and mixed: any slice of a split is a fair sample of it.

    Args:
        published: whether to load the published set. `None`: if it can be had, else
            the small set, and a printed line says so.
        blocked_words: words in lower case, where `*` stands for any letters; a post
            with any of them is dropped. `()` drops none. Defaults to
            `classroom_words.BLOCKED_WORDS`: sex, slurs, self-harm.
        bleeped_words: words in lower case, `*` as above, that become `****`. `()`
            leaves all as they are. Defaults to `classroom_words.CURSES`.
        asset: the file of the small set; another one is of use to tests and mirrors.

    Returns:
        A `FilteredCorpus` named `"reddit_tifu"`.

    Raises:
        DataError: if there is no intact copy of the small set in `COURSE_DATA`, in the
            cache or on the network; with `published=True`, if that set cannot be had;
            and always under `COURSE_PROFILE=smoke`.

    Example:
        >>> from course_lib.datasets import reddit_tifu
        >>> posts = reddit_tifu.load()  # doctest: +SKIP
        >>> posts.dropped["held a blocked word"]  # doctest: +SKIP
        308

    Reference:
        [Kim et al. (2019)](https://aclanthology.org/N19-1260/), the published set
    """
    blocked, bleeped = word_pattern(blocked_words), word_pattern(bleeped_words)
    refuse_smoke(asset)
    fetched = None if published is False else _fetch_published(required=bool(published))
    title = "Reddit TIFU (Kim et al. 2019)"
    licence = "MIT, as stated by its authors"
    if fetched is None:
        fetched = fetch(_as_found(asset), read_posts)
        title, licence = asset.title, asset.licence

    seen: set[str] = set()

    def is_repeated(post: Post) -> bool:
        words = normalise(post.document)
        repeated = words in seen
        seen.add(words)
        return repeated

    posts, dropped = sieve(
        fetched.content,
        {
            "over 18": lambda post: post.over_18,
            "marked NSFW": lambda post: _found(_NOT_FOR_WORK, post),
            "held a blocked word": lambda post: _found(blocked, post),
            "without text": lambda post: post.document in _NO_TEXT,
            "posted twice": is_repeated,
        },
    )
    documents = [bleep(post.document, bleeped) for post in posts]
    num_bleeped = sum(bool(bleeped.search(post.document)) for post in posts)
    counts = ", ".join(f"{count:,} {reason}" for reason, count in dropped.items())
    print(
        f"{title}: kept {len(posts):,} of {len(fetched.content):,}, of these "
        f"{num_bleeped:,} bleeped; dropped {counts}"
    )
    documents.sort(key=_shuffle_key)
    splits = split_by_hash(documents, validation=0.1, test=0.1)
    return FilteredCorpus(
        name="reddit_tifu",
        title=title,
        source=f"{title}, from {fetched.source}",
        licence=licence,
        sha256=fetched.sha256,
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        dropped=dropped,
        bleeped=num_bleeped,
    )


def _fetch_published(required: bool) -> Fetched[list[Post]] | None:
    """The published set, if TensorFlow Datasets is there and can get it."""
    try:
        import tensorflow_datasets as tfds

        rows = tfds.load("reddit_tifu/short", split="train")
        posts = [
            Post.of(row["title"].decode(), row["documents"].decode())
            for row in tfds.as_numpy(rows)
        ]
    except Exception as error:  # its own, those of the network, of the disk ...
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        if required:
            raise DataError(
                f"The published Reddit TIFU cannot be had ({reason}). It needs `pip "
                "install tensorflow-datasets`, the network and 1 GB of room; "
                "`published=False` loads the small set."
            ) from error
        print(f"The published Reddit TIFU cannot be had ({reason}): the small set")
        return None
    source = "TensorFlow Datasets (reddit_tifu/short)"
    print(f"Reddit TIFU: read from {source}")
    return Fetched(posts, source, "")


def _as_found(asset: Asset) -> Asset:
    """The small set is published as CSV; `COURSE_DATA` may hold it as JSON lines."""
    json_lines = dataclasses.replace(asset, filename="tifu.jsonl")
    folder = os.environ.get("COURSE_DATA")
    if folder and Path(folder).expanduser().joinpath(json_lines.path).is_file():
        return json_lines
    return asset


def _found(pattern: re.Pattern[str], post: Post) -> bool:
    return bool(pattern.search(post.title) or pattern.search(post.document))


def _shuffle_key(text: str) -> bytes:
    """Mixes popular and less popular posts alike on every machine."""
    return hashlib.sha256(text.encode()).digest()
