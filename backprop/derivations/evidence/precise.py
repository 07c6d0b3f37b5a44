r"""Both sides in as many digits as it takes, at numbers that were drawn as doubles.

Those are exact as they stand; what assumptions or a law make of them is moved on until it holds to
as many digits.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from backprop.derivations.evidence import evaluate, scope
from backprop.derivations.evidence.digits import FIRST, MOST, Digits
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.evaluate import Numbers
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import settle
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.steps import Movable, entries, held_fixed, stepped
from backprop.derivations.evidence.values import (
    Value,
    apply,
    central,
    constant,
    gather,
    power,
)
from backprop.derivations.meaning.terms import (
    Const,
    Deriv,
    Det,
    Fn,
    Inverse,
    Lam,
    Mul,
    Num,
    Position,
    Pow,
    Size,
    Slope,
    Term,
    parts_of,
)
from backprop.derivations.meaning.world import TRUE, World
from backprop.derivations.problems import Unreadable

# What part of the digits is exact, by how often a difference quotient is taken of one.
EXACT = (0.4, 0.4, 0.3, 0.2)


def exactness(world: World, equation: Equation) -> float | None:
    """What part of the digits of the sides is exact; None if none may be."""
    known: dict[str, int] = {}

    def deep(item: object) -> int:
        depth = int(isinstance(item, Deriv)) + (item.order if isinstance(item, Slope) else 0)
        if not isinstance(item, Term | Lam):
            return 0
        inner = max((deep(p) for p in parts_of(item)), default=0)
        if isinstance(item, Deriv):
            inner = max([inner, *(of(n) for n in item.body.names)])
        return depth + inner

    def of(name: str) -> int:
        if name not in known:
            known[name] = 0
            definition = world.symbols[name].definition
            if definition is not None:
                inner = [of(n) for n in definition.names if n != name]
                known[name] = max([deep(definition.body), *inner])
        return known[name]

    names = equation.left.names | equation.right.names
    most = max([deep(equation.left), deep(equation.right), *(of(n) for n in names)])
    return EXACT[most] if most < len(EXACT) else None


@lru_cache(maxsize=8)
def arithmetic(count: int) -> Digits:
    return Digits(count)


def gap_at(
    equation: Equation, op: str, doubles: Scope, exact: float
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray], Any] | None:
    """How far the sides are on the wrong side of each other, the sides, and what is none; None
    where that cannot be said. Raises `Unreadable` where it takes too many digits."""
    count = FIRST
    while True:
        digits = arithmetic(count)
        digits.sizes.clear()
        sides = compared(equation, doubles, digits)
        if sides is None:
            return None
        if digits.wanted <= count:
            break
        count = digits.wanted
        if count > MOST:
            raise Unreadable("too-far-apart")
    a, b = sides
    larger = max(np.max(np.abs(a)), np.max(np.abs(b)), 1)
    limit = larger * digits.context.mpf(10) ** -int(exact * count)
    gap = np.asarray(b - a if op in (">", ">=") else a - b)
    return (np.asarray(abs(gap)) if op == "=" else gap), sides, limit


def agree(equation: Equation, scope: Scope) -> bool:
    """Are sides that differ a little in doubles equal in many digits? (x + h)^2 - (x - h)^2 loses
    as many of them as h is small."""
    reached = equation.rests_on(scope.world)
    if any(scope.levels.get(k, TRUE) != TRUE for k in reached):
        return False  # of any function in the place of a definition there are no more digits
    exact = exactness(scope.world, equation)
    try:
        found = None if exact is None else gap_at(equation, "=", scope, exact)
    except Unreadable:
        return False
    return found is not None and bool(np.all(found[0] <= found[2]))


# --- terms ---------------------------------------------------------------------------------------


def digits_of(numbers: Numbers) -> Digits:
    digits = numbers.instance.digits
    assert digits is not None
    return digits


def num_value(numbers: Numbers, term: Num, at: dict[str, Value], shift: str) -> Value:
    value = constant(digits_of(numbers).number(term.value))
    digits_of(numbers).met_number(term, value.array, term.value)
    return value


def size_value(numbers: Numbers, term: Size, at: dict[str, Value], shift: str) -> Value:
    return constant(digits_of(numbers).number(Fraction(numbers.instance.length(term.dim))))


def const_value(numbers: Numbers, term: Const, at: dict[str, Value], shift: str) -> Value:
    return constant(digits_of(numbers).constant(term.name))


def position_value(numbers: Numbers, term: Position, at: dict[str, Value], shift: str) -> Value:
    value = evaluate.position_value(numbers, term, at, shift)
    return Value(value.names, digits_of(numbers).array(value.array))


def mul_value(numbers: Numbers, term: Mul, at: dict[str, Value], shift: str) -> Value:
    value = evaluate.mul_value(numbers, term, at, shift)
    digits_of(numbers).met_product(term, term.parts)
    return value


def pow_value(numbers: Numbers, term: Pow, at: dict[str, Value], shift: str) -> Value:
    base = numbers.term(term.base, at, shift)
    value = apply(power, base, numbers.term(term.exponent, at, shift))
    digits_of(numbers).met_power(term, value.array, term.base, base.array)
    return value


def fn_value(numbers: Numbers, term: Fn, at: dict[str, Value], shift: str) -> Value:
    value = evaluate.fn_value(numbers, term, at, shift)
    if term.name in ("exp", "sinh", "cosh"):
        digits_of(numbers).met(term, value.array)
    elif term.name == "tanh":
        digits_of(numbers).saturated(term, numbers.term(term.args[0], at, shift).array)
    return value


def inverse_value(numbers: Numbers, term: Inverse, at: dict[str, Value], shift: str) -> Value:
    rest, array = evaluate.matrix(numbers, term.matrix, at, shift)
    value = Value((*rest, "#0", "#1"), digits_of(numbers).inverse(array))
    return gather(value, [evaluate.position(numbers, p, at) for p in term.at])


def det_value(numbers: Numbers, term: Det, at: dict[str, Value], shift: str) -> Value:
    rest, array = evaluate.matrix(numbers, term.matrix, at, shift)
    return Value(tuple(rest), digits_of(numbers).det(array))


def slope_value(numbers: Movable, term: Slope, at: dict[str, Value], shift: str) -> Value:
    def slope(u: Value, order: int) -> Value:
        if order == 0:
            return numbers.moved(term.var, u, frozenset()).term(term.body, at, shift)
        step = digits_of(numbers).step
        return central(step, lambda h: slope(apply(lambda a: a + h, u), order - 1))

    return slope(numbers.term(term.at, at, shift), term.order)


def deriv_value(numbers: Movable, term: Deriv, at: dict[str, Value], shift: str) -> Value:
    only, batches = held_fixed(numbers, term), []

    def moved(step: Any) -> Value:
        scope, batch = stepped(numbers, term.symbol, step, only)
        batches.append(batch)
        return scope.term(term.body, at, shift)

    value = central(digits_of(numbers).step, moved)
    return entries(numbers, term, value, batches[0], at)


KINDS: dict[type[Term], Callable[..., Value]] = {
    **scope.KINDS,
    Num: num_value,
    Size: size_value,
    Const: const_value,
    Position: position_value,
    Mul: mul_value,
    Pow: pow_value,
    Fn: fn_value,
    Inverse: inverse_value,
    Det: det_value,
    Slope: slope_value,
    Deriv: deriv_value,
}


# --- sides ---------------------------------------------------------------------------------------


def compared(
    equation: Equation, doubles: Scope, digits: Digits
) -> tuple[np.ndarray, np.ndarray] | None:
    """Both sides in `digits`; None where the assumptions are not met to that, or a side has no
    value."""
    try:
        sample = written_out(doubles.instance, digits)
        if sample.world.assumed and not settle(sample, doubles.instance, KINDS):
            return None
        exact = Scope(sample, {}, doubles.direct, KINDS)
        full = tuple(sample.length(d) for d in equation.dims.values())
        sides = [
            np.broadcast_to(exact.of(side, equation.dims).along(tuple(equation.dims)), full)
            for side in (equation.left, equation.right)
        ]
    except (ArithmeticError, ValueError):  # 1 / 0, the logarithm of a negative number
        return None
    first, second = (digits.every(side) for side in sides)
    return None if first is None or second is None else (first, second)


def written_out(doubles: Sample, digits: Digits) -> Sample:
    """The same sample in more digits."""
    sample = copy(doubles)
    sample.digits = digits
    sample.variables = {}
    for key, old in doubles.variables.items():
        new: Any = None
        if doubles.world.symbols[key].law is not None:
            new = sample.draw(key)
            if not np.allclose(np.asarray(new, dtype=float), old, rtol=1e-12, atol=1e-12):
                new = None  # it was moved
        sample.variables[key] = digits.array(old) if new is None else new
        digits.met(("drawn", key), sample.variables[key])
    return sample
