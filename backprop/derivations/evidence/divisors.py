"""What a conclusion divides by, or inverts, that its premise does not: may it vanish, where the
premise holds?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from backprop.derivations.algebra.positive import is_positive
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.estimates import allows
from backprop.derivations.evidence.instances import INSTANCES_AT_PREMISES, Instances
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import satisfy
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning import reader_of
from backprop.derivations.meaning.arrays import columns
from backprop.derivations.meaning.nodes import split
from backprop.derivations.meaning.rewriting import free_indices, substitute
from backprop.derivations.meaning.terms import (
    At,
    Det,
    Entry,
    Inverse,
    Lam,
    Num,
    Pow,
    Term,
    Var,
    num,
    walk,
)
from backprop.derivations.meaning.world import Assumption, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE

ALIKE = 1e-6  # relative: ratios that are the same
FEW = 4  # instances at which arrays are tried: they are slow


def divided_by(instances: Instances, given: Equation, wanted: Equation) -> str:
    """The first name that `wanted` divides by, or inverts, though it may vanish, or be singular,
    where `given` holds; "" if there is none. See `taken_to_exist` for what is not built of single
    numbers."""
    for term, base in divisors(given, wanted):
        if isinstance(term, Inverse) and may_be_singular(instances, given, term):
            return matrix_of(term)
        if base is None or not of_numbers(instances.world, base):
            continue
        if is_positive(instances.world, base) or is_declared(instances, base):
            continue
        if may_vanish(instances, given, base):
            return written(wanted, base)
    return ""


def is_declared(instances: Instances, base: Term) -> bool:
    r"""Is it a multiple of what the prose says does not vanish, a - b of a \ne b?"""
    for term in instances.world.apart:
        ratios = []
        for number in range(FEW):
            try:
                scope = instances.scope(number, False, {})
                ratios.append(float(scope.of(base, {}).array / scope.of(term, {}).array))
            except OutsideDomainError:
                continue
        if ratios and np.ptp(ratios) <= ALIKE * abs(ratios[0]):
            return True
    return False


def taken_to_exist(instances: Instances, given: Equation, wanted: Equation) -> dict[Term, str]:
    r"""What `wanted` divides by, or inverts, that is built of arrays: \sum_i x_i^2, X^\top X. That
    it can be is taken for granted by everybody who writes it, and is said at the row."""
    world = instances.world
    found: dict[Term, str] = {}
    for term, base in divisors(given, wanted):
        if isinstance(term, Inverse) and not matrix_of(term):
            if falls_in_rank(instances, given, term):
                found[Det(term.matrix)] = f"\\det ({written(wanted, term.matrix)}) \\ne 0"
        elif base is not None and base.names and not of_numbers(world, base):
            every = set().union(*(world.below(n) for n in base.names))
            fixed = any(world.symbols[n].law is not None for n in every)
            if not (fixed or is_positive(world, base)) and may_vanish(instances, given, base):
                found[base] = f"{written(wanted, base)} \\ne 0"
    return found


def defined_divisors(world: World, wanted: Equation) -> list[Term]:
    r"""What the numbers in a row divide by, by their definitions: R = x^\top A x / x^\top x is
    declared, and so has a value."""
    found: dict[Term, None] = {}
    for name in sorted(wanted.rests_on(world)):
        definition = world.symbols[name].definition
        if definition is None or definition.vars:
            continue
        for term in walk(definition.body):
            base = divisor(term)
            if base is not None and base.names and not free_indices(base):
                found[base] = None
    return list(found)


def divisors(given: Equation, wanted: Equation) -> Iterator[tuple[Term, Term | None]]:
    """The parts of `wanted` that `given` does not have, each with what it divides by."""
    before = {t for side in (given.left, given.right) for t in walk(side)}
    after = {t for side in (wanted.left, wanted.right) for t in walk(side)} - before
    known = {divisor(t) for t in before}
    for term in sorted(after, key=repr):
        base = divisor(term)
        yield term, None if base in known else base


def may_vanish(instances: Instances, given: Equation, base: Term) -> bool:
    """Are there numbers at which `given` holds and `base` is 0, at the first of its positions?"""
    world, kept = instances.world, list(instances.world.assumed)
    first = substitute(base, {n: At(None, 0) for n in free_indices(base)})
    tries = None if of_numbers(world, base) else FEW
    zero = Assumption(first, num(0), {}, "")
    try:
        for assumed in ([*kept, zero], [*kept, given.assumed(), zero]):  # alone it is faster
            world.assumed = assumed
            instances.forget()
            if not instances.satisfiable(tries):
                return False
        return True
    finally:
        world.assumed = kept
        instances.forget()


def written(equation: Equation, part: Term | Lam) -> str:
    """How the author wrote a divisor, or the matrix of an inverse; its names, if that is open."""
    names = part.names
    for side in equation.sides:
        for node in side.node.walk():
            base, _, sup, _ = split(node)
            below = node.parts[1] if node.kind == "frac" else NONE
            if sup is not NONE and side.reader.text(sup).strip("^{} ").startswith("-"):
                below = base.parts[0] if base.kind in ("paren", "group") and base.parts else base
            if below is NONE:
                continue
            try:
                reader = reader_of(side.reader.world, side.reader.tex, side.reader.tree)
                array = columns(reader.side(below))
                term = array.at(tuple(Var(n) for n in ("row", "col")[: len(array.shape)]))
            except Unreadable:
                continue
            if term.names == names:
                return " ".join(side.reader.text(below).split())
    return ", ".join(sorted(names))


def divisor(term: Term) -> Term | None:
    negative = isinstance(term, Pow) and isinstance(term.exponent, Num) and term.exponent.value < 0
    return term.base if negative and isinstance(term, Pow) else None


def of_numbers(world: World, term: Term) -> bool:
    """Is it built of single numbers alone, and not a number itself?"""
    names = term.names
    every = set().union(*(world.below(n) for n in names)) if names else set()
    return bool(names) and all(
        not world.symbols[n].shape and world.symbols[n].law is None for n in every
    )


def matrix_of(term: Inverse) -> str:
    """The name of a matrix that is inverted by itself; "" for an expression."""
    body = term.matrix.body
    return body.symbol if isinstance(body, Entry) and len(body.at) == 2 else ""


def may_be_singular(instances: Instances, given: Equation, term: Inverse) -> bool:
    world = instances.world
    key = matrix_of(term)
    symbol = world.symbols.get(key)
    if symbol is None or symbol.definition is not None or symbol.nonzero:
        return False
    supposed = replace(world, assumed=[*world.assumed, given.assumed()])
    for number in range(INSTANCES_AT_PREMISES):
        sample = Sample(supposed, number)
        across = sample.random("across", key).normal(size=len(sample.variables[key]))
        across /= np.linalg.norm(across)
        flat = np.eye(len(across)) - np.outer(across, across)
        sample.variables[key] = flat @ sample.variables[key] @ flat
        sample.held = {key}
        try:
            satisfy(sample)
        except OutsideDomainError:
            continue
        return True
    return False


def falls_in_rank(instances: Instances, given: Equation, term: Inverse) -> bool:
    """Has the matrix that is inverted no inverse where its factors lose a rank, and the numbers
    in it are 0 that may be?"""
    world = instances.world
    supposed = replace(world, assumed=[*world.assumed, given.assumed()])
    below = set().union(*(world.below(n) for n in term.names))
    free = [world.symbols[n] for n in sorted(below) if world.symbols[n].kind == "variable"]
    for number in range(FEW):
        sample = Sample(supposed, number)
        for symbol in free:
            old = sample.variables[symbol.key]
            if len(symbol.shape) == 2 and not symbol.nonzero:
                across = np.asarray(sample.random(symbol.key, "across").normal(size=old.shape[1]))
                flat = np.eye(len(across)) - np.outer(across, across) / (across @ across)
                square = old.shape[0] == old.shape[1]
                sample.variables[symbol.key] = flat @ old @ flat if square else old @ flat
            elif not symbol.shape and allows(symbol, 0.0):
                sample.variables[symbol.key] = np.zeros_like(old)
            else:
                continue
            sample.held.add(symbol.key)
        try:
            satisfy(sample)
        except OutsideDomainError:
            continue
        try:
            Scope(sample, {}, direct=instances.direct).of(Det(term.matrix), {})
        except OutsideDomainError:
            return True
    return False
