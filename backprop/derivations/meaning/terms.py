"""What a formula means: numbers over index variables, everything in index form.

A row in matrix form is read entry by entry, so that one evaluator (evaluate.py) and one
prover (proof.py) serve both forms. Positions count from 0 inside; where an author counts
from is the business of the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

from backprop.derivations.meaning.lengths import Dim

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


@dataclass(frozen=True)
class Affine:
    """x_{i+k}, y_{2i+a}: a position counted from several indices; it may leave its axis."""

    coefs: tuple[int, ...]
    over: tuple[Index, ...]
    offset: int


Index = Var | At | Shift | Label | Affine


# --- numbers -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Term:
    """Base of everything that is a number at given positions."""

    # A term never changes, and numbers are drawn for it thousands of times.
    @cached_property
    def names(self) -> frozenset[str]:
        """The symbols that it mentions."""
        return frozenset(x.symbol for x in walk(self) if isinstance(x, Entry | Label | Deriv))

    @cached_property
    def differentiates(self) -> bool:
        """Whether there is a derivative in it."""
        return any(isinstance(x, Deriv) for x in walk(self))


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
class Inverse(Term):
    """An entry of the inverse of a square matrix."""

    matrix: Lam
    at: tuple[Index, ...]


@dataclass(frozen=True)
class Det(Term):
    """The determinant of a square matrix."""

    matrix: Lam


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
    if any(q == ZERO for q in flat) and not any(
        isinstance(q, Pow) and q.base == ZERO for q in flat
    ):
        return ZERO  # but 0 / 0 is no number
    return flat[0] if len(flat) == 1 else Mul(tuple(flat)) if flat else ONE


def neg(part: Term) -> Term:
    return mul(num(-1), part)


def divide(a: Term, b: Term) -> Term:
    return a if b == ONE else mul(a, Pow(b, num(-1)))


def field_names(value: Any) -> tuple[str, ...]:
    kind: Any = type(value)
    return _field_names(kind)


@cache
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind))


def parts_of(value: Any) -> list[Any]:
    """The fields of a term or position that are terms or positions themselves."""
    parts: list[Any] = []
    for name in field_names(value):
        item = getattr(value, name)
        if isinstance(item, tuple):
            parts += [x for x in item if isinstance(x, _PARTS)]
        elif isinstance(item, _PARTS):
            parts.append(item)
    return parts


_PARTS = (Term, Var, At, Shift, Label, Affine)


def walk(value: Any) -> Iterator[Any]:
    """A term or position and everything in it, what contains before what is contained."""
    todo = [value]
    while todo:
        value = todo.pop()
        yield value
        todo += reversed(parts_of(value))
