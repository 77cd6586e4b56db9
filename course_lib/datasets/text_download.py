"""One file from the network, which then stays in the cache."""

import hashlib
import os
import re
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from course_lib.datasets.fetch import TIMEOUT_SECONDS, cache_folder, reason_of
from course_lib.datasets.manifest import DataError
from course_lib.datasets.text_files import LARGEST


def is_url(source: str) -> bool:
    """Whether a source is an address rather than a path."""
    return source.lower().startswith(("http://", "https://"))


def download(url: str) -> Path:
    """Downloads a file, unless the cache has it.

    It enters the cache last, whole and under one rename: a download that breaks off
    leaves nothing behind. Delete the file to have it fetched anew.

    Args:
        url: an `http://` or `https://` address.

    Returns:
        The file's path in the cache; it has the name that the address ends in.

    Raises:
        DataError: if the file cannot be had, is too large or cannot be stored; and
            always under `COURSE_PROFILE=smoke`, unless it is in the cache.
    """
    from requests import RequestException

    digest = hashlib.sha256(url.encode()).hexdigest()
    target = cache_folder() / "from_text" / digest[:16] / _filename(url)
    if target.is_file():
        print(f"{url}: read from the cache")
        return target
    if os.environ.get("COURSE_PROFILE", "").strip().lower() == "smoke":
        raise DataError(
            f"{url} was not read: the profile `smoke` has no network. "
            "Set COURSE_PROFILE to `laptop` or `full`, or save the file yourself."
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(
            prefix=".download-", dir=target.parent
        ) as folder:
            path = Path(folder, target.name)
            print(f"Downloading {url}", flush=True)
            _stream(url, path)
            path.replace(target)
    except RequestException as error:  # an `OSError`, too
        raise DataError(f"{url} cannot be read: {reason_of(error)}.") from None
    except OSError as error:
        raise DataError(
            f"{url} could not be stored in {target.parent}: {error.strerror or error}. "
            "Make room there, or set COURSE_CACHE to a folder that can be written."
        ) from None
    return target


def _stream(url: str, path: Path) -> None:
    """Write what the server sends, as long as it is not too much."""
    import requests

    with (
        requests.get(url, stream=True, timeout=TIMEOUT_SECONDS) as response,
        path.open("wb") as file,
    ):
        response.raise_for_status()
        for piece in response.iter_content(1 << 16):
            file.write(piece)
            if file.tell() > LARGEST:
                raise DataError(
                    f"{url} is larger than {LARGEST / 1e6:.0f} MB: "
                    "download it yourself, and take a part of it."
                )


def _filename(url: str) -> str:
    """The end of the address, as far as it can be a file's name."""
    name = PurePosixPath(urlsplit(url).path).name
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[-100:] or "download"
