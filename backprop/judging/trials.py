"""A handwritten backward run at the points, with the corrections that were found so far."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.judging.names import NodeNames
from backprop.judging.points import Point
from backprop.judging.recorder import Override, Recording
from backprop.judging.results import MISSING, Misfit, Path, as_results, places
from backprop.judging.run import Instrumented
from backprop.judging.truth import Truth


def _used(graph: Graph) -> set[Node]:
    """The nodes that the loss is computed from: not the mask that only its gradient needs."""
    found: set[Node] = set()
    queue = list(graph.outputs)
    while queue:
        node = queue.pop()
        if node not in found:
            found.add(node)
            queue += node.inputs
    return found


class Trials:
    """Runs a backward at any of the points, and says which of its results are wrong."""

    def __init__(self, backward: Instrumented, points: list[Point], truths: list[Truth]) -> None:
        self.backward = backward
        self.points = points
        self.truths = truths
        self.names = NodeNames(points[0].graph)
        self.labels: list[str | None] = []  # the variables that its `return` names
        self.replaced: dict[int, ast.stmt] = {}
        self.overrides: dict[tuple[int, str], Override] = {}
        self.patience = 1.0  # how much of the time for a search may be spent
        # (function, line) of the loss, where the gradient is computed beside it: what they say
        # holds. Functions of other files have lines of the same numbers.
        self.spared: frozenset[tuple[str, int]] = frozenset()
        if points[0].signature.itself:
            sites = [node.site for node in _used(points[0].graph)]
            self.spared = frozenset((s.function, s.line) for s in sites if s and s.line is not None)

    def record(self, which: int, extra: dict[tuple[int, str], Override] | None = None) -> Recording:
        args, guarded = self.points[which].call()
        overrides = {**self.overrides, **(extra or {})}
        return self.backward.run(args, guarded, overrides, self.replaced)

    def watch(self, which: int) -> Recording:
        """The same, slower, looking after every line for arrays that must not change."""
        args, guarded = self.points[which].call()
        return self.backward.run(args, guarded, watch=True)

    def errors(self, which: int, result: Any) -> list[float]:
        """How wrong each result is; inf for a shape, or where nothing can be compared."""
        truth = self.truths[which]
        try:
            found = as_results(result, truth, self.labels)
        except Misfit:
            return [np.inf] * len(truth.results)
        return [
            0.0 if got is MISSING else truth.differs(got, want)
            for got, want in zip(found, truth.results, strict=True)
        ]

    def places(self, which: int, result: Any) -> list[Path | None]:
        """Where in a result each argument's gradient is; all None if nothing fits."""
        graph = self.truths[which].graph
        try:
            return places(result, graph, self.labels)
        except Misfit:
            return [None] * len(graph.differentiated)

    def wrong(self, which: int, result: Any) -> set[int]:
        return {i for i, error in enumerate(self.errors(which, result)) if error}
