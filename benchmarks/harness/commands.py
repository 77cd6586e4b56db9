"""The command line of a benchmark, and the record that it leaves."""

import argparse
import os
import platform
import subprocess
import sys
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.harness import results
from benchmarks.harness.workers import ROOT

RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = (
    "keras",
    "keras-hub",
    "tensorflow",
    "jax",
    "torch",
    "transformers",
    "numpy",
)


def parse_arguments(description: str, **options: dict[str, Any]) -> argparse.Namespace:
    """The arguments that all benchmarks share, and `options` of this one.

    Args:
        description: the docstring of the benchmark.
        **options: arguments of `add_argument` by the option's name.
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, to try the benchmark: the numbers mean nothing",
    )
    parser.add_argument(
        "--out", type=Path, help="the file to write; with --quick there is no default"
    )
    for name, option in options.items():
        parser.add_argument(f"--{name}", **option)
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    if load > 0.5 and not arguments.quick:
        print(f"Something else is running (load {load:.1f}): expect wrong numbers.")
    arguments.load_average = round(load, 2)
    return arguments


def publish(
    name: str,
    rows: list[dict[str, Any]],
    data: str,
    arguments: argparse.Namespace,
    **more: Any,
) -> None:
    """Print the rows and write them, with what they came from, to the result's file.

    Args:
        name: of the benchmark.
        rows: see `results.row`.
        data: what the contenders read.
        arguments: from `parse_arguments`.
        **more: further keys of the file, such as curves.
    """
    result = {
        "machine": {**machine(), "load_average": arguments.load_average},
        "versions": versions(),
        "date": date.today().isoformat(),
        "commit": commit(),
        "command": " ".join(["python", "-m", f"benchmarks.{name}", *sys.argv[1:]]),
        "data": data,
        "quick": arguments.quick,
        "results": rows,
        **more,
    }
    results.check(result)
    print(table(rows))
    path = arguments.out or (None if arguments.quick else RESULTS / f"{name}.json")
    if path:
        results.write(path, result)
        print(f"Written to {path}")


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as lines of text."""

    def number(value: float | None) -> str:
        return "-" if value is None else f"{value:.4g}"

    lines = [("", "unit", "ours", "theirs", "ratio", "target")]
    for record in rows:
        verdict = {None: "", True: "met", False: "MISSED"}[record["met"]]
        numbers = [number(record[key]) for key in ("ours", "theirs", "ratio", "target")]
        numbers[-1] = f"{numbers[-1]} {verdict}"
        lines.append((record["name"], record["unit"], *numbers))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True))
        for line in lines
    )


def machine() -> dict[str, Any]:
    """The processor, its cores and what it multiplies fast, and the memory."""
    processor, flags = platform.processor() or platform.machine(), set()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        facts = dict(map(str.strip, li.split(":", 1)) for li in lines if ":" in li)
        processor = facts.get("model name", processor)
        flags = set(facts.get("flags", "").split())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    fast = {"avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_int8"}
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "features": sorted(flags & fast),
        "memory_gib": round(memory / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}",
        "accelerator": None,  # everything runs on the CPU
    }


def versions() -> dict[str, str]:
    """Python and the packages that are installed."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The commit that was run, with a `+` if anything but results had changed."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True)
    if head.returncode:
        return ""
    changes = subprocess.run(
        [*git, "status", "--porcelain", "--", ".", ":!benchmarks/results"],
        capture_output=True,
    )
    return head.stdout.decode().strip() + ("+" if changes.stdout else "")
