"""A row for every size: the difference of its sides brought to normal form, then SymPy.

Derivatives are worked out by the rules of calculus through the definitions; algebra.py brings
sums to one form; SymPy decides whether what is left, a rational function of atoms and roots of
them, is zero. A proof that fails says nothing: the row stays numerically checked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from backprop.site.derivations.algebra import Algebra, Atom, NotProvable, Poly, lettered, replaced
from backprop.site.derivations.meaning import replace_symbol
from backprop.site.derivations.terms import (
    ONE,
    ZERO,
    Add,
    At,
    Big,
    Call,
    Const,
    Deriv,
    Entry,
    Fn,
    Index,
    Label,
    Mul,
    Num,
    Position,
    Pow,
    Shift,
    Size,
    Slope,
    Term,
    Test,
    Var,
    Where,
    World,
    add,
    find,
    fresh,
    mul,
    names_in,
    neg,
    num,
    renamed,
    substitute,
    walk,
)


@dataclass(frozen=True)
class Partial(Term):
    """A derivative of an arbitrary function by entries of its arguments."""

    call: Call
    slots: tuple[tuple[int, tuple[Index, ...]], ...]


SLOPES = {
    "exp": lambda u: Fn("exp", (u,)),
    "log": lambda u: Pow(u, num(-1)),
    "sin": lambda u: Fn("cos", (u,)),
    "cos": lambda u: neg(Fn("sin", (u,))),
    "tan": lambda u: Pow(Fn("cos", (u,)), num(-2)),
    "sinh": lambda u: Fn("cosh", (u,)),
    "cosh": lambda u: Fn("sinh", (u,)),
    "tanh": lambda u: add(ONE, neg(Pow(Fn("tanh", (u,)), num(2)))),
    "arctan": lambda u: Pow(add(ONE, Pow(u, num(2))), num(-1)),
    "abs": lambda u: Fn("sign", (u,)),
    "sign": lambda u: ZERO,
}


class Calculus:
    """The rules of differentiation on terms."""

    def __init__(self, world: World, formal: frozenset[str], direct: bool = False) -> None:
        self.world = world
        self.formal = formal  # symbols whose derivatives stay as they are written
        self.direct = direct

    def definition(self, entry: Entry) -> Term:
        lam = self.world.symbols[entry.symbol].definition
        assert lam is not None
        body = renamed(lam.body)
        found = substitute(body, dict(zip((v for v, _ in lam.vars), entry.at, strict=True)))
        assert isinstance(found, Term)
        return found

    def worked_out(self, term: Deriv) -> Term:
        body = term.body
        only = False
        if self.direct and term.partial:
            if isinstance(body, Entry) and term.symbol in self.world.direct(body.symbol):
                body, only = self.definition(body), True
            elif any(isinstance(t, Entry) and t.symbol == term.symbol for t in walk(body)):
                only = True
        if isinstance(body, Entry) and not only and body.symbol != term.symbol:
            if body.symbol in self.formal and term.symbol in self.world.below(body.symbol):
                return Deriv(body, term.symbol, term.at, term.partial)
            if self.world.symbols[body.symbol].definition is None:
                return ZERO
            return self.chained(body, lambda t: self.slope(t, term.symbol, term.at, False))
        return self.slope(body, term.symbol, term.at, only)

    def chained(self, entry: Entry, d: Callable[[Term], Term]) -> Term:
        """The derivative of a defined symbol, by its own name where it is a root or a power."""
        body = self.definition(entry)
        if isinstance(body, Pow) and isinstance(body.exponent, Num) and body.exponent.value != 0:
            e = body.exponent.value
            if e.denominator == 2:  # s = U^e is not negative, so U = s^(1/e)
                return mul(num(e), Pow(entry, num(1 - 1 / e)), d(body.base))
        return d(body)

    def slope(self, term: Term, symbol: str, at: tuple[Index, ...], only: bool) -> Term:
        def d(t: Term) -> Term:
            return self.slope(t, symbol, at, only)

        if isinstance(term, Num | Size | Const | Position | Test):
            return ZERO
        if isinstance(term, Entry):
            if term.symbol == symbol:
                return mul(*(Test("=", a, b) for a, b in zip(term.at, at, strict=True)))
            if only or symbol not in self.world.below(term.symbol):
                return ZERO
            if term.symbol in self.formal:
                return Deriv(term, symbol, at, False)
            return self.chained(term, d)
        if isinstance(term, Add):
            return add(*(d(p) for p in term.parts))
        if isinstance(term, Mul):
            parts = term.parts
            return add(*(mul(*parts[:k], d(p), *parts[k + 1 :]) for k, p in enumerate(parts)))
        if isinstance(term, Pow):
            base, e = term.base, term.exponent
            outer = d(base)
            inner = d(e)
            first: Term = ZERO
            if outer != ZERO:
                lower = num(e.value - 1) if isinstance(e, Num) else add(e, num(-1))
                first = mul(e, Pow(base, lower), outer)
            if inner == ZERO:
                return first
            return add(first, mul(term, Fn("log", (base,)), inner))
        if isinstance(term, Fn):
            slopes = [d(a) for a in term.args]
            if all(s == ZERO for s in slopes):
                return ZERO
            if term.name in SLOPES:
                return mul(SLOPES[term.name](term.args[0]), slopes[0])
            if term.name in ("max", "min") and len(term.args) == 2:
                a, b = term.args
                test = Test(">" if term.name == "max" else "<", a, b)
                return Where(test, slopes[0], slopes[1])
            raise NotProvable
        if isinstance(term, Big):
            inner = d(term.body)
            if inner == ZERO:
                return ZERO
            if term.kind != "sum":
                raise NotProvable
            return renamed(Big("sum", term.var, term.dim, inner, term.test, term.low, term.high))
        if isinstance(term, Where):
            return Where(term.test, d(term.yes), d(term.no))
        if isinstance(term, Slope):
            return mul(
                Slope(term.function, term.var, renamed(term.body), term.at, term.order + 1),
                d(term.at),
            )
        if isinstance(term, Call | Partial):
            call, slots = (term.call, term.slots) if isinstance(term, Partial) else (term, ())
            found: list[Term] = []
            for k, lam in enumerate(call.args):
                inner = d(lam.body)
                if inner == ZERO:
                    continue
                names = {v: Var(fresh(v)) for v, _ in lam.vars}
                moved = substitute(renamed(inner), names)
                place = tuple(names[v] for v, _ in lam.vars)
                value = mul(Partial(call, (*slots, (k, place))), moved)
                for (_, dim), var in reversed(list(zip(lam.vars, place, strict=True))):
                    value = Big("sum", var.name, dim, value)
                found.append(value)
            return add(*found)
        if isinstance(term, Deriv):
            inner = self.worked_out(term)
            if isinstance(inner, Deriv):
                raise NotProvable
            return d(inner)
        raise NotProvable


class Normaliser:
    """Terms to polynomials."""

    def __init__(
        self, world: World, formal: frozenset[str], expand: frozenset[str], direct: bool
    ) -> None:
        self.world = world
        self.calculus = Calculus(world, formal, direct)
        self.expand = expand
        self.algebra = Algebra(self.positive)
        rules = []
        for left, right, _ in world.assumed:
            rules += self.rules(left, right)
        if rules:
            self.algebra.rewrite = lambda atom: self.assumed(atom, rules)

    def positive(self, atom: Atom) -> bool:
        return atom[0] == "entry" and self.world.symbols[atom[1]].positive

    def rules(self, left: Term, right: Term) -> list[tuple[Atom, Poly]]:
        """Σ_k y_k = 1 as a rule: a sum that stands alone in an assumption."""
        p = self.poly(add(left, neg(right)))
        sums = [
            (m, c)
            for m, c in p.items()
            if len(m) == 1 and next(iter(m))[0][0] == "sum" and next(iter(m))[1] == 1
        ]
        if len(sums) != 1:
            return []
        mono, c = sums[0]
        rest = {m: -v / c for m, v in p.items() if m != mono}
        return [(next(iter(mono))[0], rest)]

    def assumed(self, atom: Atom, rules: list[tuple[Atom, Poly]]) -> Poly | None:
        for pattern, value in rules:
            names = match(pattern, atom, {})
            if names is not None:
                return self.algebra.remade(value, names)
        return None

    # --- positions -----------------------------------------------------------------------

    def index(self, index: Index) -> Atom:
        if isinstance(index, Var):
            return ("v", index.name)
        if isinstance(index, At):
            return ("at", index.dim, index.offset)
        if isinstance(index, Shift):
            return ("sh", self.index(index.var), index.by)
        assert isinstance(index, Label)
        return ("label", index.symbol, tuple(self.index(p) for p in index.at))

    def poly(self, term: Term) -> Poly:
        make = getattr(self, "_" + type(term).__name__.lower(), None)
        if make is None:
            raise NotProvable
        found: Poly = make(term)
        return found

    def _num(self, term: Num) -> Poly:
        return self.algebra.const(term.value)

    def _size(self, term: Size) -> Poly:
        return self.algebra.size(find(term.dim))

    def _const(self, term: Const) -> Poly:
        if term.name == "e":
            return self.algebra.exp(self.algebra.const(1))
        return self.algebra.atom(("const", term.name))

    def _position(self, term: Position) -> Poly:
        a = self.algebra
        return a.plus(a.position(self.index(term.index)), a.const(term.base))

    def _entry(self, term: Entry) -> Poly:
        if term.symbol in self.expand:
            return self.poly(self.calculus.definition(term))
        return self.algebra.atom(("entry", term.symbol, tuple(self.index(p) for p in term.at)))

    def _add(self, term: Add) -> Poly:
        out: Poly = {}
        for part in term.parts:
            out = self.algebra.plus(out, self.poly(part))
        return out

    def _mul(self, term: Mul) -> Poly:
        out = self.algebra.const(1)
        for part in term.parts:
            out = self.algebra.times(out, self.poly(part))
        return out

    def _pow(self, term: Pow) -> Poly:
        base = self.poly(term.base)
        e = self.poly(term.exponent)
        if not e:
            return self.algebra.const(1)
        if len(e) == 1 and frozenset() in e:
            return self.algebra.power(base, e[frozenset()])
        return self.algebra.exp(self.algebra.times(e, self.algebra.log(base)))

    def _fn(self, term: Fn) -> Poly:
        a = self.algebra
        args = [self.poly(x) for x in term.args]
        if term.name == "exp":
            return a.exp(args[0])
        if term.name == "log":
            return a.log(args[0])
        if term.name in ("sinh", "cosh"):
            up, down = a.exp(args[0]), a.exp(a.plus({}, args[0], -1))
            sign = 1 if term.name == "cosh" else -1
            return a.times(a.plus(up, down, sign), a.const(Fraction(1, 2)))
        if term.name == "tanh":
            up = a.exp(a.plus(args[0], args[0]))
            return a.plus(a.const(1), a.power(a.plus(up, a.const(1)), Fraction(-1)), -2)
        if term.name == "tan":
            return a.times(a.fn("sin", args[0]), a.power(a.fn("cos", args[0]), Fraction(-1)))
        if term.name == "max" and len(args) == 2:
            test = self._test(Test(">", term.args[0], term.args[1]))
            other = a.plus(a.const(1), test, -1)
            return a.plus(a.times(test, args[0]), a.times(other, args[1]))
        if term.name == "nan":
            raise NotProvable
        return a.fn(term.name, *args)

    def _test(self, term: Test) -> Poly:
        a = self.algebra
        if not isinstance(term.left, Term):
            left, right = self.index(term.left), self.index(term.right)
            if term.op in ("=", "!="):
                same = a.delta(left, right)
                return same if term.op == "=" else a.plus(a.const(1), same, -1)
            if term.op in (">", "<="):
                left, right = right, left
            less = a.atom(("test", "<", left, right)) if left != right else {}
            return less if term.op in ("<", ">") else a.plus(a.const(1), less, -1)
        gap = a.plus(self.poly(term.left), self.poly(term.right), -1)
        if term.op in ("=", "!="):
            raise NotProvable
        if term.op in ("<", ">="):
            gap = a.plus({}, gap, -1)
        if not gap or frozenset(gap) == {frozenset()}:
            raise NotProvable
        _, gap = a.content(gap, False)
        # both sides of a boundary count alike: instances never lie on it
        key = frozenset(gap.items())
        opposite = frozenset(a.plus({}, gap, -1).items())
        if lettered(key) <= lettered(opposite):
            return a.atom(("test", ">", key))
        return a.plus(a.const(1), a.atom(("test", ">", opposite)), -1)

    def _where(self, term: Where) -> Poly:
        a = self.algebra
        test = self.poly(term.test)
        yes, no = self.poly(term.yes), self.poly(term.no)
        return a.plus(a.times(test, yes), a.times(a.plus(a.const(1), test, -1), no))

    def _big(self, term: Big) -> Poly:
        if term.kind != "sum":
            raise NotProvable
        body = self.poly(term.body)
        if term.test is not None:
            body = self.algebra.times(self.poly(term.test), body)
        dim: Any = find(term.dim)
        if term.low is not None or term.high is not None:
            low = self.index(term.low) if term.low is not None else None
            high = self.index(term.high) if term.high is not None else None
            dim = (dim, low, high)
        return self.algebra.sum(body, term.var, dim)

    def _call(self, term: Call) -> Poly:
        slots = tuple((0, ()) for _ in range(term.order))
        return self._partial(Partial(term, slots))

    def _partial(self, term: Partial) -> Poly:
        call = term.call
        args: tuple[Any, ...] = ()
        if not call.function.endswith("()"):  # f(u) and f(v) differ; L = L(Y) has one argument
            keys = []
            for lam in call.args:
                places = {v: Var(f"arg{k}") for k, (v, _) in enumerate(lam.vars)}
                body = self.poly(substitute(lam.body, places))
                keys.append(frozenset(body.items()))
            args = tuple(keys)
        slots = sorted(((k, tuple(self.index(i) for i in p)) for k, p in term.slots), key=lettered)
        at = tuple(self.index(p) for p in call.at)
        return self.algebra.atom(("call", call.function, tuple(slots), at, args))

    def _slope(self, term: Slope) -> Poly:
        body = term.body
        for _ in range(term.order):
            body = self.calculus.slope(renamed(body), term.var, (), False)
        return self.poly(replace_symbol(body, term.var, term.at))

    def _deriv(self, term: Deriv) -> Poly:
        found = self.calculus.worked_out(term)
        if isinstance(found, Deriv):
            return self._formal(found)
        return self.poly(found)

    def _formal(self, term: Deriv) -> Poly:
        body = term.body
        assert isinstance(body, Entry)
        own = tuple(self.index(p) for p in body.at)
        by = tuple(self.index(p) for p in term.at)
        return self.algebra.atom(("slope", body.symbol, own, term.symbol, by))

    def settled(self, p: Poly) -> Poly:
        """Under δ_ij, j stands for i everywhere."""
        a = self.algebra
        out: Poly = {}
        for mono, c in p.items():
            value: Poly = {mono: c}
            for atom in sorted((x for x, _ in mono if x[0] == "delta"), key=lettered):
                first, second = atom[1], atom[2]
                gone, kept = (second, first) if second[0] == "v" else (first, second)
                if gone[0] != "v":
                    continue
                new: Poly = {}
                for m, v in value.items():
                    if any(x == atom for x, _ in m):
                        rest = frozenset(x for x in m if x[0] != atom)
                        inner = a.remade({rest: v}, {gone: kept})
                        new = a.plus(new, a.times(inner, a.atom(atom)))
                    else:
                        new = a.plus(new, {m: v})
                value = new
            out = a.plus(out, value)
        return out


def match(pattern: Any, item: Any, names: dict[Atom, Atom]) -> dict[Atom, Atom] | None:
    """The choice of the pattern's free indices that makes it `item`."""
    variables = sorted(free_variables(pattern), key=lettered)
    candidates = sorted(positions(item), key=lettered)
    if not variables:
        return {} if pattern == item else None
    if len(variables) > 2:
        return None
    from itertools import product

    for choice in product(candidates, repeat=len(variables)):
        names = dict(zip(variables, choice, strict=True))
        if replaced(pattern, names) == item:
            return names
    return None


