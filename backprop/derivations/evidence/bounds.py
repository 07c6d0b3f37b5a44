r"""An inequality for all numbers: what is left of its sides is not negative, by what it is made of.

Squares, products and sums of what is not negative; what is declared within bounds; a quadratic
without real roots; (\sum a b)^2 \le \sum a^2 \sum b^2; \log u \le u - 1; e^u \ge 1 + u; and a sum
of positive numbers, which is larger than one of them. A proof that fails says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from backprop.derivations.algebra.atoms import Atom, Mono, Poly, lettered
from backprop.derivations.algebra.matching import positions
from backprop.derivations.algebra.normal import Normaliser
from backprop.derivations.algebra.polynomials import NotProvable
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.rewriting import renamed
from backprop.derivations.meaning.terms import Fn, Term, Test, Where, walk
from backprop.derivations.meaning.world import Symbol, World

DEEP = 4  # how many such steps are taken one after the other
LONGEST = 40  # summands
POWERS = tuple(Fraction(k, 2) for k in (2, 4, -2, -4, 1, -1))
ONE: Mono = frozenset()


def proves_order(
    world: World,
    left: Term,
    right: Term,
    op: str,
    dims: dict[str, Dim],
    direct: bool = False,
) -> bool:
    """Is left op right shown for all sizes and numbers?"""
    near = {b for side in (left, right) for k in side.names for b in world.below(k)}
    bodies = [world.symbols[k].definition for k in near]
    if any(jumps(t) for body in (left, right, *bodies) if body is not None for t in walk(body)):
        return False  # where they turn, x > 0 and x >= 0 differ
    if op in (">", ">="):
        left, right = right, left
    defined = frozenset(
        k
        for k in near
        if world.symbols[k].definition is not None and world.symbols[k].recurrence is None
    )
    none: frozenset[str] = frozenset()
    for expand in dict.fromkeys((none, defined)):
        try:
            normal = Normaliser(world, none, expand, direct)
            a = normal.algebra
            gap = a.plus(normal.poly(renamed(right)), normal.poly(renamed(left)), -1)
            if Bounds(normal, dims).is_above(normal.settled(gap), op in ("<", ">"), DEEP):
                return True
        except (NotProvable, RecursionError):
            continue
    return False


class Bounds:
    """What is known of the signs of terms in normal form."""

    def __init__(self, normal: Normaliser, dims: dict[str, Dim]) -> None:
        self.normal = normal
        self.dims = {("v", name): find(dim) for name, dim in dims.items()}
        self.a = normal.algebra
        self.world = normal.world

    # --- what is certain of an atom ------------------------------------------------------------

    def symbol(self, atom: Atom) -> Symbol | None:
        found = self.world.symbols.get(atom[1]) if atom[0] == "entry" else None
        return found if found is not None and found.definition is None else None

    def is_more(self, atom: Atom, e: Fraction) -> bool:
        """Is a power more than 0, where it has a value?"""
        if atom[0] in ("size", "exp") or (atom[0] == "const" and atom[1] in ("pi", "e")):
            return True
        if e < 0 and e.denominator == 1 and e % 2 == 0:
            return True  # 1 / x^2
        symbol = self.symbol(atom)
        if symbol is not None:
            low = symbol.bounds[0]
            if symbol.positive:
                return not (low == 0 and symbol.closed[0])
            return low is not None and low >= 0 and not (low == 0 and symbol.closed[0])
        if atom[0] == "sum":
            whole = all(not isinstance(d, tuple) for d in atom[1])
            return whole and all(self.is_more(x, y) for x, y in atom[2])
        if atom[0] == "base":
            inner = dict(atom[1])
            if e.denominator == 1:
                return self.is_above(inner, True, 1)
            return e < 0 or self.is_above(inner, True, 1)
        return False

    def is_least(self, atom: Atom, e: Fraction) -> bool:
        """Is a power at least 0?"""
        if e.denominator == 1 and e % 2 == 0:
            return True
        if e.denominator % 2 == 0 and atom[0] == "base":
            return True
        if atom[0] in ("delta", "test") or atom[:2] == ("fn", "abs"):
            return e > 0
        if atom[0] == "sum":
            return all(self.is_least(x, y) for x, y in atom[2])
        symbol = self.symbol(atom)
        if symbol is not None and symbol.bounds[0] is not None and symbol.bounds[0] >= 0:
            return True
        return self.is_more(atom, e)

    # --- sums of products ----------------------------------------------------------------------

    def is_above(self, p: Poly, strict: bool, deep: int) -> bool:
        """Is it at least 0; strict: more than 0?"""
        if not p:
            return not strict
        if len(p) > LONGEST:
            return False
        if self.by_terms(p, strict) or self.by_ends(p, strict):
            return True
        if deep <= 0:
            return False
        return any(self.is_above(q, strict, deep - 1) for q in self.simpler(p)) or (
            self.is_quadratic(p, strict, deep)
        )

    def by_terms(self, p: Poly, strict: bool) -> bool:
        if not all(c > 0 and all(self.is_least(x, e) for x, e in m) for m, c in p.items()):
            return False
        return not strict or any(all(self.is_more(x, e) for x, e in m) for m in p)

    def by_ends(self, p: Poly, strict: bool) -> bool:
        """By the ends of what is declared within bounds: 1 - a b, for a and b in (0, 1)."""
        total, reached = Fraction(0), True
        for mono, c in p.items():
            end = self.end(mono, c < 0)
            if end is None:
                return False
            total += c * end[0]
            reached = reached and end[1]
        return total > 0 or (total == 0 and not (strict and reached))

    def end(self, mono: Mono, upper: bool) -> tuple[Fraction, bool] | None:
        """The end of a product of numbers that are not negative, and whether it is reached."""
        value, reached = Fraction(1), True
        for atom, e in mono:
            symbol = self.symbol(atom)
            low, high = symbol.bounds if symbol is not None else (None, None)
            low = Fraction(0) if low is None and symbol is not None and symbol.positive else low
            if symbol is None or e < 0 or e.denominator != 1 or low is None or low < 0:
                if not upper and all(self.is_least(x, y) for x, y in mono):
                    return Fraction(0), not self.is_more_all(mono)
                return None
            bound = high if upper else low
            if bound is None:
                return None
            value *= Fraction(bound) ** int(e)
            open_ = not symbol.closed[int(upper)]
            reached = reached and not open_
        if value == 0 and not upper:
            return value, not self.is_more_all(mono)
        return value, reached

    def is_more_all(self, mono: Mono) -> bool:
        return all(self.is_more(x, e) for x, e in mono)

    # --- what is not negative where something simpler is not ------------------------------------

    def simpler(self, p: Poly) -> Iterator[Poly]:
        if (whole := self.without_divisors(p)) is not None:
            yield whole
        common = self.common(p)
        if common is not None:
            yield common
        if (each := self.by_each_summand(p)) is not None:
            yield each
        yield from self.by_one_of_a_sum(p)
        yield from self.by_logarithm(p)
        yield from self.by_exponential(p)
        yield from self.by_products_of_sums(p)

    def without_divisors(self, p: Poly) -> Poly | None:
        """Times what it is divided by, where the sign of that is known."""
        below = {x for m in p for x, e in m if e < 0 and e.denominator == 1}
        for atom in sorted(below, key=lettered):
            least = min(e for m in p for x, e in m if x == atom)
            sign = 1
            if not self.is_more(atom, least):
                if atom[0] != "base" or not self.is_above(negative(dict(atom[1])), True, 1):
                    continue
                sign = -1 if least % 2 else 1
            whole = self.a.without(atom, p)
            return whole if sign > 0 else negative(whole)
        return None

    def common(self, p: Poly) -> Poly | None:
        """Without a factor of all summands that is more than 0."""
        powers: dict[Atom, Fraction] = {}
        for atom in {x for m in p for x, _ in m}:
            least = min(dict(m).get(atom, Fraction(0)) for m in p)
            if least > 0 and self.is_more(atom, least):
                powers[atom] = least
        if not powers:
            return None
        inverse: Poly = {frozenset((x, -e) for x, e in powers.items()): Fraction(1)}
        return self.a.times(p, inverse)

    def by_each_summand(self, p: Poly) -> Poly | None:
        """Without the sums over one length, where what they add up is not negative."""
        sums = [m for m in p if len(m) == 1 and all(x[0] == "sum" and e == 1 for x, e in m)]
        for dims in sorted({x[1] for m in sums for x, _ in m if len(x[1]) == 1}, key=lettered):
            name, body = self.normal.sums.fresh(), dict[Mono, Fraction]()
            taken = [m for m in sums if all(x[1] == dims for x, _ in m)]
            for mono in taken:
                ((atom, _),) = mono
                vars_, inside = self.normal.sums.opened(atom)
                names = {("v", vars_[0][0]): ("v", name)}
                body = self.a.plus(body, self.normal.sums.remade({inside: p[mono]}, names))
            if len(taken) > 1 and self.is_above(body, False, DEEP - 2):
                return {m: c for m, c in p.items() if m not in taken}
        return None

    def by_one_of_a_sum(self, p: Poly) -> Iterator[Poly]:
        """One of its summands instead of a sum of numbers that are not negative."""
        places = sorted({i for m in p for i in positions(m)}, key=lettered)
        for mono, c in p.items():
            for atom, e in mono:
                if c < 0 or e != 1 or atom[0] != "sum" or len(atom[1]) != 1:
                    continue
                rest = mono - {(atom, e)}
                if isinstance(atom[1][0], tuple) or not self.is_least(atom, e):
                    continue
                if not all(self.is_least(x, y) for x, y in rest):
                    continue
                for place in places:
                    if place != ("at", None, 0) and self.dims.get(place) != atom[1][0]:
                        continue
                    vars_, body = self.normal.sums.opened(atom)
                    one = self.normal.sums.remade({body: c}, {("v", vars_[0][0]): place})
                    others = {m: v for m, v in p.items() if m != mono}
                    yield self.a.plus(others, self.a.times(one, {rest: Fraction(1)}))

    def by_logarithm(self, p: Poly) -> Iterator[Poly]:
        """u^k - 1 instead of log u^k, where that makes it smaller; or without the logarithm, where
        there is one alone: log u - v is not negative where u e^{-v} - 1 is not."""
        logs = {x for m in p for x, _ in m if x[:2] == ("fn", "log")}
        for atom in sorted(logs, key=lettered):
            terms = {m: c for m, c in p.items() if any(x == atom for x, _ in m)}
            rest = {m: c for m, c in p.items() if m not in terms}
            if len(terms) != 1:
                continue
            ((mono, c),) = terms.items()
            if (atom, Fraction(1)) not in mono:
                continue
            factor = mono - {(atom, Fraction(1))}
            if factor == ONE and c == 1:
                inner = self.a.times(dict(atom[2]), self.a.exp(rest))
                yield self.a.plus(inner, self.a.const(1), -1)
            if not all(self.is_least(x, e) for x, e in factor):
                continue
            for k in POWERS:
                if (c > 0) == (k > 0):
                    continue
                bound = self.a.plus(self.a.power(dict(atom[2]), k), self.a.const(1), -1)
                yield self.a.plus(rest, self.a.times(bound, {factor: c / k}))

    def by_exponential(self, p: Poly) -> Iterator[Poly]:
        """1 + u instead of e^u, where that makes it smaller."""
        for mono, c in sorted(p.items(), key=lettered):
            powers = {x: e for x, e in mono if x[0] == "exp"}
            factor: Mono = frozenset((x, e) for x, e in mono if x[0] != "exp")
            if c < 0 or not powers or not all(self.is_least(x, e) for x, e in factor):
                continue
            inner: Poly = {x[1]: e for x, e in powers.items()}
            rest = {m: v for m, v in p.items() if m != mono}
            bound = self.a.plus(inner, self.a.const(1))
            yield self.a.plus(rest, self.a.times(bound, {factor: c}))

    def by_products_of_sums(self, p: Poly) -> Iterator[Poly]:
        """Without c (Σ a² Σ b² - (Σ a b)²), which is not negative."""
        for mono, c in sorted(p.items(), key=lettered):
            for atom, e in sorted(mono, key=lettered):
                if c > 0 or atom[0] != "sum" or e != 2 or len(atom[1]) != 1:
                    continue
                rest = mono - {(atom, e)}
                if not all(self.is_least(x, y) for x, y in rest):
                    continue
                for other, d in p.items():
                    if d > 0 and rest <= other and self.are_factors(other - rest, atom):
                        least = min(d, -c)
                        fewer = self.a.plus(p, {other: least}, -1)
                        yield self.a.plus(fewer, {mono: least})

    def are_factors(self, sums: Mono, product: Atom) -> bool:
        """Are these Σ a² and Σ b², where `product` is Σ a b?"""
        bodies: list[Poly] = []
        for atom, e in sums:
            if e.denominator != 1 or not 1 <= e <= 2:
                return False
            if atom[0] == "sum" and atom[1] == product[1]:
                bodies += [{atom[2]: Fraction(1)}] * int(e)
            elif atom == ("size", product[1][0]):
                bodies += [self.a.const(1)] * int(e)
            else:
                return False
        if len(bodies) != 2 or any(
            not all(self.is_least(*f) for m in b for f in m) for b in bodies
        ):
            return False
        square = self.a.times({product[2]: Fraction(1)}, {product[2]: Fraction(1)})
        return self.a.times(*bodies) == square

    def is_quadratic(self, p: Poly, strict: bool, deep: int) -> bool:
        """a x² + b x + c where a is more than 0, and 4 a c - b² not less."""
        for atom in sorted({x for m in p for x, _ in m}, key=lettered):
            powers = {dict(m).get(atom, Fraction(0)) for m in p} - {Fraction(0)}
            unit = min(powers)
            if unit <= 0 or powers != {unit, 2 * unit}:
                continue
            parts: dict[int, Poly] = {0: {}, 1: {}, 2: {}}
            for mono, c in p.items():
                e = dict(mono).get(atom, Fraction(0))
                parts[int(e / unit)][mono - {(atom, e)}] = c
            if not self.is_above(parts[2], True, deep - 2):
                continue
            four = self.a.times(self.a.times(parts[2], parts[0]), self.a.const(4))
            gap = self.a.plus(four, self.a.times(parts[1], parts[1]), -1)
            if self.is_above(gap, strict, deep - 1):
                return True
        return False


def jumps(term: object) -> bool:
    """Is it a comparison of numbers?"""
    if isinstance(term, Where):
        return True
    if isinstance(term, Test):
        return isinstance(term.left, Term)
    return isinstance(term, Fn) and term.name == "sign"


def negative(p: Poly) -> Poly:
    return {m: -c for m, c in p.items()}
