"""A sample moved onto the assumptions, within its bounds.

By Newton's method with the least change, in coordinates that cannot leave the declared bounds:
x = e^u for what is positive. A product that vanishes, λ g = 0, is satisfied by each of its factors
in turn, so that no case is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.steps import STEP, stepped
from backprop.derivations.evidence.values import OutsideDomainError, Value, apply, real
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import (
    Add,
    Deriv,
    Entry,
    Mul,
    Num,
    Pow,
    Size,
    Slope,
    Term,
    num,
    walk,
)
from backprop.derivations.meaning.world import Symbol, World

ROUNDS, BINARY = 60, 48  # steps of Newton's method; choices of 0 and 1
CLOSE = 1e-11  # relative to the larger side
EXACT = 1e-15  # likewise: what is left is rounding
COARSE = 1e-5  # a real step
FAR = 1e3  # how many times its size a variable may grow


@dataclass
class Gap:
    """left = right, for all values of the indices in `dims`."""

    left: Term
    right: Term
    dims: dict[str, Dim]


def draw_instance(world: World, number: int, positive: bool = False, kind: str = "") -> Sample:
    """A sample on which the assumptions hold. Raises `OutsideDomainError` if none is near."""
    sample = Sample(world, number, positive, kind)
    if world.assumed:
        with np.errstate(all="ignore"):
            satisfy(sample)
    return sample


def satisfy(sample: Sample) -> None:
    """Moves the variables of `sample`. Raises `OutsideDomainError` if nothing near is found."""
    gaps = [Gap(one.left, one.right, one.dims) for one in sample.world.assumed]
    first = {key: value.copy() for key, value in sample.variables.items()}
    chosen = [_branch(gap, sample.number + k) for k, gap in enumerate(gaps)]
    for attempt in [chosen] if chosen == gaps else [chosen, gaps]:
        sample.variables = {key: value.copy() for key, value in first.items()}
        try:
            _solve(sample, attempt)
            if _off(sample, gaps) > CLOSE:
                continue
            exactly = _off(sample, attempt, 0.0) <= CLOSE  # and x = 10^6 is far, but no rounding
            if not _ran_away(sample, first, far=exactly):
                return
        except OutsideDomainError:
            continue
    raise OutsideDomainError("assumptions")


def settle(sample: Sample, doubles: Sample, kinds: dict[type[Term], Callable[..., Value]]) -> bool:
    """Moves the numbers of many digits in `sample`, which are those of `doubles`, until the
    assumptions hold to as many digits, where terms are evaluated by `kinds`. False if they do not
    come to that."""
    digits = sample.digits
    assert digits is not None
    gaps = [Gap(one.left, one.right, one.dims) for one in sample.world.assumed]
    moving = [s.key for s in _moved(doubles, gaps) if not s.binary]
    slopes = [
        [_jacobian(Scope(doubles, {}), g, k, doubles.variables[k].size) for k in moving]
        for g in gaps
    ]
    columns = np.concatenate([np.concatenate(row, axis=1) for row in slopes])
    fixed = np.concatenate([doubles.variables[k].reshape(-1) == 0 for k in moving])
    fixed[_fixed(doubles, [(k, doubles.variables[k].size) for k in moving])] = True
    back = np.linalg.pinv(np.where(fixed, 0.0, columns), rcond=1e-9)
    close, size = digits.context.mpf(10) ** -(3 * digits.count // 4), None
    while True:
        found = [_gap(*_sides(Scope(sample, {}, kinds=kinds), g)) for g in gaps]
        residual = np.concatenate([digits.array(f) for f in found])
        last, size = size, max(abs(r) for r in residual)
        if size < close:
            return all(_is_within(sample, key) for key in moving)
        if last is not None and size * 100 > last:
            return False
        step, at = back @ np.asarray(residual / size, dtype=float), 0
        for key in moving:
            old = sample.variables[key]
            part = digits.array(step[at : at + old.size].reshape(old.shape))
            sample.variables[key] = np.asarray(old - size * part)
            at += old.size


def _is_within(sample: Sample, key: str) -> bool:
    low, high = sample.world.symbols[key].bounds
    values = sample.variables[key].reshape(-1)
    above = low is None or all(v >= float(low) for v in values)
    return above and (high is None or all(v <= float(high) for v in values))


def _ran_away(sample: Sample, first: dict[str, np.ndarray], far: bool) -> bool:
    """Does only rounding fulfil it? g / σ² = 0 is no equation for σ, though it fades with it. far:
    numbers may be of any size."""
    for key, old in first.items():
        if sample.world.symbols[key].kind != "variable":
            continue
        new, size = np.abs(sample.variables[key]), np.max(np.abs(old), initial=1.0)
        if not far and np.any(new > FAR * size):
            return True
        # Zero is within reach of λ ≥ 0, and a long way off for σ > 0.
        symbol = sample.world.symbols[key]
        off_zero = symbol.nonzero or (symbol.positive and not _may_vanish(sample, key))
        if off_zero and not symbol.binary and np.any(new < np.abs(old) / FAR):
            return True
    return False


def _branch(gap: Gap, number: int) -> Gap:
    """A product that vanishes: one of its factors, another one for another number."""
    for side, other in ((gap.left, gap.right), (gap.right, gap.left)):
        if other != num(0):
            continue
        parts = side.parts if isinstance(side, Mul) else (side,)
        factors = [_base(p) for p in parts if not isinstance(p, Num | Size)]
        factors = [p for p in factors if not isinstance(p, Pow)]
        if factors:
            return Gap(factors[number % len(factors)], other, gap.dims)
    return gap


def _base(term: Term) -> Term:
    """What vanishes where a power of it does."""
    if isinstance(term, Pow) and isinstance(term.exponent, Num) and term.exponent.value > 0:
        return term.base
    return term


def _moved(sample: Sample, gaps: list[Gap]) -> list[Symbol]:
    """The variables that the assumptions are about."""
    world = sample.world
    about = sorted(_about(world, gaps) - sample.held)
    return [world.symbols[k] for k in about if world.symbols[k].kind == "variable"]


def _about(world: World, gaps: list[Gap]) -> set[str]:
    """The symbols that assumptions name, and what those are defined by."""
    names = set().union(*(g.left.names | g.right.names for g in gaps))
    return set().union(*(world.below(n) for n in names)) if names else set()


def _solve(sample: Sample, gaps: list[Gap]) -> None:
    symbols = _moved(sample, gaps)
    binary = [s.key for s in symbols if s.binary]
    if not binary:
        _newton(sample, gaps, [s for s in symbols if not s.binary])
        return
    rng = sample.random("binary")
    for attempt in range(BINARY):
        for key in binary:
            sample.variables[key] = _zeros_and_ones(sample.variables[key].shape, attempt, rng)
        try:
            _newton(sample, gaps, [s for s in symbols if not s.binary])
        except OutsideDomainError:
            continue
        if _off(sample, gaps) <= CLOSE:
            return
    raise OutsideDomainError("assumptions")


def _zeros_and_ones(shape: tuple[int, ...], attempt: int, rng: Any) -> np.ndarray:
    """Any, or one 1 along an axis, as in one-hot labels."""
    axis = attempt % (len(shape) + 1) - 1
    if axis < 0:
        return np.asarray(rng.integers(0, 2, shape), dtype=float)
    noise = rng.uniform(size=shape)
    return np.asarray(noise == noise.max(axis=axis, keepdims=True), dtype=float)


class _Coordinates:
    """One variable by a number u for each entry that may take any value."""

    def __init__(self, sample: Sample, symbol: Symbol) -> None:
        self.key = symbol.key
        low, high = (None if b is None else float(b) for b in symbol.bounds)
        if low is None and symbol.positive:
            low = 0.0
        self.low, self.high = low, high
        self.shape = sample.variables[symbol.key].shape
        self.u = self.inverse(sample.variables[symbol.key]).reshape(-1)

    def inverse(self, x: np.ndarray) -> np.ndarray:
        x = np.asarray(x, dtype=float)
        if self.low is not None and self.high is not None:
            part = (x - self.low) / (self.high - self.low)
            return np.asarray(np.log(part / (1 - part)))
        if self.low is not None:
            return np.asarray(np.log(x - self.low))
        return np.asarray(np.log(self.high - x)) if self.high is not None else x

    def value(self, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The entries at u, and their derivatives by u."""
        u = np.clip(u, -300.0, 300.0) if (self.low, self.high) != (None, None) else u
        if self.low is not None and self.high is not None:
            part = 1 / (1 + np.exp(-u))
            width = self.high - self.low
            return self.low + width * part, width * part * (1 - part)
        if self.low is not None:
            return self.low + np.exp(u), np.exp(u)
        if self.high is not None:
            return self.high - np.exp(u), -np.exp(u)
        return u, np.ones_like(u)


