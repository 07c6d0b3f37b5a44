r"""A \implies B: what follows from an equation that need not hold by itself.

Where both sides of the arrow hold, they are rows like any others. Where neither does, the left one
is taken for a premise: the right one is compared at numbers that fulfil it, and for \iff the
other way round. The premise gets no mark of its own, the conclusion's says what was supposed.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backprop.derivations.evidence.instances import INSTANCES_AT_PREMISES, Equation
from backprop.derivations.evidence.numeric import compare
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import satisfy
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.terms import Entry, Inverse, Num, Pow, Term, num, walk
from backprop.derivations.meaning.world import Assumption, World
from backprop.derivations.problems import Problem, Unreadable
from backprop.derivations.reading.lines import Row
from backprop.derivations.verdicts import CHECKED, PROVED, WRONG, Difference, Verdict

FAR = 12  # samples from which Newton's method starts far away: x^2 - 8 x + 7 = 0 has two roots
TOLERANCE = 1e-6  # a premise is fulfilled to rounding only, by Newton's method


def conclude(derivator: Derivator, rows: list[Row]) -> list[Verdict]:
    """The verdicts on the rows of a formula."""
    found: list[list[Verdict]] = []
    open_: Equation | None = None  # an equation that did not hold by itself, the last of its row
    rest: Verdict | None = None  # on what stands before it in that row
    concluded = False  # does that equation follow from one before it?
    for k, row in enumerate(rows):
        derivator.explains = not row.link and not any(r.link for r in rows[k + 1 : k + 2])
        before = dict(derivator.world.cited)
        head = set(derivator.head)
        verdicts = derivator.row(row)
        failed = derivator.failed
        supposed = row.link and open_ is not None and failed is not None and alone(verdicts)
        if supposed and open_ is not None and failed is not None:
            derivator.world.cited, derivator.head = before, head
            both = row.link == "iff"
            if not concluded:
                found[-1] = [] if rest is None else [rest]  # a premise is no claim
            verdicts = [supposing(derivator, open_, failed, both, verdicts[-1])]
        open_, rest, concluded = failed, derivator.rest, bool(supposed)
        found.append(verdicts)
    return [v for verdicts in found for v in verdicts]


def alone(verdicts: list[Verdict]) -> bool:
    return len(verdicts) == 1 and verdicts[0].status == WRONG


def supposing(
    derivator: Derivator, premise: Equation, conclusion: Equation, both: bool, verdict: Verdict
) -> Verdict:
    fresh = Verdict(verdict.line, verdict.text, CHECKED, verdict.lead, number=verdict.number)
    fresh.assumed, fresh.sizes = (said(premise),), verdict.sizes
    fresh.instances = INSTANCES_AT_PREMISES
    try:
        ways = [(premise, conclusion), (conclusion, premise)][: 1 + both]
        for given, wanted in ways:
            divisor = divided_by(derivator, given, wanted)
            if divisor:
                fresh.status = WRONG
                fresh.problem = Problem("divides", {"found": divisor, "premise": said(given)})
                return fresh
            difference = under(derivator, given, wanted)
            if difference is not None:
                fresh.status, fresh.difference = WRONG, difference
                fresh.sides = (wanted.sides[0].text, wanted.sides[1].text)
                fresh.problem = Problem("does-not-follow", {"found": said(given)})
                return fresh
    except Unreadable as error:
        fresh.status, fresh.problem = WRONG, error.problem
        return fresh
    if derivator.prove:
        from backprop.derivations.evidence.proof import follows

        first, second = ((e.left, e.right) for e in (premise, conclusion))
        if follows(derivator.world, first, second, both):
            fresh.status = PROVED
    return fresh


def said(equation: Equation) -> str:
    return f"{equation.sides[0].text} = {equation.sides[1].text}"


def premise_of(equation: Equation) -> Assumption:
    return Assumption(equation.left, equation.right, equation.dims, said(equation))


def divided_by(derivator: Derivator, given: Equation, wanted: Equation) -> str:
    """The first name that `wanted` divides by, or inverts, though it may vanish, or be singular,
    where `given` holds; "" if there is none. What is not built of single numbers, \\sum_i x_i^2
    or X^\\top X, is taken to have an inverse, as everybody does who writes one."""
    world = derivator.world
    before = {t for side in (given.left, given.right) for t in walk(side)}
    after = {t for side in (wanted.left, wanted.right) for t in walk(side)} - before
    known = {divisor(t) for t in before}
    kept = list(world.assumed)
    for term in sorted(after, key=repr):
        base = divisor(term)
        if isinstance(term, Inverse) and may_be_singular(derivator, given, term):
            return matrix_of(term)
        if base is None or base in known or not of_numbers(world, base):
            continue
        world.assumed = [*kept, premise_of(given), Assumption(base, num(0), {}, "")]
        derivator.forget()
        try:
            if derivator.satisfiable():
                return ", ".join(sorted(base.names))
        finally:
            world.assumed = kept
            derivator.forget()
    return ""


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


def may_be_singular(derivator: Derivator, given: Equation, term: Inverse) -> bool:
    world = derivator.world
    key = matrix_of(term)
    symbol = world.symbols.get(key)
    if symbol is None or symbol.definition is not None or symbol.nonzero:
        return False
    supposed = replace(world, assumed=[*world.assumed, premise_of(given)])
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


def under(derivator: Derivator, given: Equation, wanted: Equation) -> Difference | None:
    """How `wanted` differs at numbers that fulfil `given`; None if it does not."""
    world = derivator.world
    kept = list(world.assumed)
    world.assumed = [*kept, premise_of(given)]
    derivator.forget()
    try:
        if not derivator.satisfiable():
            raise Unreadable("unsatisfiable", found=said(given), others="")
        for difference in derivator.differences(wanted, {}, INSTANCES_AT_PREMISES):
            if not difference.error <= TOLERANCE:
                return difference
        names = given.left.names | given.right.names
        every = set().union(*(world.below(n) for n in names)) if names else set()
        numbers = all(not world.symbols[n].shape for n in every)  # arrays: slow, and one solution
        for number in range(FAR if numbers else 0):
            try:
                scope = derivator.scope(number, False, {}, "wide")
                difference = compare(wanted.left, wanted.right, wanted.dims, scope)
            except OutsideDomainError:
                continue
            if not difference.error <= TOLERANCE:
                return difference
        return None
    finally:
        world.assumed = kept
        derivator.forget()
