"""A declared name as a value, and what is said of one that is not declared."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.brackets import is_transpose, powered
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.expectations import MEANS, VARIANCES
from backprop.derivations.meaning.indices import (
    entry_of_symbol,
    flat_indices,
    index_value,
    kronecker,
)
from backprop.derivations.meaning.names import decoration, lookup, special_array, text_of
from backprop.derivations.meaning.nodes import key_of, split
from backprop.derivations.meaning.terms import Const, Fn, Num, Pow, Size, Term, mul, num
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node

SPELLED = re.compile(
    r"(?<![\\A-Za-z{])(?:exp|log|ln|sin|cos|tan|sinh|cosh|tanh|max|min|sum|prod|sqrt)(?![a-z])"
)


def read_name(ctx: Context, node: Node, base: Node, sub: Node, sup: Node, primes: str) -> Array:
    key = key_of(base) or ""
    name, left_sub, left_sup = lookup(ctx, node)
    if name == "e" and not is_transpose(left_sup) and is_open_power(left_sup):
        raise ctx.fail("e-declared", node)
    if name is not None and name in ctx.world.symbols:
        symbol = ctx.world.symbols[name]
        value = entry_of_symbol(ctx, symbol, left_sub, node)
        return powered(ctx, value, node, left_sup)
    if name is not None and name in ctx.world.sizes:
        if left_sub is not NONE:
            raise ctx.fail("unexpected", left_sub, hint="")
        return powered(ctx, scalar(Size(name)), node, left_sup)
    if name is not None:
        raise ctx.fail("derivative-function", node)
    if key in ctx.world.squares and not primes:
        symbol = ctx.world.symbols[ctx.world.squares[key]]
        square = entry_of_symbol(ctx, symbol, sub, node)
        power = exponent_of(ctx, sup)
        if square.shape and power is not None and sup is not NONE and power != num(2):
            raise ctx.fail("matrix-power", node)
        if power is None:
            root = Array(square.shape, lambda p: Pow(square.at(p), num(Fraction(1, 2))))
            return powered(ctx, root, node, sup)
        half = Fraction(power.value, 2) if isinstance(power, Num) else None
        if half == 1:
            return square
        exponent = num(half) if half is not None else mul(num(Fraction(1, 2)), power)
        return Array(square.shape, lambda p: Pow(square.at(p), exponent))
    if base.kind == "symbol" and base.value == "\\delta" and sub is not NONE:
        return powered(ctx, scalar(kronecker(ctx, sub, node)), node, sup)
    if key in ("e", "\\mathrm{e}") and key not in ctx.indices and sub is NONE:
        if sup is NONE:
            return scalar(Const("e"))
        above = ctx.side(sup.parts[0])
        if len(above.shape) > 1:
            raise ctx.fail("matrix-power", node)
        return Array(above.shape, lambda p: Fn("exp", (above.at(p),)))
    if key == "\\pi" and sub is NONE:
        return powered(ctx, scalar(Const("pi")), node, sup)
    special = special_array(ctx, base, sub, node)
    if special is not None:
        return powered(ctx, special, node, sup)
    if key in ctx.bound or key in ctx.indices or key in ctx.world.ranges:
        if sub is NONE:
            bare = replace(node, parts=(base, NONE, NONE)) if node.kind == "scripted" else node
            return powered(ctx, scalar(index_value(ctx, bare, key)), node, sup)
    raise undeclared_name(ctx, node, base, key, sub)


def is_open_power(sup: Node) -> bool:
    """Does a formula stand above, and not a mere number or ⊤?"""
    return (
        sup is not NONE
        and sup.parts[0].kind not in ("number", "none")
        and (sup.parts[0].value != "T")
    )


def exponent_of(ctx: Context, sup: Node) -> Num | Term | None:
    """The exponent that a superscript is; None if it is no plain exponent."""
    if sup is NONE:
        return None
    inner = sup.parts[0]
    if is_transpose(sup) or (inner.kind == "product" and inner.parts[0].kind == "op"):
        return None
    return ctx.number(inner)


# Three or more letters on end that belong to no command.
LETTERS = re.compile(r"(?<![\\A-Za-z{])(?<!\\[a-z])[A-Za-z]{3,}(?![A-Za-z}])")


def undeclared_name(ctx: Context, node: Node, base: Node, key: str, sub: Node) -> Unreadable:
    world = ctx.world
    if key in world.refused:
        return ctx.fail("declaration-refused", node, found=ctx.text(base), line=world.refused[key])
    if key in world.dependent:
        return ctx.fail("dependent", node, found=ctx.text(base))
    if key in ("\\Sigma", "\\Pi"):
        given = {"\\Sigma": "\\sum", "\\Pi": "\\prod"}[key]
        return ctx.fail("letter-for-sum", base, given=given)
    if key in (*MEANS[:3], *VARIANCES) and not split(node)[3]:
        raise ctx.fail("mean-brackets", node, found=ctx.text(base))
    spelled = spelled_function(ctx, base)
    if spelled is not None:
        return spelled
    for word in LETTERS.finditer(ctx.tex):  # loss: a product of letters to the eye
        if word.start() <= node.start < word.end() and base.kind == "letter":
            return Unreadable("letters-name", *word.span(), found=word[0], letter=key)
    plain = key
    while plain.endswith("}") and "{" in plain:
        plain = plain[plain.index("{") + 1 : -1]
    written = ctx.text(base) + split(node)[3]
    upper = decoration(ctx, split(node)[2])
    if upper and not upper.startswith("("):
        written += f"^{{{upper}}}"
    example = f"{written} \\in \\mathbb{{R}}"
    if sub is not NONE:
        count = len(flat_indices(sub))
        sizes = " \\times ".join([*world.sizes, "n", "d"][: max(count, 1)])
        example += f"^{{{sizes}}}"
    if base.kind in ("accent",) and sub is not NONE:
        example = f"{ctx.text(base)}_{{{text_of(ctx, sub)}}} = …"
    other = next(
        (
            n
            for n in (*world.symbols, *world.squares)
            if n != key and (n.lower() == key.lower() or n == f"\\mathrm{{{key}}}")
        ),
        None,
    )
    if other and len(key) == 1 and other.lower() == key.lower() and sub is not NONE:
        return ctx.fail(
            "undeclared-entry",
            node,
            found=ctx.text(base),
            given=other,
            example=f"{other} = ({ctx.text(base)}_{{ij}})",
        )
    if other:
        return ctx.fail(
            "undeclared-plain", node, found=other, given=ctx.text(base), example=example
        )
    return ctx.fail("undeclared", node, found=written, example=example)


def spelled_function(ctx: Context, node: Node) -> Unreadable | None:
    """log(t) is l o g (t) to the eye: said where one of its letters means nothing."""
    for hit in SPELLED.finditer(ctx.tex):
        if hit.start() <= node.start < hit.end():
            return Unreadable("spelled-function", *hit.span(), found=hit[0])
    return None
