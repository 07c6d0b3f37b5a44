"""Changes of a statement as such: `+=` for `=`, targets and loops in another order."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.judging.edits.places import Change, Scope, called, expression, written
from backprop.judging.source import clone


def accumulated(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`+=` for `=`, and the other way round."""
    where: dict[str, Any] = {"lineno": statement.lineno, "col_offset": statement.col_offset}
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        own = written(target) in map(written, terms(statement.value))  # `a = a + b` adds up
        if isinstance(target, (ast.Name, ast.Subscript)) and not own:
            for op, text, cost in ((ast.Add(), "+=", 1), (ast.Sub(), "-=", 3)):
                new = ast.AugAssign(clone(target, {}), op, clone(statement.value, {}), **where)
                yield "overwritten", cost, {"was": "=", "want": text}, new
    if isinstance(statement, ast.AugAssign):
        yield from _added_up(statement)
        plain = ast.Assign([clone(statement.target, {})], clone(statement.value, {}), **where)
        yield "overwritten", 4, {"was": "+=", "want": "="}, plain


def partly(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`grad[1:] += reg * W[1:]` for `grad += reg * W`: a bias that is not regularised."""
    if not isinstance(statement, ast.AugAssign) or not isinstance(statement.target, ast.Name):
        return
    name = statement.target.id
    shape = getattr(scope.values.get(name), "shape", ())
    if not shape or shape[0] < 2:
        return
    for part in ("[1:]", "[:-1]", *(("[:, 1:]", "[:, :-1]") if len(shape) > 1 else ())):
        new = clone(statement, {})
        new.target = _stored(f"{name}{part}")
        new.value = _Parts(scope, shape, part).visit(new.value)
        ast.fix_missing_locations(new)
        yield "operand", 5, {"was": name, "want": f"{name}{part}"}, new


def _stored(text: str) -> ast.Subscript:
    target = expression(text)
    assert isinstance(target, ast.Subscript)
    target.ctx = ast.Store()
    return target


class _Parts(ast.NodeTransformer):
    """A part of each array of a shape."""

    def __init__(self, scope: Scope, shape: tuple[int, ...], part: str) -> None:
        self.scope, self.shape, self.part = scope, shape, part

    def visit_Name(self, node: ast.Name) -> ast.expr:
        fits = getattr(self.scope.values.get(node.id), "shape", ()) == self.shape
        return expression(f"{node.id}{self.part}") if fits else node


def terms(node: ast.expr) -> Iterator[ast.expr]:
    """What is added up in an expression."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        yield from terms(node.left)
        yield from terms(node.right)
    else:
        yield node


def _added_up(statement: ast.AugAssign) -> Iterator[Change]:
    """`np.add.at(dw, idx, d)` for `dw[idx] += d`, where an index may come twice."""
    target = statement.target
    functions = {ast.Add: "np.add.at", ast.Sub: "np.subtract.at"}
    function = functions.get(type(statement.op))
    if not isinstance(target, ast.Subscript) or function is None:
        return
    key = target.slice
    if isinstance(key, (ast.Slice, ast.Constant)):
        return
    holder, value = clone(target.value, {}), clone(statement.value, {})
    call = ast.Call(expression(function), [holder, clone(key, {}), value], [])
    new = ast.fix_missing_locations(ast.copy_location(ast.Expr(call), statement))
    sign = "+=" if isinstance(statement.op, ast.Add) else "-="
    detail = {
        "was": f"{written(target)} {sign} …",
        "want": f"{function}({written(target.value)}, …)",
    }
    if not any(isinstance(part, ast.Slice) for part in ast.walk(key)):
        yield "overwritten", 2, detail, new


def reordered(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """Two targets exchanged, a loop the other way round."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Tuple) and len(target.elts) <= 6:
            for i, j in itertools.combinations(range(len(target.elts)), 2):
                new = clone(statement, {})
                elements = new.targets[0].elts
                elements[i], elements[j] = elements[j], elements[i]
                detail = {"was": written(target.elts[i]), "want": written(target.elts[j])}
                yield "order", 2, detail, new
    if isinstance(statement, ast.For):
        new = clone(statement, {})
        if called(new.iter) == "reversed":
            new.iter = new.iter.args[0]
        else:
            listed = ast.Call(ast.Name("list", ast.Load()), [new.iter], [])
            new.iter = ast.Call(ast.Name("reversed", ast.Load()), [listed], [])
        yield "order", 1, {"was": written(statement.iter), "want": written(new.iter)}, new


def lengths_throughout(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`D` for `N` wherever a line has it: one slip, though it shows twice."""
    for text, nodes in _repeated(statement, ast.Load).items():
        value = scope.text(text)
        if type(value) is not int:
            continue
        for name, length in scope.lengths.items():
            if length != value and scope.text(name) == length:
                changes = {id(node): expression(name) for node in nodes}
                yield "factor", 4, {"factor": name, "was": text}, clone(statement, changes)


def operands_throughout(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """Another variable wherever a line has one."""
    for text, nodes in _repeated(statement, ast.Load).items():
        value = scope.text(text)
        if not isinstance(value, np.ndarray):
            continue
        for name, array in scope.arrays():
            if name != text and array.shape == value.shape and array.dtype.kind == value.dtype.kind:
                changes = {id(node): expression(name) for node in nodes}
                yield "operand", 5, {"was": text, "want": name}, clone(statement, changes)
    yield from _exchanged(statement, scope)


def _exchanged(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`a * b**2` for `a**2 * b`: two variables in each other's place."""
    found: dict[str, list[ast.Name]] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            if isinstance(scope.values.get(node.id), (np.ndarray, float)):
                found.setdefault(node.id, []).append(node)
    for first, second in itertools.combinations(found, 2):
        if np.shape(scope.values[first]) == np.shape(scope.values[second]):
            changes = {id(node): expression(second) for node in found[first]}
            changes.update({id(node): expression(first) for node in found[second]})
            detail = {"was": first, "want": second}
            yield "operand", 5, detail, clone(statement, changes)


def axes_throughout(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`axis=1` for `axis=0` in all sums of a line."""
    words = [n for n in ast.walk(statement) if isinstance(n, ast.keyword) and n.arg == "axis"]
    texts = {written(word.value) for word in words}
    if len(words) < 2 or len(texts) != 1:
        return
    (was,) = texts
    for axis in ("0", "1", "-1", "2", "(0, 1)", "(0, 2, 3)", "None"):
        if axis != was:
            changes = {id(word.value): expression(axis) for word in words}
            yield "axis", 3, {"was": was, "want": axis}, clone(statement, changes)


def rolls_throughout(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`np.roll(d, 1)` for `np.roll(d, -1)` in a whole line: the way back goes the other way."""
    changes: dict[int, ast.AST] = {}
    for node in ast.walk(statement):
        if isinstance(node, ast.Call) and called(node) == "roll" and len(node.args) > 1:
            by = node.args[1]
            back = by.operand if isinstance(by, ast.UnaryOp) else ast.UnaryOp(ast.USub(), by)
            changes[id(by)] = back
            new = clone(statement, {id(by): back})
            yield "order", 2, {"was": written(by), "want": written(back)}, new
    if len(changes) > 1:
        yield "order", 2, {}, clone(statement, changes)


def shifted_back(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`dx[:-k] += d[k:]` for `dx[k:] += d[:-k]`: what was shifted goes back."""
    changes: dict[int, ast.AST] = {}
    for node in ast.walk(statement):
        if not isinstance(node, ast.Slice) or node.step is not None:
            continue
        upper = node.upper
        if node.lower is not None and upper is None:
            back = ast.Slice(None, ast.UnaryOp(ast.USub(), node.lower))
        elif node.lower is None and isinstance(upper, ast.UnaryOp):
            back = ast.Slice(upper.operand, None)
        else:
            continue
        # Of `d[:C]`, whose C is no shift, the other half would not fit.
        changes[id(node)] = back
    if len(changes) > 1:
        yield "order", 3, {}, clone(statement, changes)


def _repeated(statement: ast.stmt, context: type[ast.expr_context]) -> dict[str, list[ast.expr]]:
    """The names and `x.shape[0]`, `c["x"]` that a statement reads more than once."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(statement):
        if isinstance(node, (ast.Name, ast.Subscript)) and isinstance(node.ctx, context):
            found.setdefault(written(node), []).append(node)
    return {text: nodes for text, nodes in found.items() if len(nodes) > 1}


def unshared(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`a = a * b` for `a *= b`, `dx = dout.copy()` for `dx = dout`: the array stays as it was."""
    if isinstance(statement, ast.AugAssign):
        where: dict[str, Any] = {"lineno": statement.lineno, "col_offset": statement.col_offset}
        target = clone(statement.target, {})
        target.ctx = ast.Load()
        value = ast.BinOp(target, statement.op, clone(statement.value, {}))
        if isinstance(statement.target, ast.Name):
            plain = ast.Assign([clone(statement.target, {})], value, **where)
            yield "inplace", 1, {}, plain
    if isinstance(statement, ast.Assign) and isinstance(
        statement.value, (ast.Name, ast.Attribute, ast.Subscript)
    ):
        new = clone(statement, {})
        new.value = ast.Call(ast.Attribute(new.value, "copy", ast.Load()), [], [])
        yield "inplace", 1, {}, new


def subtracted(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`-=` for `+=`."""
    yield from _operator(statement, "sign", {ast.Add: "+=", ast.Sub: "-="})


def divided(statement: ast.stmt, scope: Scope) -> Iterator[Change]:
    """`/=` for `*=`."""
    yield from _operator(statement, "factor", {ast.Mult: "*=", ast.Div: "/="})


def _operator(
    statement: ast.stmt, kind: str, operators: dict[type[ast.operator], str]
) -> Iterator[Change]:
    if not isinstance(statement, ast.AugAssign) or type(statement.op) not in operators:
        return
    said = written(statement.value)
    for op, text in operators.items():
        if not isinstance(statement.op, op):
            new = clone(statement, {})
            new.op = op()
            yield kind, 1, {"was": "", "want": text, "term": said, "factor": said}, new
