"""The rules of differentiation on terms, through the definitions of symbols."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backprop.derivations.algebra.polynomials import NotProvable
from backprop.derivations.meaning import replace_symbol
from backprop.derivations.meaning.rewriting import fresh, renamed, substitute
from backprop.derivations.meaning.terms import (
    ONE,
    ZERO,
    Add,
    Affine,
    Big,
    Call,
    Const,
    Deriv,
    Det,
    Entry,
    Fn,
    Index,
    Inverse,
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
    walk,
)
from backprop.derivations.meaning.world import World


@dataclass(frozen=True)
class Partial(Term):
    """A derivative of an arbitrary function by entries of its arguments."""

    call: Call
    slots: tuple[tuple[int, tuple[Index, ...]], ...]


SLOPES: dict[str, Callable[[Term], Term]] = {
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


def steps_apart(a: Index, b: Index) -> int | None:
    """How many positions lie between two of one index; None if they are none."""
    found = []
    for index in (a, b):
        if isinstance(index, Var):
            found.append((index, 0))
        elif isinstance(index, Shift):
            found.append((index.var, index.by))
        elif isinstance(index, Affine) and index.coefs == (1,):
            over = index.over[0]
            by = over.by if isinstance(over, Shift) else 0
            base = over.var if isinstance(over, Shift) else over
            if not isinstance(base, Var):
                return None
            found.append((base, index.offset + by))
        else:
            return None
    return found[0][1] - found[1][1] if found[0][0] == found[1][0] else None


def one_step(world: World, entry: Entry) -> Term:
    """An entry of a recurrence, which is not its beginning, by the one before it."""
    lam = world.symbols[entry.symbol].definition
    assert lam is not None
    assert isinstance(lam.body, Where)
    names = dict(zip((v for v, _ in lam.vars), entry.at, strict=True))
    found = substitute(renamed(lam.body.no), names)
    assert isinstance(found, Term)
    return found


@dataclass(frozen=True)
class By:
    """By what is differentiated, and how its rules go on into the parts of a term."""

    symbol: str
    at: tuple[Index, ...]
    only: bool  # where it is written, not through the definitions of other names
    d: Callable[[Term], Term]


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
            own = self.world.symbols[body.symbol]
            if own.definition is None:
                return ZERO
            if own.recurrence is not None and term.symbol in self.world.below(body.symbol):
                found = self.by_own_step(
                    body, term.symbol, term.at, lambda t: self.slope(t, term.symbol, term.at, False)
                )
                if found is not None:
                    return found
            return self.chained(body, lambda t: self.slope(t, term.symbol, term.at, False))
        return self.slope(body, term.symbol, term.at, only)

    def taken(self, term: Slope) -> Term:
        """f'(x) of a function that is written."""
        body = term.body
        for _ in range(term.order):
            body = self.slope(renamed(body), term.var, (), False)
        return replace_symbol(body, term.var, term.at)

    def through_steps(self, term: Entry, at: tuple[Index, ...], d: Callable[[Term], Term]) -> Term:
        """The derivative of an entry of a recurrence by an earlier one."""
        apart = steps_apart(term.at[0], at[0])
        recurrence = self.world.symbols[term.symbol].recurrence
        assert recurrence is not None
        if apart is None:
            raise NotProvable
        if recurrence.backwards:
            apart = -apart
        if apart < 0:
            return ZERO
        if apart == 0:
            return mul(*(Test("=", a, b) for a, b in zip(term.at[1:], at[1:], strict=True)))
        return d(one_step(self.world, term))

    def by_own_step(
        self, term: Entry, symbol: str, at: tuple[Index, ...], d: Callable[[Term], Term]
    ) -> Term | None:
        """The derivative of h_t by x_s, where each step takes its own x alone: the steps before s
        know nothing of it. None where that is not so, or cannot be said."""
        own = self.world.symbols[term.symbol]
        lam = own.definition
        assert lam is not None
        assert own.recurrence is not None
        assert isinstance(lam.body, Where)
        count, offsets = Var(lam.vars[0][0]), set()
        for item in (*walk(lam.body.no), *walk(lam.body.yes)):
            if not isinstance(item, Entry) or item.symbol == term.symbol:
                continue
            if item.symbol == symbol and item.at:
                offsets.add(steps_apart(item.at[0], count))
            elif symbol in self.world.below(item.symbol):
                return None
        begins = any(symbol in self.world.below(n) for n in lam.body.yes.names)
        offset, apart = offsets.pop() if len(offsets) == 1 else None, None
        if at and offset is not None and not begins:
            apart = steps_apart(term.at[0], at[0])
        if apart is None or offset is None:
            return None
        if (apart + offset) * (-1 if own.recurrence.backwards else 1) < 0:
            return ZERO
        return d(one_step(self.world, term))

    def chained(self, entry: Entry, d: Callable[[Term], Term]) -> Term:
        """The derivative of a defined symbol, by its own name where it is a root or a power."""
        body = self.definition(entry)
        if isinstance(body, Pow) and isinstance(body.exponent, Num) and body.exponent.value != 0:
            e = body.exponent.value
            if e.denominator == 2:  # s = U^e is not negative, so U = s^(1/e)
                return mul(num(e), Pow(entry, num(1 - 1 / e)), d(body.base))
        return d(body)

    def slope(self, term: Term, symbol: str, at: tuple[Index, ...], only: bool) -> Term:
        """The derivative by one entry of a symbol; `only`: where it is written, not below names.

        Raises:
            NotProvable: no rule takes this kind of term, or what is in it.
        """
        rule = RULES.get(type(term))
        if rule is None:
            raise NotProvable

        def d(t: Term) -> Term:
            return self.slope(t, symbol, at, only)

        return rule(self, term, By(symbol, at, only, d))

    def of_entry(self, term: Entry, by: By) -> Term:
        reached = not by.only and by.symbol in self.world.below(term.symbol)
        if self.world.symbols[term.symbol].recurrence is not None:
            if not reached:
                return ZERO
            if term.symbol == by.symbol:
                return self.through_steps(term, by.at, by.d)
            by_step = self.by_own_step(term, by.symbol, by.at, by.d)
            return Deriv(term, by.symbol, by.at, False) if by_step is None else by_step
        if term.symbol == by.symbol:
            return mul(*(Test("=", a, b) for a, b in zip(term.at, by.at, strict=True)))
        if not reached:
            return ZERO
        if term.symbol in self.formal:
            return Deriv(term, by.symbol, by.at, False)
        return self.chained(term, by.d)

    def of_call(self, term: Call | Partial, by: By) -> Term:
        """The chain rule through every entry of every argument of an arbitrary function."""
        call, slots = (term.call, term.slots) if isinstance(term, Partial) else (term, ())
        found: list[Term] = []
        for k, lam in enumerate(call.args):
            inner = by.d(lam.body)
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

    def of_deriv(self, term: Deriv, by: By) -> Term:
        inner = self.worked_out(term)
        if isinstance(inner, Deriv):
            raise NotProvable
        return by.d(inner)

    def of_matrix(self, term: Inverse | Det, by: By) -> Term:
        """d(M⁻¹) = −M⁻¹ dM M⁻¹ and d det M = det M tr(M⁻¹ dM)."""
        lam = term.matrix
        inner = by.d(lam.body)
        if inner == ZERO:
            return ZERO
        row, column = (Var(fresh(v)) for v, _ in lam.vars)
        dim = lam.vars[0][1]
        names = dict(zip((v for v, _ in lam.vars), (row, column), strict=True))
        moved = substitute(renamed(inner), names)
        if isinstance(term, Det):
            value = mul(term, Inverse(renamed(lam), (column, row)), moved)
        else:
            left, right = term.at
            first, last = Inverse(renamed(lam), (left, row)), Inverse(renamed(lam), (column, right))
            value = neg(mul(first, moved, last))
        return Big("sum", row.name, dim, Big("sum", column.name, dim, value))


