"""From numpy's names to the rows of the table: operators, ufuncs, functions and methods."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.errors import RuleError
from backprop.graph import plain
from backprop.rules import TABLE, counting, missing
from backprop.tracer.array import (
    Array,
    assign,
    binary,
    call,
    current,
    leave,
    refuse,
    store,
    unary,
    unwrap,
)
from backprop.tracer.names import site

OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "matmul": "matmul",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "and": "logical_and",
    "or": "logical_or",
}
UNARY = {
    "neg": "negative",
    "pos": "positive",
    "abs": "abs",
    "invert": "logical_not",
}
COMPARISONS = {
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
}
# numpy's further names of a row.
SYNONYMS = {
    "absolute": "abs",
    "fabs": "abs",
    "float_power": "power",
    "amax": "max",
    "amin": "min",
    "bitwise_and": "logical_and",
    "bitwise_or": "logical_or",
    "invert": "logical_not",
    "permute_dims": "transpose",
    "concat": "concatenate",
    "true_divide": "divide",
    "around": "round",
}


def canonical(op: str, *args: Any, **options: Any) -> Any:
    """An operation in the words of the table: `x ** 2` is a square, `1 / x` a reciprocal."""
    for arg in args:
        if type(arg) is not Array and not isinstance(arg, (int, float, np.ndarray, np.generic)):
            if isinstance(arg, (list, tuple)):
                continue
            return NotImplemented
    if op == "power" and type(args[1]) in (int, float) and args[1] == 2:
        return unary(TABLE["square"][0], args[0], sys._getframe(1))
    if op == "divide" and type(args[0]) in (int, float) and args[0] == 1:
        return call("reciprocal", args[1])
    return call(op, *args, **options)


SPECIAL = {np.power, np.divide}  # a square and a reciprocal have rows of their own


def ufunc_call(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc met a traced array."""
    if not options and method == "__call__":
        rows = TABLE.get(SYNONYMS.get(ufunc.__name__, ufunc.__name__))
        if rows is not None and ufunc not in SPECIAL:
            frame = sys._getframe(2)
            quick = (
                unary(rows[0], inputs[0], frame)
                if len(inputs) == 1
                else binary(rows, inputs[0], inputs[1], frame)
                if rows[0].parameters == ("x", "y")
                else None
            )
            if quick is not None:
                return quick
    name = SYNONYMS.get(ufunc.__name__, ufunc.__name__)
    out = options.pop("out", None)
    if method == "at":
        return add_at(name, *inputs)
    if method == "reduce":
        reduction = {"add": "sum", "multiply": "prod", "maximum": "max", "minimum": "min"}.get(name)
        options.setdefault("axis", 0)
        if reduction:
            return call(reduction, *inputs, **options)
    if method != "__call__":
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(f'{ufunc.__name__}.{method}')}")
    result = canonical(name, *inputs, **options)
    if result is NotImplemented:
        return result
    return result if out is None else into(out[0], result, ufunc.__name__)


def into(out: Any, result: Array, name: str) -> Array:
    """`out=` of a function: the array that is given gets the result."""
    if type(out) is not Array:
        refuse(f"`{name}` wrote to a plain array", _BUFFER)
    assign(out, result.node)
    return out


_BUFFER = "make the buffer with np.zeros inside the function"


def add_at(name: str, target: Any, key: Any, value: Any = None) -> None:
    """`np.add.at(x, key, value)`."""
    if name not in ("add", "subtract"):
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name + '.at')}")
    if type(target) is not Array:
        refuse("a plain array was written to", _BUFFER)
    if name == "subtract":
        value = -value
    node = current(target)
    assign(target, target.tape.record("add_at", (node, unwrap(key), unwrap(value)), name=node.name))


_FIRST = {"a", "arr", "ary", "array", "m"}  # what numpy calls the parameter that is x in the table


