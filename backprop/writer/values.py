"""What a text may refer to: forward values, literals, lengths named after inputs."""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable
from typing import Any

import numpy as np

from backprop.graph.axes import origins
from backprop.graph.graph import Graph
from backprop.graph.lengths import Length, tree_of
from backprop.graph.node import Node
from backprop.writer import text, words  # noqa: F401 (words fills the table of words)
from backprop.writer.constants import LITERAL, constant_tree
from backprop.writer.expand import Filling
from backprop.writer.text import Tree


class Values:
    """Turns nodes and plain arguments into source.

    Attributes:
        needed: the nodes that the text names, in the order of their first use.
        lengths_named: the lengths that it calls by the author's name (`H`).
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.needed: dict[Node, None] = {}
        self.lengths_named: dict[str, Length] = {}
        self._follows: dict[Node, bool] = {}
        self._variables: dict[str, str] = {}

    def variable(self, node: Node, name: str = "") -> str:
        """The variable of a node: its name, or the author's for an array at a path.

        `W1` for `params["W1"]`, unless that means something else.
        """
        name = name or node.name
        if name.isidentifier():
            return name
        if not self._variables:
            self._variables = self._shortened()
        return self._variables.get(name, name)

    def _shortened(self) -> dict[str, str]:
        graph = self.graph
        paths = [node.name for node in graph.nodes if not node.name.isidentifier()]
        wanted = {path: name for name, path in graph.aliases.items() if name.isidentifier()}
        taken = {node.name for node in graph.nodes} | {name for name, *_ in graph.call.parameters}
        found: dict[str, str] = {}
        for path in paths:
            plain = re.sub(r"\W+", "_", path).strip("_")
            name = wanted.get(path, plain)
            if name in taken or keyword.iskeyword(name):
                name = plain
            while name in taken:
                name += "_"
            taken.add(name)
            found[path] = name
        return found

    def value(self, node: Node) -> Tree:
        """The variable of a forward node, or its expression where that says it all."""
        if self.inlined(node):
            return self.expression(node) if node.rule is not None else self._constant(node)
        self.needed[node] = None
        return text.name(self.variable(node))

    def inlined(self, node: Node) -> bool:
        """Whether a node is written as its expression: a constant or a view without a name.

        So is `y = x + 0`, with a name or without, as long as x stays what it is.
        """
        same = repeated(node)
        if same is not None and not (_buffer(same) or _buffer(node)):
            return True
        if node.named or node.op == "input":
            return False
        if node.rule is None:
            return self.follows(node)
        return node.rule.view and not _buffer(node.arguments["x"])

    def follows(self, node: Node) -> bool:
        """Whether the value of a constant can be written; else it is a variable."""
        if node.value.size <= LITERAL:
            return True
        if node not in self._follows:
            self._follows[node] = constant_tree(self, node) is not None
        return self._follows[node]

    def _constant(self, node: Node) -> Tree:
        tree = constant_tree(self, node)
        assert tree is not None
        return tree

    def expression(self, node: Node) -> Tree:
        """The forward of a node as an expression."""
        assert node.rule is not None
        filling = Filling(self, node, node, None)
        template = text.expression(node.rule.forward)
        if isinstance(template, ast.BinOp) and repeated(node) is None and _folds(node) is not None:
            left, right = (self.literal(part) for part in node.operands)
            return ast.BinOp(left, template.op, right)  # `(x > 0) * 1` is no mask
        return filling.expand(template)[0]

    def literal(self, value: Any) -> Tree:
        """A plain argument, as source; TypeError for what has none."""
        if isinstance(value, Node):
            return self.value(value)
        if isinstance(value, tuple):
            return ast.Tuple([self.literal(part) for part in value])
        if isinstance(value, list):
            return ast.List([self.literal(part) for part in value])
        if isinstance(value, slice):
            parts = (value.start, value.stop, value.step)
            return ast.Slice(*[None if part is None else self.literal(part) for part in parts])
        if isinstance(value, (np.dtype, type)):
            dtype = np.dtype(value)
            builtin = {"bool": "bool", "float64": "float", "int64": "int"}
            return text.expression(builtin.get(dtype.name, f"np.{dtype.name}"))
        if isinstance(getattr(value, "node", None), Node):  # an Array
            return self.value(value.node)
        tree = tree_of(value)
        if tree is not value:
            return self.formula(tree)
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not np.isfinite(value):
            return text.expression("np.nan" if value != value else f"{'-' * (value < 0)}np.inf")
        if not isinstance(value, (bool, int, float, complex, str, type(None), type(...))):
            raise TypeError(f"no source for {value!r}")
        return text.constant(value)

    def formula(self, tree: Any) -> Tree:
        """The source of a number computed from lengths."""
        if not isinstance(tree, tuple):
            return text.constant(tree)
        head, *parts = tree
        if head == "named":
            return self.named(parts[0])
        if head == "length":
            return self.length(*parts)
        if head == "argument":
            return self.argument(*parts)
        if head == "call":
            return text.called(parts[0], *[self.formula(part) for part in parts[1]])
        if len(parts) == 1:
            return text.negative(self.formula(parts[0])) or text.constant(0)
        left, right = (self.formula(part) for part in parts)
        template = text.expression(f"a {head} b")
        assert isinstance(template, ast.BinOp)
        return text.binary(template.op, left, right)

    def argument(self, name: str, value: int) -> Tree:
        """A parameter of f, if its name means nothing else here."""
        known = name not in self.graph or (
            getattr(self.graph[name].note, "tree", None) == ("argument", name, value)
        )
        free = known and name not in self.lengths_named
        return text.name(name) if free else text.constant(value)

    def named(self, length: Length) -> Tree:
        """The author's name of a length, if it means nothing else and belongs to an input."""
        assert length.name is not None
        _, node, axis = length.tree
        known = self.lengths_named.get(length.name, length)
        other = length.name in self.graph and (
            getattr(self.graph[length.name].note, "tree", None) != length.tree
        )
        parameter = any(name == length.name for name, *_ in self.graph.call.parameters)
        strange = origins(node)[axis][0].op != "input"
        if other or parameter or known.tree != length.tree or strange:
            return self.length(node, axis)
        self.lengths_named[length.name] = length
        self.length(node, axis)
        return text.name(length.name)

    def length(self, node: Node, axis: int) -> Tree:
        """`x.shape[0]`: the length of an axis, named after the input it comes from."""
        source, its_axis = origins(node)[axis]
        if source.op == "input" or source.named or not node.named:
            node, axis = source, its_axis
        if node.op == "reshape" and self.inlined(node) and node.operands[1][axis] != -1:
            return self.literal(node.operands[1][axis])
        if _added(node, axis):
            return text.constant(1)
        value = self.value(node)
        if isinstance(value, (ast.List, ast.Tuple)):  # `np.concatenate(([0.0], x))`
            return text.constant(node.shape[axis])
        return ast.Subscript(text.attribute(value, "shape"), text.constant(axis))

    def size(self, part: Any, axis: int) -> Tree:
        """The length of an axis of an operand, which may be a plain array."""
        if isinstance(part, Node):
            return self.length(part, axis)
        return text.constant(int(np.shape(part)[axis]))

    def lengths(self, node: Node, axes: Iterable[int]) -> Tree:
        """The product of some lengths: `x.shape[0] * x.shape[1]`, or `x.size`."""
        axes = tuple(axes)
        source = self._whole(node, axes)
        if source is not None and len(axes) > 1:
            return text.attribute(self.value(source), "size")
        product = text.constant(1)
        for axis in axes:
            product = text.binary(ast.Mult(), product, self.length(node, axis))
        return product

    def shape(self, node: Node) -> Tree:
        """`x.shape`, or a tuple of lengths, or the node's own."""
        axes = tuple(range(len(node.shape)))
        if not axes:
            return ast.Tuple([])
        source = self._whole(node, axes)
        if source is not None:
            return self._own_shape(source)
        if all(origin[0].op == "input" for origin in origins(node)):
            lengths = [self.length(node, axis) for axis in axes]
            return lengths[0] if len(lengths) == 1 else ast.Tuple(lengths)
        found = origins(node)
        twin = next(n for n in self.graph.nodes if n is node or (n.named and origins(n) == found))
        return self._own_shape(twin)

    def _own_shape(self, node: Node) -> Tree:
        if node.op == "reshape" and self.inlined(node) and -1 not in node.operands[1]:
            return self.literal(tuple(node.operands[1]))
        value = self.value(node)
        if isinstance(value, (ast.List, ast.Tuple)):
            return self.literal(node.shape)
        return text.attribute(value, "shape")

    def _whole(self, node: Node, axes: tuple[int, ...]) -> Node | None:
        """The earlier node whose axes these are, all and in order."""
        found = [origins(node)[axis] for axis in axes]
        if not found:
            return None
        source = found[0][0]
        if found != [(source, axis) for axis in range(len(source.shape))]:
            return None
        return source if source.op == "input" or source.named or not node.named else None


