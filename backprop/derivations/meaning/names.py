"""Declared names: how they are spelled, found, and missed."""

from __future__ import annotations

import re

from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.lengths import Dim, Unknown, find
from backprop.derivations.meaning.nodes import TRANSPOSE, items_of, key_of, split
from backprop.derivations.meaning.terms import (
    ONE,
    Test,
    num,
)
from backprop.derivations.reading.commands import STARS
from backprop.derivations.reading.tree import NONE, Node


def is_declared(ctx: Context, key: str, node: Node | None = None) -> bool:
    world = ctx.world
    known = (
        key in world.symbols
        or key in world.aliases
        or key in world.functions
        or key in world.sizes
        or key in world.squares
        or key in ctx.bound
    )
    return known or (node is not None and lookup(ctx, node)[0] is not None)


def is_known(ctx: Context, node: Node) -> bool:
    base = split(node)[0]
    key = key_of(base) or ""
    if is_declared(ctx, key, node) or key in ctx.world.ranges or key in ctx.indices:
        return True
    if key in ("e", "\\mathrm{e}") and split(node)[2] is not NONE:
        return True
    return key in ("\\pi", "\\delta") or special_array(ctx, base, NONE, node) is not None


def lookup(ctx: Context, node: Node) -> tuple[str | None, Node, Node]:
    """The declared name that `node` spells, and the scripts it leaves over."""
    base, sub, sup, primes = split(node)
    key = key_of(base)
    if key is None:
        return None, sub, sup
    names = ctx.world.symbols.keys() | ctx.world.sizes.keys() | ctx.world.functions.keys()
    sup, above = starred(sup)
    upper = decoration(ctx, sup)
    if upper and not upper.startswith("(") and upper != "*":
        powers(ctx, node, key, sub, upper)
    lower = f"_{{{text_of(ctx, sub)}}}" if sub is not NONE else ""
    for name, left_sub, left_sup in (
        (f"{key}{lower}^{{{upper}}}{primes}" if upper and lower else None, NONE, NONE),
        (f"{key}^{{{upper}}}{primes}" if upper else None, sub, NONE),
        (f"{key}{lower}{primes}" if lower else None, NONE, sup),
        (f"{key}{primes}" if primes else key, sub, sup),
    ):
        if name is not None and ctx.world.aliases.get(name, name) in names:
            name = ctx.world.aliases.get(name, name)
            if lower and left_sub is NONE and sub is not NONE:
                fixed(ctx, node, sub)
            if left_sub is not NONE and name in ctx.world.sizes:
                name = beside_size(name) if beside_size(name) in names else name
            if left_sub is NONE and name == key:
                name = ctx.world.totals.get(name, name)
            counted = counted_above(ctx, name, left_sub, left_sup)
            if above is not NONE and left_sup is NONE:  # w^{*\top}, where w^* is declared
                left_sup = above
            left_sup = NONE if counted is not None else left_sup
            return name, left_sub if counted is None else counted, left_sup
    if lower and re.fullmatch(
        r"[A-Za-z]|\\[A-Za-z]+", key
    ):  # z_i is an entry of the vector \\mathbf{z}
        for font in ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec"):
            if f"{font}{{{key}}}" in ctx.world.symbols:
                return f"{font}{{{key}}}", sub, sup
    return None, sub, sup


def beside_size(key: str) -> str:
    r"""The name of the entries N_k of which there is also a size N."""
    return f"{key}_{{}}"


def fixed(ctx: Context, node: Node, sub: Node) -> None:
    """Refuse the x_i of a sum over i where x_i was declared as one name: nothing said how far i
    runs."""
    for item in flat_letters(sub):
        if item in ctx.bound:
            raise ctx.fail("index-unknown", node, found=item)


def flat_letters(sub: Node) -> set[str]:
    return {n.value for n in sub.walk() if n.kind == "letter"}


def starred(sup: Node) -> tuple[Node, Node]:
    r"""The * of w^{*\\top} and what stands behind it, apart."""
    inner = sup.parts[0] if sup is not NONE and len(sup.parts) == 1 else NONE
    if inner.kind != "product" or inner.parts[0].kind != "symbol":
        return sup, NONE
    if inner.parts[0].value not in STARS or len(inner.parts) != 2:
        return sup, NONE
    star, rest = (Node("sup", "", (n,), n.start, n.end) for n in inner.parts)
    return star, rest


