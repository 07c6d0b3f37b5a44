r"""Where a comparison of numbers turns: [x > 0] + [x < 0] = 1 fails at 0 alone, which no random
number meets. Numbers are moved onto such places, and a little to both sides of them.

A row about derivatives is not tried there: that of max(0, x) is written [x > 0] by everybody, and
is none at 0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.satisfy import draw_instance
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import EDGE, OutsideDomainError, real
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.rewriting import free_indices
from backprop.derivations.meaning.terms import (
    Big,
    Deriv,
    Fn,
    Lam,
    Slope,
    Term,
    Test,
    add,
    num,
    parts_of,
    walk,
)
from backprop.derivations.meaning.world import Assumption

MOST = 4  # comparisons of a row, the first of them
SATURATED = ("exp", "tanh")
CLOSE = 1e-9  # relative
BESIDE = (Fraction(0), Fraction(1, 10**4), Fraction(-1, 10**4))  # far wider than EDGE


def edges(instances: Instances, equation: Equation, slopes: bool) -> Iterator[Scope]:
    """The values of symbols where the comparisons of a row turn; none if it, or the chain that it
    goes on, is about slopes."""
    found: dict[tuple[Term, Term], dict[str, Dim]] = {}
    for term in instances.reached(equation):
        if not turning(term, dict(equation.dims), found):
            return
    if slopes:
        return
    world = instances.world
    for (left, right), dims in list(found.items())[:MOST]:
        names = left.names | right.names
        if any(world.symbols[b].law is not None for n in names for b in world.below(n)):
            continue  # outcomes lie where they lie
        for number, by in enumerate(BESIDE):
            turn = Assumption(left, add(right, num(by)), dims)
            there = replace(world, assumed=[*world.assumed, turn])
            try:
                instance = draw_instance(there, number, kind=EDGE)
            except OutsideDomainError:
                continue
            scope = Scope(instance, {}, direct=instances.direct)
            if not approaches(turn, scope):
                yield scope


def approaches(turn: Assumption, scope: Scope) -> bool:
    """e^x = 0 is met to rounding at x = -25, and nowhere. Where such sides do meet, a line that
    runs through it shows that."""
    sides = (turn.left, turn.right)
    if not any(isinstance(t, Fn) and t.name in SATURATED for s in sides for t in walk(s)):
        return False
    a, b = (real(scope.of(s, turn.dims).array) for s in sides)
    return bool(np.any(np.abs(a - b) > CLOSE * np.maximum(np.abs(a), np.abs(b))))


def turning(
    term: Term, dims: dict[str, Dim], found: dict[tuple[Term, Term], dict[str, Dim]]
) -> bool:
    """Collects what is compared, with the lengths of its indices. False if a slope is in it."""
    if isinstance(term, Deriv | Slope):
        return False
    if isinstance(term, Big):
        dims = {**dims, term.var: find(term.dim)}
    elif isinstance(term, Lam):
        dims = {**dims, **{v: find(d) for v, d in term.vars}}
    pair = None
    if isinstance(term, Test) and isinstance(term.left, Term) and isinstance(term.right, Term):
        pair = (term.left, term.right)
    elif isinstance(term, Fn) and term.name == "sign":
        pair = (term.args[0], num(0))
    if pair is not None and pair[0].names | pair[1].names:
        free = free_indices(pair[0]) | free_indices(pair[1])
        if free <= dims.keys():
            found.setdefault(pair, {k: dims[k] for k in sorted(free)})
    return all(turning(p, dims, found) for p in parts_of(term) if isinstance(p, Term))
