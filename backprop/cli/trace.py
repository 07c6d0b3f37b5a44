"""`backprop trace`: the operations of a function as a table."""

from __future__ import annotations

import argparse

from backprop.cli.arguments import arguments
from backprop.cli.functions import add_function, load
from backprop.tracer import trace


def add(parser: argparse.ArgumentParser) -> None:
    add_function(parser)


def run(options: argparse.Namespace) -> int:
    forward = load(options.forward)
    graph = trace(forward, *arguments(forward, options.arguments, options.seed))
    table = [("line", "name", "operation", "shape", "from")]
    for node in graph.nodes:
        sources = ", ".join(source.name for source in node.inputs)
        shape = str(node.shape)
        table.append((str(node.line or ""), node.name, node.op, shape, sources))
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    for row in table:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        cells[0] = row[0].rjust(widths[0])
        print("  ".join(cells).rstrip())
    return 0
