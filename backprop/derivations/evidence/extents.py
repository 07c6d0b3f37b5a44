r"""Where comparisons of lengths turn: [n > 10^5] = 0 fails behind 10^5, and n > 1 at n = 1."""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from itertools import pairwise
from math import exp

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.lines import comparisons, is_free
from backprop.derivations.evidence.sample import SIZES, Sample
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.meaning.lengths import Dim, find
from backprop.derivations.meaning.terms import (
    At,
    Big,
    Fn,
    Lam,
    Num,
    Position,
    Size,
    Term,
    Test,
    parts_of,
    walk,
)
from backprop.derivations.problems import Unreadable

FAR = 2**62  # as far as lengths are counted
ROOM = 2_000_000  # entries of an array that is drawn for it
ROOM_ASSUMED = 10_000  # the same where something is assumed
MOST = 9  # lengths that are tried
WRITTEN, MOST_WRITTEN = 3000, 4  # the same of those behind a number in the row: how far, how many
BENT = ("max", "min", "abs", "sign")
PARTS = (0.999, 0.75, 0.001)  # of what a symbol may be
WIDEST = 2.0  # the same of one that has no bounds
DOUBLED = 20  # how often a length is doubled, for an inequality between lengths
USUAL = 4  # up to here lengths are tried anyway


def extents(instances: Instances, equation: Equation, order: bool = False) -> Iterator[Scope]:
    """The values of symbols at lengths where a comparison in the row turns; order: the row is one
    itself. Raises `Unreadable` where such an array does not fit."""
    world = instances.world
    found: dict[tuple[Term, Term], dict[str, Dim]] = {}
    for term in instances.reached(equation):
        comparisons(term, {}, found, nameless=True)
    if order:
        found[equation.left, equation.right] = {}
    pairs = [
        (a, b)
        for a, b in found
        if not a.names | b.names and any(isinstance(t, Size) for s in (a, b) for t in walk(s))
    ]
    if not pairs or world.spaces:
        return
    try:
        first = instances.scope(0, False, {}).instance
    except OutsideDomainError:
        return
    lengths = sorted({k for pair in pairs for k in turns(first, pair)})[:MOST]
    terms = [t for s in instances.reached(equation) for t in walk(s)]
    alone = is_alone(equation, terms)
    for length in lengths:
        if alone:
            yield Scope(of_length(first, length), {}, direct=instances.direct)
            continue
        if not fits(instances, equation, length):
            raise Unreadable("too-far-apart")
        try:
            yield instances.scope(0, False, {}, f"length {length}")
        except OutsideDomainError:
            continue


def behind(instances: Instances, equation: Equation, order: bool = False) -> Iterator[Scope]:
    """The values of symbols at lengths behind the whole numbers that stand in a row: the product of
    n - k for k = 1 to 20 is 0 up to n = 20. order: of an inequality, which such a number may bound
    by a length, its root or its logarithm; also where everything is 1, and every matrix I."""
    terms = [t for side in (equation.left, equation.right) for t in walk(side)]
    dims = [find(t.dim) for t in terms if isinstance(t, Size | Big) and t.dim is not None]
    if not any(isinstance(d, str) for d in dims) or instances.world.spaces:
        return
    values = [t.value for t in terms if isinstance(t, Num)]
    sizes = {abs(v.numerator) for v in values if v.denominator == 1}
    sizes |= counted(terms)
    if order:
        sizes |= {n**2 for n in sizes} | {int(exp(min(n, 10))) for n in sizes}
    alone = is_alone(equation, terms)
    for length in sorted(n + 2 for n in sizes if USUAL <= n <= WRITTEN)[:MOST_WRITTEN]:
        if not fits(instances, equation, length):
            continue
        try:
            here = instances.scope(0, False, {}, f"length {length}")
        except OutsideDomainError:
            continue
        yield Scope(of_length(here.instance, length), {}, instances.direct) if alone else here
        if order and not alone and not instances.world.assumed:
            yield Scope(of_ones(here.instance), {}, instances.direct)


def counted(terms: list[Term]) -> set[int]:
    """The numbers in a row up to which something is counted: the 20 of k = 1 to 20, and of
    k > 20."""
    found = {t.offset + 1 for t in terms if isinstance(t, At) and t.dim is None}
    for term in terms:
        if isinstance(term, Test) or (isinstance(term, Fn) and term.name in BENT):
            inner = list(walk(term))
            if any(isinstance(t, Position) for t in inner):  # \max(k - 20, 0)
                found |= {abs(t.value.numerator) for t in inner if isinstance(t, Num)}
    return found | {d for t in terms if isinstance(t, Big) and isinstance(d := find(t.dim), int)}


def too_long(equation: Equation) -> int | None:
    """A number up to which something is counted, and which is larger than all lengths that are
    tried: what holds at those may not hold behind it."""
    terms = [t for side in (equation.left, equation.right) for t in walk(side)]
    open_ = any(
        isinstance(t, Size | Big) and isinstance(find(t.dim), str)
        for t in terms
        if not isinstance(t, Size | Big) or t.dim is not None
    )
    most = max(counted(terms), default=0)
    return most if most > WRITTEN and (open_ or equation.dims) else None