def free_variables(item: Any) -> set[Atom]:
    if isinstance(item, tuple) and len(item) == 2 and item[0] == "v":
        return {item}
    if isinstance(item, tuple | frozenset):
        return set().union(*(free_variables(x) for x in item)) if item else set()
    return set()


def positions(item: Any) -> set[Atom]:
    found: set[Atom] = set()
    if isinstance(item, tuple) and item and item[0] in ("v", "b", "at", "label", "sh"):
        found.add(item)
    if isinstance(item, tuple | frozenset):
        for x in item:
            found |= positions(x)
    return found


# --- deciding ------------------------------------------------------------------------------


def is_zero(p: Poly) -> bool:
    """Is a rational function of atoms, and of roots of polynomials in them, zero?"""
    if not p:
        return True
    if not any(a[0] == "base" or e.denominator > 1 for m in p for a, e in m):
        return False  # atoms are independent
    import sympy

    symbols: dict[Atom, Any] = {}
    roots: dict[Atom, int] = {}

    def collect(q: Poly) -> None:
        from math import lcm

        for mono in q:
            for atom, e in mono:
                roots[atom] = lcm(roots.get(atom, 1), e.denominator)
                if atom[0] == "base":
                    collect(dict(atom[1]))

    collect(p)
    if len(p) > 300 or len(roots) > 60:
        raise NotProvable

    def factor(atom: Atom, e: Fraction) -> Any:
        order = roots[atom]
        if atom[0] == "base" and order == 1:
            return convert(dict(atom[1])) ** int(e)
        if atom not in symbols:
            symbols[atom] = sympy.Symbol(f"a{len(symbols)}", positive=True)
        return symbols[atom] ** int(e * order)  # the symbol is the root of the atom

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


