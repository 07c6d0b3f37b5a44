"""The methods of the array that a traced function is given."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.rules import TABLE, missing
from backprop.tracer.array import Array, current, leave
from backprop.tracer.assignment import store
from backprop.tracer.composed import choose, sort_in_place
from backprop.tracer.frames import site
from backprop.tracer.functions import SYNONYMS, into, tried
from backprop.tracer.further import (
    LIMITS,
    MATRIX_TRANSPOSE,
    compress,
    cumprod,
    diagonal,
    limited,
    view,
)
from backprop.tracer.operations import call
from backprop.tracer.several import (
    astype,
    clip,
    dot,
    flatten,
    indices_of,
    item,
    put,
    reshape,
    take,
    transpose,
)


def _method(op: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        out = options.pop("out", None)
        if out is not None:
            return into(out, method(self, *args, **options), op)
        if LIMITS & options.keys():
            return limited(op, self, *args, **options)
        return call(SYNONYMS.get(op, op), self, *args, **options)

    return method


def _no_method(name: str) -> property:
    def refused(self: Any) -> Any:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name, None)}")

    return property(refused)


def _checked(name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method of an array, as `tried` calls it; `out` is one of its arguments."""
    place = _OUT.get(name, sys.maxsize)

    def checked(self: Any, *args: Any, out: Any = None, **options: Any) -> Any:
        if len(args) > place:
            args, out = args[:place], args[place]
        result = tried(name, method, self, *args, **options)
        return result if out is None else into(out, result, name)

    return checked


_OUT = {"dot": 1, "clip": 2, "take": 2, "choose": 1}  # the place of numpy's `out`


def _metadata(name: str) -> property:
    return property(lambda self: getattr(current(self).value, name))


def _leaving(name: str, what: str) -> Callable[..., Any]:
    def left(self: Any, *args: Any, **options: Any) -> Any:
        value = leave(self, f"became {what}", "work on the array itself, or on its entries x[i]")
        return getattr(value, name)(*args, **options)

    return left


def pickled(x: Any, protocol: int) -> Any:
    """`pickle.dumps(x)`, as some caches and `multiprocessing` do it."""
    way = "keep the array itself, or a copy (copy.deepcopy), and pickle what the function returns"
    return leave(x, "became a pickle", way).__reduce_ex__(protocol)


_SPECIAL: dict[str, Callable[..., Any]] = {
    "reshape": reshape,
    "transpose": transpose,
    "dot": dot,
    "choose": choose,
    "take": take,
    "put": put,
    "clip": clip,
    "ravel": lambda x, order="C": reshape(x, -1, order=order),
    "flatten": flatten,
    "astype": astype,
    "item": item,
    "fill": lambda x, value: store(x, ..., value),
    "nonzero": indices_of(np.nonzero),
    "sort": sort_in_place,
    "diagonal": diagonal,
    "compress": lambda x, condition, axis=None: compress(condition, x, axis),
    "view": view,
    "__copy__": lambda x: call("copy", x),
    "__deepcopy__": lambda x, _: call("copy", x),
    "__reduce_ex__": pickled,
    "cumprod": cumprod,
    "conj": lambda x: x,
    "conjugate": lambda x: x,
    "__round__": lambda x, decimals=0: call("round", x, decimals),
    "__divmod__": lambda x, y: (x // y, x % y),
}

# The methods of an array: rows of that name, what has no row, and those that are several rows.
METHODS: dict[str, Any] = {
    **{
        name: _method(name) if SYNONYMS.get(name, name) in TABLE else _no_method(name)
        for name in dir(np.ndarray)
        if not name.startswith("__") and name not in vars(Array)
    },
    **{name: _checked(name, method) for name, method in _SPECIAL.items()},
    "real": property(lambda x: x),
    "T": property(lambda x: call("transpose", x)),
    "mT": property(MATRIX_TRANSPOSE),
    **{name: _metadata(name) for name in ("nbytes", "itemsize", "strides", "flags")},
    **{
        name: _leaving(name, what)
        for name, what in {
            "tolist": "a list",
            "tobytes": "bytes",
            "tofile": "a file",
            "dump": "a file",
            "dumps": "bytes",
        }.items()
    },
}
