"""50,000 film reviews: the Large Movie Review Dataset."""

import hashlib
from functools import partial

from course_lib.datasets.archives import read_texts
from course_lib.datasets.corpus import Corpus
from course_lib.datasets.fetch import fetch
from course_lib.datasets.manifest import ASSETS, Asset
from course_lib.datasets.splits import split_by_hash


def load(asset: Asset = ASSETS["imdb"]) -> Corpus:
    """Loads all labelled reviews of IMDB, with validation and test held out.

    The positive and negative reviews of the archive's two halves are pooled (a
    language model needs no labels); the unlabelled ones are ignored. Texts are raw,
    `<br />` included: the tokenizer standardises. Reviews that occur twice are kept
    once. Then a hash of its words sends each review to validation (5%), test (5%) or
    train (the rest), so no review is in two splits, not even in another case, spacing
    or punctuation (a few that were posted again with edits count as different). The
    order is fixed and mixed: any slice of a split is a fair sample of it.

    The published mini-GPT tutorials train on all 50,000 reviews and hold nothing out,
    so their reported loss is a training loss. Losses here are not comparable with it.

    Args:
        asset: the archive to read; another one is of use to tests and mirrors.

    Returns:
        A `Corpus` named `"imdb"`.

    Raises:
        DataError: if there is no intact copy in `COURSE_DATA`, in the cache or on the
            network, and always under `COURSE_PROFILE=smoke`.

    Example:
        >>> from course_lib.datasets import imdb
        >>> reviews = imdb.load()  # doctest: +SKIP
        >>> print(len(reviews.train), reviews.train[0][:80])  # doctest: +SKIP

    Reference:
        [Maas et al. (2011)](https://aclanthology.org/P11-1015/)
    """
    fetched = fetch(asset, partial(read_texts, structure=asset.structure))
    splits = split_by_hash(sorted(set(fetched.content.values()), key=_shuffle_key))
    return Corpus(
        name="imdb",
        source=f"{asset.title} (Maas et al. 2011), from {fetched.source}",
        licence=asset.licence,
        sha256=fetched.sha256,
        train=splits.train,
        validation=splits.validation,
        test=splits.test,
        title=asset.title,
    )


def _shuffle_key(text: str) -> bytes:
    """Mixes labels and halves alike on every machine, however the tar was packed."""
    return hashlib.sha256(text.encode()).digest()
