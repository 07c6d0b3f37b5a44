"""What is built so that it is positive, whatever the numbers in it."""

from __future__ import annotations

from fractions import Fraction

from backprop.derivations.meaning.terms import (
    Add,
    Big,
    Entry,
    Fn,
    Mul,
    Num,
    Pow,
    Size,
    Term,
)
from backprop.derivations.meaning.world import World

BELOW = Fraction(-1)


def is_positive(world: World, term: Term) -> bool:
    r"""Is it built so that it cannot vanish: \sum_k e^{z_k}, \sigma^2 + \epsilon?"""
    if isinstance(term, Num):
        return term.value > 0
    if isinstance(term, Entry):
        symbol = world.symbols[term.symbol]
        if symbol.definition is not None and symbol.recurrence is None:
            return is_positive(world, symbol.definition.body)
        if symbol.law is not None and symbol.law.kind == "simplex":
            return True  # p(x), of which logarithms are taken
        return symbol.positive and not (symbol.closed[0] and symbol.bounds[0] == 0)
    if isinstance(term, Mul):
        return all(is_positive(world, p) for p in term.parts)
    if isinstance(term, Add):
        return least_of(world, term) > 0 or (
            any(is_positive(world, p) for p in term.parts)
            and all(is_square(p) or is_positive(world, p) for p in term.parts)
        )
    if isinstance(term, Big) and term.kind in ("sum", "prod"):
        return term.test is None and is_positive(world, term.body)
    if isinstance(term, Pow):
        return is_positive(world, term.base)
    return isinstance(term, Size) or (isinstance(term, Fn) and term.name == "exp")


def is_square(term: Term) -> bool:
    """Is it never negative: a square, or a sum of such?"""
    if isinstance(term, Big) and term.kind == "sum":
        return is_square(term.body)
    if isinstance(term, Mul | Add):
        return all(is_square(p) or (isinstance(p, Num) and p.value > 0) for p in term.parts)
    if isinstance(term, Pow) and isinstance(term.exponent, Num):
        return term.exponent.value > 0 and term.exponent.value % 2 == 0
    return isinstance(term, Size)


def least_of(world: World, term: Add) -> Fraction:
    """A bound of a sum of numbers within bounds, 1 - p of p < 1: 0 is one that it does not
    reach, less than 0 says nothing."""
    total, reached = Fraction(0), True
    for part in term.parts:
        factors = part.parts if isinstance(part, Mul) else (part,)
        times = Fraction(1)
        for factor in factors:
            times *= factor.value if isinstance(factor, Num) else 1
        rest = [f for f in factors if not isinstance(f, Num)]
        if not rest:
            total += times
            continue
        symbol = world.symbols.get(rest[0].symbol) if isinstance(rest[0], Entry) else None
        if len(rest) > 1 or symbol is None or symbol.definition is not None:
            return BELOW
        end = 0 if times > 0 else 1
        bound = symbol.bounds[end]
        if bound is None:
            return BELOW
        total += times * bound
        reached = reached and symbol.closed[end]
    return total if total != 0 or reached else Fraction(1, 10**9)  # more than 0
