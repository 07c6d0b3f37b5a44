r"""Differentials: dL, d(X^{-1}), \\operatorname{tr}(G^\\top dY).

A differential is Σ ∂e/∂x · dx over the variables x whose dx stands somewhere in the block, all
others being held fixed (over all variables, if none does); dx is any array of the shape of x.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.names import is_declared, lookup
from backprop.derivations.meaning.nodes import is_mark, key_of, split
from backprop.derivations.meaning.rewriting import renamed
from backprop.derivations.meaning.terms import Deriv, Entry, Index, Term, Var, add, mul
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.reading.tree import NONE, Node


def is_differential(ctx: Context, node: Node, rest: tuple[Node, ...]) -> bool:
    """Does this d take the differential of what follows? Not where d is a declared size."""
    if node.kind == "symbol" or not is_mark(node):
        return False
    if rest[0].kind in ("op", "number"):
        return False
    return node.kind == "name" or not is_declared(ctx, key_of(node) or "", node)


def read_differential(ctx: Context, node: Node, rest: tuple[Node, ...]) -> tuple[Array, int]:
    first = rest[0]
    base, _, sup, _ = split(first)
    power = sup.parts[0] if sup is not NONE else NONE
    if power.kind == "number" and base.kind != "paren":  # dx^2 may be (dx)^2
        raise ctx.fail("differential", replace(node, end=first.end))
    body, used = ctx.factor(rest, 0)
    body = arrays.columns(body)
    world = ctx.world
    names = body.at(tuple(Var("") for _ in body.shape)).names
    below = set().union(*(world.below(n) for n in names)) if names else set()
    free = {k for k in below if world.symbols[k].kind == "variable"}
    moving = sorted(world.varied & free if world.varied else free)
    moving = [k for k in moving if not k.startswith("\\mathrm{d}")]
    for key in moving:
        symbol = world.symbols[key]
        world.symbols.setdefault(step(key), Symbol(step(key), symbol.shape))

    def at(p: tuple[Index, ...]) -> Term:
        term = body.at(p)
        if isinstance(term, Entry) and term.symbol in moving:
            return Entry(step(term.symbol), term.at)
        parts = []
        for key in moving:
            whole = Array(world.symbols[key].shape, lambda q, key=key: Entry(key, q))  # type: ignore[misc]

            def slope(x: Term, term: Term = term) -> Term:
                assert isinstance(x, Entry)
                return mul(Deriv(renamed(term), x.symbol, x.at, False), Entry(step(x.symbol), x.at))

            parts.append(arrays.total(whole, slope))
        return add(*parts)

    return Array(body.shape, at), used + 1


def step(key: str) -> str:
    return f"\\mathrm{{d}}{key}"


def differentials(ctx: Context, tree: Node) -> Iterator[str]:
    """The variables whose dx stands in `tree`."""
    for node in tree.walk():
        if node.kind != "product":
            continue
        for mark, item in zip(node.parts, node.parts[1:], strict=False):
            if is_differential(ctx, mark, (item,)):
                name = lookup(ctx, item)[0]
                if name is not None and name in ctx.world.symbols:
                    if ctx.world.symbols[name].kind == "variable":
                        yield name
