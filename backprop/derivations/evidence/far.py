r"""Further than doubles reach: e^x > 10^{-50} fails at x = -200, -\log p \le 1000 at p = 2^{-4000},
and [\log s > -2000] = 1 where no double stands.

What is declared runs towards everything that bounds it, a number, an entry, or all of them, by
powers of 2 of any size. A row is refuted where its sides, each between two bounds that are certain,
lie the wrong way round, or apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.lines import comparisons, is_free
from backprop.derivations.evidence.precise import KINDS
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.spans import Span, Spans, spans
from backprop.derivations.evidence.values import OutsideDomainError, Value, apply
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import (
    Deriv,
    Det,
    Fn,
    Inverse,
    Mul,
    Num,
    Pow,
    Slope,
    Term,
    walk,
)
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.verdicts import Difference

BITS, NEAR_BITS = 200, 2000  # the second as well where a bound is approached that is not 0
MOST_BITS = 6000
HIGH = (3, 5, 6, 7, 8, 10, 13, 20, 40, 90, 200, 500, 1000, 2000, 3900, 1e4, 1e6, 1e9, 1e20, 1e40)
NEAREST = 2000  # powers of 2, to a bound that is not 0
VARIABLES, PAIRS, ROUNDS, SPARE = 3, 4, 40, 1.0
MUCH = 1e-6  # relative: what rows differ by whose assumptions hold in doubles alone


@dataclass
class Way:
    """What moves, and where it stands: a sign, and the power of 2 of its distance from a bound."""

    start: Sample
    keys: tuple[str, ...]
    alone: bool  # the first entry of one symbol
    sign: int
    exponents: tuple[float, ...]
    known: dict[float, Scope] = field(default_factory=dict)

    def scope(self, instances: Instances, exponent: float, numbers: Spans) -> Scope:
        if exponent not in self.known:
            found = written_in(self.start, numbers, instances.direct)
            sample = found.instance
            for key in self.keys:
                symbol = sample.world.symbols[key]
                values = sample.variables[key].copy()
                place = at_place(symbol, self.sign, exponent, numbers)
                if self.alone:
                    values.reshape(-1)[0] = place
                else:
                    values.reshape(-1)[:] = [place] * values.size
                sample.variables[key] = values
            self.known[exponent] = found
        return self.known[exponent]


def written_in(start: Sample, numbers: Spans, direct: bool) -> Scope:
    """A sample of doubles as numbers between bounds."""
    sample = copy(start)
    sample.variables = {k: numbers.array(v) for k, v in start.variables.items()}
    # Digits are asked for more only where something is random, which is not tried here.
    sample.digits = numbers  # type: ignore[assignment]
    sample.kind, sample.patterns, sample.kept, sample.steady = "", {}, {}, set()
    return Scope(sample, {}, direct, KINDS)


def bounds_of(symbol: Symbol) -> tuple[float | None, float | None]:
    low, high = (None if b is None else float(b) for b in symbol.bounds)
    return (0.0 if low is None and symbol.positive else low), high


def at_place(symbol: Symbol, sign: int, exponent: float, numbers: Spans) -> Any:
    low, high = bounds_of(symbol)
    far = numbers.power(exponent)
    if low is None and high is None:
        return far * float(sign)
    if low is None or (high is not None and sign < 0):
        return far * -1.0 + high
    return far + low if low else far


def ways(instances: Instances, equation: Equation) -> Iterator[Way]:
    """All on which a row is tried."""
    world = instances.world
    tied = set().union(
        *(world.below(n) for a in world.assumed for n in a.left.names | a.right.names)
    )
    every = sorted(equation.rests_on(world) - tied)
    free = [world.symbols[k] for k in every if is_free(world.symbols[k])]
    try:
        start = instances.scope(0, False, {}).instance
    except OutsideDomainError:
        return
    groups: list[tuple[tuple[str, ...], bool]] = [((s.key,), True) for s in free[:VARIABLES]]
    if len(free) > 1 or any(s.shape for s in free):
        groups.append((tuple(s.key for s in free), False))
    for keys, alone in groups:
        symbols = [world.symbols[k] for k in keys]
        for sign in (1, -1):
            exponents = sorted({e for s in symbols for e in exponents_of(s, sign)})
            if len(symbols) > 1:
                exponents = [e for e in exponents if all(fits(s, sign, e) for s in symbols)]
            if exponents:
                yield Way(start, keys, alone, sign, tuple(exponents))


def exponents_of(symbol: Symbol, sign: int) -> list[float]:
    low, high = bounds_of(symbol)
    up, down = [float(e) for e in HIGH], [-float(e) for e in HIGH]
    if low is None and high is None:
        return [0.0, *up, *down]
    if low is not None and high is not None:
        found = down
    elif low is not None:
        found = [0.0, *up, *down] if sign > 0 else []
    else:
        found = [0.0, *up, *down] if sign < 0 else []
    return [e for e in found if fits(symbol, sign, e)]


def fits(symbol: Symbol, sign: int, exponent: float) -> bool:
    """Is a number there, and one that is told from the bound?"""
    low, high = bounds_of(symbol)
    if low is not None and high is not None and exponent > np.log2(high - low) - SPARE:
        return False
    return exponent >= -NEAREST or not approached(symbol, sign)


def approached(symbol: Symbol, sign: int) -> float:
    """The bound, 0 if it is none."""
    low, high = bounds_of(symbol)
    return (high if low is None or (high is not None and sign < 0) else low) or 0.0


def bits_for(terms: list[Term]) -> int:
    """How many powers of 2 the numbers of a row take."""
    found = BITS
    for term in terms:
        if isinstance(term, Num):
            found += 2 * bits_of(term.value)
        elif isinstance(term, Pow) and isinstance(term.base, Num):
            found += 2 * bits_of(term.base.value) * int(largest(term.exponent))
        elif isinstance(term, Fn) and term.name == "exp":
            found += 3 * int(largest(term.args[0]))
    return found


def bits_of(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def largest(term: Term) -> Fraction:
    """The absolute value of a product of numbers, 0 of anything else."""
    found = Fraction(1)
    for part in term.parts if isinstance(term, Mul) else (term,):
        if not isinstance(part, Num):
            return Fraction(0)
        found *= abs(part.value)
    return found


def refuted(instances: Instances, equation: Equation, op: str = "=") -> Difference | None:
    """A difference, or a violated inequality, far out; None if none is found."""
    world = instances.world
    terms = [t for side in instances.reached(equation) for t in walk(side)]
    if any(isinstance(t, Deriv | Slope | Det | Inverse) for t in terms) or world.spaces:
        return None
    if any(isinstance(t, Fn) and t.name == "arctan" for t in terms):
        return None
    rests = equation.rests_on(world)
    if any(world.symbols[n].law is not None for n in rests):
        return None
    pairs: dict[tuple[Term, Term], dict[str, Dim]] = {}
    for term in instances.reached(equation):
        comparisons(term, dict(equation.dims), pairs)
    if op == "=" and not pairs:
        return None
    assumed = any(n in rests for a in world.assumed for n in a.left.names | a.right.names)
    bits = bits_for(terms)
    if bits > MOST_BITS:
        return None
    for way in ways(instances, equation):
        near = any(approached(world.symbols[k], way.sign) for k in way.keys)
        numbers = spans(bits + NEAR_BITS * near)

        def fails(exponent: float, way: Way = way, numbers: Spans = numbers) -> Difference | None:
            scope = way.scope(instances, exponent, numbers)
            return apart(equation, op, scope, assumed)

        for exponent in [*way.exponents, *between(instances, way, pairs, numbers)]:
            if (found := fails(exponent)) is not None:
                return found
    return None


def apart_at(equation: Equation, op: str, doubles: Scope) -> Difference | None:
    """The same where doubles have no value: the product of n - k up to n = 1000."""
    terms = [t for side in (equation.left, equation.right) for t in walk(side)]
    if any(isinstance(t, Deriv | Slope | Det | Inverse) for t in terms) or doubles.world.spaces:
        return None
    if any(isinstance(t, Fn) and t.name == "arctan" for t in terms):
        return None
    if any(doubles.world.symbols[n].law is not None for n in equation.rests_on(doubles.world)):
        return None
    scope = written_in(doubles.instance, spans(BITS), doubles.direct)
    return apart(equation, op, scope, bool(doubles.world.assumed))


def between(
    instances: Instances,
    way: Way,
    pairs: dict[tuple[Term, Term], dict[str, Dim]],
    numbers: Spans,
) -> list[float]:
    """Places in all parts into which comparisons cut a way."""
    cuts: set[float] = set()
    for (left, right), dims in list(pairs.items())[:PAIRS]:

        def sign(
            exponent: float, left: Term = left, right: Term = right, dims: dict[str, Dim] = dims
        ) -> Any:
            scope = way.scope(instances, exponent, numbers)
            found = evaluated(
                lambda: apply(np.subtract, scope.of(left, dims), scope.of(right, dims))
            )
            if found is None:
                return None
            try:
                return tuple(one > 0 for one in found.array.reshape(-1)[:4])
            except ArithmeticError:
                return None

        signs = [(e, sign(e)) for e in way.exponents]
        for (low, before), (high, after) in pairwise([s for s in signs if s[1] is not None]):
            if before == after:
                continue
            for _ in range(ROUNDS):
                middle = (low + high) / 2
                here = sign(middle)
                if here is None or not low < middle < high:
                    break
                low, high = (middle, high) if here == before else (low, middle)
            cuts.add((low + high) / 2)
    ordered = sorted(cuts)
    beside = [c + by for c in ordered for by in (-0.01, 0.01) if fits_all(way, c + by)]
    return [(a + b) / 2 for a, b in pairwise(ordered)] + beside


def fits_all(way: Way, exponent: float) -> bool:
    return all(fits(way.start.world.symbols[k], way.sign, exponent) for k in way.keys)


def evaluated(value: Callable[[], Value]) -> Value | None:
    try:
        return value()
    except (ArithmeticError, ValueError, TypeError, AttributeError, MemoryError):
        return None


def apart(equation: Equation, op: str, scope: Scope, assumed: bool) -> Difference | None:
    """Do the sides lie apart, or the wrong way round, for certain?"""
    names = tuple(equation.dims)
    sides = [
        evaluated(partial(scope.of, side, equation.dims))
        for side in (equation.left, equation.right)
    ]
    if sides[0] is None or sides[1] is None:
        return None
    full = tuple(scope.instance.length(d) for d in equation.dims.values())
    a, b = (np.broadcast_to(s.along(names), full) for s in sides if s is not None)
    for at in np.ndindex(a.shape):
        one, other = a[at], b[at]
        if not isinstance(one, Span):
            if not isinstance(other, Span):
                if not np.isfinite(one) or not np.isfinite(other):
                    continue
                if not (abs(one - other) > 1e-9 if op == "=" else wrong(one, other, op)):
                    continue
                return said(equation, scope, at, one, other)
            one = other.new(other.other(one))
        try:
            gap = one - other
            far = abs(gap) > (abs(one) + abs(other)) * MUCH if assumed else True
            if far and (gap.of < 0 or gap.of > 0 if op == "=" else wrong(gap.of, 0, op)):
                return said(equation, scope, at, one, other)
        except ArithmeticError:
            continue
    return None


def wrong(a: Any, b: Any, op: str) -> bool:
    if op in ("<=", ">="):
        return bool(a > b if op == "<=" else a < b)
    return bool(a >= b if op == "<" else a <= b)


def said(equation: Equation, scope: Scope, at: tuple[int, ...], one: Any, other: Any) -> Difference:
    left, right = float(one), float(other)
    gap = ""
    if left == right and isinstance(one, Span):
        gap = str(one.spans.points.nstr((one - other).of.mid, 2))
    return Difference(
        1.0,
        left,
        right,
        {n: int(k) for n, k in zip(equation.dims, at, strict=True)},
        dict(scope.instance.sizes),
        scope.world.first,
        gap,
    )
