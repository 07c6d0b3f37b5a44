"""Where ordinary numbers do not reach: |x − 9| = 9 − x holds at all of them.

A row that held is tried once more, at numbers of very different sizes where something in it has
corners or branches, where its comparisons turn, at larger axes where it names their lengths, and
at its last digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

from backprop.derivations.evidence.compare import compare, values
from backprop.derivations.evidence.edges import edges
from backprop.derivations.evidence.equation import Equation, Side
from backprop.derivations.evidence.extents import behind, extents, of_kind
from backprop.derivations.evidence.far import apart_at, refuted
from backprop.derivations.evidence.instances import SMALL, TOLERANCE, Instances
from backprop.derivations.evidence.lines import differs
from backprop.derivations.evidence.precise import agree
from backprop.derivations.evidence.rounding import is_rounding
from backprop.derivations.evidence.sample import HALVES, SIZES
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.terms import (
    Big,
    Deriv,
    Fn,
    Inverse,
    Num,
    Pow,
    Size,
    Slope,
    Term,
    Test,
    Where,
    walk,
)
from backprop.derivations.meaning.world import World
from backprop.derivations.verdicts import Difference

WIDE = 16  # how many samples of very different sizes
PARTIAL = 24  # samples of both signs, of a row with logarithms or roots
MIXED = 64  # samples of halves, of a row with powers such as (x^a)^b
NO_VALUE = ("log", "root of a negative number")
LIMIT = 1e-6  # relative, for those
SUSPECT = 1e-13  # relative: a smaller gap is one of rounding


def is_bent(term: Term) -> bool:
    """Has a term corners, branches or parts that are periodic?"""
    return (
        (isinstance(term, Test) and isinstance(term.left, Term))
        or (isinstance(term, Fn) and term.name in ("max", "min", "abs", "sign", "tan", "arctan"))
        or (isinstance(term, Big) and term.kind in ("max", "min"))
        or (
            isinstance(term, Pow)
            and isinstance(term.exponent, Num)
            and term.exponent.value.denominator != 1
        )
    )


def is_broken(instances: Instances, equation: Equation) -> bool:
    """Does anything in a row jump from one number to another?"""
    return any(
        (isinstance(t, Test) and isinstance(t.left, Term))
        or (isinstance(t, Fn) and t.name == "sign")
        for side in instances.reached(equation)
        for t in walk(side)
    )


def kinds(instances: Instances, equation: Equation) -> Iterator[tuple[str, int]]:
    """What kinds of sample a row is tried at, and how many of each."""
    terms = [t for side in instances.reached(equation) for t in walk(side)]
    outcomes = instances.world.outcomes or instances.world.spaces  # quadrature ends somewhere
    smooth = not any(is_bent(t) for t in terms)
    if not (smooth or outcomes or any(isinstance(t, Deriv | Slope) for t in terms)):
        yield "wide", WIDE
    if any(is_open(t) for t in terms):
        yield HALVES, MIXED
    own = [t for side in (equation.left, equation.right) for t in walk(side)]
    if any(isinstance(t, Size) for t in own) and not outcomes:
        heavy = any(isinstance(t, Deriv | Slope | Big | Inverse | Where) for t in terms)
        yield ("large" if heavy or equation.dims else "huge"), 1


def difference_beyond(instances: Instances, equation: Equation, slopes: bool) -> Difference | None:
    """A difference that ordinary samples do not show, None if there is none. slopes: of a chain
    that began with a derivative."""
    for kind, count in kinds(instances, equation):
        for number in range(count):
            try:
                if kind in SIZES:
                    scope = of_kind(instances, equation, kind)
                else:
                    positive = kind == "wide" and number % 3 == 2
                    scope = instances.scope(number, positive, {}, kind)
                found = compare(equation.left, equation.right, equation.dims, scope)
            except (OutsideDomainError, MemoryError):
                continue
            if found.error > LIMIT and not rounds(instances, equation, found, scope):
                return found
    for scope in edges(instances, equation, slopes):
        try:
            found = compare(equation.left, equation.right, equation.dims, scope)
        except OutsideDomainError:
            continue
        if found.error > LIMIT and not (found.error <= SMALL and agree(equation, scope)):
            return found
    for scope in chain(extents(instances, equation), behind(instances, equation)):
        try:
            found = compare(equation.left, equation.right, equation.dims, scope)
        except OutsideDomainError:
            if (outside := apart_at(equation, "=", scope)) is not None:
                return outside
            continue
        except MemoryError:
            continue
        if found.error > LIMIT and not rounds(instances, equation, found, scope):
            return found
        if found.error < LIMIT and is_tiny(found):
            if (outside := apart_at(equation, "=", scope)) is not None:
                return outside
    there = differs(instances, equation, slopes)
    if there is not None:
        return compare(equation.left, equation.right, equation.dims, there)
    found_far = None if slopes else refuted(instances, equation)
    return cancelled(instances, equation) if found_far is None else found_far


def is_tiny(found: Difference) -> bool:
    """Is the one side 0, and the other not quite?"""
    return 0 in (found.left, found.right) and found.left != found.right


def undefined_side(instances: Instances, equation: Equation) -> Side | None:
    """log x^2 = 2 log x says nothing of a negative x, where only the left side has a value: the
    side that has none. Derivatives are left out: that of log x is written 1 / x."""
    terms = [t for side in instances.reached(equation) for t in walk(side)]
    if instances.world.assumed or any(isinstance(t, Deriv | Slope) for t in terms):
        return None
    if not any(is_partial(t) for t in terms):
        return None
    samples = [("", number) for number in range(PARTIAL)]
    if any(is_open(t) for t in terms):
        samples += [(HALVES, number) for number in range(MIXED)]
    for kind, number in samples:
        try:
            scope = instances.scope(number, False, {}, kind)
        except OutsideDomainError:
            continue
        without = []
        for side, term in zip(equation.sides, (equation.left, equation.right), strict=True):
            try:
                values(term, equation.dims, scope)
            except OutsideDomainError as error:
                without.append(side if error.args[0] in NO_VALUE else None)
        if len(without) == 1 and without[0] is not None:
            return without[0]
    return None


def is_partial(term: Term) -> bool:
    """Has it no value at a negative number?"""
    return (isinstance(term, Fn) and term.name == "log") or (
        isinstance(term, Pow)
        and not (isinstance(term.exponent, Num) and term.exponent.value.denominator == 1)
    )


def is_open(term: Term) -> bool:
    """Is it a power of what may be negative, which has a value at some exponents only? That of
    (x^2)^{1/2} and x is one side's alone, at halves that ordinary numbers never are."""
    return isinstance(term, Pow) and bool(term.exponent.names) and bool(term.base.names)


