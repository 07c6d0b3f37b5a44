"""Definitions that stand in a row in full, up to a constant factor: whoever writes one out uses
it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.instances import Instances
from backprop.derivations.evidence.levels import Levels
from backprop.derivations.evidence.sample import TWIN
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.rewriting import free_indices
from backprop.derivations.meaning.terms import Big, Entry, Fn, Lam, Term, Var, walk
from backprop.derivations.meaning.world import TRUE, World


def written_out(
    instances: Instances, levels: Levels, equation: Equation, allowed: dict[str, int]
) -> dict[str, int]:
    """What a row may use, with the definitions that it writes out."""
    new, world = dict(allowed), instances.world
    try:
        scopes = [instances.scope(k, False, {}) for k in (0, TWIN)]
    except OutsideDomainError:
        return new
    sides = (equation.left, equation.right)
    near = {k for side in sides for k in side.names | levels.differentiated(side)}
    for key, level in allowed.items():
        if level == TRUE or key not in near:
            continue
        symbol = world.symbols[key]
        axes = tuple(v for v, _ in symbol.definition.vars) if symbol.definition else ()
        whole = Entry(key, tuple(Var(a) for a in axes))
        wanted = [(whole, symbol.shape), *inner_sums(world, key)]
        if any(
            is_proportional(world, part, target, shape, key, scopes)
            for target, shape in wanted
            for side in sides
            for part in walk(side)
            if isinstance(part, Term) and not isinstance(part, Entry | Lam)
        ):
            new[key] = TRUE
    return new


def inner_sums(world: World, key: str) -> Iterator[tuple[Term, tuple[Dim, ...]]]:
    """The sums inside functions in a definition: a row that writes them out uses them."""
    lam = world.symbols[key].definition
    if lam is None:
        return
    for item in walk(lam.body):
        if isinstance(item, Fn):
            for inner in walk(item):
                if isinstance(inner, Big) and inner.kind == "sum":
                    free = free_indices(inner)
                    if free <= {v for v, _ in lam.vars}:
                        yield inner, tuple(d for v, d in lam.vars if v in free)


def is_proportional(
    world: World,
    part: Term,
    target: Term,
    shape: tuple[Dim, ...],
    key: str,
    scopes: list[Scope],
) -> bool:
    """Is `part` a constant times `target`, at two instances of one size?"""
    free, axes = sorted(free_indices(part)), sorted(free_indices(target))
    if len(free) != len(shape) or key in part.names:
        return False
    dims = {name: range_of(world, name, part) for name in free}
    if isinstance(target, Entry):
        axes = [p.name for p in target.at if isinstance(p, Var)]
    if None in dims.values() or sorted(map(str, dims.values())) != sorted(map(str, shape)):
        return False
    known = {n: d for n, d in dims.items() if d is not None}
    ratios = []
    for scope in scopes:
        try:
            value, other = (
                scope.of(part, known),
                scope.of(target, dict(zip(axes, shape, strict=True))),
            )
        except (OutsideDomainError, KeyError):
            return False
        full = tuple(scope.instance.length(d) for d in known.values())
        a = np.broadcast_to(value.along(tuple(known)), full)
        b = other.along(tuple(axes))
        if [str(d) for d in known.values()] != [str(d) for d in shape]:
            a = a.T
        if a.shape != b.shape or not np.all(np.isfinite(a)) or np.any(np.abs(b) < 1e-9):
            return False
        ratios.append((a / b).reshape(-1))
    ratio = np.concatenate(ratios)
    return bool(abs(ratio[0]) > 1e-9 and np.allclose(ratio, ratio[0], rtol=1e-9, atol=0))


def range_of(world: World, name: str, term: Term) -> Dim | None:
    """What an index runs over, by the first entry that has it."""
    for item in walk(term):
        if isinstance(item, Entry):
            for index, dim in zip(item.at, world.symbols[item.symbol].shape, strict=True):
                if isinstance(index, Var) and index.name == name:
                    return dim
    return None
