r"""Inequalities: a \le b at random numbers, where it turns, and at the worst that are found."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np

from backprop.derivations.evidence.edges import edges
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.extents import behind, extents, growing, of_kind
from backprop.derivations.evidence.far import apart_at, refuted
from backprop.derivations.evidence.instances import (
    INSTANCES_AT_KINKS,
    SMALL,
    Instances,
)
from backprop.derivations.evidence.lines import confirmed, exceeds, is_free
from backprop.derivations.evidence.precise import exactness, gap_at
from backprop.derivations.evidence.rounding import is_rounding
from backprop.derivations.evidence.sample import NEGATIVE, Sample
from backprop.derivations.evidence.satisfy import draw_instance, satisfy
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import EDGE, OutsideDomainError, real
from backprop.derivations.evidence.worked import worked_out
from backprop.derivations.meaning.terms import Big, Num, Size, walk
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.problems import Unreadable
from backprop.derivations.verdicts import Difference

SEARCHES, STEPS = 4, 60
NEGATIVES = 2  # samples without a positive number, where something is assumed
NUMBERS = 6  # of a row, that variables are tried at
SLACK = 1e-9  # relative: what rounding may do to a ≤ b
SLOWLY = 0.9  # a gap that closes at such a pace, as lengths double, closes at last
SHORT = 256  # lengths at which numbers are taken that no double holds
LIMIT = 1e-6  # the same, where numbers are moved onto the edge of a comparison


def violated(
    instances: Instances, equation: Equation, op: str, slopes: bool = False
) -> Difference | None:
    """Numbers at which the inequality does not hold, None if none are found. slopes: of a chain
    that began with a derivative."""
    for number in range(INSTANCES_AT_KINKS):
        for attempt in range(4):
            try:
                scope = instances.scope(
                    number + INSTANCES_AT_KINKS * attempt, bool(attempt % 2), {}
                )
                found = compare_order(equation, op, scope)
                break
            except OutsideDomainError:
                continue
        else:
            raise Unreadable("no-domain")
        if found.error > SLACK and not rounds(found, scope.instance, instances, equation, op):
            return found
    equation = worked_out(instances, equation)
    sized = any(instances.world.symbols[n].shape for n in equation.names)
    if sized or any(
        isinstance(t, Size | Big) for s in (equation.left, equation.right) for t in walk(s)
    ):
        for kind in kinds_of_size(equation):
            try:
                found = compare_order(equation, op, of_kind(instances, equation, kind))
            except (OutsideDomainError, MemoryError):
                continue
            if found.error > SLACK:
                return found
    for number in range(NEGATIVES if instances.world.assumed else 0):
        try:
            found = compare_order(equation, op, instances.scope(number, False, {}, NEGATIVE))
        except OutsideDomainError:
            continue
        if found.error > LIMIT:
            return found
    for scope in edges(instances, equation, slopes):
        try:
            found = compare_order(equation, op, scope)
        except OutsideDomainError:
            continue
        if found.error > LIMIT:
            return found
    for scope in extents(instances, equation, order=True):
        try:
            found = compare_order(equation, op, scope)
        except (OutsideDomainError, MemoryError):
            continue
        if found.error > SLACK:
            return found
    for scope in behind(instances, equation, order=True):
        try:
            found = compare_order(equation, op, scope)
        except (OutsideDomainError, MemoryError):
            continue
        if found.error > LIMIT:
            return found
    if (found_long := outgrown(instances, equation, op)) is not None:
        return found_long
    found_far = refuted(instances, equation, op)
    if found_far is not None:
        return found_far
    found_equal = touched(instances, equation, op) if op in ("<", ">") else None
    if found_equal is not None:
        return found_equal
    for number in range(SEARCHES):
        found_worse = searched(instances, equation, op, number)
        if found_worse is not None:
            return found_worse
    there = exceeds(instances, equation, op)
    return None if there is None else compare_order(equation, op, there)


def outgrown(instances: Instances, equation: Equation, op: str) -> Difference | None:
    """Where an inequality fails as lengths grow. Raises `Unreadable` where it fails further out
    than they are tried if it goes on so: 1 + 1/2 + … + 1/n is at most 20."""
    for scopes in growing(instances, equation):
        gaps: list[float] = []
        largest = 0.0
        for scope in scopes:
            short = max(scope.instance.sizes.values()) <= SHORT
            try:  # of long sums there are no digits in which sides that meet are told apart
                found = compare_order(equation, op if short else op.rstrip("=") + "=", scope)
            except (OutsideDomainError, MemoryError):
                if short and (outside := apart_at(equation, op, scope)) is not None:
                    return outside
                continue
            over = found.left - found.right if op in ("<", "<=") else found.right - found.left
            largest = max(abs(found.left), abs(found.right))
            if over > LIMIT * largest:
                return found
            if short and over > -LIMIT * largest:
                if (outside := apart_at(equation, op, scope)) is not None:
                    return outside
            gaps.append(-over)
        steps = [after - before for before, after in pairwise(gaps[-5:])]
        if len(steps) > 1 and max(steps) < -SLACK * largest:
            if all(after <= SLOWLY * before for before, after in pairwise(steps)):
                raise Unreadable("too-far-apart")
    return None


def touched(instances: Instances, equation: Equation, op: str) -> Difference | None:
    """x^2 > 0 and x^2 + y^2 > 2 x y hold but for single numbers: 0, 1, and where all are equal."""
    world = instances.world
    names = equation.left.names | equation.right.names
    below = set().union(*(world.below(n) for n in names)) if names else set()
    moving = [k for k in sorted(below) if is_free(world.symbols[k])]
    written = numbers_in(instances, equation)
    whole = [dict.fromkeys(moving, value) for value in (0.0, 1.0, -1.0, 0.5, *written)]
    single = [{k: value} for k in moving for value in (0.0, 1.0)] if len(moving) > 1 else []
    if 2 <= len(moving) <= 3 and written:
        few = written[: 4 if len(moving) == 2 else 3]
        single += [dict(zip(moving, v, strict=True)) for v in product(few, repeat=len(moving))]
    for values in [*whole, *single]:
        values = {k: v for k, v in values.items() if allows(world.symbols[k], v)}
        if not values or world.assumed:  # what is assumed would move them
            continue
        instance = Sample(world, 0, kind=EDGE)  # where a determinant may be 0
        for key, value in values.items():
            instance.variables[key] = np.full_like(instance.variables[key], value)
        try:
            found = compare_order(equation, op, Scope(instance, {}, direct=instances.direct))
        except OutsideDomainError:
            continue
        if found.error > SLACK:
            return found
    return None


def numbers_in(instances: Instances, equation: Equation) -> list[float]:
    """The numbers that stand in a row: (x − 3)² > 0 fails at one of them."""
    terms = [t for side in instances.reached(equation) for t in walk(side)]
    sizes = {float(abs(t.value)) for t in terms if isinstance(t, Num)} - {0.0, 0.5, 1.0}
    found = [sign * size for size in sorted(sizes)[:NUMBERS] for sign in (1.0, -1.0)]
    return found[:NUMBERS]


def allows(symbol: Symbol, value: float) -> bool:
    """Does what is declared of a variable allow it to take a value?"""
    low, high = symbol.bounds
    if value == 0 and (symbol.nonzero or (symbol.positive and low is None)):
        return False
    above = low is None or value > low or (symbol.closed[0] and value == low)
    return above and (high is None or value < high or (symbol.closed[1] and value == high))


def kinds_of_size(equation: Equation) -> tuple[str, ...]:
    terms = [t for side in (equation.left, equation.right) for t in walk(side)]
    alone = not equation.dims and not equation.left.names | equation.right.names
    sums = sum(isinstance(t, Big) for t in terms)
    more = ("larger",) if alone and sums <= 2 else ()
    return ("single", "large", *more, *(("huge",) if alone and not sums else ()))


def compare_order(equation: Equation, op: str, scope: Scope) -> Difference:
    """How far the sides are on the wrong side of each other (`error`; negative: they are not)."""
    names = tuple(equation.dims)
    full = tuple(scope.instance.length(d) for d in equation.dims.values())
    sides = []
    for side in (equation.left, equation.right):
        array = real(np.broadcast_to(scope.of(side, equation.dims).along(names), full))
        if not np.all(np.isfinite(array)):
            raise OutsideDomainError("not finite")
        sides.append(array)
    a, b = sides
    gap = a - b if op in ("<=", "<") else b - a
    worst = np.unravel_index(int(np.argmax(gap)), gap.shape) if gap.ndim else ()
    scale = max(float(np.max(np.abs(a))), float(np.max(np.abs(b))), 1e-3)
    error = float(gap[worst]) / scale
    if op in ("<", ">") and error == 0 and touching(equation, op, scope):
        error = 1.0
    at = {n: int(k) for n, k in zip(names, worst, strict=True)}
    sizes = dict(scope.instance.sizes)
    return Difference(error, float(a[worst]), float(b[worst]), at, sizes, scope.world.first)


def touching(equation: Equation, op: str, scope: Scope) -> bool:
    """Are sides that are equal as doubles equal, or even the wrong way round?"""
    exact = exactness(scope.world, equation)
    try:
        found = None if exact is None else gap_at(equation, op, scope, exact)
    except Unreadable as error:
        raise OutsideDomainError("too far apart") from error
    return found is None or bool(np.max(found[0]) >= -found[2])


def rounds(
    found: Difference, instance: Sample, instances: Instances, equation: Equation, op: str
) -> bool:
    def compared(here: Scope) -> Difference:
        return compare_order(equation, op, here)

    if is_rounding(found, instances, instance, compared):
        return True
    scope = Scope(instance, {}, direct=instances.direct)
    exact = exactness(instances.world, equation) if found.error <= SMALL else None
    return exact is not None and not confirmed(equation, op, scope, exact)


def searched(instances: Instances, equation: Equation, op: str, number: int) -> Difference | None:
    """Steps from one instance towards where the inequality fails."""
    world = instances.world
    try:
        instance = draw_instance(world, number)
        best = compare_order(equation, op, Scope(instance, {}, direct=instances.direct))
    except OutsideDomainError:
        return None
    names = equation.left.names | equation.right.names
    below = set().union(*(world.below(n) for n in names)) if names else set()
    moving = [k for k in sorted(below) if world.symbols[k].kind == "variable"]
    rng = instance.random("search")
    for step in range(STEPS // 6 if world.assumed else STEPS):  # each is moved onto what is assumed
        kept = dict(instance.variables)
        for key in moving:
            symbol = world.symbols[key]
            instance.variables[key] = (
                np.asarray(rng.integers(0, 2, kept[key].shape), dtype=float)
                if symbol.binary
                else moved(kept[key], symbol.bounds, step, rng)
            )
        try:
            if world.assumed:
                satisfy(instance)
            here = compare_order(equation, op, Scope(instance, {}, direct=instances.direct))
        except OutsideDomainError:
            here = best
        if here.error > SLACK and not rounds(here, instance, instances, equation, op):
            return here
        if here.error > best.error:
            best = here
        else:
            instance.variables = kept
    return None


def moved(
    old: np.ndarray, bounds: tuple[object, object], step: int, rng: np.random.Generator
) -> np.ndarray:
    """Another value of a variable within its bounds: near, far, all alike, or close to zero."""
    low, high = (None if b is None else float(b) for b in bounds)  # type: ignore[arg-type]
    kind = step % 5
    if kind == 4:
        new = old * rng.choice([1e-3, 0.1, 10.0, 30.0])
    elif kind == 3:
        new = np.full_like(old, old.mean() if old.size else 0.0) + rng.normal(0, 1e-3, old.shape)
    else:
        new = old + rng.normal(0, (1.0, 0.2, 0.03)[kind], old.shape)
    if low is not None:
        new = np.where(new <= low, low + np.abs(new - low) * 0.5 + 1e-6, new)
    if high is not None:
        new = np.where(new >= high, high - 1e-6 - 1e-3 * rng.uniform(size=old.shape), new)
    if low is not None:
        new = np.maximum(new, low + 1e-9)
    return np.asarray(new)
