"""Signs, factors, powers."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.judging.edits.places import (
    Change,
    Place,
    Scope,
    atom,
    binary,
    called,
    expression,
    is_array,
    is_number,
    np_call,
    num,
    written,
)
from backprop.judging.source import clone


def sign(place: Place) -> Iterator[Change]:
    node = place.node
    said = {"term": written(node)}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "sign", 1, said, node.operand
        return
    if is_number(node) and not place.inside((ast.Subscript, ast.keyword)) and node.value:
        if not (isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.Pow)):
            yield "sign", 4, said, ast.UnaryOp(ast.USub(), node)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        other = ast.Sub() if isinstance(node.op, ast.Add) else ast.Add()
        yield "sign", 1, {"term": written(node.right)}, binary(node.left, other, node.right)
        if isinstance(node.op, ast.Sub):
            yield "sign", 2, said, binary(node.right, ast.Sub(), node.left)
    if place.is_term and not is_number(node):
        yield "sign", 2 if not place.parents else 3, said, ast.UnaryOp(ast.USub(), node)


def factor(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left, right = node.left, node.right
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        plain = is_number(right) or type(scope.value(right)) in (int, float)
        if plain or length_like(right, scope):
            yield "factor", 2, {"factor": written(right)}, binary(left, other, right)
        yield "factor", 3, {"factor": written(right), "how": "drop"}, left
        if isinstance(node.op, ast.Mult):
            yield "factor", 3, {"factor": written(left), "how": "drop"}, right
    if called(node) in ("sum", "mean") and isinstance(node, ast.Call):
        new = clone(node, {})
        wanted = "mean" if called(node) == "sum" else "sum"
        if isinstance(new.func, ast.Attribute):
            new.func.attr = wanted
            yield "factor", 2, {"factor": wanted, "was": called(node)}, new
    in_exponent = (
        isinstance(place.parent, ast.BinOp)
        and isinstance(place.parent.op, ast.Pow)
        and place.parent.right is node
    )
    if is_number(node) and not in_exponent and not isinstance(place.parent, ast.Call):
        for value in (0.5, 1, 2, 3, 4):
            if value != node.value:
                detail = {"factor": _short(value), "was": written(node)}
                yield "factor", 3, detail, ast.copy_location(num(value), node)
    if is_number(node) and isinstance(place.parent, ast.Call):  # `np.where(x > 0, 1, 0.1)`
        for value in scope.constants:
            if value != node.value:
                detail = {"factor": f"{value:g}", "was": written(node)}
                yield "factor", 4, detail, ast.copy_location(num(value), node)
    for name, value in scope.lengths.items() if is_number(node) and not in_exponent else ():
        if node.value == value:  # right here, and at no other length
            yield "factor", 1, {"factor": name, "was": written(node)}, expression(name)
    if isinstance(node, ast.Name) and type(scope.value(node)) is int and scope.value(node) > 2:
        for op, sign in ((ast.Sub(), "-"), (ast.Add(), "+")):  # of the variance of a sample
            detail = {"factor": f"{node.id} {sign} 1", "was": node.id}
            yield "factor", 3, detail, binary(node, op, ast.Constant(1))
    is_length = length_like(node, scope) and np.ndim(scope.value(node)) == 0
    for name, value in scope.lengths.items() if is_length else ():
        if written(node) != name and scope.value(node) != value:
            yield "factor", 2, {"factor": name, "was": written(node)}, scope.number(name, value)
    if not place.parents and isinstance(scope.value(node), (int, float, np.integer)):
        for name, value in {**scope.lengths, **scope.counts}.items():
            if value != scope.value(node):
                yield "factor", 2, {"factor": name, "was": written(node)}, scope.number(name, value)
    if place.is_term and not is_number(node) and not isinstance(node, (ast.Tuple, ast.List)):
        deep = 0 if not place.parents else 2
        known = list(factors(scope))
        for name, value in known:
            number = scope.number(name, value)
            detail = {"factor": name, "how": "divide"}
            if deep and place.divided_by(name):  # its neighbours have that factor
                yield "factor", 4, detail, binary(node, ast.Div(), number)
            yield "factor", 4 + deep, detail, binary(node, ast.Div(), number)
        # Where a length is 2: that is what one divides by, and 2 what a square gives.
        for name, value in sorted(known, key=lambda pair: pair[1] == 2 and pair[0] != "2"):
            detail = {"factor": name, "how": "multiply"}
            yield "factor", 4 + deep, detail, binary(node, ast.Mult(), scope.number(name, value))


def factors(scope: Scope) -> Iterator[tuple[str, float]]:
    seen = set()
    digits = [2.0, 4.0, 3.0, *scope.numbers]
    known = [*scope.lengths.items(), ("2", 2.0), *scope.counts.items()]
    known += [(_short(value), value) for value in digits]
    for name, value in known:
        # A 2 may be meant where a length happens to be 2: other lengths tell which.
        same = (value, value in digits and name == _short(value))
        if same not in seen and value not in (0, 1):
            seen.add(same)
            yield name, value


def length_like(node: Any, scope: Scope) -> bool:
    """A name or expression that stands for a length: N, x.shape[0], len(x), H * W."""
    if isinstance(node, ast.Name):
        value = scope.values.get(node.id)
        return isinstance(value, (int, float, np.integer)) and not isinstance(value, bool)
    text = written(node)
    if isinstance(node, ast.Subscript) and ".shape" in text:
        return True
    if isinstance(node, ast.Attribute) and node.attr == "size":
        return True
    if isinstance(node, ast.BinOp) and isinstance(scope.value(node), (int, np.integer)):
        return True
    return isinstance(node, ast.Call) and called(node) == "len"


def _short(value: float) -> str:
    return {0.5: "½", 0.25: "¼"}.get(value, f"{value:g}")


def normalised(place: Place) -> Iterator[Change]:
    """`e / e.sum()` for `e`: weights that do not add up to one."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.Name) or place.inside((ast.Subscript, ast.keyword)):
        return
    value = scope.value(node)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or not value.ndim:
        return
    if not value.size or value.min() <= 0:
        return
    text = node.id
    totals = [f"{text}.sum()"]
    totals += [f"{text}.sum(axis={axis}, keepdims=True)" for axis in range(value.ndim)][::-1]
    for total in totals:
        yield "factor", 6, {"factor": total}, binary(node, ast.Div(), expression(total))


