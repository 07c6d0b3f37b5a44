"""The functions of numpy that are others while a function is traced.

What makes arrays from none (`np.zeros`) or from a list (`np.array`), and what goes straight to
its row without numpy's own dispatch, for speed. They ask for the tape of their own thread, so
other threads keep numpy's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.keys import counting
from backprop.graph.lengths import Length, Number, remember, tree_of
from backprop.rules import TABLE
from backprop.tracer.array import Array, arrays_in, current, refuse, traced, unwrap
from backprop.tracer.frames import site
from backprop.tracer.functions import FUNCTIONS, SPECIAL, SYNONYMS, into
from backprop.tracer.further import LIMITS, limited, plainly
from backprop.tracer.operations import binary, call, whole
from backprop.tracer.tape import OPTIONS, running

getframe = sys._getframe


def _creator(name: str) -> Callable[..., Any]:
    original = getattr(np, name)
    filled = {"full": 1, "full_like": 1}.get(name)

    def create(*args: Any, **options: Any) -> Any:
        tape = running()
        if filled is not None and tape is not None:
            value = args[filled] if len(args) > filled else options.get("fill_value")
            if type(value) is Array and current(value).differentiable:
                shape: Any = args[0] if args else options.get("shape", options.get("a"))
                shape = shape if name == "full" else np.shape(shape)
                return call("copy", call("broadcast_to", value, shape))
        if name == "linspace" and tape is not None:
            ends = [*args[:2], *options.values()]
            if any(type(end) is Array and current(end).differentiable for end in ends):
                return FUNCTIONS[original](*args, **options)
        value = original(*[_untraced(arg) for arg in args], **options)
        if tape is None or not np.issubdtype(value.dtype, np.floating):
            return value
        node = tape.constant(value)
        _place(node, (name, args, options))
        return traced(tape, node)

    create.__name__ = name
    return create


def _place(node: Any, note: Any) -> None:
    # Of the arrays their nodes: the arrays know the tape, and the graph would never be freed.
    name, args, options = note
    node.note = name, unwrap(args), {key: unwrap(value) for key, value in options.items()}
    here = site(sys._getframe(2))
    node.site = here
    if here is not None:
        node.name = here.name or ""


def _untraced(item: Any) -> Any:
    """np.zeros_like(x) needs x's shape and dtype only."""
    if type(item) is Array:
        return item.node.value
    return item


def _array(item: Any, *args: Any, **options: Any) -> Any:
    """`np.array([a, b])` of traced values is a stack of them."""
    if running() is not None and next(arrays_in(item), None) is not None:
        return plainly(
            call("copy", item) if type(item) is Array else _stacked(item), *args, **options
        )
    value = np.array(item, *args, **options)
    tape = running()
    if tape is None or not np.issubdtype(value.dtype, np.floating) or value.ndim == 0:
        return value
    node = tape.constant(value)
    _place(node, ("array", (item, *args), options))
    return traced(tape, node)


def _stacked(items: Any) -> Any:
    return np.stack([part if type(part) is Array else _array(part) for part in items])


