"""A handwritten backward run at the points, with the corrections that were found so far."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backprop.judging.names import NodeNames
from backprop.judging.points import Point
from backprop.judging.recorder import Override, Recording
from backprop.judging.results import MISSING, Misfit, Path, as_results, places
from backprop.judging.run import Instrumented
from backprop.judging.truth import Truth


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
        # Lines of the loss, where the gradient is computed beside it: what they say holds.
        self.spared: frozenset[int] = frozenset()
        if points[0].signature.itself:
            self.spared = frozenset(n.line for n in points[0].graph.nodes if n.line is not None)

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
