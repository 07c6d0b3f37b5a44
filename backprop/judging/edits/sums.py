"""Axes, sums and terms."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.judging.closeness import fits
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
    table_of,
    written,
)
from backprop.judging.edits.scalars import factors
from backprop.judging.source import clone

REDUCTIONS = ("sum", "mean", "max", "argmax", "argmin", "min", "softmax", "repeat", "roll",
              "concatenate", "hstack", "vstack", "stack", "cumsum", "var", "std", "flip",
              "expand_dims", "squeeze")  # fmt: skip


def axis(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if isinstance(node, ast.Call) and called(node) in REDUCTIONS:
        spot, old = _axis_argument(node)
        first = node.args[0] if node.args and is_module(node.func) else None
        if first is None and isinstance(node.func, ast.Attribute):
            first = node.func.value
        value = scope.value(first) if first is not None else None
        rank = value.ndim if isinstance(value, np.ndarray) else 3
        was = "None" if old is None else written(old)
        for keep in (None, True, False):
            if keep is not None and called(node) not in ("sum", "mean", "max", "min"):
                continue
            for axes in _axis_choices(rank):
                new = _with_axis(node, spot, axes, keep)
                if new is not None and written(new) != written(node):
                    wanted = "None" if axes is None else str(axes)
                    same = wanted == was
                    kind = "shape" if same else "axis"
                    detail = {"was": was, "want": wanted}
                    if same:
                        detail["needed"] = f"keepdims={bool(keep)}"
                    yield kind, 2 if keep is None else 3, detail, new
    if isinstance(node, ast.Call) and called(node) == "einsum" and node.args:
        yield from _einsum(node)
    if (
        isinstance(node, (ast.Tuple, ast.Constant))
        and isinstance(place.parent, ast.Assign | type(None))
        and isinstance(scope.value(node), (int, tuple))
    ):
        old = scope.value(node)
        flat = old if isinstance(old, tuple) else (old,)
        if not isinstance(old, bool) and all(isinstance(a, int) and -4 <= a <= 4 for a in flat):
            for axes in _axis_choices(5):
                if axes is not None and axes != old:
                    yield "axis", 3, {"was": str(old), "want": str(axes)}, _axes_node(axes)
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr == "shape"
        and is_number(node.slice)
    ):
        value, mine = scope.value(node.value), scope.value(node.slice)
        for i in range(len(value) if isinstance(value, tuple) else 3):
            if i != mine and not (isinstance(value, tuple) and value[i] == 1):
                new = clone(node, {})
                new.slice = ast.Constant(i)
                yield "factor", 1, {"factor": written(new), "was": written(node)}, new


def _axis_argument(call: ast.Call) -> tuple[Any, Any]:
    for keyword in call.keywords:
        if keyword.arg == "axis":
            return keyword, keyword.value
    position = 1 if is_module(call.func) else 0
    if len(call.args) > position:
        return position, call.args[position]
    return None, None


def _axis_choices(rank: int) -> list[Any]:
    axes: list[Any] = list(range(rank))
    for count in range(2, rank):
        axes += list(itertools.combinations(range(rank), count))
    return [*axes, None]


def _axes_node(axes: Any) -> ast.expr:
    return ast.parse(repr(axes), mode="eval").body


def _with_axis(call: ast.Call, spot: Any, axes: Any, keep: bool | None) -> ast.Call | None:
    new: ast.Call = clone(call, {})
    node = _axes_node(axes)
    if isinstance(spot, int):
        new.args[spot] = node
    else:
        changed = [ast.keyword("axis", node) if k.arg == "axis" else k for k in new.keywords]
        new.keywords = changed if spot is not None else [*changed, ast.keyword("axis", node)]
    if keep is not None:
        new.keywords = [k for k in new.keywords if k.arg != "keepdims"]
        if keep:
            new.keywords.append(ast.keyword("keepdims", ast.Constant(True)))
    return new


def _einsum(node: ast.Call) -> Iterator[Change]:
    spec = node.args[0]
    if not isinstance(spec, ast.Constant) or not isinstance(spec.value, str):
        return
    if "->" not in spec.value:
        return
    inputs, output = spec.value.replace(" ", "").split("->")
    letters = sorted(set(inputs) - {",", "."})
    for count in range(min(len(letters), 4) + 1):
        for choice in itertools.permutations(letters, count):
            wanted = "".join(choice)
            if wanted != output:
                new = clone(node, {})
                new.args[0] = ast.Constant(f"{inputs}->{wanted}")
                kind = "transposed" if sorted(wanted) == sorted(output) else "axis"
                yield kind, 3, {"was": output, "want": wanted}, new
    parts = inputs.split(",")
    for i, part in enumerate(parts):
        for order in itertools.permutations(part):
            wanted = "".join(order)
            if wanted != part:
                new = clone(node, {})
                changed = ",".join([*parts[:i], wanted, *parts[i + 1 :]])
                new.args[0] = ast.Constant(f"{changed}->{output}")
                yield "transposed", 4, {"was": part, "want": wanted}, new


def missing_sum(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if not place.is_term or isinstance(node, (ast.Constant, ast.Tuple, ast.List)):
        return
    if place.inside((ast.Subscript, ast.keyword)):
        return
    value = scope.value(node)
    rank = value.ndim if isinstance(value, np.ndarray) else 0
    for axes in _axis_choices(rank) if rank else []:
        for keep in (False, True):
            extra = {"keepdims": ast.Constant(True)} if keep else {}
            new = np_call("sum", clone(node, {}), axis=_axes_node(axes), **extra)
            yield "missing sum", 4, {"axis": str(axes)}, new
    if called(node) in ("sum", "mean"):
        inner = node.args[0] if is_module(node.func) else node.func.value
        yield "axis", 5, {"was": written(node), "want": written(inner)}, inner


def term(place: Place) -> Iterator[Change]:
    """A term left out, or one too many."""
    node, scope = place.node, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
        for less, term in ((node.left, node.right), (node.right, node.left)):
            if not (less is node.right and isinstance(node.op, ast.Sub)):
                again = written(term) in written(less)  # it is there already
                yield "extra term", 2 if again else 6, {"term": written(term)}, less
    yield from _turned_term(place)
    yield from _shifted(place)
    product = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.Mult)
    if product and isinstance(node, (ast.Name, ast.Subscript, ast.BinOp)):
        yield from _carried(place)
    if not place.is_term or is_number(node):
        return
    got = scope.value(node) if place.parents else None
    deep = 0 if not place.parents else 2
    shape = None if place.parents else getattr(scope.value(node), "shape", None)
    for name, value in scope.arrays():
        if name == written(node) or value.dtype.kind != "f":
            continue
        if isinstance(got, np.ndarray) and not fits(value.shape, got.shape):
            continue
        for op in (ast.Add(), ast.Sub()):
            new = binary(node, op, expression(name))
            sign = "+" if isinstance(op, ast.Add) else "-"
            if (place.parents and name in written(place.parents[0])) or name in written(node):
                yield "factor", 6, {"factor": "2"}, new  # a term that is there already, twice
            else:
                cost = 5 + deep + (3 if " " in name else 0)  # a variable sooner than a product
                yield "missing term", cost, {"term": f"{sign} {name}"}, new
        if value.shape == shape:
            yield from _centred(place, name, value)
            yield from _weighted(place, name)
        if not place.parents and value.size > 1:
            outer = f"np.outer({name}, {name})"
            new = binary(node, ast.Sub(), expression(outer))
            yield "missing term", 6, {"term": f"- {outer}"}, new
            for label, length in factors(scope):
                scaled = binary(expression(name), ast.Div(), scope.number(label, length))
                new = binary(node, ast.Add(), scaled)
                yield "missing term", 7, {"term": f"+ {name} / {label}"}, new


def _turned_term(place: Place) -> Iterator[Change]:
    """`S + S.T` for `S` and `2 * S`: a matrix that stands on both sides; `(S + S.T) @ x`."""
    node, scope = place.node, place.scope
    twice = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and is_number(node.left)
    inner = node.right if twice else node
    product = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.MatMult)
    if not (twice or product or not place.parents) or isinstance(inner, (ast.Tuple, ast.List)):
        return
    value = scope.value(inner)
    if not isinstance(value, np.ndarray) or value.ndim != 2 or value.shape[0] != value.shape[1]:
        return
    turned = ast.Attribute(clone(inner, {}), "T", ast.Load())
    yield "missing term", 4, {"term": f"+ {written(turned)}"}, binary(inner, ast.Add(), turned)


def _shifted(place: Place) -> Iterator[Change]:
    """`d * (s - 1)` for `d * s`: a number that the forward computes with."""
    node, parent, scope = place.node, place.parent, place.scope
    kinds = (ast.Name, ast.Attribute, ast.Subscript)
    if not isinstance(node, kinds) or not isinstance(parent, ast.BinOp):
        return
    value = scope.value(node)
    if not isinstance(parent.op, (ast.Mult, ast.Div)) or not isinstance(value, np.ndarray):
        return
    if value.dtype.kind != "f":
        return
    for name, number in scope.values.items() if isinstance(parent.op, ast.Div) else ():
        if type(number) is float and number in scope.constants:  # of the forward: `w / (eps + m)`
            new = binary(node, ast.Add(), expression(name))
            yield "missing term", 5, {"term": f"+ {name}"}, new
    for number in dict.fromkeys((1.0, *scope.constants[:6])):
        for op, sign in ((ast.Sub(), "-"), (ast.Add(), "+")):
            detail = {"term": f"{sign} {number:g}"}
            yield "missing term", 6, detail, binary(node, op, ast.Constant(_plain(number)))


def _plain(number: float) -> float:
    return int(number) if float(number).is_integer() else number


def _centred(place: Place, name: str, value: np.ndarray) -> Iterator[Change]:
    """`- d.sum(0)`, `- y * (d * y).sum(0)`: what a mean, a norm or a softmax sends back beside.

    Where `d` stands in the line; `y` may be any.
    """
    node, scope = place.node, place.scope
    line = written(place.node)
    for axis in range(value.ndim):
        keep = "" if axis == 0 else ", keepdims=True"
        if name in line:
            for how in ("sum", "mean"):
                term = f"{name}.{how}(axis={axis}{keep})" if _is_plain(name) else ""
                if term and term not in line:
                    new = binary(node, ast.Sub(), expression(term))
                    yield "missing term", 6, {"term": f"- {term}"}, new
        for other, array in scope.arrays():
            if array.shape != value.shape or other not in line or " " in name + other:
                continue
            for how in ("sum", "mean"):
                term = f"{name} * ({other} * {name}).{how}(axis={axis}{keep})"
                new = binary(node, ast.Sub(), expression(term))
                yield "missing term", 8, {"term": f"- {term}"}, new


def _weighted(place: Place, name: str) -> Iterator[Change]:
    """`+ 2 * reg * W`, `+ mu / prior**2`: what a penalty or a prior adds."""
    node, scope = place.node, place.scope
    for scalar, value in scope.values.items():
        if type(value) is not float or not _is_plain(name):
            continue
        for form in ("{s} * {a}", "2 * {s} * {a}", "{a} / {s}", "{a} / {s} ** 2", "{s} ** 2 * {a}"):
            term = form.format(s=scalar, a=name)
            for op, sign in ((ast.Add(), "+"), (ast.Sub(), "-")):
                new = binary(node, op, expression(term))
                yield "missing term", 7, {"term": f"{sign} {term}"}, new


def _is_plain(name: str) -> bool:
    return " " not in name


def one_hot(place: Place) -> Iterator[Change]:
    """`p - np.eye(C)[y]` for `p`: the probability of the right class less one."""
    node, scope = place.node, place.scope
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.BinOp)):
        return
    if place.inside((ast.Subscript, ast.Compare, ast.keyword)):
        return
    value = scope.value(node)
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim not in (1, 2):
        return
    classes = value.shape[-1]
    for name in dict.fromkeys([*scope.values, *scope.words]):
        found = scope.text(name)
        labels = np.array(found) if isinstance(found, (int, np.integer)) else table_of(found)
        if labels is None or labels.shape != value.shape[:-1] or not labels.size:
            continue
        if isinstance(found, bool):
            continue
        if labels.min() < 0 or labels.max() >= classes or " " in name:
            continue
        term = f"np.eye({atom(written(node))}.shape[{value.ndim - 1}])[{name}]"
        yield "missing term", 6, {"term": f"- {term}"}, binary(node, ast.Sub(), expression(term))


def multiplied_term(place: Place) -> Iterator[Change]:
    """`+ dz @ W.T`: what comes back by a product of matrices that was forgotten."""
    node, scope = place.node, place.scope
    if place.parents or isinstance(node, (ast.Tuple, ast.List, ast.Dict)) or is_number(node):
        return
    got = scope.value(node)
    if not isinstance(got, np.ndarray) or got.ndim != 2 or got.dtype.kind != "f":
        return
    pairs = [
        (n, a) for n, a in scope.arrays() if a.ndim == 2 and a.dtype.kind == "f" and " " not in n
    ]
    for (left, a), (right, b) in itertools.product(pairs, pairs):
        for text, first, second in (
            (f"{left} @ {right}.T", a, b.T), (f"{left}.T @ {right}", a.T, b),
            (f"{left} @ {right}", a, b),
        ):  # fmt: skip
            if first.shape[1] == second.shape[0] and (first.shape[0], second.shape[1]) == got.shape:
                if text not in written(node):
                    new = binary(node, ast.Add(), expression(text))
                    yield "missing term", 8, {"term": f"+ {text}"}, new


def _carried(place: Place) -> Iterator[Change]:
    """`(d + dnext) * (1 - h**2)` for `d * (1 - h**2)`: what comes back from the next step.

    Or `g * (v - y)` for `g * v`.
    """
    node, scope = place.node, place.scope
    got = scope.value(node)
    if not isinstance(got, np.ndarray) or got.dtype.kind != "f":
        return
    whole = written(place.parents[0])
    cost = 8 if isinstance(node, ast.Name) else 6  # where a variable is assigned, it could be added
    for name, value in scope.arrays():
        plain = name in scope.values or isinstance(expression(name), ast.Subscript)
        thin = value.ndim > 0 and value.shape != got.shape and fits(value.shape, got.shape)
        if plain and value.dtype.kind == "f" and (value.shape == got.shape or thin):
            if thin and isinstance(node, ast.BinOp):
                continue
            if name not in whole:
                for op, sign in ((ast.Add(), "+"), (ast.Sub(), "-")):
                    new = binary(node, op, expression(name))
                    yield "missing term", cost, {"term": f"{sign} {name}"}, new
