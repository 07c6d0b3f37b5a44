"""The one change that would make a wrong line right, in the words of the checker.

The changes are those that `bp.check` tries on other people's code. Tried are the lines that build
the wrong gradient and the helpers that they read, the simplest change first; a change counts if
it is right at every point. Which line is named follows from it: of `dx = p.copy()` and
`dx[i] += 1` only the second is a mistake.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop.common.words import column
from backprop.judging.changes import Edits, simplest_first
from backprop.judging.edits.places import Edit, Scope
from backprop.judging.hints import HINTS
from backprop.judging.source import clone
from backprop.site.posts.check.follow import Statement
from backprop.site.posts.check.points import ShiftedPoint
from backprop.site.posts.check.running import Lines

HIGHEST = 6  # the cost of a change that is still believed
TRIES = 400

Right = Callable[[list[np.ndarray | None], list[ShiftedPoint]], bool]


@dataclass(frozen=True)
class Mended:
    """A wrong line (from 1 in the fence), what it should be, and what kind of mistake that is."""

    line: int
    was: str
    edit: Edit

    @property
    def right(self) -> str:
        return ast.unparse(self.edit.statement).splitlines()[0]

    def why(self, language: str) -> str:
        """What kind of mistake it was, as the checker says it, in one clause."""
        return HINTS[self.edit.kind].clause(column(language), self.edit.detail)


@dataclass(frozen=True)
class Goal:
    """A gradient that is to be right, after the statement that assigns it last."""

    name: str
    at: int
    right: Right


class Mending:
    """Changes of some statements that make gradients right: `mine`, which they build.

    `places` are these statements, with what is added to the cost of a change there. A change of
    a helper has to make all gradients of the fence right.
    """

    def __init__(
        self,
        lines: Lines,
        upstream: set[str],
        mine: list[Goal],
        every: list[Goal],
        places: dict[int, int],
        helpers: list[int],
        points: list[ShiftedPoint],
    ):
        self.lines, self.upstream, self.points = lines, upstream, points
        self.mine, self.every, self.places, self.helpers = mine, every, places, helpers

    def run(self) -> Mended | None:
        tries = 0
        places = [
            ((at, inner, Edits(inner, scope)), penalty)
            for at, penalty in self.places.items()
            for scope in [self._scope(at)]
            for inner in self._simple(self.lines.statements[at])
        ]
        for (at, inner, edits), cost in simplest_first(places, HIGHEST):
            for edit in edits.at(cost):
                tries += 1
                if tries > TRIES:
                    return None
                if not self._chance(inner, edit) and self._mends(at, inner, edit):
                    return Mended(inner.lineno, ast.unparse(inner).splitlines()[0], edit)
        return None

    def _chance(self, inner: ast.stmt, edit: Edit) -> bool:
        """Would another number stand for a length of these arrays? Where D is 4, ½ is 2 / D."""
        lengths = {n for node in self.points[0].graph.nodes for n in node.shape if n > 1}
        before = _numbers(inner)
        return any(
            new and any(new * n in before | {1} or new / n in before | {1} for n in lengths)
            for new in _numbers(edit.statement) - before
        )

    def _simple(self, statement: Statement) -> Iterator[ast.stmt]:
        """The simple statements in a statement that may have to do with the name."""
        for inner in ast.walk(statement.node):
            if isinstance(inner, (ast.Assign, ast.AugAssign, ast.Expr)):
                names = {one.id for one in ast.walk(inner) if isinstance(one, ast.Name)}
                stored = {
                    one.id
                    for one in ast.walk(inner)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                }
                if names & {goal.name for goal in self.mine} or not any(
                    map(self.lines.names.variable, stored)
                ):
                    yield inner

    def _scope(self, at: int) -> Scope:
        """What can be named at a statement: what the lines and the function speak of."""
        names = self.lines.names
        spoken = {*self.lines.reads, *names.bound}
        spoken |= {name for one in self.lines.statements for name in one.assigns}
        values: dict[str, Any] = {}
        for upto in (at + 1, at):  # loop variables are known after a loop only
            point = replace(self.points[0], versions=[])
            found = self.lines.execute(point, self.upstream, False, self.lines.statements[:upto])
            values |= {name: value for name, value in found.items() if name in spoken}
        lengths: dict[str, float] = {
            name: value for name, value in values.items() if type(value) is int and value > 1
        }
        for name in names.aliases:
            for axis, length in enumerate(getattr(values.get(name), "shape", ())):
                if length > 1 and length not in lengths.values():
                    lengths[f"{name}.shape[{axis}]"] = length
        return Scope(values, lengths, {}, [], {"np": np, **self.lines.namespace})

    def _mends(self, at: int, inner: ast.stmt, edit: Edit) -> bool:
        goals = self.every if at in self.helpers else self.mine
        statements = list(self.lines.statements[: max(goal.at for goal in goals) + 1])
        node = clone(statements[at].node, {id(inner): edit.statement})
        ast.fix_missing_locations(ast.copy_location(node, statements[at].node))
        statements[at] = replace(statements[at], node=node)
        tried: list[ShiftedPoint] = []
        for point in self.points:
            tried.append(replace(point, versions=[], error=None))
            self.lines.execute(tried[-1], self.upstream, False, statements)
            if tried[-1].error or not all(
                goal.right([one.versions[goal.at].get(goal.name) for one in tried], tried)
                for goal in goals
            ):
                return False
        return True


def _numbers(statement: ast.stmt) -> set[float]:
    constants = [node.value for node in ast.walk(statement) if isinstance(node, ast.Constant)]
    return {float(value) for value in constants if isinstance(value, (int, float))}
