"""`backprop check`: the first wrong variable of a handwritten backward."""

from __future__ import annotations

import argparse
import sys

from backprop.checker import check
from backprop.cli.arguments import arguments
from backprop.cli.functions import add_function, load


def add(parser: argparse.ArgumentParser) -> None:
    add_function(parser, backward=True)
    parser.add_argument("--lang", choices=("zh", "en"), help="the language; default: the locale's")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")


def run(options: argparse.Namespace) -> int:
    forward, backward = load(options.forward), load(options.backward)
    args = arguments(forward, options.arguments, options.seed)
    report = check(forward, backward, *args, lang=options.lang)
    if options.json:
        print(report.json())
    else:
        report.write(sys.stdout)
    return 0 if report.ok else 1
