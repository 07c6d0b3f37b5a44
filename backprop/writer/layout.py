"""Breaks lines that are too long, as black does."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from backprop.writer import text

WIDTH = 88


def wrapped(line: str, indent: int) -> list[str]:
    """A statement as lines of at most 88 columns, if its brackets allow it."""
    space = " " * indent
    if len(line) + indent <= WIDTH:
        return [space + line]
    if line.startswith("def "):
        head, _, rest = line.partition("(")
        inner = rest.removesuffix("):")
        return [f"{head}(", *_items(inner.split(", "), inner, indent + 4), "):"]
    prefix, tree = _split(line)
    if tree is None:
        return [space + line]
    return _broken(prefix, tree, indent)


def _split(line: str) -> tuple[str, Any]:
    statement = ast.parse(line).body[0]
    if isinstance(statement, ast.Return):
        return "return ", statement.value
    if isinstance(statement, ast.Expr):
        return "", statement.value
    value = getattr(statement, "value", None)
    if value is None:
        return "", None
    shown = text.show(value)
    return (line.removesuffix(shown), value) if line.endswith(shown) else ("", None)


def _items(parts: list[str], whole: str, indent: int) -> list[str]:
    """The contents of a bracket: on one line, or one a line with a trailing comma."""
    space = " " * indent
    if len(whole) + indent <= WIDTH:
        return [space + whole]
    return [line for part in parts for line in _item(part, indent)]


def _item(part: str, indent: int) -> list[str]:
    """One line of a bracket's contents, or a list or a call broken over several."""
    space = " " * indent
    fits = len(part) + indent < WIDTH
    tree = None if fits else _expression(part)
    if isinstance(tree, ast.Call):
        *lines, last = _broken("", tree, indent)
        return [*lines, f"{last},"]
    if isinstance(tree, ast.BinOp):
        *lines, last = [line for each in _operands(tree) for line in _operand(each, indent)]
        return [*lines, f"{last},"]
    if not isinstance(tree, ast.List):
        return [f"{space}{part},"]
    inner = [text.show(each, None, 1) for each in tree.elts]
    lines = [line for each in inner for line in _item(each, indent + 4)]
    return [f"{space}[", *lines, f"{space}],"]


def _broken(prefix: str, tree: Any, indent: int) -> list[str]:
    space = " " * indent
    if isinstance(tree, ast.Call) and (tree.args or tree.keywords):
        parts = [text.show(arg, None, 1) for arg in tree.args]
        parts += [f"{option.arg}={text.show(option.value, None, 1)}" for option in tree.keywords]
        head = f"{space}{prefix}{text.show(tree.func)}("
        inner = _items(parts, ", ".join(parts), indent + 4)
        if len(parts) == 1 and len(parts[0]) + indent + 4 > WIDTH:
            inner[-1] = inner[-1].removesuffix(",")
            if tree.args and isinstance(tree.args[0], ast.BinOp):
                operands = _operands(tree.args[0])
                inner = [line for each in operands for line in _operand(each, indent + 4)]
        return [head, *inner, f"{space})"]
    if isinstance(tree, (ast.Tuple, ast.List)):
        left, right = "()" if isinstance(tree, ast.Tuple) else "[]"
        parts = [text.show(part, None, 1) for part in tree.elts]
        inner = [line for part in parts for line in _item(part, indent + 4)]
        return [f"{space}{prefix}{left}", *inner, f"{space}{right}"]
    inner = [" " * (indent + 4) + text.show(tree)]
    if len(inner[0]) > WIDTH and isinstance(tree, ast.BinOp):
        operands = _operands(tree)
        last = operands[-1]
        widest = max(len(sign) + len(shown) for sign, _, shown in operands) + indent + 4
        if len(operands) == 2 and last.shown.endswith(")") and widest > WIDTH:
            first = operands[0].shown
            return _operand(_Operand(f"{prefix}{first} {last.sign}", last.tree, last.shown), indent)
        inner = [line for each in operands for line in _operand(each, indent + 4)]
    return [f"{space}{prefix}(", *inner, f"{space})"]


class _Operand(NamedTuple):
    sign: str  # what stands before it, with its space
    tree: Any
    shown: str


def _operands(tree: ast.BinOp) -> list[_Operand]:
    """The operands of the outermost operators, each with its operator before it."""
    sign, level = text.operator(tree.op)
    right = _Operand(f"{sign} ", tree.right, text.show(tree.right, None, level + 1))
    if isinstance(tree.left, ast.BinOp) and text.operator(tree.left.op)[1] == level:
        return [*_operands(tree.left), right]
    return [_Operand("", tree.left, text.show(tree.left, None, level)), right]


def _operand(operand: _Operand, indent: int) -> list[str]:
    """An operand on a line, or broken where it has a bracket."""
    sign, tree, shown = operand
    space = " " * indent
    if len(sign) + len(shown) + indent <= WIDTH:
        return [f"{space}{sign}{shown}"]
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return _operand(_Operand(f"{sign}-", tree.operand, shown[1:]), indent)
    if isinstance(tree, ast.Call):
        return _broken(sign, tree, indent)
    if isinstance(tree, ast.BinOp) and shown.startswith("("):
        return [
            f"{space}{sign}(",
            *(
                [f"{space}    {shown[1:-1]}"]
                if len(shown) + 2 + indent <= WIDTH
                else [line for each in _operands(tree) for line in _operand(each, indent + 4)]
            ),
            f"{space})",
        ]
    return [f"{space}{sign}{shown}"]


def _expression(part: str) -> Any:
    """A part of a bracket, parsed; None for a keyword or a star."""
    try:
        return ast.parse(part, mode="eval").body
    except SyntaxError:
        return None
