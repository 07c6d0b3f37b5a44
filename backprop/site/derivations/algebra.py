"""Polynomials over indexed atoms, with sums brought to one form.

A `Poly` maps monomials to rational coefficients; a monomial is a frozenset of (atom, exponent).
Atoms are nested tuples, so equal things are equal keys. The sums normaliser does what makes
rows provable for sizes left open: sums are linear, what does not depend on the index leaves the
sum, Σ_k 1 = n, Σ_k δ_kj a_k = a_j, nested sums merge and split into independent ones, and bound
indices get canonical names.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

Atom = tuple[Any, ...]
Mono = frozenset[tuple[Atom, Fraction]]
Poly = dict[Mono, Fraction]

ONE_MONO: Mono = frozenset()
LIMIT = 1500  # monomials; beyond this a proof is not attempted


class NotProvable(Exception):  # noqa: N818  (an answer, not an error)
    """The normaliser cannot treat this; the row stays numerically checked."""


class Algebra:
    """Arithmetic on `Poly`, and the construction of atoms.

    `positive` tells of an atom ("entry", …) whether it is known not to be negative;
    `rewrite` replaces a sum atom by a Poly (an assumption such as Σ y_k = 1), or gives None.
    """

    def __init__(self, positive: Callable[[Atom], bool]) -> None:
        self.is_positive = positive
        self.rewrite: Callable[[Atom], Poly | None] = lambda _: None
        self.count = itertools.count()

    # --- polynomials ---------------------------------------------------------------------

    @staticmethod
    def const(value: Fraction | int) -> Poly:
        return {ONE_MONO: Fraction(value)} if value else {}

    @staticmethod
    def atom(atom: Atom, exponent: Fraction | int = 1) -> Poly:
        return {frozenset({(atom, Fraction(exponent))}): Fraction(1)}

    @staticmethod
    def plus(a: Poly, b: Poly, factor: Fraction | int = 1) -> Poly:
        out = dict(a)
        for mono, value in b.items():
            new = out.get(mono, Fraction(0)) + value * factor
            if new:
                out[mono] = new
            else:
                out.pop(mono, None)
        if len(out) > LIMIT:
            raise NotProvable
        return out

    def times(self, a: Poly, b: Poly) -> Poly:
        out: Poly = {}
        for m, x in a.items():
            for n, y in b.items():
                mono, extra = self.join(m, n)
                if extra is None:
                    value = out.get(mono, Fraction(0)) + x * y
                    if value:
                        out[mono] = value
                    else:
                        out.pop(mono, None)
                else:
                    out = self.plus(out, self.times({mono: x * y}, extra))
        if len(out) > LIMIT:
            raise NotProvable
        return out

    def join(self, m: Mono, n: Mono) -> tuple[Mono, Poly | None]:
        """The product of two monomials; a power of a sum of terms that becomes whole expands."""
        powers = dict(m)
        extra: Poly | None = None
        for atom, e in n:
            powers[atom] = powers.get(atom, Fraction(0)) + e
        for atom in list(powers):
            e = powers[atom]
            if e == 0:
                del powers[atom]
            elif atom[0] in ("delta", "test"):
                powers[atom] = Fraction(1)
            elif atom[0] == "base" and e > 0 and e.denominator == 1:
                del powers[atom]
                whole = self.power(dict(atom[1]), e)
                extra = whole if extra is None else self.times(extra, whole)
        return frozenset(powers.items()), extra

    def nonnegative(self, atom: Atom, e: Fraction) -> bool:
        kind = atom[0]
        if e.denominator == 1 and e % 2 == 0:
            return True
        if kind in ("size", "exp", "delta", "test"):
            return True
        if kind == "fn" and atom[1] == "abs":
            return True
        if kind == "sum":
            return all(self.nonnegative(a, x) for a, x in atom[2])
        if kind == "base":
            return e.denominator % 2 == 0 or self.poly_nonnegative(dict(atom[1]))
        return self.is_positive(atom)

    def poly_nonnegative(self, p: Poly) -> bool:
        return all(c > 0 and all(self.nonnegative(a, e) for a, e in m) for m, c in p.items())

    def power(self, p: Poly, e: Fraction) -> Poly:
        if e == 0:
            return self.const(1)
        if not p:
            if e < 0:
                raise NotProvable
            return {}
        whole = e.denominator == 1
        if len(p) == 1:
            (mono, c), out = next(iter(p.items())), self.const(1)
            keep: dict[Atom, Fraction] = {}
            if whole:
                out = self.const(Fraction(c**e.numerator))
            elif c > 0:
                out = self.root(c, e)
            else:
                keep[("number",)] = Fraction(1)
            for atom, x in mono:
                if whole or self.nonnegative(atom, x):
                    if (
                        not whole
                        and x.denominator == 1
                        and x % 2 == 0
                        and not (self.nonnegative(atom, Fraction(1)))
                    ):
                        keep[atom] = x  # (x²)^½ is |x|
                    else:
                        out = self.times(out, self.raised(atom, x * e))
                else:
                    keep[atom] = x
            if len(keep) == 1 and not whole:
                ((only, x),) = keep.items()
                if x.denominator == 1 and x % 2:  # (a^x)^e is defined for a > 0 only
                    return self.times(out, self.raised(only, x * e))
            if keep:
                rest = {frozenset((a, x) for a, x in keep.items() if a != ("number",)): Fraction(1)}
                if ("number",) in keep:
                    rest = {m: v * c for m, v in rest.items()}
                out = self.times(out, self.atom(("base", frozenset(rest.items())), e))
            return out
        if whole and 0 < e <= 6:
            out = p
            for _ in range(int(e) - 1):
                out = self.times(out, p)
            return out
        content, rest = self.content(p, whole)
        inner = self.atom(("base", frozenset(rest.items())), e)
        return self.times(self.power(content, e), inner) if content != self.const(1) else inner

    def raised(self, atom: Atom, e: Fraction) -> Poly:
        if atom[0] == "base" and e > 0 and e.denominator == 1:
            return self.power(dict(atom[1]), e)
        return self.atom(atom, e) if e else self.const(1)

    def root(self, c: Fraction, e: Fraction) -> Poly:
        """c to the power e, c > 0."""
        for part in (c.numerator, c.denominator):
            if round(part ** (1 / e.denominator)) ** e.denominator != part:
                return self.atom(("base", frozenset(self.const(c).items())), e)
        top = Fraction(round(c.numerator ** (1 / e.denominator)))
        low = Fraction(round(c.denominator ** (1 / e.denominator)))
        return self.const(Fraction((top / low) ** e.numerator))

    def content(self, p: Poly, whole: bool) -> tuple[Poly, Poly]:
        """p as (common factor) × (rest), the rest in one normal form."""
        monos = list(p)
        atoms = {a for m in monos for a, _ in m}
        common: dict[Atom, Fraction] = {}
        for atom in atoms:
            low = min(dict(m).get(atom, Fraction(0)) for m in monos)
            allowed = whole or self.nonnegative(atom, Fraction(1))
            if low != 0 and allowed and atom[0] not in ("delta", "test"):
                common[atom] = low
        first = min(monos, key=lettered)
        scale = p[first] if whole else abs(p[first])
        factor: Poly = {frozenset(common.items()): scale}
        inverse: Poly = {frozenset((a, -e) for a, e in common.items()): 1 / scale}
        return factor, self.times(inverse, p)

    # --- functions -----------------------------------------------------------------------

    def exp(self, p: Poly) -> Poly:
        out = self.const(1)
        for mono, c in p.items():
            if len(mono) == 1:
                atom, e = next(iter(mono))
                if atom[0] == "fn" and atom[1] == "log" and e == 1:
                    out = self.times(out, self.power(dict(atom[2]), c))
                    continue
            out = self.times(out, self.atom(("exp", mono), c))
        return out

    def log(self, p: Poly) -> Poly:
        out: Poly = {}
        if len(p) > 1:
            content, rest = self.content(p, False)
            if content != self.const(1):
                return self.plus(self.log(content), self.log(rest))
        elif p:
            mono, c = next(iter(p.items()))
            if (
                c > 0
                and all(self.nonnegative(a, e) for a, e in mono)
                and (
                    mono
                    and (
                        len(mono) > 1
                        or c != 1
                        or next(iter(mono))[1] != 1
                        or next(iter(mono))[0][0] == "exp"
                    )
                )
            ):
                if c != 1:
                    out = self.fn("log", self.const(c))
                for atom, e in mono:
                    if not self.nonnegative(atom, Fraction(1)):
                        return self.fn("log", p)
                    if atom[0] == "exp":
                        out = self.plus(out, {atom[1]: e})
                    elif atom[0] == "base":
                        out = self.plus(out, self.log(dict(atom[1])), e)
                    else:
                        out = self.plus(out, self.fn("log", self.atom(atom)), e)
                return out
            if not mono and c == 1:
                return {}
        return self.fn("log", p)

    def fn(self, name: str, *args: Poly) -> Poly:
        return self.atom(("fn", name, *(frozenset(a.items()) for a in args)))

    def delta(self, a: Atom, b: Atom) -> Poly:
        if a == b:
            return self.const(1)
        if a[0] == b[0] == "at" and (a[1] == b[1]):
            return {}
        first, second = sorted((a, b), key=lettered)
        return self.atom(("delta", first, second))

    # --- sums ----------------------------------------------------------------------------

    def fresh(self) -> str:
        return f"~{next(self.count)}"

    def sum(self, p: Poly, var: str, dim: Any) -> Poly:
        out: Poly = {}
        for mono, c in p.items():
            out = self.plus(out, self.sum_mono(mono, var, dim), c)
        return out

    def sum_mono(self, mono: Mono, var: str, dim: Any) -> Poly:
        me = ("v", var)
        full = not isinstance(dim, tuple)
        parts = sorted(mono, key=lettered)
        for atom, _ in parts:
            if full and atom[0] == "delta" and me in atom[1:]:
                other = atom[2] if atom[1] == me else atom[1]
                if mentions(other, me):
                    continue
                rest = frozenset(x for x in mono if x[0] != atom)
                return self.remade({rest: Fraction(1)}, {me: other})
        inside = [(a, e) for a, e in parts if mentions(a, me)]
        outside: Mono = frozenset(x for x in mono if not mentions(x[0], me))
        if not inside:
            return self.times({outside: Fraction(1)}, self.length(dim))
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
            merged = self.times(merged, self.raised(atom, e))
        out: Poly = {}
        for body, c in merged.items():
            value: Poly = {outside: c}
            left = sorted(body, key=lettered)
            open_vars = list(vars_)
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
                    value = self.times(value, self.length(group[0][1]))
                else:
                    value = self.times(value, self.sum_atom(group, frozenset(members)))
            value = self.times(value, {frozenset(left): Fraction(1)})
            out = self.plus(out, value)
        return out

    def length(self, dim: Any) -> Poly:
        if isinstance(dim, tuple):
            size, low, high = dim
            ends = self.position(high) if high else self.plus(self.size(size), self.const(-1))
            start = self.position(low) if low else {}
            return self.plus(self.plus(ends, start, -1), self.const(1))
        return self.size(dim)

    def size(self, dim: Any) -> Poly:
        return self.const(dim) if isinstance(dim, int) else self.atom(("size", dim))

    def position(self, index: Atom) -> Poly:
        if index[0] == "at":
            start = self.size(index[1]) if index[1] is not None else {}
            return self.plus(start, self.const(index[2]))
        return self.atom(("pos", index))

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
        return self.atom(best) if new is None else new

    def opened(self, atom: Atom) -> tuple[list[tuple[str, Any]], Mono]:
        """A sum atom with fresh names for its bound indices."""
        dims, body = atom[1], atom[2]
        height = 1 + max((level(a) for a, _ in body), default=0)
        vars_ = [(self.fresh(), d) for d in dims]
        names = {("b", height, k): ("v", v) for k, (v, _) in enumerate(vars_)}
        return vars_, replaced(body, names)

    def remade(self, p: Poly, names: dict[Atom, Atom]) -> Poly:
        """`p` with indices replaced, and everything normal again."""
        out: Poly = {}
        for mono, c in p.items():
            value = self.const(c)
            for atom, e in mono:
                value = self.times(value, self.power(self.remade_atom(atom, names), e))
            out = self.plus(out, value)
        return out

    def remade_atom(self, atom: Atom, names: dict[Atom, Atom]) -> Poly:
        if not any(mentions(atom, n) for n in names):
            return self.atom(atom)
        kind = atom[0]
        if kind == "delta":
            return self.delta(replaced(atom[1], names), replaced(atom[2], names))
        if kind == "exp":
            return self.exp(self.remade({atom[1]: Fraction(1)}, names))
        if kind == "base":
            return self.remade(dict(atom[1]), names)
        if kind == "fn":
            args = [self.remade(dict(a), names) for a in atom[2:]]
            return self.log(args[0]) if atom[1] == "log" else self.fn(atom[1], *args)
        if kind == "sum":
            vars_, body = self.opened(atom)
            value = self.remade({body: Fraction(1)}, names)
            for var, dim in reversed(vars_):
                value = self.sum(value, var, dim)
            return value
        if kind == "pos":
            return self.position(replaced(atom[1], names))
        return self.atom(replaced(atom, names))


@lru_cache(1 << 16)
def lettered(item: Any) -> str:
    """An item as text, the same for equal items: they are put in order by it.

    `repr` will not do: it shows a set in the order in which its members happen to lie.
    """
    if isinstance(item, frozenset):
        return "{" + ",".join(sorted(map(lettered, item))) + "}"
    if isinstance(item, tuple):
        return "(" + ",".join(map(lettered, item)) + ")"
    return str(item) if isinstance(item, int | Fraction) else repr(item)


def mentions(item: Any, what: Atom) -> bool:
    if item == what:
        return True
    if isinstance(item, tuple | frozenset):
        return any(mentions(x, what) for x in item)
    return False


def replaced(item: Any, names: dict[Atom, Atom]) -> Any:
    if isinstance(item, tuple):
        if item in names:
            return names[item]
        new = tuple(replaced(x, names) for x in item)
        if len(new) == 3 and new[0] == "sh" and new[1][0] in ("sh", "at"):
            inner = new[1]
            return (*inner[:2], inner[2] + new[2])
        if len(new) == 3 and new[0] == "delta":
            return ("delta", *sorted(new[1:], key=lettered))
        return new
    if isinstance(item, frozenset):
        return frozenset(replaced(x, names) for x in item)
    return item


def level(item: Any) -> int:
    """How deep sums nest in an atom."""
    if isinstance(item, tuple):
        inner = max((level(x) for x in item), default=0)
        return inner + 1 if item and item[0] == "sum" else inner
    if isinstance(item, frozenset):
        return max((level(x) for x in item), default=0)
    return 0
