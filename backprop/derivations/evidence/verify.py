"""A derivation from its first declaration to its last row."""

from __future__ import annotations

from contextlib import nullcontext
from copy import deepcopy
from typing import TYPE_CHECKING

from backprop.derivations.evidence.assumptions import keep_bounds
from backprop.derivations.evidence.conclusions import conclude
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import INSTANCES, Instances
from backprop.derivations.evidence.links import link, traced
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.declare import Claim, assume, declare, declare_randoms
from backprop.derivations.meaning.premises import is_invertible, is_random
from backprop.derivations.meaning.statements import (
    counted_from,
    declared_names,
    is_range,
    listed,
    ranges_of_sums,
    statements,
)
from backprop.derivations.meaning.terms import Entry
from backprop.derivations.meaning.world import TRUE, World
from backprop.derivations.problems import Problem, Unreadable, own_fault
from backprop.derivations.reading.find import Derivation, Formula
from backprop.derivations.reading.lines import Row
from backprop.derivations.reading.tree import read
from backprop.derivations.verdicts import (
    CHECKED,
    UNCHECKED,
    UNDERIVED,
    WRONG,
    Premise,
    Report,
    Verdict,
)

if TYPE_CHECKING:
    from backprop.derivations.evidence.code import PageCode


def verify(
    derivation: Derivation,
    before: World | None = None,
    prove: bool = True,
    code: PageCode | None = None,
) -> tuple[Report, World]:
    """All rows of a derivation. ∂ is read in one way throughout: as the total derivative, or
    with the other named quantities held fixed where a definition names the symbol itself;
    the second only if a row adds up what comes along different paths, and it leaves fewer rows
    wrong than the first.

    code: evaluates code in the prose, in the program of the page; None for one without fences.
    """
    report, world, ambiguous = _verify(derivation, deepcopy(before), False, prove, code)
    if ambiguous and _wrong(report):
        other, other_world, _ = _verify(derivation, deepcopy(before), True, prove, code)
        if _wrong(other) < _wrong(report):
            return other, other_world
    return report, world


def _wrong(report: Report) -> int:
    return sum(v.status in (WRONG, UNDERIVED) for v in report.verdicts)


def _verify(
    derivation: Derivation,
    before: World | None,
    direct: bool,
    prove: bool,
    code: PageCode | None,
) -> tuple[Report, World, bool]:
    world = before or World()
    report = Report(derivation.title, derivation.line)
    derivator = Derivator(world, direct, prove)
    waiting: list[tuple[int, Formula]] = []
    written = [f.tex for f in derivation.formulas]
    world.counts, world.spans = counted_from(written), ranges_of_sums(written)
    for number, formula in [*enumerate(derivation.formulas), (-1, None)]:
        if formula is not None and formula.kind == "inline":
            waiting.append((number, formula))
            continue
        report.verdicts += _declare_all(waiting, derivator, report.assumed)
        derivator.account.know_constants()
        waiting = []
        if formula is None:
            break
        if formula.kind == "display":
            derivator.last = None
            derivator.vary(derivation.formulas)
            found = conclude(derivator, formula.rows)
        else:
            found = [_tied(formula, derivator, code)]
        for verdict in found:
            verdict.display = number
        report.verdicts += found
    for number, formula in enumerate(derivation.formulas):
        if formula.kind in ("display", "tie"):
            link(report.verdicts, formula, number, derivator.sides)
    missing = None
    unknown = [key for key in derivation.options if key not in ("continues", "attrs")]
    if derivation.misspelt:
        missing = Problem("misspelt-block", {"found": f"/// {derivation.misspelt}"})
    elif unknown:
        missing = Problem("misspelt-option", {"found": unknown[0]})
    elif not derivation.closed:
        missing = Problem("unclosed-block")
    elif not any(f.rows or f.kind == "tie" for f in derivation.formulas):
        missing = Problem("no-rows")
    if missing:
        report.verdicts.append(
            Verdict(
                derivation.line, "/// derivation", UNCHECKED, problem=missing, kind="declaration"
            )
        )
    return report, world, derivator.levels.ambiguous and derivator.account.paths


def _refused(formula: Formula, problem: Problem) -> Verdict:
    line = formula.line + formula.tex[: max(problem.start, 0)].count("\n")
    text = " ".join(formula.tex.split())
    place = problem.place(formula.tex)
    return Verdict(line, text, UNCHECKED, problem=problem, place=place, kind="declaration")


def _declare_all(
    waiting: list[tuple[int, Formula]], derivator: Derivator, assumed: list[Premise]
) -> list[Verdict]:
    """The formulas of a stretch of prose; they may name each other in any order, and what an index
    runs over may be said last."""
    found: dict[int, list[Verdict]] = {}
    waiting = sorted(waiting, key=lambda item: not is_range(item[1].tex))
    while waiting:
        later = []
        for number, formula in waiting:
            for name in declared_names(formula.tex):
                derivator.world.refused.pop(name, None)
            kept = deepcopy(vars(derivator.world))
            found[number] = _declare(formula, derivator)
            derivator.instances.forget()
            for verdict in found[number]:
                verdict.display = number
            before = len(kept["assumed"])
            premises = [Premise(a.line, a.tex, number) for a in derivator.world.assumed[before:]]
            if any(v.kind == "declaration" for v in found[number]):
                vars(derivator.world).update(kept)  # as if it had not been read
                premises = []
                later.append((number, formula))
                for name in declared_names(formula.tex):
                    derivator.world.refused[name] = formula.line
            assumed += premises
        if len(later) == len(waiting):
            break
        waiting = later
    return [v for number in sorted(found) for v in found[number]]


