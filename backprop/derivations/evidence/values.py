"""Numbers with named axes, one per index in use, and what is computed with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np


class OutsideDomainError(ArithmeticError):
    """An instance at which a side is not defined (log of a negative number, 0/0)."""


@dataclass(frozen=True)
class Value:
    """Numbers with named axes."""

    names: tuple[str, ...]
    array: np.ndarray

    def along(self, names: tuple[str, ...]) -> np.ndarray:
        """The array with its axes in the order of `names`, ones where it has none."""
        own = self.names
        if own == names:
            return self.array
        order = [own.index(n) for n in names if n in own]
        array = self.array.transpose(order)
        if len(own) == len(names):
            return array
        lengths = iter(array.shape)
        return array.reshape([next(lengths) if n in own else 1 for n in names])

    def length(self, name: str) -> int:
        return int(self.array.shape[self.names.index(name)])


def union(values: list[Value]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for v in values for n in v.names))


def apply(function: Callable[..., Any], *values: Value) -> Value:
    names = values[0].names if values else ()  # nan() has none: no number, wherever it is
    if any(v.names != names for v in values):
        names = union(list(values))
    return Value(names, np.asarray(function(*[v.along(names) for v in values])))


def constant(number: Any) -> Value:
    return Value((), np.asarray(number))


@cache
def whole(length: int) -> np.ndarray:
    """Every position of an axis: the one array for each length, by which it is known."""
    found = np.arange(length)
    found.flags.writeable = False
    return found


def gather(value: Value, positions: list[Value]) -> Value:
    """`value[#0, #1, …]` at the positions; its other axes stay, equal names run together."""
    if not positions:
        return value
    axes = [f"#{k}" for k in range(len(positions))]
    rest = [n for n in value.names if n not in axes]
    names = tuple(dict.fromkeys([*rest, *(n for p in positions for n in p.names)]))
    index: list[np.ndarray] = []
    for name in value.names:
        if name in axes:
            index.append(positions[axes.index(name)].along(names))
        else:
            shape = [value.length(name) if n == name else 1 for n in names]
            index.append(np.arange(value.length(name)).reshape(shape))
    return Value(names, np.asarray(value.array[tuple(index)]))


def real(array: np.ndarray) -> np.ndarray:
    return array.real if np.iscomplexobj(array) else array


def _log(a: np.ndarray) -> np.ndarray:
    if np.any(real(a) <= 0):
        raise OutsideDomainError("log")
    result: np.ndarray = np.log(a)
    return result


def _exp(a: np.ndarray) -> np.ndarray:
    value: np.ndarray = np.exp(a)
    if a.dtype != object and np.any((real(a) < -690) & (real(value) != 0)):  # hardly a digit left
        raise OutsideDomainError("exp")
    return value


def _whole_number(b: np.ndarray) -> int | None:
    if b.size != 1 or np.iscomplexobj(b):
        return None
    one = b.reshape(-1)[0]
    try:
        return n if (n := int(one)) == one else None
    except (OverflowError, ValueError):  # inf, nan
        return None


def power(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    exponent = real(b)
    if (n := _whole_number(b)) is not None:
        if n >= 0:  # as nearly everywhere
            return a**n
        if np.any(real(a) == 0):
            raise OutsideDomainError("0 in a denominator")
        return 1.0 / a ** (-n)
    if not np.iscomplexobj(b) and np.all(exponent == np.round(exponent)):
        if np.any((real(a) == 0) & (exponent < 0)):
            raise OutsideDomainError("0 in a denominator")
        value: np.ndarray = np.power(np.asarray(a) + 0.0, exponent)
        return value
    at_zero = real(a) == 0
    if np.any(real(a) < 0) or np.any(at_zero & (exponent <= 0)):
        raise OutsideDomainError("root of a negative number")
    if np.any(at_zero):
        if np.iscomplexobj(a) or np.iscomplexobj(b) or a.dtype == object:
            raise OutsideDomainError("root of a negative number")  # no slope there
        return np.asarray(np.power(a, b))
    result: np.ndarray = (
        np.sqrt(a) if exponent.size == 1 and np.all(b == 0.5) else np.exp(b * np.log(a))
    )
    return result


def _pick(better: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def pick(*parts: np.ndarray) -> np.ndarray:
        best = parts[0]
        for part in parts[1:]:
            best = np.where(better(real(part), real(best)), part, best)
        return best

    return pick


FUNCTIONS: dict[str, Callable[..., np.ndarray]] = {
    "exp": _exp,
    "log": _log,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "sinh": np.sinh,
    "cosh": np.cosh,
    "tanh": np.tanh,
    "arctan": np.arctan,
    "abs": lambda a: np.where(real(a) < 0, -a, a),
    "sign": lambda a: np.sign(real(a)),
    "max": _pick(np.greater),
    "min": _pick(np.less),
    "nan": lambda: np.asarray(np.nan),
}
COMPARE: dict[str, Callable[..., np.ndarray]] = {
    "=": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "<=": np.less_equal,
    ">=": np.greater_equal,
}


EDGE = "edge"  # a kind of sample, at which numbers that are meant to be equal are so to rounding
NEAR = 1e-8


def compare_at_edge(op: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """A comparison of numbers that are equal where they differ by rounding alone."""
    equal = np.abs(a - b) <= NEAR * np.maximum(1.0, np.maximum(np.abs(a), np.abs(b)))
    if op in ("<", ">", "!="):
        found: np.ndarray = COMPARE[op](a, b) & ~equal
        return found
    return np.asarray(COMPARE[op](a, b) | equal)


def central(step: Any, value: Callable[[Any], Value]) -> Value:
    """The derivative at 0 from one difference, for a step that is small enough."""
    return apply(lambda a, b: (a - b) / (2 * step), value(step), value(-step))


def richardson(value: Callable[[float], Value]) -> Value:
    """The derivative at 0 of a smooth function, from central differences."""
    steps = [0.08 / 2**k for k in range(5)]
    table = [apply(lambda a, b, h=h: (a - b) / (2 * h), value(h), value(-h)) for h in steps]
    for order in range(1, len(steps)):
        factor = 4.0**order
        table = [
            apply(lambda a, b, f=factor: (f * b - a) / (f - 1), a, b) for a, b in pairwise(table)
        ]
    return table[0]
