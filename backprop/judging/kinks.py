"""Where a forward has no derivative."""

from __future__ import annotations

import re

import numpy as np

from backprop.graph.errors import KinkError
from backprop.graph.node import Node, plain
from backprop.judging.truth import Truth
from backprop.truth.numeric import estimate, singular

_CHOICES = ("maximum", "minimum", "fmax", "fmin", "greater", "less", "greater_equal", "less_equal")


def kink(truth: Truth) -> str | None:
    """Where the forward has no derivative at a point, in words; None if it has one."""
    if not any(_on_an_edge(node) for node in truth.graph.nodes):
        return None
    try:
        for node in truth.graph.differentiated:
            estimate(truth.graph, node.name, truth.point.douts)
    except KinkError as error:
        found = re.search(r"derivative at (.+?): ", str(error))
        line = re.search(r"\(line \d+\)", str(error))
        where = found[1] if found else str(error)
        return f"{where}, {line[0].strip('()')}" if line else where
    except (TypeError, ValueError):
        return None
    return None


def _on_an_edge(node: Node) -> bool:
    """Whether a choice between two values is a tie, or a root is one of 0."""
    if node.op in _CHOICES:
        x, y = [np.asarray(plain(argument)) for argument in list(node.arguments.values())[:2]]
        return bool(np.any(x == y))
    if node.op == "abs":
        return bool(np.any(plain(node.arguments["x"]) == 0))
    if node.op in ("max", "min"):
        flat = np.sort(plain(node.arguments["x"]), axis=None)
        return bool(flat.size > len(np.unique(flat)))
    return singular(node)