def cancelled(instances: Instances, equation: Equation) -> Difference | None:
    """10^12 + x = 10^12 + y: equal to all digits that are compared, but not to the last ones."""
    terms = [t for side in instances.reached(equation) for t in walk(side)]
    if instances.world.assumed or any(is_coarse(t, instances.world) for t in terms):
        return None
    numbers = [abs(t.value) for t in terms if isinstance(t, Num) and t.value]
    if not any(n >= 10**4 or n <= Fraction(1, 10**4) for n in numbers) and not any(
        isinstance(t, Pow) and isinstance(t.base, Num) for t in terms
    ):
        return None  # nothing in it is far larger than the rest
    for number in range(2):
        try:
            scope = instances.scope(number, False, {})
            found = compare(equation.left, equation.right, equation.dims, scope)
        except OutsideDomainError:
            continue
        if SUSPECT < found.error <= TOLERANCE:
            if not rounds(instances, equation, found, scope):
                return found
    return None


def is_coarse(term: Term, world: World) -> bool:
    """Is it a derivative that is known to a few digits less: of a derivative, or by steps?"""
    if not isinstance(term, Deriv):
        return isinstance(term, Slope)
    names = set().union(*(world.below(n) for n in term.body.names))
    inner = [world.symbols[n].definition for n in names]
    return any(
        isinstance(t, Deriv | Slope)
        for body in (term.body, *inner)
        if body is not None
        for t in walk(body)
    )


def rounds(instances: Instances, equation: Equation, found: Difference, scope: Scope) -> bool:
    def compared(here: Scope) -> Difference:
        return compare(equation.left, equation.right, equation.dims, here)

    if is_rounding(found, instances, scope.instance, compared):
        return True
    return found.error <= SMALL and agree(equation, scope)
