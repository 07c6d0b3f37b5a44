"""Transposes, order, indices."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.judging.edits.places import (
    Change,
    Place,
    atom,
    binary,
    called,
    expression,
    is_module,
    is_number,
    np_call,
    num,
    written,
)
from backprop.judging.source import clone


def transposed(place: Place) -> Iterator[Change]:
    node, parent, scope = place.node, place.parent, place.scope
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "transposed", 2, {"operand": written(node), "want": written(node.value)}, node.value
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        swapped = binary(node.right, ast.MatMult(), node.left)
        yield "transposed", 4, {"operand": written(node)}, swapped
        yield "transposed", 4, {"operand": written(node)}, binary(
            ast.Attribute(node.right, "T", ast.Load()), ast.MatMult(),
            ast.Attribute(node.left, "T", ast.Load()),
        )  # fmt: skip
        yield (
            "transposed",
            5,
            {"operand": written(node)},
            binary(_untransposed(node.right), ast.MatMult(), _untransposed(node.left)),
        )
    if called(node) in ("dot", "matmul", "outer"):
        left, right = (
            (node.args[0], node.args[1]) if len(node.args) == 2 else (node.func.value, node.args[0])
        )
        outer = called(node) == "outer"

        def make(a: ast.expr, b: ast.expr) -> ast.expr:
            return np_call("outer", a, b) if outer else binary(a, ast.MatMult(), b)

        yield "transposed", 4, {"operand": written(node)}, make(right, left)
        yield (
            "transposed",
            4,
            {"operand": written(node)},
            make(ast.Attribute(right, "T", ast.Load()), ast.Attribute(left, "T", ast.Load())),
        )
        yield (
            "transposed",
            5,
            {"operand": written(node)},
            make(_untransposed(right), _untransposed(left)),
        )
    factor_of = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
    factor_of = factor_of or called(parent) in ("dot", "matmul", "reshape", "outer", "einsum")
    whole = not place.parents
    if not (factor_of or whole or place.is_term) or isinstance(node, (ast.Constant, ast.Tuple)):
        return
    value = scope.value(node)
    rank = value.ndim if isinstance(value, np.ndarray) else 0
    if rank == 2:
        cost = 3 if factor_of or whole else 5
        text = written(node)
        yield (
            "transposed",
            cost,
            {"operand": text, "want": f"{text}.T"},
            ast.Attribute(clone(node, {}), "T", ast.Load()),
        )
        yield (
            "transposed",
            6,
            {"operand": text},
            np_call(
                "reshape",
                ast.Attribute(clone(node, {}), "T", ast.Load()),
                expression(f"{value.shape}"),
            ),
        )
    elif 3 <= rank <= 4:
        text = written(node)
        swaps = list(itertools.combinations(range(rank), 2))
        for a, b in reversed(swaps):
            new = np_call("swapaxes", clone(node, {}), num(a), num(b))
            yield "transposed", 4, {"operand": text, "want": written(new)}, new
    if called(node) == "reshape" and isinstance(node.func, ast.Attribute):
        yield "transposed", 6, {"operand": written(node)}, _retransposed(node)


def missing_product(place: Place) -> Iterator[Change]:
    """A matrix left out of a product: `dH = dZ @ W.T` for `dH = S.T @ dZ @ W.T`."""
    node, parent, scope = place.node, place.parent, place.scope
    product = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.MatMult)
    if not (product or place.is_term) or isinstance(node, (ast.Tuple, ast.List, ast.Constant)):
        return
    value = scope.value(node)
    if not isinstance(value, np.ndarray) or value.ndim != 2 or place.inside(ast.Subscript):
        return
    for name, array in scope.arrays():
        if array.ndim != 2 or array.dtype.kind != "f" or name == written(node):
            continue
        for text, rows, columns in ((name, *array.shape), (f"{atom(name)}.T", *array.shape[::-1])):
            if rows != columns:
                continue  # another shape would not have run, or is said to be one
            if columns == value.shape[0]:
                new = binary(expression(text), ast.MatMult(), node)
                yield "factor", 6, {"factor": text, "how": "multiply"}, new
            if rows == value.shape[1]:
                new = binary(node, ast.MatMult(), expression(text))
                yield "factor", 6, {"factor": text, "how": "multiply"}, new


def laid_out(place: Place) -> Iterator[Change]:
    """`x.transpose(0, 2, 3, 1).reshape(-1, C)` for `x.reshape(-1, C)`, and the way back."""
    node, scope = place.node, place.scope
    if called(node) != "reshape" or not isinstance(node.func, ast.Attribute):
        return
    inner = node.args[0] if is_module(node.func) else node.func.value
    given = scope.value(inner)
    rank = given.ndim if isinstance(given, np.ndarray) else 0
    said = {"operand": written(node)}
    for axes in itertools.permutations(range(rank)) if rank in (3, 4) else ():
        if list(axes) != sorted(axes):
            turned = _transposed(clone(inner, {}), axes)
            new = clone(node, {})
            if is_module(new.func):
                new.args[0] = turned
            else:
                new.func.value = turned
            yield "transposed", 4, {**said, "want": written(new)}, new
    made = scope.value(node)
    rank = made.ndim if isinstance(made, np.ndarray) else 0
    lengths = node.args[1 if is_module(node.func) else 0 :]
    if len(lengths) == 1 and isinstance(lengths[0], ast.Tuple):
        lengths = lengths[0].elts
    if rank not in (3, 4) or len(lengths) not in (1, rank):
        return
    for axes in itertools.permutations(range(rank)):
        if list(axes) == sorted(axes):
            continue
        moved = [
            clone(lengths[axis], {}) if len(lengths) == rank else num(made.shape[axis])
            for axis in axes
        ]
        if len(lengths) == 1 and written(lengths[0]).endswith(".shape"):
            moved = [expression(f"{written(lengths[0])}[{axis}]") for axis in axes]
        back = tuple(int(axis) for axis in np.argsort(axes))
        new = ast.Call(ast.Attribute(clone(inner, {}), "reshape", ast.Load()), moved, [])
        new = _transposed(new, back)
        yield "transposed", 5, {**said, "want": written(new)}, new


def _transposed(node: ast.expr, axes: tuple[int, ...]) -> ast.Call:
    function = ast.Attribute(node, "transpose", ast.Load())
    return ast.Call(function, [num(axis) for axis in axes], [])


def _untransposed(node: Any) -> Any:
    if isinstance(node, ast.Attribute) and node.attr == "T":
        return node.value
    return ast.Attribute(node, "T", ast.Load())


def _retransposed(node: Any) -> Any:
    """`(a @ b).reshape(s)` with the matrix transposed first."""
    new = clone(node, {})
    if is_module(new.func):
        new.args[0] = ast.Attribute(new.args[0], "T", ast.Load())
    else:
        new.func.value = ast.Attribute(new.func.value, "T", ast.Load())
    return new


def order(place: Place) -> Iterator[Change]:
    node = place.node
    if called(node) == "transpose" and not node.keywords:
        yield from _axes_reordered(node)
    if called(node) == "reshape":
        yield from _lengths_reordered(node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        for i, j in itertools.combinations(range(min(len(node.args), 6)), 2):
            new = clone(node, {})
            new.args[i], new.args[j] = new.args[j], new.args[i]
            detail = {"was": written(node.args[i]), "want": written(node.args[j])}
            yield "order", 3, detail, new
    if isinstance(node, (ast.Tuple, ast.List)) and 2 <= len(node.elts) <= 8:
        places: list[int] = list(range(len(node.elts)))
        if isinstance(place.parent, (ast.Subscript, ast.keyword)):
            kinds = (ast.BinOp, ast.Name, ast.Subscript, ast.Slice)
            places = [i for i in places if isinstance(node.elts[i], kinds)]
        for i, j in itertools.combinations(places, 2):
            new = clone(node, {})
            new.elts[i], new.elts[j] = new.elts[j], new.elts[i]
            detail = {"was": written(node.elts[i]), "want": written(node.elts[j])}
            yield "order", 2, detail, new
        if len(places) == len(node.elts) == 3:
            for shift in (1, 2):
                new = clone(node, {})
                new.elts = new.elts[shift:] + new.elts[:shift]
                yield "order", 3, {"was": written(node), "want": written(new)}, new


def _axes_reordered(node: ast.Call) -> Iterator[Change]:
    """`x.transpose(0, 2, 3, 1)` for any other order of the axes."""
    axes = [each for each in node.args if isinstance(each, ast.Constant) and is_number(each)]
    start = node.args.index(axes[0]) if axes else 0
    if len(axes) < 3 or node.args[start:] != axes:
        return
    # Of many axes the first, which are told apart least, stay where they are.
    stay = 0 if len(axes) <= 4 else min(2, _in_place(axes))
    every = len(axes) - stay <= 4
    others = itertools.permutations(axes[stay:]) if every else _exchanged(axes[stay:])
    for rest in others:
        other = [*axes[:stay], *rest]
        if other != axes:
            new = clone(node, {})
            new.args[start:] = [clone(each, {}) for each in other]
            yield "order", 3, {"was": written(node), "want": written(new)}, new


def _in_place(axes: list[ast.Constant]) -> int:
    """How many axes there are at the start that stay where they are."""
    return next((i for i, axis in enumerate(axes) if axis.value != i), len(axes))


def _exchanged(parts: list[Any]) -> Iterator[list[Any]]:
    """The same with two of them exchanged."""
    for i, j in itertools.combinations(range(len(parts)), 2):
        other = list(parts)
        other[i], other[j] = other[j], other[i]
        yield other


def _lengths_reordered(node: ast.Call) -> Iterator[Change]:
    """`d.reshape(n, h, k)` for `d.reshape(n, k, h)`."""
    start = 1 if is_module(node.func) else 0
    lengths = node.args[start:]
    if len(lengths) < 3 or node.keywords:
        return
    for other in _exchanged(list(lengths)):
        new = clone(node, {})
        new.args[start:] = [clone(each, {}) for each in other]
        if written(new) != written(node):
            yield "order", 4, {"was": written(node), "want": written(new)}, new


def index(place: Place) -> Iterator[Change]:
    """`h[:, t]` for `h[:, t - 1]`, a reversed filter, the names of two indices swapped."""
    node = place.node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        names = [n for n in ast.walk(node.slice) if isinstance(n, ast.Name)]
        for name in names[:3]:
            if not isinstance(place.scope.values.get(name.id), (int, np.integer)):
                continue
            for op in (ast.Sub(), ast.Add()):
                new = clone(node, {id(name): binary(name, op, ast.Constant(1))})
                yield "operand", 5, {"was": written(node), "want": written(new)}, new
    if isinstance(node, ast.Tuple) and isinstance(place.parent, ast.Subscript):
        yield from _offset_elsewhere(node)
    if isinstance(node, ast.BinOp) and isinstance(place.parent, ast.Subscript):
        if isinstance(node.op, (ast.Add, ast.Sub)) and is_number(node.right):
            yield "operand", 4, {"was": written(node), "want": written(node.left)}, node.left


def _offset_elsewhere(node: ast.Tuple) -> Iterator[Change]:
    """`b[t, u + 1]` for `b[t + 1, u]`: the step is along another axis."""
    for part in node.elts:
        if not isinstance(part, ast.BinOp) or not is_number(part.right):
            continue
        if not isinstance(part.op, (ast.Add, ast.Sub)):
            continue
        for other in node.elts:
            if isinstance(other, ast.Name):
                changes = {id(part): part.left, id(other): binary(other, part.op, part.right)}
                new = clone(node, changes)
                yield "operand", 4, {"was": written(node), "want": written(new)}, new
