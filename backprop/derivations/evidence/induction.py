r"""A row for every step, by the one before it: x_t = a^t x_0 where x_t = a x_{t-1}.

What a row claims of the first step is shown; what it claims of the next is a multiple of what it
claims of this one. The same for lengths, \sum_{k=1}^n k = n (n + 1) / 2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from backprop.derivations.algebra.atoms import Atom, Poly, lettered, mentions
from backprop.derivations.algebra.calculus import one_step
from backprop.derivations.algebra.normal import Normaliser
from backprop.derivations.algebra.polynomials import NotProvable
from backprop.derivations.algebra.zero import is_zero
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.rewriting import free_indices, rebuild, renamed, substitute
from backprop.derivations.meaning.terms import (
    ONE,
    ZERO,
    Add,
    Affine,
    At,
    Big,
    Const,
    Deriv,
    Entry,
    Fn,
    Index,
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
    num,
    walk,
)
from backprop.derivations.meaning.world import World

NONE: frozenset[str] = frozenset()
ONLY = (Num, Size, Const, Position, Entry, Add, Mul, Pow, Big, At, Var, Shift, Affine, Fn)
LONGEST = 4  # how long the shortest length may be that is written out
Change = Callable[[Term], Term]


def by_induction(world: World, left: Term, right: Term, dims: dict[str, Dim]) -> bool:
    """Is a row shown from its first step on, or from its shortest length?"""
    if any(isinstance(t, Deriv | Slope) for side in (left, right) for t in walk(side)):
        return False
    plain = frozenset(
        k for k, s in world.symbols.items() if s.definition is not None and s.recurrence is None
    )
    ways = [*steps(world, left, right, dims), *([] if dims else lengths(world, left, right))]
    for changes in ways:
        for expand in dict.fromkeys((NONE, plain)):
            try:
                if shown(Normaliser(world, NONE, expand, False), (left, right), *changes):
                    return True
            except (NotProvable, RecursionError):
                continue
    return False


def shown(
    normal: Normaliser, sides: tuple[Term, Term], first: Change, this: Change, following: Change
) -> bool:
    def gap(change: Change) -> Poly:
        a = normal.algebra
        one, other = (normal.poly(renamed(change(side))) for side in sides)
        return normal.settled(a.plus(one, other, -1))

    if not is_zero(gap(first)):
        return False
    here, there = gap(this), gap(following)
    a = normal.algebra
    return any(is_zero(a.plus(there, a.times(factor, here), -1)) for factor in factors(here, there))


def factors(here: Poly, there: Poly) -> Iterator[Poly]:
    """By what the claim of a step may be multiplied in that of the next: by 1, or as an entry in
    it is."""
    yield {frozenset(): num(1).value}
    for mono in sorted(here, key=lettered):
        if len(mono) != 1:
            continue
        ((atom, e),) = mono
        if e == 1 and atom[0] in ("entry", "sum") and not inside(atom, here, mono):
            found = {m - {(atom, e)}: c / here[mono] for m, c in there.items() if (atom, e) in m}
            if found:
                yield found
    if not here:
        return
    mono = min(here, key=lettered)
    for other, c in there.items():
        powers = dict(other)
        for atom, e in mono:
            powers[atom] = powers.get(atom, num(0).value) - e
        if all(e >= 0 or atom[0] in ("exp", "size") for atom, e in powers.items()):
            yield {frozenset((a, e) for a, e in powers.items() if e): c / here[mono]}


def inside(atom: Atom, p: Poly, own: Any) -> bool:
    return any(mentions(m, atom) for m in p if m != own)


# --- steps ---------------------------------------------------------------------------------------


def steps(
    world: World, left: Term, right: Term, dims: dict[str, Dim]
) -> Iterator[tuple[Change, Change, Change]]:
    """The indices that a row may be shown by: of a recurrence, or up to which sums run."""
    found: set[str] = set()
    apart: set[str] = set()  # what runs over something else than a sum that ends there
    for item in (t for side in (left, right) for t in walk(side)):
        if isinstance(item, Entry) and (own := world.symbols[item.symbol].recurrence) is not None:
            if own.backwards:
                return
            found |= free_indices(item.at[0])
        if isinstance(item, Big) and item.test is not None:
            ends = (free_indices(item.test) - {item.var}) & dims.keys()
            found |= ends
            apart |= {e for e in ends if find(item.dim) != find(dims[e])}
    for name in sorted((found & dims.keys()) - apart):
        count = Var(name)
        entries = [t for s in (left, right) for t in walk(s) if is_step(world, t, name)]
        behind = max((parted(t.at[0])[1] for t in entries), default=0)
        named = {t.symbol for t in entries}
        every = {k for k, s in world.symbols.items() if s.recurrence is not None}
        for symbols in [named, every] if named != every else [named]:
            at = partial(at_step, world, name=name, behind=behind, symbols=symbols)
            yield (
                partial(at, place=At(None, 0)),
                partial(at, place=count),
                partial(at, place=Shift(count, 1)),
            )


def at_step(
    world: World, term: Term, name: str, place: Index, behind: int, symbols: set[str]
) -> Term:
    """A side at a step; entries of these recurrences further `behind` by those before them."""
    reach = parted(place)[1]

    def change(item: Any) -> Any:
        if isinstance(item, Test) and not isinstance(item.left, Term):
            return tested(item, reach)
        if not isinstance(item, Entry) or item.symbol not in symbols:
            return item
        symbol = world.symbols[item.symbol]
        if symbol.recurrence is None or symbol.definition is None:
            return item
        count, offset = parted(item.at[0])
        if count is None and offset == 0:
            assert isinstance(symbol.definition.body, Where)
            names = dict(zip((v for v, _ in symbol.definition.vars), item.at, strict=True))
            return rebuild(substitute(renamed(symbol.definition.body.yes), names), change)
        if count is None or (count == Var(name) and offset > behind):
            return rebuild(one_step(world, item), change)
        return item

    found: Term = rebuild(substitute(term, {name: place}), change)
    return found


def is_step(world: World, item: Any, name: str) -> bool:
    """Is it an entry of a recurrence at a position that an index tells?"""
    if not isinstance(item, Entry) or world.symbols[item.symbol].recurrence is None:
        return False
    return parted(item.at[0])[0] == Var(name)


def parted(index: Index) -> tuple[Var | None, int]:
    """A position as an index and how far behind it, or as a number."""
    if isinstance(index, Var):
        return index, 0
    if isinstance(index, At) and index.dim is None:
        return None, index.offset
    if isinstance(index, Shift):
        count, offset = parted(index.var)
        return count, offset + index.by
    if isinstance(index, Affine) and index.coefs == (1,):
        count, offset = parted(index.over[0])
        return count, offset + index.offset
    if isinstance(index, Affine) and not index.over:
        return None, index.offset
    raise NotProvable


def tested(test: Test, reach: int) -> Term:
    """A comparison of positions, which are not negative, at a step: k <= t + 1 as k <= t or
    k = t + 1. reach: how far behind t there are positions, for certain."""
    assert not isinstance(test.left, Term)
    assert not isinstance(test.right, Term)
    if test.op in (">", ">="):
        return tested(Test({">": "<", ">=": "<="}[test.op], test.right, test.left), reach)
    if test.op not in ("<", "<="):
        return test
    (first, less), (second, more) = parted(test.left), parted(test.right)
    gap = more - less + (test.op == "<=")  # first < second + gap
    if first == second:
        return ONE if gap > 0 else ZERO
    if first is None:
        if gap > 0:
            return ONE
        raise NotProvable
    if second is None:
        if gap > 1:
            raise NotProvable
        return Test("=", first, At(None, 0)) if gap == 1 else ZERO
    if not 0 <= gap <= reach + 1:
        raise NotProvable
    if gap == 0:
        return add(Test("<=", first, second), mul(num(-1), Test("=", first, second)))
    rest = [Test("=", first, Shift(second, k)) for k in range(1, gap)]
    return add(Test("<=", first, second), *rest)


# --- lengths -------------------------------------------------------------------------------------


def lengths(world: World, left: Term, right: Term) -> Iterator[tuple[Change, Change, Change]]:
    """The lengths that a row without indices may be shown by: of sums over them, and nothing
    else."""
    terms = [t for side in (left, right) for t in walk(side)]
    names = left.names | right.names
    if world.assumed or any(world.symbols[n].definition or world.symbols[n].law for n in names):
        return
    if not all(isinstance(t, ONLY) for t in terms):
        return
    sums = [t for t in terms if isinstance(t, Big)]
    if not sums or any(t.kind != "sum" or t.test or t.low or t.high for t in sums):
        return
    for name in sorted({s for t in sums for s in sizes_in(world, find(t.dim))}):
        least = world.sizes.get(name)
        if least is None or least > LONGEST:
            continue
        at = partial(at_length, world, name=name)
        yield partial(at, length=least), partial(at, length=0), partial(at, length=None)


def sizes_in(world: World, dim: Any) -> set[str]:
    if dim in world.derived:
        coefs, _ = world.derived[dim]
        return {n for n, c in coefs if c == 1}
    return {dim} if isinstance(dim, str) else set()


def at_length(world: World, term: Term, name: str, length: int | None) -> Term:
    """A side where a length is a number, 0 for what it is, or by 1 longer."""
    if length == 0:
        return term

    def change(item: Any) -> Any:
        if isinstance(item, At) and item.dim is not None and name in sizes_in(world, item.dim):
            raise NotProvable
        if isinstance(item, Size) and name in sizes_in(world, dim := find(item.dim)):
            return num(length + more_than(world, dim)) if length else add(item, num(1))
        if not isinstance(item, Big) or name not in sizes_in(world, dim := find(item.dim)):
            return item
        if length is None:
            last = substitute(renamed(item.body), {item.var: At(dim, 0)})
            return add(item, last)
        count = length + more_than(world, dim)
        if not 0 <= count <= 2 * LONGEST:
            raise NotProvable
        each = [substitute(renamed(item.body), {item.var: At(None, k)}) for k in range(count)]
        return add(*each) if each else ZERO

    found: Term = rebuild(term, change)
    return found


def more_than(world: World, dim: Any) -> int:
    """The 1 of n + 1."""
    if dim not in world.derived:
        return 0
    coefs, const = world.derived[dim]
    if len(coefs) != 1:
        raise NotProvable
    return const
