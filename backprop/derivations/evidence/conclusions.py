r"""A \implies B: what follows from an equation that need not hold by itself.

Where both sides of the arrow hold, they are rows like any others. Where neither does, the left one
is taken for a premise: the right one is compared at numbers that fulfil it, and for \iff the
other way round. The premise gets no mark of its own, the conclusion's says what was supposed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from backprop.derivations.evidence.beyond import is_broken
from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.divisors import defined_divisors, divided_by, taken_to_exist
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.estimates import violated
from backprop.derivations.evidence.hidden import hidden
from backprop.derivations.evidence.instances import INSTANCES_AT_PREMISES, Instances
from backprop.derivations.evidence.rows import SIGNS, Derivator
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning import reader_of
from backprop.derivations.meaning.declare import with_slack
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.terms import ONE, Term
from backprop.derivations.meaning.world import Symbol, World
from backprop.derivations.problems import Problem, Unreadable
from backprop.derivations.reading.lines import Row
from backprop.derivations.reading.tree import read
from backprop.derivations.verdicts import CHECKED, PROVED, UNCHECKED, WRONG, Difference, Verdict

ALL_BUT_0 = 1e-4  # what is smaller is hardly told from 0 where a premise holds to rounding
FAR = 12  # samples from which Newton's method starts far away: x^2 - 8 x + 7 = 0 has two roots
SLACK = "#slack"
UNDECIDED = ("too-close", "too-far-apart", "no-domain")
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
        idle = row.link == "implies" and open_ is not None and open_.op != "="
        if open_ is not None and idle and not concluded and all_hold(verdicts):
            found[-1] = [] if rest is None else [rest]  # x > 0 \\implies \\log x \\le x - 1
            verdicts[-1].assumed = (open_.text, *verdicts[-1].assumed)
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
    if derivator.world.refused:
        for row, verdicts in zip(rows, found, strict=True):
            begun = next((r for r in reversed(rows[: rows.index(row) + 1]) if has_left(r)), row)
            for verdict in verdicts:
                if verdict.status == WRONG:
                    doubted(derivator.world, (begun, row), verdict)
    return [v for verdicts in found for v in verdicts]


def has_left(row: Row) -> bool:
    return not row.tex.lstrip().startswith(("=", "\\le", "\\ge", "<", ">"))


def doubted(world: World, rows: tuple[Row, Row], verdict: Verdict) -> None:
    """A row that is wrong without a premise that was not read may be right with it."""
    names: set[str] = set()
    for row in rows:
        try:
            tree = read(row.tex, world.words)
        except Unreadable:
            continue
        reader = reader_of(world, row.tex, tree)
        found = {lookup(reader, node)[0] or "" for node in tree.walk()} & world.symbols.keys()
        names = names.union(*(world.below(n) for n in found))
    for name in sorted(names):
        bare = re.split("[_^]", name)[0]
        line = world.refused.get(name, world.refused.get(bare))
        if line is not None:
            verdict.status, verdict.difference, verdict.sides = UNCHECKED, None, ("", "")
            verdict.residue, verdict.repair = "", None
            verdict.problem = Problem("premise-refused", {"found": name, "line": str(line)})
            return


def all_hold(verdicts: list[Verdict]) -> bool:
    return bool(verdicts) and all(v.ok for v in verdicts)


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
        equations = premise.op == conclusion.op == "="
        proved = equations and follows(derivator.world, first, second, both, premise.dims)
    try:
        for given, wanted in [(premise, conclusion), (conclusion, premise)][: 1 + both]:
            if not follows_in_numbers(derivator, given, wanted, fresh, proved):
                return fresh
    except Unreadable as error:
        fresh.status = UNCHECKED if error.problem.key in UNDECIDED else WRONG
        fresh.problem = error.problem
        return fresh
    if proved:
        fresh.status = PROVED
    return fresh


def follows_in_numbers(
    derivator: Derivator, given: Equation, wanted: Equation, verdict: Verdict, proved: bool
) -> bool:
    """Does `wanted` hold at numbers that fulfil `given`? Says in `verdict` where it does not, and
    what is taken to exist. Raises `Unreadable`."""
    instances = derivator.instances
    for supposed, needed in premises_of(instances, given, wanted):
        with declared(instances, supposed):
            divisor = divided_by(instances, supposed.equation, needed)
            if divisor:
                verdict.status = WRONG
                verdict.problem = Problem("divides", {"found": divisor, "premise": given.text})
                return False
            more = taken_to_exist(instances, supposed.equation, needed)
            verdict.assumed = tuple(dict.fromkeys((*verdict.assumed, *more.values())))
            try:
                if needed.op == "=":
                    apart = [*more, *defined_divisors(instances.world, needed)]
                    exact = derivator.prove and not proved
                    found = under(instances, supposed.equation, needed, apart, exact)
                else:
                    found = exceeding(instances, supposed.equation, needed)
            except Unreadable as error:
                if error.problem.key == "unsatisfiable" and supposed.edge:
                    continue
                raise
        if found is not None:
            verdict.status, verdict.difference = WRONG, found
            verdict.sides = (needed.sides[0].text, needed.sides[1].text)
            verdict.sign = SIGNS.get(needed.op, needed.op)
            verdict.problem = Problem("does-not-follow", {"found": given.text})
            return False
    return True


@dataclass(frozen=True)
class Supposed:
    """A premise as an equation: a \\le b as a + s = b, with a new s that is not negative."""

    equation: Equation
    slack: Symbol | None = None
    edge: bool = False  # a = b, where a \\le b is supposed


def premises_of(
    instances: Instances, given: Equation, wanted: Equation
) -> list[tuple[Supposed, Equation]]:
    """What is supposed where an inequality is given, and what has to hold there.

    Of numbers close to 1 tells x > 1 little: what is continuous and not strict holds at 1, too,
    where it holds for all of them.
    """
    if given.op == "=":
        return [(Supposed(given), wanted)]
    if given.op in ("<=", ">="):
        return [
            (loosened(given, closed=True), wanted),
            (Supposed(replace(given, op="="), edge=True), wanted),
        ]
    found = [(loosened(given, closed=False), wanted)]
    if wanted.op != "=" and not is_broken(instances, wanted):
        loose = replace(wanted, op={"<": "<=", ">": ">="}.get(wanted.op, wanted.op))
        found.insert(0, (loosened(given, closed=True), loose))
    return found


def loosened(given: Equation, closed: bool) -> Supposed:
    op = given.op.rstrip("=") + "=" * closed
    mask = ONE if given.mask is None else given.mask
    left, right, slack = with_slack(SLACK, given.left, given.right, given.dims, op, mask)
    return Supposed(replace(given, left=left, right=right, op="=", said=given.text), slack)


@contextmanager
def declared(instances: Instances, supposed: Supposed) -> Iterator[None]:
    """The slack of a premise is a symbol meanwhile."""
    slack = supposed.slack
    if slack is not None:
        instances.world.symbols[slack.key] = slack
        instances.forget()
    try:
        yield
    finally:
        if slack is not None:
            del instances.world.symbols[slack.key]
            instances.forget()


def exceeding(instances: Instances, given: Equation, wanted: Equation) -> Difference | None:
    """Numbers that fulfil `given`, at which the inequality `wanted` does not hold."""
    world, kept = instances.world, list(instances.world.assumed)
    world.assumed = [*kept, given.assumed()]
    instances.forget()
    try:
        if not instances.satisfiable():
            raise Unreadable("unsatisfiable", found=given.text, others="")
        found = violated(instances, wanted, wanted.op)
        return hidden(instances, wanted, wanted.op) if found is None else found
    finally:
        world.assumed = kept
        instances.forget()


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
