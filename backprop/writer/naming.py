"""What writing a tree needs to know: how the author's values and lengths are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from backprop.graph.graph import Graph
from backprop.graph.lengths import Length
from backprop.graph.node import Node
from backprop.writer.text import Tree


class Naming(Protocol):
    """Turns nodes and plain arguments into source; `Values` is one."""

    graph: Graph

    def value(self, node: Node) -> Tree:
        """The variable of a forward node, or its expression where that says it all."""

    def literal(self, value: Any) -> Tree:
        """A plain argument, as source; TypeError for what has none."""

    def formula(self, tree: Any) -> Tree:
        """A number that was computed from lengths, as it was computed."""

    def named(self, length: Length) -> Tree:
        """A length by the name that the author gave it."""

    def length(self, node: Node, axis: int) -> Tree:
        """The length of an axis, named after the input it comes from."""

    def lengths(self, node: Node, axes: Iterable[int]) -> Tree:
        """The product of the lengths of some axes."""

    def size(self, part: Any, axis: int) -> Tree:
        """The length of an axis of an argument that may be no node."""

    def shape(self, node: Node) -> Tree:
        """The shape of a node, named after inputs if it can be."""
