"""The repository's address in chapters: stamped from `repository.url` in `_config.yml`.

`python -m tools.links` writes it wherever it stands; `--check` only lists what differs.
"""

import argparse
import re
import sys
from functools import cache
from pathlib import Path

import yaml

from tools import chapters

COLAB = "https://colab.research.google.com/github/"
GPU_NOTEBOOK = chapters.ROOT / "tests" / "colab_gpu.ipynb"

INSTALL_CELL = """\
import sys

if "google.colab" in sys.modules:
    %pip install -q "course_lib @ git+{url}\""""


@cache
def repository() -> dict:
    """Return `url` and `branch` from `_config.yml`."""
    config = yaml.safe_load((chapters.ROOT / "_config.yml").read_text("utf-8"))
    return config["repository"]


def colab_url(path: str) -> str:
    """Return the address that opens `path`, relative to the root, in Colab."""
    slug = repository()["url"].removeprefix("https://github.com/")
    return f"{COLAB}{slug}/blob/{repository()['branch']}/{path}"


def colab_link(name: str) -> str:
    """Return the line below a chapter's title that opens it in Colab."""
    return f"[Open this chapter in Colab]({colab_url(f'book/notebooks/{name}.ipynb')})"


def install_cell() -> str:
    """Return the first code cell of every chapter."""
    return INSTALL_CELL.format(url=repository()["url"])


def stamp(text: str) -> str:
    """Return `text` with the current address in Colab links and install commands."""
    url, branch = repository()["url"], repository()["branch"]
    slug = url.removeprefix("https://github.com/")
    text = re.sub(
        re.escape(COLAB) + r"[^/\s]+/[^/\s]+/blob/[^/\s]+/",
        f"{COLAB}{slug}/blob/{branch}/",
        text,
    )
    text = re.sub(r"(course_lib @ git\+)[^\s\"\\]+", rf"\g<1>{url}", text)
    clone = r"(git clone [^\n\"]*?)https://github\.com/[\w.-]+/[\w.-]+"
    return re.sub(clone, rf"\g<1>{url}", text)


def stamped_files() -> list[Path]:
    """Return the files that hold the address: sources, README, the GPU notebook."""
    files = [*chapters.sources(), chapters.ROOT / "README.md", GPU_NOTEBOOK]
    for folder in ("", "instructors"):
        files += sorted((chapters.ROOT / "book" / folder).glob("*.md"))
    return [path for path in files if path.exists()]


def outdated() -> list[Path]:
    """Return the files that hold another address than `_config.yml`."""
    return [
        path
        for path in stamped_files()
        if (text := path.read_text(encoding="utf-8")) != stamp(text)
    ]


def main() -> int:
    """Stamp, or with `--check` list, the files that hold another address."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    paths = outdated()
    for path in paths:
        print(f"{'differs' if check else 'stamped'}: {path.relative_to(chapters.ROOT)}")
        if not check:
            path.write_text(stamp(path.read_text("utf-8")), encoding="utf-8")
    if paths and check:
        print("`make links` writes the address of _config.yml into them.")
    return int(check and bool(paths))


if __name__ == "__main__":
    sys.exit(main())
