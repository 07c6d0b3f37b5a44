"""`backprop check`: the first wrong variable of a handwritten backward."""

from __future__ import annotations

import argparse
import sys

from backprop.checker import check
from backprop.checker.report import languages
from backprop.checker.reveal import LEVELS
from backprop.cli.arguments import Usage, arguments
from backprop.cli.functions import add_function, load
from backprop.judging.closeness import TOLERANCE


def add(parser: argparse.ArgumentParser) -> None:
    add_function(parser, backward=True)
    parser.add_argument("--lang", choices=languages(), help="the language; default: the locale's")
    parser.add_argument(
        "--reveal", choices=LEVELS, default="all", help="how much the report tells (all)"
    )
    parser.add_argument(
        "--tolerance", type=float, default=TOLERANCE, metavar="T",
        help=f"how far off a gradient may be, relative to its largest entry ({TOLERANCE:g})",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: argparse.Namespace) -> int:
    forward, backward = load(options.forward), load(options.backward)
    args = arguments(forward, options.arguments, options.seed)
    if not 0 < options.tolerance < 1:
        raise Usage(f"--tolerance {options.tolerance:g}: it is a small number, such as 1e-6")
    report = check(
        forward, backward, *args, lang=options.lang, reveal=options.reveal,
        tolerance=options.tolerance,
    )  # fmt: skip
    if options.json:
        print(report.json())
    else:
        report.write(sys.stdout)
    return 0 if report.ok else 1