def _added(node: Node, axis: int) -> bool:
    """Whether an axis is one that `x[:, None]` or `np.expand_dims` adds."""
    if node.shape[axis] != 1 or origins(node)[axis] != (node, axis):
        return False
    if node.op != "get":
        return node.op == "expand_dims"
    key = node.arguments["key"]
    parts = list(key) if isinstance(key, tuple) else [key]
    basic = (slice, int, np.integer)
    if not all(part is None or part is ... or isinstance(part, basic) for part in parts):
        return False
    parts = [part for part in parts if not isinstance(part, (int, np.integer))]
    if ... in parts:
        at = parts.index(...)
        rest = len(node.shape) - (len(parts) - 1)
        parts[at : at + 1] = [slice(None)] * rest
    return axis < len(parts) and parts[axis] is None


def repeated(node: Node) -> Node | None:
    """x where a node is x again, by arithmetic that changes nothing: `x + 0`, `1 * x`, `+x`."""
    same = _folds(node)
    if same is None or same.value.dtype != node.value.dtype or same.shape != node.shape:
        return None
    return same


def _folds(node: Node) -> Node | None:
    """The operand that is left of a node's text when it is written tidily."""
    rule = node.rule
    if rule is None or rule.in_place:
        return None
    plain = [type(part) in (int, float) for part in node.operands]
    if len(plain) - sum(plain) != 1:
        return None
    template = text.expression(rule.forward)
    if isinstance(template, ast.BinOp) and len(plain) == 2:
        left, right = (
            text.constant(part) if number else text.name("x")
            for part, number in zip(node.operands, plain, strict=True)
        )
        template = text.binary(template.op, left, right)
    operand = node.operands[plain.index(False)]
    return operand if isinstance(template, ast.Name) and isinstance(operand, Node) else None


def _buffer(node: Node) -> bool:
    """Whether an array is one that is filled in place, so that a view of it may go stale."""
    return node.rule is not None and node.rule.in_place
