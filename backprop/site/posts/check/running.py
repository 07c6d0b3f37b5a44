"""Runs the lines of a fence at a point: names of f have its (shifted) values there."""

import ast
import contextlib
import io
import types
from typing import Any

import numpy as np

from backprop.judging.source import clone
from backprop.site.posts.check.follow import CannotFollowError, Statement
from backprop.site.posts.check.names import FenceNames
from backprop.site.posts.check.points import (
    TOLERANCE,
    ShiftedPoint,
    array,
    fresh,
    known,
    narrowed,
    same,
)

Wire = tuple[str, str, str]


RAN = "__backprop_ran__"


def branches(node: ast.AST) -> list[ast.expr]:
    """The expressions in a statement of which one may run and another not."""
    found: list[ast.expr] = []
    for inner in ast.walk(node):
        if isinstance(inner, ast.IfExp):
            found += [inner.body, inner.orelse]
        elif isinstance(inner, ast.BoolOp):
            found += inner.values[1:]
    return found


class _Branching(ast.NodeTransformer):
    """`__backprop_ran__(where) or a if c else …`: which of two expressions has run."""

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        at = [place(node.body), place(node.orelse)]
        self.generic_visit(node)
        node.body, node.orelse = _noted(at[0], node.body), _noted(at[1], node.orelse)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        at = list(map(place, node.values))
        self.generic_visit(node)
        rest = [_noted(*pair) for pair in zip(at[1:], node.values[1:], strict=True)]
        node.values = [node.values[0], *rest]
        return node


def place(node: ast.expr) -> str:
    return f"{node.lineno}:{node.col_offset}"


def _noted(at: str, node: ast.expr) -> ast.expr:
    call = ast.Call(ast.Name(RAN, ast.Load()), [ast.Constant(at)], [])
    return ast.copy_location(ast.BoolOp(ast.Or(), [call, node]), node)


class _Reporting(ast.NodeTransformer):
    """After every simple statement: `__backprop_ran__(its line)`."""

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list) and isinstance(node, (ast.stmt, ast.ExceptHandler)):
                setattr(node, field, [part for one in body for part in _reported(one)])
        for case in getattr(node, "cases", ()):  # of a match statement
            case.body = [part for one in case.body for part in _reported(one)]
        return node


def _reported(one: ast.stmt) -> list[ast.stmt]:
    if not isinstance(one, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)):
        return [one]
    call = ast.Call(ast.Name(RAN, ast.Load()), [ast.Constant(one.lineno)], [])
    return [one, ast.copy_location(ast.Expr(call), one)]


