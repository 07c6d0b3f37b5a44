"""Sides, sums and products: where the parts of the reader come together."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.base import (
    is_mark,
    items_of,
    joined,
    key_of,
    split,
)
from backprop.derivations.meaning.patterns import Patterns
from backprop.derivations.meaning.terms import (
    Pow,
    neg,
    num,
)
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node


class Reader(Patterns):
    """Reads the sides of one row; `dims` collects what each index runs over."""

    def side(self, node: Node) -> Array:
        if node.kind == "relation":
            raise self.fail("unexpected", node, found=node.value.split()[0], hint="")
        if node.kind == "sum":
            return self.additive(node)
        return self.product(items_of(node))

    def additive(self, node: Node) -> Array:
        if any(t.parts[0].kind == "dots" for t in node.parts):
            return self.dotted(node)
        terms = joined(node.parts)
        parts = []
        for term in terms:
            value = self.product(items_of(term.parts[0]))
            if term.value == "-":
                value = Array(value.shape, lambda p, v=value: neg(v.at(p)))  # type: ignore[misc]
            parts.append(value)
        return arrays.plus(parts, self.span(node)) if len(parts) > 1 else parts[0]

    def product(self, nodes: tuple[Node, ...]) -> Array:
        if nodes and nodes[0] is NONE:
            raise Unreadable("unexpected", found="…", hint="")
        found: list[tuple[str, Array, Node]] = []
        at, op = 0, ""
        for before, after in pairwise(nodes):
            if after.kind == "number" and self.ends_in_digit(before):
                raise self.fail("digits", replace(before, end=after.end))
        while at < len(nodes):
            node = nodes[at]
            if node.kind == "op":
                if op or not found or at + 1 == len(nodes):
                    raise self.fail("unexpected", node, hint="")
                op = node.value
                at += 1
                continue
            value, used = self.factor(nodes, at)
            whole = replace(node, end=nodes[at + used - 1].end)
            found.append((op, value, whole))
            op = ""
            at += used
        return self.combine(found)

    @staticmethod
    def ends_in_digit(node: Node) -> bool:
        """2 3 typesets as 23, and x^12 as x^1 2: neither is a product to the eye."""
        if node.kind == "number":
            return True
        _, sub, sup, _ = split(node)
        last = [s for s in (sub, sup) if s is not NONE]
        return any(s.parts[-1].kind == "number" for s in last)

    def combine(self, found: list[tuple[str, Array, Node]]) -> Array:
        groups: list[tuple[Array, Node]] = []
        slashed = False
        for op, value, node in found:
            if slashed and op != "/" and groups:
                first = groups[-1][1]
                raise self.fail("slash", replace(first, end=node.end))
            if not groups or op == "\\odot":
                groups.append((value, node))
                continue
            left, first = groups[-1]
            whole = replace(first, end=node.end)
            if op == "/":
                slashed = True
                result = arrays.over(left, value, self.span(whole))
            else:
                if op == "\\times" and left.shape and value.shape:
                    raise self.fail("unsupported", whole, why="\\times: \\odot or \\cdot ?")
                result = arrays.times(left, value, self.span(whole), dot=op == "\\cdot")
            groups[-1] = (result, whole)
        value, first = groups[0]
        for right, node in groups[1:]:
            whole = replace(first, end=node.end)
            value = arrays.hadamard(value, right, self.span(whole))
        return value

    def factor(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int]:
        """The factor that begins at `nodes[at]`, and how many nodes it takes."""
        node = nodes[at]
        rest = nodes[at + 1 :]
        base, sub, sup, primes = split(node)
        key = key_of(base)
        if base.kind == "symbol" and base.value in BIG and not self.declared(base.value):
            if base.value in ("\\max", "\\min") and sub is NONE:
                return self.extreme(base.value[1:], node, rest), 2
            return self.big(base.value[1:], node, sub, sup, rest), len(nodes) - at
        if base.kind == "symbol" and base.value == "\\nabla":
            return self.nabla(node, sub, sup, rest), len(nodes) - at
        if node.kind == "frac" and self.derivative_marks(node):
            num_items = items_of(node.parts[0])
            if len(num_items) == 1:  # d/dx applied to what follows
                return self.operator(node, rest), len(nodes) - at
            return self.derivative(node, num_items, items_of(node.parts[1])), 1
        if is_mark(base) and (sub is NONE or base.kind == "symbol"):
            slashed = self.slashed(nodes, at)
            if slashed is not None:
                return slashed
            if base.kind == "symbol" or not self.is_number_d(node, rest):
                until = rest[0] if rest else node
                raise self.fail("differential", replace(node, end=until.end))
        if key is not None and not self.declared(key, node):
            word = self.word(nodes, at)
            if word is not None:
                return word
            indicator = self.indicator(base, sub, rest)
            if indicator is not None:
                return indicator
        elif key is not None and node.kind == "letter":
            word = self.word(nodes, at)
            if word is not None:
                spelled = self.tex[node.start : nodes[at + word[1] - 1].end]
                letters = [split(n)[0].value for n in nodes[at : at + word[1]]]
                if all(self.declared(v) or v in self.indices for v in letters):
                    raise self.fail(
                        "two-readings",
                        replace(node, end=nodes[at + word[1] - 1].end),
                        found="".join(letters),
                        found_dots=" \\cdot ".join(letters),
                        spelled=spelled,
                    )
                return word
        name = self.function_name(base)
        if name is not None and not (key and self.declared(key, node)):
            if primes:
                why = f"\\frac{{d}}{{dx}} {self.text(base)}(x) ?"
                raise self.fail("unsupported", node, why=why)
            return self.applied(name, node, sub, sup, rest)
        if key is not None and key in self.world.calls and sub is NONE and rest:
            named = self.full_call(key, node, rest[0])
            if named is not None:
                return named, 2
        if key is not None and key in self.world.functions:
            return self.called(key, node, sub, sup, primes, rest)
        if (
            key is not None
            and rest
            and split(rest[0])[0].kind == "paren"
            and split(rest[0])[0].value in ("(", "[")
            and not self.known(node)
        ):
            whole = replace(node, end=rest[0].end)
            raise self.spelled_function(node) or self.fail(
                "call-or-product", whole, name=self.text(node)
            )
        return self.single(node), 1

    def single(self, node: Node) -> Array:
        """A node that stands for itself: number, bracket, fraction, matrix, name."""
        base, sub, sup, primes = split(node)
        if base.kind == "number" and sub is NONE:
            return self.powered(scalar(num(base.value)), node, sup)
        if base.kind == "paren":
            return self.bracket(node, base, sub, sup)
        if base.kind == "group":
            inner = base.parts[0]
            if key_of(inner) is None or inner.kind == "relation":
                value = self.entry_of(self.side(inner), sub, node)
                return self.powered(value, node, sup)
        if base.kind == "frac" and sub is NONE:
            if self.derivative_marks(base):
                items = items_of(base.parts[0])
                if len(items) == 1:
                    raise self.fail("unexpected", node, hint="")
                value = self.derivative(base, items, items_of(base.parts[1]))
            else:
                outside, self.in_fraction = self.in_fraction, True
                above, below = self.side(base.parts[0]), self.side(base.parts[1])
                self.in_fraction = outside
                value = arrays.over(above, below, self.span(base))
            return self.powered(value, node, sup)
        if base.kind == "sqrt" and sub is NONE:
            root = num(2) if len(base.parts) == 1 else self.number(base.parts[1])
            power = Pow(root, num(-1)) if root != num(2) else num(Fraction(1, 2))
            inside = self.side(base.parts[0])
            value = Array(inside.shape, lambda p: Pow(inside.at(p), power))
            return self.powered(value, node, sup)
        if base.kind == "matrix":
            value = self.cases(base) if base.value == "cases" else self.matrix(base)
            return self.powered(self.entry_of(value, sub, node), node, sup)
        if base.kind == "dots":
            raise self.fail("dots-pattern", node)
        if key_of(base) is not None:
            return self.named(node, base, sub, sup, primes)
        if base.kind == "accent" and base.parts[0].kind == "scripted":
            bare, low, *_ = split(base.parts[0])
            if low is not NONE:
                better = f"{base.value}{{{self.text(bare)}}}_{{{self.text_of(low)}}}"
                raise self.fail("unexpected", node, hint=f": {better} ?")
        raise self.fail("unexpected", node, hint="")
