"""How much of each definition a row may use: opaque, its derivative, all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from backprop.derivations.evidence.instances import Equation, Instances
from backprop.derivations.evidence.sample import TWIN
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.rewriting import free_indices
from backprop.derivations.meaning.terms import (
    Add,
    Big,
    Call,
    Deriv,
    Entry,
    Fn,
    Lam,
    Mul,
    Num,
    Size,
    Term,
    Var,
    walk,
)
from backprop.derivations.meaning.world import OPAQUE, SHIFTED, TRUE
from backprop.derivations.problems import Problem
from backprop.derivations.verdicts import WRONG, Verdict


class Citing(Instances):
    """Keeps account of what was cited; decides whether a row holds."""

    def know_constants(self) -> None:
        """What is made of sizes alone, I − 11ᵀ/n, is no function that a definition could hide."""
        for key, symbol in self.world.symbols.items():
            if symbol.definition is not None and self.world.below(key) == {key}:
                if not any(isinstance(t, Call) for t in walk(symbol.definition)):
                    self.world.cited.setdefault(key, TRUE)

    def edges(self, term: Term) -> set[tuple[str, str]]:
        """The local derivatives (of, by) that `term` contains, written or by the chain rule."""
        found: set[tuple[str, str]] = set()
        world = self.world
        for item in self.spelled_out(term):
            if not isinstance(item, Deriv):
                continue
            names = item.body.names
            between = world.between(names, item.symbol)
            if item.partial and self.is_direct(item):
                own = {n for n in names if n == item.symbol or item.symbol in world.direct(n)}
                if between - own or (
                    isinstance(item.body, Entry) and (between & world.direct(item.body.symbol))
                ):
                    self.ambiguous = True
                if self.direct:
                    found |= {(n, item.symbol) for n in names if isinstance(item.body, Entry)}
                    continue
            found |= {
                (n, m) for n in between for m in world.direct(n) if m in between | {item.symbol}
            }
        return found

    def sums_paths(self, equation: Equation) -> bool:
        """Does a side add up what comes along different paths, ∂L/∂y … + ∂L/∂v …?"""
        for side in (equation.left, equation.right):
            for item in walk(side):
                if not isinstance(item, Add):
                    continue
                by: dict[str, set[str]] = {}
                for part in item.parts:
                    for t in walk(part):
                        if isinstance(t, Deriv) and t.partial and isinstance(t.body, Entry):
                            by.setdefault(t.body.symbol, set()).add(t.symbol)
                if any(len(symbols) > 1 for symbols in by.values()):
                    return True
        return False

    def spelled_out(self, term: Term) -> Iterator[Any]:
        """The parts of `term`, and those of the derivatives that names in it stand for."""
        for item in walk(term):
            yield item
            if isinstance(item, Entry):
                lam = self.world.symbols[item.symbol].definition
                if lam is not None and lam.differentiates:
                    yield from self.spelled_out(lam.body)

    def is_direct(self, item: Deriv) -> bool:
        """Does what is differentiated name the symbol itself?"""
        if isinstance(item.body, Entry):
            return item.symbol in self.world.direct(item.body.symbol)
        return any(isinstance(t, Entry) and t.symbol == item.symbol for t in walk(item.body))

    def differentiated(self, term: Term) -> set[str]:
        """The symbols whose derivatives `term` contains."""
        return {of for of, _ in self.edges(term)}

    def numerators(self, term: Term) -> set[str]:
        bodies = (bare(t.body) for t in self.spelled_out(term) if isinstance(t, Deriv))
        return {body.symbol for body in bodies if isinstance(body, Entry)}

    def subject(self, term: Term) -> set[str]:
        """What a chain that begins with `term` is about: its symbols count as defined."""
        if any(isinstance(t, Deriv) for t in self.spelled_out(term)):
            return self.numerators(term)
        return set().union(*(self.world.below(n) for n in term.names))

    def levels_for(self, equation: Equation) -> dict[str, int]:
        """Opaque, but for what was cited, what the chain differentiates or this step brings in
        (by definition), and what gains or loses its derivative in this step (by its
        derivative: the definition with every sum shifted)."""
        levels = {
            key: self.world.cited.get(key, OPAQUE)
            for key, symbol in self.world.symbols.items()
            if symbol.definition is not None
        }
        left, right = (self.edges(s) for s in (equation.left, equation.right))
        for key, _ in left ^ right:
            levels[key] = max(levels.get(key, TRUE), SHIFTED)
        before = equation.left.names | {n for edge in left for n in edge}
        # What the definition of something differentiated names was there before this step.
        before = before.union(*(self.world.direct(of) for of, _ in left))
        after = equation.right.names | {n for edge in right for n in edge}
        gone = equation.left.names - after  # only its definition can take a name's place
        new = equation.right.names - before
        if not left and not right:  # no derivative: a formula, and the name that it has
            new |= set().union(*(self.world.below(n) for n in new)) - before
        for key in {*self.head, *new, *gone}:
            if key in levels:  # what the chain is about, and what this step brings in
                levels[key] = TRUE
        return levels

    def written_out(self, equation: Equation, levels: dict[str, int]) -> dict[str, int]:
        """Definitions that stand in the row in full, up to a constant factor: TRUE as well."""
        new = dict(levels)
        try:
            scopes = [self.scope(k, False, {}) for k in (0, TWIN)]
        except OutsideDomainError:
            return new
        sides = (equation.left, equation.right)
        near = {k for side in sides for k in side.names | self.differentiated(side)}
        for key, level in levels.items():
            if level == TRUE or key not in near:
                continue
            symbol = self.world.symbols[key]
            axes = tuple(v for v, _ in symbol.definition.vars) if symbol.definition else ()
            whole = Entry(key, tuple(Var(a) for a in axes))
            wanted = [(whole, symbol.shape), *self.inner_sums(key)]
            if any(
                self.proportional(part, target, shape, key, scopes)
                for target, shape in wanted
                for side in (equation.left, equation.right)
                for part in walk(side)
                if isinstance(part, Term) and not isinstance(part, Entry | Lam)
            ):
                new[key] = TRUE
        return new

    def inner_sums(self, key: str) -> Iterator[tuple[Term, tuple[Dim, ...]]]:
        """The sums inside functions in a definition: a row that writes them out uses them."""
        lam = self.world.symbols[key].definition
        if lam is None:
            return
        for item in walk(lam.body):
            if isinstance(item, Fn):
                for inner in walk(item):
                    if isinstance(inner, Big) and inner.kind == "sum":
                        free = free_indices(inner)
                        if free <= {v for v, _ in lam.vars}:
                            yield inner, tuple(d for v, d in lam.vars if v in free)

    def proportional(
        self, part: Term, target: Term, shape: tuple[Dim, ...], key: str, scopes: list[Scope]
    ) -> bool:
        """Is `part` a constant times `target`, at two instances of one size?"""
        free, axes = sorted(free_indices(part)), sorted(free_indices(target))
        if len(free) != len(shape) or key in part.names:
            return False
        dims = {name: self._range_of(name, part) for name in free}
        if isinstance(target, Entry):
            axes = [p.name for p in target.at if isinstance(p, Var)]
        if None in dims.values() or sorted(map(str, dims.values())) != sorted(map(str, shape)):
            return False
        known = {n: d for n, d in dims.items() if d is not None}
        ratios = []
        for scope in scopes:
            try:
                value, other = (
                    scope.of(part, known),
                    scope.of(target, dict(zip(axes, shape, strict=True))),
                )
            except (OutsideDomainError, KeyError):
                return False
            full = tuple(scope.instance.length(d) for d in known.values())
            a = np.broadcast_to(value.along(tuple(known)), full)
            b = other.along(tuple(axes))
            if [str(d) for d in known.values()] != [str(d) for d in shape]:
                a = a.T
            if a.shape != b.shape or not np.all(np.isfinite(a)) or np.any(np.abs(b) < 1e-9):
                return False
            ratios.append((a / b).reshape(-1))
        ratio = np.concatenate(ratios)
        return bool(abs(ratio[0]) > 1e-9 and np.allclose(ratio, ratio[0], rtol=1e-9, atol=0))

    def _range_of(self, name: str, term: Term) -> Dim | None:
        for item in walk(term):
            if isinstance(item, Entry):
                for index, dim in zip(item.at, self.world.symbols[item.symbol].shape, strict=True):
                    if isinstance(index, Var) and index.name == name:
                        return dim
        return None

    def holds(self, equation: Equation, verdict: Verdict) -> bool:
        """Numerically, with what the row may use; else says why not."""
        levels = self.levels_for(equation)
        self.paths = self.paths or self.sums_paths(equation)
        found = self.worst(equation, levels)
        if found is not None:
            more = self.written_out(equation, levels)
            if more != levels and self.worst(equation, more) is None:
                levels, found = more, None
        if found is not None and self.by:
            more = {**levels, **dict.fromkeys(self.by, TRUE)}
            if self.worst(equation, more) is None:
                verdict.by = tuple(k for k in self.by if levels.get(k, TRUE) != TRUE)
                levels, found = more, None
        verdict.instances = self.instances_for(equation)
        self.used = levels
        if found is None:
            used = equation.left.names | equation.right.names
            every = used | self.differentiated(equation.left) | self.differentiated(equation.right)
            verdict.opaque = tuple(k for k in levels if levels[k] == OPAQUE and k in every)
            return True
        verdict.status = WRONG
        verdict.difference = found
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        verdict.independent = self.independent(equation)
        if self.worst(equation, {}) is None:
            names = ", ".join(self.leans_on(equation, levels))
            verdict.problem = Problem("not-for-any", {"found": names})
        else:
            verdict.problem = Problem("not-equal")
        return False

    def independent(self, equation: Equation) -> tuple[tuple[str, str], ...]:
        """Written derivatives that are zero because nothing on the way depends on the symbol."""
        found = {
            (name, item.symbol)
            for side in (equation.left, equation.right)
            for item in walk(side)
            if isinstance(item, Deriv)
            and not any(item.symbol in self.world.below(n) for n in item.body.names)
            for name in item.body.names
        }
        return tuple(sorted(found))

    def leans_on(self, equation: Equation, levels: dict[str, int]) -> list[str]:
        """The definitions that make a row hold: one of which each is enough, or the fewest."""
        unused = [k for k in levels if levels[k] != TRUE]
        alone = [k for k in unused if self._matters(equation, levels, k)]
        if alone:
            return alone[:1]
        needed = list(unused)
        for key in unused:
            rest = [k for k in needed if k != key]
            if self.worst(equation, {**levels, **dict.fromkeys(rest, TRUE)}, 2) is None:
                needed = rest
        return needed

    def may_hide(self, equation: Equation) -> bool:
        """Does a term of a sum vanish only by a definition? A slip in it would not show."""
        levels = self.levels_for(equation)
        try:
            scopes = self.scope(0, False, {}), self.scope(0, False, levels)
        except OutsideDomainError:
            return True
        sums = (t for s in (equation.left, equation.right) for t in walk(s) if isinstance(t, Add))
        for part in (p for item in sums for p in item.parts):
            dims: dict[str, Dim] = {}
            for name in free_indices(part):
                dim = equation.dims.get(name) or self._range_of(name, part)
                if dim is not None:
                    dims[name] = dim
            try:
                true, strict = (np.max(np.abs(s.of(part, dims).array), initial=0) for s in scopes)
            except (OutsideDomainError, KeyError):
                continue
            if true <= 1e-9 * strict and strict > 1e-6:
                return True
        return False

    def _matters(self, equation: Equation, levels: dict[str, int], key: str) -> bool:
        """Does the row hold once this definition, and those below it, count?"""
        more = {k: TRUE if k == key else v for k, v in levels.items()}
        return self.worst(equation, more, 2) is None

    def cite(self, equation: Equation, verdict: Verdict) -> bool:
        """A fact: true by the definitions, and from here on they may be used."""
        keep = dict(self.world.cited)
        symbols = {
            k
            for side in (equation.left, equation.right)
            for k in side.names | self.differentiated(side)
            if self.world.symbols[k].definition is not None
        }
        below = set().union(*(self.world.below(k) for k in symbols)) if symbols else set()
        below = {k for k in below if self.world.symbols[k].definition is not None}
        for names, level in ((set(), OPAQUE), (symbols, SHIFTED), (symbols, TRUE), (below, TRUE)):
            trial = {
                k: max(self.world.cited.get(k, OPAQUE), level if k in names else OPAQUE)
                for k, s in self.world.symbols.items()
                if s.definition is not None
            }
            found = self.worst(equation, trial)
            if found is None:
                self.used = trial
                self.world.cited.update({k: trial[k] for k in names})
                verdict.instances = self.instances_for(equation)
                verdict.cited = tuple(
                    k for k in self.world.cited if self.world.cited[k] > keep.get(k, OPAQUE)
                )
                return True
        verdict.status, verdict.difference = WRONG, found
        verdict.problem = Problem("not-equal")
        verdict.sides = (equation.sides[0].text, equation.sides[1].text)
        return False

    def establish(self, equation: Equation) -> None:
        """A derivative that a row has worked out may be used by the rows after it."""
        if not self.numerators(equation.left) and self.numerators(equation.right):
            equation = replace(equation, left=equation.right, right=equation.left)
        for key in self.numerators(equation.left):
            symbol = self.world.symbols[key]
            if symbol.definition is None or self.world.cited.get(key, OPAQUE) == TRUE:
                continue
            if key in self.differentiated(equation.right):
                continue
            levels = {**self.levels_for(equation), **dict.fromkeys(self.by, TRUE)}
            levels[key] = SHIFTED
            self.world.cited[key] = SHIFTED if self.worst(equation, levels, 2) is None else TRUE
        for key in self.differentiated(equation.left) - self.differentiated(equation.right):
            self.world.cited[key] = max(SHIFTED, self.world.cited.get(key, OPAQUE))

    def sizes(self, equation: Equation) -> tuple[str, ...]:
        """The sizes on which the sides depend."""
        names = equation.left.names | equation.right.names
        every = set().union(*(self.world.below(n) for n in names)) if names else set()
        used = {d for n in every for d in self.world.symbols[n].shape} | set(equation.dims.values())
        for side in (equation.left, equation.right):
            used |= {t.dim for t in walk(side) if isinstance(t, Big | Size)}
        return tuple(s for s in self.world.sizes if s in used)


def bare(term: Term) -> Term:
    r"""The p of \log p, and of -\log p."""
    while True:
        if isinstance(term, Fn) and len(term.args) == 1:
            term = term.args[0]
        elif isinstance(term, Mul) and len(term.parts) == 2 and isinstance(term.parts[0], Num):
            term = term.parts[1]
        else:
            return term
