"""How benchmarks are run and recorded. Light: the parent process loads no framework."""

from benchmarks.harness.commands import parse_arguments, publish
from benchmarks.harness.results import check, exponent, fixed_row, row, write
from benchmarks.harness.workers import Contender, alternate, start

__all__ = [
    "Contender",
    "alternate",
    "check",
    "exponent",
    "fixed_row",
    "parse_arguments",
    "publish",
    "row",
    "start",
    "write",
]