def epsilon(place: Place) -> Iterator[Change]:
    """`np.sqrt(var)` for `np.sqrt(var + eps)`."""
    node, parent = place.node, place.parent
    rooted = called(parent) in ("sqrt", "power", "rsqrt") or (
        isinstance(parent, ast.BinOp)
        and (
            (isinstance(parent.op, ast.Pow) and parent.left is node)
            or (isinstance(parent.op, ast.Div) and parent.right is node)
        )
    )
    if not rooted or is_number(node):
        return
    scope = place.scope
    for name, value in scope.eps:
        number = scope.number(name, value)
        yield "factor", 2, {"factor": "eps"}, binary(node, ast.Add(), number)
        yield "factor", 3, {"factor": "eps"}, binary(node, ast.Sub(), number)


def power(place: Place) -> Iterator[Change]:
    node, parent, scope = place.node, place.parent, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        old = scope.value(node.right)
        if isinstance(old, (int, float)):
            for new in (-old, old + 1, old - 1, old + 0.5, old - 0.5, old - 2, old + 2, 1):
                if new not in (old, 0):
                    yield (
                        "power",
                        2,
                        {"was": f"{old:g}", "want": f"{new:g}"},
                        binary(node.left, ast.Pow(), num(new)),
                    )
    if called(node) in ("sqrt", "square") and node.args:
        yield "power", 2, {"was": written(node), "want": written(node.args[-1])}, node.args[-1]
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        other = ast.Div() if isinstance(node.op, ast.Mult) else ast.Mult()
        if isinstance(node.right, (ast.Call, ast.BinOp, ast.Name, ast.Subscript)):
            yield (
                "power",
                2,
                {"was": written(node.right), "want": "1 / " + written(node.right)},
                binary(node.left, other, node.right),
            )
    in_power = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow)
    simple = isinstance(node, (ast.Name, ast.Subscript, ast.Attribute)) and not in_power
    simple = simple or (called(node) in ("tanh", "exp", "sqrt") and not in_power)
    grouped = isinstance(node, ast.BinOp) and isinstance(parent, (ast.BinOp, ast.Call))
    if simple or grouped:
        value = scope.value(node) if simple else None
        if simple and np.asarray(value if is_array(value) else 0).dtype.kind != "f":
            return
        text = written(node)
        base = clone(node, {})
        yield "power", 3, {"was": text, "want": f"{text} ** 2"}, binary(base, ast.Pow(), num(2))
        yield "power", 4, {"was": text, "want": f"np.sqrt({text})"}, np_call("sqrt", base)
        yield "power", 4, {"was": text, "want": f"{text} ** 3"}, binary(base, ast.Pow(), num(3))
        yield "power", 6, {"was": text, "want": f"1 / {text}"}, binary(num(1), ast.Div(), base)


