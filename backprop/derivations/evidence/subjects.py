"""What a side is about: the derivatives in it, what they are of, and the sizes it depends on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.meaning.terms import (
    Add,
    Big,
    Deriv,
    Entry,
    Fn,
    Mul,
    Num,
    Size,
    Slope,
    Term,
    walk,
)
from backprop.derivations.meaning.world import World


def spelled_out(world: World, term: Term) -> Iterator[Any]:
    """The parts of `term`, and those of the derivatives that names in it stand for."""
    for item in walk(term):
        yield item
        if isinstance(item, Entry):
            lam = world.symbols[item.symbol].definition
            if lam is not None and lam.differentiates:
                yield from spelled_out(world, lam.body)


def numerators(world: World, term: Term) -> set[str]:
    r"""The symbols whose derivatives are written in `term`: p for that of \log p as well."""
    bodies = (bare(t.body) for t in spelled_out(world, term) if isinstance(t, Deriv))
    return {body.symbol for body in bodies if isinstance(body, Entry)}


def bare(term: Term) -> Term:
    r"""The p of \log p, and of -\log p."""
    while True:
        if isinstance(term, Fn) and len(term.args) == 1:
            term = term.args[0]
        elif isinstance(term, Mul) and len(term.parts) == 2 and isinstance(term.parts[0], Num):
            term = term.parts[1]
        else:
            return term


def subject(world: World, term: Term) -> set[str]:
    """What a chain that begins with `term` is about: its symbols count as defined."""
    if any(isinstance(t, Deriv) for t in spelled_out(world, term)):
        return numerators(world, term)
    return set().union(*(world.below(n) for n in term.names))


def has_slopes(world: World, term: Term) -> bool:
    return any(isinstance(t, Deriv | Slope) for t in spelled_out(world, term))


def names_symbol(world: World, item: Deriv) -> bool:
    """Does what is differentiated name the symbol itself?"""
    if isinstance(item.body, Entry):
        return item.symbol in world.direct(item.body.symbol)
    return any(isinstance(t, Entry) and t.symbol == item.symbol for t in walk(item.body))


def sums_paths(equation: Equation) -> bool:
    """Does a side add up what comes along different paths, ∂L/∂y … + ∂L/∂v …?"""
    for side in (equation.left, equation.right):
        for item in walk(side):
            if not isinstance(item, Add):
                continue
            by: dict[str, set[str]] = {}
            for part in item.parts:
                for t in walk(part):
                    if isinstance(t, Deriv) and t.partial and isinstance(t.body, Entry):
                        by.setdefault(t.body.symbol, set()).add(t.symbol)
            if any(len(symbols) > 1 for symbols in by.values()):
                return True
    return False


def independent(world: World, equation: Equation) -> tuple[tuple[str, str], ...]:
    """Written derivatives that are zero because nothing on the way depends on the symbol."""
    found = {
        (name, item.symbol)
        for side in (equation.left, equation.right)
        for item in walk(side)
        if isinstance(item, Deriv)
        and not any(item.symbol in world.below(n) for n in item.body.names)
        for name in item.body.names
    }
    return tuple(sorted(found))


def sizes(world: World, equation: Equation) -> tuple[str, ...]:
    """The sizes on which the sides depend."""
    every = equation.rests_on(world)
    used = {d for n in every for d in world.symbols[n].shape} | set(equation.dims.values())
    for side in (equation.left, equation.right):
        used |= {t.dim for t in walk(side) if isinstance(t, Big | Size)}
    return tuple(s for s in world.sizes if s in used)
