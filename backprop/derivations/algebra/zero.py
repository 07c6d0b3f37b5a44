"""Is a polynomial in atoms zero? Without roots it shows; with roots SymPy decides."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import gcd, lcm
from typing import Any

from backprop.derivations.algebra.atoms import Atom, Poly, lettered
from backprop.derivations.algebra.polynomials import NotProvable

STEEP = 200  # the highest power that SymPy is asked about


def nested(p: Poly) -> Iterator[Poly]:
    """A polynomial, and those that it holds powers and roots of."""
    yield p
    for mono in p:
        for atom, _ in mono:
            if atom[0] == "base":
                yield from nested(dict(atom[1]))


def is_zero(p: Poly) -> bool:
    """Is a rational function of atoms, and of roots of polynomials in them, zero?"""
    if not p:
        return True
    if not any(a[0] == "base" or e.denominator > 1 for m in p for a, e in m):
        return False  # atoms are independent
    import sympy

    symbols: dict[Atom, Any] = {}
    roots: dict[Atom, int] = {}
    common: dict[Atom, int] = {}

    def collect(q: Poly) -> None:
        for mono in q:
            for atom, e in mono:
                roots[atom] = lcm(roots.get(atom, 1), e.denominator)
                if atom[0] == "base":
                    collect(dict(atom[1]))

    def share(q: Poly) -> None:
        for mono in q:
            for atom, e in mono:
                common[atom] = gcd(common.get(atom, 0), int(e * roots[atom]))
                if atom[0] == "base":
                    common[atom] = 1
                    share(dict(atom[1]))

    collect(p)
    if len(p) > 300 or len(roots) > 60:
        raise NotProvable
    share(p)
    steepest = max(
        (abs(int(e * roots[a])) // common[a] for q in nested(p) for m in q for a, e in m), default=0
    )
    if steepest > STEEP:
        raise NotProvable

    def factor(atom: Atom, e: Fraction) -> Any:
        order = roots[atom]
        if atom[0] == "base" and order == 1:
            return convert(dict(atom[1])) ** int(e)
        if atom not in symbols:
            symbols[atom] = sympy.Symbol(f"a{len(symbols)}", positive=True)
        # the symbol is the root of the atom, or of a power of it, where no other power stands
        return symbols[atom] ** (int(e * order) // common[atom])

    def convert(q: Poly) -> Any:
        return sympy.Add(
            *(
                sympy.Rational(c.numerator, c.denominator)
                * sympy.Mul(*(factor(a, e) for a, e in sorted(m, key=lettered)))
                for m, c in q.items()
            )
        )

    top = sympy.expand(sympy.fraction(sympy.together(convert(p)))[0])
    bases = sorted((a for a in roots if a[0] == "base" and roots[a] > 1), key=_depth, reverse=True)
    for atom in bases:
        if top == 0:
            return True
        inside = sympy.fraction(
            sympy.together(symbols[atom] ** roots[atom] - convert(dict(atom[1])))
        )[0]
        top = sympy.rem(top, sympy.expand(inside), symbols[atom])
        top = sympy.expand(sympy.fraction(sympy.together(top))[0])
    return bool(top == 0)


def _depth(atom: Any) -> int:
    if isinstance(atom, tuple | frozenset):
        inner = max((_depth(x) for x in atom), default=0)
        return inner + (isinstance(atom, tuple) and bool(atom) and atom[0] == "base")
    return 0
