"""What a formula means: numbers over index variables, everything in index form.

A row in matrix form is read entry by entry, so that one evaluator (evaluate.py) and one
prover (proof.py) serve both forms. Positions count from 0 inside; where an author counts
from is the business of meaning.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from fractions import Fraction
from typing import Any

_fresh = itertools.count()


class Unknown:
    """The length of an axis that nothing has said yet; `find` follows it."""

    def __init__(self) -> None:
        self.value: Dim | None = None


Dim = str | int | Unknown  # a size's name, a number, or not known yet


def find(dim: Dim) -> Dim:
    while isinstance(dim, Unknown) and dim.value is not None:
        dim = dim.value
    return dim


def unify(a: Dim, b: Dim) -> bool:
    """Make two lengths the same; False if they are known and differ."""
    a, b = find(a), find(b)
    if a is b or a == b:
        return True
    if isinstance(a, Unknown):
        a.value = b
        return True
    if isinstance(b, Unknown):
        b.value = a
        return True
    return False


def show_shape(shape: tuple[Dim, ...]) -> str:
    names = ["?" if isinstance(find(d), Unknown) else str(find(d)) for d in shape]
    return " × ".join(names) if names else "1"


# --- positions ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Var:
    """An index variable. Bound ones carry names no author can write (k#3)."""

    name: str


@dataclass(frozen=True)
class At:
    """A fixed position: `offset` from the start, or from behind the end of axis `dim`."""

    dim: Dim | None
    offset: int


@dataclass(frozen=True)
class Shift:
    """x_{k+1}: a position relative to an index variable."""

    var: Var
    by: int


@dataclass(frozen=True)
class Label:
    """An integer symbol used as a position: p_{i, y_i}."""

    symbol: str
    at: tuple[Index, ...]


Index = Var | At | Shift | Label


# --- numbers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """Base of everything that is a number at given positions."""


@dataclass(frozen=True)
class Num(Term):
    value: Fraction


@dataclass(frozen=True)
class Size(Term):
    dim: Dim


@dataclass(frozen=True)
class Const(Term):
    name: str  # "e", "pi"


@dataclass(frozen=True)
class Entry(Term):
    """An entry of a declared symbol (a number: no positions)."""

    symbol: str
    at: tuple[Index, ...] = ()


@dataclass(frozen=True)
class Position(Term):
    """An index used as a number; `base` is what the author counts from."""

    index: Index
    base: int


@dataclass(frozen=True)
class Add(Term):
    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Mul(Term):
    parts: tuple[Term, ...]


@dataclass(frozen=True)
class Pow(Term):
    base: Term
    exponent: Term


@dataclass(frozen=True)
class Fn(Term):
    """exp, log, sin, …, abs, sign, max, min (the last two of two or more numbers)."""

    name: str
    args: tuple[Term, ...]


@dataclass(frozen=True)
class Big(Term):
    """Sum, product, maximum or minimum over an index, from position `low` to `high`."""

    kind: str
    var: str
    dim: Dim
    body: Term
    test: Term | None = None
    low: At | None = None
    high: At | None = None


@dataclass(frozen=True)
class Test(Term):
    """1 where a relation between two positions or two numbers holds, else 0."""

    op: str
    left: Any
    right: Any


@dataclass(frozen=True)
class Where(Term):
    test: Term
    yes: Term
    no: Term


@dataclass(frozen=True)
class Lam(Term):
    """An array given by its entries: the argument of an arbitrary function, a definition."""

    vars: tuple[tuple[str, Dim], ...]
    body: Term


@dataclass(frozen=True)
class Call(Term):
    """An entry of a declared function's value; `order` counts primes."""

    function: str
    args: tuple[Lam, ...]
    at: tuple[Index, ...] = ()
    order: int = 0


@dataclass(frozen=True)
class Slope(Term):
    """f'(u) of a function with a formula: the derivative of `body` by `var` at `at`."""

    function: str
    var: str
    body: Term
    at: Term
    order: int = 1


@dataclass(frozen=True)
class Deriv(Term):
    """d body / d symbol[at]; `partial` where it was written with ∂."""

    body: Term
    symbol: str
    at: tuple[Index, ...]
    partial: bool


ZERO, ONE = Num(Fraction(0)), Num(Fraction(1))


def num(value: int | str | Fraction) -> Num:
    return Num(Fraction(value))


def add(*parts: Term) -> Term:
    flat = [q for p in parts for q in (p.parts if isinstance(p, Add) else (p,)) if q != ZERO]
    return flat[0] if len(flat) == 1 else Add(tuple(flat)) if flat else ZERO


def mul(*parts: Term) -> Term:
    flat = [q for p in parts for q in (p.parts if isinstance(p, Mul) else (p,)) if q != ONE]
    if any(q == ZERO for q in flat):
        return ZERO
    return flat[0] if len(flat) == 1 else Mul(tuple(flat)) if flat else ONE


def neg(part: Term) -> Term:
    return mul(num(-1), part)


def divide(a: Term, b: Term) -> Term:
    return a if b == ONE else mul(a, Pow(b, num(-1)))


def fresh(letter: str = "i") -> str:
    """A name for an index variable that no author can write."""
    return f"{letter.split('#')[0]}#{next(_fresh)}"


def parts_of(value: Any) -> Iterator[Any]:
    """The fields of a term or position that are terms or positions themselves."""
    for f in fields(value):
        item = getattr(value, f.name)
        if isinstance(item, tuple):
            yield from (x for x in item if isinstance(x, Term | Var | At | Shift | Label))
        elif isinstance(item, Term | Var | At | Shift | Label):
            yield item


def walk(value: Any) -> Iterator[Any]:
    yield value
    for part in parts_of(value):
        yield from walk(part)


def rebuild(value: Any, change: Callable[[Any], Any]) -> Any:
    """`value` with `change` applied to each term, position and length in it, inside out."""

    def one(item: Any) -> Any:
        if isinstance(item, Term | Var | At | Shift | Label):
            return rebuild(item, change)
        if isinstance(item, Unknown):
            return change(item)
        if isinstance(item, tuple):
            return tuple(one(x) for x in item)
        return item

    new = {f.name: one(getattr(value, f.name)) for f in fields(value)}
    if any(new[f.name] is not getattr(value, f.name) for f in fields(value)):
        value = replace(value, **new)
    return change(value)


def substitute(term: Any, given: Mapping[str, Index]) -> Any:
    """Positions put in for index variables. Bound variables are unique, so nothing is captured."""
    if not given:
        return term

    def change(item: Any) -> Any:
        if isinstance(item, Var) and item.name in given:
            return given[item.name]
        if isinstance(item, Shift) and not isinstance(item.var, Var):
            inner = item.var
            if isinstance(inner, Shift):
                return Shift(inner.var, inner.by + item.by)
            if isinstance(inner, At):
                return At(inner.dim, inner.offset + item.by)
        return item

    return rebuild(term, change)


def renamed(term: Any) -> Any:
    """The same term with new names for all bound variables (for a second copy of it)."""
    names: dict[str, Index] = {}
    for item in walk(term):
        if isinstance(item, Big):
            names[item.var] = Var(fresh(item.var))
        elif isinstance(item, Lam):
            names.update({v: Var(fresh(v)) for v, _ in item.vars})

    def change(item: Any) -> Any:
        if isinstance(item, Big) and item.var in names:
            return replace(item, var=names[item.var].name)  # type: ignore[union-attr]
        if isinstance(item, Lam):
            return replace(
                item,
                vars=tuple(
                    (names[v].name if v in names else v, d)  # type: ignore[union-attr]
                    for v, d in item.vars
                ),
            )
        return item

    return rebuild(substitute(term, names), change)


def free_indices(term: Any, bound: frozenset[str] = frozenset()) -> set[str]:
    if isinstance(term, Var):
        return set() if term.name in bound else {term.name}
    if isinstance(term, Big):
        bound = bound | {term.var}
    elif isinstance(term, Lam):
        bound = bound | {v for v, _ in term.vars}
    found: set[str] = set()
    for part in parts_of(term):
        found |= free_indices(part, bound)
    return found


def resolved(term: Any) -> Any:
    """`term` with every length that unification has found written in."""
    return rebuild(term, lambda item: find(item) if isinstance(item, Unknown) else item)


# --- declared names ----------------------------------------------------------------------


@dataclass
class Symbol:
    """A declared name. `shape` is empty for a number."""

    key: str
    shape: tuple[Dim, ...]
    kind: str = "variable"  # variable, defined, label
    definition: Lam | None = None
    positive: bool = False
    bounds: tuple[Fraction | None, Fraction | None] = (None, None)
    family: int = 0  # how many of the axes count vectors: \mathbf{x}_i \in \mathbb{R}^d
    high: Dim | None = None  # of a label: how many values it takes
    line: int = 0


@dataclass
class Function:
    """A declared function: arbitrary (`body` None) or given by a formula of `var`."""

    key: str
    args: tuple[tuple[Dim, ...], ...]  # shapes; () is a number
    value: tuple[Dim, ...] = ()
    var: str = ""
    body: Term | None = None


@dataclass
class World:
    """Everything declared in a derivation: what rows may use and instances must satisfy."""

    symbols: dict[str, Symbol] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # name -> smallest value
    ranges: dict[str, Dim] = field(default_factory=dict)  # index letter -> length
    squares: dict[str, str] = field(default_factory=dict)  # \sigma -> the key of \sigma^2
    aliases: dict[str, str] = field(default_factory=dict)  # X -> x, of X = (x_{ij})
    calls: dict[str, str] = field(default_factory=dict)  # L -> "Y", of L = L(Y)
    assumed: list[tuple[Term, Term, dict[str, Dim]]] = field(default_factory=list)
    base: int | None = None  # what the author counts from
    refused: dict[str, int] = field(default_factory=dict)  # names whose declaration was not read
    parameters: set[str] = field(default_factory=set)  # declared only as the z of \sigma(z)
    counts: int | None = None  # what the sums that are written out count from
    cited: dict[str, int] = field(default_factory=dict)  # how much of a definition may be used

    @property
    def words(self) -> frozenset[str]:
        """The declared names of several upright letters."""
        keys = (*self.symbols, *self.functions, *self.sizes, *self.squares, *self.aliases)
        return frozenset(k[8 : k.index("}")] for k in keys if k.startswith("\\mathrm{"))

    def direct(self, key: str) -> set[str]:
        """The symbols that the definition of `key` names."""
        symbol = self.symbols[key]
        return names_in(symbol.definition) if symbol.definition is not None else set()

    def below(self, key: str) -> set[str]:
        """`key` and everything that it is defined by, at any depth."""
        seen: set[str] = set()
        todo = [key]
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo += self.direct(name)
        return seen

    def between(self, names: set[str], target: str) -> set[str]:
        """The defined symbols through which `names` depend on `target` (names included)."""
        every = set().union(*(self.below(n) for n in names)) if names else set()
        return {n for n in every if n != target and target in self.below(n)}


def names_in(term: Any) -> set[str]:
    return {x.symbol for x in walk(term) if isinstance(x, Entry | Label | Deriv)}