class _Joined:
    """`np.c_[x, y]` and `np.r_[x, y]`: concatenations that look like an index."""

    def __init__(self, original: Any, columns: bool) -> None:
        self._original = original
        self._columns = columns

    def __getitem__(self, key: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if next(arrays_in(parts), None) is None:
            return self._original[key]
        if any(isinstance(part, str) for part in parts):
            refuse("`np.r_` with an axis in a string", "write np.concatenate")
        whole = [part if type(part) is Array else self._original[part] for part in parts]
        return np.concatenate([self._part(part) for part in whole], -1 if self._columns else 0)

    def _part(self, part: Any) -> Any:
        if np.ndim(part) == 0:
            part = np.reshape(part, (1,))
        return part[:, None] if self._columns and np.ndim(part) == 1 else part


def _same(name: str) -> Callable[..., Any]:
    """`np.asarray` and its like: a traced array stays what it is, a list of them is stacked."""
    original = getattr(np, name)

    def same(item: Any, *args: Any, **options: Any) -> Any:
        if running() is not None and next(arrays_in(item), None) is not None:
            return plainly(item if type(item) is Array else _stacked(item), *args, **options)
        return original(item, *args, **options)

    same.__name__ = name
    return same


def _arange(*args: Any, **options: Any) -> Any:
    if running() is None:
        return np.arange(*args, **options)
    result = counting(*args, **options)
    result.tree = ("call", "np.arange", tuple(tree_of(arg) for arg in args))
    return result


def _of_lengths(name: str) -> Callable[..., Any]:
    """`np.sqrt(D)` and `np.prod(x.shape)` remember what they came from."""
    original = getattr(np, name)

    def compute(x: Any, *args: Any, **options: Any) -> Any:
        if not args and not options and type(x) in (Length, Number):
            value = original(x)
            result = _Strong(value)
            result.tree = ("call", f"np.{name}", (tree_of(x),))
            return result
        lengths = name == "prod" and not options and not args and isinstance(x, (tuple, list)) and x
        if lengths and all(type(part) in (int, Length) for part in x):
            total: Any = x[0]
            for part in x[1:]:
                total = total * part
            return remember(int(total), tree_of(total))
        return original(_together(x), *args, **options)

    compute.__name__ = name
    return _direct(name, original, compute) if isinstance(original, np.ufunc) else compute


def _reduction(name: str) -> Callable[..., Any]:
    """`np.sum` and its like: straight to the row."""
    original = getattr(np, name)
    rule = TABLE[name][0]
    # What np.sum, np.max and np.min come down to.
    reductions: dict[str, Any] = {"sum": np.add, "max": np.maximum, "min": np.minimum}
    ufunc = reductions.get(name)

    def compute(a: Any, axis: Any = None, *args: Any, **options: Any) -> Any:
        if type(a) is not Array:
            if type(a) in (list, tuple) and next(arrays_in(a), None) is not None:
                return compute(_array(a), axis, *args, **options)
            return original(a, axis, *args, **options)
        if "out" in options:
            return into(options.pop("out"), compute(a, axis, *args, **options), name)
        if LIMITS & options.keys():
            return limited(name, a, axis, *args, **options)
        keepdims = options.get("keepdims", False)
        if args or len(options) > ("keepdims" in options) or type(axis) not in OPTIONS:
            return call(name, a, axis, *args, **options)
        node = a.node if a.origin is None else current(a)
        value = node.value
        if ufunc is not None and type(value) is np.ndarray and type(keepdims) is bool:
            value = ufunc.reduce(value, axis, None, None, keepdims)
        else:
            value = rule.run(value, axis, keepdims)
        operands = (node, axis, keepdims)
        here = a.tape.at(getframe(1))
        return a.tape.step(rule, operands, value, node.flow, here)

    compute.__name__ = name
    return compute


def _direct(name: str, original: Any, others: Any = None) -> Callable[..., Any]:
    """A ufunc that meets a traced array half-way: without numpy's own dispatch, for speed.

    `others` is for what is no traced array; by default the ufunc itself.
    """
    rows = TABLE[SYNONYMS.get(name, name)]
    rule = rows[0]
    run = rule.run
    others = original if others is None else others

    if original.nin == 1:

        def compute(x: Any, *args: Any, **options: Any) -> Any:
            if type(x) is Array and not args and not options:
                # `unary`, without the call: the most frequent case.
                tape, frame = x.tape, getframe(1)
                here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
                node = x.node if x.origin is None else current(x)
                return tape.step(rule, (node,), run(node.value), node.flow, here)
            return others(_together(x), *args, **options)
    else:

        def compute(x: Any, *args: Any, **options: Any) -> Any:
            if len(args) == 1 and not options and (type(x) is Array or type(args[0]) is Array):
                result = binary(rows, x, args[0], sys._getframe(1))
                if result is not None:
                    return result
            return original(_together(x), *map(_together, args), **options)

    compute.__name__ = name
    for attribute in ("at", "outer", "reduceat", "nin", "nout", "types"):
        setattr(compute, attribute, getattr(original, attribute))
    for method in ("reduce", "accumulate"):
        setattr(compute, method, _along(getattr(original, method)))
    return compute


def _together(item: Any) -> Any:
    """`np.sqrt([x, y])`: numpy would not look for traced arrays in a list."""
    if type(item) not in (list, tuple) or next(arrays_in(item), None) is None:
        return item
    return whole(item)


def _along(original: Any) -> Callable[..., Any]:
    """`np.maximum.reduce([a, b, c])`: numpy would not look for traced arrays in a list."""

    def compute(array: Any, *args: Any, **options: Any) -> Any:
        if type(array) in (list, tuple) and next(arrays_in(array), None) is not None:
            array = whole(array)
        return original(array, *args, **options)

    return compute


def _listed(original: Any) -> Callable[..., Any]:
    """`np.linalg.norm([x, y])`: as `_together`, for a function that has no stand-in."""

    def compute(*args: Any, **options: Any) -> Any:
        each = _each if original in _OF_SEVERAL else _together
        args = (each(args[0]), *map(_together, args[1:])) if args else args
        return original(*args, **{name: _together(item) for name, item in options.items()})

    compute.__name__ = original.__name__
    return compute


def _each(items: Any) -> Any:
    """Several arrays, of which each may be a list."""
    return [_together(item) for item in items] if type(items) in (list, tuple) else items


class _Strong(np.float64):
    """What np.sqrt of a length is: numpy's own scalar type, with where it comes from."""

    tree: Any = None


CREATORS = ("zeros", "ones", "empty", "full", "eye", "identity", "linspace")
SAME = (
    "asarray",
    "asanyarray",
    "ascontiguousarray",
    "asfortranarray",
    "asarray_chkfinite",
    "require",
)
LIKE = ("zeros_like", "ones_like", "empty_like", "full_like")
REPLACED: dict[str, Any] = {
    **{
        name: _direct(name, function)
        for name, function in vars(np).items()
        if isinstance(function, np.ufunc)
        and SYNONYMS.get(name, name) in TABLE
        and TABLE[SYNONYMS.get(name, name)][0].parameters in (("x",), ("x", "y"))
        and function not in SPECIAL
    },
    **{name: _creator(name) for name in (*CREATORS, *LIKE)},
    **{name: _reduction(name) for name in ("sum", "mean", "max", "min")},
    **{name: _of_lengths(name) for name in ("sqrt", "log", "prod")},
    "array": _array,
    **{name: _same(name) for name in SAME},
    "arange": _arange,
    "c_": _Joined(np.c_, columns=True),
    "r_": _Joined(np.r_, columns=False),
}
# They dispatch: a function out of our reach makes a traced buffer, too.
FUNCTIONS.update({getattr(np, name): REPLACED[name] for name in LIKE})
BY_ORIGINAL = {id(getattr(np, name)): stand_in for name, stand_in in REPLACED.items()}

# What has an array in a list as its first argument, not the entries of one.
_OF_SEVERAL = {
    np.concatenate, np.stack, np.hstack, np.vstack, np.column_stack, np.dstack, np.block,
    np.select, np.choose, np.linalg.multi_dot, getattr(np, "concat", None),
}  # fmt: skip


def listed(module: Any) -> dict[str, Any]:
    """Stand-ins for a module's functions that are given lists of traced numbers.

    They cost at every call, so they stand in where a trace without them has failed.
    """
    return {
        name: _listed(function)
        for name, function in vars(module).items()
        if hasattr(function, "_implementation") and id(function) not in BY_ORIGINAL
    }
