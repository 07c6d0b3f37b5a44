"""Polynomials over atoms, with rational exponents: powers, roots, exp and log in one form."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from backprop.derivations.algebra.atoms import ONE_MONO, Atom, Mono, Poly, lettered

LIMIT = 1500  # monomials; beyond this a proof is not attempted
MOST_BITS = 20_000  # of a number; the same


class NotProvable(Exception):  # noqa: N818  (an answer, not an error)
    """The normaliser cannot treat this; the row stays numerically checked."""


class Polynomials:
    """Arithmetic on `Poly`, and the construction of atoms.

    `positive` tells of an atom ("entry", …) whether it is known not to be negative.
    """

    def __init__(self, positive: Callable[[Atom], bool]) -> None:
        self.is_positive = positive

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
            elif atom[:2] == ("fn", "cos") and e >= 2 and e.denominator == 1:
                powers[atom] = e - 2  # cos² = 1 - sin²
                if e == 2:
                    del powers[atom]
                sine = self.atom(("fn", "sin", *atom[2:]), 2)
                square = self.plus(self.const(1), sine, -1)
                extra = square if extra is None else self.times(extra, square)
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
                out = self.const(raised_to(c, e.numerator))
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
        if len(rest) == 1:  # 1 - 1 / (1 + E) is E / (1 + E)
            return self.times(self.power(content, e), self.power(rest, e))
        inner = self.atom(("base", frozenset(rest.items())), e)
        return self.times(self.power(content, e), inner) if content != self.const(1) else inner

    def reduced(self, p: Poly) -> Poly:
        """x / (1 + x) as 1 - 1 / (1 + x): no numerator has the leading term of a denominator."""
        if not any(a[0] == "base" and e < 0 for m in p for a, e in m):
            return p
        out: Poly = {}
        waiting, count = list(p.items()), 0
        while waiting:
            mono, c = waiting.pop()
            for atom, e in sorted(mono, key=lettered):
                if atom[0] != "base" or e.denominator != 1 or e >= 0:
                    continue
                below = dict(atom[1])
                lead = max(below, key=degree)
                powers = dict(mono)
                if (
                    not lead
                    or any(x <= 0 for _, x in lead)
                    or any(powers.get(a, Fraction(0)) < x for a, x in lead)
                ):
                    continue
                rest = dict(powers)
                for a, x in lead:
                    rest[a] = rest[a] - x
                left: Mono = frozenset((a, x) for a, x in rest.items() if x)
                scale = c / below[lead]
                others = {m: -v for m, v in below.items() if m != lead}
                more = self.plus(
                    self.times({left - {(atom, e)}: scale}, self.raised(atom, e + 1)),
                    self.times({left: scale}, others),
                )
                waiting += more.items()
                break
            else:
                out = self.plus(out, {mono: c})
            count += 1
            if count > LIMIT:
                return p
        return out

    def without(self, atom: Atom, p: Poly) -> Poly:
        """p times the power of an atom that it is divided by."""
        least = min(e for mono in p for a, e in mono if a == atom)
        out: Poly = {}
        for mono, c in p.items():
            powers = dict(mono)
            e = powers.pop(atom, Fraction(0)) - least
            rest: Poly = {frozenset(powers.items()): c}
            out = self.plus(out, self.times(rest, self.raised(atom, e)))
        return out

    def raised(self, atom: Atom, e: Fraction) -> Poly:
        if atom[0] == "base" and e > 0 and e.denominator == 1:
            return self.power(dict(atom[1]), e)
        return self.atom(atom, e) if e else self.const(1)

    def root(self, c: Fraction, e: Fraction) -> Poly:
        """c to the power e, c > 0."""
        top, low = (whole_root(part, e.denominator) for part in (c.numerator, c.denominator))
        if top is None or low is None:
            return self.atom(("base", frozenset(self.const(c).items())), e)
        return self.const(raised_to(Fraction(top, low), e.numerator))

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
                    out = self.log_of(c)
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
            if not mono and c > 0:
                return self.log_of(c)
        return self.fn("log", p)

    def log_of(self, c: Fraction) -> Poly:
        """The logarithm of a positive number by those of its prime factors."""
        out: Poly = {}
        for whole, sign in ((c.numerator, 1), (c.denominator, -1)):
            for prime in (2, 3, 5, 7):
                while whole % prime == 0:
                    whole //= prime
                    out = self.plus(out, self.fn("log", self.const(prime)), sign)
            if whole > 1:
                out = self.plus(out, self.fn("log", self.const(whole)), sign)
        return out

    def fn(self, name: str, *args: Poly) -> Poly:
        return self.atom(("fn", name, *(frozenset(a.items()) for a in args)))

    def turned(self, name: str, p: Poly) -> Poly:
        """sin and cos of a sum by those of its terms."""
        if len(p) > 4 or not p:
            return self.fn(name, p) if p else self.const(int(name == "cos"))
        mono, c = min(p.items(), key=lambda item: lettered(item[0]))
        rest = {m: x for m, x in p.items() if m != mono}
        if not rest and c < 0:
            value = self.turned(name, {mono: -c})
            return value if name == "cos" else self.plus({}, value, -1)
        if not rest and (c.denominator != 1 or not 2 <= c <= 4):
            return self.fn(name, p)
        first = {mono: Fraction(1) if not rest else c}
        rest = rest or {mono: c - 1}
        (s, t), (u, v) = ((self.turned("sin", q), self.turned("cos", q)) for q in (first, rest))
        if name == "sin":
            return self.plus(self.times(s, v), self.times(t, u))
        return self.plus(self.times(t, v), self.times(s, u), -1)

    def delta(self, a: Atom, b: Atom) -> Poly:
        if a == b:
            return self.const(1)
        if a[0] == b[0] == "at" and (a[1] == b[1]):
            return {}
        first, second = sorted((a, b), key=lettered)
        return self.atom(("delta", first, second))


def degree(mono: Mono) -> tuple[Fraction, str]:
    """By which the monomials of a denominator are put in order; products keep it."""
    return sum((e for _, e in mono), Fraction(0)), lettered(mono)


def raised_to(c: Fraction, e: int) -> Fraction:
    """A power of a number, unless it has more digits than are of use."""
    if abs(e) * max(c.numerator.bit_length(), c.denominator.bit_length()) > MOST_BITS:
        raise NotProvable
    return Fraction(c**e)


def whole_root(number: int, degree: int) -> int | None:
    """The whole number whose power it is, if there is one."""
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if middle**degree < number else (low, middle)
    return low if low**degree == number else None
