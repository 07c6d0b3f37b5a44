"""Sides, sums and products: where the parts of the reader come together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.brackets import powered, read_bracket, read_indicator
from backprop.derivations.meaning.context import Context, Grammar
from backprop.derivations.meaning.derivatives import (
    apply_operator,
    derivative_marks,
    read_derivative,
    read_nabla,
    read_slashed,
)
from backprop.derivations.meaning.differentials import is_differential, read_differential
from backprop.derivations.meaning.expectations import read_chance, read_integral
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
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node


def read_side(ctx: Context, node: Node) -> Array:
    if node.kind == "relation":
        raise ctx.fail("unexpected", node, found=node.value.split()[0], hint="")
    if node.kind == "sum":
        return additive(ctx, node)
    return ctx.product(items_of(node))


def additive(ctx: Context, node: Node) -> Array:
    if any(t.parts[0].kind == "dots" for t in node.parts):
        return read_dotted(ctx, node)
    terms = gathered(joined(node.parts))
    parts = []
    for term in terms:
        value = ctx.product(items_of(term.parts[0]))
        if term.value == "-":
            value = Array(value.shape, lambda p, v=value: neg(v.at(p)))  # type: ignore[misc]
        parts.append(value)
    return arrays.plus(parts, ctx.span(node)) if len(parts) > 1 else parts[0]


def read_product(ctx: Context, nodes: tuple[Node, ...]) -> Array:
    if nodes and nodes[0] is NONE:
        raise Unreadable("unexpected", found="…", hint="")
    found: list[tuple[str, Array, Node]] = []
    at, op = 0, ""
    for before, after in pairwise(nodes):
        if after.kind == "number" and ends_in_digit(before):
            raise ctx.fail("digits", replace(before, end=after.end))
    while at < len(nodes):
        node = nodes[at]
        if node.kind == "op":
            if op or not found or at + 1 == len(nodes):
                raise ctx.fail("unexpected", node, hint="")
            op = node.value
            at += 1
            continue
        value, used = ctx.factor(nodes, at)
        whole = replace(node, end=nodes[at + used - 1].end)
        found.append((op, value, whole))
        op = ""
        at += used
    return combine(ctx, found)


def ends_in_digit(node: Node) -> bool:
    """2 3 typesets as 23, and x^12 as x^1 2: neither is a product to the eye."""
    if node.kind == "number":
        return True
    _, sub, sup, _ = split(node)
    last = [s for s in (sub, sup) if s is not NONE]
    return any(s.parts[-1].kind == "number" for s in last)


def combine(ctx: Context, found: list[tuple[str, Array, Node]]) -> Array:
    groups: list[tuple[Array, Node]] = []
    slashed = False
    for op, value, node in found:
        if slashed and op != "/" and groups:
            first = groups[-1][1]
            raise ctx.fail("slash", replace(first, end=node.end))
        if not groups or op == "\\odot":
            groups.append((value, node))
            continue
        left, first = groups[-1]
        whole = replace(first, end=node.end)
        if op == "/":
            slashed = True
            result = arrays.over(left, value, ctx.span(whole))
        else:
            if op == "\\times" and left.shape and value.shape:
                raise ctx.fail("unsupported", whole, why="\\times: \\odot or \\cdot ?")
            result = arrays.times(left, value, ctx.span(whole), dot=op == "\\cdot")
        groups[-1] = (result, whole)
    value, first = groups[0]
    for right, node in groups[1:]:
        whole = replace(first, end=node.end)
        value = arrays.hadamard(value, right, ctx.span(whole))
    return value


@dataclass(frozen=True)
class Factor:
    """Where a factor begins: its first node taken apart, and what stands behind it."""

    nodes: tuple[Node, ...]
    at: int
    node: Node
    rest: tuple[Node, ...]
    base: Node
    sub: Node
    sup: Node
    primes: str
    key: str | None


Read = tuple[Array, int]  # what was read, and how many nodes it takes


def read_factor(ctx: Context, nodes: tuple[Node, ...], at: int) -> Read:
    """The factor that begins at `nodes[at]`, and how many nodes it takes."""
    node = nodes[at]
    base, sub, sup, primes = split(node)
    part = Factor(nodes, at, node, nodes[at + 1 :], base, sub, sup, primes, key_of(base))
    for read in FACTORS:
        found = read(ctx, part)
        if found is not None:
            return found
    return ctx.single(node), 1


# --- factors: the first that knows how it begins reads it; None where that one does not ----------


def read_operator(ctx: Context, part: Factor) -> Read | None:
    r"""\sum, \prod, \max, \min, \int, an expectation, \nabla: what they are of follows."""
    node, base, sub, sup, rest = part.node, part.base, part.sub, part.sup, part.rest
    if base.kind == "symbol" and base.value in BIG and not is_declared(ctx, base.value):
        if base.value in ("\\max", "\\min") and sub is NONE:
            return read_extreme(ctx, base.value[1:], node, rest), 2
        return read_big(ctx, base.value[1:], node, sub, sup, rest), 1 + len(rest)
    if base.kind == "symbol" and base.value == "\\int":
        return read_integral(ctx, node, sub, sup, rest)
    chance = read_chance(ctx, node, rest)
    if chance is not None:
        return chance
    if base.kind == "symbol" and base.value == "\\nabla":
        return read_nabla(ctx, node, sub, sup, rest)
    return None


def read_slope(ctx: Context, part: Factor) -> Read | None:
    """A derivative, written as a fraction or with a slash, or a differential."""
    node, base, sub, rest = part.node, part.base, part.sub, part.rest
    if node.kind == "frac" and derivative_marks(node):
        above = items_of(node.parts[0])
        if len(above) == 1:  # d/dx applied to what follows
            return apply_operator(ctx, node, rest), 1 + len(rest)
        return read_derivative(ctx, node, above, items_of(node.parts[1])), 1
    if not is_mark(base) or (sub is not NONE and base.kind != "symbol"):
        return None
    slashed = read_slashed(ctx, part.nodes, part.at)
    if slashed is not None:
        return slashed
    if rest and is_differential(ctx, node, rest):
        return read_differential(ctx, node, rest)
    if base.kind != "symbol" and is_number_d(ctx, node, rest):
        return None
    until = rest[0] if rest else node
    whole = replace(node, end=until.end)
    if sub is not NONE and rest:  # \partial_{x_i} L
        below, after = text_of(ctx, sub), ctx.text(until)
        better = f"\\frac{{\\partial {after}}}{{\\partial {below}}}"
        raise ctx.fail("partial-subscript", whole, better=better)
    raise ctx.fail("differential", whole)


def read_word(ctx: Context, part: Factor) -> Read | None:
    """Letters that spell a function, tr A, or an indicator 1[i = j]."""
    node, key, nodes, at = part.node, part.key, part.nodes, part.at
    if key is None:
        return None
    if not is_declared(ctx, key, node):
        return letters_word(ctx, nodes, at) or read_indicator(ctx, part.base, part.sub, part.rest)
    word = letters_word(ctx, nodes, at) if node.kind == "letter" else None
    if word is None:
        return None
    last = nodes[at + word[1] - 1]
    letters = [split(n)[0].value for n in nodes[at : at + word[1]]]
    if all(is_declared(ctx, v) or v in ctx.indices for v in letters):
        raise ctx.fail(
            "two-readings",
            replace(node, end=last.end),
            found="".join(letters),
            found_dots=" \\cdot ".join(letters),
            spelled=ctx.tex[node.start : last.end],
        )
    return word


def read_function(ctx: Context, part: Factor) -> Read | None:
    """A known function, log x, or one that is declared, f(x)."""
    node, base, rest, key = part.node, part.base, part.rest, part.key
    name = function_name(base)
    if name is not None and not (key and is_declared(ctx, key, node)):
        if part.primes:
            why = f"\\frac{{d}}{{dx}} {ctx.text(base)}(x) ?"
            raise ctx.fail("unsupported", node, why=why)
        return apply_function(ctx, name, node, part.sub, part.sup, rest)
    if key is None:
        return None
    called, places, _ = lookup(ctx, node) if rest else (None, NONE, NONE)
    if called is not None and called in ctx.world.calls:
        named = read_full_call(ctx, called, node, rest[0], places)
        if named is not None:
            return named, 2
    if key in ctx.world.functions:
        return read_call(ctx, key, node, part.sub, part.sup, part.primes, rest)
    opens = rest and split(rest[0])[0].kind == "paren" and split(rest[0])[0].value in ("(", "[")
    if opens and not is_known(ctx, node):
        whole = replace(node, end=rest[0].end)
        if "|" in ctx.text(whole) or "\\mid" in ctx.text(whole):
            raise ctx.fail("conditional", whole, name=ctx.text(node))
        raise spelled_function(ctx, node) or ctx.fail("call-or-product", whole, name=ctx.text(node))
    return read_applied(ctx, node, part.sup, rest)


FACTORS = (read_operator, read_slope, read_word, read_function)


def read_single(ctx: Context, node: Node) -> Array:
    """A node that stands for itself: number, bracket, fraction, matrix, name."""
    base, sub, sup, primes = split(node)
    read = KINDS.get(base.kind)
    value = read(ctx, node, base, sub, sup) if read is not None else None
    if value is not None:
        return value
    if key_of(base) is not None:
        return read_name(ctx, node, base, sub, sup, primes)
    if base.kind == "accent" and base.parts[0].kind == "scripted":
        bare, low, *_ = split(base.parts[0])
        if low is not NONE:
            better = f"{base.value}{{{ctx.text(bare)}}}_{{{text_of(ctx, low)}}}"
            raise ctx.fail("unexpected", node, hint=f": {better} ?")
    raise ctx.fail("unexpected", node, hint="")


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

GRAMMAR = Grammar(read_side, read_product, read_factor, read_single)


def reader_of(world: World, tex: str, tree: Node = NONE) -> Context:
    """Reads the sides of the row `tree`: see `Context`."""
    return Context(world, tex, tree, GRAMMAR)
