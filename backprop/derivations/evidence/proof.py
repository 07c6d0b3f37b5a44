"""A row for every size: the difference of its sides brought to normal form, then SymPy.

Derivatives are worked out by the rules of calculus through the definitions (`calculus`); sums
are brought to one form (`normal`, on `sums`); SymPy decides whether what is left, a rational
function of atoms and roots of them, is zero (`zero`). A proof that fails says nothing: the row
stays numerically checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

from backprop.derivations.algebra.atoms import Atom, Poly, lettered, mentions
from backprop.derivations.algebra.calculus import one_step, steps_apart
from backprop.derivations.algebra.normal import Normaliser
from backprop.derivations.algebra.polynomials import NotProvable, Polynomials
from backprop.derivations.algebra.zero import is_zero
from backprop.derivations.evidence.induction import by_induction
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.rewriting import free_indices, rebuild, renamed
from backprop.derivations.meaning.terms import (
    Big,
    Call,
    Deriv,
    Entry,
    Fn,
    Mul,
    Pow,
    Slope,
    Term,
    Where,
    add,
    mul,
    num,
    walk,
)
from backprop.derivations.meaning.world import Assumption, World

OUTERMOST, DIVISORS = 4, 12  # how many inverses and denominators are multiplied out
MOST = 6  # symmetric factors: each of them doubles the terms


def difference(
    world: World,
    left: Term,
    right: Term,
    formal: frozenset[str],
    expand: frozenset[str],
    direct: bool = False,
) -> Poly:
    return gap_of(Normaliser(world, formal, expand, direct), left, right)


def gap_of(normal: Normaliser, left: Term, right: Term) -> Poly:
    a = normal.algebra
    gap = a.plus(normal.poly(renamed(left)), normal.poly(renamed(right)), -1)
    return normal.settled(gap)


def without_inverses(
    normal: Normaliser, gap: Poly, dims: dict[str, Dim], left: int = OUTERMOST
) -> Iterator[Poly]:
    """What is zero only where `gap` is: it, times the matrices of which inverses stand at its
    ends, (A + B)⁻¹ A - I as A - (A + B)."""
    yield gap
    if not left or not gap:
        return
    tried: set[tuple[Any, ...]] = set()
    for atom in sorted({a for m in gap for a, e in m if e == 1}, key=lettered):
        for inverse in inverses_in(atom):
            key, ends = inverse[1], inverse[2]
            for side in (0, 1):
                name = ends[side][1] if ends[side][0] == "v" else None
                if name not in dims or normal.sums.dims.get(key) != find(dims[name]):
                    continue
                if (key, side, name) in tried or mentions(key, ends[side]):
                    continue
                tried.add((key, side, name))
                more = normal.settled(normal.sums.freed(gap, ends[side], side, key))
                yield from without_inverses(normal, more, dims, left - 1)
                break


def inverses_in(item: Any) -> Iterator[Atom]:
    """The entries of inverses in an atom, but for those within matrices that are inverted."""
    if isinstance(item, tuple) and item and item[0] == "inv":
        yield item
    elif isinstance(item, tuple | frozenset):
        for part in item if isinstance(item, tuple) else sorted(item, key=lettered):
            yield from inverses_in(part)


def _polynomial(world: World, key: str) -> bool:
    lam = world.symbols[key].definition
    return lam is not None and not any(
        isinstance(t, Fn | Call | Deriv | Slope | Where)
        or (isinstance(t, Pow) and t.names and t.exponent != num(2))
        for t in walk(lam)
    )


def proves(
    world: World,
    left: Term,
    right: Term,
    opaque: frozenset[str],
    direct: bool = False,
    dims: dict[str, Dim] | None = None,
) -> bool:
    """Is left = right shown for all sizes? First for any functions in the place of the
    `opaque` symbols, then with definitions as far as needed."""
    defined = frozenset(
        k
        for k, s in world.symbols.items()
        if s.definition is not None
        and s.recurrence is None
        and not any(isinstance(t, Big) and t.kind != "sum" for t in walk(s.definition))
    )
    none: frozenset[str] = frozenset()
    plain = frozenset(k for k in defined if _polynomial(world, k))
    near = defined & {b for side in (left, right) for k in side.names for b in world.below(k)}
    attempts = [
        (opaque, none),
        (none, none),
        (none, plain),
        *((none, near - {k}) for k in sorted(near)),
        *((none, frozenset({k})) for k in sorted(near)),
        (none, near),
        (opaque, near - opaque),
    ]
    steps = unrolled(world, left, right)
    ways = [(world, *s) for s in dict.fromkeys((steps, (left, right), unrolled(world, *steps)))]
    if turned := symmetrised(world, *steps):
        ways.insert(0, turned)
    for where, first, second in ways:
        for formal, expand in dict.fromkeys(attempts):
            try:
                normal = Normaliser(where, formal, expand, direct)
                gap = gap_of(normal, first, second)
                if any(is_zero(g) for g in without_inverses(normal, gap, dims or {})):
                    return True
            except (NotProvable, RecursionError):
                continue
    return by_induction(world, left, right, dims or {})


def symmetric(one: Assumption) -> tuple[str, int] | None:
    r"""The A of A = A^\top, with 1, or of A^\top = -A, with -1."""
    left, right, sign = one.left, one.right, 1
    if isinstance(right, Mul) and len(right.parts) == 2 and right.parts[0] == num(-1):
        right, sign = right.parts[1], -1
    if not (isinstance(left, Entry) and isinstance(right, Entry)):
        return None
    turned = left.symbol == right.symbol and len(left.at) == 2 and left.at == right.at[::-1]
    return (left.symbol, sign) if turned and left.at[0] != left.at[1] else None


def symmetrised(world: World, *sides: Term) -> tuple[Any, ...] | None:
    """With (A + Aᵀ) / 2 in the place of each A that is assumed to be symmetric: what holds so for
    every A holds for all symmetric ones. None where there is none, or a derivative by it."""
    names = frozenset().union(*(s.names for s in sides))
    below = set().union(*(world.below(n) for n in names)) if names else set()
    found = dict(s for one in world.assumed if (s := symmetric(one)) and s[0] in below)
    bodies = [world.symbols[n].definition for n in below]
    terms = [t for body in (*sides, *bodies) if body is not None for t in walk(body)]
    if any(isinstance(t, Deriv) and t.symbol in found for t in terms):
        return None
    found = {k: sign for k, sign in found.items() if world.symbols[k].definition is None}
    if not found or sum(isinstance(t, Entry) and t.symbol in found for t in terms) > MOST:
        return None

    def change(item: object) -> object:
        if isinstance(item, Entry) and item.symbol in found:
            other = Entry(item.symbol, item.at[::-1])
            return mul(num("1/2"), add(item, mul(num(found[item.symbol]), other)))
        return item

    symbols = {
        k: replace(s, definition=rebuild(s.definition, change))
        if k in below and s.definition is not None
        else s
        for k, s in world.symbols.items()
    }
    return replace(world, symbols=symbols), *(rebuild(s, change) for s in sides)


def unrolled(world: World, left: Term, right: Term) -> tuple[Term, Term]:
    """Both sides with the later entries of a recurrence written out down to the earliest that
    they name, which exists: so do those between."""
    steps: dict[tuple[str, str], list[Entry]] = {}
    for side in (left, right):
        for item in walk(side):
            item = Entry(item.symbol, item.at) if isinstance(item, Deriv) else item
            if isinstance(item, Entry) and world.symbols[item.symbol].recurrence is not None:
                free = free_indices(item.at[0])
                if len(free) == 1:
                    steps.setdefault((item.symbol, free.pop()), []).append(item)
    earliest: dict[tuple[str, str], Entry] = {}
    for key, entries in steps.items():
        recurrence = world.symbols[key[0]].recurrence
        assert recurrence is not None
        sign = -1 if recurrence.backwards else 1
        first = entries[0]
        apart = [steps_apart(e.at[0], first.at[0]) for e in entries]
        if None not in apart:
            least = min(range(len(apart)), key=lambda k: sign * (apart[k] or 0))
            earliest[key] = entries[least]

    def change(item: object) -> object:
        if isinstance(item, Entry) and world.symbols[item.symbol].recurrence is not None:
            free = free_indices(item.at[0])
            last = earliest.get((item.symbol, next(iter(free)))) if len(free) == 1 else None
            recurrence = world.symbols[item.symbol].recurrence
            if last is None or recurrence is None:
                return item
            apart = steps_apart(item.at[0], last.at[0]) or 0
            if (-apart if recurrence.backwards else apart) <= 0:
                return item
            return rebuild(one_step(world, item), change)
        return item

    return rebuild(left, change), rebuild(right, change)


Sides = tuple[Term, Term]


def follows(
    world: World, premise: Sides, conclusion: Sides, both: bool, dims: dict[str, Dim]
) -> bool:
    """Is the gap of the conclusion the gap of the premise, times something that has a value
    (and is not zero, where it has to follow both ways)?"""
    none: frozenset[str] = frozenset()
    defined = frozenset(k for k, s in world.symbols.items() if s.definition is not None)
    ways = [(world, premise, conclusion)]
    if turned := symmetrised(world, *premise, *conclusion):
        where, *four = turned
        ways.append((where, (four[0], four[1]), (four[2], four[3])))
    for where, given, wanted in ways:
        for expand in dict.fromkeys((none, defined)):
            try:
                normal = Normaliser(where, none, expand, False)
                first, second = (gap_of(normal, *sides) for sides in (given, wanted))
                firsts = [first, *transposed(normal, first, dims)]
                for goal in without_inverses(normal, second, dims):
                    for start in firsts:
                        if start and goal and is_part(normal, start, goal, both):
                            return True
            except (NotProvable, RecursionError):
                continue
    return False


def transposed(normal: Normaliser, gap: Poly, dims: dict[str, Dim]) -> list[Poly]:
    """What holds for i and j holds for j and i where both run over the same."""
    names = list(dims)
    if len(names) != 2 or find(dims[names[0]]) != find(dims[names[1]]):
        return []
    row, column = (("v", n) for n in names)
    return [normal.settled(normal.sums.remade(gap, {row: column, column: row}))]


def is_part(normal: Normaliser, start: Poly, goal: Poly, both: bool) -> bool:
    """Is `goal` a multiple of `start`, as they are, or without what they are divided by?"""
    a, world = normal.algebra, normal.world
    if any(is_multiple(a, start, goal, world, both)):
        return True
    first, second = cleared(a, start), cleared(a, goal)
    return any(is_multiple(a, first, second, world, both))


def cleared(a: Polynomials, p: Poly) -> Poly:
    """A sum of fractions by its numerator; what it is divided by is not 0."""
    for _ in range(DIVISORS):
        below = sorted({x for m in p for x, e in m if e < 0 and e.denominator == 1}, key=lettered)
        if not below:
            return p
        p = a.without(below[0], p)
    raise NotProvable


def is_multiple(
    a: Polynomials, first: Poly, second: Poly, world: World, both: bool
) -> Iterator[bool]:
    def unit(atom: Atom) -> bool:
        symbol = world.symbols.get(atom[1]) if atom[0] == "entry" else None
        return atom[0] in ("size", "exp") or (symbol is not None and symbol.positive)

    mono, c = min(second.items(), key=lambda item: lettered(item[0]))
    for other, d in first.items():
        powers = dict(mono)
        for atom, e in other:
            powers[atom] = powers.get(atom, Fraction(0)) - e
        ratio = {atom: e for atom, e in powers.items() if e}
        if all(unit(atom) or (e > 0 and not both) for atom, e in ratio.items()):
            factor: Poly = {frozenset(ratio.items()): c / d}
            yield not a.plus(a.times(first, factor), second, -1)
