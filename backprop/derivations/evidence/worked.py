"""Derivatives by rules in the place of those by steps, where thousands of places are tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from backprop.derivations.algebra.calculus import Calculus, Partial
from backprop.derivations.algebra.polynomials import NotProvable
from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import NESTED_TOLERANCE, Instances
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.rewriting import rebuild, renamed
from backprop.derivations.meaning.terms import Big, Deriv, Fn, Slope, Term, Test, Where, walk

WORKED = 3  # samples at which the two are compared


def worked_out(instances: Instances, equation: Equation) -> Equation:
    """The same with the derivatives in it by the rules of calculus, where those give the same
    numbers as difference quotients do."""
    if not any(
        isinstance(t, Deriv | Slope) for s in (equation.left, equation.right) for t in walk(s)
    ):
        return equation
    if any(is_cornered(t) for s in instances.reached(equation) for t in walk(s)):
        return equation  # at a corner the rules choose one of two slopes, the steps another
    calculus = Calculus(instances.world, frozenset(), instances.direct)

    def change(item: Any) -> Any:
        if isinstance(item, Deriv):
            return calculus.worked_out(item)
        if isinstance(item, Slope):
            return calculus.taken(item)
        return item

    try:
        sides = [rebuild(renamed(s), change) for s in (equation.left, equation.right)]
    except (NotProvable, RecursionError):
        return equation
    if any(isinstance(t, Deriv | Slope | Partial) for s in sides for t in walk(s)):
        return equation
    found = replace(equation, left=sides[0], right=sides[1])
    for number in range(WORKED):
        for old, new in zip((equation.left, equation.right), sides, strict=True):
            try:
                scope = instances.scope(number, number % 2 == 1, {})
                if not compare(old, new, equation.dims, scope).error < NESTED_TOLERANCE:
                    return equation
            except OutsideDomainError:
                return equation
    return found


def is_cornered(term: object) -> bool:
    """Has a term corners or jumps?"""
    if isinstance(term, Fn | Big):
        kind = term.name if isinstance(term, Fn) else term.kind
        return kind in ("max", "min", "abs", "sign")
    return isinstance(term, Where) or (isinstance(term, Test) and isinstance(term.left, Term))
