"""All small changes of a statement, the likeliest first.

A change that makes the wrong results right says where the mistake is and what kind of mistake
it is.
"""

from __future__ import annotations

import ast
import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from backprop.judging.edits.places import Change, Edit, Place, Scope, is_module, written
from backprop.judging.hints import HINTS
from backprop.judging.source import grafted

T = TypeVar("T")


def simplest_first(places: Sequence[tuple[T, int]], highest: int) -> Iterator[tuple[T, int]]:
    """Places that may be changed, each with the costs that a change there may have.

    To every place belongs a penalty: by so much simpler has a change to be there to be believed
    as much. `highest` is the highest cost of all, penalty included.
    """
    first = min((penalty for _, penalty in places), default=0)
    for level in range(min(first, 0) + 1, highest + 1):
        for place, penalty in places:
            if level > penalty:
                yield place, level - penalty


class Edits:
    """All changes of a statement by their cost; each becomes a statement when it is asked for."""

    def __init__(self, statement: ast.stmt, scope: Scope) -> None:
        self.statement = statement
        self._levels: dict[int, list[tuple[str, dict[str, str], Any, ast.AST]]] = {}
        for hint in HINTS.values():
            for whole in hint.statements:
                self._keep(None, whole(statement, scope))
        for place in _places(statement, scope):
            for hint in HINTS.values():
                for propose in hint.edits:
                    self._keep(place.node, propose(place))
        self._seen: set[tuple[int, str]] = {(id(None), ast.unparse(statement))}
        self._made: dict[int, list[Edit]] = {}

    def _keep(self, node: ast.AST | None, changes: Iterator[Change]) -> None:
        """Changes by their cost. Values there may be of any class, and answer as they like."""
        with contextlib.suppress(ArithmeticError, AttributeError, TypeError, ValueError):
            for kind, cost, detail, new in changes:
                self._levels.setdefault(cost, []).append((kind, detail, node, new))

    def count(self, cost: int) -> int:
        """How many changes there are of one cost, at most."""
        return len(self._levels.get(cost, ()))

    def at(self, cost: int) -> list[Edit]:
        """The changes of one cost; ask for the lower costs first."""
        if cost not in self._made:
            self._made[cost] = made = []
            for kind, detail, node, new in self._levels.get(cost, ()):
                text = ast.unparse(new)
                if (id(node), text) in self._seen or (node is not None and text == written(node)):
                    continue
                self._seen.add((id(node), text))
                whole: Any = new if node is None else grafted(self.statement, node, new)
                ast.copy_location(whole, self.statement)
                whole.origin = self.statement
                made.append(Edit(kind, whole, cost, detail, getattr(node, "lineno", None)))
        return self._made[cost]

    def __iter__(self) -> Iterator[Edit]:
        for cost in sorted(self._levels):
            yield from self.at(cost)


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
        if isinstance(node, ast.comprehension) and child is node.target:
            continue
        if isinstance(node, ast.Call) and child is node.func:
            if isinstance(child, ast.Attribute) and not is_module(child):
                yield from _walk(child.value, (*parents, node), scope)
            continue
        if isinstance(child, (ast.expr, ast.keyword, ast.Slice, ast.comprehension)):
            yield from _walk(child, (*parents, node), scope)
