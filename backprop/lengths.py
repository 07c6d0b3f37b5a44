"""Lengths that remember which axis of which node they are."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

# A tree is ("length", node, axis), ("call", name, trees), (operator, tree, tree) or a number.
Tree = Any


class _Remembering:
    """A Python number with a tree; numpy is to treat it as the plain number it is.

    (numpy takes a number of a subclass for a scalar of its own, which has a dtype: it would
    turn float32 into float64.)
    """

    tree: Tree

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*[bare(value) for value in inputs], **options)


class Length(_Remembering, int):
    """An axis' length: an int, with where it comes from and what the author called it."""

    name: str | None = None


class Number(_Remembering, float):
    """A float computed from lengths, such as `1 / N`."""


def length(node: Any, axis: int, value: int, name: str | None = None) -> Length:
    """The length of an axis of a node."""
    result = Length(value)
    result.tree = ("length", node, axis)
    result.name = name
    return result


def remember(value: Any, tree: Tree) -> Any:
    """`value` with the tree that computed it, if it is a number."""
    if type(value) in (int, Length):
        value = Length(value)
    elif type(value) in (float, Number):
        value = Number(value)
    else:
        return value
    value.tree = tree
    return value


def tree_of(value: Any) -> Tree:
    """What a number was computed from: a tree, or the number itself."""
    if isinstance(value, Length) and value.name:
        return ("named", value)
    return getattr(value, "tree", value)


def _arithmetic(sign: str, compute: Callable[[Any, Any], Any], base: type) -> tuple[Any, Any]:
    def forward(self: Any, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        return remember(compute(base(self), bare(other)), (sign, tree_of(self), tree_of(other)))

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        return remember(compute(bare(other), base(self)), (sign, tree_of(other), tree_of(self)))

    return forward, reflected


def bare(value: Any) -> Any:
    """The plain Python number."""
    if isinstance(value, Length):
        return int(value)
    return float(value) if isinstance(value, Number) else value


for _sign, _name, _compute in (
    ("+", "add", operator.add),
    ("-", "sub", operator.sub),
    ("*", "mul", operator.mul),
    ("/", "truediv", operator.truediv),
    ("//", "floordiv", operator.floordiv),
    ("%", "mod", operator.mod),
    ("**", "pow", operator.pow),
):
    for _class, _base in ((Length, int), (Number, float)):
        _forward, _reflected = _arithmetic(_sign, _compute, _base)
        setattr(_class, f"__{_name}__", _forward)
        setattr(_class, f"__r{_name}__", _reflected)