def _newton(sample: Sample, gaps: list[Gap], symbols: list[Symbol]) -> None:
    """Gauss–Newton steps, each shortened until it helps, as long as they do."""
    held = {  # λ ≥ 0 where λ = 0 is asked for: the bound itself
        g.left.symbol
        for g in gaps
        if isinstance(g.left, Entry) and g.right == num(0) and _may_vanish(sample, g.left.symbol)
    }
    for key in held:
        sample.variables[key] = np.zeros_like(np.asarray(sample.variables[key], dtype=float))
    moving = [_Coordinates(sample, s) for s in symbols if s.key not in held]
    residual, scale = _residual(sample, gaps)
    size, reach = float(np.linalg.norm(residual)), 2.0
    for _ in range(ROUNDS):
        if size <= EXACT * scale or not moving:
            return
        slopes = _slopes(sample, gaps, moving)
        slopes[:, _fixed(sample, [(c.key, c.u.size) for c in moving])] = 0.0
        if not np.all(np.isfinite(slopes)):
            raise OutsideDomainError("assumptions")
        try:
            step = np.linalg.lstsq(slopes, residual, rcond=None)[0]
        except np.linalg.LinAlgError as error:
            raise OutsideDomainError("assumptions") from error
        longest = float(np.max(np.abs(step), initial=0))
        if not np.isfinite(longest):
            raise OutsideDomainError("assumptions")
        part = min(1.0, reach / longest) if longest > 0 else 1.0
        before = [c.u for c in moving]
        for _ in range(12):
            at = 0
            for c, old in zip(moving, before, strict=True):
                c.u = old - part * step[at : at + old.size]
                at += old.size
                sample.variables[c.key] = c.value(c.u)[0].reshape(c.shape)
            try:
                residual, scale = _residual(sample, gaps)
                new = float(np.linalg.norm(residual))
            except OutsideDomainError:
                new = np.inf
            if new < size:
                reach = max(2.0, 2 * part * longest)  # further, once it helps
                break
            part /= 3
        else:
            for c, old in zip(moving, before, strict=True):
                c.u = old
                sample.variables[c.key] = c.value(old)[0].reshape(c.shape)
            return
        size = new


