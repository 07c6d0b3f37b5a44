"""What a backward pass consists of: lines, gradients, partial gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from backprop.graph.node import Node
from backprop.graph.rule import Rule
from backprop.writer.names import Use
from backprop.writer.stale import Stale
from backprop.writer.text import Shape, Tree


class Why(NamedTuple):
    """What broadcasting made necessary in a line: a sum over axes, or a completion."""

    axes: tuple[int, ...]
    from_shape: Shape
    to_shape: Shape


@dataclass
class Step:
    """One line of the backward pass.

    Attributes:
        line: its text.
        gradient: the variable that it assigns.
        node: the forward node whose gradient, or partial gradient, that is.
        user: the node that used it; None for the sum of partials.
        operand: which operand of `user` it was.
        shape: the shape the variable really has (smaller than the node's where lazy).
        why: what broadcasting added to the rule's own text.
        rule: the row of the table that the line comes from; None for sums.
        plain: the rule in the graph's own names, without what broadcasting adds; "" for sums.
    """

    line: str
    gradient: str
    node: Node
    user: Node | None
    operand: str
    shape: Shape
    why: tuple[Why, ...]
    rule: Rule | None
    tree: Any = field(repr=False, default=None)
    plain_tree: Any = field(repr=False, default=None)
    plain: str = ""


class Gradient(NamedTuple):
    """A gradient as the lines have it."""

    name: str
    shape: Shape
    stale: Stale | None = None
    until: int | None = None  # after so many lines the variable goes on as an older version's


class Partial(NamedTuple):
    """What one use sends back."""

    use: Use
    tree: Tree
    shape: Shape
    why: tuple[Why, ...]
    source: Gradient | None  # the gradient that it is a plain copy of
