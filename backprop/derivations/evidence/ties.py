"""Formulas that the prose sets equal to code: compared at the random instances."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import INSTANCES, Instances
from backprop.derivations.evidence.links import traced
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.declare import declare
from backprop.derivations.meaning.terms import Entry
from backprop.derivations.problems import Problem, Unreadable, own_fault
from backprop.derivations.reading.find import Formula
from backprop.derivations.reading.tree import read
from backprop.derivations.verdicts import (
    CHECKED,
    UNCHECKED,
    WRONG,
    Verdict,
)

if TYPE_CHECKING:
    from backprop.derivations.evidence.code import PageCode


def tied(
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
