r"""Shifted and scaled positions, x_{i+k}, y_{2i+a}: where both they and their axis exist.

Such a position may lie outside its axis. A sum leaves those terms out; a row is compared where
all of its positions exist; a definition y_i = \sum_k w_k x_{i+k} is as long as they all do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backprop.derivations.meaning.lengths import Dim, Unknown, find
from backprop.derivations.meaning.rewriting import rebuild
from backprop.derivations.meaning.terms import (
    ONE,
    Affine,
    At,
    Big,
    Lam,
    Mul,
    Term,
    Test,
    Var,
    mul,
    walk,
)
from backprop.derivations.meaning.world import World
from backprop.derivations.reading.tree import Node


@dataclass(frozen=True)
class Guard:
    """A position that may leave the axis it stands at."""

    index: Affine
    dim: Dim
    node: Node
    needed: bool = False  # must it exist wherever the sum over its index runs?

    def mentions(self, name: str) -> bool:
        return any(isinstance(v, Var) and v.name == name for v in self.index.over)

    @property
    def test(self) -> Term:
        """1 where the position exists, else 0."""
        low = Test("<=", At(None, 0), self.index)
        return mul(low, Test("<", self.index, At(self.dim, 0)))


class Linear:
    """A length as a sum of sizes: N − K + 1."""

    def __init__(
        self, world: World, coefs: Mapping[str, int] | None = None, const: int = 0
    ) -> None:
        self.world = world
        self.coefs = {k: c for k, c in (coefs or {}).items() if c}
        self.const = const

    @classmethod
    def of(cls, world: World, dim: Dim) -> Linear | None:
        dim = find(dim)
        if isinstance(dim, Unknown):
            return None
        if isinstance(dim, int):
            return cls(world, {}, dim)
        if dim in world.derived:
            coefs, const = world.derived[dim]
            return cls(world, dict(coefs), const)
        return cls(world, {dim: 1})

    def plus(self, other: Linear, times: int = 1) -> Linear:
        keys = [*self.coefs, *other.coefs]
        coefs = {k: self.coefs.get(k, 0) + times * other.coefs.get(k, 0) for k in keys}
        return Linear(self.world, coefs, self.const + times * other.const)

    def add(self, number: int) -> Linear:
        return Linear(self.world, self.coefs, self.const + number)

    @property
    def never_negative(self) -> bool:
        """Is it at least 0 for all sizes?"""
        least = sum(c * max(self.world.sizes.get(k, 1), 1) for k, c in self.coefs.items())
        return all(c > 0 for c in self.coefs.values()) and least + self.const >= 0

    def dim(self) -> Dim:
        """The length, entered as a size of its own where it is no declared one."""
        if not self.coefs:
            return self.const
        if list(self.coefs.values()) == [1] and self.const == 0:
            return next(iter(self.coefs))
        order = [k for k in self.world.sizes if k in self.coefs]
        parts = [
            f"{'-' if c < 0 else '+'} {abs(c) if abs(c) > 1 else ''}{k}"
            for k in order
            for c in (self.coefs[k],)
        ]
        if self.const:
            parts.append(f"{'-' if self.const < 0 else '+'} {abs(self.const)}")
        name = " ".join(sorted(parts, key=lambda p: p[0] == "-")).removeprefix("+ ")
        pairs = tuple((k, self.coefs[k]) for k in order)
        self.world.derived.setdefault(name, (pairs, self.const))
        return name


def room(
    world: World, guard: Guard, dims: Mapping[str, Dim], but: str = ""
) -> tuple[Linear, Linear] | None:
    """How far the position stays from both ends of its axis, the index `but` left out (at its
    beginning); None if a length is not known."""
    axis = Linear.of(world, guard.dim)
    if axis is None:
        return None
    low, high = Linear(world, {}, guard.index.offset), axis.add(-1 - guard.index.offset)
    for c, index in zip(guard.index.coefs, guard.index.over, strict=True):
        if isinstance(index, At):
            place = Linear(world) if index.dim is None else Linear.of(world, index.dim)
            if place is None:
                return None
            place = place.add(index.offset)
            low, high = low.plus(place, c), high.plus(place, -c)
            continue
        if not isinstance(index, Var):
            return None
        if index.name == but:
            continue
        length = Linear.of(world, dims.get(index.name, Unknown()))
        if length is None:
            return None
        if c > 0:
            high = high.plus(length.add(-1), -c)
        else:
            low = low.plus(length.add(-1), c)
    return low, high


def inside(world: World, guard: Guard, dims: Mapping[str, Dim]) -> bool:
    """Does the position exist for all sizes and all values of its indices?"""
    found = room(world, guard, dims)
    return found is not None and found[0].never_negative and found[1].never_negative


def reaches(world: World, guard: Guard, first: int, last: Linear | None, moved: int) -> bool:
    """Does a position i + 1 exist wherever a sum over i runs, from `first` to `last`, each of
    them `moved`?"""
    axis, by = Linear.of(world, guard.dim), guard.index.offset + moved
    if axis is None or last is None or first + by < 0:
        return False
    return axis.add(-1 - by).plus(last, -1).never_negative


def inferred(world: World, guards: list[Guard], dims: Mapping[str, Dim], letter: str) -> Dim | None:
    """How far an index runs so that all positions exist; None if that is not clear."""
    found: set[str] = set()
    dim: Dim | None = None
    for guard in guards:
        if not guard.mentions(letter):
            continue
        (c,) = (
            c
            for c, v in zip(guard.index.coefs, guard.index.over, strict=True)
            if isinstance(v, Var) and v.name == letter
        )
        space = room(world, guard, dims, letter)
        if c < 1 or space is None or not space[0].never_negative:
            return None
        if any(k % c for k in space[1].coefs.values()):
            return None
        coefs = {k: v // c for k, v in space[1].coefs.items()}
        dim = Linear(world, coefs, space[1].const // c + 1).dim()
        found.add(str(dim))
    return dim if len(found) == 1 else None


def without_idle(world: World, term: Term, dims: Mapping[str, Dim]) -> Term:
    """`term` without the tests of positions that always exist."""
    every: dict[str, Dim] = dict(dims)
    for item in walk(term):
        if isinstance(item, Big):
            every[item.var] = item.dim
        elif isinstance(item, Lam):
            every.update(dict(item.vars))

    def idle(test: Term) -> bool:
        if not isinstance(test, Test):
            return False
        if isinstance(test.right, Affine) and test.left == At(None, 0) and test.op == "<=":
            space = room(world, Guard(test.right, 1, NOWHERE), every)
            return space is not None and space[0].never_negative
        if isinstance(test.left, Affine) and isinstance(test.right, At) and test.op == "<":
            if test.right.dim is None:
                return False
            space = room(world, Guard(test.left, test.right.dim, NOWHERE), every)
            return space is not None and space[1].never_negative
        return False

    def change(item: object) -> object:
        if isinstance(item, Big) and item.test is not None:
            parts = item.test.parts if isinstance(item.test, Mul) else (item.test,)
            kept = [p for p in parts if not idle(p)]
            if len(kept) < len(parts):
                test = mul(*kept) if kept else None
                return Big(item.kind, item.var, item.dim, item.body, test, item.low, item.high)
        return ONE if isinstance(item, Term) and idle(item) else item

    found = rebuild(term, change)
    assert isinstance(found, Term)
    return found


NOWHERE = Node("none")


def has_tests(term: Term) -> bool:
    return any(
        isinstance(t, Test) and (isinstance(t.left, Affine) or isinstance(t.right, Affine))
        for t in walk(term)
    )
