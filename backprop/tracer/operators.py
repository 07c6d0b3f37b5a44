"""The operators of the traced array, and numpy's protocols: `x + y`, `-x`, `x[i]`, `np.exp(x)`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from backprop.graph.rule import Rule
from backprop.rules import TABLE
from backprop.tracer.array import Array
from backprop.tracer.assignment import assign, store
from backprop.tracer.functions import function_call, ufunc_call
from backprop.tracer.methods import METHODS
from backprop.tracer.operations import LITERALS, binary, call, unary
from backprop.tracer.several import canonical

getframe = sys._getframe

OPERATORS = {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "pow": "power",
    "matmul": "matmul",
    "floordiv": "floor_divide",
    "mod": "remainder",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
}
UNARY = {
    "neg": "negative",
    "pos": "positive",
    "abs": "abs",
    "invert": "invert",
}
COMPARISONS = {
    "gt": "greater",
    "ge": "greater_equal",
    "lt": "less",
    "le": "less_equal",
    "eq": "equal",
    "ne": "not_equal",
}


def _binary(
    op: str,
) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """`__add__`, `__radd__` and `__iadd__` of an operation."""
    rows = TABLE[op]
    rule = rows[0]
    run, plainly = rule.run, not rule.when
    special = op == "divide"  # 1 / x is a reciprocal

    def forward(self: Array, other: Any) -> Any:
        frame = getframe(1)
        if type(other) is Array and plainly and self.origin is None and other.origin is None:
            # The most frequent case of `binary`, without the call.
            tape, x, y = self.tape, self.node, other.node
            here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
            return tape.step(rule, (x, y), run(x.value, y.value), x.flow | y.flow, here)
        result = binary(rows, self, other, frame)
        return canonical(op, self, other) if result is None else result

    square = TABLE["square"][0]

    def power(self: Array, other: Any) -> Any:
        if type(other) in LITERALS:
            if other == 2:
                return unary(square, self, getframe(1))
            return canonical(op, self, other)
        return forward(self, other)

    def reflected(self: Array, other: Any) -> Any:
        result = None if special else binary(rows, other, self, getframe(1))
        return canonical(op, other, self) if result is None else result

    def in_place(self: Array, other: Any) -> Any:
        result = canonical(op, self, other)
        if result is NotImplemented or not self.ndim:
            return result  # numpy's scalars cannot be changed: the name is bound anew
        if result.node.shape != self.node.shape:
            raise ValueError(
                f"non-broadcastable output operand with shape {self.node.shape} doesn't match "
                f"the broadcast shape {result.node.shape}"
            )
        if result.dtype != self.dtype:
            name = result.node.name
            result.node.name = ""
            result = call("astype", result, self.dtype)
            result.node.name = name
        assign(self, result.node)
        return self

    return power if op == "power" else forward, reflected, in_place


def _unary(rule: Rule) -> Callable[[Array], Array]:
    return lambda self: unary(rule, self, getframe(1))


# ── contents ────────────────────────────────────────────────────────────────────────────────
def _getitem(self: Array, key: Any) -> Array:
    return call("get", self, key)


def _setitem(self: Array, key: Any, value: Any) -> None:
    store(self, key, value)


def _iter(self: Any) -> Iterator[Array]:
    if not self.ndim:
        raise TypeError("iteration over a 0-d array")
    return iter([self[i] for i in range(len(self))])


# ── numpy's protocols ───────────────────────────────────────────────────────────────────────
def _array_ufunc(self: Array, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    return ufunc_call(ufunc, method, inputs, options)


def _array_function(self: Array, function: Any, types: Any, args: Any, options: Any) -> Any:
    return function_call(function, args, options)


_PROTOCOLS = {
    "getitem": _getitem,
    "setitem": _setitem,
    "iter": _iter,
    "array_ufunc": _array_ufunc,
    "array_function": _array_function,
}


def equip() -> None:
    """Give Array its operators and methods, whose modules need the class."""
    for name, protocol in _PROTOCOLS.items():
        setattr(Array, f"__{name}__", protocol)
    for name, op in OPERATORS.items():
        forward, reflected, in_place = _binary(op)
        setattr(Array, f"__{name}__", forward)
        setattr(Array, f"__r{name}__", reflected)
        setattr(Array, f"__i{name}__", in_place)
    for name, op in UNARY.items():
        setattr(Array, f"__{name}__", _unary(TABLE[op][0]))
    for name, op in COMPARISONS.items():
        setattr(Array, f"__{name}__", _binary(op)[0])
    for name, method in METHODS.items():
        setattr(Array, name, method)
