"""Random instances of everything declared, and how far apart two sides are at them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from backprop.derivations.evidence.compare import compare
from backprop.derivations.evidence.equation import Equation
from backprop.derivations.evidence.precise import agree
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import draw_instance
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning.terms import Big, Deriv, Fn, Term, Test, walk
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.verdicts import Difference

INSTANCES, INSTANCES_AT_PREMISES, INSTANCES_AT_KINKS = 4, 12, 24
TOLERANCE, NESTED_TOLERANCE = 1e-10, 1e-7
SMALL = 0.1  # relative: a smaller difference may be one of rounding


class Instances:
    """The instances of a world, each drawn once. direct: ∂ holds the other named quantities
    fixed."""

    def __init__(self, world: World, direct: bool = False) -> None:
        self.world = world
        self.direct = direct
        self._without: frozenset[int] = frozenset()  # assumptions that are left out for a trial
        self._drawn: dict[tuple[int, bool, frozenset[int], str], Sample | None] = {}
        self._scopes: dict[Any, Scope] = {}
        self._declared = -1  # how much was, when they were drawn

    def scope(self, number: int, positive: bool, levels: dict[str, int], kind: str = "") -> Scope:
        """The values of symbols at an instance. Raises `OutsideDomainError` where the assumptions
        cannot be met."""
        if self._declared != self._declared_now:
            self.forget()
        key = (number, positive, self._without, kind)
        if key not in self._drawn:
            world = self.world
            if self._without:
                kept = [a for k, a in enumerate(world.assumed) if k not in self._without]
                world = replace(world, assumed=kept)
            try:
                self._drawn[key] = draw_instance(world, number, positive, kind)
            except OutsideDomainError:
                self._drawn[key] = None
        instance = self._drawn[key]
        if instance is None:
            raise OutsideDomainError("assumptions")
        name = (key, tuple(sorted(levels.items())))
        if name not in self._scopes:
            self._scopes[name] = Scope(instance, levels, direct=self.direct)
        return self._scopes[name]

    @property
    def _declared_now(self) -> int:
        world = self.world
        return len(world.symbols) + len(world.assumed) + len(world.derived)

    def forget(self) -> None:
        """Something was declared: the numbers drawn so far are no longer right."""
        self._declared = self._declared_now
        self._drawn.clear()
        self._scopes.clear()

    @contextmanager
    def leaving_out(self, without: frozenset[int]) -> Iterator[None]:
        """Instances at which these assumptions, by their numbers, need not hold."""
        self._without = without
        try:
            yield
        finally:
            self._without = frozenset()

    def satisfiable(self, tries: int | None = None) -> bool:
        """Are there numbers for which all assumptions hold?"""
        for number in range(tries or 2 * INSTANCES_AT_PREMISES):
            try:
                self.scope(number, number % 2 == 1, {})
            except OutsideDomainError:
                continue
            return True
        return False

    def near(self, equation: Equation) -> frozenset[int]:
        """The assumptions that have a symbol in common with the row, at any remove."""
        world = self.world
        about = [
            set().union(*(world.below(n) for n in a.left.names | a.right.names))
            for a in world.assumed
        ]
        reached = equation.rests_on(world)
        found: set[int] = set()
        while True:
            more = {k for k, names in enumerate(about) if names & reached} - found
            if not more:
                return frozenset(found)
            found |= more
            reached = reached.union(*(about[k] for k in more))

    def reached(self, equation: Equation) -> Iterator[Term]:
        """Both sides, and every definition that they rest on."""
        yield equation.left
        yield equation.right
        for name in equation.rests_on(self.world):
            definition = self.world.symbols[name].definition
            if definition is not None:
                yield definition

    def count(self, equation: Equation) -> int:
        """How many instances are enough: more where a comparison or a maximum shows little of what
        is compared, and where an assumption may be met in several ways."""
        kinks = any(
            (isinstance(t, Test) and isinstance(t.left, Term))
            or (isinstance(t, Fn) and t.name in ("max", "min", "abs", "sign"))
            or (isinstance(t, Big) and t.kind in ("max", "min"))
            for term in self.reached(equation)
            for t in walk(term)
        )
        if kinks:
            return INSTANCES_AT_KINKS
        return INSTANCES_AT_PREMISES if self.world.assumed and self.near(equation) else INSTANCES

    def differences(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Iterator[tuple[Difference, Scope]]:
        """Both sides at `count` instances of different sizes. Raises `Unreadable`."""
        if count == INSTANCES:
            count = self.count(equation)
        for k in range(count):
            for attempt in range(10):
                try:
                    scope = self.scope(k + INSTANCES * attempt, attempt % 2 == 1, levels)
                    yield compare(equation.left, equation.right, equation.dims, scope), scope
                    break
                except OutsideDomainError:
                    continue
            else:
                raise Unreadable("no-domain")

    def worst(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Difference | None:
        """The first difference that is none of rounding; None if the sides agree."""
        limit = NESTED_TOLERANCE if is_nested(equation, self.world) else TOLERANCE
        for difference, scope in self.differences(equation, levels, count):
            if difference.error <= limit:
                continue
            if not difference.error <= SMALL or not agree(equation, scope):
                return difference
        return None


def is_nested(equation: Equation, world: World) -> bool:
    """Is there a derivative of a derivative, which real steps give to fewer digits?"""
    derivatives = [
        t for side in (equation.left, equation.right) for t in walk(side) if isinstance(t, Deriv)
    ]
    if any(t.body.differentiates for t in derivatives):
        return True
    return any(
        isinstance(inner, Deriv)
        for t in derivatives
        for name in t.body.names
        for below in world.below(name)
        if world.symbols[below].definition is not None
        for inner in walk(world.symbols[below].definition)
    )