def growing(instances: Instances, equation: Equation) -> Iterator[list[Scope]]:
    """Longer and longer lengths, for an inequality of sums and products over them; the entries of
    a symbol are all alike, close to where it ends, or begins, or between."""
    world = instances.world
    terms = [t for side in (equation.left, equation.right) for t in walk(side)]
    dims = [find(t.dim) for t in terms if isinstance(t, Size | Big) and t.dim is not None]
    if not any(isinstance(t, Big) for t in terms) or world.spaces or equation.dims:
        return
    if not any(isinstance(d, str) for d in dims):
        return
    below = equation.rests_on(world)
    written = any(
        isinstance(t, Num) and max(abs(t.value.numerator), t.value.denominator) >= USUAL
        for t in terms
    )
    if below and (not written or world.assumed or any(world.symbols[k].law for k in below)):
        return
    try:
        first = instances.scope(0, False, {}).instance
    except OutsideDomainError:
        return
    deepest = max(
        *(depth(side) for side in (equation.left, equation.right)),
        *(len(s.shape) for s in world.symbols.values()),
        1,
    )
    powers = range(1, DOUBLED // deepest + 1)
    if not below:
        yield [Scope(of_length(first, 2**k), {}, instances.direct) for k in powers]
        return
    for part in PARTS:
        yield [Scope(alike(first, 2**k, part), {}, instances.direct) for k in powers if k % 3 == 1]


def alike(sample: Sample, length: int, part: float) -> Sample:
    """The same with all lengths changed, and all entries of what is not bounded by assumptions
    alike: so far from where a symbol begins to where it ends."""
    found = of_length(sample, length)
    found.variables = dict(sample.variables)
    for key, old in sample.variables.items():
        symbol = sample.world.symbols[key]
        shape = found.shape(symbol.shape)
        low, high = (None if b is None else float(b) for b in symbol.bounds)
        if low is None and symbol.positive:
            low = 0.0
        if low is None:
            low = -WIDEST if high is None else high - WIDEST
        high = low + 2 * WIDEST if high is None else high
        if old.dtype.kind == "f" and is_free(symbol):
            found.variables[key] = np.full(shape, low + part * (high - low))
        else:
            found.variables[key] = np.resize(old, shape)
    return found


def depth(term: object) -> int:
    """How deep sums nest."""
    inner = max((depth(p) for p in parts_of(term)), default=0)
    return inner + isinstance(term, Big)


def of_ones(sample: Sample) -> Sample:
    """The same with all its numbers 1 that may be, and matrices I."""
    found = copy(sample)
    found.variables = dict(sample.variables)
    for key, old in sample.variables.items():
        symbol = sample.world.symbols[key]
        if is_free(symbol) and symbol.bounds == (None, None):
            square = old.ndim == 2 and old.shape[0] == old.shape[1]
            found.variables[key] = np.eye(len(old)) if square else np.ones(old.shape)
    return found


def is_alone(equation: Equation, terms: list[Term]) -> bool:
    """Is a row about lengths and nothing else?"""
    named = equation.dims or equation.names
    return not named and not any(isinstance(t, Big | Lam) for t in terms)


def fits(instances: Instances, equation: Equation, length: int) -> bool:
    """Is there room for arrays of such a length, and time to meet what is assumed of them?"""
    world = instances.world
    shapes = [s.shape for s in world.symbols.values()]
    deepest = max(1, *(len(s) for s in shapes), len(equation.dims))
    return bool(length**deepest <= (ROOM_ASSUMED if world.assumed else ROOM))


def of_kind(instances: Instances, equation: Equation, kind: str) -> Scope:
    """The values of symbols at larger lengths. Raises `OutsideDomainError` where they do not
    fit."""
    most = max(SIZES[kind])
    if fits(instances, equation, most):
        return instances.scope(0, False, {}, kind)
    terms = [t for s in (equation.left, equation.right) for t in walk(s)]
    if not is_alone(equation, terms):
        raise OutsideDomainError("too large")
    first = instances.scope(0, False, {}).instance
    return Scope(of_length(first, most), {}, direct=instances.direct)


def of_length(sample: Sample, length: int) -> Sample:
    """The same with all its lengths changed; its numbers are not, and are of no use."""
    found = copy(sample)
    least = sample.world.sizes
    found.sizes = {name: max(length, least.get(name, 1)) for name in sample.sizes}
    return found


def turns(sample: Sample, pair: tuple[Term, Term]) -> list[int]:
    """Lengths on both sides of every place where two terms of lengths change their order."""

    def sign(length: int) -> float:
        scope = Scope(of_length(sample, length), {})
        try:
            left, right = (float(real(scope.of(t, {}).array)) for t in pair)
        except (OutsideDomainError, MemoryError, OverflowError):
            return float("nan")
        return float(np.sign(left - right))

    if any(isinstance(t, Big) for side in pair for t in walk(side)):
        return []
    signs = {k: sign(k) for k in (*range(1, 33), *(2**k for k in range(6, 63)))}
    found: set[int] = set()
    if signs[1] == 0:
        found |= {1, 2}
    for low, high in pairwise(sorted(signs)):
        if signs[low] == signs[high]:
            continue
        start = signs[low]
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if sign(middle) == start else (low, middle)
        found |= {max(1, low - 1), low, high, min(FAR, 2 * high)}
    return sorted(found)
