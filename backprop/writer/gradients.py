"""The derived lines run on a graph's own values: every gradient of one backward pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.truth.numeric import settle
from backprop.writer.steps import Gradient


class Lines(Protocol):
    """What is asked of the derived lines, a `Backward`."""

    def execute(
        self, douts: tuple[np.ndarray, ...], until: int | None = None
    ) -> dict[str, Any]: ...

    def guarded(self, douts: tuple[np.ndarray, ...]) -> tuple[list[str], dict[str, Any]]: ...

    def gradient_of(self, node: Node) -> Gradient | None: ...

    def partials(
        self, scope: dict[str, Any], gradient: Callable[[Node], np.ndarray]
    ) -> dict[tuple[str, str, str], np.ndarray]: ...


class Gradients:
    """The gradients of one backward pass, each of its node's full shape.

    Attributes:
        nodes: name of a node -> its gradient; zeros where none flows.
        undecided: name of a node -> where it has no derivative: a branch that is taken decides
            there, as for a relu at 0.
        wires: (producer, consumer, operand) -> the partial gradient that comes back on it.
    """

    def __init__(self, graph: Graph, lines: Lines, douts: tuple[np.ndarray, ...]) -> None:
        self._graph = graph
        self._douts = douts
        self._backward = lines
        self._scope = self._backward.execute(douts)
        self.undecided: dict[str, np.ndarray] = {}
        self.nodes: Mapping[str, np.ndarray] = _Nodes(graph, self._node)

    def _node(self, node: Node) -> np.ndarray:
        gradient = self._backward.gradient_of(node)
        if gradient is None:
            return np.zeros(node.shape, dtype=_floating(node.value.dtype))
        scope = self._scope
        if gradient.until is not None:
            scope = self._backward.execute(self._douts, gradient.until)
        value = np.broadcast_to(scope[gradient.name], node.shape)
        if gradient.stale:
            value = value.copy()
            value[gradient.stale.entries] = 0
        return value if finite(value) else self._settled(node, gradient.name, value)

    def _settled(self, node: Node, name: str, value: np.ndarray) -> np.ndarray:
        """With numbers where the lines give none: replay's, else those of the branch taken."""
        result = np.array(settle(self._graph, node, self._douts, value))
        lost = ~np.isfinite(result)
        if lost.any():
            self.undecided[node.name] = lost
            result[lost] = np.broadcast_to(self._guarded[name], node.shape)[lost]
        return result

    @cached_property
    def _guarded(self) -> dict[str, Any]:
        return self._backward.guarded(self._douts)[1]

    def unsettled(self, name: str) -> np.ndarray | None:
        """Where the lines give no number for a node's gradient: 0·inf, 0/0; None if nowhere."""
        node = self._graph[name]
        gradient = self._backward.gradient_of(node)
        value = None if gradient is None else self._scope.get(gradient.name)
        if value is None or finite(value):
            return None
        result: np.ndarray | None = ~np.isfinite(np.broadcast_to(value, node.shape))
        return result

    @cached_property
    def wires(self) -> Mapping[tuple[str, str, str], np.ndarray]:
        return self._backward.partials(self._scope, self._node)


class _Nodes(Mapping[str, np.ndarray]):
    """The gradients by name, each completed when it is asked for."""

    def __init__(self, graph: Graph, gradient: Callable[[Node], np.ndarray]) -> None:
        self._graph = graph
        self._gradient = gradient

    def __getitem__(self, name: str) -> np.ndarray:
        return self._gradient(self._graph[name])

    def __contains__(self, name: object) -> bool:
        return name in self._graph

    def __iter__(self) -> Iterator[str]:
        return (node.name for node in self._graph.nodes)

    def __len__(self) -> int:
        return len(self._graph.nodes)


def finite(value: np.ndarray) -> bool:
    """Whether all entries are; most often told by their sum, without another array."""
    with np.errstate(all="ignore"):
        return bool(np.isfinite(np.sum(value)) or np.isfinite(value).all())


def _floating(dtype: np.dtype) -> np.dtype:
    return dtype if dtype.kind == "f" else np.dtype(float)
