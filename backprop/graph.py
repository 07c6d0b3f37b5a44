"""Node and Graph: what a computation was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.lengths import bare

if TYPE_CHECKING:
    from backprop.replay import Gradients
    from backprop.rules import Rule
    from backprop.tracer.names import Site
    from backprop.writer import Backward


CONSTANT, DEPENDS, DIFFERENTIABLE = 0, 1, 3


class Node:
    """One value of a computation and the operation that made it.

    Attributes:
        name: the author's name (`diff`, a second version `x_2`), or `t1`, `t2`, …
        op: the name of its row in the table of rules, or "input" / "constant".
        rule: that row, None for inputs and constants.
        arguments: parameter name of the row -> Node, plain value, or a tuple,
            list or slice of those. `operands` are its values, in order.
        index: position in execution order.
        value: what it was when the function ran; do not write to it.
        active: a gradient flows through it, from the output to an input.
        flow: CONSTANT, DEPENDS or DIFFERENTIABLE, made so that `|` is right for operands.
    """

    # A trace makes many nodes: slots, all of them filled by `made`, are read and written fastest.
    __slots__ = (
        "_arguments",
        "_origins",
        "active",
        "flow",
        "index",
        "name",
        "named",
        "note",
        "op",
        "operands",
        "rule",
        "shift",
        "site",
        "value",
    )

    op: str
    rule: Rule | None
    operands: tuple[Any, ...]
    value: np.ndarray
    index: int
    flow: int
    site: Site | None
    name: str
    named: bool  # the name is the author's
    active: bool
    note: Any  # where a constant comes from, for the writer
    shift: np.ndarray | None  # a constant added to the result: a shifted graph
    _arguments: dict[str, Any] | None
    _origins: Any

    @property
    def depends(self) -> bool:
        """It depends on a differentiated input at all (masks do, too)."""
        return self.flow != CONSTANT

    @property
    def differentiable(self) -> bool:
        """It depends on a differentiated input, through rules that have a backward."""
        return self.flow == DIFFERENTIABLE

    @property
    def line(self) -> int | None:
        """The author's source line, None where there is no source."""
        return self.site.line if self.site is not None else None

    @property
    def arguments(self) -> dict[str, Any]:
        if self._arguments is None:  # a trace has no need of it
            parameters = self.rule.parameters if self.rule is not None else ()
            self._arguments = dict(zip(parameters, self.operands, strict=True))
        return self._arguments

    def become(self, rule: Rule, operands: tuple[Any, ...]) -> None:
        """Have the value made by another operation."""
        self.op, self.rule, self.operands, self._arguments = rule.op, rule, operands, None

    @property
    def plain(self) -> Any:
        """The value as the operation got it: a Python number stays one (it has no dtype)."""
        if self.rule is None and isinstance(self.note, (int, float, complex)):
            return bare(self.note)
        return self.value

    @property
    def shape(self) -> tuple[int, ...]:
        return self.value.shape

    @property
    def inputs(self) -> tuple[Node, ...]:
        """All operands that are nodes, in operand order."""
        return tuple(nodes_in(self.operands))

    def __repr__(self) -> str:
        return f"<Node {self.name} = {self.op}{self.shape}>"


def made(
    op: str,
    rule: Rule | None,
    operands: tuple[Any, ...],
    value: np.ndarray,
    index: int,
    flow: int = CONSTANT,
    site: Site | None = None,
    name: str = "",
) -> Node:
    """A node. (Not by `Node(…)`: calling a class costs more than all these assignments.)"""
    node = _new(Node)
    node.op = op
    node.rule = rule
    node.operands = operands
    node.value = value
    node.index = index
    node.flow = flow
    node.site = site
    node.name = name
    node.named = True
    node.active = False
    node.note = node.shift = node._arguments = node._origins = None
    return node


_new = object.__new__


def nodes_in(item: Any) -> Iterator[Node]:
    """The nodes in an argument, however nested."""
    if isinstance(item, Node):
        yield item
    elif isinstance(item, dict):
        for part in item.values():
            yield from nodes_in(part)
    elif isinstance(item, (tuple, list)):
        for part in item:
            yield from nodes_in(part)
    elif isinstance(item, slice):
        yield from nodes_in((item.start, item.stop, item.step))


def plain(item: Any, value_of: Any = None) -> Any:
    """An argument with its nodes replaced by their values (or by `value_of(node)`)."""
    if isinstance(item, Node):
        return item.plain if value_of is None else value_of(item)
    if isinstance(item, tuple):
        return tuple([plain(part, value_of) for part in item])
    if isinstance(item, list):
        return [plain(part, value_of) for part in item]
    if isinstance(item, slice):
        return slice(*[plain(part, value_of) for part in (item.start, item.stop, item.step)])
    return bare(item)


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
    ) -> None:
        self.function = function
        self._nodes = nodes
        self._inputs = inputs
        self._outputs = outputs
        self._activated = False  # the nodes know whether a gradient flows: when it is asked
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
        if not self._activated:
            self._activate()
        return self._nodes

    @property
    def inputs(self) -> dict[str, Node]:
        """f's arguments that are arrays, by name."""
        if not self._activated:
            self._activate()
        return self._inputs

    @property
    def outputs(self) -> tuple[Node, ...]:
        """What f returned, without the cache."""
        if not self._activated:
            self._activate()
        return self._outputs

    def _activate(self) -> None:
        """Mark the nodes through which a gradient flows."""
        self._activated = True
        for node in self._outputs:
            node.active = node.flow == DIFFERENTIABLE
        for node in reversed(self._nodes):
            if node.active and node.rule is not None:
                operands = node.operands
                for position in node.rule.flows:
                    for source in nodes_in(operands[position]):
                        source.active = source.active or source.flow == DIFFERENTIABLE

    def __getitem__(self, name: str) -> Node:
        if not self._activated:
            self._activate()
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
        from backprop.replay import gradients

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
