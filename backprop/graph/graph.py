"""Graph: what a function did with its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from backprop.graph.node import Node, nodes_in
from backprop.graph.rule import DIFFERENTIABLE


class Graph:
    """The data of a graph; `backprop.Graph` adds what can be done with it."""

    def __init__(
        self,
        function: str,
        nodes: list[Node],
        inputs: dict[str, Node],
        outputs: tuple[Node, ...],
        several: bool,
        branches: tuple[tuple[Node, Any], ...] = (),
        aliases: Mapping[str, str] = MappingProxyType({}),
        call: Any = None,
        names: dict[str, Node] | None = None,
        invented: Sequence[Node] = (),
        shifts: Mapping[Node, np.ndarray] = MappingProxyType({}),
    ) -> None:
        self.function = function
        self._nodes = nodes
        self._inputs = inputs
        self._outputs = outputs
        self._invented = invented  # the nodes whose names are not the author's
        self._completed = False
        self.shifts = shifts  # constants added to results: see `shifted`
        self.several = several
        self.branches = branches
        self.original = True  # its values are those that f was traced with
        self.call = call  # how f was called: its parameters, for the signature of `source`
        self._names = {node.name: node for node in nodes} if names is None else names
        self.aliases = aliases  # further names of nodes: `b` after `b = a`
        self.backward_pass: Any = None  # derived once, by the writer

    @property
    def nodes(self) -> list[Node]:
        """All nodes, in execution order."""
        if not self._completed:
            self._complete()
        return self._nodes

    @property
    def inputs(self) -> dict[str, Node]:
        """f's arguments that are arrays, by name."""
        if not self._completed:
            self._complete()
        return self._inputs

    @property
    def outputs(self) -> tuple[Node, ...]:
        """What f returned, without the cache."""
        if not self._completed:
            self._complete()
        return self._outputs

    def _complete(self) -> None:
        """Fill in what the trace has left out, and mark where a gradient flows."""
        self._completed = True
        for index, node in enumerate(self._nodes):
            node.index = index
            node.named = True
            node.active = False
            node._origins = None
        for node in self._invented:
            node.named = False
        for node in self._outputs:
            node.active = node.flow == DIFFERENTIABLE
        for node in reversed(self._nodes):
            if node.active and node.rule is not None:
                operands = node.operands
                for position in node.rule.flows:
                    for source in nodes_in(operands[position]):
                        source.active = source.active or source.flow == DIFFERENTIABLE

    def __getitem__(self, name: str) -> Node:
        if not self._completed:
            self._complete()
        node = self._names.get(self.aliases.get(name, name))
        if node is None:
            named = ", ".join(node.name for node in self.nodes if node.named)
            raise KeyError(f"{self.function} has no node {name!r}; it has {named}")
        return node

    def __contains__(self, name: object) -> bool:
        return name in self._names or name in self.aliases

    @property
    def modules(self) -> frozenset[str]:
        """What derived lines have their functions from: `np`, and `special` of scipy."""
        return frozenset({"np"}).union(*(n.rule.names for n in self.nodes if n.rule is not None))

    @property
    def output(self) -> Node | tuple[Node, ...]:
        return self.outputs if self.several else self.outputs[0]

    @property
    def differentiated(self) -> tuple[Node, ...]:
        """The inputs that are differentiated: the floating-point arrays."""
        return tuple(node for node in self.inputs.values() if node.differentiable)

    def __repr__(self) -> str:
        return f"<Graph of {self.function}: {len(self.nodes)} nodes>"


def upstream(graph: Graph, dout: Any) -> tuple[np.ndarray, ...]:
    """The upstream gradients as arrays of the outputs' shapes; ValueError if they do not fit."""
    if graph.several and not isinstance(dout, (tuple, list)):
        raise ValueError(
            f"{graph.function} returns {len(graph.outputs)} arrays: dout must be a tuple of as many"
        )
    given = tuple(dout) if graph.several else (dout,)
    if len(given) != len(graph.outputs):
        raise ValueError(
            f"{graph.function} returns {len(graph.outputs)} arrays, dout has {len(given)}"
        )
    arrays = tuple(np.asarray(each) for each in given)
    for array, node in zip(arrays, graph.outputs, strict=True):
        if array.shape != node.shape:
            raise ValueError(
                f"dout has shape {array.shape}, but `{node.name}`, the result of "
                f"{graph.function}, has {node.shape}; the upstream gradient has the output's shape"
            )
    return arrays
