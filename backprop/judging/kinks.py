"""Where a forward has no derivative."""

from __future__ import annotations

import re

import numpy as np

from backprop.graph.errors import KinkError
from backprop.graph.node import Node
from backprop.judging.truth import Truth
from backprop.truth.numeric import estimate


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
    """Whether a choice between two values is a tie."""
    values = [np.asarray(getattr(a, "value", a)) for a in node.arguments.values() if a is not None]
    if node.op in ("maximum", "minimum", "fmax", "fmin", "greater", "less", "greater_equal",
                   "less_equal"):  # fmt: skip
        x, y = values[:2]
        return bool(np.any(x == y))
    if node.op == "abs":
        return bool(np.any(values[0] == 0))
    if node.op in ("max", "min"):
        x = values[0]
        flat = np.sort(x, axis=None)
        return bool(flat.size > len(np.unique(flat)))
    return False
