"""Two sides of a row as one equation, and how far apart they are at random instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from backprop.derivations.evidence.compare import compare, values
from backprop.derivations.evidence.sample import Sample
from backprop.derivations.evidence.satisfy import draw_instance
from backprop.derivations.evidence.scope import Scope
from backprop.derivations.evidence.values import OutsideDomainError, real
from backprop.derivations.meaning import Reader
from backprop.derivations.meaning.arrays import Array, columns, zeros
from backprop.derivations.meaning.declare import check_known
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.rewriting import free_indices, resolved
from backprop.derivations.meaning.shifts import inside, without_idle
from backprop.derivations.meaning.terms import At, Big, Deriv, Fn, Term, Test, Var, mul, num, walk
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import Node, read
from backprop.derivations.verdicts import Difference, Verdict

INSTANCES, INSTANCES_AT_PREMISES, INSTANCES_AT_KINKS = 4, 12, 24
TOLERANCE, NESTED_TOLERANCE = 1e-10, 1e-7


@dataclass
class Side:
    """One side of a row, read."""

    array: Array
    reader: Reader
    node: Node

    @property
    def text(self) -> str:
        return self.reader.text(self.node)


@dataclass
class Equation:
    """Two sides as numbers over named positions."""

    left: Term
    right: Term
    dims: dict[str, Dim]
    sides: tuple[Side, Side]


def written_row(side: Side, other: Array) -> Array:
    """A row that is written out as a matrix may show the entries of a vector."""
    array = side.array
    if side.node.kind == "matrix" and len(array.shape) == 2 and len(other.shape) == 1:
        if find(array.shape[0]) == 1:
            return Array(array.shape[1:], lambda p: array.at((At(None, 0), p[0])))
    return array


QUADRATURES = ("weights of normal", "weights of uniform")


class Instances:
    """Reads sides, makes equations, compares them."""

    def __init__(self, world: World, direct: bool = False, prove: bool = True) -> None:
        self.world = world
        self.direct = direct
        self.prove = prove
        self.last: Side | None = None
        self.failed: Equation | None = None  # the last equation of a row, if it alone is wrong
        self.explains = True  # is what would repair a wrong row worth the search?
        self.rest: Verdict | None = None  # the verdict on those before it
        self.head: set[str] = set()  # symbols that the chain differentiates
        self.slopes = False  # did the chain begin with a derivative?
        self.instances: dict[tuple[int, bool, frozenset[int], str], Sample | None] = {}
        self.without: frozenset[int] = frozenset()  # assumptions that are left out for a trial
        self.scopes: dict[Any, Scope] = {}
        self.known_symbols = -1
        self.ambiguous = False  # would ∂ with the others held fixed be something else?
        self.condition: tuple[Reader, Term] | None = None  # where the row holds
        self.outside: set[str] = set()  # indices of the side that the row continues
        self.by: tuple[str, ...] = ()  # definitions that the row says it uses
        self.paths = False  # does a row add up different paths?
        self.used: dict[str, int] = {}  # the levels at which the last row held

    def side(self, node: Node, tex: str, tree: Node) -> Side:
        reader = Reader(self.world, tex, tree)
        reader.outer |= self.outside
        return Side(columns(reader.side(node)), reader, node)

    def equation(self, a: Side, b: Side) -> Equation:
        """Two sides over the same indices. Raises `Unreadable`."""
        left, right = written_row(a, b.array), written_row(b, a.array)
        if left.shape and not right.shape and right.term == num(0):
            right = zeros(left.shape)
        elif right.shape and not left.shape and left.term == num(0):
            left = zeros(right.shape)
        if len(left.shape) != len(right.shape) or not all(
            unify(x, y) for x, y in zip(left.shape, right.shape, strict=True)
        ):
            turned = [str(find(d)) for d in left.shape][::-1] == [str(find(d)) for d in right.shape]
            raise b.reader.fail(
                "shape",
                b.node,
                found=f"{a.text} = {b.text}",
                left=show_shape(left.shape),
                right=show_shape(right.shape),
                hint=" (\\top ?)" if turned else "",
            )
        dims: dict[str, Dim] = dict(zip(["row", "col", "axis3", "axis4"], left.shape, strict=False))
        at = tuple(Var(n) for n in dims)
        for side in (a, b):
            for letter, node in side.reader.free.items():
                dim = side.reader.dims[letter]
                if letter in dims and not unify(dims[letter], dim):
                    raise side.reader.fail(
                        "index-range",
                        node,
                        found=letter,
                        first=show_shape((dims[letter],)),
                        second=show_shape((dim,)),
                    )
                dims.setdefault(letter, dim)
        if any(isinstance(find(dims[name]), Unknown) for name in (v.name for v in at)):
            raise a.reader.fail("shape-unknown", a.node, better="I_n")  # I = 0
        for side in (a, b):
            for letter, node in side.reader.free.items():
                binder = a.reader.binders.get(letter) or b.reader.binders.get(letter)
                if binder:
                    raise side.reader.fail("index-collision", node, found=letter, binder=binder)
                unify(dims[letter], self.world.letters.get(letter, Unknown()))
                if isinstance(find(dims[letter]), Unknown):
                    raise side.reader.fail("index-unknown", node, found=letter)
        for side, other in ((a, b), (b, a)):
            for letter, node in side.reader.pairs.items():
                if letter not in other.reader.free:
                    raise side.reader.fail("pairs", node, index=letter)
        if a.reader.free or a.array.shape:
            for letter, node in b.reader.free.items():
                if letter not in a.reader.free:
                    raise b.reader.fail("free-index", node, found=letter)
        first, second = resolved(left.at(at)), resolved(right.at(at))
        check_known(first, a.reader, a.node)
        check_known(second, b.reader, b.node)
        mask = self.existing((a, b), dims)
        if mask is not None:
            first, second = mul(mask, first), mul(mask, second)
        first, second = (without_idle(self.world, t, dims) for t in (first, second))
        if self.condition is not None:
            reader, test = self.condition
            for letter, node in reader.free.items():
                if letter not in dims or not unify(dims[letter], reader.dims[letter]):
                    raise reader.fail("free-index", node, found=letter)
            self.not_empty(reader, resolved(test), {k: find(d) for k, d in dims.items()})
            first, second = mul(resolved(test), first), mul(resolved(test), second)
        return Equation(first, second, {k: find(d) for k, d in dims.items()}, (a, b))

    def not_empty(self, reader: Reader, test: Term, dims: dict[str, Dim]) -> None:
        """Raises `Unreadable` for a condition that no indices fulfil: i \\ne i."""
        for number in range(INSTANCES):
            try:
                if np.any(self.scope(number, False, {}).of(test, dims).array > 0.5):
                    return
            except OutsideDomainError:
                continue
        raise Unreadable("never", found=reader.tex.strip())

    def existing(self, sides: tuple[Side, Side], dims: dict[str, Dim]) -> Term | None:
        """1 where all shifted positions of a row exist; None if they always do. Raises
        `Unreadable` where they never do."""
        guards = [g for side in sides for g in side.reader.guards]
        guards = [g for g in guards if not inside(self.world, g, dims)]
        if not guards:
            return None
        mask: Term = resolved(mul(*dict.fromkeys(g.test for g in guards)))
        known = {k: find(d) for k, d in dims.items()}
        for number in range(INSTANCES):
            try:
                if np.any(self.scope(number, False, {}).of(mask, known).array > 0.5):
                    return mask
            except OutsideDomainError:
                continue
        raise sides[0].reader.fail("index-outside", guards[0].node)

    def no_gaps(self, equation: Equation) -> None:
        """Cases without "otherwise" must leave nothing out. Raises `Unreadable`."""
        for side in equation.sides:
            for term, node in side.reader.gaps:
                if not free_indices(term) <= equation.dims.keys():
                    continue  # within a sum: what it leaves out has no value, which is found there
                within = term if self.condition is None else mul(resolved(self.condition[1]), term)
                for number in range(INSTANCES_AT_KINKS):
                    try:
                        value = self.scope(number, False, {}).of(resolved(within), equation.dims)
                    except OutsideDomainError:
                        continue
                    if np.any(value.array > 0.5):
                        raise side.reader.fail("cases-gap", node)

    @property
    def known_now(self) -> int:
        world = self.world
        return len(world.symbols) + len(world.assumed) + len(world.derived)

    def forget(self) -> None:
        """Something was declared: the numbers drawn so far are no longer right."""
        self.known_symbols = self.known_now
        self.instances.clear()
        self.scopes.clear()

    def satisfiable(self, tries: int | None = None) -> bool:
        """Are there numbers for which all assumptions hold?"""
        for number in range(tries or 2 * INSTANCES_AT_PREMISES):
            try:
                self.scope(number, number % 2 == 1, {})
            except OutsideDomainError:
                continue
            return True
        return False

    def keep_bounds(self) -> None:
        """What is declared within bounds and then defined must lie in them. Raises
        `Unreadable`."""
        for key, symbol in self.world.symbols.items():
            low, high = symbol.bounds
            if symbol.definition is None or (low, high) == (None, None):
                continue
            for number in range(INSTANCES):
                try:
                    value = real(self.scope(number, False, {}).get(key).array)
                except OutsideDomainError:
                    continue
                if (low is not None and np.any(value < float(low))) or (
                    high is not None and np.any(value > float(high))
                ):
                    bounds = " < ".join(str(b) for b in (low, key, high) if b is not None)
                    found = f"{bounds}, {key} = {float(np.ravel(value)[0]):.6g}"
                    raise Unreadable("contradictory", found=found)

    def near(self, equation: Equation) -> frozenset[int]:
        """The assumptions that have a symbol in common with the row, at any remove."""
        world = self.world
        about = [
            set().union(*(world.below(n) for n in a.left.names | a.right.names))
            for a in world.assumed
        ]
        names = equation.left.names | equation.right.names
        reached = set().union(*(world.below(n) for n in names)) if names else set()
        found: set[int] = set()
        while True:
            more = {k for k, names in enumerate(about) if names & reached} - found
            if not more:
                return frozenset(found)
            found |= more
            reached = reached.union(*(about[k] for k in more))

    def free_names(self, tex: str) -> list[str]:
        """The variables of an equation between nothing else. Raises `Unreadable`."""
        tree = read(tex, self.world.words)
        left, right = (self.side(node, tex, tree) for node in tree.parts)
        equation = self.equation(left, right)
        names = equation.left.names | equation.right.names
        if any(self.world.symbols[n].definition is not None for n in names):
            return []
        return sorted(names)

    def premises(self, equation: Equation, levels: dict[str, int]) -> tuple[str, ...]:
        """The assumptions without which the row would not hold, as they are written."""
        near = self.near(equation)
        one = {k: frozenset({k}) for k in sorted(near)}
        needed = [k for k in one if not self.holds_without(one[k], equation, levels)]
        if near and not needed and not self.holds_without(near, equation, levels):
            needed = sorted(near)  # either of two would do
        return tuple(self.world.assumed[k].tex for k in needed)

    def holds_without(
        self, without: frozenset[int], equation: Equation, levels: dict[str, int]
    ) -> bool:
        self.without = without
        try:
            return self.worst(equation, levels) is None
        except Unreadable:
            return False
        finally:
            self.without = frozenset()

    def quadrature_error(self, equation: Equation) -> float | None:
        """How far the expectations of a row may be off, relative to its sides; None without any."""
        names = equation.left.names | equation.right.names
        reached = set().union(*(self.world.below(n) for n in names)) if names else set()
        laws = (self.world.symbols[n].law for n in reached)
        if not any(w is not None and w.kind in QUADRATURES for w in laws):
            return None
        error = 0.0
        for number in range(2):
            for attempt in range(10):
                try:
                    fine, coarse = (
                        self.scope(number + INSTANCES * attempt, attempt % 2 == 1, {}, kind)
                        for kind in ("", "coarse")
                    )
                    for side in (equation.left, equation.right):
                        a, b = (values(side, equation.dims, s) for s in (fine, coarse))
                        scale = max(float(np.max(np.abs(a))), 1e-3)
                        error = max(error, float(np.max(np.abs(a - b))) / scale)
                    break
                except OutsideDomainError:
                    continue
        return error

    def scope(self, number: int, positive: bool, levels: dict[str, int], kind: str = "") -> Scope:
        if self.known_symbols != self.known_now:
            self.forget()
        key = (number, positive, self.without, kind)
        if key not in self.instances:
            world = self.world
            if self.without:
                kept = [a for k, a in enumerate(world.assumed) if k not in self.without]
                world = replace(world, assumed=kept)
            try:
                self.instances[key] = draw_instance(world, number, positive, kind)
            except OutsideDomainError:
                self.instances[key] = None
        instance = self.instances[key]
        if instance is None:
            raise OutsideDomainError("assumptions")
        name = (key, tuple(sorted(levels.items())))
        if name not in self.scopes:
            self.scopes[name] = Scope(instance, levels, direct=self.direct)
        return self.scopes[name]

    def differences(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Iterator[Difference]:
        """Both sides at `count` instances of different sizes. Raises `Unreadable`."""
        if count == INSTANCES:
            count = self.instances_for(equation)
        for k in range(count):
            for attempt in range(10):
                try:
                    scope = self.scope(k + INSTANCES * attempt, attempt % 2 == 1, levels)
                    yield compare(equation.left, equation.right, equation.dims, scope)
                    break
                except OutsideDomainError:
                    continue
            else:
                raise Unreadable("no-domain")

    def reached(self, equation: Equation) -> Iterator[Term]:
        """Both sides, and every definition that they rest on."""
        yield equation.left
        yield equation.right
        names = equation.left.names | equation.right.names
        for name in set().union(*(self.world.below(n) for n in names)) if names else set():
            definition = self.world.symbols[name].definition
            if definition is not None:
                yield definition

    def instances_for(self, equation: Equation) -> int:
        """More where a comparison or a maximum shows little of what is compared, and where an
        assumption may be met in several ways."""
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

    def worst(
        self, equation: Equation, levels: dict[str, int], count: int = INSTANCES
    ) -> Difference | None:
        """The first difference that is none of rounding; None if the sides agree."""
        nested = any(
            isinstance(t, Deriv) and t.body.differentiates
            for side in (equation.left, equation.right)
            for t in walk(side)
        ) or any(
            isinstance(t, Deriv)
            and any(
                isinstance(u, Deriv)
                for name in t.body.names
                for below in self.world.below(name)
                if self.world.symbols[below].definition is not None
                for u in walk(self.world.symbols[below].definition)
            )
            for side in (equation.left, equation.right)
            for t in walk(side)
        )
        limit = NESTED_TOLERANCE if nested else TOLERANCE
        for difference in self.differences(equation, levels, count):
            if not difference.error <= limit:
                return difference
        return None
