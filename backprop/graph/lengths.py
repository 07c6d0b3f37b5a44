"""Whole numbers that remember where they come from: an axis of a node, an argument of f."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

# A tree is ("length", node, axis), ("argument", name, value), ("call", name, trees),
# (operator, tree, tree), ("-", tree) or a number.
Tree = Any


class _Remembering:
    """A Python number with a tree; numpy is to treat it as the plain number it is.

    (numpy takes a number of a subclass for a scalar of its own, which has a dtype: it would
    turn float32 into float64.)
    """

    tree: Tree

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return getattr(ufunc, method)(*[bare(value) for value in inputs], **options)

    def __neg__(self) -> Any:
        return remember(-bare(self), ("-", tree_of(self)))


class Length(_Remembering, int):
    """An int with where it comes from and, of an axis' length, what the author called it."""

    name: str | None = None


class Number(_Remembering, float):
    """A float computed from lengths, such as `1 / N`."""


def length(node: Any, axis: int, value: int, name: str | None = None) -> Length:
    """The length of an axis of a node."""
    result = Length(value)
    result.tree = ("length", node, axis)
    result.name = name
    return result


def argument(name: str, value: int) -> Length:
    """A whole number that f was given, or has as a default."""
    result = Length(value)
    result.tree = ("argument", name, value)
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
        if sign == "*" and type(other) is int and other == 0:
            return base(0)  # the first turn of a loop: `i * stride`
        return remember(compute(base(self), bare(other)), (sign, tree_of(self), tree_of(other)))

    def reflected(self: Any, other: Any) -> Any:
        if not isinstance(other, (int, float)):
            return NotImplemented
        if sign == "*" and type(other) is int and other == 0:
            return base(0)
        return remember(compute(bare(other), base(self)), (sign, tree_of(other), tree_of(self)))

    return forward, reflected


def folded(value: Any) -> Any:
    """A number in which arguments that are computed with are their values: for slices.

    `x[:, i * stride : i * stride + HH]` in a loop is easier to read with numbers; `x[:n]` and
    `x[pad:-pad]` are not.
    """
    tree = getattr(value, "tree", None)
    if not isinstance(tree, tuple) or tree[0] not in _OPERATORS or len(tree) == 2:
        return value
    numbers = _folded(tree)
    return bare(value) if not isinstance(numbers, tuple) else remember(value, numbers)


def _folded(tree: Tree) -> Tree:
    """The tree without arguments, and with sums and products of numbers computed."""
    if not isinstance(tree, tuple):
        return tree
    head, *parts = tree
    if head == "argument":
        return parts[1]
    if head not in _OPERATORS:
        return tree
    parts = [_folded(part) for part in parts]
    if any(isinstance(part, tuple) for part in parts):
        return (head, *parts)
    return -parts[0] if len(parts) == 1 else _OPERATORS[head](*parts)


def bare(value: Any) -> Any:
    """The plain Python number."""
    if isinstance(value, Length):
        return int(value)
    return float(value) if isinstance(value, Number) else value


_NAMES = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod"}
_OPERATORS = {
    **{sign: getattr(operator, name) for sign, name in _NAMES.items()},
    "**": operator.pow,
}
for _sign, _name in (*_NAMES.items(), ("**", "pow")):
    for _class, _base in ((Length, int), (Number, float)):
        _forward, _reflected = _arithmetic(_sign, _OPERATORS[_sign], _base)
        setattr(_class, f"__{_name}__", _forward)
        setattr(_class, f"__r{_name}__", _reflected)
