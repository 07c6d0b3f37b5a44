"""`backprop derive`: the backward pass of a forward function."""

from __future__ import annotations

import argparse

from backprop.cli.arguments import arguments
from backprop.cli.functions import add_function, load
from backprop.writer import derive


def add(parser: argparse.ArgumentParser) -> None:
    add_function(parser)


def run(options: argparse.Namespace) -> int:
    forward = load(options.forward)
    print(derive(forward, *arguments(forward, options.arguments, options.seed)).source.rstrip())
    return 0
