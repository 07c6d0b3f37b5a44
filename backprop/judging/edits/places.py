"""The pieces that changes are made of: places in a statement, what can be named there."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from backprop.judging.source import text_of


@dataclass
class Edit:
    """One change: its kind (a word of the hints), and the words for the message."""

    kind: str
    statement: ast.stmt
    cost: int
    detail: dict[str, str] = field(default_factory=dict)
    at: int | None = None  # the line of what is changed, in a statement over several

    @cached_property
    def line(self) -> str:
        """The statement as it would be right."""
        return text_of(self.statement)


@dataclass
class Scope:
    """What can be named at a statement."""

    values: dict[str, Any]  # variables and their values there
    lengths: dict[str, float]  # N, D, x.shape[0], …: numbers that a factor may be
    counts: dict[str, float]  # how many numbers a sum of the forward adds up: N * H * W, …
    eps: list[tuple[str, float]]  # small constants of the forward
    globals: dict[str, Any]  # of the function's module
    numbers: tuple[float, ...] = ()  # that the forward computes with
    words: tuple[str, ...] = ()  # expressions that the function uses elsewhere: c["std"][j]
    constants: tuple[float, ...] = ()  # numbers of any kind that the forward computes with

    def __post_init__(self) -> None:
        self._cache: dict[str, Any] = {}
        self._names = {**self.globals, **self.values}
        self._arrays: list[tuple[str, np.ndarray]] = []
        self._integers: list[tuple[str, np.ndarray]] | None = None
        for name in [*self.values, *self.words]:
            value = self.values[name] if name in self.values else self.text(name)
            if isinstance(value, (np.ndarray, np.floating, float)):
                array = np.asarray(value)
                if array.dtype.kind in "bf":
                    self._arrays.append((name, array))

    def arrays(self) -> list[tuple[str, np.ndarray]]:
        """The arrays that can be written there, by their expressions."""
        return self._arrays

    def integers(self) -> list[tuple[str, np.ndarray]]:
        """The tables of indices that can be written there."""
        if self._integers is None:
            self._integers = [
                (name, table) for name, value in self._names.items()
                if (table := table_of(value)) is not None
            ]  # fmt: skip
        return self._integers

    def value(self, node: ast.AST) -> Any:
        """The value of an expression there; None if it has none."""
        if isinstance(node, ast.Starred):
            return None
        return self.text(written(node))

    def number(self, name: str, value: float) -> ast.expr:
        """A number as one would write it there: by its name if it has one, else in digits."""
        return expression(name) if self.text(name) == value else num(value)

    def value_after(self, statement: ast.stmt) -> Any:
        """What an assignment would assign there; None if that cannot be told."""
        if isinstance(statement, ast.Assign):
            if not isinstance(statement.targets[0], ast.Name):
                return None
            return self.value(statement.value)
        if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
            return self.value(ast.BinOp(_load(statement.target), statement.op, statement.value))
        return None

    def text(self, text: str) -> Any:
        if text not in self._cache:
            try:
                with np.errstate(all="ignore"):
                    self._cache[text] = eval(text, self._names)
            except Exception:
                self._cache[text] = None
        return self._cache[text]


def table_of(value: Any) -> np.ndarray | None:
    """A table of indices as an array: one of whole numbers, a list of them."""
    if isinstance(value, (list, tuple)) and value and all(type(part) is int for part in value):
        return np.array(value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim:
        return value
    return None


# (kind, cost, detail, new node); cost: smaller is tried and believed first
Change = tuple[str, int, dict[str, str], ast.AST]


@dataclass
class Place:
    """A node of the statement's expressions, and what is around it."""

    node: Any
    parents: tuple[Any, ...]
    scope: Scope

    @property
    def parent(self) -> Any:
        return self.parents[-1] if self.parents else None

    @property
    def is_term(self) -> bool:
        """The whole expression, or an operand of + or -, or what a sum adds up."""
        if isinstance(self.node, (ast.Tuple, ast.List, ast.Dict)):
            return False  # several results are no term
        if not self.parents:
            return True
        parent = self.parent
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, (ast.Add, ast.Sub)):
            return True
        if isinstance(parent, ast.Attribute) and parent.attr == "T":
            return True
        return isinstance(parent, (ast.Call, ast.UnaryOp, ast.Tuple, ast.Dict))

    @property
    def picked_by_a_mask(self) -> bool:
        """The `d` of `d[x < 0]`, where that is all of a term."""
        parent = self.parent
        if not isinstance(parent, ast.Subscript) or parent.value is not self.node:
            return False
        mask = self.scope.value(parent.slice)
        whole = not self.parents[:-1] or isinstance(self.parents[-2], ast.BinOp)
        return whole and isinstance(mask, np.ndarray) and mask.dtype.kind == "b"

    def divided_by(self, name: str) -> bool:
        """Whether something else in the statement is divided by `name`."""
        return any(
            isinstance(n, ast.BinOp) and isinstance(n.op, ast.Div) and written(n.right) == name
            for n in ast.walk(self.parents[0])
        )

    def inside(self, kinds: Any) -> bool:
        """Whether a parent is of these kinds; `(a * b)[i]` is no bracket around `a * b`."""
        chain = (*self.parents, self.node)
        return any(
            isinstance(parent, kinds) and not _indexed(parent, chain[i + 1])
            for i, parent in enumerate(self.parents)
        )


def _indexed(parent: Any, part: Any) -> bool:
    computed = isinstance(part, (ast.BinOp, ast.Call, ast.UnaryOp))
    return isinstance(parent, ast.Subscript) and computed and part is parent.value


def num(value: float) -> ast.expr:
    """A number as code; one of numpy's, too, which Python does not compile."""
    value = int(value) if float(value).is_integer() else float(value)
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def atom(text: str) -> str:
    """A text that something can stand before or behind: `(a - b)` for `a - b`."""
    tree = expression(text)
    whole = (ast.Name, ast.Subscript, ast.Attribute, ast.Call, ast.Constant)
    return text if isinstance(tree, whole) else f"({text})"


@lru_cache(maxsize=4096)
def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def binary(left: Any, op: ast.operator, right: Any) -> ast.BinOp:
    return ast.BinOp(left, op, right)


def np_call(function: str, *args: Any, **keywords: Any) -> ast.expr:
    return ast.Call(
        ast.Attribute(ast.Name("np", ast.Load()), function, ast.Load()),
        list(args),
        [ast.keyword(k, v) for k, v in keywords.items()],
    )


def _load(node: ast.Name) -> ast.Name:
    return ast.Name(node.id, ast.Load())


def is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.floating))


def written(node: Any) -> str:
    text = getattr(node, "text", None)
    if text is None:
        text = node.text = text_of(node)
    return text


def called(node: Any) -> str:
    """`sum` for np.sum(…) and x.sum(…)."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""


def is_number(node: Any) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, (int, float))
        and not isinstance(node.value, bool)
    )


def is_module(func: Any) -> bool:
    return isinstance(func, ast.Name) or (
        isinstance(func, ast.Attribute)
        and written(func.value) in ("np", "numpy", "special", "scipy.special", "sp")
    )