def function_call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A numpy function met a traced array."""
    out = options.pop("out", None)
    if out is not None:
        return into(out, function_call(function, args, options), function.__name__)
    for name in _FIRST & options.keys():
        args = (options.pop(name), *args)
    if "b" in options:
        args = (*args, options.pop("b"))
    special = FUNCTIONS.get(function)
    if special is not None:
        return special(*args, **options)
    name = SYNONYMS.get(function.__name__, function.__name__)
    if name not in TABLE:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name)}")
    return call(name, *args, **options)


# ── functions that are several rows, or none ────────────────────────────────────────────────
def reshape(x: Any, *shape: Any, order: str = "C", newshape: Any = None) -> Any:
    """`np.reshape(x, shape)`, `x.reshape(2, 3)`."""
    if order != "C":
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `reshape` has order='C' only")
    if newshape is not None:
        shape = (newshape,)
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        shape = tuple(shape[0])
    return call("reshape", x, tuple(shape))


def transpose(x: Any, *axes: Any) -> Any:
    """`np.transpose(x, axes)`, `x.transpose(1, 0)`."""
    order: Any = axes
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
        order = axes[0] or ()
    ndim = np.ndim(x)
    normal = tuple(int(axis) % ndim for axis in order)
    whole = not normal or normal == tuple(range(ndim))[::-1]
    return call("transpose", x, None if whole else normal)


def dot(x: Any, y: Any) -> Any:
    """`np.dot(x, y)`: a matrix product where that is one."""
    nx, ny = np.ndim(x), np.ndim(y)
    if nx == 0 or ny == 0:
        return canonical("multiply", x, y)
    if nx <= 2 and ny <= 2:
        return call("matmul", x, y)
    return tensordot(x, y, ((nx - 1,), (max(ny - 2, 0),)))


def flatten(x: Any, order: str = "C") -> Any:
    """`x.flatten()` is a copy, `x.ravel()` is not."""
    return reshape(call("copy", x), -1, order=order)


def split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """`np.split(x, 4, axis=1)`: the pieces as slices, named after what they are unpacked to."""
    length = x.shape[axis]
    if isinstance(sections, (int, np.integer)):
        if length % sections:
            raise ValueError("array split does not result in an equal division")
        return array_split(x, sections, axis)
    return _pieces(x, [0, *sections, length], axis)


def array_split(x: Any, sections: Any, axis: int = 0) -> list[Any]:
    """`np.array_split`: like split, the pieces need not be equal."""
    length = x.shape[axis]
    if not isinstance(sections, (int, np.integer)):
        return split(x, sections, axis)
    sections = int(sections) if isinstance(sections, np.integer) else sections
    each, more = length // sections, length % sections
    if not more:  # edges that are lengths, too
        edges = [0, each, *[each * i for i in range(2, sections)], length]
        return _pieces(x, [*edges[:sections], length], axis)
    sizes = [int(each) + 1] * int(more) + [int(each)] * (int(sections) - int(more))
    return _pieces(x, [0, *np.cumsum(sizes).tolist()], axis)


def _pieces(x: Any, edges: list[Any], axis: int) -> list[Any]:
    here = site(sys._getframe(1))
    names = here.names if here is not None else ()
    if len(names) < len(edges) - 1 or None in names:
        edges = [int(edge) for edge in edges]  # lengths would be hard to read in an expression
    before = (slice(None),) * (int(axis) % x.ndim)
    pieces = []
    for i, (start, stop) in enumerate(itertools.pairwise(edges)):
        last = i == len(edges) - 2
        key = slice(None if i == 0 else start, None if last else stop)
        piece = call("get", x, (*before, key) if before else key)
        if i < len(names):
            piece.node.name = names[i] or ""
        pieces.append(piece)
    return pieces


def stack_along(arrays: Any, axis: int, least: int) -> Any:
    """`np.vstack` and its like: at least `least` axes, then concatenate."""
    return call("concatenate", tuple(_at_least(part, least, axis) for part in arrays), axis)


def _at_least(x: Any, ndim: int, axis: int) -> Any:
    x = x if type(x) is Array else np.asarray(x)
    if x.ndim >= ndim:
        return x
    if ndim == 2:
        x = x if x.ndim else reshape_any(x, (1,))
        return x[None, :] if axis == 0 else x[:, None]
    return reshape_any(x, (1,)) if ndim == 1 else x[..., None]


def reshape_any(x: Any, shape: tuple[int, ...]) -> Any:
    return reshape(x, shape) if type(x) is Array else x.reshape(shape)


def sequence(op: str) -> Callable[..., Any]:
    """A function whose first argument is a sequence of arrays."""

    def apply(arrays: Any, *args: Any, **options: Any) -> Any:
        return call(op, tuple(arrays), *args, **options)

    return apply


def einsum(subscripts: Any, *operands: Any, optimize: Any = None) -> Any:
    """`np.einsum("nd,dm->nm", x, w)`."""
    if not isinstance(subscripts, str):
        raise RuleError(f"{site(sys._getframe(1))}\n  write the subscripts of einsum as a string")
    return call("einsum", subscripts, tuple(operands))


def where(condition: Any, *choices: Any) -> Any:
    """`np.where(c, x, y)`; `np.where(c)` is a list of indices."""
    return call("where", condition, *choices) if choices else _indices(np.nonzero)(condition)


def _indices(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result are indices: plain arrays, remembered as a branch."""

    def find(x: Any, *args: Any, **options: Any) -> Any:
        if current(x).differentiable:
            x = call("not_equal", x, 0)
        return function(leave(x, "became indices", "compare first"), *args, **options)

    return find


