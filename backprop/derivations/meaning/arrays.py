"""Shapes: how vectors and matrices combine, each given by its entries.

A vector is a column: A x, x^T y and x y^T mean what they mean on paper. Adding a vector to a
matrix spreads it along the one axis that its length names (rows of X W + b), and is refused
where two axes could be meant.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.rewriting import fresh, renamed
from backprop.derivations.meaning.terms import (
    ZERO,
    Add,
    At,
    Big,
    Det,
    Index,
    Inverse,
    Lam,
    Pow,
    Term,
    Test,
    Var,
    Where,
    mul,
    num,
)
from backprop.derivations.problems import Unreadable


@dataclass(frozen=True)
class Array:
    """A number (shape ()), vector or matrix: its lengths and its entry at given positions."""

    shape: tuple[Dim, ...]
    at: Callable[[tuple[Index, ...]], Term]

    @property
    def term(self) -> Term:
        return self.at(())


Span = tuple[int, int, str]  # where in the TeX, and that piece of it


def scalar(term: Term) -> Array:
    return Array((), lambda _: term)


def columns(a: Array) -> Array:
    """n × 1 is a vector, 1 × 1 a number; everything else stays."""
    shape = tuple(find(d) for d in a.shape)
    first = At(None, 0)
    if shape == (1, 1):
        return scalar(a.at((first, first)))
    if len(shape) == 2 and shape[1] == 1:
        return Array(shape[:1], lambda p: a.at((p[0], first)))
    return a


def transpose(a: Array, span: Span) -> Array:
    if len(a.shape) == 1:
        return Array((1, a.shape[0]), lambda p: a.at((p[1],)))
    if len(a.shape) == 2:
        return columns(Array(a.shape[::-1], lambda p: a.at((p[1], p[0]))))
    raise Unreadable(
        "unsupported", span[0], span[1], found=span[2], why="^T: not a vector or matrix"
    )


def _clash(a: Array, b: Array, span: Span, hint: str = "") -> Unreadable:
    return Unreadable(
        "shape",
        span[0],
        span[1],
        left=show_shape(a.shape),
        right=show_shape(b.shape),
        found=" ".join(span[2].split()),
        hint=hint,
    )


def entrywise(parts: list[Array], combine: Callable[[list[Term]], Term], span: Span) -> Array:
    """Arrays combined entry by entry, numbers and vectors spread where that is unambiguous."""
    widest = max(parts, key=lambda a: len(a.shape))
    shape = list(widest.shape)
    for a in parts:  # a row or column of one gives way to the length it is spread over
        if len(a.shape) == len(shape):
            shape = [d if find(s) == 1 else s for s, d in zip(shape, a.shape, strict=True)]
    # equal ranks first, so that lengths not known yet are found before vectors are placed
    order = sorted(range(len(parts)), key=lambda i: -len(parts[i].shape))
    found: dict[int, tuple[int | None, ...]] = {}
    for i in order:
        found[i] = _place(parts[i], shape, widest, span)
    places = [found[i] for i in range(len(parts))]

    def at(p: tuple[Index, ...]) -> Term:
        return combine(
            [
                a.at(tuple(At(None, 0) if axis is None else p[axis] for axis in place))
                for a, place in zip(parts, places, strict=True)
            ]
        )

    return Array(tuple(shape), at)


def _place(a: Array, shape: list[Dim], widest: Array, span: Span) -> tuple[int | None, ...]:
    """For each axis of `a` the axis of the result it runs along (None: length 1, spread)."""
    if len(a.shape) == len(shape):
        axes: list[int | None] = []
        for axis, length in enumerate(a.shape):
            if find(length) == 1 and find(shape[axis]) != 1:
                axes.append(None)
            elif unify(length, shape[axis]):
                axes.append(axis)
            else:
                raise _clash(widest, a, span)
        return tuple(axes)
    if not a.shape:
        return ()
    if len(a.shape) == 1:
        if isinstance(find(a.shape[0]), Unknown):
            raise _clash(widest, a, span)
        fits = [k for k, d in enumerate(shape) if find(d) == find(a.shape[0])]
        if len(fits) == 1:
            return (fits[0],)
        if len(fits) > 1:
            raise _clash(widest, a, span, " (1 b^T or b 1^T ?)")
    raise _clash(widest, a, span)


def plus(parts: list[Array], span: Span) -> Array:
    return entrywise([columns(p) for p in parts], lambda t: Add(tuple(t)), span)


def hadamard(a: Array, b: Array, span: Span) -> Array:
    return entrywise([columns(a), columns(b)], lambda t: mul(*t), span)


def over(a: Array, b: Array, span: Span) -> Array:
    return entrywise([columns(a), columns(b)], lambda t: mul(t[0], Pow(t[1], num(-1))), span)


def times(a: Array, b: Array, span: Span, dot: bool = False) -> Array:
    """The product of two arrays standing side by side (`dot`: with a dot between)."""
    a, b = columns(a), columns(b)
    if not a.shape or not b.shape:
        n = len(a.shape)
        return Array(a.shape + b.shape, lambda p: mul(a.at(p[:n]), b.at(p[n:])))
    if len(a.shape) == 1 and len(b.shape) == 1:
        if not dot:
            raise _clash(a, b, span, " (a^\\top b, a b^\\top, a \\odot b ?)")
        if not unify(a.shape[0], b.shape[0]):
            raise _clash(a, b, span)
        return scalar(contract(a.shape[0], lambda k: mul(a.at((k,)), b.at((k,)))))
    if len(a.shape) == 2 and len(b.shape) in (1, 2):
        if not unify(a.shape[1], b.shape[0]):
            raise _clash(a, b, span)
        product = Array(
            (a.shape[0], *b.shape[1:]),
            lambda p: contract(a.shape[1], lambda k: mul(a.at((p[0], k)), b.at((k, *p[1:])))),
        )
        if len(b.shape) == 1 and find(a.shape[0]) == 1:
            return scalar(product.at((At(None, 0),)))
        return columns(product)
    if len(a.shape) == 1 and len(b.shape) == 2 and unify(b.shape[0], 1):
        return Array(
            (a.shape[0], b.shape[1]), lambda p: mul(a.at((p[0],)), b.at((At(None, 0), p[1])))
        )
    raise _clash(a, b, span)


def contract(dim: Dim, body: Callable[[Index], Term], kind: str = "sum") -> Term:
    k = fresh("k")
    return Big(kind, k, dim, body(Var(k)))


def total(a: Array, entry: Callable[[Term], Term]) -> Term:
    """The sum over all entries of `a` of `entry` of each."""

    def step(left: tuple[Dim, ...], done: tuple[Index, ...]) -> Term:
        if not left:
            return entry(a.at(done))
        return contract(left[0], lambda k: step(left[1:], (*done, k)))

    return step(a.shape, ())


def diagonal(a: Array, span: Span) -> Array:
    """diag: of a vector the matrix, of a matrix the vector."""
    a = columns(a)
    if len(a.shape) == 1:
        return Array(
            (a.shape[0], a.shape[0]),
            lambda p: mul(Test("=", p[0], p[1]), a.at((p[0],))),
        )
    if len(a.shape) == 2 and unify(*a.shape):
        return Array(a.shape[:1], lambda p: a.at((p[0], p[0])))
    raise Unreadable("unsupported", span[0], span[1], found=span[2], why="diag: not square")


def trace(a: Array, span: Span) -> Array:
    if len(a.shape) == 2 and unify(*a.shape):
        return scalar(contract(a.shape[0], lambda k: a.at((k, k))))
    raise Unreadable("unsupported", span[0], span[1], found=span[2], why="tr: not square")


def matrix(a: Array, span: Span, what: str) -> Lam:
    """A square matrix by its entries."""
    if len(a.shape) != 2 or not unify(*a.shape):
        raise Unreadable("unsupported", span[0], span[1], found=span[2], why=f"{what}: not square")
    names = fresh("i"), fresh("j")
    return Lam(tuple((n, a.shape[0]) for n in names), a.at(tuple(Var(n) for n in names)))


def inverse(a: Array, span: Span) -> Array:
    lam = matrix(a, span, "^{-1}")
    return Array(a.shape, lambda p: Inverse(renamed(lam), p))


def determinant(a: Array, span: Span) -> Array:
    return scalar(Det(matrix(a, span, "\\det")))


def listed(rows: list[list[Array]], span: Span) -> Array:
    """A matrix whose entries are all written out."""
    if len({len(r) for r in rows}) != 1 or any(c.shape for r in rows for c in r):
        raise Unreadable("unsupported", span[0], span[1], found=span[2], why="ragged matrix")

    def pick(items: list[Term], p: Index) -> Term:
        value = items[-1]
        for k in range(len(items) - 2, -1, -1):
            value = Where(Test("=", p, At(None, k)), items[k], value)
        return value

    def at(p: tuple[Index, ...]) -> Term:
        return pick([pick([c.term for c in row], p[1]) for row in rows], p[0])

    return columns(Array((len(rows), len(rows[0])), at))


def zeros(shape: tuple[Dim, ...]) -> Array:
    return Array(shape, lambda _: ZERO)