def missing_factor(place: Place) -> Iterator[Change]:
    """A whole array left out: `dxhat = dout` for `dxhat = dout * gamma`."""
    node, scope = place.node, place.scope
    laid_out = isinstance(place.parent, ast.Attribute) and place.parent.attr == "reshape"
    picked = place.picked_by_a_mask
    product = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.MatMult)
    product = product and isinstance(node, (ast.Name, ast.Attribute, ast.Subscript))
    if not (place.is_term or laid_out or picked or product) or is_number(node):
        return
    if isinstance(node, (ast.Tuple, ast.List, ast.Dict)):
        return  # several results are no array
    if not picked and place.inside((ast.Subscript, ast.keyword)):
        return
    deep = 0 if not place.parents else 2
    got = scope.value(node)
    for name, array in [*_standing(scope, got), *_counted(place, got)]:
        if name == written(node) or (isinstance(got, np.ndarray) and not _meet(got, array)):
            continue
        other = expression(name)
        detail = {"factor": name}
        if (
            isinstance(got, float | np.floating)
            and array.ndim
            and array.dtype.kind == "f"
            and place.parents
        ):
            wanted = f"np.sign({name})"  # `l1 * np.sign(w)` for `l1`: the slope of |w|
            new = binary(node, ast.Mult(), expression(wanted))
            yield "factor", 6, {"factor": wanted, "how": "multiply"}, new
        yield (
            "factor",
            5 + deep,
            {**detail, "how": "multiply"},
            binary(node, ast.Mult(), other),
        )
        if array.dtype.kind == "f":
            yield (
                "factor",
                5 + deep,
                {**detail, "how": "divide"},
                binary(node, ast.Div(), other),
            )
            if not deep:
                square = binary(other, ast.Pow(), num(2))
                yield (
                    "power",
                    8,
                    {"was": "1", "want": f"{atom(name)} ** 2"},
                    binary(node, ast.Div(), square),
                )
                sigmoid = expression(f"1 - {atom(name)}")
                yield (
                    "value",
                    7,
                    {"was": written(node), "want": f"* (1 - {name})"},
                    binary(node, ast.Mult(), sigmoid),
                )
                slope = expression(f"{atom(name)} * (1 - {atom(name)})")
                said = {"was": written(node), "want": f"* {atom(name)} * (1 - {name})"}
                if array.min(initial=1) > 0 and array.max(initial=0) < 1:
                    yield "value", 5, said, binary(node, ast.Mult(), slope)
                tanh = expression(f"1 - {atom(name)} ** 2")
                yield (
                    "value",
                    7,
                    {"was": written(node), "want": f"* (1 - {name} ** 2)"},
                    binary(node, ast.Mult(), tanh),
                )


def _standing(scope: Scope, got: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays that can be named; one number a row stands upright, as `d[:, None]`.

    One number a channel of pictures stands in front of them: `gamma[:, None, None]`.
    """
    for name, array in scope.arrays():
        yield name, array
        pictures = isinstance(got, np.ndarray) and got.ndim > 2
        if pictures and array.shape == got.shape[1:2] and array.size > 1:
            behind = (None,) * (got.ndim - 2)
            yield f"{atom(name)}[:{', None' * (got.ndim - 2)}]", array[(slice(None), *behind)]
        if isinstance(got, np.ndarray) and got.ndim == 2 and array.shape == got.shape[:1]:
            yield f"{atom(name)}[:, None]", array[:, None]


def _counted(place: Place, got: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Tables of whole numbers; arrays at the indices of others: `gates[n, j]` beside `y[n, j]`."""
    scope = place.scope
    for name, table in scope.integers():
        if name in scope.values and isinstance(got, np.ndarray) and table.ndim <= got.ndim:
            yield name, table
    statement = place.parents[0] if place.parents else place.node
    indices = {
        written(node.slice)
        for node in ast.walk(statement)
        if isinstance(node, ast.Subscript) and not any(
            isinstance(part, ast.Slice) for part in ast.walk(node.slice)
        )
    }  # fmt: skip
    for index in sorted(indices)[:3]:
        for name, array in scope.values.items():
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.ndim:
                value = scope.text(f"{name}[{index}]")
                if isinstance(value, (np.ndarray, np.floating)):
                    yield f"{name}[{index}]", np.asarray(value)


def _meet(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True