def _looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only looks at the values, as assertions do."""

    def look(*args: Any, **options: Any) -> Any:
        return function(*[plain(unwrap(arg)) for arg in args], **options)

    return look


def clip(x: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    """`np.clip(x, 0, 1)`, `np.clip(x, max=1)`, `x.clip(0)`."""
    low, high = options.pop("min", a_min), options.pop("max", a_max)
    if low is None and high is None:
        return call("copy", x)
    return call("clip", x, low, high, **options)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.linalg.norm(x, "fro")` is the norm that it is without."""
    two = np.ndim(x) == 2 if axis is None else np.ndim(axis) == 1
    return call("norm", x, None if ord == "fro" and two else ord, axis, keepdims)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """`np.average(x, axis, weights)`."""
    if weights is None:
        return call("mean", x, axis)
    if axis is not None and np.ndim(weights) == 1:
        weights = np.expand_dims(weights, tuple(range(1, np.ndim(x) - axis % np.ndim(x))))
    total = np.sum(np.broadcast_to(weights, np.shape(x)), axis)
    return np.sum(x * weights, axis) / total


def diff(x: Any, n: int = 1, axis: int = -1) -> Any:
    """`np.diff(x)`: each entry minus the one before it."""
    before = (slice(None),) * (axis % x.ndim)
    for _ in range(n):
        x = x[(*before, slice(1, None))] - x[(*before, slice(None, -1))]
    return x


def tensordot(x: Any, y: Any, axes: Any = 2) -> Any:
    """`np.tensordot(x, y, axes)` as the einsum that it is."""
    nx, ny = np.ndim(x), np.ndim(y)
    if isinstance(axes, (int, np.integer)):
        axes = (range(nx - int(axes), nx), range(int(axes)))
    mine, yours = (
        [int(a) % n for a in ([each] if isinstance(each, (int, np.integer)) else each)]
        for each, n in zip(axes, (nx, ny), strict=True)
    )
    first = "abcdefgh"[:nx]
    second = list("ijklmnop"[:ny])
    for left, right in zip(mine, yours, strict=True):
        second[right] = first[left]
    kept = [c for a, c in enumerate(first) if a not in mine]
    kept += [c for a, c in enumerate(second) if a not in yours]
    return einsum(f"{first},{''.join(second)}->{''.join(kept)}", x, y)


def take(x: Any, indices: Any, axis: int | None = None) -> Any:
    """`np.take(x, indices, axis)` is an index."""
    if axis is None:
        return reshape(x, -1)[indices]
    return x[(*[slice(None)] * (axis % np.ndim(x)), indices)]


def rollaxis(x: Any, axis: int, start: int = 0) -> Any:
    """`np.rollaxis(x, 2)`, the elder of `np.moveaxis`."""
    ndim = np.ndim(x)
    axis, start = axis % ndim, start + ndim if start < 0 else start
    return call("moveaxis", x, axis, start - 1 if axis < start else start)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """`np.ptp(x)`: from the smallest to the largest."""
    largest: Any = call("max", x, axis, keepdims)
    return largest - call("min", x, axis, keepdims)


