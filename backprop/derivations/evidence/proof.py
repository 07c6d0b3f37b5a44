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

from backprop.derivations.algebra.atoms import Atom, Poly, lettered
from backprop.derivations.algebra.calculus import one_step, steps_apart
from backprop.derivations.algebra.normal import Normaliser
from backprop.derivations.algebra.polynomials import NotProvable, Polynomials
from backprop.derivations.algebra.zero import is_zero
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

MOST = 6  # symmetric factors: each of them doubles the terms


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
        or (isinstance(t, Pow) and t.names and t.exponent != num(2))
        for t in walk(lam)
    )


def proves(
    world: World, left: Term, right: Term, opaque: frozenset[str], direct: bool = False
) -> bool:
    """Is left = right shown for all sizes? First for any functions in the place of the
    `opaque` symbols, then with definitions as far as needed."""
    left, right = unrolled(world, left, right)
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
    ways = [(world, left, right)]
    if turned := symmetrised(world, left, right):
        ways.insert(0, turned)
    for where, first, second in ways:
        for formal, expand in dict.fromkeys(attempts):
            try:
                if is_zero(difference(where, first, second, formal, expand, direct)):
                    return True
            except (NotProvable, RecursionError):
                continue
    return False


def symmetric(one: Assumption) -> tuple[str, int] | None:
    r"""The A of A = A^\top, with 1, or of A^\top = -A, with -1."""
    left, right, sign = one.left, one.right, 1
    if isinstance(right, Mul) and len(right.parts) == 2 and right.parts[0] == num(-1):
        right, sign = right.parts[1], -1
    if not (isinstance(left, Entry) and isinstance(right, Entry)):
        return None
    turned = left.symbol == right.symbol and len(left.at) == 2 and left.at == right.at[::-1]
    return (left.symbol, sign) if turned and left.at[0] != left.at[1] else None


def symmetrised(world: World, left: Term, right: Term) -> tuple[World, Term, Term] | None:
    """With (A + Aᵀ) / 2 in the place of each A that is assumed to be symmetric: what holds so for
    every A holds for all symmetric ones. None where there is none, or a derivative by it."""
    names = left.names | right.names
    below = set().union(*(world.below(n) for n in names)) if names else set()
    found = dict(s for one in world.assumed if (s := symmetric(one)) and s[0] in below)
    bodies = [world.symbols[n].definition for n in below]
    terms = [t for body in (left, right, *bodies) if body is not None for t in walk(body)]
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
    return replace(world, symbols=symbols), rebuild(left, change), rebuild(right, change)


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


def follows(world: World, premise: Sides, conclusion: Sides, both: bool) -> bool:
    """Is the gap of the conclusion the gap of the premise, times something that has a value
    (and is not zero, where it has to follow both ways)?"""
    none: frozenset[str] = frozenset()
    defined = frozenset(k for k, s in world.symbols.items() if s.definition is not None)
    for expand in dict.fromkeys((none, defined)):
        try:
            normal = Normaliser(world, none, expand, False)
            a = normal.algebra
            first, second = (
                normal.settled(a.plus(normal.poly(renamed(left)), normal.poly(renamed(right)), -1))
                for left, right in (premise, conclusion)
            )
            if first and second and any(is_multiple(a, first, second, world, both)):
                return True
        except (NotProvable, RecursionError):
            continue
    return False


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
