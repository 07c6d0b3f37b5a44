"""Sides, sums and products: where the parts of the reader come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.brackets import powered, read_bracket, read_indicator
from backprop.derivations.meaning.chance import read_chance, read_integral
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.derivatives import (
    apply_operator,
    derivative_marks,
    read_derivative,
    read_nabla,
    read_slashed,
)
from backprop.derivations.meaning.differentials import is_differential, read_differential
from backprop.derivations.meaning.functions import (
    apply_function,
    function_name,
    letters_word,
    read_applied,
    read_call,
    read_full_call,
)
from backprop.derivations.meaning.indices import entry_of
from backprop.derivations.meaning.names import is_declared, is_known, is_number_d, lookup, text_of
from backprop.derivations.meaning.nodes import (
    gathered,
    is_mark,
    items_of,
    joined,
    key_of,
    split,
)
from backprop.derivations.meaning.patterns import read_cases, read_dotted, read_matrix
from backprop.derivations.meaning.sums import read_big, read_extreme
from backprop.derivations.meaning.symbols import read_name, spelled_function
from backprop.derivations.meaning.terms import (
    Pow,
    neg,
    num,
)
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node


class Reader(Context):
    """Reads the sides of one row; `dims` collects what each index runs over."""

    def side(self, node: Node) -> Array:
        if node.kind == "relation":
            raise self.fail("unexpected", node, found=node.value.split()[0], hint="")
        if node.kind == "sum":
            return self.additive(node)
        return self.product(items_of(node))

    def additive(self, node: Node) -> Array:
        if any(t.parts[0].kind == "dots" for t in node.parts):
            return read_dotted(self, node)
        terms = gathered(joined(node.parts))
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
        if base.kind == "symbol" and base.value in BIG and not is_declared(self, base.value):
            if base.value in ("\\max", "\\min") and sub is NONE:
                return read_extreme(self, base.value[1:], node, rest), 2
            return read_big(self, base.value[1:], node, sub, sup, rest), len(nodes) - at
        if base.kind == "symbol" and base.value == "\\int":
            return read_integral(self, node, sub, sup, rest)
        chance = read_chance(self, node, rest)
        if chance is not None:
            return chance
        if base.kind == "symbol" and base.value == "\\nabla":
            return read_nabla(self, node, sub, sup, rest)
        if node.kind == "frac" and derivative_marks(node):
            num_items = items_of(node.parts[0])
            if len(num_items) == 1:  # d/dx applied to what follows
                return apply_operator(self, node, rest), len(nodes) - at
            return read_derivative(self, node, num_items, items_of(node.parts[1])), 1
        if is_mark(base) and (sub is NONE or base.kind == "symbol"):
            slashed = read_slashed(self, nodes, at)
            if slashed is not None:
                return slashed
            if rest and is_differential(self, node, rest):
                return read_differential(self, node, rest)
            if base.kind == "symbol" or not is_number_d(self, node, rest):
                until = rest[0] if rest else node
                whole = replace(node, end=until.end)
                if sub is not NONE and rest:  # \partial_{x_i} L
                    below, above = text_of(self, sub), self.text(until)
                    better = f"\\frac{{\\partial {above}}}{{\\partial {below}}}"
                    raise self.fail("partial-subscript", whole, better=better)
                raise self.fail("differential", whole)
        if key is not None and not is_declared(self, key, node):
            word = letters_word(self, nodes, at)
            if word is not None:
                return word
            indicator = read_indicator(self, base, sub, rest)
            if indicator is not None:
                return indicator
        elif key is not None and node.kind == "letter":
            word = letters_word(self, nodes, at)
            if word is not None:
                spelled = self.tex[node.start : nodes[at + word[1] - 1].end]
                letters = [split(n)[0].value for n in nodes[at : at + word[1]]]
                if all(is_declared(self, v) or v in self.indices for v in letters):
                    raise self.fail(
                        "two-readings",
                        replace(node, end=nodes[at + word[1] - 1].end),
                        found="".join(letters),
                        found_dots=" \\cdot ".join(letters),
                        spelled=spelled,
                    )
                return word
        name = function_name(base)
        if name is not None and not (key and is_declared(self, key, node)):
            if primes:
                why = f"\\frac{{d}}{{dx}} {self.text(base)}(x) ?"
                raise self.fail("unsupported", node, why=why)
            return apply_function(self, name, node, sub, sup, rest)
        called, places, _ = lookup(self, node) if key is not None and rest else (None, NONE, NONE)
        if called is not None and called in self.world.calls and places is NONE:
            named = read_full_call(self, called, node, rest[0])
            if named is not None:
                return named, 2
        if key is not None and key in self.world.functions:
            return read_call(self, key, node, sub, sup, primes, rest)
        if (
            key is not None
            and rest
            and split(rest[0])[0].kind == "paren"
            and split(rest[0])[0].value in ("(", "[")
            and not is_known(self, node)
        ):
            whole = replace(node, end=rest[0].end)
            if "|" in self.text(whole) or "\\mid" in self.text(whole):
                raise self.fail("conditional", whole, name=self.text(node))
            raise spelled_function(self, node) or self.fail(
                "call-or-product", whole, name=self.text(node)
            )
        applied = read_applied(self, node, sup, rest) if key is not None else None
        return applied or (self.single(node), 1)

    def single(self, node: Node) -> Array:
        """A node that stands for itself: number, bracket, fraction, matrix, name."""
        base, sub, sup, primes = split(node)
        read = KINDS.get(base.kind)
        value = read(self, node, base, sub, sup) if read is not None else None
        if value is not None:
            return value
        if key_of(base) is not None:
            return read_name(self, node, base, sub, sup, primes)
        if base.kind == "accent" and base.parts[0].kind == "scripted":
            bare, low, *_ = split(base.parts[0])
            if low is not NONE:
                better = f"{base.value}{{{self.text(bare)}}}_{{{text_of(self, low)}}}"
                raise self.fail("unexpected", node, hint=f": {better} ?")
        raise self.fail("unexpected", node, hint="")


# --- what stands for itself, by the kind of its base; None where that kind does not read it ------


def read_number(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    return powered(ctx, scalar(num(base.value)), node, sup) if sub is NONE else None


def read_group(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    inner = base.parts[0]
    if key_of(inner) is not None and inner.kind != "relation":
        return None
    return powered(ctx, entry_of(ctx, ctx.side(inner), sub, node), node, sup)


def read_fraction(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    if sub is not NONE:
        return None
    if derivative_marks(base):
        items = items_of(base.parts[0])
        if len(items) == 1:
            raise ctx.fail("unexpected", node, hint="")
        value = read_derivative(ctx, base, items, items_of(base.parts[1]))
    else:
        outside, ctx.in_fraction = ctx.in_fraction, True
        above, below = ctx.side(base.parts[0]), ctx.side(base.parts[1])
        ctx.in_fraction = outside
        value = arrays.over(above, below, ctx.span(base))
    return powered(ctx, value, node, sup)


def read_root(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    if sub is not NONE:
        return None
    root = num(2) if len(base.parts) == 1 else ctx.number(base.parts[1])
    power = Pow(root, num(-1)) if root != num(2) else num(Fraction(1, 2))
    inside = ctx.side(base.parts[0])
    value = Array(inside.shape, lambda p: Pow(inside.at(p), power))
    return powered(ctx, value, node, sup)


def read_table(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    value = read_cases(ctx, base) if base.value == "cases" else read_matrix(ctx, base)
    return powered(ctx, entry_of(ctx, value, sub, node), node, sup)


def read_dots(ctx: Context, node: Node, base: Node, sub: Node, sup: Node) -> Array | None:
    raise ctx.fail("dots-pattern", node)


KINDS: dict[str, Callable[[Context, Node, Node, Node, Node], Array | None]] = {
    "number": read_number,
    "paren": read_bracket,
    "group": read_group,
    "frac": read_fraction,
    "sqrt": read_root,
    "matrix": read_table,
    "dots": read_dots,
}
