"""A derivation from its first declaration to its last row."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

from backprop.derivations.evidence.conclusions import conclude
from backprop.derivations.evidence.links import link
from backprop.derivations.evidence.prose import declare_all
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.ties import tied
from backprop.derivations.meaning.rewriting import numbered
from backprop.derivations.meaning.statements import (
    counted_from,
    ranges_of_sums,
)
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Problem
from backprop.derivations.reading.find import Derivation, Formula
from backprop.derivations.verdicts import (
    UNCHECKED,
    UNDERIVED,
    WRONG,
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
    with numbered(world):
        return _verified(derivation, world, direct, prove, code)


def _verified(
    derivation: Derivation, world: World, direct: bool, prove: bool, code: PageCode | None
) -> tuple[Report, World, bool]:
    report = Report(derivation.title, derivation.line)
    derivator = Derivator(world, direct, prove)
    waiting: list[tuple[int, Formula]] = []
    written = [f.tex for f in derivation.formulas]
    world.counts, world.spans = counted_from(written), ranges_of_sums(written)
    for number, formula in [*enumerate(derivation.formulas), (-1, None)]:
        if formula is not None and formula.kind == "inline":
            waiting.append((number, formula))
            continue
        report.verdicts += declare_all(waiting, derivator, report.assumed)
        derivator.account.know_constants()
        waiting = []
        if formula is None:
            break
        if formula.kind == "display":
            derivator.last = None
            derivator.vary(derivation.formulas)
            found = conclude(derivator, formula.rows)
        else:
            found = [tied(formula, derivator, code)]
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
