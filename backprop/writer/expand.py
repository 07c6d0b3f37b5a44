"""Fills a rule's text: parameters become the author's names, words become numpy."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.node import Node
from backprop.graph.special import NAMES
from backprop.writer import text
from backprop.writer.constants import number_tree
from backprop.writer.naming import Naming
from backprop.writer.text import Shape, Tree, broadcast

# The words that texts may use beside numpy; `backprop.writer.words` fills it.
WORDS: dict[str, Callable[..., tuple[Tree, Shape | None]]] = {}

_FREE = {*NAMES, "float", "int", "len", "range"}


class Filling:
    """One use of a rule's text: for `node`, towards its operand `target`.

    `expand` returns a tree and its shape, None where the shape is not entry by entry.
    `full` is the shape that the whole gradient has before it is summed to the target's.
    """

    def __init__(
        self,
        writer: Naming,
        node: Node,
        target: Node,
        gradient: tuple[Tree, Shape] | None,
        position: int = 0,
    ) -> None:
        self.writer = writer
        self.node = node
        self.target = target
        self.gradient = gradient
        self.position = position
        self.full: Shape | None = None

    def argument(self, tree: ast.expr) -> Any:
        """The argument that a name in the text stands for."""
        if isinstance(tree, ast.Name):
            return self.node.arguments[tree.id]
        return ast.literal_eval(tree)

    def literal(self, value: Any) -> Tree:
        return self.writer.literal(value)

    def expand(self, tree: Any) -> tuple[Tree, Shape | None]:
        """A tree of the text, filled; it carries its shape along (`text.shape_of`)."""
        filled, shape = self._expand(tree)
        text.shapes[filled] = shape
        return filled, shape

    def statement(self, template: Any, name: str) -> ast.stmt:
        """A text that is a statement, filled: it scatters into the variable `name`."""
        if isinstance(template, ast.AugAssign):
            assert isinstance(template.target, ast.Subscript)
            key = self.expand(template.target.slice)[0]
            place = ast.Subscript(text.name(name), key)
            return ast.AugAssign(place, template.op, self.expand(template.value)[0])
        call = template.value
        target: Tree = text.name(name)
        if isinstance(call.args[0], ast.Call):  # a view of dx
            view = call.args[0]
            filled = self.expand(ast.Call(view.func, view.args[1:], view.keywords))[0]
            assert isinstance(filled, ast.Call)
            target = ast.Call(filled.func, [target, *filled.args], filled.keywords)
        args = [target, *[self.expand(arg)[0] for arg in call.args[1:]]]
        return ast.Expr(ast.Call(self.expand(call.func)[0], args, []))

    def _expand(self, tree: Any) -> tuple[Tree, Shape | None]:
        if isinstance(tree, ast.Name):
            return self._name(tree.id)
        if isinstance(tree, ast.Constant):
            return tree, ()
        if isinstance(tree, ast.BinOp):
            left, left_shape = self.expand(tree.left)
            right, right_shape = self.expand(tree.right)
            shape = None
            if not isinstance(tree.op, ast.MatMult):
                shape = broadcast((left_shape, right_shape))
            return text.binary(tree.op, left, right), shape
        if isinstance(tree, ast.UnaryOp):
            value, shape = self.expand(tree.operand)
            if isinstance(tree.op, ast.USub):
                return text.negative(value), shape
            return ast.UnaryOp(tree.op, value), shape
        if isinstance(tree, ast.Compare):
            parts = [self.expand(part) for part in (tree.left, *tree.comparators)]
            first, *others = [part for part, _ in parts]
            return ast.Compare(first, tree.ops, others), broadcast([s for _, s in parts])
        if isinstance(tree, ast.Call):
            return self._call(tree)
        if isinstance(tree, ast.Attribute):
            return text.attribute(self.expand(tree.value)[0], tree.attr), None
        if isinstance(tree, ast.Subscript):
            value, shape = self.expand(tree.value)
            key = self.expand(tree.slice)[0]
            whole = _all(key)
            return (value, shape) if whole else (ast.Subscript(value, key), None)
        if isinstance(tree, ast.Tuple):
            return ast.Tuple([self.expand(part)[0] for part in tree.elts]), None
        if isinstance(tree, ast.List):
            return ast.List([self.expand(part)[0] for part in tree.elts]), None
        if isinstance(tree, ast.Slice):
            parts3 = [
                None if part is None else self.expand(part)[0]
                for part in (tree.lower, tree.upper, tree.step)
            ]
            return ast.Slice(*parts3), None
        raise NotImplementedError(ast.dump(tree))

    def _name(self, word: str) -> tuple[Tree, Shape | None]:
        if word == "dz":
            assert self.gradient is not None
            return self.gradient
        if word == "z":
            return self.writer.value(self.node), self.node.shape
        if word in self.node.arguments:
            argument = self.node.arguments[word]
            if isinstance(argument, Node):
                return self.writer.value(argument), argument.shape
            if _number(argument):
                tree = number_tree(self.writer, argument, self.node.site)
                return self.literal(argument) if tree is None else tree, ()
            return self.literal(argument), None
        if word in _FREE:
            return text.name(word), None
        raise NameError(f"`{word}` in the row of {self.node.op}")

    def _call(self, tree: ast.Call) -> tuple[Tree, Shape | None]:
        if isinstance(tree.func, ast.Name) and tree.func.id in WORDS:
            return WORDS[tree.func.id](self, *tree.args)
        function, _ = self.expand(tree.func)
        args = [part for arg in tree.args for part in self._argument_list(arg)]
        rule = self.node.rule
        assert rule is not None
        options = {}
        for option in tree.keywords:
            value = option.value
            if (
                isinstance(value, ast.Name)
                and value.id in rule.defaults
                and _same(self.node.arguments[value.id], rule.defaults[value.id])
            ):
                continue
            assert option.arg is not None
            options[option.arg] = self.expand(value)[0]
        if _takes_lengths(tree) and isinstance(args[0][0], ast.Tuple) and args[0][0].elts:
            args = [(part, None) for part in args[0][0].elts]
        keywords = [ast.keyword(key, value) for key, value in options.items()]
        shape = broadcast([shape for _, shape in args]) if args and not options else None
        result = ast.Call(function, [arg for arg, _ in args], keywords)
        if text.swapped(result) is not None and (inner := text.swapped(args[0][0])) is not None:
            return inner, shape
        return result, shape

    def _argument_list(self, tree: Any) -> list[tuple[Tree, Shape | None]]:
        """`*operands` in a text is written out."""
        if not isinstance(tree, ast.Starred):
            return [self.expand(tree)]
        inner, _ = self.expand(tree.value)
        assert isinstance(inner, (ast.Tuple, ast.List))
        return [(part, None) for part in inner.elts]


def _takes_lengths(tree: ast.Call) -> bool:
    """`x.reshape(2, 3)` rather than `x.reshape((2, 3))`."""
    method = tree.func.attr if isinstance(tree.func, ast.Attribute) else ""
    return method in ("reshape", "transpose") and len(tree.args) == 1


def _all(key: Tree) -> bool:
    """Whether an index is `:` alone, of any number of axes."""
    parts = key.elts if isinstance(key, ast.Tuple) else [key]
    return all(
        isinstance(part, ast.Slice) and not (part.lower or part.upper or part.step)
        for part in parts
    )


def _number(value: Any) -> bool:
    return isinstance(value, (int, float, complex, np.number, np.bool_))


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and value == default)
