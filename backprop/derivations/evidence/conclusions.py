r"""A \implies B: what follows from an equation that need not hold by itself.

Where both sides of the arrow hold, they are rows like any others. Where neither does, the left one
is taken for a premise: the right one is compared at numbers that fulfil it, and for \iff the
other way round. The premise gets no mark of its own, the conclusion's says what was supposed.
"""

from __future__ import annotations

from backprop.derivations.evidence.instances import INSTANCES_AT_PREMISES, Equation
from backprop.derivations.evidence.numeric import compare
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.rewriting import names_in
from backprop.derivations.meaning.world import Assumption
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
        names = names_in(given.left) | names_in(given.right)
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