def pad(x: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    """`np.pad`; a mode that repeats entries is an index along each axis."""
    if mode not in ("edge", "reflect", "symmetric", "wrap") or options:
        return call("pad", x, pad_width, mode, **options)
    widths = np.broadcast_to(pad_width, (np.ndim(x), 2))
    for axis, width in enumerate(widths):
        if width.any():
            x = take(x, np.pad(np.arange(x.node.shape[axis]), width, mode), axis)
    return x


def take_along_axis(x: Any, indices: Any, axis: int | None = -1) -> Any:
    """`np.take_along_axis(x, indices, axis)` is an index that counts along the other axes."""
    if axis is None:
        return reshape(x, -1)[indices]
    ndim = np.ndim(x)
    key: list[Any] = []
    for each in range(ndim):
        if each == axis % ndim:
            key.append(indices)
        else:
            shape = [1] * ndim
            shape[each] = -1
            key.append(counting(int(x.shape[each])).reshape(shape))
    return x[tuple(key)]


def astype(x: Any, dtype: Any, **options: Any) -> Any:
    """`x.astype(x.dtype)` is a copy, or nothing at all."""
    if np.dtype(dtype) == x.dtype:
        return x if options.get("copy", True) is False else call("copy", x)
    return call("astype", x, np.dtype(dtype))


def item(x: Any, *index: Any) -> Any:
    """`x.item()`: the entry, still traced."""
    if index:
        return x[index if len(index) > 1 else np.unravel_index(index[0], x.shape)]
    return reshape(x, ()) if x.ndim else x


def fill_diagonal(x: Any, value: Any) -> None:
    """`np.fill_diagonal(x, 0)`."""
    count = np.arange(min(x.shape))
    store(x, (count,) * x.ndim, value)


def swapped(x: Any, y: Any, *_: Any) -> Any:
    return dot(reshape(x, -1), reshape_any(y, (-1,)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.reshape: reshape,
    np.transpose: transpose,
    np.dot: dot,
    np.vdot: swapped,
    np.ravel: lambda x, order="C": reshape(x, -1, order=order),
    np.copy: lambda x, *_, **__: call("copy", x),
    np.einsum: einsum,
    np.where: where,
    np.average: average,
    np.clip: clip,
    np.linalg.norm: norm,
    np.diff: diff,
    np.tensordot: tensordot,
    np.take: take,
    np.pad: pad,
    np.rollaxis: rollaxis,
    np.ptp: ptp,
    np.take_along_axis: take_along_axis,
    np.fliplr: lambda x: call("flip", x, 1),
    np.flipud: lambda x: call("flip", x, 0),
    np.split: split,
    np.array_split: array_split,
    np.hsplit: lambda x, sections: split(x, sections, 1 if x.ndim > 1 else 0),
    np.vsplit: lambda x, sections: split(x, sections, 0),
    np.dsplit: lambda x, sections: split(x, sections, 2),
    np.concatenate: sequence("concatenate"),
    np.stack: sequence("stack"),
    np.vstack: lambda arrays: stack_along(arrays, 0, 2),
    np.hstack: lambda arrays: stack_along(
        arrays, 0 if max(np.ndim(part) for part in arrays) <= 1 else 1, 1
    ),
    np.column_stack: lambda arrays: stack_along(arrays, 1, 2),
    np.dstack: lambda arrays: stack_along([_at_least(p, 2, 0) for p in arrays], 2, 3),
    np.append: lambda x, y, axis=None: call(
        "concatenate",
        (x, y) if axis is not None else (reshape_any(x, (-1,)), reshape_any(y, (-1,))),
        axis or 0,
    ),
    np.atleast_1d: lambda x: x if x.ndim else reshape(x, (1,)),
    np.atleast_2d: lambda x: _at_least(x, 2, 0),
    np.copyto: lambda x, value: store(x, ..., value),
    np.fill_diagonal: fill_diagonal,
    np.ndim: lambda x: x.ndim,
    np.shape: lambda x: x.shape,
    np.size: lambda x, axis=None: x.size if axis is None else x.shape[axis],
    **{f: _indices(f) for f in (np.nonzero, np.flatnonzero, np.argwhere, np.unique)},
    **{
        f: _looking(f)
        for f in (
            np.allclose,
            np.array_equal,
            np.result_type,
            np.iscomplexobj,
            np.isrealobj,
            np.may_share_memory,
            np.shares_memory,
            np.array_repr,
            np.array_str,
            np.array2string,
            np.bincount,
        )
    },
}


def _method(op: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        out = options.pop("out", None)
        if out is not None:
            return into(out, method(self, *args, **options), op)
        return call(SYNONYMS.get(op, op), self, *args, **options)

    return method


def _no_method(name: str) -> property:
    def refused(self: Any) -> Any:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name)}")

    return property(refused)


def clip_method(self: Any, *args: Any, out: Any = None, **options: Any) -> Any:
    result = clip(self, *args, **options)
    return result if out is None else into(out, result, "clip")


# The methods of an array: rows of that name, what has no row, and those that are several rows.
METHODS: dict[str, Any] = {
    **{
        name: _method(name) if SYNONYMS.get(name, name) in TABLE else _no_method(name)
        for name in dir(np.ndarray)
        if not name.startswith("__") and name not in vars(Array)
    },
    "reshape": reshape,
    "transpose": transpose,
    "dot": dot,
    "take": take,
    "clip": clip_method,
    "ravel": lambda x, order="C": reshape(x, -1, order=order),
    "flatten": flatten,
    "astype": astype,
    "item": item,
    "fill": lambda x, value: store(x, ..., value),
    "nonzero": _indices(np.nonzero),
}
