"""numpy functions and ufunc methods that are written with other operations of the table."""

from __future__ import annotations

import sys
from functools import reduce
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.rules import TABLE, missing
from backprop.tracer.array import Array
from backprop.tracer.assignment import assign
from backprop.tracer.frames import site
from backprop.tracer.operations import call, whole

_REDUCTIONS = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}
_RUNNING = {"add": "cumsum", "multiply": "cumprod"}


# ── methods of ufuncs ───────────────────────────────────────────────────────────────────────
def of_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """`np.maximum.reduce(x, axis=1)`, `np.add.accumulate(x)`, `np.multiply.outer(x, y)`."""
    name = ufunc.__name__
    if method == "outer" and not options and len(inputs) == 2:
        x, y = inputs
        return ufunc(x[(..., *[None] * np.ndim(y))] if np.ndim(x) and np.ndim(y) else x, y)
    op = {"reduce": _REDUCTIONS, "accumulate": _RUNNING}.get(method, {}).get(name)
    if op is None:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(f'{name}.{method}')}")
    options.setdefault("axis", 0)
    x, *rest = inputs
    return call(op, whole(list(x) if type(x) is tuple else x), *rest, **options)


# ── in place ────────────────────────────────────────────────────────────────────────────────
def sort_in_place(x: Array, axis: int = -1, kind: Any = None) -> None:
    """`x.sort()`, which returns nothing."""
    name = x.node.name
    node = call("sort", x, axis).node
    node.name = name
    assign(x, node)


# ── joining, moving, choosing ───────────────────────────────────────────────────────────────
def concatenate(arrays: Any, axis: int | None = 0) -> Any:
    """`np.concatenate(arrays, axis=None)` is of flat arrays."""
    parts = tuple(arrays)
    if axis is None:
        parts, axis = tuple(np.reshape(whole(part), -1) for part in parts), 0
    return call("concatenate", parts, axis)


def roll(x: Any, shift: Any, axis: Any = None) -> Any:
    """`np.roll(x, (1, 2), axis=(0, 1))`: one axis after the other."""
    if not isinstance(shift, (tuple, list)):
        return call("roll", x, shift, axis)
    for each, along in zip(shift, axis, strict=True):
        x = call("roll", x, each, along)
    return x


def delete(x: Any, obj: Any, axis: int | None = None) -> Any:
    """`np.delete(x, 1, axis=0)`: the entries that are left."""
    if axis is None:
        x, axis = np.reshape(x, -1), 0
    left = np.delete(np.arange(x.node.shape[axis]), obj)
    return x[(*[slice(None)] * (axis % x.ndim), left)]


def select(conditions: Any, choices: Any, default: Any = 0) -> Any:
    """`np.select(conditions, choices)`: the first condition that holds."""
    for condition, choice in reversed(list(zip(conditions, choices, strict=True))):
        default = np.where(condition, choice, default)
    return default


def choose(a: Any, choices: Any, mode: str = "raise") -> Any:
    """`np.choose(a, [x, y, z])`: the entries of the array whose number stands in `a`."""
    parts = list(choices)
    a = a if type(a) is Array else np.asarray(a)  # a list is equal to no number
    numbers = a.node.value if type(a) is Array else np.asarray(a)
    if mode != "raise":
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `choose` has mode='raise' only")
    if np.any((numbers < 0) | (numbers >= len(parts))):
        raise ValueError("invalid entry in choice array")
    result = parts[-1]
    for number in reversed(range(len(parts) - 1)):
        result = np.where(a == number, parts[number], result)
    if len(parts) == 1:
        return np.broadcast_to(result, np.broadcast_shapes(np.shape(a), np.shape(result)))
    return result


# ── products ────────────────────────────────────────────────────────────────────────────────
def cross(x: Any, y: Any) -> Any:
    """`np.cross(x, y)` of vectors with three entries, along the last axis."""
    if np.shape(x)[-1:] != (3,) or np.shape(y)[-1:] != (3,):
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `cross` is for 3 entries a vector")
    (a, b, c), (d, e, f) = ([part[..., i] for i in range(3)] for part in (x, y))
    return call("stack", (b * f - c * e, c * d - a * f, a * e - b * d), -1)


def kron(x: Any, y: Any) -> Any:
    """`np.kron(x, y)`: each entry of x times all of y, laid out as blocks."""
    axes = max(np.ndim(x), np.ndim(y))
    rows, columns = ((1,) * (axes - np.ndim(part)) + np.shape(part) for part in (x, y))
    outer = np.reshape(x, [n for length in rows for n in (length, 1)])
    inner = np.reshape(y, [n for length in columns for n in (1, length)])
    return np.reshape(outer * inner, [m * n for m, n in zip(rows, columns, strict=True)])


def vecdot(x: Any, y: Any, axis: int = -1) -> Any:
    """`np.vecdot(x, y)`: a sum of products along an axis."""
    return call("sum", x * y, axis)


def matrix_power(x: Any, n: int) -> Any:
    """`np.linalg.matrix_power(x, 3)`: x @ x @ x."""
    if n == 0:
        return np.eye(np.shape(x)[-1])
    return reduce(np.matmul, [x if n > 0 else np.linalg.inv(x)] * abs(n))


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """`np.trapezoid(y, x)`: the mean of neighbours, times the distance of their places."""
    before = (slice(None),) * (axis % np.ndim(y))
    later, earlier = (*before, slice(1, None)), (*before, slice(None, -1))
    width = dx if x is None else np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
    if np.ndim(width) == 1 and np.ndim(y) > 1:
        width = np.reshape(width, (-1,) + (1,) * (np.ndim(y) - 1 - axis % np.ndim(y)))
    return call("sum", (y[later] + y[earlier]) / 2 * width, axis)


# ── statistics, linear algebra ──────────────────────────────────────────────────────────────
def cov(m: Any, rowvar: bool = True, bias: bool = False, ddof: int | None = None) -> Any:
    """`np.cov(x)`: a row a variable; `np.cov(x, rowvar=False)`: a column a variable."""
    x = m if rowvar or m.ndim == 1 else m.T
    centred = x - call("mean", x, -1, True)
    number = x.shape[-1] - ((0 if bias else 1) if ddof is None else ddof)
    return (centred @ centred.T) / number


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm(x, "fro")` is the norm that it is without; an infinite one an extreme."""
    vector = np.ndim(x) == 1 if axis is None else isinstance(axis, (int, np.integer))
    two = np.ndim(x) == 2 if axis is None else np.ndim(axis) == 1
    if vector and isinstance(ord, float) and np.isinf(ord):
        return call("max" if ord > 0 else "min", np.abs(x), axis, keepdims)
    return call("norm", x, None if ord == "fro" and two else ord, axis, keepdims)


assert set(_REDUCTIONS.values()) | set(_RUNNING.values()) <= set(TABLE)
