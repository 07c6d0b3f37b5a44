"""`backprop draw`: the computation graph as SVG."""

from __future__ import annotations

import argparse
from pathlib import Path

from backprop.checker.report import language, languages
from backprop.cli.arguments import Usage, arguments
from backprop.cli.functions import add_function, load
from backprop.drawing import draw
from backprop.tracer import trace


def add(parser: argparse.ArgumentParser) -> None:
    add_function(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="write there instead of printing")
    parser.add_argument("--direction", choices=("right", "down"), default="right")
    parser.add_argument("--lang", choices=languages(), help="of the title; default: the locale's")


def run(options: argparse.Namespace) -> int:
    forward = load(options.forward)
    graph = trace(forward, *arguments(forward, options.arguments, options.seed))
    picture = draw(graph, options.direction, lang=language(options.lang))
    if options.output is None:
        print(picture)
        return 0
    target = Path(options.output)
    if not target.parent.is_dir():
        raise Usage(f"--output {options.output}: there is no folder {target.parent}")
    target.write_text(picture, encoding="utf-8")
    return 0
