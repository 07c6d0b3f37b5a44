"""numpy functions that are several rows of the table, or an option of one."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.graph.keys import counting
from backprop.graph.node import plain
from backprop.rules import TABLE
from backprop.tracer.array import Array, current, leave, refuse, unwrap
from backprop.tracer.assignment import store
from backprop.tracer.frames import site
from backprop.tracer.operations import call, unary


def canonical(op: str, *args: Any, **options: Any) -> Any:
    """An operation in the words of the table: `x ** 2` is a square, `1 / x` a reciprocal."""
    for arg in args:
        if type(arg) is not Array and not isinstance(arg, (int, float, np.ndarray, np.generic)):
            if isinstance(arg, (list, tuple)):
                continue
            if isinstance(arg, complex):
                refuse("complex numbers are not traced", "Write real and imaginary part apart")
            return NotImplemented
    if op == "power" and type(args[1]) in (int, float) and args[1] in (1, 2):
        return unary(TABLE["square" if args[1] == 2 else "positive"][0], args[0], sys._getframe(1))
    if op == "divide" and type(args[0]) in (int, float) and args[0] == 1:
        return call("reciprocal", args[1])
    return call(op, *args, **options)


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
    return call("dot", x, y)


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
    return call("concatenate", tuple(at_least(part, least, axis) for part in arrays), axis)


def at_least(x: Any, ndim: int, axis: int) -> Any:
    x = x if type(x) is Array else np.asarray(x)
    if x.ndim >= ndim:
        return x
    if ndim == 2:
        x = x if x.ndim else reshape_any(x, (1,))
        return x[None, :] if axis == 0 else x[:, None]
    return reshape_any(x, (1,)) if ndim == 1 else x[..., None]


def reshape_any(x: Any, shape: tuple[int, ...]) -> Any:
    return reshape(x, shape) if type(x) is Array else np.reshape(x, shape)


def sequence(op: str) -> Callable[..., Any]:
    """A function whose first argument is a sequence of arrays."""

    def apply(arrays: Any, *args: Any, **options: Any) -> Any:
        return call(op, tuple(arrays), *args, **options)

    return apply


def einsum(subscripts: Any, *operands: Any, optimize: Any = None) -> Any:
    """`np.einsum("nd,dm->nm", x, w)`, `np.einsum(x, [0, 1], w, [1, 2], [0, 2])`."""
    if not isinstance(subscripts, str):
        subscripts, operands = _lettered((subscripts, *operands))
    return call("einsum", subscripts, operands)


def _lettered(items: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """Numbered axes as letters."""
    arrays, numbers = items[: len(items) // 2 * 2 : 2], items[1::2]
    terms = ["".join("..." if i is ... else chr(97 + i) for i in each) for each in numbers]
    result = items[-1] if len(items) % 2 else None
    arrow = "" if result is None else "->" + _lettered((None, result))[0]
    return ",".join(terms) + arrow, arrays


def where(condition: Any, *choices: Any) -> Any:
    """`np.where(c, x, y)`; `np.where(c)` is a list of indices."""
    return call("where", condition, *choices) if choices else indices_of(np.nonzero)(condition)


def indices_of(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result are indices: plain arrays, remembered as a branch."""

    def find(x: Any, *args: Any, **options: Any) -> Any:
        if current(x).differentiable:
            x = call("not_equal", x, 0)
        return function(leave(x, "became indices", "compare first"), *args, **options)

    return find


def looking(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that only looks at the values, as assertions do."""

    def look(*args: Any, **options: Any) -> Any:
        named = {name: plain(unwrap(option)) for name, option in options.items()}
        return function(*[plain(unwrap(arg)) for arg in args], **named)

    return look


def clip(x: Any, a_min: Any = None, a_max: Any = None, **options: Any) -> Any:
    """`np.clip(x, 0, 1)`, `np.clip(x, max=1)`, `x.clip(0)`."""
    low, high = options.pop("min", a_min), options.pop("max", a_max)
    if low is None and high is None:
        return call("copy", x)
    return call("clip", x, low, high, **options)


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


def sliding_window_view(x: Any, window_shape: Any, axis: Any = None, **options: Any) -> Any:
    """`sliding_window_view(x, (k, k), axis=(2, 3))`; it is not to be written to."""
    if options:
        raise RuleError(
            f"{site(sys._getframe(1))}\n  the row of `sliding_window_view` has "
            "(x, window_shape, axis=None) only"
        )
    return call("sliding_window_view", x, window_shape, axis)


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


def put(x: Any, where: Any, values: Any, mode: str = "raise") -> None:
    """`np.put(x, [0, 5], v)`, `np.place(x, x > 0, v)`: entries by their place in the flat array."""
    flat = reshape(x, -1)
    if flat.origin is not x and x.ndim != 1:
        refuse("`put` wrote to an array that is not contiguous", "write x[…] = v")
    key = reshape_any(where, (-1,)) if isinstance(where, np.ndarray) else where
    wanted = x[key].size if x.ndim == 1 else flat[key].size
    if np.size(values) not in (1, wanted):
        refuse(f"`put` wrote {np.size(values)} values to {wanted} places", "give one for each")
    store(flat, key, reshape_any(values, (-1,)) if np.ndim(values) > 1 else values)


def put_mask(x: Any, mask: Any, values: Any) -> None:
    """`np.putmask(x, mask, v)`, `np.copyto(x, v, where=mask)`: v where the mask is true."""
    store(x, ..., where(mask, values, x) if np.ndim(values) else where(mask, float(values), x))


def swapped(x: Any, y: Any, *_: Any) -> Any:
    return dot(reshape(x, -1), reshape_any(y, (-1,)))
