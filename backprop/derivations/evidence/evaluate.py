"""Terms as numbers: a function for each kind, for all values of the indices in use at once.

Values carry named axes, one per index. What the symbols are is left to `scope`, what derivatives
are to `steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol

import numpy as np

from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.values import (
    COMPARE,
    EDGE,
    FUNCTIONS,
    NEAR,
    OutsideDomainError,
    Value,
    apply,
    compare_at_edge,
    constant,
    gather,
    power,
    real,
    whole,
)
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import (
    Add,
    Affine,
    At,
    Big,
    Call,
    Const,
    Det,
    Entry,
    Fn,
    Index,
    Inverse,
    Label,
    Lam,
    Mul,
    Num,
    Position,
    Pow,
    Shift,
    Size,
    Term,
    Test,
    Var,
    Where,
)
from backprop.derivations.meaning.world import Function, World

FASTER = 13 / 8  # of two waves: one alone would be minus its second derivative; exact as a double
TURNED = ((np.sin, 1), (np.cos, 1), (np.sin, -1), (np.cos, -1))  # the derivatives of a sine


class Numbers(Protocol):
    """What a term is evaluated with: the lengths of a sample, and the values of the symbols."""

    instance: Sample
    world: World

    def get(self, key: str) -> Value:
        """The value of a symbol, an axis `#0`, `#1`, … for each of its dimensions."""

    def term(self, term: Term, at: dict[str, Value], shift: str = "") -> Value:
        """The value of a term where indices stand `at` these positions. shift: the symbol to each
        sum of whose definition a random constant is added."""


def axis(instance: Sample, name: str, dim: Dim) -> Value:
    """All that an index runs over."""
    return Value((name,), whole(instance.length(dim)))


def position(numbers: Numbers, index: Index, at: dict[str, Value]) -> Value:
    if isinstance(index, Var):
        return at[index.name]
    if isinstance(index, At):
        start = 0 if index.dim is None else numbers.instance.length(index.dim)
        return constant(start + index.offset)
    if isinstance(index, Shift):
        return apply(lambda a: a + index.by, at[index.var.name])
    if isinstance(index, Affine):
        value = constant(index.offset)
        for c, part in zip(index.coefs, index.over, strict=True):
            moved = position(numbers, part, at)
            value = apply(lambda a, b, c=c: a + c * b, value, moved)
        return value
    assert isinstance(index, Label)
    value = numbers.get(index.symbol)
    return gather(value, [position(numbers, p, at) for p in index.at])


def places(
    numbers: Numbers, indices: tuple[Index, ...], value: Value, at: dict[str, Value]
) -> list[Value]:
    """Positions in `value`; one that may leave its axis stops at its end, a test beside it
    leaves out what stands there."""
    found = []
    for k, index in enumerate(indices):
        place = position(numbers, index, at)
        if isinstance(index, Affine):
            last = value.length(f"#{k}") - 1
            place = apply(lambda a, last=last: np.clip(a, 0, last), place)
        found.append(place)
    return found


def all_of(
    value: Value, indices: tuple[Index, ...], at: dict[str, Value]
) -> tuple[str, ...] | None:
    """The axes of `value` by the names of the indices, where each runs over all of its own."""
    known = {}
    for k, index in enumerate(indices):
        if not isinstance(index, Var):
            return None
        place = at[index.name]
        if len(place.names) != 1 or place.array is not whole(value.length(f"#{k}")):
            return None
        known[f"#{k}"] = place.names[0]
    names = tuple([known.get(n, n) for n in value.names])
    return names if len(set(names)) == len(names) else None


def num_value(numbers: Numbers, term: Num, at: dict[str, Value], shift: str) -> Value:
    return constant(float(term.value))


def size_value(numbers: Numbers, term: Size, at: dict[str, Value], shift: str) -> Value:
    return constant(float(numbers.instance.length(term.dim)))


def const_value(numbers: Numbers, term: Const, at: dict[str, Value], shift: str) -> Value:
    return constant({"e": np.e, "pi": np.pi}[term.name])


def entry_value(numbers: Numbers, term: Entry, at: dict[str, Value], shift: str) -> Value:
    value = numbers.get(term.symbol)
    if (names := all_of(value, term.at, at)) is not None:
        return Value(names, value.array)
    positions = places(numbers, term.at, value, at)
    for k, p in enumerate(positions):
        length = value.length(f"#{k}")
        if p.array.size and (p.array.min() < 0 or p.array.max() >= length):
            raise OutsideDomainError("an index outside its range")
    return gather(value, positions)


def position_value(numbers: Numbers, term: Position, at: dict[str, Value], shift: str) -> Value:
    return apply(lambda a: a + float(term.base), position(numbers, term.index, at))


def add_value(numbers: Numbers, term: Add, at: dict[str, Value], shift: str) -> Value:
    value = numbers.term(term.parts[0], at, shift)
    for part in term.parts[1:]:
        value = apply(np.add, value, numbers.term(part, at, shift))
    return value


def mul_value(numbers: Numbers, term: Mul, at: dict[str, Value], shift: str) -> Value:
    value = numbers.term(term.parts[0], at, shift)
    for part in term.parts[1:]:
        value = apply(np.multiply, value, numbers.term(part, at, shift))
    return value


def pow_value(numbers: Numbers, term: Pow, at: dict[str, Value], shift: str) -> Value:
    return apply(power, numbers.term(term.base, at, shift), numbers.term(term.exponent, at, shift))


def fn_value(numbers: Numbers, term: Fn, at: dict[str, Value], shift: str) -> Value:
    args = [numbers.term(a, at, shift) for a in term.args]
    if term.name == "sign" and numbers.instance.kind == EDGE:
        args = [apply(lambda a: np.where(np.abs(a) <= NEAR, 0.0, a), a) for a in args]
    return apply(FUNCTIONS[term.name], *args)


def big_value(numbers: Numbers, term: Big, at: dict[str, Value], shift: str) -> Value:
    length = numbers.instance.length(term.dim)
    low = 0 if term.low is None else int(position(numbers, term.low, at).array)
    high = length - 1 if term.high is None else int(position(numbers, term.high, at).array)
    every = np.arange(low, high + 1) if low else whole(max(high + 1, 0))
    counter = Value((term.var,), every)
    inner = {**at, term.var: counter}
    empty = {"sum": 0.0, "prod": 1.0}
    if term.test is None:
        value = numbers.term(term.body, inner, shift)
    else:
        test, body = numbers.term(term.test, inner, shift), numbers.term(term.body, inner, shift)
        other = empty.get(term.kind, -np.inf if term.kind == "max" else np.inf)
        value = apply(lambda t, b: np.where(t != 0, b, other), test, body)
    rest = tuple(n for n in value.names if n != term.var)
    array = value.along((*rest, term.var))
    if term.var not in value.names:
        array = np.broadcast_to(array, (*array.shape[:-1], counter.array.size))
    if array.shape[-1] == 0:
        if term.kind not in empty:
            raise OutsideDomainError("an empty maximum")
        result = np.full(array.shape[:-1], empty[term.kind])
    elif term.kind in ("sum", "prod"):
        result = array.sum(-1) if term.kind == "sum" else array.prod(-1)
    else:
        best = (np.argmax if term.kind == "max" else np.argmin)(real(array), axis=-1)
        result = np.take_along_axis(array, best[..., None], -1)[..., 0]
    found = Value(rest, np.asarray(result))
    if shift and term.kind == "sum" and term.var not in numbers.instance.steady:
        names = tuple(sorted(n for n in rest if n[0] not in "@#"))
        order = [at[n].array.size if n in at else 1 for n in names]
        rng = numbers.instance.random("shift", shift, term.var)
        found = apply(np.add, found, Value(names, rng.uniform(0.4, 1.2, order)))
    return found


def test_value(numbers: Numbers, term: Test, at: dict[str, Value], shift: str) -> Value:
    sides = [
        numbers.term(s, at, shift) if isinstance(s, Term) else position(numbers, s, at)
        for s in (term.left, term.right)
    ]
    compare = COMPARE[term.op]
    if numbers.instance.kind == EDGE and isinstance(term.left, Term):
        compare = partial(compare_at_edge, term.op)
    return apply(lambda a, b: compare(real(a), real(b)).astype(float), *sides)


def where_value(numbers: Numbers, term: Where, at: dict[str, Value], shift: str) -> Value:
    test, yes, no = (numbers.term(t, at, shift) for t in (term.test, term.yes, term.no))
    return apply(lambda t, a, b: np.where(t != 0, a, b), test, yes, no)


def matrix(
    numbers: Numbers, lam: Lam, at: dict[str, Value], shift: str, singular: bool = False
) -> tuple[list[str], np.ndarray]:
    """A square matrix on the last two axes, behind those of the other indices. singular: may it
    have no inverse?"""
    (row, dim), (column, _) = lam.vars
    inner = {
        **at,
        row: axis(numbers.instance, row, dim),
        column: axis(numbers.instance, column, dim),
    }
    value = numbers.term(lam.body, inner, shift)
    rest = [n for n in value.names if n not in (row, column)]
    array = value.along((*rest, row, column))
    n = numbers.instance.length(dim)
    array = np.broadcast_to(array, (*array.shape[:-2], n, n))
    if array.dtype != object and not singular and not np.all(np.linalg.cond(real(array)) < 1e4):
        raise OutsideDomainError("a singular matrix")
    return rest, array


def inverse_value(numbers: Numbers, term: Inverse, at: dict[str, Value], shift: str) -> Value:
    rest, array = matrix(numbers, term.matrix, at, shift)
    value = Value((*rest, "#0", "#1"), np.linalg.inv(array))
    return gather(value, [position(numbers, p, at) for p in term.at])


def det_value(numbers: Numbers, term: Det, at: dict[str, Value], shift: str) -> Value:
    rest, array = matrix(numbers, term.matrix, at, shift, numbers.instance.kind == EDGE)
    return Value(tuple(rest), np.linalg.det(array))


def call_value(numbers: Numbers, term: Call, at: dict[str, Value], shift: str) -> Value:
    """An arbitrary function: Σ w sin(u + φ) + Σ w' sin(13/8 u + φ') ± (Σ v u)², its weights
    random."""
    function: Function = numbers.world.functions[term.function]
    out = numbers.instance.shape(function.value)
    axes = tuple(f"#{k}" for k in range(len(out)))
    order, bend = term.order, constant(0.0)
    total, slope = constant(0.0), constant(0.0)
    sign = numbers.instance.sign(term.function)
    for k, lam in enumerate(term.args):
        shape = numbers.instance.shape(tuple(d for _, d in lam.vars))
        names = tuple(v for v, _ in lam.vars)
        value = numbers.term(
            lam.body, {**at, **{v: axis(numbers.instance, v, d) for v, d in lam.vars}}, shift
        )
        w, v, p, other = (
            Value(axes + names, weight)
            for weight in numbers.instance.weights(term.function, k, out + shape)
        )

        def waves(u: np.ndarray, w: np.ndarray, p: np.ndarray, other: np.ndarray) -> np.ndarray:
            wave, way = TURNED[order % 4]
            found: np.ndarray = way * w * wave(u + p)
            found += way * other * FASTER**order * wave(FASTER * u - p)
            return found

        total = apply(np.add, total, summed(apply(waves, value, w, p, other), names))
        slope = apply(np.add, slope, summed(apply(np.multiply, value, v), names))
        bend = v
    if order == 0:
        value = apply(lambda a, b: a + sign * b * b, total, slope)
    elif order == 1:
        value = apply(lambda a, b, v: a + sign * 2 * b * v, total, slope, bend)
    elif order == 2:
        value = apply(lambda a, v: a + sign * 2 * v * v, total, bend)
    else:
        value = total
    return gather(value, [position(numbers, p, at) for p in term.at])


def summed(value: Value, names: tuple[str, ...]) -> Value:
    keep = tuple(n for n in value.names if n not in names)
    array = value.along((*keep, *names))
    return Value(keep, np.asarray(array.sum(axis=tuple(range(len(keep), array.ndim)))))


KINDS: dict[type[Term], Callable[..., Value]] = {
    Num: num_value,
    Size: size_value,
    Const: const_value,
    Entry: entry_value,
    Position: position_value,
    Add: add_value,
    Mul: mul_value,
    Pow: pow_value,
    Fn: fn_value,
    Big: big_value,
    Test: test_value,
    Where: where_value,
    Inverse: inverse_value,
    Det: det_value,
    Call: call_value,
}
