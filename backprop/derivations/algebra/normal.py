"""Terms to polynomials in atoms: the normal form in which two sides of a row are compared.

Each kind of term has its rule here; `polynomials` and `sums` compute with what they make, and
`calculus` works out the derivatives in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

from backprop.derivations.algebra.atoms import Atom, Poly, lettered, matrix_indices
from backprop.derivations.algebra.calculus import Calculus, Partial
from backprop.derivations.algebra.matching import match
from backprop.derivations.algebra.polynomials import NotProvable, Polynomials
from backprop.derivations.algebra.positive import is_positive
from backprop.derivations.algebra.sums import Sums
from backprop.derivations.meaning.lengths import find
from backprop.derivations.meaning.rewriting import substitute
from backprop.derivations.meaning.terms import (
    Add,
    Affine,
    At,
    Big,
    Call,
    Const,
    Deriv,
    Det,
    Entry,
    Fn,
    Index,
    Inverse,
    Label,
    Lam,
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
    add,
    mul,
    neg,
    num,
)
from backprop.derivations.meaning.world import World


class Normaliser:
    """Terms to polynomials."""

    def __init__(
        self, world: World, formal: frozenset[str], expand: frozenset[str], direct: bool
    ) -> None:
        self.world = world
        self.calculus = Calculus(world, formal, direct)
        self.expand = expand
        self.algebra = Polynomials(self.positive)
        self.sums = Sums(self.algebra)
        self.sums.derived = world.derived
        rules: list[tuple[Atom, Poly]] = []
        equations = [(one.left, one.right) for one in world.assumed]
        for left, right in (*equations, *world.moments):
            rules += self.rules(left, right)
        if rules:
            self.sums.rewrite = lambda atom: self.assumed(atom, rules)

    def positive(self, atom: Atom) -> bool:
        if atom[0] != "entry":
            return False
        symbol = self.world.symbols[atom[1]]
        return symbol.positive or (symbol.law is not None and symbol.law.kind == "simplex")

    def rules(self, left: Term, right: Term) -> list[tuple[Atom, Poly]]:
        """Σ_k y_k = 1 as a rule: a sum that stands alone in an assumption."""
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Pow) and one.exponent == num("1/2"):  # \\|v\\| = 1
                left, right = one.base, mul(other, other)
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
                return self.sums.remade(value, names)
        return None

    # --- positions -----------------------------------------------------------------------

    def index(self, index: Index) -> Atom:
        if isinstance(index, Var):
            return ("v", index.name)
        if isinstance(index, At):
            return ("at", index.dim, index.offset)
        if isinstance(index, Shift):
            inner = self.index(index.var)
            return ("sh", inner, index.by) if index.by else inner
        if isinstance(index, Affine):
            return self.affine(index)
        assert isinstance(index, Label)
        return ("label", index.symbol, tuple(self.index(p) for p in index.at))

    def affine(self, index: Affine) -> Atom:
        parts: dict[Atom, int] = {}
        offset = index.offset
        for c, inner in zip(index.coefs, index.over, strict=True):
            atom = self.index(inner)
            if atom[0] == "sh":
                offset += c * atom[2]
                atom = atom[1]
            if atom[0] == "at" and atom[1] is None:
                offset += c * atom[2]
                continue
            parts[atom] = parts.get(atom, 0) + c
        left = {a: c for a, c in parts.items() if c}
        if not left:
            return ("at", None, offset)
        if len(left) == 1 and next(iter(left.values())) == 1:
            (atom,) = left
            return ("sh", atom, offset) if offset else atom
        return ("aff", frozenset(left.items()), offset)

    def poly(self, term: Term) -> Poly:
        make = KINDS.get(type(term))
        if make is None:
            raise NotProvable
        return make(self, term)

    def _num(self, term: Num) -> Poly:
        return self.algebra.const(term.value)

    def _size(self, term: Size) -> Poly:
        return self.sums.size(find(term.dim))

    def _const(self, term: Const) -> Poly:
        if term.name == "e":
            return self.algebra.exp(self.algebra.const(1))
        return self.algebra.atom(("const", term.name))

    def _position(self, term: Position) -> Poly:
        a = self.algebra
        return a.plus(self.sums.position(self.index(term.index)), a.const(term.base))

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
        if term.name == "log":
            parts = self.factors(term.args[0])
            if len(parts) > 1:
                logs = [(self.poly(Fn("log", (base,))), times) for base, times in parts]
                out: Poly = {}
                for found, times in logs:
                    out = a.plus(out, found, times)
                return out
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
        if term.name in ("sin", "cos"):
            return a.turned(term.name, args[0])
        if term.name == "tan":
            below = a.turned("cos", args[0])
            return a.times(a.turned("sin", args[0]), a.power(below, Fraction(-1)))
        if term.name == "max" and len(args) == 2:
            test = self._test(Test(">", term.args[0], term.args[1]))
            other = a.plus(a.const(1), test, -1)
            return a.plus(a.times(test, args[0]), a.times(other, args[1]))
        if term.name == "nan":
            raise NotProvable
        return a.fn(term.name, *args)

    def factors(self, term: Term) -> list[tuple[Term, Fraction]]:
        """The factors of what a logarithm is of, with their powers, if they are positive, so that
        it is the sum of theirs; else the whole."""
        while isinstance(term, Entry) and term.symbol in self.expand:
            term = self.calculus.definition(term)
        if isinstance(term, Mul):
            parts = [self.factors(p) for p in term.parts]
            if all(is_positive(self.world, base) for part in parts for base, _ in part):
                return [pair for part in parts for pair in part]
        if isinstance(term, Pow) and isinstance(term.exponent, Num):
            inner = self.factors(term.base)
            if all(is_positive(self.world, base) for base, _ in inner):
                return [(base, e * term.exponent.value) for base, e in inner]
        return [(term, Fraction(1))]

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
            more = a.atom(("test", ">", key))
        else:
            more = a.plus(a.const(1), a.atom(("test", ">", opposite)), -1)
        return more if term.op in ("<", ">") else a.plus(a.const(1), more, -1)

    def _where(self, term: Where) -> Poly:
        a = self.algebra
        test = self.poly(term.test)
        yes, no = self.poly(term.yes), self.poly(term.no)
        return a.plus(a.times(test, yes), a.times(a.plus(a.const(1), test, -1), no))

    def _big(self, term: Big) -> Poly:
        if term.kind == "prod" and is_positive(self.world, term.body):
            logs = Big("sum", term.var, term.dim, Fn("log", (term.body,)))
            logs = replace(logs, test=term.test, low=term.low, high=term.high)
            return self.algebra.exp(self._big(logs))
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
        return self.sums.sum(body, term.var, dim)

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

    def _matrix(self, lam: Lam) -> Any:
        """A matrix as a key, its indices named by how deep matrices nest in it."""
        own = [self.sums.fresh() for _ in lam.vars]
        places = {v: Var(name) for (v, _), name in zip(lam.vars, own, strict=True)}
        body = self.poly(substitute(lam.body, places))
        names = matrix_indices(frozenset(body.items()))
        made = self.sums.remade(body, {("v", n): i for n, i in zip(own, names, strict=True)})
        key = frozenset(made.items())
        self.sums.dims[key] = find(lam.vars[0][1])
        return key

    def _inverse(self, term: Inverse) -> Poly:
        at = tuple(self.index(p) for p in term.at)
        return self.algebra.atom(("inv", self._matrix(term.matrix), at))

    def _det(self, term: Det) -> Poly:
        return self.algebra.atom(("det", self._matrix(term.matrix)))

    def _slope(self, term: Slope) -> Poly:
        return self.poly(self.calculus.taken(term))

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
                        inner = self.sums.remade({rest: v}, {gone: kept})
                        new = a.plus(new, a.times(inner, a.atom(atom)))
                    else:
                        new = a.plus(new, {m: v})
                value = new
            out = a.plus(out, value)
        return out


KINDS: dict[type[Term], Callable[[Normaliser, Any], Poly]] = {
    Num: Normaliser._num,
    Size: Normaliser._size,
    Const: Normaliser._const,
    Position: Normaliser._position,
    Entry: Normaliser._entry,
    Add: Normaliser._add,
    Mul: Normaliser._mul,
    Pow: Normaliser._pow,
    Fn: Normaliser._fn,
    Test: Normaliser._test,
    Where: Normaliser._where,
    Big: Normaliser._big,
    Call: Normaliser._call,
    Partial: Normaliser._partial,
    Inverse: Normaliser._inverse,
    Det: Normaliser._det,
    Slope: Normaliser._slope,
    Deriv: Normaliser._deriv,
}