def _fixed(sample: Sample, moving: list[tuple[str, int]]) -> list[int]:
    """Which of the coordinates, one variable after the other, stay as they are."""
    starts = np.cumsum([0, *(size for _, size in moving)])
    return [int(at) for (key, _), at in zip(moving, starts, strict=False) if key in sample.fixed]


def _may_vanish(sample: Sample, key: str) -> bool:
    symbol = sample.world.symbols[key]
    ends = zip(symbol.bounds, symbol.closed, strict=True)
    return symbol.kind == "variable" and any(end == 0 and taken for end, taken in ends)


def _residual(sample: Sample, gaps: list[Gap]) -> tuple[np.ndarray, float]:
    """What the assumptions are off by, and the size of the smallest of their sides: what is far
    below it is rounding."""
    scope = Scope(sample, {})
    sides = [_sides(scope, g) for g in gaps]
    found = np.concatenate([_gap(*pair) for pair in sides])
    if not np.all(np.isfinite(found)):
        raise OutsideDomainError("not finite")
    sizes = [float(np.max(np.abs(side.array), initial=0)) for pair in sides for side in pair]
    return np.asarray(found, dtype=float), min(sizes, default=0.0)


def _sides(scope: Scope, gap: Gap) -> tuple[Value, Value]:
    return scope.of(gap.left, gap.dims), scope.of(gap.right, gap.dims)


def _gap(left: Value, right: Value) -> np.ndarray:
    value = apply(np.subtract, left, right)
    return np.asarray(real(value.along(tuple(sorted(value.names)))).reshape(-1))


def _off(sample: Sample, gaps: list[Gap], least: float = 1.0) -> float:
    """How far the assumptions are from holding, relative to their larger sides, or to `least`."""
    scope, worst = Scope(sample, {}), 0.0
    for g in gaps:
        left, right = _sides(scope, g)
        gap = real(apply(np.subtract, left, right).array)
        terms = [scope.of(p, g.dims) for s in (g.left, g.right) for p in _summands(s)]
        scale = max((float(np.max(np.abs(real(v.array)), initial=0)) for v in terms), default=0)
        if not np.all(np.isfinite(gap)):
            return np.inf
        most = float(np.max(np.abs(gap), initial=0))
        worst = max(worst, most / (max(scale, least) or 1.0))
    return worst


def _summands(term: Term) -> tuple[Term, ...]:
    return term.parts if isinstance(term, Add) else (term,)


def _slopes(sample: Sample, gaps: list[Gap], moving: list[_Coordinates]) -> np.ndarray:
    scope, world = Scope(sample, {}), sample.world
    rows = []
    for g in gaps:
        about = _about(world, [g])
        found = {
            c.key: _jacobian(scope, g, c.key, c.u.size) * c.value(c.u)[1]
            for c in moving
            if c.key in about
        }
        height = next((len(each) for each in found.values()), None)
        if height is None:  # nothing that it is about moves
            height = _gap(*_sides(scope, g)).size
        columns = [found.get(c.key, np.zeros((height, c.u.size))) for c in moving]
        rows.append(np.concatenate(columns, axis=1))
    return np.concatenate(rows)


def _jacobian(scope: Scope, gap: Gap, key: str, size: int) -> np.ndarray:
    """How the gap changes with each entry of a variable. Where it is about derivatives, by real
    steps: complex ones are taken for those, and a step of Newton's method may be a little off."""

    def moved(step: float) -> tuple[Value, str]:
        inner, batch = stepped(scope, key, step)
        return apply(np.subtract, *_sides(inner, gap)), batch

    value, batch = None, ""
    if any(isinstance(t, Deriv | Slope) for side in (gap.left, gap.right) for t in walk(side)):
        try:
            (above, batch), (below, _) = moved(COARSE), moved(-COARSE)
            value = apply(lambda a, b: real(a - b) / (2 * COARSE), above, below)
        except OutsideDomainError:
            value = None  # so close to a bound that the step leaves it
    if value is None:
        found, batch = moved(STEP)
        value = apply(lambda a: a.imag / STEP, found)
    rest = tuple(sorted(n for n in value.names if n != batch))
    array = value.along((*rest, batch))
    if batch not in value.names:
        array = np.broadcast_to(array * 0, (*array.shape[:-1], size))
    return np.asarray(array.reshape(-1, size))
