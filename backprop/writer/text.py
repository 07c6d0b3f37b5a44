"""Python expressions as trees: built tidily, printed as a formatter would."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

Tree = ast.expr
Shape = tuple[int, ...]
# The shape of what a tree computes, where it is known.
shapes: WeakKeyDictionary[ast.AST, tuple[int, ...] | None] = WeakKeyDictionary()
SCATTER = "_scatter"  # the array that a partial is scattered into, when it is wanted alone


@cache
def parse(text: str) -> ast.stmt:
    """The statement of a rule's text; do not change it."""
    (statement,) = ast.parse(text).body
    return statement


@cache
def expression(text: str) -> Tree:
    """The expression of a text; do not change it."""
    return ast.parse(text, mode="eval").body


# ── building: what would be written clumsily is never built ─────────────────────────────────
def name(text: str) -> Tree:
    return ast.Name(text)


def constant(value: Any) -> Tree:
    return ast.Constant(value)


def called(function: str, *args: Tree, **options: Tree) -> Tree:
    """A call: `called("np.sum", x, axis=…)`, `function` being a dotted name."""
    keywords = [ast.keyword(key, value) for key, value in options.items()]
    return ast.Call(expression(function), list(args), keywords)


def swapped(tree: Tree) -> Tree | None:
    """x where the tree is x with its last two axes swapped."""
    if not isinstance(tree, ast.Call):
        return None
    shown = [number(arg) for arg in tree.args]
    if show(tree.func) == "np.swapaxes" and {*shown[1:]} == {-1, -2}:
        return tree.args[0]
    if isinstance(tree.func, ast.Attribute) and tree.func.attr == "transpose":
        axes = list(range(len(shown)))
        if len(axes) > 1 and shown == [*axes[:-2], axes[-1], axes[-2]]:
            return tree.func.value
    return None


def number(tree: Tree) -> Any:
    """The number that a tree is, or None."""
    if isinstance(tree, ast.Constant) and type(tree.value) in (int, float):
        return tree.value
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        inner = number(tree.operand)
        return None if inner is None else -inner
    return None


