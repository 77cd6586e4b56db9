"""Build the strict book from the committed outputs, and say what to open."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tools.chapters import ROOT

# Strict: warnings and references without a target are errors. All pages, since a page
# that warned and was not built again would pass the second time.
OPTIONS = [".", "-W", "--keep-going", "-n", "--all"]


def build(output: Path) -> Path:
    """Build into `output/_build` and return the folder of the pages.

    Raises:
        SystemExit: With the warnings, if there are any.
    """
    program = Path(sys.executable).with_name("jupyter-book")
    result = subprocess.run(
        [program, "build", *OPTIONS, "--path-output", str(output)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        log = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout + result.stderr)
        found = re.findall(
            r"^.*\b(?:WARNING|ERROR|CRITICAL): (?!.*absl::).*$", log, re.M
        )
        raise SystemExit("\n".join(found or [log]) + "\nThe book was not built.")
    return output / "_build" / "html"


def main() -> None:
    """Build where readers look for it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT, help="folder of _build")
    pages = build(parser.parse_args().output.resolve())
    count = len(list(pages.glob("book/**/*.html")))
    print(f"Built {count} pages. Open {pages / 'index.html'}, or run `make serve`.")


if __name__ == "__main__":
    main()