def _declare(formula: Formula, derivator: Derivator) -> list[Verdict]:
    """A formula in the prose: declarations; what declares nothing is a claim, checked as a fact."""
    try:
        claims = declare(
            derivator.world, formula.tex, formula.line, formula.words, formula.sentence
        )
        plain = not statements(formula.tex)
        if plain and is_random(formula.words, formula.after, "," in formula.tex):
            declare_randoms(derivator.world, formula.tex)
        if is_invertible(formula.words, formula.after):
            for name in declared_names(formula.tex) or listed(formula.tex):
                if symbol := derivator.world.symbols.get(name):
                    symbol.nonzero = symbol.nonzero or len(symbol.shape) == 2
        found = []
        for claim in claims:
            found += _claimed(claim, formula, derivator)
        derivator.instances.forget()
        keep_bounds(derivator.instances)
    except Unreadable as error:
        return [_refused(formula, error.problem)]
    except Exception as error:
        return [_refused(formula, own_fault(error))]
    return found


def _claimed(claim: Claim, formula: Formula, derivator: Derivator) -> list[Verdict]:
    """What declares nothing holds by itself, as a cited fact does; or a word makes it a premise."""
    world = derivator.world
    cited = dict(world.cited)
    verdicts = derivator.row(Row(claim.tex, formula.line, "\\because"))
    for verdict in verdicts:
        verdict.kind, verdict.lead = "claim", ""
    for verdict in verdicts:
        if verdict.status == UNCHECKED and verdict.problem is not None:
            start = formula.tex.find(claim.tex) + max(verdict.problem.start, 0)
            end = start + verdict.problem.end - max(verdict.problem.start, 0)
            raise Unreadable(verdict.problem.key, start, end, **verdict.problem.values)
    differs = any(v.problem is not None and v.problem.key == "not-equal" for v in verdicts)
    if not differs:
        return verdicts
    if claim.assumed and len(verdicts) == 1 and assume(world, claim.tex, formula.line):
        world.cited = cited
        derivator.instances.forget()
        if not derivator.instances.satisfiable():
            others = ", ".join(a.tex for a in world.assumed[:-1])
            world.assumed.pop()
            key = "unsatisfiable-with" if others else "unsatisfiable"
            raise Unreadable(key, found=claim.tex, others=others)
        for key in world.assumed[-1].left.names | world.assumed[-1].right.names:
            if world.symbols[key].definition is not None:
                world.cited[key] = TRUE  # a premise about it is about what it is defined as
        return []
    names = derivator.sides.free_names(claim.tex)
    if names and not claim.assumed:
        verdicts[0].status = UNCHECKED
        values = {"found": ", ".join(names), "tex": claim.tex}
        verdicts[0].problem = Problem("not-assumed", values)
    return verdicts


def _tied(
    formula: Formula,
    derivator: Derivator,
    code: PageCode | None,
) -> Verdict:
    """A formula that the prose sets equal to code: compared at the random instances."""
    from backprop.derivations.evidence.code import PageCode

    text = " ".join(formula.tex.split())
    verdict = Verdict(formula.line, text, CHECKED, kind="code", code=formula.code)
    try:
        tree = read(formula.tex, derivator.world.words)
        if tree.kind == "relation":  # a definition that the code must agree with
            declare(derivator.world, formula.tex, formula.line)
            tree = tree.parts[0]
        side = derivator.sides.read(tree, formula.tex, tree)
        equation = derivator.sides.equation(side, side)
        with nullcontext(code) if code is not None else PageCode() as page:
            differs = _differs(equation, formula.code, derivator.instances, page)
            if (
                not differs
                and isinstance(equation.left, Entry)
                and (trace := traced(formula.code, derivator.instances, page))
            ):
                derivator.world.traces.append(trace)
        verdict.instances = INSTANCES
        if differs:
            verdict.status = WRONG
            verdict.problem = Problem("code-differs", {"found": differs})
    except Unreadable as error:
        verdict.status, verdict.problem = UNCHECKED, error.problem
    except Exception as error:
        verdict.status, verdict.problem = UNCHECKED, own_fault(error)
    return verdict


def _differs(equation: Equation, code: str, instances: Instances, page: PageCode) -> str:
    """How a formula and code differ at the random instances; "" if they agree."""
    from backprop.derivations.evidence.code import disagreement

    for number in range(INSTANCES):
        for attempt in range(10):
            try:
                scope = instances.scope(number + INSTANCES * attempt, attempt % 2 == 1, {})
                differs = disagreement(equation.left, equation.dims, code, scope, page)
                break
            except OutsideDomainError:
                continue
        else:
            raise Unreadable("no-domain")
        if differs:
            return differs
    return ""
