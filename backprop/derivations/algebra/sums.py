"""Sums of polynomials over indexed atoms, brought to one form.

The sums normaliser does what makes rows provable for sizes left open: sums are linear, what does
not depend on the index leaves the sum, Σ_k 1 = n, Σ_k δ_kj a_k = a_j, nested sums merge and split
into independent ones, and bound indices get canonical names.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop.derivations.algebra.atoms import (
    ONE_MONO,
    Atom,
    Mono,
    Poly,
    lettered,
    level,
    matrix_indices,
    mentions,
    nesting,
    replaced,
)
from backprop.derivations.algebra.matching import Pattern
from backprop.derivations.algebra.polynomials import NotProvable, Polynomials

OUTER, INNER, FAR = ("v", "?i"), ("v", "?k"), ("v", "?j")
STEPS = 300  # how often a sum is replaced, in one side of a row


@dataclass(frozen=True)
class Rule:
    """What stands for some factors of a sum, by what stands for their indices."""

    pattern: Pattern
    value: Callable[[dict[Atom, Atom]], Poly]


class Sums:
    """Sums of polynomials, and polynomials with indices replaced.

    `rewrite` replaces a sum atom by a Poly (an assumption such as Σ y_k = 1), or gives None.
    """

    def __init__(self, algebra: Polynomials) -> None:
        self.algebra = algebra
        self.rewrite: Callable[[Atom], Poly | None] = lambda _: None
        self.count = itertools.count()
        self.contractions: list[Rule] = []
        self.dims: dict[Any, Any] = {}  # of the matrices that are inverted
        self.steps = 0
        self.derived: dict[str, tuple[tuple[tuple[str, int], ...], int]] = {}

    def fresh(self) -> str:
        return f"~{next(self.count)}"

    def sum(self, p: Poly, var: str, dim: Any) -> Poly:
        out: Poly = {}
        for mono, c in self.algebra.reduced(p).items():
            out = self.algebra.plus(out, self.sum_mono(mono, var, dim), c)
        return out

    def sum_mono(self, mono: Mono, var: str, dim: Any) -> Poly:
        me = ("v", var)
        full = not isinstance(dim, tuple)
        parts = sorted(mono, key=lettered)
        for atom, _ in parts:
            if full and atom[0] == "delta" and me in atom[1:]:
                other = atom[2] if atom[1] == me else atom[1]
                if mentions(other, me) or other[0] == "aff":  # which may lie outside
                    continue
                rest = frozenset(x for x in mono if x[0] != atom)
                return self.remade({rest: Fraction(1)}, {me: other})
        inside = [(a, e) for a, e in parts if mentions(a, me)]
        outside: Mono = frozenset(x for x in mono if not mentions(x[0], me))
        if not inside:
            return self.algebra.times({outside: Fraction(1)}, self.length(dim))
        vars_: list[tuple[str, Any]] = [(var, dim)]
        atoms: list[tuple[Atom, Fraction]] = []
        for atom, e in inside:
            if atom[0] == "sum" and e.denominator == 1 and 1 <= e <= 3:
                for _ in range(int(e)):
                    more, body = self.opened(atom)
                    vars_ += more
                    atoms += list(body)
            else:
                atoms.append((atom, e))
        merged: Poly = {ONE_MONO: Fraction(1)}
        for atom, e in atoms:
            merged = self.algebra.times(merged, self.algebra.raised(atom, e))
        out: Poly = {}
        for body, c in merged.items():
            value: Poly = {outside: c}
            open_vars, left = list(vars_), sorted(body, key=lettered)
            found = self.contracted(open_vars, left)
            if found is not None:
                open_vars, left, instead = found
                again = self.algebra.times({frozenset(left): c}, instead)
                for name, length in reversed(open_vars):
                    again = self.sum(again, name, length)
                again = self.algebra.times(again, {outside: Fraction(1)})
                out = self.algebra.plus(out, again)
                continue
            while open_vars:
                group = [open_vars.pop(0)]
                members: list[tuple[Atom, Fraction]] = []
                grown = True
                while grown:
                    grown = False
                    for item in list(left):
                        if any(mentions(item[0], ("v", v)) for v, _ in group):
                            members.append(item)
                            left.remove(item)
                            for v in list(open_vars):
                                if mentions(item[0], ("v", v[0])):
                                    group.append(v)
                                    open_vars.remove(v)
                                    grown = True
                            grown = True
                if not members:
                    value = self.algebra.times(value, self.length(group[0][1]))
                else:
                    value = self.algebra.times(value, self.sum_atom(group, frozenset(members)))
            value = self.algebra.times(value, {frozenset(left): Fraction(1)})
            out = self.algebra.plus(out, value)
        return out

    def contracted(
        self, vars_: list[tuple[str, Any]], atoms: list[tuple[Atom, Fraction]]
    ) -> tuple[list[tuple[str, Any]], list[tuple[Atom, Fraction]], Poly] | None:
        """Σ_k M⁻¹_ik M_kj = δ_ij, and a sum that is assumed to have a value: one of these taken
        out, what is left, and what it is."""
        ranges = {("v", v): d for v, d in vars_}
        for rule in [*self.contractions, *self.inversions(vars_, atoms)]:
            for names, used in rule.pattern.found_in(ranges, atoms):
                self.steps += 1
                if self.steps > STEPS:
                    raise NotProvable
                gone = {names[b] for b in rule.pattern.bound}
                rest = [v for v in vars_ if ("v", v[0]) not in gone]
                return rest, [x for k, x in enumerate(atoms) if k not in used], rule.value(names)
        return None

    def inversions(
        self, vars_: list[tuple[str, Any]], atoms: list[tuple[Atom, Fraction]]
    ) -> Iterator[Rule]:
        """What M⁻¹ is next to in a sum: of a sum M = P + R one summand R, for which I - M⁻¹ P
        stands, from either side."""
        bound = {("v", v) for v, _ in vars_}
        seen: set[tuple[Any, int]] = set()
        for atom, e in atoms:
            if atom[0] != "inv" or e != 1:
                continue
            for side in (0, 1):
                if atom[2][1 - side] in bound and (atom[1], side) not in seen:
                    seen.add((atom[1], side))
                    rule = self.inversion(atom[1], side)
                    if rule is not None:
                        yield rule

    def inversion(self, key: Any, side: int) -> Rule | None:
        """Σ_k M⁻¹_ik R_kj = (δ_ij - Σ_k M⁻¹_ik P_kj); side 1: Σ_k R_ik M⁻¹_kj."""
        row, column = matrix_indices(key)
        dim = self.dims.get(key)
        monos = [m for m, _ in key if mentions(m, row) and mentions(m, column)]
        monos = [m for m in monos if not any(a[0] == "delta" for a, _ in m)]
        if not monos or dim is None:
            return None
        lead = max(monos, key=lambda m: (nesting(m), len(lettered(m)), lettered(m)))
        scale = dict(key)[lead]
        near, far = (row, column) if side == 0 else (column, row)
        names = {near: INNER, far: FAR}
        at = (OUTER, INNER) if side == 0 else (INNER, OUTER)
        bound: dict[Atom, Any] = {INNER: dim}
        factors: list[tuple[Atom, Fraction]] = []
        for atom, e in sorted(lead, key=lettered):
            if atom[0] == "sum" and e == 1:
                more, inside = self.opened(atom)
                bound.update({("v", v): d for v, d in more})
                factors += sorted(inside, key=lettered)
            else:
                factors.append((atom, e))
        placed = [(replaced(a, names), e) for a, e in factors]
        pattern = Pattern(
            ((("inv", key, at), Fraction(1)), *placed), bound, frozenset({OUTER, FAR})
        )

        def value(places: dict[Atom, Atom]) -> Poly:
            a = self.algebra
            inner = self.fresh()
            i, j = places[OUTER], places[FAR]
            here = (i, ("v", inner)) if side == 0 else (("v", inner), i)
            others = {m: c for m, c in key if m != lead}
            moved = self.remade(others, {near: ("v", inner), far: j})
            product = a.times(a.atom(("inv", key, here)), moved)
            found = a.plus(a.delta(i, j), self.sum(product, inner, dim), -1)
            return a.times(found, a.const(1 / scale))

        return Rule(pattern, value)

    def freed(self, p: Poly, at: Atom, side: int, key: Any) -> Poly:
        """A matrix that has the index `at`, times M from that side, M⁻¹ being `key`: it is zero
        only where this is."""
        row, column = matrix_indices(key)
        inner = self.fresh()
        names = {row: at, column: ("v", inner)} if side == 0 else {column: at, row: ("v", inner)}
        matrix = self.remade(dict(key), names)
        moved = self.remade(p, {at: ("v", inner)})
        return self.sum(self.algebra.times(matrix, moved), inner, self.dims[key])

    def length(self, dim: Any) -> Poly:
        if isinstance(dim, tuple):
            size, low, high = dim
            ends = (
                self.position(high)
                if high
                else self.algebra.plus(self.size(size), self.algebra.const(-1))
            )
            start = self.position(low) if low else {}
            return self.algebra.plus(self.algebra.plus(ends, start, -1), self.algebra.const(1))
        return self.size(dim)

    def size(self, dim: Any) -> Poly:
        if isinstance(dim, int):
            return self.algebra.const(dim)
        if dim in self.derived:
            coefs, const = self.derived[dim]
            out = self.algebra.const(const)
            for size, c in coefs:
                out = self.algebra.plus(out, self.algebra.atom(("size", size)), c)
            return out
        return self.algebra.atom(("size", dim))

    def position(self, index: Atom) -> Poly:
        if index[0] == "at":
            start = self.size(index[1]) if index[1] is not None else {}
            return self.algebra.plus(start, self.algebra.const(index[2]))
        if index[0] == "sh":
            return self.algebra.plus(self.position(index[1]), self.algebra.const(index[2]))
        return self.algebra.atom(("pos", index))

    def sum_atom(self, vars_: list[tuple[str, Any]], mono: Mono) -> Poly:
        """A sum that cannot be split, its bound indices named canonically."""
        height = 1 + max((level(a) for a, _ in mono), default=0)
        best: Atom | None = None
        best_key = ""
        if len(vars_) > 4:
            raise NotProvable
        for order in itertools.permutations(vars_):
            names = {("v", v): ("b", height, k) for k, (v, _) in enumerate(order)}
            body = replaced(mono, names)
            key = lettered((tuple(d for _, d in order), body))
            if best is None or key < best_key:
                best, best_key = ("sum", tuple(d for _, d in order), body), key
        assert best is not None
        new = self.rewrite(best)
        return self.algebra.atom(best) if new is None else new

    def opened(self, atom: Atom) -> tuple[list[tuple[str, Any]], Mono]:
        """A sum atom with fresh names for its bound indices."""
        dims, body = atom[1], atom[2]
        height = 1 + max((level(a) for a, _ in body), default=0)
        vars_ = [(self.fresh(), d) for d in dims]
        names = {("b", height, k): ("v", v) for k, (v, _) in enumerate(vars_)}
        return vars_, replaced(body, names)

    def remade(self, p: Poly, names: dict[Atom, Atom]) -> Poly:
        """`p` with indices replaced, and everything normal again."""
        a = self.algebra
        out: Poly = {}
        for mono, c in p.items():
            value = a.const(c)
            for atom, e in mono:
                value = a.times(value, a.power(self.remade_atom(atom, names), e))
            out = a.plus(out, value)
        return out

    def remade_atom(self, atom: Atom, names: dict[Atom, Atom]) -> Poly:
        a, kind = self.algebra, atom[0]
        if not any(mentions(atom, n) for n in names):
            return a.atom(atom)
        if kind == "delta":
            return a.delta(replaced(atom[1], names), replaced(atom[2], names))
        if kind == "exp":
            return a.exp(self.remade({atom[1]: Fraction(1)}, names))
        if kind == "base":
            return self.remade(dict(atom[1]), names)
        if kind == "fn":
            args = [self.remade(dict(arg), names) for arg in atom[2:]]
            return a.log(args[0]) if atom[1] == "log" else a.fn(atom[1], *args)
        if kind == "sum":
            vars_, body = self.opened(atom)
            value = self.remade({body: Fraction(1)}, names)
            for var, dim in reversed(vars_):
                value = self.sum(value, var, dim)
            return value
        if kind == "pos":
            return self.position(replaced(atom[1], names))
        return a.atom(replaced(atom, names))
