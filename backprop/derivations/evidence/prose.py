"""The prose of a derivation: what its formulas declare, assume and claim."""

from __future__ import annotations

import re
from copy import deepcopy

from backprop.derivations.evidence.assumptions import keep_bounds
from backprop.derivations.evidence.rows import Derivator
from backprop.derivations.meaning.declare import Claim, assume, declare, declare_randoms
from backprop.derivations.meaning.premises import is_invertible, is_random, is_varied
from backprop.derivations.meaning.statements import (
    declared_names,
    is_range,
    listed,
    statements,
)
from backprop.derivations.meaning.world import TRUE, World
from backprop.derivations.problems import Problem, Unreadable, own_fault
from backprop.derivations.reading.find import Formula
from backprop.derivations.reading.lines import Row
from backprop.derivations.verdicts import (
    UNCHECKED,
    Premise,
    Verdict,
)


def _refused(formula: Formula, problem: Problem) -> Verdict:
    line = formula.line + formula.tex[: max(problem.start, 0)].count("\n")
    text = " ".join(formula.tex.split())
    place = problem.place(formula.tex)
    return Verdict(line, text, UNCHECKED, problem=problem, place=place, kind="declaration")


def declare_all(
    waiting: list[tuple[int, Formula]], derivator: Derivator, assumed: list[Premise]
) -> list[Verdict]:
    """The formulas of a stretch of prose; they may name each other in any order, and what an index
    runs over may be said last."""
    found: dict[int, list[Verdict]] = {}
    waits = True
    waiting = sorted(waiting, key=lambda item: not is_range(item[1].tex))
    while waiting:
        derivator.world.waits = waits
        later = []
        for number, formula in waiting:
            names = declared_names(formula.tex) or mentioned(derivator.world, formula.tex)
            for name in names:
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
                derivator.world.refused.update(dict.fromkeys(names, formula.line))
            assumed += premises
        if len(later) == len(waiting):
            if not waits:
                break
            waits = False  # \theta is not declared here: p_\theta is a name
        waiting = later
    derivator.world.waits = False
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
        elif plain and is_random(formula.words, formula.after, several=False, alone=True):
            derivator.world.dependent |= set(listed(formula.tex))
        if plain and is_varied(formula.words, formula.after):
            names = [n for n in listed(formula.tex) if is_free(derivator.world, n)]
            derivator.world.moving = list(dict.fromkeys((*derivator.world.moving, *names)))
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


def mentioned(world: World, tex: str) -> list[str]:
    """The declared names in a formula that would declare none."""
    return [name for name in re.findall(r"\\?[A-Za-z]+", tex) if name in world.symbols]


def is_free(world: World, name: str) -> bool:
    """Is it a variable, by which there is a derivative?"""
    symbol = world.symbols.get(name)
    return symbol is not None and symbol.kind == "variable" and symbol.law is None


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
    keys = ("not-equal", "does-not-hold")
    differs = any(v.problem is not None and v.problem.key in keys for v in verdicts)
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