def decoration(ctx: Context, sup: Node) -> str:
    r"""The (l), l, t-1 or * of a superscript that may belong to a name: w^*, h^{t-1}, W^{(l)}."""
    if sup is NONE or len(sup.parts) != 1:
        return ""
    inner = sup.parts[0]
    if inner.kind == "paren" and inner.value in ("(", "["):
        return f"({ctx.text(inner).strip('()[] ')})"
    if inner.kind == "symbol" and inner.value in STARS:
        return STARS[inner.value]
    letters = inner.parts if inner.kind == "sum" else ()
    if letters and (len(letters) != 2 or letters[1].parts[0].kind != "number"):
        return ""
    first = letters[0].parts[0] if letters else inner
    if first.kind not in ("letter", "name") or first.value == "T" or ctx.text(inner)[:1] in "+-":
        return ""
    return text_of(ctx, sup)


def powers(ctx: Context, node: Node, key: str, sub: Node, upper: str) -> None:
    """Refuse h^t where h^t is declared as a name and h as a number."""
    symbols = ctx.world.symbols
    for name in (key, f"{key}_{{{text_of(ctx, sub)}}}" if sub is not NONE else key):
        rest = "" if name != key else f"^{{{upper}}}"
        plain = symbols.get(name)
        if rest and name + rest in symbols and plain is not None and not plain.shape:
            raise ctx.fail("power-or-name", node, name=name)


def counted_above(ctx: Context, name: str, sub: Node, sup: Node) -> Node | None:
    r"""The subscript of x_j^{(i)} with the i that counts the vectors x^{(1)}, …, x^{(m)} in it."""
    symbol = ctx.world.symbols.get(name)
    if symbol is None or sup is NONE or not symbol.shape or len(sup.parts) != 1:
        return None
    inner = sup.parts[0]
    if inner.kind != "paren" or inner.value != "(" or len(inner.parts) != 1:
        return None
    if not symbol.above:  # y^{(i)} where x^{(i)} are as many
        alike = (s for s in ctx.world.symbols.values() if s.above)
        if not any(find(s.shape[0]) == find(symbol.shape[0]) for s in alike):
            return None
        if inner.parts[0].kind != "letter":
            return None
    lower = sub.parts if sub is not NONE else ()
    return Node("sub", "", (*inner.parts, *lower), inner.start, inner.end)


def text_of(ctx: Context, script: Node) -> str:
    start = min((p.start for p in script.parts), default=-1)
    end = max((p.end for p in script.parts), default=-1)
    return "".join(ctx.tex[start:end].split())


def is_number_d(ctx: Context, node: Node, rest: tuple[Node, ...]) -> bool:
    """Is this d a declared number, and no differential of what follows?"""
    if lookup(ctx, node)[0] is None:
        return False
    above = split(node)[2]
    if above is not NONE and above.parts[0].value in TRANSPOSE:  # d^\top A d
        return True
    if ctx.in_fraction or not rest or rest[0].kind in ("op", "paren", "frac", "sqrt"):
        return True
    following = split(rest[0])[0]
    return (key_of(following) or "") in ctx.world.sizes or following.kind == "paren"


def special_array(ctx: Context, base: Node, sub: Node, node: Node) -> Array | None:
    """The vector of ones, the zero vector, the identity."""
    key = key_of(base)
    ones = {"\\mathbf{1}": ONE, "\\mathbb{1}": ONE, "\\boldsymbol{1}": ONE, "\\bm{1}": ONE}
    zero = {"\\mathbf{0}": num(0), "\\boldsymbol{0}": num(0)}
    if key in ones or key in zero:
        value = {**ones, **zero}[key]
        shape = sizes_in(ctx, sub) if sub is not NONE else (Unknown(),)
        return Array(shape, lambda _: value)
    if key in ("I", "\\mathbf{I}", "\\boldsymbol{I}", "\\mathbb{I}"):
        shape = sizes_in(ctx, sub) if sub is not NONE else (Unknown(),)
        return Array((shape[0], shape[0]), lambda p: Test("=", p[0], p[1]))
    return None


def sizes_in(ctx: Context, sub: Node) -> tuple[Dim, ...]:
    found: list[Dim] = []
    for part in sub.parts:
        for item in items_of(part):
            if item.kind == "op":
                continue
            found.append(read_size(ctx, item))
    return tuple(found)


def read_size(ctx: Context, node: Node) -> Dim:
    if node.kind == "number":
        return ctx.whole(node)
    base, sub, sup, _ = split(node)
    if sup is not NONE:  # I_{n^2}
        raise ctx.fail("unexpected", sup, hint="")
    key = key_of(base) or ""
    if sub is not NONE:
        key += f"_{{{text_of(ctx, sub)}}}"
    if key not in ctx.world.sizes:
        raise ctx.fail("undeclared", node, example=f"x \\in \\mathbb{{R}}^{{{ctx.text(node)}}}")
    return key