class Lines:
    """The statements of a fence, and the page on which they stand."""

    def __init__(
        self,
        statements: list[Statement],
        names: FenceNames,
        namespace: dict[str, Any],
        wires: dict[str, Wire],
        request: dict[str, Any],
        file: str,
    ):
        self.statements, self.names, self.graph = statements, names, names.graph
        self.namespace, self.wires, self.file = namespace, wires, file
        self.first, self.what = request["first"], f'check="{request["check"]}"'
        # Lines inside of others that have run, and the places of branches of expressions.
        self.ran: set[int | str] = set()
        # A search runs the same statements hundreds of times. The node is kept: its id is the key.
        self._compiled: dict[int, tuple[ast.stmt, types.CodeType]] = {}
        self.reads = {name for one in statements for name in one.reads}

    def execute(
        self,
        point: ShiftedPoint,
        upstream: set[str],
        strict: bool = True,
        statements: list[Statement] | None = None,
    ) -> dict[str, Any]:
        """Run the lines at a point, forward names being those of the shifted function.

        Not strict: what raises ends the run, and is the point's error. What every name is in the
        end is returned.
        """
        scope = {
            name: known(value, self.graph, point.graph) if name in self.reads else fresh(value)
            for name, value in self.namespace.items()
        }
        scope |= point.names
        scope[RAN] = self.ran.add
        for name in self.reads:
            value = self._value(name, point, self._on_page(name))
            if value is not None:
                scope[name] = value
        last: dict[str, Any] = {}
        for statement in self.statements if statements is None else statements:
            code = self._code(statement.node)
            try:
                with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                    exec(code, scope)
            except Exception as error:
                if strict:
                    raise
                point.error = error
                return scope
            versions = {name: array(scope.get(name)) for name in statement.assigns}
            for name, before in last.items():
                # By another name, or by a method: `row = dx[0]` and `row[:] = 0` further down.
                now = None if name in versions else array(scope.get(name))
                if now is not None and not np.array_equal(before, now):
                    versions[name] = now
            last.update({k: v for k, v in versions.items() if self._made(k, v)})
            point.versions.append(versions)
            for name in statement.assigns:
                if self.names.forward(name) or name in upstream:
                    scope[name] = self._value(name, point)
        return scope

    def _made(self, name: str, value: Any) -> bool:
        """Whether a line has made it, and it is a gradient."""
        made = value is not None and value.dtype.kind == "f" and value.ndim > 0
        return made and np.isfinite(value).all() and self.names.variable(name) is not None

    def _code(self, node: ast.stmt) -> types.CodeType:
        if id(node) not in self._compiled:
            code = compile(self._reporting(node), self.file, "exec")
            self._compiled[id(node)] = node, code
        return self._compiled[id(node)][1]

    def _reporting(self, node: ast.stmt) -> ast.Module:
        """A statement on its lines of the page; those inside it say that they have run."""
        node = _Branching().visit(clone(node, {}))
        if not isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Expr)):
            node = _Reporting().visit(node)
        ast.increment_lineno(node, self.first - 1)
        return ast.fix_missing_locations(ast.Module([node], []))

    def _on_page(self, name: str) -> str | None:
        """Which of the values that f has called `name` the page's is; the last if none."""
        value = array(self.namespace.get(name))
        for node in self.names.versions(name) if self.names.forward(name) else ():
            if same(value, self.graph[node].value, 0.0, _tolerance(value), exactly=True):
                return node
        return None

    def _value(self, name: str, point: ShiftedPoint, node: str | None = None) -> Any:
        """What a name is at a point: a forward value, or a gradient of an earlier fence."""
        node = node or self.names.forward(name)
        if node is not None:
            plain = point.graph[node].plain
            return plain.copy() if isinstance(plain, np.ndarray) else plain
        if name in self.names.upstream:
            return point.douts[self.names.upstream[name]].copy()
        variable = self.names.variable(name)
        if variable is None or name not in self.namespace:
            return None
        if variable.partial:
            wire = self.wires.get(name)
            truth = None if wire is None else point.gradients.wires[wire]
        else:
            truth = point.gradients.nodes[variable.nodes[0]]
        shape = self.graph[variable.nodes[0]].shape
        return None if truth is None else narrowed(np.array(truth), self.namespace[name], shape)

    def same_forward(self, point: ShiftedPoint, upstream: set[str]) -> None:
        """The graph's values take the place of forward values of the page; are they the same?"""
        written: set[str] = set()
        for statement in self.statements:
            for name in statement.reads - written:
                if name in self.namespace and self.names.forward(name):
                    self._same_as_page(name, point, statement)
            written |= set(statement.assigns)
        names = {name for name in written if self.names.forward(name)}
        if not names:
            return
        self.execute(point, upstream)
        for statement, versions in zip(self.statements, point.versions, strict=True):
            for name in names & set(versions):
                nodes = [point.graph[node].value for node in self.names.versions(name)]
                if not any(same(versions[name], node, 0.0, exactly=True) for node in nodes):
                    raise CannotFollowError(
                        "another_value",
                        statement.line,
                        code=ast.unparse(statement.node).splitlines()[0],
                        name=name,
                        function=self.names.function,
                    )

    def _same_as_page(self, name: str, point: ShiftedPoint, statement: Statement) -> None:
        value = self.namespace[name]
        tolerance = _tolerance(value)  # the graph is traced in float64
        truths = [point.graph[node].value for node in self.names.versions(name)]
        if not any(same(array(value), t, 0.0, tolerance, exactly=True) for t in truths):
            raise CannotFollowError(
                "other_numbers",
                statement.line,
                name=name,
                function=self.names.function,
                what=self.what,
            )


def _tolerance(value: Any) -> float:
    single = getattr(value, "dtype", np.dtype(float)).itemsize < 8
    return 1e-4 if single else TOLERANCE
