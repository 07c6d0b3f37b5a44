"""The account of what was cited, and whether a step holds with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.levels import Levels
from backprop.derivations.evidence.subjects import independent, numerators, sums_paths
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.evidence.written import range_of, written_out
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.rewriting import free_indices
from backprop.derivations.meaning.terms import Add, Call, walk
from backprop.derivations.meaning.world import OPAQUE, SHIFTED, TRUE
from backprop.derivations.problems import Problem
from backprop.derivations.verdicts import WRONG, Verdict


class Account:
    """Which definitions may be used from here on (`world.cited`), and whether a step needs more."""

    def __init__(self, instances: Instances, levels: Levels) -> None:
        self.instances = instances
        self.levels = levels
        self.world = instances.world
        self.by: tuple[str, ...] = ()  # definitions that the row says it uses
        self.paths = False  # does a row add up different paths?
        self.used: dict[str, int] = {}  # the levels at which the last step held

    def know_constants(self) -> None:
        """What is made of sizes alone, I − 11ᵀ/n, is no function that a definition could hide."""
        for key, symbol in self.world.symbols.items():
            if symbol.definition is not None and self.world.below(key) == {key}:
                if not any(isinstance(t, Call) for t in walk(symbol.definition)):
                    self.world.cited.setdefault(key, TRUE)

    def holds(self, equation: Equation, verdict: Verdict) -> bool:
        """Numerically, with what the row may use; else says why not."""
        instances, levels = self.instances, self.levels.allowed(equation)
        self.paths = self.paths or sums_paths(equation)
        found = instances.worst(equation, levels)
        if found is not None:
            more = written_out(instances, self.levels, equation, levels)
            if more != levels and instances.worst(equation, more) is None:
                levels, found = more, None
        if found is not None and self.by:
            more = {**levels, **dict.fromkeys(self.by, TRUE)}
            if instances.worst(equation, more) is None:
                verdict.by = tuple(k for k in self.by if levels.get(k, TRUE) != TRUE)
                levels, found = more, None
        verdict.instances = instances.count(equation)
        self.used = levels
        if found is None:
            every = equation.names.union(
                *(self.levels.differentiated(s) for s in (equation.left, equation.right))
            )
            verdict.opaque = tuple(k for k in levels if levels[k] == OPAQUE and k in every)
            return True
        verdict.status = WRONG
        verdict.difference = found
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        verdict.independent = independent(self.world, equation)
        if instances.worst(equation, {}) is None:
            names = ", ".join(self.leans_on(equation, levels))
            verdict.problem = Problem("not-for-any", {"found": names})
        else:
            verdict.problem = Problem("not-equal")
        return False

    def leans_on(self, equation: Equation, levels: dict[str, int]) -> list[str]:
        """The definitions that make a row hold: one of which each is enough, or the fewest."""
        unused = [k for k in levels if levels[k] != TRUE]
        for key in unused:
            # Does the row hold once this definition counts?
            if self.instances.worst(equation, {**levels, key: TRUE}, 2) is None:
                return [key]
        needed = list(unused)
        for key in unused:
            rest = [k for k in needed if k != key]
            more = {**levels, **dict.fromkeys(rest, TRUE)}
            if self.instances.worst(equation, more, 2) is None:
                needed = rest
        return needed

    def may_hide(self, equation: Equation) -> bool:
        """Does a term of a sum vanish only by a definition? A slip in it would not show."""
        levels = self.levels.allowed(equation)
        try:
            scopes = [self.instances.scope(0, False, some) for some in ({}, levels)]
        except OutsideDomainError:
            return True
        sums = (t for s in (equation.left, equation.right) for t in walk(s) if isinstance(t, Add))
        for part in (p for item in sums for p in item.parts):
            dims: dict[str, Dim] = {}
            for name in free_indices(part):
                dim = equation.dims.get(name) or range_of(self.world, name, part)
                if dim is not None:
                    dims[name] = dim
            try:
                true, strict = (np.max(np.abs(s.of(part, dims).array), initial=0) for s in scopes)
            except (OutsideDomainError, KeyError):
                continue
            if true <= 1e-9 * strict and strict > 1e-6:
                return True
        return False

    def cite(self, equation: Equation, verdict: Verdict) -> bool:
        """A fact: true by the definitions, and from here on they may be used."""
        world, keep = self.world, dict(self.world.cited)
        symbols = {
            k
            for side in (equation.left, equation.right)
            for k in side.names | self.levels.differentiated(side)
            if world.symbols[k].definition is not None
        }
        below = set().union(*(world.below(k) for k in symbols)) if symbols else set()
        below = {k for k in below if world.symbols[k].definition is not None}
        for names, level in ((set(), OPAQUE), (symbols, SHIFTED), (symbols, TRUE), (below, TRUE)):
            trial = {
                k: max(world.cited.get(k, OPAQUE), level if k in names else OPAQUE)
                for k, s in world.symbols.items()
                if s.definition is not None
            }
            found = self.instances.worst(equation, trial)
            if found is None:
                self.used = trial
                world.cited.update({k: level for k, level in trial.items() if k in names})
                verdict.instances = self.instances.count(equation)
                verdict.cited = tuple(
                    k for k in world.cited if world.cited[k] > keep.get(k, OPAQUE)
                )
                return True
        verdict.status, verdict.difference = WRONG, found
        verdict.problem = Problem("not-equal")
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        return False

    def establish(self, equation: Equation) -> None:
        """A derivative that a row has worked out may be used by the rows after it."""
        world = self.world
        if not numerators(world, equation.left) and numerators(world, equation.right):
            equation = replace(equation, left=equation.right, right=equation.left)
        left, right = (self.levels.differentiated(s) for s in (equation.left, equation.right))
        for key in sorted(numerators(world, equation.left)):
            symbol = world.symbols[key]
            if symbol.definition is None or world.cited.get(key, OPAQUE) == TRUE:
                continue
            if key in right:
                continue
            levels = {**self.levels.allowed(equation), **dict.fromkeys(self.by, TRUE)}
            levels[key] = SHIFTED
            shifted = self.instances.worst(equation, levels, 2) is None
            world.cited[key] = SHIFTED if shifted else TRUE
        for key in sorted(left - right):
            world.cited[key] = max(SHIFTED, world.cited.get(key, OPAQUE))
