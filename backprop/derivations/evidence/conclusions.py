r"""A \implies B: what follows from an equation that need not hold by itself.

Where both sides of the arrow hold, they are rows like any others. Where neither does, the left one
is taken for a premise: the right one is compared at numbers that fulfil it, and for \iff the
other way round. The premise gets no mark of its own, the conclusion's says what was supposed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.divisors import divided_by, taken_to_exist
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.hidden import hidden
from backprop.derivations.evidence.instances import INSTANCES_AT_PREMISES, Instances
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.terms import (
    Term,
)
from backprop.derivations.problems import Problem, Unreadable
from backprop.derivations.reading.lines import Row
from backprop.derivations.verdicts import CHECKED, PROVED, UNCHECKED, WRONG, Difference, Verdict

ALL_BUT_0 = 1e-4  # what is smaller is hardly told from 0 where a premise holds to rounding
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
        head = set(derivator.levels.head)
        verdicts = derivator.row(row)
        failed = derivator.failed
        supposed = row.link and open_ is not None and failed is not None and alone(verdicts)
        if supposed and open_ is not None and failed is not None:
            derivator.world.cited, derivator.levels.head = before, head
            both = row.link == "iff"
            if not concluded:
                found[-1] = [] if rest is None else [rest]  # a premise is no claim
            verdicts = [supposing(derivator, open_, failed, both, verdicts[-1])]
        elif row.link and open_ is not None and unread(verdicts) and not concluded:
            found[-1] = [] if rest is None else [rest]  # nor where its conclusion is not read
        open_, rest, concluded = failed, derivator.rest, bool(supposed)
        found.append(verdicts)
    return [v for verdicts in found for v in verdicts]


def alone(verdicts: list[Verdict]) -> bool:
    return len(verdicts) == 1 and verdicts[0].status == WRONG


def unread(verdicts: list[Verdict]) -> bool:
    return bool(verdicts) and all(v.status == UNCHECKED for v in verdicts)


def supposing(
    derivator: Derivator, premise: Equation, conclusion: Equation, both: bool, verdict: Verdict
) -> Verdict:
    fresh = Verdict(verdict.line, verdict.text, CHECKED, verdict.lead, number=verdict.number)
    fresh.assumed, fresh.sizes = (premise.text,), verdict.sizes
    fresh.instances = INSTANCES_AT_PREMISES
    proved = False
    if derivator.prove:
        from backprop.derivations.evidence.proof import follows

        first, second = ((e.left, e.right) for e in (premise, conclusion))
        proved = follows(derivator.world, first, second, both)
    try:
        ways = [(premise, conclusion), (conclusion, premise)][: 1 + both]
        for given, wanted in ways:
            divisor = divided_by(derivator.instances, given, wanted)
            if divisor:
                fresh.status = WRONG
                fresh.problem = Problem("divides", {"found": divisor, "premise": given.text})
                return fresh
            more = taken_to_exist(derivator.instances, given, wanted)
            fresh.assumed = tuple(dict.fromkeys((*fresh.assumed, *more.values())))
            exact = derivator.prove and not proved
            difference = under(derivator.instances, given, wanted, more, exact)
            if difference is not None:
                fresh.status, fresh.difference = WRONG, difference
                fresh.sides = (wanted.sides[0].text, wanted.sides[1].text)
                fresh.problem = Problem("does-not-follow", {"found": given.text})
                return fresh
    except Unreadable as error:
        fresh.status, fresh.problem = WRONG, error.problem
        return fresh
    if proved:
        fresh.status = PROVED
    return fresh


def apart(instances: Instances, wanted: Equation, divided: Iterable[Term]) -> Iterator[Difference]:
    """The sides of `wanted` at numbers at which no divisor is all but 0. Raises `Unreadable`."""
    divided = list(divided)
    seen = 0
    for number in range(2 * INSTANCES_AT_PREMISES):
        try:
            scope = instances.scope(number, number % 2 == 1, {})
            sizes = [np.abs(scope.of(t, wanted.dims).array) for t in divided]
            if any(np.any(s < ALL_BUT_0) for s in sizes):
                continue
            yield compare(wanted.left, wanted.right, wanted.dims, scope)
        except OutsideDomainError:
            continue
        seen += 1
        if seen == INSTANCES_AT_PREMISES:
            return
    if not seen:
        raise Unreadable("no-domain")


def under(
    instances: Instances,
    given: Equation,
    wanted: Equation,
    divided: Iterable[Term],
    exact: bool = False,
) -> Difference | None:
    """How `wanted` differs at numbers that fulfil `given`; None if it does not. divided: what is
    taken not to vanish; exact: in more digits than doubles have, too."""
    world, divided = instances.world, list(divided)
    kept = list(world.assumed)
    world.assumed = [*kept, given.assumed()]
    instances.forget()
    try:
        if not instances.satisfiable():
            raise Unreadable("unsatisfiable", found=given.text, others="")
        for difference in apart(instances, wanted, divided):
            if not difference.error <= TOLERANCE:
                return difference
        names = given.left.names | given.right.names
        every = set().union(*(world.below(n) for n in names)) if names else set()
        numbers = all(not world.symbols[n].shape for n in every)  # arrays: slow, and one solution
        for number in range(FAR if numbers else 0):
            try:
                scope = instances.scope(number, False, {}, "wide")
                difference = compare(wanted.left, wanted.right, wanted.dims, scope)
            except OutsideDomainError:
                continue
            if not difference.error <= TOLERANCE:
                return difference
        return hidden(instances, wanted, divided=divided) if exact else None
    finally:
        world.assumed = kept
        instances.forget()
