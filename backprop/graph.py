"""Graph: what a function did with its arguments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.node import DIFFERENTIABLE, Node, nodes_in

if TYPE_CHECKING:
    from backprop.gradients import Gradients
    from backprop.writer import Backward


class Graph:
    """What a function did with its arguments, step by step.

    `graph["diff"]` is the node that the function called `diff`.
    """

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
        self._backward: Backward | None = None

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
    def output(self) -> Node | tuple[Node, ...]:
        return self.outputs if self.several else self.outputs[0]

    @property
    def differentiated(self) -> tuple[Node, ...]:
        """The inputs that are differentiated: the floating-point arrays."""
        return tuple(node for node in self.inputs.values() if node.differentiable)

    def derive(self) -> Backward:
        """The backward pass of this graph, as lines and as a function."""
        if self._backward is None:
            from backprop.writer import Backward

            self._backward = Backward(self)
        return self._backward

    def backward(self, dout: Any) -> Mapping[str, np.ndarray]:
        """The gradient of every node, by name, each of the node's own shape.

        `dout` is the upstream gradient, of the output's shape (a tuple of them
        when the function returns several arrays).
        """
        return self.gradients(dout).nodes

    def gradients(self, dout: Any) -> Gradients:
        """Like `backward`, with the partials too: `.nodes` and `.wires`."""
        from backprop.gradients import gradients

        return gradients(self, dout)

    def at(self, changed: Mapping[str, Any]) -> Graph:
        """The same computation for other values of some nodes; constants stay."""
        from backprop.replay import at

        return at(self, changed)

    def shifted(self, seed: int = 0) -> Graph:
        """The graph of the same function with a random constant added to every sum and mean."""
        from backprop.replay import shifted

        return shifted(self, seed)

    def _repr_svg_(self) -> str:
        from backprop.drawing import draw

        return draw(self)

    def __repr__(self) -> str:
        return f"<Graph of {self.function}: {len(self.nodes)} nodes>"
