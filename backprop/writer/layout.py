"""Breaks lines that are too long, as black does."""

from __future__ import annotations

import ast
from typing import Any

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
                inner = [f"{space}    {part}" for part in _terms(tree.args[0])]
        return [head, *inner, f"{space})"]
    if isinstance(tree, (ast.Tuple, ast.List)):
        left, right = "()" if isinstance(tree, ast.Tuple) else "[]"
        parts = [text.show(part, None, 1) for part in tree.elts]
        inner = [line for part in parts for line in _item(part, indent + 4)]
        return [f"{space}{prefix}{left}", *inner, f"{space}{right}"]
    whole = text.show(tree)
    inner = [" " * (indent + 4) + whole]
    if len(inner[0]) > WIDTH and isinstance(tree, ast.BinOp):
        inner = [" " * (indent + 4) + part for part in _terms(tree)]
        if isinstance(tree.right, ast.Call) and max(map(len, inner)) > WIDTH:
            sign, level = text.operator(tree.op)
            return _broken(
                f"{prefix}{text.show(tree.left, None, level)} {sign} ", tree.right, indent
            )
    return [f"{space}{prefix}(", *inner, f"{space})"]


def _terms(tree: ast.BinOp) -> list[str]:
    """The operands of the outermost operators, each line starting with its operator."""
    sign, level = text.operator(tree.op)
    right = f"{sign} {text.show(tree.right, None, level + 1)}"
    if isinstance(tree.left, ast.BinOp) and text.operator(tree.left.op)[1] == level:
        return [*_terms(tree.left), right]
    return [text.show(tree.left, None, level), right]


def _expression(part: str) -> Any:
    """A part of a bracket, parsed; None for a keyword or a star."""
    try:
        return ast.parse(part, mode="eval").body
    except SyntaxError:
        return None
