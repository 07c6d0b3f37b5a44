"""Positions in subscripts, and what they run over."""

from __future__ import annotations

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.base import items_of, key_of, split
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.names import Names
from backprop.derivations.meaning.terms import (
    At,
    Entry,
    Index,
    Label,
    Position,
    Shift,
    Term,
    Test,
    Var,
)
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.reading.tree import NONE, Node


class Indices(Names):
    """Positions in subscripts, and what they run over."""

    def flat_indices(self, sub: Node, rank: int | None = None) -> list[Node]:
        """The subscript as one node per index."""
        found: list[Node] = []
        for part in sub.parts:
            for item in items_of(part) if part.kind == "product" else (part,):
                if item.kind == "number" and len(item.value) > 1 and rank and rank > 1:
                    found += [
                        Node("number", c, (), item.start + k, item.start + k + 1)
                        for k, c in enumerate(item.value)
                    ]
                else:
                    found.append(item)
        return found

    def index(self, node: Node) -> Index:
        """A position written in a subscript."""
        world = self.world
        if node.kind == "number":
            return self.literal(None, int(node.value), node)
        if node.kind in ("group", "paren") and len(node.parts) == 1:
            return self.index(node.parts[0])
        if node.kind == "sum" and len(node.parts) == 2 and node.parts[0].value == "+":
            first, second = node.parts
            if second.parts[0].kind == "number":
                by = int(second.parts[0].value) * (1 if second.value == "+" else -1)
                base = self.index(first.parts[0])
                if isinstance(base, Var):
                    return Shift(base, by)
                if isinstance(base, At):
                    return At(base.dim, base.offset + by)
        base_node, sub, sup, primes = split(node)
        key = key_of(base_node)
        if key is None or sup is not NONE or primes:
            raise self.fail("unexpected", node, hint="")
        name, left, _ = self.lookup(node)
        if name is not None and name in world.symbols and world.symbols[name].kind == "label":
            symbol = world.symbols[name]
            return Label(name, self.positions(symbol, left, node))
        if sub is not NONE:
            raise self.fail("unexpected", node, hint="")
        if key in self.bound:
            return Var(self.bound[key])
        if key in world.sizes:
            return self.literal(key, 0, node)
        if key in world.symbols or key in world.functions:
            raise self.fail("unexpected", node, hint="")
        if len(key) > 1 and node.kind != "symbol":
            raise self.fail("unexpected", node, hint="")
        self.free.setdefault(key, node)
        self.dims.setdefault(key, world.ranges.get(key, Unknown()))
        return Var(key)

    def literal(self, dim: Dim | None, offset: int, node: Node) -> At:
        """x_{0j}, x_{1j}, x_{nj}: 0 says that counting starts there."""
        world = self.world
        if dim is None and offset == 0 and world.base is None:
            world.base = 0
        if world.base is None:
            world.base = world.counts
        if world.base is None:
            wanted = str(dim or next(iter(world.sizes), "n"))
            raise self.fail("literal-base", node, index="i", wanted=wanted)
        return At(dim, offset - world.base)

    def length(self, index: Index) -> Dim | None:
        if isinstance(index, Var):
            return self.dims[index.name]
        if isinstance(index, Shift):
            return self.dims[index.var.name]
        if isinstance(index, Label):
            return self.world.symbols[index.symbol].high
        return index.dim

    def placed(self, index: Index, dim: Dim, node: Node) -> Index:
        """Check that `index` fits an axis of length `dim`."""
        length = self.length(index)
        if length is not None and not unify(length, dim):
            raise self.fail(
                "index-range", node, first=show_shape((length,)), second=show_shape((dim,))
            )
        if isinstance(index, At):
            base = self.world.base or 0
            known = find(dim)
            if (
                (index.dim is None and index.offset < 0)
                or (index.dim is not None and index.offset >= 0)
                or (index.dim is None and isinstance(known, int) and index.offset >= known)
            ):
                last = f"{known}" if base else f"{known} - 1"
                raise self.fail("outside", node, first=base, last=last)
        return index

    def positions(self, symbol: Symbol, sub: Node, node: Node) -> tuple[Index, ...]:
        nodes = self.flat_indices(sub, len(symbol.shape)) if sub is not NONE else []
        shape = symbol.shape
        if len(shape) == 2 and find(shape[0]) == 1 and len(nodes) == 1:
            return (At(None, 0), self.placed(self.index(nodes[0]), shape[1], nodes[0]))
        if len(shape) == 2 and find(shape[1]) == 1 and len(nodes) == 1:
            return (self.placed(self.index(nodes[0]), shape[0], nodes[0]), At(None, 0))
        if len(nodes) == 2 and not shape and symbol.key == "\\delta":
            raise self.fail("kronecker-declared", node)
        if len(nodes) != len(shape):
            letters = "ijklm"[: len(shape)]
            better = f"{self.bare(node)}_{{{letters}}}" if shape else self.bare(node)
            raise self.fail("rank", node, given=len(nodes), wanted=len(shape), better=better)
        return tuple(self.placed(self.index(n), d, n) for n, d in zip(nodes, shape, strict=True))

    def bare(self, node: Node) -> str:
        return self.text(split(node)[0])

    def entry(self, symbol: Symbol, sub: Node, node: Node) -> Array:
        """A declared symbol with its subscript: an entry, a row or column, or all of it."""
        if symbol.kind == "label":
            index = Label(symbol.key, self.positions(symbol, sub, node))
            if self.world.base is None:
                raise self.fail("index-value", node)
            return scalar(Position(index, self.world.base))
        if sub is NONE:
            return Array(symbol.shape, lambda p: Entry(symbol.key, p))
        nodes = self.flat_indices(sub, len(symbol.shape))
        if len(nodes) == symbol.family < len(symbol.shape):  # one vector of a family
            places = tuple(
                self.placed(self.index(n), d, n) for n, d in zip(nodes, symbol.shape, strict=False)
            )
            return Array(symbol.shape[len(nodes) :], lambda p: Entry(symbol.key, (*places, *p)))
        if any(self.is_whole(n) for n in nodes) and len(nodes) == len(symbol.shape):
            fixed = {
                k: self.placed(self.index(n), symbol.shape[k], n)
                for k, n in enumerate(nodes)
                if not self.is_whole(n)
            }
            shape = tuple(d for k, d in enumerate(symbol.shape) if k not in fixed)

            def at(p: tuple[Index, ...]) -> Term:
                left = iter(p)
                place = (fixed[k] if k in fixed else next(left) for k in range(len(nodes)))
                return Entry(symbol.key, tuple(place))

            return Array(shape, at)
        return scalar(Entry(symbol.key, self.positions(symbol, sub, node)))

    @staticmethod
    def is_whole(node: Node) -> bool:
        return node.kind == "colon" or (node.kind == "op" and node.value == "\\cdot")

    def entry_of(self, value: Array, sub: Node, node: Node) -> Array:
        """(A B)_{ij}: an entry of an expression."""
        if sub is NONE:
            return value
        value = arrays.columns(value)
        nodes = self.flat_indices(sub, len(value.shape))
        if len(nodes) != len(value.shape):
            raise self.fail(
                "rank", node, given=len(nodes), wanted=len(value.shape), better="(…)_{ij}"
            )
        at = tuple(
            self.placed(self.index(n), d, n) for n, d in zip(nodes, value.shape, strict=True)
        )
        return scalar(value.at(at))

    def kronecker(self, sub: Node, node: Node) -> Term:
        nodes = self.flat_indices(sub, 2)
        if len(nodes) != 2:
            raise self.fail("rank", node, given=len(nodes), wanted=2, better="\\delta_{ij}")
        return self.equal_positions("=", nodes[0], nodes[1], node)

    def equal_positions(self, op: str, left: Node, right: Node, node: Node) -> Term:
        a, b = self.index(left), self.index(right)
        la, lb = self.length(a), self.length(b)
        if la is not None and lb is not None and not unify(la, lb):
            raise self.fail("index-range", node, first=show_shape((la,)), second=show_shape((lb,)))
        return Test(op, a, b)
