"""Derivatives: by entries, vectors and matrices; total and partial."""

from __future__ import annotations

from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.base import is_mark, items_of, key_of, split
from backprop.derivations.meaning.functions import Functions
from backprop.derivations.meaning.rewriting import renamed
from backprop.derivations.meaning.terms import Deriv, Entry, num
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.reading.tree import NONE, Node


class Derivatives(Functions):
    """Derivatives: by entries, vectors and matrices; total and partial."""

    def derivative_marks(self, node: Node) -> bool:
        above, below = items_of(node.parts[0]), items_of(node.parts[1])
        first = split(above[0])[0]
        return (
            is_mark(first)
            and is_mark(below[0])
            and len(below) > 1
            and first == replace(below[0], start=first.start, end=first.end)
        )

    def slashed(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int] | None:
        """dL/dx on the line."""
        slash = next(
            (k for k in range(at, len(nodes)) if nodes[k].kind == "op" and nodes[k].value == "/"),
            None,
        )
        if slash is None or slash + 2 >= len(nodes) or slash == at + 1:
            return None
        if not is_mark(nodes[slash + 1]) or not is_mark(nodes[at]):
            return None
        if any(n.kind == "op" for n in nodes[at:slash]):
            return None
        below = nodes[slash + 1 :]
        if len(below) > 2 and below[2].kind != "op":
            raise self.fail("slash", replace(nodes[at], end=below[2].end))
        whole = replace(nodes[at], end=below[1].end)
        return self.derivative(whole, nodes[at:slash], below[:2]), slash + 3 - at

    def target(self, nodes: tuple[Node, ...], whole: Node) -> tuple[Symbol, Array]:
        """What stands below a derivative: a symbol, or one of its entries."""
        node = nodes[0]
        if len(nodes) > 1:
            letters = "".join(split(n)[0].value for n in nodes)
            last = nodes[-1]
            base, sub, sup, primes = split(last)
            merged = Node("letter", letters, (), node.start, base.end)
            if last.kind == "scripted":
                merged = Node("scripted", primes, (merged, sub, sup), node.start, last.end)
            if any(split(n)[0].kind != "letter" for n in nodes) or not self.lookup(merged)[0]:
                raise self.fail("derivative-target", whole)
            node = merged
        base, sub, sup, _ = split(node)
        key = key_of(base) or ""
        name, left_sub, left_sup = self.lookup(node)
        if name is None and key in self.world.squares:
            power = self.exponent(sup)
            if power == num(2):
                name, left_sub, left_sup = self.world.squares[key], sub, NONE
            elif power is None:
                raise self.fail(
                    "unsupported", whole, why=f"{self.text(base)}^2 is what is declared"
                )
        if name is None or name not in self.world.symbols:
            if self.known(node) and name is None and key not in self.indices:
                raise self.fail("derivative-target", whole)
            if name is None:
                raise self.undeclared(node, base, key, sub)
            raise self.fail("derivative-target", whole)
        symbol = self.world.symbols[name]
        if symbol.kind == "label" or left_sup is not NONE:
            raise self.fail("derivative-target", whole)
        value = self.entry(symbol, left_sub, node)
        if value.shape and left_sub is not NONE:
            raise self.fail("derivative-target", whole)
        return symbol, value

    def derivative(self, node: Node, above: tuple[Node, ...], below: tuple[Node, ...]) -> Array:
        mark, _, order, _ = split(above[0])
        partial = mark.kind == "symbol"
        body = self.product(above[1:])
        if order is not NONE:
            return self.second(node, order, body, below, partial)
        return self.slope(body, below[1:], partial, node)

    def second(
        self, node: Node, order: Node, body: Array, below: tuple[Node, ...], partial: bool
    ) -> Array:
        """∂²L / ∂x_i ∂x_j, or d²y / dx²."""
        if self.number(order.parts[0]) != num(2) or body.shape:
            raise self.fail("unsupported", node, why="order > 2")
        marks = [k for k, n in enumerate(below) if is_mark(n)]
        if len(marks) == 2:
            groups = [below[1 : marks[1]], below[marks[1] + 1 :]]
        else:
            base, sub, sup, primes = split(below[1])
            if len(below) != 2 or sup is NONE or self.number(sup.parts[0]) != num(2):
                raise self.fail("derivative-order", node)
            plain = base
            if sub is not NONE or primes:
                plain = Node("scripted", primes, (base, sub, NONE), below[1].start, below[1].end)
            groups = [(plain,), (plain,)]
        value = body
        for group in reversed(groups):
            value = self.slope(value, group, partial, node)
        return value

    def slope(self, body: Array, below: tuple[Node, ...], partial: bool, node: Node) -> Array:
        if not below:
            raise self.fail("derivative-target", node)
        symbol, target = self.target(below, node)
        body = arrays.columns(body)
        n = len(body.shape)
        if not target.shape:
            entry = target.term
            assert isinstance(entry, Entry)
            return Array(
                body.shape, lambda p: Deriv(renamed(body.at(p)), symbol.key, entry.at, partial)
            )
        if n and not (n == 1 and len(target.shape) == 1):
            raise self.fail(
                "unsupported", node, why="matrix by matrix: write the entries, \\partial y_{ij}"
            )
        return Array(
            body.shape + symbol.shape,
            lambda p: Deriv(renamed(body.at(p[:n])), symbol.key, p[n:], partial),
        )

    def operator(self, node: Node, rest: tuple[Node, ...]) -> Array:
        if not rest:
            raise self.fail("unexpected", node, hint="")
        mark, _, order, _ = split(items_of(node.parts[0])[0])
        body = self.product(rest)
        below = items_of(node.parts[1])
        if order is not NONE:
            return self.second(node, order, body, below, mark.kind == "symbol")
        return self.slope(body, below[1:], mark.kind == "symbol", node)

    def nabla(self, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]) -> Array:
        if sub is NONE or not rest:
            raise self.fail("unsupported", node, why="\\nabla_x L ?")
        if len(sub.parts) != 1 or not (sup is NONE or self.is_transpose(sup)):
            raise self.fail(
                "unsupported", node, why="\\frac{\\partial^2 L}{\\partial x_i \\partial x_j} ?"
            )
        gradient = self.slope(self.product(rest), items_of(sub.parts[0]), True, node)
        return self.powered(gradient, node, sup)
