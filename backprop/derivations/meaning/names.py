"""Declared names: how they are spelled, found, and missed."""

from __future__ import annotations

import re

from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.lengths import Dim, Unknown
from backprop.derivations.meaning.nodes import items_of, key_of, split
from backprop.derivations.meaning.terms import (
    ONE,
    Test,
    num,
)
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
    upper = decoration(ctx, sup)
    lower = f"_{{{text_of(ctx, sub)}}}" if sub is not NONE else ""
    for name, left_sub, left_sup in (
        (f"{key}{lower}^{{({upper})}}{primes}" if upper and lower else None, NONE, NONE),
        (f"{key}^{{({upper})}}{primes}" if upper else None, sub, NONE),
        (f"{key}{lower}{primes}" if lower else None, NONE, sup),
        (f"{key}{primes}" if primes else key, sub, sup),
    ):
        if name is not None and ctx.world.aliases.get(name, name) in names:
            return ctx.world.aliases.get(name, name), left_sub, left_sup
    if lower and re.fullmatch(
        r"[A-Za-z]|\\[A-Za-z]+", key
    ):  # z_i is an entry of the vector \\mathbf{z}
        for font in ("\\mathbf", "\\boldsymbol", "\\bm", "\\vec"):
            if f"{font}{{{key}}}" in ctx.world.symbols:
                return f"{font}{{{key}}}", sub, sup
    return None, sub, sup


def decoration(ctx: Context, sup: Node) -> str:
    """The l of a superscript (l), which belongs to a name."""
    if sup is NONE or sup.parts[0].kind != "paren":
        return ""
    return ctx.text(sup.parts[0]).strip("()[] ")


def text_of(ctx: Context, script: Node) -> str:
    start = min((p.start for p in script.parts), default=-1)
    end = max((p.end for p in script.parts), default=-1)
    return "".join(ctx.tex[start:end].split())


def is_number_d(ctx: Context, node: Node, rest: tuple[Node, ...]) -> bool:
    """Is this d a declared number, and no differential of what follows?"""
    if lookup(ctx, node)[0] is None:
        return False
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
        return int(node.value)
    base, sub, _, _ = split(node)
    key = key_of(base) or ""
    if sub is not NONE:
        key += f"_{{{text_of(ctx, sub)}}}"
    if key not in ctx.world.sizes:
        raise ctx.fail("undeclared", node, example=f"x \\in \\mathbb{{R}}^{{{ctx.text(node)}}}")
    return key
