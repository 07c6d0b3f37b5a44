r"""Along lines, as far as numbers go: [x > 10^{-100}] = [x > 0] fails between two places where its
comparisons turn, and \max(x, -10^9) = x behind one. No random number stands there.

A variable, an entry of an array, or all numbers by one factor run through everything that is
declared of them. Where the comparisons of a row turn on the way is found by bisection; the row is
tried between any two such places, behind the last ones, and at them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from itertools import pairwise, product

import numpy as np

from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.precise import exactness, gap_at
from backprop.derivations.evidence.rounding import is_rounding
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import draw_instance, satisfy
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import EDGE, OutsideDomainError, Value, apply, real
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.rewriting import free_indices
from backprop.derivations.meaning.terms import (
    Add,
    Big,
    Deriv,
    Fn,
    Lam,
    Num,
    Pow,
    Slope,
    Term,
    Test,
    num,
    parts_of,
    walk,
)
from backprop.derivations.meaning.world import Assumption, Symbol
from backprop.derivations.problems import Unreadable
from backprop.derivations.verdicts import Difference

BATCH = "@line"
PAIRS, VARIABLES, TRIED = 6, 4, 40  # the most that are tried: comparisons, lines, places on one
ROUNDS = 64  # of bisection, and of the search for a maximum
RIDGES = 12  # maxima that are looked at more closely
POWERS = np.concatenate(
    [np.arange(-300.0, -20, 20), np.arange(-18, 18.5, 0.5), np.arange(20.0, 301, 20)]
)
NEAR = np.arange(-20, 20.25, 0.25)
WHOLE = np.arange(-2.0, 3)
TURNED = 2  # of the numbers that grow together, those that do so with either sign
FEW_ROUNDS, FEW_RIDGES, MOST_TIED = 24, 1, 240  # the same where each place takes Newton's method
AROUND = np.concatenate([-(10.0 ** np.arange(1, -8, -0.5)), 10.0 ** np.arange(-7.5, 1.5, 0.5)])
TINY = 1e-8  # a number in a row that is smaller may be all that differs
MUCH = 1e-6  # relative: what differs where slopes are compared
AWAY = 1e6  # how many times as large as all else numbers are tried where slopes are compared
ALIKE = 1e-12  # relative: what differs by less is left to the other samples
CLOSE = 1e-9  # relative: sides that may be equal
ROUNDED = 1e-13  # relative to the summands: sides that are


@dataclass
class Line:
    """What moves, from one sample: its values for a place on the line, and which places there
    are. tied: what else is assumed of it follows, one place after the other."""

    instance: Sample
    values: dict[str, Callable[[np.ndarray], np.ndarray]]
    places: np.ndarray
    tied: bool = False
    known: dict[float, Scope | None] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return FEW_ROUNDS if self.tied else ROUNDS

    @property
    def ridges(self) -> int:
        return FEW_RIDGES if self.tied else RIDGES

    def scope(self, instances: Instances, place: float) -> Scope:
        """The values of symbols at one place. Raises `OutsideDomainError`."""
        if place in self.known:
            known = self.known[place]
            if known is None:
                raise OutsideDomainError("assumptions")
            return known
        instance = copy(self.instance)
        instance.variables = dict(instance.variables)
        instance.patterns, instance.kept, instance.steady = {}, {}, set()
        for key, value in self.values.items():
            instance.variables[key] = np.asarray(value(np.asarray([place]))[0])
        found = Scope(instance, {}, direct=instances.direct)
        if self.tied:
            self.known[place] = None
            if len(self.known) > MOST_TIED:
                raise OutsideDomainError("assumptions")
            instance.fixed = set(self.values)
            with np.errstate(all="ignore"):
                satisfy(instance)
            self.known[place] = found
        return found

    def along(
        self, instances: Instances, term: Callable[[Scope], Value], places: np.ndarray
    ) -> np.ndarray:
        """A row of numbers for each place, of nan where there are none."""
        if self.tied and len(places) > 1:
            rows = [self.along(instances, term, p[None]) for p in places]
            wide = max(r.shape[1] for r in rows)
            return np.concatenate([np.broadcast_to(r, (1, wide)) for r in rows])
        try:
            if self.tied:
                alone = term(self.scope(instances, float(places[0])))
                return np.asarray(real(alone.array)).reshape(1, -1)
            scope = Scope(self.instance, {}, direct=instances.direct)
            for key, moves in self.values.items():
                found = moves(places)
                axes = (BATCH, *(f"#{k}" for k in range(found.ndim - 1)))
                scope = scope.moved(key, Value(axes, found), None)
            value = term(scope)
        except OutsideDomainError:
            if len(places) == 1:
                return np.full((1, 1), np.nan)
            middle = len(places) // 2
            halves = [self.along(instances, term, p) for p in (places[:middle], places[middle:])]
            if halves[0].shape[1] != halves[1].shape[1]:  # of nothing but nan
                wide = max(h.shape[1] for h in halves)
                halves = [
                    np.broadcast_to(h, (len(h), wide)) if h.shape[1] == 1 else h for h in halves
                ]
            return np.concatenate(halves)
        rest = tuple(n for n in value.names if n != BATCH)
        array = real(value.along((BATCH, *rest)))
        return np.broadcast_to(array, (len(places), *array.shape[1:])).reshape(len(places), -1)


def lines(instances: Instances, equation: Equation, pairs: list[Assumption]) -> Iterator[Line]:
    """The lines on which a row is tried."""
    world = instances.world
    tied = set().union(
        *(world.below(n) for a in world.assumed for n in a.left.names | a.right.names)
    )
    every = sorted(equation.rests_on(world) - tied)
    free = [world.symbols[k] for k in every if is_free(world.symbols[k])]
    bound = [
        world.symbols[k]
        for k in sorted(equation.rests_on(world) & tied)
        if is_free(world.symbols[k])
    ]
    starts: list[Sample] = []
    for number in range(2):
        try:
            starts.append(instances.scope(number, False, {}).instance)
        except OutsideDomainError:
            continue
    for symbol in bound[:2] if starts else []:
        start = starts[0]
        here = float(start.variables[symbol.key].reshape(-1)[0])
        some = places(symbol, here)
        some = np.union1d(some[:: max(1, len(some) // 28)], some[np.isin(some, WHOLE)])
        yield Line(start, {symbol.key: one_entry(start, symbol)}, some, tied=True)
    if not free:
        return
    for pair in pairs[:2]:
        try:
            there = copy(world)
            there.assumed = [*world.assumed, pair]
            moved = draw_instance(there, 0, kind=EDGE)
            start = copy(moved)
            start.world, start.kind = world, ""
            starts.append(start)
        except OutsideDomainError:
            continue
    for start in starts:
        for symbol in free[:VARIABLES]:
            here = float(start.variables[symbol.key].reshape(-1)[0])
            yield Line(start, {symbol.key: one_entry(start, symbol)}, places(symbol, here))
    if len(free) > 1 or free[0].shape:
        whole = [s for s in free if s.bounds == (None, None)]
        scaled = {s.key: starts[0].variables[s.key] for s in whole} if starts else {}
        sizes = 10.0**POWERS
        positive = any(s.positive for s in whole)
        for signs in directions(len(scaled), positive or len(pairs) < 2):
            values = {k: times(v * s) for (k, v), s in zip(scaled.items(), signs, strict=True)}
            yield Line(starts[0], values, sizes if positive else both(sizes))


def directions(count: int, one: bool) -> Iterator[tuple[int, ...]]:
    """The signs with which so many numbers grow together: `one` way, or the first ones each way,
    for [x > 30] [y < -30] fails where one grows and the other shrinks."""
    turned = min(count - 1, 0 if one else TURNED)
    if count:
        for signs in product((1, -1), repeat=turned):
            yield (*signs, *([1] * (count - turned)))


def is_free(symbol: Symbol) -> bool:
    return symbol.kind == "variable" and symbol.law is None and not symbol.binary


def one_entry(start: Sample, symbol: Symbol) -> Callable[[np.ndarray], np.ndarray]:
    """The first entry of a variable takes the values of the places, the others stay."""
    old = start.variables[symbol.key]

    def value(at: np.ndarray) -> np.ndarray:
        found = np.repeat(old[None], len(at), axis=0)
        found.reshape(len(at), -1)[:, 0] = at
        return found

    return value


def times(old: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    return lambda at: at.reshape(-1, *([1] * old.ndim)) * old


def both(sizes: np.ndarray) -> np.ndarray:
    return np.concatenate([-sizes[::-1], [0.0], sizes])


def places(symbol: Symbol, here: float) -> np.ndarray:
    """Numbers that a variable may be, in order: near and far, and close to its bounds, and to
    what it is."""
    low, high = (None if b is None else float(b) for b in symbol.bounds)
    if low is None and symbol.positive:
        low = 0.0
    sizes = 10.0**POWERS
    if low is None and high is None:
        found = np.concatenate([both(sizes), NEAR, here + AROUND])
        return np.unique(found[found != 0] if symbol.nonzero else found)
    if low is not None and high is not None:
        small = (high - low) * 10.0 ** POWERS[POWERS < -0.4]
        found = np.concatenate(
            [low + small, high - small, low + (high - low) * np.arange(1, 64) / 64]
        )
    elif low is not None:
        found = np.concatenate([low + sizes, low + NEAR])
    else:
        assert high is not None
        found = np.concatenate([high - sizes, high + NEAR])
    least, most = (-np.inf if low is None else low), (np.inf if high is None else high)
    found = np.append(found, here + AROUND)
    inside = (found > least) & (found < most)
    ends = [b for b, c in zip((low, high), symbol.closed, strict=True) if b is not None and c]
    return np.unique(np.concatenate([found[inside], ends]))


# --- comparisons ---------------------------------------------------------------------------------


def comparisons(
    term: Term,
    dims: dict[str, Dim],
    found: dict[tuple[Term, Term], dict[str, Dim]],
    nameless: bool = False,
) -> None:
    """Collects what is compared, also by maxima and absolute values, with the lengths of its
    indices. nameless: without symbols, instead of with some."""
    if isinstance(term, Slope):
        return
    if isinstance(term, Big):
        dims = {**dims, term.var: find(term.dim)}
    elif isinstance(term, Lam):
        dims = {**dims, **{v: find(d) for v, d in term.vars}}
    for left, right in compared_in(term):
        free = free_indices(left) | free_indices(right)
        if bool(left.names | right.names) != nameless and free <= dims.keys():
            found.setdefault((left, right), {k: dims[k] for k in sorted(free)})
    for part in parts_of(term):
        if isinstance(part, Term):
            comparisons(part, dims, found, nameless)


def compared_in(term: Term) -> list[tuple[Term, Term]]:
    if isinstance(term, Test) and isinstance(term.left, Term) and isinstance(term.right, Term):
        return [(term.left, term.right)]
    if isinstance(term, Fn) and term.name in ("sign", "abs"):
        return [(term.args[0], num(0))]
    if isinstance(term, Fn) and term.name in ("max", "min"):
        return [(a, b) for k, a in enumerate(term.args) for b in term.args[:k]]
    if isinstance(term, Pow) and not whole(term.exponent) and term.base.names:
        return [(rooted(term.base), num(0))]
    return []


def whole(exponent: Term) -> bool:
    return isinstance(exponent, Num) and exponent.value.denominator == 1


def rooted(term: Term) -> Term:
    """What a root is of, where that is a power."""
    return rooted(term.base) if isinstance(term, Pow) and whole(term.exponent) else term


def turns(instances: Instances, line: Line, pair: Assumption) -> list[float]:
    """Where the two sides of a comparison are equal on a line."""

    def gap(scope: Scope) -> Value:
        sides = scope.of(pair.left, pair.dims), scope.of(pair.right, pair.dims)
        return apply(np.subtract, *sides)

    def measured(at: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return line.along(instances, gap, at)

    values = measured(line.places)
    found: list[float] = []
    columns = [k for k in range(min(values.shape[1], 8)) if is_moving(values[:, k])]
    extremes = ridges(measured, line, values, columns)
    for column in columns:

        def one(at: np.ndarray, column: int = column) -> np.ndarray:
            return of(measured(at), column)

        g, at, tops = values[:, column], line.places, extremes[column]
        found += list(at[g == 0][:4])
        ends = [(at[:-1], at[1:], g[:-1], g[1:])]
        if len(tops):
            near = ROUNDED * np.nanmax(np.abs(g[np.isfinite(g)]), initial=0)
            found += [t for t, m in zip(tops, one(tops), strict=True) if abs(m) <= near]
            order = np.sort(np.concatenate([at, tops]))
            more = one(order)
            ends = [(order[:-1], order[1:], more[:-1], more[1:])]
        for low, high, left, right in ends:
            crossing = np.flatnonzero(np.sign(left) * np.sign(right) < 0)[:8]
            if len(crossing):
                found += bisected(
                    one,
                    (low[crossing], high[crossing]),
                    left[crossing],
                    line.rounds,
                )
    return found


def bisected(
    g: Callable[[np.ndarray], np.ndarray],
    ends: tuple[np.ndarray, np.ndarray],
    left: np.ndarray,
    rounds: int,
) -> list[float]:
    """Where g changes its sign between low and high; a short decimal number if it is one."""
    (low, high), sign = ends, np.sign(left)
    for _ in range(rounds):
        middle = low + (high - low) / 2
        same = np.sign(g(middle)) == sign
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    found = []
    for place in high:
        short = np.asarray([float(f"{place:.{k}g}") for k in range(1, 14)])
        zero = short[g(short) == 0]
        found.append(
            float(zero[0])
            if len(zero) and abs(zero[0] - place) <= 1e-9 * abs(place)
            else float(place)
        )
    return found


def is_moving(values: np.ndarray) -> bool:
    return bool(np.any(np.isfinite(values)) and np.nanmax(values) != np.nanmin(values))


def ridges(
    measured: Callable[[np.ndarray], np.ndarray],
    line: Line,
    values: np.ndarray,
    columns: list[int],
) -> dict[int, np.ndarray]:
    """Where each column is largest, and smallest, between the places of a line: all of them at
    once, as most of what a value costs is what one call costs, but where each place is tied to
    what is assumed, and their number is bounded."""
    wanted = [(column, sign) for column in columns for sign in (1.0, -1.0)]
    groups = [[one] for one in wanted] if line.tied else [wanted] if wanted else []
    found: dict[int, list[np.ndarray]] = {column: [] for column in columns}
    for group in groups:

        def g(
            at: np.ndarray, of_each: np.ndarray, group: list[tuple[int, float]] = group
        ) -> np.ndarray:
            own = np.asarray([column for column, _ in group])[of_each]
            signs = np.asarray([sign for _, sign in group])[of_each]
            rows = measured(at)
            picked: np.ndarray = rows[np.arange(len(at)), np.minimum(own, rows.shape[1] - 1)]
            return np.asarray(picked * signs)

        each = [sign * values[:, column] for column, sign in group]
        for (column, _), tops in zip(group, golden(g, line.places, each, line), strict=True):
            found[column].append(tops)
    return {column: np.concatenate(tops) for column, tops in found.items()}


def maxima(
    g: Callable[[np.ndarray], np.ndarray], at: np.ndarray, values: np.ndarray, line: Line
) -> np.ndarray:
    """Places between those `at` which g is largest, by golden sections."""
    return golden(lambda places, _: g(places), at, [values], line)[0]


def golden(
    g: Callable[[np.ndarray, np.ndarray], np.ndarray],
    at: np.ndarray,
    values: list[np.ndarray],
    line: Line,
) -> list[np.ndarray]:
    """The same of several functions; g takes places, and which function is meant at each."""
    chosen = []
    for one in values:
        v = np.where(np.isfinite(one), one, -np.inf)
        inner = np.flatnonzero((v[1:-1] >= v[:-2]) & (v[1:-1] >= v[2:]) & np.isfinite(v[1:-1])) + 1
        inner = inner[(v[inner] > v[inner - 1]) | (v[inner] > v[inner + 1])]
        chosen.append(inner[np.argsort(-v[inner])][: line.ridges])
    each, which = np.concatenate(chosen), np.repeat(np.arange(len(chosen)), [*map(len, chosen)])
    low, high, part = at[each - 1].copy(), at[each + 1].copy(), (np.sqrt(5) - 1) / 2
    for _ in range(line.rounds if len(each) else 0):
        left, right = high - part * (high - low), low + part * (high - low)
        both = np.nan_to_num(g(np.append(left, right), np.append(which, which)), nan=-np.inf)
        a, b = both[: len(left)], both[len(left) :]
        low, high = np.where(a < b, left, low), np.where(a < b, high, right)
    tops = low + (high - low) / 2
    return [np.unique(tops[which == k]) for k in range(len(chosen))]


def tried(line: Line, found: list[float], at_turns: bool) -> list[float]:
    """Places in all parts into which the turns cut a line, and the turns themselves."""
    cuts = sorted({float(f) for f in found})
    if not cuts:
        return []
    first, last = cuts[0], cuts[-1]
    between = [a + (b - a) / 2 for a, b in pairwise(cuts)]
    between += [first - abs(first), first / 2, last + abs(last), last / 2]
    between += [c - 1 - abs(c) / 8 for c in cuts[:2]] + [c + 1 + abs(c) / 8 for c in cuts[-2:]]
    inside = [p for p in between if line.places[0] <= p <= line.places[-1]]
    return [*inside, *(cuts if at_turns else [])][:TRIED]


def differs(instances: Instances, equation: Equation, slopes: bool) -> Scope | None:
    """Where on a line the two sides differ; None if nowhere that is tried."""
    found: dict[tuple[Term, Term], dict[str, Dim]] = {}
    derived = slopes
    for term in instances.reached(equation):
        comparisons(term, dict(equation.dims), found)
    derived = derived or any(
        isinstance(t, Deriv | Slope) for s in instances.reached(equation) for t in walk(s)
    )
    if derived:  # the corner of a root is no slope
        roots = {
            (rooted(t.base), num(0))
            for s in instances.reached(equation)
            for t in walk(s)
            if isinstance(t, Pow)
        }
        found = {pair: dims for pair, dims in found.items() if pair not in roots}
    if not found:
        return None
    pairs = [Assumption(a, b, dims) for (a, b), dims in list(found.items())[:PAIRS]]
    exact = exactness(instances.world, equation)
    terms = [t for s in (equation.left, equation.right) for t in walk(s)]
    least = -1.0 if any(is_tiny(t) for t in terms) else ALIKE
    for line in lines(instances, equation, pairs):
        cuts = [t for pair in pairs for t in turns(instances, line, pair)]
        reach = digits_left(instances, equation, line) if derived else np.inf
        for place in tried(line, cuts, not derived):
            if abs(place) > reach:
                continue
            try:
                scope = line.scope(instances, place)
            except OutsideDomainError:
                continue
            if not is_allowed(scope):
                continue
            if derived:
                if differs_much(instances, equation, scope):
                    return scope
            elif unlike(equation, scope, least) and confirmed(equation, "=", scope, exact):
                return scope
    return None


def digits_left(instances: Instances, equation: Equation, line: Line) -> float:
    """How far away slopes are still compared: of (x - p)^2 - (x - q)^2 nothing is left where x is
    far larger than all else. Comparisons seem to turn there, too."""
    written = [
        abs(float(t.value))
        for s in instances.reached(equation)
        for t in walk(s)
        if isinstance(t, Num)
    ]
    drawn = [
        float(np.max(np.abs(v), initial=0))
        for v in line.instance.variables.values()
        if v.dtype.kind == "f"
    ]
    return AWAY * max(1.0, *written, *drawn)


def exceeds(instances: Instances, equation: Equation, op: str) -> Scope | None:
    """Where on a line an inequality does not hold; None if nowhere that is tried. Raises
    `Unreadable` where its sides come so close to each other that it cannot be told."""
    exact = exactness(instances.world, equation)
    if exact is None:
        return None
    strict, turned = op in ("<", ">"), op in (">", ">=")

    def excess(scope: Scope) -> Value:
        sides = [scope.of(s, equation.dims) for s in (equation.left, equation.right)]
        return apply(np.subtract, *(sides[::-1] if turned else sides))

    meet = Assumption(equation.left, equation.right, equation.dims)
    for line in lines(instances, equation, [meet]):

        def worst(at: np.ndarray, line: Line = line) -> np.ndarray:
            with np.errstate(all="ignore"):
                found = line.along(instances, excess, at)
            return np.asarray(np.max(np.where(np.isnan(found), -np.inf, found), axis=1))

        tops = maxima(worst, line.places, worst(line.places), line)
        short = np.unique([float(f"{t:.{k}g}") for t in tops for k in range(1, 12)])
        every = np.concatenate([line.places, tops, short[within(line, short)]])
        values = worst(every)
        order = np.argsort(-values)
        likely = [k for k in order[:TRIED] if np.isfinite(values[k])]
        for k in [*likely[:3], *(k for k in likely[3:] if values[k] >= 0)][:8]:
            scope = line.scope(instances, float(every[k]))
            if not close(equation, op, scope) or not is_allowed(scope):
                continue
            if confirmed(equation, op, scope, exact):
                return scope
            if strict and line.tied and touches(equation, scope):
                raise Unreadable("too-close")
        for top in tops if strict else []:
            after = min(max(int(np.searchsorted(line.places, top)), 1), len(line.places) - 1)
            beside = line.places[[after - 1, after]]
            if np.all(np.isfinite(worst(np.append(beside, top)))) and all(
                touches(equation, line.scope(instances, float(at))) == (at == top)
                for at in (*beside, top)
            ):
                raise Unreadable("too-close")
    return None


def is_allowed(scope: Scope) -> bool:
    """Do all variables keep their bounds? Where two move, one may reach what only the other may."""
    for key, values in scope.instance.variables.items():
        symbol = scope.world.symbols[key]
        if not is_free(symbol):
            continue
        low, high = (None if b is None else float(b) for b in symbol.bounds)
        if low is not None and np.any(values < low if symbol.closed[0] else values <= low):
            return False
        if high is not None and np.any(values > high if symbol.closed[1] else values >= high):
            return False
    return True


def within(line: Line, places: np.ndarray) -> np.ndarray:
    return np.asarray((places >= line.places[0]) & (places <= line.places[-1]))


def close(equation: Equation, op: str, scope: Scope) -> bool:
    """May the sides be equal, or the wrong way round?"""
    sides = both_sides(equation, scope)
    if sides is None:
        return False
    a, b = sides[::-1] if op in (">", ">=") else sides
    return bool(np.any(np.abs(a - b) <= CLOSE * np.maximum(np.abs(a), np.abs(b)))) or bool(
        np.any(a > b)
    )


def touches(equation: Equation, scope: Scope) -> bool:
    """Are the sides equal but for rounding, each taken by its summands?"""
    sides = both_sides(equation, scope)
    if sides is None:
        return False
    parts = [p for s in (equation.left, equation.right) for p in largest_of(s)]
    scale = 0.0
    try:
        scale = max(
            (
                float(np.max(np.abs(real(scope.of(p, equation.dims).array)), initial=0))
                for p in parts
            ),
            default=0.0,
        )
    except OutsideDomainError:
        return False
    gap = np.abs(sides[0] - sides[1])
    return scale > 0 and bool(np.any(gap <= ROUNDED * scale))


def largest_of(term: Term) -> list[Term]:
    """The summands of a side, also of what it is a power of."""
    if isinstance(term, Pow):
        return largest_of(term.base)
    if isinstance(term, Add):
        return [q for p in term.parts for q in largest_of(p)]
    return [term]


def both_sides(equation: Equation, scope: Scope) -> tuple[np.ndarray, np.ndarray] | None:
    try:
        with np.errstate(all="ignore"):
            a, b = (
                real(np.asarray(scope.of(s, equation.dims).along(tuple(equation.dims))))
                for s in (equation.left, equation.right)
            )
    except OutsideDomainError:
        return None
    return (a, b) if np.all(np.isfinite(a)) and np.all(np.isfinite(b)) else None


def of(values: np.ndarray, column: int) -> np.ndarray:
    """A column of numbers, of nan alone if there are none."""
    found: np.ndarray = values[:, min(column, values.shape[1] - 1)]
    return found


def differs_much(instances: Instances, equation: Equation, scope: Scope) -> bool:
    """The same of slopes, whose steps have one size."""

    def compared(here: Scope) -> Difference:
        return compare(equation.left, equation.right, equation.dims, here)

    try:
        found = compared(scope)
    except OutsideDomainError:
        return False
    return found.error > MUCH and not is_rounding(found, instances, scope.instance, compared)


def is_tiny(term: Term) -> bool:
    if isinstance(term, Pow) and isinstance(term.exponent, Num):
        return isinstance(term.base, Num) and term.exponent.value < -1
    return isinstance(term, Num) and 0 < abs(term.value) < TINY


def unlike(equation: Equation, scope: Scope, least: float) -> bool:
    sides = both_sides(equation, scope)
    if sides is None:
        return False
    a, b = sides
    return bool(np.any(np.abs(a - b) > least * np.maximum(np.abs(a), np.abs(b))))


def confirmed(equation: Equation, op: str, scope: Scope, exact: float | None) -> bool:
    """Do the sides differ in more digits than doubles have, too?"""
    if exact is None:
        return False
    try:
        found = gap_at(equation, op, scope, exact)
    except Unreadable:
        return False
    if found is None:
        return False
    gap, _, limit = found
    most = np.max(gap) if gap.size else 0
    return bool(most > limit or (op in ("<", ">") and most >= -limit))
