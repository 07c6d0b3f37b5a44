"""Derivatives by steps: a complex one, or, for a derivative inside a derivative, several real
ones, by Richardson extrapolation of central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, Self, TypeVar

import numpy as np

from backprop.derivations.evidence.evaluate import Numbers, places
from backprop.derivations.evidence.values import Value, apply, gather, richardson
from backprop.derivations.meaning.terms import Deriv, Entry, Slope, Term, walk

STEP = 1e-25


class Movable(Numbers, Protocol):
    """What derivatives are evaluated with: numbers of which one can be moved."""

    depth: int  # how often one was moved
    is_complex: bool  # was one of them moved by a complex step?
    direct: bool  # ∂ holds the other named quantities fixed

    def moved(
        self,
        key: str,
        value: Value | None,
        only: frozenset[str] | None,
        added: Value | None = None,
    ) -> Self:
        """The numbers with one symbol moved to a value, and what follows it: all, or `only` some.
        added: what each step of a recurrence is moved by, in place of the value."""


M = TypeVar("M", bound=Movable)


def stepped(numbers: M, key: str, step: Any, only: frozenset[str] | None = None) -> tuple[M, str]:
    """Each entry of `key` moved in turn, along a new axis: the numbers, and the axis."""
    value = numbers.get(key)
    symbol = numbers.world.symbols[key]
    axes = tuple(f"#{k}" for k in range(len(symbol.shape)))
    shape = numbers.instance.shape(symbol.shape)
    size = int(np.prod(shape))
    batch = f"@{numbers.depth + 1}"
    unit = Value((batch, *axes), np.eye(size).reshape((size, *shape)))
    factor = 1j * step if step == STEP else step
    if symbol.recurrence is not None:
        added = Value(unit.names, factor * unit.array)
        return numbers.moved(key, None, only, added), batch
    moved = apply(lambda v, e: v + factor * e, value, unit)
    return numbers.moved(key, moved, only), batch


def slope_value(numbers: Movable, term: Slope, at: dict[str, Value], shift: str) -> Value:
    """The derivative of a function of one number, at a number."""
    point = numbers.term(term.at, at, shift)

    def value(u: Value) -> Value:
        return numbers.moved(term.var, u, frozenset()).term(term.body, at, shift)

    def slope(u: Value, order: int) -> Value:
        if order == 0:
            return value(u)
        if order == 1 and not np.iscomplexobj(u.array) and not numbers.is_complex:
            return apply(lambda a: a.imag / STEP, value(apply(lambda a: a + 1j * STEP, u)))
        return richardson(lambda h: slope(apply(lambda a: a + h, u), order - 1))

    return slope(point, term.order)


def deriv_value(numbers: Movable, term: Deriv, at: dict[str, Value], shift: str) -> Value:
    """The derivative of a term by an entry of a symbol, through all that follows it."""
    only = held_fixed(numbers, term)

    def moved(step: float) -> tuple[Value, str]:
        scope, batch = stepped(numbers, term.symbol, step, only)
        return scope.term(term.body, at, shift), batch

    if not numbers.is_complex and not term.body.differentiates:
        value, batch = moved(STEP)
        if not np.iscomplexobj(value.array):
            value = apply(lambda a: a * 0.0, value)
        else:
            value = apply(lambda a: a.imag / STEP, value)
    else:
        batch = moved(0.05)[1]
        value = richardson(lambda h: moved(h)[0])
    return entries(numbers, term, value, batch, at)


def entries(numbers: Movable, term: Deriv, value: Value, batch: str, at: dict[str, Value]) -> Value:
    """The entries that a derivative is asked for. value: all of them along one axis, `batch`."""
    shape = numbers.instance.shape(numbers.world.symbols[term.symbol].shape)
    rest = tuple(n for n in value.names if n != batch)
    array = value.along((*rest, batch))
    size = int(np.prod(shape))
    array = np.broadcast_to(array, (*array.shape[:-1], size))
    if batch not in value.names:
        array = array * 0.0
    axes = tuple(f"#{k}" for k in range(len(shape)))
    jacobian = Value((*rest, *axes), array.reshape((*array.shape[:-1], *shape)))
    return gather(jacobian, places(numbers, term.at, jacobian, at))


def held_fixed(numbers: Movable, term: Deriv) -> frozenset[str] | None:
    """What alone follows the symbol, where ∂ holds the other named quantities fixed; None if all
    does."""
    if not (term.partial and numbers.direct):
        return None
    body = term.body
    if isinstance(body, Entry) and term.symbol in numbers.world.direct(body.symbol):
        return frozenset({body.symbol})
    if any(isinstance(t, Entry) and t.symbol == term.symbol for t in walk(body)):
        return frozenset()
    return None


KINDS: dict[type[Term], Callable[..., Value]] = {Deriv: deriv_value, Slope: slope_value}
