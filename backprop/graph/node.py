"""Node: one value of a computation, and the operation that made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from backprop.graph.lengths import bare
from backprop.graph.rule import CONSTANT, DIFFERENTIABLE, Rule
from backprop.graph.site import Site


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

    # A trace makes many nodes: slots are read and written fastest, and the fewer the better.
    # `made` fills those of the second row, the graph those of the first, when it is looked at.
    __slots__ = (
        *("_origins", "active", "index", "named"),
        *("flow", "leaf", "name", "note", "operands", "rule", "site", "value"),
    )

    rule: Rule | None
    operands: tuple[Any, ...]
    value: np.ndarray
    flow: int
    site: Site | None
    name: str
    leaf: str  # "input" or "constant", where there is no rule
    note: Any  # where a constant comes from, for the writer
    index: int
    named: bool  # the name is the author's
    active: bool
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
    def op(self) -> str:
        return self.leaf if self.rule is None else self.rule.op

    @property
    def arguments(self) -> dict[str, Any]:
        parameters = self.rule.parameters if self.rule is not None else ()
        return dict(zip(parameters, self.operands, strict=True))

    def become(self, rule: Rule, operands: tuple[Any, ...]) -> None:
        """Have the value made by another operation."""
        self.rule, self.operands = rule, operands

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


class Buffer(NamedTuple):
    """The memory of an array that was filled in place, and what each step has overwritten."""

    array: np.ndarray
    changes: list[tuple[Any, np.ndarray]]  # the key, and the entries that were there before


class Overwritten(Node):
    """A former version of a buffer, put together when it is looked at.

    A loop that fills an image pixel by pixel would need a copy of it for each otherwise.
    """

    __slots__ = ()

    @property
    def value(self) -> np.ndarray:  # type: ignore[override]
        buffer, step = _kept.__get__(self)
        result: np.ndarray = buffer.array.copy()
        for key, entries in reversed(buffer.changes[step:]):
            result[key] = entries
        return result

    @property
    def shape(self) -> tuple[int, ...]:
        result: tuple[int, ...] = _kept.__get__(self)[0].array.shape
        return result


_kept: Any = Node.__dict__["value"]  # the slot


def overwrite(node: Node, buffer: Buffer, key: Any) -> None:
    """A node that is about to be overwritten at `key` keeps how to find its value."""
    node.__class__ = Overwritten
    _kept.__set__(node, (buffer, len(buffer.changes)))
    buffer.changes.append((key, np.array(buffer.array[key])))


def made(
    rule: Rule | None,
    operands: tuple[Any, ...],
    value: np.ndarray,
    flow: int = CONSTANT,
    site: Site | None = None,
    name: str = "",
    leaf: str = "",
    note: Any = None,
) -> Node:
    """A node. (Not by `Node(…)`: calling a class costs more than all these assignments.)"""
    node = _new(Node)
    node.rule = rule
    node.operands = operands
    node.value = value
    node.flow = flow
    node.site = site
    node.name = name
    node.note = note
    if rule is None:
        node.leaf = leaf
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