def _negated(tree: Tree) -> Tree | None:
    """e where the tree is -e, its sign being in front: `-a * b` is -(a * b)."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return tree.operand
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div, ast.MatMult)):
        left = _negated(tree.left)
        return None if left is None else binary(tree.op, left, tree.right)
    value = number(tree)
    return constant(-value) if value is not None and value < 0 else None


def negative(tree: Tree) -> Tree:
    """-tree; the sign of a product goes to its first factor."""
    inner = _negated(tree)
    if inner is not None:
        return inner
    value = number(tree)
    if value is not None:
        return constant(-value)
    if isinstance(tree, ast.BinOp):
        if isinstance(tree.op, (ast.Mult, ast.Div, ast.MatMult)):
            return ast.BinOp(negative(tree.left), tree.op, tree.right)
        if isinstance(tree.op, ast.Sub):
            return binary(tree.op, tree.right, tree.left)
    return ast.UnaryOp(ast.USub(), tree)


def outside(function: Callable[[Tree], Tree], tree: Tree) -> Tree:
    """A linear function of a tree, its sign outside: -np.sum(x), not np.sum(-x)."""
    inner = _negated(tree)
    return function(tree) if inner is None else negative(function(inner))


_FOLD: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
}


def binary(op: ast.operator, left: Tree, right: Tree) -> Tree:
    """`left op right` without `* 1`, `+ 0`, `- -` and the like."""
    a, b = number(left), number(right)
    kind = type(op)
    if a is not None and b is not None and kind in _FOLD:
        return constant(_FOLD[kind](a, b))
    if kind is ast.Mult:
        if a == 1:
            return right
        if b == 1:
            return left
        if a == -1:
            return negative(right)
        if b == -1:
            return negative(left)
        if (inner := _negated(right)) is not None and b is None:
            return binary(op, negative(left), inner)
        product = isinstance(right, ast.BinOp) and isinstance(right.op, (ast.Mult, ast.Div))
        if product and isinstance(left, ast.Name):
            return ast.BinOp(right, op, left)  # 0.5 * reg * dout needs no parentheses
    elif kind is ast.Div:
        if b == 1:
            return left
        if (inner := _negated(right)) is not None and b is None:
            return binary(op, negative(left), inner)
    elif kind is ast.Pow and b == 1:
        return left
    elif kind is ast.Add:
        if a == 0:
            return right
        if b == 0:
            return left
        if (inner := _negated(right)) is not None:
            return binary(ast.Sub(), left, inner)
    elif kind is ast.Sub:
        if b == 0:
            return left
        if (inner := _negated(right)) is not None:
            return binary(ast.Add(), left, inner)
    return ast.BinOp(left, op, right)


def attribute(value: Tree, attr: str) -> Tree:
    """`value.attr`; a transpose of a transpose is neither."""
    if attr == "T" and isinstance(value, ast.Attribute) and value.attr == "T":
        return value.value
    return ast.Attribute(value, attr)


# ── printing ────────────────────────────────────────────────────────────────────────────────
_SIGNS: dict[type, tuple[str, int]] = {
    ast.Add: ("+", 9), ast.Sub: ("-", 9), ast.Mult: ("*", 10), ast.Div: ("/", 10),
    ast.FloorDiv: ("//", 10), ast.Mod: ("%", 10), ast.MatMult: ("@", 10), ast.Pow: ("**", 12),
    ast.BitAnd: ("&", 7), ast.BitOr: ("|", 5), ast.BitXor: ("^", 6),
    ast.Eq: ("==", 4), ast.NotEq: ("!=", 4), ast.Lt: ("<", 4), ast.LtE: ("<=", 4),
    ast.Gt: (">", 4), ast.GtE: (">=", 4), ast.Is: ("is", 4), ast.IsNot: ("is not", 4),
}  # fmt: skip
_UNARY = 11
_ATOM = 13


def operator(op: ast.operator) -> tuple[str, int]:
    """The sign of an operator and how strongly it binds."""
    return _SIGNS[type(op)]


def show(tree: Any, rename: Mapping[str, str] | None = None, level: int = 0) -> str:
    """The text of a tree, with parentheses where they are needed, as black would space it."""
    text, own = _show(tree, rename or {})
    return f"({text})" if own < level else text


def _show(tree: Any, rename: Mapping[str, str]) -> tuple[str, int]:
    if isinstance(tree, ast.Name):
        return rename.get(tree.id, tree.id), _ATOM
    if isinstance(tree, ast.Constant):
        value = tree.value
        if value is ...:
            return "...", _ATOM
        if isinstance(value, str):
            return '"' + repr(value)[1:-1].replace('"', '\\"') + '"', _ATOM
        text = repr(value)
        return text, _UNARY if text.startswith("-") else _ATOM
    if isinstance(tree, ast.Attribute):
        return f"{show(tree.value, rename, _ATOM)}.{tree.attr}", _ATOM
    if isinstance(tree, ast.Call):
        parts = [show(arg, rename, 1) for arg in tree.args]
        parts += [f"{option.arg}={show(option.value, rename, 1)}" for option in tree.keywords]
        return f"{show(tree.func, rename, _ATOM)}({', '.join(parts)})", _ATOM
    if isinstance(tree, ast.Subscript):
        indices = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
        inner = ", ".join(show(index, rename, 1) for index in indices)
        comma = "," if isinstance(tree.slice, ast.Tuple) and len(indices) == 1 else ""
        return f"{show(tree.value, rename, _ATOM)}[{inner}{comma}]", _ATOM
    if isinstance(tree, ast.Slice):
        return _slice(tree, rename), _ATOM
    if isinstance(tree, ast.BinOp):
        sign, own = _SIGNS[type(tree.op)]
        if isinstance(tree.op, ast.Pow):
            left = show(tree.left, rename, own + 1)
            right = show(tree.right, rename, _UNARY)
            hug = _simple(tree.left) and _simple(tree.right)
            return (f"{left}**{right}" if hug else f"{left} ** {right}"), own
        return f"{show(tree.left, rename, own)} {sign} {show(tree.right, rename, own + 1)}", own
    if isinstance(tree, ast.UnaryOp):
        if isinstance(tree.op, ast.Not):
            return f"not {show(tree.operand, rename, 3)}", 3
        sign = {ast.USub: "-", ast.UAdd: "+", ast.Invert: "~"}[type(tree.op)]
        return sign + show(tree.operand, rename, _UNARY), _UNARY
    if isinstance(tree, ast.Compare):
        text = show(tree.left, rename, 5)
        for op, operand in zip(tree.ops, tree.comparators, strict=True):
            text += f" {_SIGNS[type(op)][0]} {show(operand, rename, 5)}"
        return text, 4
    if isinstance(tree, (ast.Tuple, ast.List)):
        inner = ", ".join(show(_spelt(part), rename, 1) for part in tree.elts)
        if isinstance(tree, ast.List):
            return f"[{inner}]", _ATOM
        return f"({inner}{',' if len(tree.elts) == 1 else ''})", _ATOM
    if isinstance(tree, ast.Dict) and None not in tree.keys:
        pairs = zip(tree.keys, tree.values, strict=True)
        shown = [f"{show(key, rename, 1)}: {show(value, rename, 1)}" for key, value in pairs]
        return f"{{{', '.join(shown)}}}", _ATOM
    if isinstance(tree, ast.IfExp):
        parts = [show(part, rename, 1) for part in (tree.body, tree.test, tree.orelse)]
        return f"{parts[0]} if {parts[1]} else {parts[2]}", 0
    if isinstance(tree, ast.Starred):
        return f"*{show(tree.value, rename, 5)}", 0
    if isinstance(tree, ast.AugAssign):
        sign = _SIGNS[type(tree.op)][0]
        return f"{show(tree.target, rename)} {sign}= {show(tree.value, rename)}", 0
    if isinstance(tree, ast.Assign):
        targets = "".join(f"{show(target, rename)} = " for target in tree.targets)
        return targets + show(tree.value, rename), 0
    if isinstance(tree, ast.Expr):
        return _show(tree.value, rename)
    return ast.unparse(ast.fix_missing_locations(tree)), 0


def _spelt(tree: Any) -> Any:
    """A slice as it is written outside of brackets."""
    if not isinstance(tree, ast.Slice):
        return tree
    parts = [tree.lower, tree.upper, tree.step]
    while len(parts) > 1 and parts[-1] is None:
        parts.pop()
    if tree.upper is not None and tree.lower is None and len(parts) == 2:
        parts = [tree.upper]
    return called("slice", *[constant(None) if part is None else part for part in parts])


def _simple(tree: Any) -> bool:
    """What black writes close around `**`: names, numbers, attributes of names."""
    if isinstance(tree, ast.UnaryOp):
        return isinstance(tree.op, ast.USub) and _simple(tree.operand)
    if isinstance(tree, ast.Attribute):
        return isinstance(tree.value, (ast.Name, ast.Attribute)) and _simple(tree.value)
    return isinstance(tree, (ast.Name, ast.Constant))


def _slice(tree: ast.Slice, rename: Mapping[str, str]) -> str:
    def plainly(part: Any) -> bool:
        return part is None or (_simple(part) and not isinstance(part, ast.Attribute))

    lower, upper, step = (
        "" if part is None else show(part, rename, 1)
        for part in (tree.lower, tree.upper, tree.step)
    )
    close = plainly(tree.lower) and plainly(tree.upper) and plainly(tree.step)
    if close:
        return f"{lower}:{upper}" + (f":{step}" if step else "")
    text = f"{lower} :" if lower else ":"
    text += f" {upper}" if upper else ""
    return text + (f" : {step}" if step else "")


def broadcast(shapes: Sequence[Shape | None]) -> Shape | None:
    """The shape of entry-by-entry arithmetic, None if it is not known or not that."""
    if any(each is None for each in shapes):
        return None
    try:
        return np.broadcast_shapes(*[each for each in shapes if each is not None])
    except ValueError:
        return None
