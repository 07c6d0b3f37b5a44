"""Sums of polynomials over indexed atoms, brought to one form.

The sums normaliser does what makes rows provable for sizes left open: sums are linear, what does
not depend on the index leaves the sum, Σ_k 1 = n, Σ_k δ_kj a_k = a_j, nested sums merge and split
into independent ones, and bound indices get canonical names.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from backprop.derivations.algebra.atoms import (
    ONE_MONO,
    Atom,
    Mono,
    Poly,
    lettered,
    level,
    mentions,
    replaced,
)
from backprop.derivations.algebra.matching import positions
from backprop.derivations.algebra.polynomials import NotProvable, Polynomials


class Sums:
    """Sums of polynomials, and polynomials with indices replaced.

    `rewrite` replaces a sum atom by a Poly (an assumption such as Σ y_k = 1), or gives None.
    """

    def __init__(self, algebra: Polynomials) -> None:
        self.algebra = algebra
        self.rewrite: Callable[[Atom], Poly | None] = lambda _: None
        self.count = itertools.count()
        self.derived: dict[str, tuple[tuple[tuple[str, int], ...], int]] = {}

    def fresh(self) -> str:
        return f"~{next(self.count)}"

    def sum(self, p: Poly, var: str, dim: Any) -> Poly:
        out: Poly = {}
        for mono, c in p.items():
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
            open_vars, left, turned = self.inverted(list(vars_), sorted(body, key=lettered))
            if turned:
                again: Poly = {frozenset(left): c}
                for first, second in turned:
                    again = self.algebra.times(again, self.algebra.delta(first, second))
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

    def inverted(
        self, vars_: list[tuple[str, Any]], atoms: list[tuple[Atom, Fraction]]
    ) -> tuple[list[tuple[str, Any]], list[tuple[Atom, Fraction]], list[tuple[Atom, Atom]]]:
        """Σ_k M_ik M⁻¹_kj = δ_ij: one such sum taken out, and the pair (i, j) that it leaves."""
        for var, dim in vars_:
            me = ("v", var)
            inside = [(a, e) for a, e in atoms if mentions(a, me)]
            if isinstance(dim, tuple) or len(inside) != 2 or any(e != 1 for _, e in inside):
                continue
            for (first, _), (second, _) in (inside, inside[::-1]):
                pair = self.cancels(first, second, me)
                if pair is not None:
                    rest = [x for x in atoms if x not in inside]
                    return [v for v in vars_ if v[0] != var], rest, [pair]
        return vars_, atoms, []

    @staticmethod
    def cancels(inverse: Atom, other: Atom, me: Atom) -> tuple[Atom, Atom] | None:
        """Is `other` an entry of the matrix that `inverse` inverts, next to it along `me`?"""
        if inverse[0] != "inv" or len(inverse[1]) != 1:
            return None
        ((mono, c),) = inverse[1]
        if c != 1 or len(mono) != 1:
            return None
        ((pattern, e),) = mono
        row, column = inverse[2]
        if e != 1 or (row == me) == (column == me):
            return None
        mine, theirs = (0, 1) if column == me else (1, 0)
        for place in sorted(positions(other), key=lettered):
            if place == me:
                continue
            names = {("v", f"arg{mine}"): me, ("v", f"arg{theirs}"): place}
            if replaced(pattern, names) == other:
                return (row, place) if column == me else (place, column)
        return None

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
