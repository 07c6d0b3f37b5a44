"""What the gradients at a point really are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.judging.library import Library
from backprop.judging.points import Point
from backprop.truth.replay import rerun
from backprop.writer import gradients


class OwnFault(RuntimeError):  # noqa: N818
    """Rules and replay disagree: a mistake in backprop, not in the code that is checked."""


class Truth:
    """The true gradients at one point."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.graph = graph = point.graph
        with np.errstate(all="ignore"):
            found = gradients(graph, point.dout)
            self.gradients = dict(_each(graph, found.nodes))
        self._found = found
        largest = [np.abs(g).max(initial=0.0) for g in self.gradients.values()]
        finite = [float(size) for size in largest if np.isfinite(size)]
        self.scale = max(finite, default=1.0)

    @cached_property
    def partials(self) -> dict[tuple[str, str, str], np.ndarray]:
        with np.errstate(all="ignore"):
            return {key: np.array(value) for key, value in self._found.wires.items()}

    @property
    def results(self) -> list[np.ndarray]:
        """What the backward must return, in order."""
        return [self.gradients[node.name] for node in self.graph.differentiated]

    @cached_property
    def library(self) -> Library:
        return Library(self.graph, self.point.douts, self.gradients, self.partials, self.scale)

    def confirm(self, limit: int = 24) -> None:
        """Compare the rules with replay, which uses none, along random directions.

        Raises OwnFault if they disagree.
        """
        rng = np.random.default_rng(5)
        nodes = [n for n in self.graph.nodes if n.name in self.gradients and n.value.size]
        inputs = [n for n in nodes if n.op == "input"]
        others = [n for n in nodes if n.op != "input"]
        step = max(1, len(others) // limit)
        for node in [*inputs, *others[::step]]:
            direction = rng.standard_normal(node.shape)
            slope = self._slope(node, direction)
            if slope is None:
                continue
            gradient = self.gradients[node.name]
            told = float(np.sum(gradient * direction))
            size = float(np.sum(np.abs(gradient * direction))) + 1e-9 * self.scale
            if np.isfinite(told) and np.isfinite(slope) and abs(told - slope) > 1e-6 * size:
                raise OwnFault(
                    f"backprop's own fault: the gradient of `{node.name}` (line {node.line}, "
                    f"`{node.op}`) is {told:.6g} along a direction by the rules, {slope:.6g} "
                    "by replay; please report it with your forward function"
                )

    def _slope(self, node: Node, direction: np.ndarray) -> float | None:
        """The derivative of Σ dout · output along a direction, without any rule."""
        start = node.value.astype(float)

        def total(step: complex) -> Any:
            values = rerun(self.graph, {node: start + step * direction}, isinstance(step, complex))
            return sum(
                np.sum(values.get(out, out.value) * dout)
                for out, dout in zip(self.graph.outputs, self.point.douts, strict=True)
            )

        with np.errstate(all="ignore"):
            try:
                return float(np.imag(total(1e-100j))) / 1e-100
            except (TypeError, ValueError):
                pass
            h = 1e-4 * (float(np.abs(start).max(initial=0.0)) or 1.0)
            wide = (total(h) - total(-h)) / (2 * h)
            narrow = (total(h / 2) - total(-h / 2)) / h
            best = narrow + (narrow - wide) / 3
            # A kink between the two points, or too little accuracy: no verdict.
            return float(best) if abs(narrow - wide) < 1e-6 * abs(best) else None


def _each(graph: Graph, gradients: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for node in graph.nodes:
        if node in graph.differentiated:
            yield node.name, np.array(gradients[node.name])
        elif node.active:
            try:
                yield node.name, np.array(gradients[node.name])
            except ValueError:  # an older version of a buffer that has no gradient of its own
                continue