def of_number(own: Calculus, term: Term, by: By) -> Term:
    return ZERO


def of_sum(own: Calculus, term: Add, by: By) -> Term:
    return add(*(by.d(p) for p in term.parts))


def of_product(own: Calculus, term: Mul, by: By) -> Term:
    parts = term.parts
    return add(*(mul(*parts[:k], by.d(p), *parts[k + 1 :]) for k, p in enumerate(parts)))


def of_power(own: Calculus, term: Pow, by: By) -> Term:
    base, e = term.base, term.exponent
    outer, inner = by.d(base), by.d(e)
    first: Term = ZERO
    if outer != ZERO:
        lower = num(e.value - 1) if isinstance(e, Num) else add(e, num(-1))
        first = mul(e, Pow(base, lower), outer)
    if inner == ZERO:
        return first
    return add(first, mul(term, Fn("log", (base,)), inner))


def of_function(own: Calculus, term: Fn, by: By) -> Term:
    slopes = [by.d(a) for a in term.args]
    if all(s == ZERO for s in slopes):
        return ZERO
    if term.name in SLOPES:
        return mul(SLOPES[term.name](term.args[0]), slopes[0])
    if term.name in ("max", "min") and len(term.args) == 2:
        a, b = term.args
        return Where(Test(">" if term.name == "max" else "<", a, b), slopes[0], slopes[1])
    raise NotProvable


def of_big(own: Calculus, term: Big, by: By) -> Term:
    inner = by.d(term.body)
    if inner == ZERO:
        return ZERO
    if term.kind != "sum":
        raise NotProvable
    whole = Big("sum", term.var, term.dim, inner, term.test, term.low, term.high)
    found: Term = renamed(whole)
    return found


def of_cases(own: Calculus, term: Where, by: By) -> Term:
    return Where(term.test, by.d(term.yes), by.d(term.no))


def of_slope(own: Calculus, term: Slope, by: By) -> Term:
    higher = Slope(term.function, term.var, renamed(term.body), term.at, term.order + 1)
    return mul(higher, by.d(term.at))


RULES: dict[type[Term], Callable[[Calculus, Any, By], Term]] = {
    Num: of_number,
    Size: of_number,
    Const: of_number,
    Position: of_number,
    Test: of_number,
    Add: of_sum,
    Mul: of_product,
    Pow: of_power,
    Fn: of_function,
    Big: of_big,
    Where: of_cases,
    Slope: of_slope,
    Entry: Calculus.of_entry,
    Inverse: Calculus.of_matrix,
    Det: Calculus.of_matrix,
    Call: Calculus.of_call,
    Partial: Calculus.of_call,
    Deriv: Calculus.of_deriv,
}
