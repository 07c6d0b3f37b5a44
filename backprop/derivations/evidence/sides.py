"""The sides of a row, read, and set equal over the same indices."""

from __future__ import annotations

import numpy as np

from backprop.derivations.evidence.equation import Equation, Side
from backprop.derivations.evidence.instances import INSTANCES, INSTANCES_AT_KINKS, Instances
from backprop.derivations.evidence.values import OutsideDomainError
from backprop.derivations.meaning import Context, reader_of
from backprop.derivations.meaning.arrays import Array, columns, zeros
from backprop.derivations.meaning.declare import check_known
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.rewriting import free_indices, resolved
from backprop.derivations.meaning.shifts import Linear, inside, without_idle
from backprop.derivations.meaning.terms import At, Term, Var, mul, num
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import Node, read

AXES = ("row", "col", "axis3", "axis4")  # what the axes of an array without indices are called


class Sides:
    """Reads the sides of rows; what it knows besides them is where the row holds."""

    def __init__(self, instances: Instances) -> None:
        self.instances = instances
        self.world = instances.world
        self.condition: tuple[Context, Term] | None = None  # where the row holds
        self.outside: set[str] = set()  # indices of the side that the row continues

    def read(self, node: Node, tex: str, tree: Node) -> Side:
        """A side of the row `tree`. Raises `Unreadable`."""
        reader = reader_of(self.world, tex, tree)
        reader.outer |= self.outside
        return Side(columns(reader.side(node)), reader, node)

    def equation(self, a: Side, b: Side, every: bool = False) -> Equation:
        """Two sides over the same indices. Raises `Unreadable`. every: may an index stand on the
        right alone, and the row be about all of its values?"""
        a, b = self._refitted(a, b)
        left, right = alike(a, b)
        dims: dict[str, Dim] = dict(zip(AXES, left.shape, strict=False))
        at = tuple(Var(n) for n in dims)
        self._share_indices(a, b, dims, every)
        first, second = resolved(left.at(at)), resolved(right.at(at))
        check_known(first, a.reader, a.node)
        check_known(second, b.reader, b.node)
        mask = self._existing((a, b), dims)
        if mask is not None:
            first, second = mul(mask, first), mul(mask, second)
        first, second = (without_idle(self.world, t, dims) for t in (first, second))
        where = mask
        if self.condition is not None:
            reader, test = self.condition
            where = resolved(test) if mask is None else mul(mask, resolved(test))
            for letter, node in reader.free.items():
                if letter not in dims or not unify(dims[letter], reader.dims[letter]):
                    raise reader.fail("free-index", node, found=letter)
            if not self._somewhere(resolved(test), known(dims)):  # i \\ne i
                raise Unreadable("never", found=reader.tex.strip())
            first, second = mul(resolved(test), first), mul(resolved(test), second)
        return Equation(first, second, known(dims), (a, b), where)

    def _refitted(self, a: Side, b: Side) -> tuple[Side, Side]:
        """The sides, one of them read again where the other says that an index runs further: k
        runs over the N entries x_k, and not over the N - 1 of d_k."""
        for side, other in ((a, b), (b, a)):
            longer = {}
            for letter in side.reader.free.keys() & other.reader.free.keys():
                mine, its = (
                    Linear.of(self.world, r.dims[letter]) for r in (side.reader, other.reader)
                )
                gap = its.plus(mine, -1) if mine is not None and its is not None else None
                if gap is not None and not gap.coefs and gap.const > 0 and its and its.coefs:
                    longer[letter] = other.reader.dims[letter]
            if not longer:
                continue
            kept = dict(self.world.ranges)
            try:
                self.world.ranges.update(longer)
                again = self.read(side.node, side.reader.tex, side.reader.tree)
            finally:
                self.world.ranges = kept
            return (again, other) if side is a else (other, again)
        return a, b

    def _share_indices(self, a: Side, b: Side, dims: dict[str, Dim], every: bool) -> None:
        """Adds to `dims` what the free indices of both sides run over. Raises `Unreadable`."""
        axes = list(dims)
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
        if any(isinstance(find(dims[name]), Unknown) for name in axes):
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
        if not every and (a.reader.free or a.array.shape):
            for letter, node in b.reader.free.items():
                if letter not in a.reader.free:
                    raise b.reader.fail("free-index", node, found=letter)

    def _existing(self, sides: tuple[Side, Side], dims: dict[str, Dim]) -> Term | None:
        """1 where all shifted positions of a row exist; None if they always do. Raises
        `Unreadable` where they never do."""
        guards = [g for side in sides for g in side.reader.guards]
        guards = [g for g in guards if not inside(self.world, g, dims)]
        if not guards:
            return None
        mask: Term = resolved(mul(*dict.fromkeys(g.test for g in guards)))
        if not self._somewhere(mask, known(dims)):
            raise sides[0].reader.fail("index-outside", guards[0].node)
        return mask

    def _somewhere(self, test: Term, dims: dict[str, Dim], count: int = INSTANCES) -> bool:
        """Is a condition on indices or numbers fulfilled anywhere?"""
        for number in range(count):
            try:
                if np.any(self.instances.scope(number, False, {}).of(test, dims).array > 0.5):
                    return True
            except OutsideDomainError:
                continue
        return False

    def no_gaps(self, equation: Equation) -> None:
        """Cases without "otherwise" must leave nothing out. Raises `Unreadable`."""
        for side in equation.sides:
            for term, node in side.reader.gaps:
                if not free_indices(term) <= equation.dims.keys():
                    continue  # within a sum: what it leaves out has no value, which is found there
                within = term if self.condition is None else mul(resolved(self.condition[1]), term)
                if self._somewhere(resolved(within), equation.dims, INSTANCES_AT_KINKS):
                    raise side.reader.fail("cases-gap", node)

    def free_names(self, tex: str) -> list[str]:
        """The variables of an equation between nothing else. Raises `Unreadable`."""
        tree = read(tex, self.world.words)
        left, right = (self.read(node, tex, tree) for node in tree.parts)
        names = self.equation(left, right).names
        if any(self.world.symbols[n].definition is not None for n in names):
            return []
        return sorted(names)


def known(dims: dict[str, Dim]) -> dict[str, Dim]:
    return {k: find(d) for k, d in dims.items()}


def alike(a: Side, b: Side) -> tuple[Array, Array]:
    """The arrays of two sides, of one shape. Raises `Unreadable`."""
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
    return left, right


def written_row(side: Side, other: Array) -> Array:
    """A row that is written out as a matrix may show the entries of a vector."""
    array = side.array
    if side.node.kind == "matrix" and len(array.shape) == 2 and len(other.shape) == 1:
        if find(array.shape[0]) == 1:
            return Array(array.shape[1:], lambda p: array.at((At(None, 0), p[0])))
    return array
