"""What the author called a value, read from the source around the expression that made it.

A `Site` is made once for each instruction, see frames.py, and remembered.
"""

from __future__ import annotations

import ast
import keyword
import linecache
from types import CodeType
from typing import Any


class Site:
    """A place in the author's source.

    Attributes:
        name: the variable that the expression is assigned to, if it is.
        names: the variables, where it is unpacked into several.
        line, filename, function, text: where that is.
        tree: the expression, None without source.
        returned: the expression is what a helper returns, so its caller may name it; the
            position in the returned tuple, or -1 for the whole.
    """

    __slots__ = (
        "_operands",
        "code",
        "filename",
        "function",
        "line",
        "literals",
        "name",
        "names",
        "returned",
        "text",
        "tree",
    )

    def __init__(self, code: CodeType, line: int | None, tree: ast.AST | None) -> None:
        self.code = code
        self.filename = code.co_filename
        self.function = code.co_name
        self.line = line
        self.text = linecache.getline(code.co_filename, line).strip() if line else ""
        self.tree = tree
        self.name = ""
        self.names: tuple[str | None, ...] = ()
        self.returned: int | None = None
        self._operands: list[tuple[str, tuple[Any, ...]]] | None = None
        self.literals = {value for part in parts(tree) if (value := _literal(part)) is not None}
        if tree is not None:
            self._read(tree)
        if self.name in ("_", "np") or keyword.iskeyword(self.name):
            self.name = ""

    def _read(self, tree: ast.AST) -> None:
        child: Any = tree
        parent: Any = getattr(tree, "parent", None)
        position = -1
        while True:
            if isinstance(parent, ast.IfExp) and child is not parent.test:
                pass
            elif isinstance(parent, ast.Tuple) and isinstance(
                getattr(parent, "parent", None), (ast.Assign, ast.Return)
            ):
                position = parent.elts.index(child)
            else:
                break
            child, parent = parent, parent.parent
        if isinstance(tree, ast.AugAssign):
            self.name = _target(tree.target) or ""
        elif isinstance(parent, ast.Assign) and child is parent.value:
            self._assign(parent.targets[0], position)
        elif isinstance(parent, (ast.AnnAssign, ast.NamedExpr)) and child is parent.value:
            self._assign(parent.target, position)
        elif isinstance(parent, (ast.For, ast.comprehension)) and child is parent.iter:
            self._assign(parent.target, -1)
        elif isinstance(parent, ast.Return) or (
            isinstance(parent, ast.Lambda) and child is parent.body
        ):
            self.returned = position

    def _assign(self, target: ast.expr, position: int) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            names = tuple(_target(part) for part in target.elts)
            if position < 0:
                self.names = names
            elif position < len(names):
                self.name = names[position] or ""
        elif position < 0:
            self.name = _target(target) or ""

    def operands(self) -> list[tuple[str, tuple[Any, ...]]]:
        """The operands that are variables: a name, and how to reach the value from it."""
        if self._operands is None:
            self._operands = [(name, _path(part) or ()) for name, part in self.variables()]
        return self._operands

    def variables(self) -> list[tuple[str, Any]]:
        """The operands that are variables, as syntax trees: `w` of `params["w"]`."""
        found = []
        for part in parts(self.tree):
            path = _path(part)
            if path is not None:
                found.append((path[-1] if len(path) == 1 else path[-1][1], part))
        return found

    def unpacked(self) -> tuple[str | None, ...]:
        """`N, D = x.shape` and `N = x.shape[0]`: the names of the axes."""
        if self.names or self.tree is None:
            return self.names
        parent: Any = getattr(self.tree, "parent", None)
        if isinstance(parent, ast.Subscript) and isinstance(parent.slice, ast.Constant):
            place = Site.__new__(Site)
            place.name, place.names, place.returned = "", (), None
            place._read(parent)
            axis = parent.slice.value
            if place.name and isinstance(axis, int) and axis >= 0:
                return (None,) * axis + (place.name,)
        return ()

    def written(self) -> str | None:
        """The variable that an item assignment writes to."""
        tree: Any = self.tree
        return _target(tree.value) if isinstance(tree, ast.Subscript) else None

    def __str__(self) -> str:
        where = f"{self.filename}:{self.line}, in {self.function}"
        return f"{where}: {self.text}" if self.text else where


def parts(tree: Any) -> list[Any]:
    """The direct operands of an expression, as syntax trees."""
    if isinstance(tree, ast.BinOp):
        return [tree.left, tree.right]
    if isinstance(tree, ast.Compare):
        return [tree.left, *tree.comparators]
    if isinstance(tree, ast.AugAssign):
        return [tree.value]
    if isinstance(tree, ast.Call):
        arguments = [*tree.args, *[keyword.value for keyword in tree.keywords]]
        function = tree.func
        if isinstance(function, ast.Attribute) and function.attr in ("dot", "copy", "astype"):
            arguments = [function.value, *arguments]  # `X.dot(W)`
        return [*arguments, *[part for each in arguments for part in _elements(each)]]
    if isinstance(tree, ast.Subscript):
        put = getattr(tree, "parent", None)
        value = [put.value] if isinstance(put, ast.Assign) else []
        return [tree.slice, *_elements(tree.slice), *value]
    return []


def _literal(tree: Any) -> Any:
    """The number that an expression writes out."""
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        value = _literal(tree.operand)
        return None if value is None else -value
    known = isinstance(tree, ast.Constant) and type(tree.value) in (int, float)
    return tree.value if known else None


def _elements(tree: Any) -> list[Any]:
    return list(tree.elts) if isinstance(tree, (ast.Tuple, ast.List)) else []


def _path(tree: Any) -> tuple[Any, ...] | None:
    """`x`, `self.eps` and `bn_param["eps"]` as a name and steps from it."""
    if isinstance(tree, ast.Name):
        return (tree.id,)
    if isinstance(tree, ast.Attribute):
        start = _path(tree.value)
        return start and (*start, ("attribute", tree.attr))
    if isinstance(tree, ast.Subscript) and isinstance(tree.slice, ast.Constant):
        start = _path(tree.value)
        key = tree.slice.value
        usable = isinstance(key, str) and key.isidentifier()
        return (*start, ("item", key)) if start and usable else None
    return None


def _target(target: ast.expr) -> str | None:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        key = target.slice.value
        return key if isinstance(key, str) and key.isidentifier() else None
    return None
