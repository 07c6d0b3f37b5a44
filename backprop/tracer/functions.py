"""From numpy's names to the rows of the table: operators, ufuncs, functions and methods."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.errors import RuleError
from backprop.rules import TABLE, missing
from backprop.tracer.array import Array, assign, call, current, refuse, unwrap
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
        return call("square", args[0])
    if op == "divide" and type(args[0]) in (int, float) and args[0] == 1:
        return call("reciprocal", args[1])
    return call(op, *args, **options)


def ufunc_call(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A ufunc met a traced array."""
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
    if out is not None:
        target = out[0]
        if type(target) is not Array:
            refuse(
                f"`{ufunc.__name__}` wrote to a plain array",
                "make the buffer with np.zeros inside the function",
            )
        assign(target, result.node)
        return target
    return result


def add_at(name: str, target: Any, key: Any, value: Any = None) -> None:
    """`np.add.at(x, key, value)`."""
    if name not in ("add", "subtract"):
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name + '.at')}")
    if type(target) is not Array:
        refuse("a plain array was written to", "make the buffer with np.zeros inside the function")
    if name == "subtract":
        value = -value
    node = current(target)
    assign(target, target.tape.record("add_at", (node, unwrap(key), unwrap(value)), name=node.name))


def function_call(function: Any, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """A numpy function met a traced array."""
    special = FUNCTIONS.get(function)
    if special is not None:
        return special(*args, **options)
    name = SYNONYMS.get(function.__name__, function.__name__)
    if name not in TABLE:
        raise RuleError(f"{site(sys._getframe(1))}\n  {missing(name)}")
    return call(name, *args, **options)


# ── functions that are several rows, or none ────────────────────────────────────────────────
def reshape(x: Any, *shape: Any, order: str = "C") -> Any:
    """`np.reshape(x, shape)`, `x.reshape(2, 3)`."""
    if order != "C":
        raise RuleError(f"{site(sys._getframe(1))}\n  the row of `reshape` has order='C' only")
    if len(shape) == 1:
        shape = tuple(shape[0]) if isinstance(shape[0], (tuple, list)) else shape
    return call("reshape", x, tuple(shape))


def transpose(x: Any, *axes: Any) -> Any:
    """`np.transpose(x, axes)`, `x.transpose(1, 0)`."""
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
        axes = axes[0] or ()
    ndim = x.ndim
    normal = tuple(axis % ndim for axis in axes)
    whole = not normal or normal == tuple(range(ndim))[::-1]
    return call("transpose", x, None if whole else normal)


def dot(x: Any, y: Any) -> Any:
    """`np.dot(x, y)`: a matrix product where that is one."""
    nx, ny = np.ndim(x), np.ndim(y)
    if nx == 0 or ny == 0:
        return canonical("multiply", x, y)
    if nx <= 2 and ny <= 2:
        return call("matmul", x, y)
    return call("tensordot", x, y, ((nx - 1,), (max(ny - 2, 0),)))


FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.reshape: reshape,
    np.transpose: transpose,
    np.dot: dot,
    np.ravel: lambda x: reshape(x, -1),
    np.ndim: lambda x: x.ndim,
    np.shape: lambda x: x.shape,
    np.size: lambda x: x.size,
}


def _method(op: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **options: Any) -> Any:
        return call(op, self, *args, **options)

    return method


METHODS: dict[str, Callable[..., Any]] = {
    **{op: _method(op) for op in ("sum", "mean", "max", "min", "var", "std", "prod", "copy")},
    "reshape": reshape,
    "transpose": transpose,
    "dot": dot,
    "ravel": lambda x: reshape(x, -1),
    "flatten": lambda x: reshape(call("copy", x), -1),
}
