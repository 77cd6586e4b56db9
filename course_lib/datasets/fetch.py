"""Finds an asset: in `COURSE_DATA`, else in the cache, else on the network.

Three environment variables decide where is looked: `COURSE_DATA` (a folder of assets
that is only ever read), `COURSE_CACHE` (where downloads are kept; by default the
operating system's cache folder) and `COURSE_PROFILE` (`smoke` reads no real data).
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from course_lib.datasets.manifest import Asset, DataError

TIMEOUT_SECONDS = 30

Content = TypeVar("Content")


@dataclass(frozen=True)
class Fetched(Generic[Content]):
    """What was read, and from where.

    Args:
        content: what `read` made of the file.
        source: where the file was found, in words, free of local paths.
        sha256: the digest of the file that was read.
    """

    content: Content
    source: str
    sha256: str


def fetch(
    asset: Asset,
    read: Callable[[Path], Content],
    title: Callable[[Content], str] | None = None,
) -> Fetched[Content]:
    """Finds an asset and reads it.

    A copy in `COURSE_DATA` may be repacked, so `read` alone judges it. Cached and
    downloaded copies must also have the published size and hashes. A download enters
    the cache last, whole and under one rename: after any failure the cache is as it
    was.

    Args:
        asset: what to find.
        read: turns the file into its content, and raises `DataError` if the file does
            not hold what it should.
        title: what the printed line calls that content; without it, the asset's title.

    Returns:
        A `Fetched`: content, source and digest. A printed line names the source too.

    Raises:
        DataError: if there is no intact copy anywhere. The message lists what was
            tried and names the grammar that needs no data.

    Example:
        >>> def read(path):
        ...     return read_texts(path, ASSETS["imdb"].structure)
        >>> len(fetch(ASSETS["imdb"], read).content)  # doctest: +SKIP
        50000
    """
    refuse_smoke(asset)
    tried: list[str] = []
    fetched = (
        _from_course_data(asset, read, tried)
        or _from_cache(asset, read, tried)
        or _from_network(asset, read, tried)
    )
    if fetched is None:
        raise _failure(
            asset,
            "was not found. Tried:\n" + "\n".join(f"- {line}" for line in tried),
            f"Call again when the network is back, or put {asset.filename} where "
            f"COURSE_DATA (a folder) has {asset.path}.",
        )
    name = title(fetched.content) if title else asset.title
    print(f"{name}: read from {fetched.source}")
    return fetched


def refuse_smoke(asset: Asset) -> None:
    """Raise a `DataError` under the profile `smoke`, which never reads real data."""
    if os.environ.get("COURSE_PROFILE", "").strip().lower() == "smoke":
        raise _failure(
            asset,
            "is real data, which the profile `smoke` never reads.",
            "Set COURSE_PROFILE to `laptop` or `full` to read it.",
        )


def cache_folder() -> Path:
    """Where downloads are kept: `COURSE_CACHE`, or the operating system's choice."""
    import pooch  # late, so that importing course_lib stays cheap

    folder = os.environ.get("COURSE_CACHE") or pooch.os_cache("course_lib")
    return Path(folder).expanduser()


def _from_course_data(
    asset: Asset, read: Callable[[Path], Content], tried: list[str]
) -> Fetched[Content] | None:
    folder = os.environ.get("COURSE_DATA")
    if not folder:
        tried.append("COURSE_DATA: not set")
        return None
    if not Path(folder).expanduser().is_dir():
        raise _failure(
            asset,
            f"was not looked up: COURSE_DATA must name a folder. Received: {folder}",
            "Correct COURSE_DATA, or unset it to use the cache and the network.",
        )
    path = Path(folder).expanduser() / asset.path
    if not path.is_file():
        tried.append(f"COURSE_DATA: {path} does not exist")
        return None
    try:
        return Fetched(read(path), f"COURSE_DATA ({asset.path})", _digest(path))
    except (DataError, OSError) as error:
        raise _failure(
            asset,
            f"in COURSE_DATA is no good. {path}: {error}",
            "Replace it, or unset COURSE_DATA to use the cache and the network.",
        ) from None


def _from_cache(
    asset: Asset, read: Callable[[Path], Content], tried: list[str]
) -> Fetched[Content] | None:
    path = cache_folder() / asset.path
    if not path.is_file():
        tried.append(f"cache: {path} does not exist")
        return None
    try:
        _verify(path, asset)
        return Fetched(read(path), f"the cache ({asset.path})", _digest(path))
    except (DataError, OSError) as error:
        tried.append(f"cache: {path}: {error}")
        return None


def _from_network(
    asset: Asset, read: Callable[[Path], Content], tried: list[str]
) -> Fetched[Content] | None:
    from requests import RequestException

    target = cache_folder() / asset.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for url in asset.urls:
            # The temporary folder goes away with all it holds, come what may.
            with tempfile.TemporaryDirectory(
                prefix=".download-", dir=target.parent
            ) as folder:
                path = Path(folder, asset.filename)
                try:
                    print(f"Downloading {_size(asset)} from {url}", flush=True)
                    _download(url, path)
                    _verify(path, asset)
                    content = read(path)
                except (RequestException, DataError) as error:
                    tried.append(f"{url}: {reason_of(error)}")
                    continue
                digest = _digest(path)
                path.replace(target)
                return Fetched(content, url, digest)
    except OSError as error:
        raise _failure(
            asset,
            f"({_size(asset)}) could not be stored in {target.parent}: "
            f"{error.strerror or error}.",
            "Make room there, or set COURSE_CACHE to a folder that can be written.",
        ) from None
    return None


def _download(url: str, path: Path) -> None:
    import pooch

    # Unencoded: the file as published, not unpacked by the way.
    headers = {"Accept-Encoding": "identity"}
    download = pooch.HTTPDownloader(
        timeout=TIMEOUT_SECONDS, headers=headers, chunk_size=1 << 16
    )
    download(url, path, None)


def _verify(path: Path, asset: Asset) -> None:
    size = path.stat().st_size
    if asset.bytes is not None and size != asset.bytes:
        raise DataError(f"it has {size:,} bytes, not {asset.bytes:,}")
    for algorithm, expected in asset.hashes.items():
        digest = _digest(path, algorithm)
        if digest != expected:
            raise DataError(f"its {algorithm} is {digest}, not {expected}")


def _digest(path: Path, algorithm: str = "sha256") -> str:
    with path.open("rb") as file:
        hasher = partial(hashlib.new, algorithm, usedforsecurity=False)
        return hashlib.file_digest(file, hasher).hexdigest()


def reason_of(error: Exception) -> str:
    """One line where `requests` writes five, with addresses of objects in them."""
    import requests

    if isinstance(error, DataError):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code}"
    if isinstance(error, requests.Timeout):
        return f"no answer within {TIMEOUT_SECONDS} s"
    if isinstance(error, requests.ConnectionError):
        return "the host cannot be reached, or fell silent"
    return f"the download broke off ({type(error).__name__})"


def _size(asset: Asset) -> str:
    return "some MB" if asset.bytes is None else f"{asset.bytes / 1e6:.1f} MB"


def _failure(asset: Asset, problem: str, advice: str) -> DataError:
    return DataError(
        f"{asset.filename} ({asset.title}) {problem}\n{advice}\n"
        f"Without any data, course_lib.datasets.{asset.grammar}."
    )