def difference(
    world: World,
    left: Term,
    right: Term,
    formal: frozenset[str],
    expand: frozenset[str],
    direct: bool = False,
) -> Poly:
    normal = Normaliser(world, formal, expand, direct)
    a = normal.algebra
    gap = a.plus(normal.poly(renamed(left)), normal.poly(renamed(right)), -1)
    return normal.settled(gap)


def _polynomial(world: World, key: str) -> bool:
    lam = world.symbols[key].definition
    return lam is not None and not any(
        isinstance(t, Fn | Call | Deriv | Slope | Where)
        or (isinstance(t, Pow) and names_in(t) and t.exponent != num(2))
        for t in walk(lam)
    )


def proves(
    world: World, left: Term, right: Term, opaque: frozenset[str], direct: bool = False
) -> bool:
    """Is left = right shown for all sizes? First for any functions in the place of the
    `opaque` symbols, then with definitions as far as needed."""
    defined = frozenset(
        k
        for k, s in world.symbols.items()
        if s.definition is not None
        and not any(isinstance(t, Big) and t.kind != "sum" for t in walk(s.definition))
    )
    none: frozenset[str] = frozenset()
    plain = frozenset(k for k in defined if _polynomial(world, k))
    near = defined & {b for side in (left, right) for k in names_in(side) for b in world.below(k)}
    attempts = [
        (opaque, none),
        (none, none),
        (none, plain),
        *((none, near - {k}) for k in sorted(near)),
        *((none, frozenset({k})) for k in sorted(near)),
        (none, near),
        (opaque, near - opaque),
    ]
    for formal, expand in dict.fromkeys(attempts):
        try:
            if is_zero(difference(world, left, right, formal, expand, direct)):
                return True
        except (NotProvable, RecursionError):
            continue
    return False
