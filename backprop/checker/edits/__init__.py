"""Small changes to one statement: what a student may have meant instead.

Each function of the table `KINDS` proposes changes of one kind at one place of an expression,
likeliest first. A change that makes the wrong results right says where the mistake is and
what kind of mistake it is.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from backprop.checker.edits.choices import mask, operand, value_for_derivative
from backprop.checker.edits.matrices import index, order, transposed
from backprop.checker.edits.places import Change, Edit, Place, Scope, called, is_module, written
from backprop.checker.edits.scalars import epsilon, factor, missing_factor, power, sign
from backprop.checker.edits.sums import axis, missing_sum, term
from backprop.checker.source import clone

__all__ = ["Edit", "Edits", "Scope"]


KINDS: list[Callable[[Place], Iterator[Change]]] = [
    sign, factor, epsilon, power, axis, missing_sum, transposed, operand, mask,
    value_for_derivative, missing_factor, term, order, index,
]  # fmt: skip


class Edits:
    """All changes of a statement by their cost; each becomes a statement when it is asked for."""

    def __init__(self, statement: ast.stmt, scope: Scope) -> None:
        self.statement = statement
        self._levels: dict[int, list[tuple[str, dict[str, str], Any, ast.AST]]] = {}
        self._seen = {ast.unparse(statement)}
        for kind, cost, detail, new in _whole(statement):
            self._levels.setdefault(cost, []).append((kind, detail, None, new))
        for place in _places(statement, scope):
            for propose in KINDS:
                for kind, cost, detail, new in propose(place):
                    self._levels.setdefault(cost, []).append((kind, detail, place.node, new))
        self._made: dict[int, list[Edit]] = {}

    def at(self, cost: int) -> list[Edit]:
        """The changes of one cost; ask for the lower costs first."""
        if cost not in self._made:
            self._made[cost] = made = []
            for kind, detail, node, new in self._levels.get(cost, ()):
                whole: Any = new if node is None else clone(self.statement, {id(node): new})
                text = ast.unparse(whole)
                if text not in self._seen:
                    self._seen.add(text)
                    ast.copy_location(whole, self.statement)
                    whole.origin = self.statement
                    made.append(Edit(kind, whole, cost, {**detail, "line": text}))
        return self._made[cost]

    def __iter__(self) -> Iterator[Edit]:
        for cost in sorted(self._levels):
            yield from self.at(cost)


def _whole(statement: ast.stmt) -> Iterator[Change]:
    """Changes of the statement as such: `=` for `+=`."""
    where: dict[str, Any] = {"lineno": statement.lineno, "col_offset": statement.col_offset}
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, (ast.Name, ast.Subscript)):
            detail = {"was": "=", "want": "+="}
            added = ast.AugAssign(clone(target, {}), ast.Add(), clone(statement.value, {}), **where)
            yield "overwritten", 1, detail, added
            less = ast.AugAssign(clone(target, {}), ast.Sub(), clone(statement.value, {}), **where)
            yield "overwritten", 3, {"was": "=", "want": "-="}, less
        if isinstance(target, ast.Tuple) and len(target.elts) <= 6:
            for i, j in itertools.combinations(range(len(target.elts)), 2):
                new = clone(statement, {})
                elements = new.targets[0].elts
                elements[i], elements[j] = elements[j], elements[i]
                detail = {"was": written(target.elts[i]), "want": written(target.elts[j])}
                yield "order", 2, detail, new
    if isinstance(statement, ast.For):
        new = clone(statement, {})
        backwards = called(new.iter) == "reversed"
        listed = ast.Call(ast.Name("list", ast.Load()), [new.iter], [])
        new.iter = (
            new.iter.args[0]
            if backwards
            else ast.Call(ast.Name("reversed", ast.Load()), [listed], [])
        )
        yield "order", 1, {"was": written(statement.iter), "want": written(new.iter)}, new
        return
    if isinstance(statement, ast.AugAssign):
        operators: list[tuple[type[ast.operator], str, str]] = [
            (ast.Add, "sign", "+="), (ast.Sub, "sign", "-="),
            (ast.Mult, "factor", "*="), (ast.Div, "factor", "/="),
        ]  # fmt: skip
        for op, kind, text in operators:
            if not isinstance(statement.op, op):
                pair = {type(statement.op), op}
                if pair in ({ast.Add, ast.Sub}, {ast.Mult, ast.Div}):
                    new = clone(statement, {})
                    new.op = op()
                    yield kind, 1, {"was": "", "want": text, "term": written(statement.value),
                                    "factor": written(statement.value)}, new  # fmt: skip
        plain = ast.Assign([clone(statement.target, {})], clone(statement.value, {}), **where)
        yield "overwritten", 4, {"was": "+=", "want": "="}, plain


def _places(statement: ast.stmt, scope: Scope) -> Iterator[Place]:
    roots: list[Any] = []
    if isinstance(statement, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)):
        if statement.value is not None:
            roots.append(statement.value)
    elif isinstance(statement, ast.For):
        roots.append(statement.iter)
    targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
    for target in targets:
        if isinstance(target, ast.Subscript):
            yield from _walk(target.slice, (target,), scope)
    for root in roots:
        yield from _walk(root, (), scope)


def _walk(node: ast.AST, parents: tuple[Any, ...], scope: Scope) -> Iterator[Place]:
    if isinstance(node, ast.expr):
        yield Place(node, parents, scope)
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.Call) and child is node.func:
            if isinstance(child, ast.Attribute) and not is_module(child):
                yield from _walk(child.value, (*parents, node), scope)
            continue
        if isinstance(child, (ast.expr, ast.keyword, ast.Slice)):
            yield from _walk(child, (*parents, node), scope)
