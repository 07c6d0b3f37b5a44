"""Positions in subscripts, and what they run over."""

from __future__ import annotations

from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.nodes import items_of, key_of, split
from backprop.derivations.meaning.rewriting import flat
from backprop.derivations.meaning.shifts import Guard, Linear
from backprop.derivations.meaning.terms import (
    Affine,
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


def index_value(ctx: Context, node: Node, key: str) -> Term:
    if key in ("i", "j") and key not in ctx.bound:
        raise ctx.fail("imaginary", node)
    index = read_index(ctx, node)
    name = index.name if isinstance(index, Var) else ""
    base = ctx.bases.get(name, ctx.world.base)
    if base is None:
        raise ctx.fail("index-value", node)
    return Position(index, base)


def flat_indices(sub: Node, rank: int | None = None) -> list[Node]:
    """The subscript as one node per index."""
    found: list[Node] = []
    for part in sub.parts:
        for item in items_of(part) if part.kind == "product" else (part,):
            if item.kind == "number" and len(item.value) > 1 and rank and rank > 1:
                found += [
                    Node("number", digit, (), item.start + k, item.start + k + 1)
                    for k, digit in enumerate(item.value)
                ]
            else:
                found.append(item)
    if rank is not None and len(found) > rank:  # x_{2i} of a vector
        joined: list[Node] = []
        for item in found:
            before = joined[-1] if joined else NONE
            if before.kind == "number" and item.kind in ("letter", "symbol"):
                joined[-1] = Node("product", "", (before, item), before.start, item.end)
            else:
                joined.append(item)
        return joined if len(joined) == rank else found
    return found


def read_index(ctx: Context, node: Node) -> Index:
    """A position written in a subscript."""
    world = ctx.world
    if node.kind == "number":
        return literal_position(ctx, None, ctx.whole(node), node)
    if node.kind in ("group", "paren") and len(node.parts) == 1:
        return read_index(ctx, node.parts[0])
    if node.kind == "sum" and len(node.parts) == 2 and node.parts[0].value == "+":
        first, second = node.parts
        if second.parts[0].kind == "number":
            by = ctx.whole(second.parts[0]) * (1 if second.value == "+" else -1)
            base = read_index(ctx, first.parts[0])
            if isinstance(base, Var):
                return Shift(base, by)
            if isinstance(base, At):
                return At(base.dim, base.offset + by)
    if node.kind == "sum" or is_multiple(node):
        return affine(ctx, node)
    base_node, sub, sup, primes = split(node)
    key = key_of(base_node)
    if key is None or sup is not NONE:
        raise ctx.fail("unexpected", node, hint="")
    key += primes
    name, left, _ = lookup(ctx, node)
    if name is not None and name in world.symbols and world.symbols[name].kind == "label":
        symbol = world.symbols[name]
        return Label(name, positions_of(ctx, symbol, left, node))
    if sub is not NONE:
        raise ctx.fail("unexpected", node, hint="")
    if key in ctx.bound:
        return Var(ctx.bound[key])
    if key in world.sizes:
        return literal_position(ctx, key, 0, node)
    if key in world.symbols or key in world.functions:
        raise ctx.fail("unexpected", node, hint="")
    if len(key.rstrip("'")) > 1 and base_node.kind != "symbol":
        raise ctx.fail("unexpected", node, hint="")
    ctx.free.setdefault(key, node)
    ctx.dims.setdefault(key, world.ranges.get(key, Unknown()))
    return Var(key)


def is_multiple(node: Node) -> bool:
    """2i"""
    return node.kind == "product" and len(node.parts) == 2 and node.parts[0].kind == "number"


def affine(ctx: Context, node: Node) -> Index:
    """i + k, 2i + a - 1: counted from where the author counts, or from 0."""
    coefs: list[int] = []
    over: list[Index] = []
    const = lengths = 0
    for term in node.parts if node.kind == "sum" else (Node("term", "+", (node,)),):
        sign = -1 if term.value == "-" else 1
        inner = term.parts[0]
        if inner.kind == "number":
            const += sign * ctx.whole(inner)
            continue
        times = 1
        if is_multiple(inner):
            times, inner = ctx.whole(inner.parts[0]), inner.parts[1]
        if inner.kind == "letter" and inner.value in ctx.world.sizes:  # x_{n+1-i}
            literal_position(ctx, inner.value, 0, inner)
            index: Index = At(inner.value, 0)
            lengths += sign * times
        else:
            index = read_index(ctx, inner)
        if not isinstance(index, Var) and not (isinstance(index, At) and index.dim is not None):
            raise ctx.fail("unexpected", node, hint="")
        coefs.append(sign * times)
        over.append(index)
    if len(set(over)) < len(over) or not any(isinstance(i, Var) for i in over):
        raise ctx.fail("unexpected", node, hint="")
    base = ctx.world.base if ctx.world.base is not None else ctx.world.counts or 0
    return Affine(tuple(coefs), tuple(over), (sum(coefs) - lengths - 1) * base + const)


def literal_position(ctx: Context, dim: Dim | None, offset: int, node: Node) -> At:
    """x_{0j}, x_{1j}, x_{nj}: 0 says that counting starts there."""
    world = ctx.world
    if dim is None and offset == 0 and world.base is None:
        world.base = 0
    if world.base is None:
        world.base = world.counts
    if world.base is None:
        wanted = str(dim or next(iter(world.sizes), "n"))
        raise ctx.fail("literal-base", node, index="i", wanted=wanted)
    return At(dim, offset - world.base)


def length_of(ctx: Context, index: Index) -> Dim | None:
    if isinstance(index, Var):
        return ctx.dims[index.name]
    if isinstance(index, Shift):
        return ctx.dims[index.var.name]
    if isinstance(index, Label):
        return ctx.world.symbols[index.symbol].high
    return index.dim if isinstance(index, At) else None


def placed_on(ctx: Context, index: Index, dim: Dim, node: Node) -> Index:
    """Check that `index` fits an axis of length `dim`."""
    if isinstance(index, Shift) and index.var.name in ctx.free:
        runs = ctx.dims[index.var.name]
        if isinstance(find(runs), Unknown):
            unify(runs, dim)  # x_{i+1}, where nothing else says how far i runs
        index = Affine((1,), (index.var,), index.by)
    if isinstance(index, Affine):
        ctx.guards.append(Guard(index, dim, node))
        ctx.shifted.append(ctx.guards[-1])
    index = moved_onto(ctx, index, dim, node)
    length = length_of(ctx, index)
    if length is not None and not unify(length, dim):
        raise ctx.fail("index-range", node, first=show_shape((length,)), second=show_shape((dim,)))
    if isinstance(index, At):
        base = ctx.world.base or 0
        known = find(dim)
        if (
            (index.dim is None and index.offset < 0)
            or (index.dim is not None and index.offset >= 0)
            or (index.dim is None and isinstance(known, int) and index.offset >= known)
        ):
            last = f"{known}" if base else f"{known} - 1"
            raise ctx.fail("outside", node, first=base, last=last)
    return index


def moved_onto(ctx: Context, index: Index, dim: Dim, node: Node) -> Index:
    """d_i of N - 1 entries, x_i of N, where i runs over either: the position may not exist. And
    x_N of the x_0, …, x_N."""
    length = length_of(ctx, index)
    if length is None or find(length) == find(dim):
        return index
    mine, axis = Linear.of(ctx.world, length), Linear.of(ctx.world, dim)
    gap = axis.plus(mine, -1) if mine is not None and axis is not None else None
    if gap is None or gap.coefs or not gap.const or not (axis and axis.coefs):
        return index
    by = index.by if isinstance(index, Shift) else 0
    index = index.var if isinstance(index, Shift) else index
    if isinstance(index, Var) and (index.name in ctx.free or index.name in ctx.limited):
        moved = Affine((1,), (index,), by)
        ctx.guards.append(Guard(moved, dim, node, needed=index.name in ctx.limited))
        ctx.shifted.append(ctx.guards[-1])
        return moved
    return At(dim, index.offset - gap.const) if isinstance(index, At) else index


def on_steps(ctx: Context, symbol: Symbol, node: Node) -> Index:
    """The position of h_t among the steps of a recurrence, which have a beginning of their own."""
    recurrence, axis = symbol.recurrence, symbol.shape[0]
    assert recurrence is not None
    base = ctx.world.base or 0
    by = base - recurrence.first
    if node.kind == "number":
        index: Index = At(None, ctx.whole(node) - recurrence.first)
    else:
        index = read_index(ctx, node)
        length = length_of(ctx, index)
        if isinstance(index, Var | Shift) and not unify(length or 0, recurrence.over):
            first, second = show_shape((length or 0,)), show_shape((recurrence.over,))
            raise ctx.fail("index-range", node, first=first, second=second)
        if isinstance(index, Var):
            index = Affine((1,), (index,), by)
        elif isinstance(index, Shift):
            index = Affine((1,), (index.var,), by + index.by)
        elif isinstance(index, Affine):
            index = Affine(index.coefs, index.over, index.offset + by)
        elif isinstance(index, At):
            index = At(index.dim, index.offset + by)
        else:
            raise ctx.fail("unexpected", node, hint="")
    if isinstance(index, Affine):
        ctx.guards.append(Guard(index, axis, node))
    elif isinstance(index, At) and index.dim is None and index.offset < 0:
        last = show_shape((axis,))
        raise ctx.fail("outside", node, first=recurrence.first, last=last)
    return flat(index) if isinstance(index, Affine) else index


def placed(ctx: Context, symbol: Symbol, axis: int, node: Node) -> Index:
    """The position that `node` says on an axis of `symbol`."""
    if axis == 0 and symbol.recurrence is not None:
        return on_steps(ctx, symbol, node)
    return placed_on(ctx, read_index(ctx, node), symbol.shape[axis], node)


def positions_of(ctx: Context, symbol: Symbol, sub: Node, node: Node) -> tuple[Index, ...]:
    nodes = flat_indices(sub, len(symbol.shape)) if sub is not NONE else []
    shape = symbol.shape
    if len(shape) == 2 and find(shape[0]) == 1 and len(nodes) == 1:
        return (At(None, 0), placed_on(ctx, read_index(ctx, nodes[0]), shape[1], nodes[0]))
    if len(shape) == 2 and find(shape[1]) == 1 and len(nodes) == 1:
        return (placed_on(ctx, read_index(ctx, nodes[0]), shape[0], nodes[0]), At(None, 0))
    if len(nodes) == 2 and not shape and symbol.key == "\\delta":
        raise ctx.fail("kronecker-declared", node)
    if len(nodes) != len(shape):
        letters = "ijklm"[: len(shape)]
        better = f"{bare_text(ctx, node)}_{{{letters}}}" if shape else bare_text(ctx, node)
        raise ctx.fail("rank", node, given=len(nodes), wanted=len(shape), better=better)
    return tuple(placed(ctx, symbol, k, n) for k, n in enumerate(nodes))


def bare_text(ctx: Context, node: Node) -> str:
    return ctx.text(split(node)[0])


def entry_of_symbol(ctx: Context, symbol: Symbol, sub: Node, node: Node) -> Array:
    """A declared symbol with its subscript: an entry, a row or column, or all of it."""
    if symbol.hidden:
        shown = len(symbol.shape) - len(symbol.hidden)
        for outcome, dim in zip(symbol.hidden, symbol.shape[shown:], strict=True):
            ctx.free.setdefault(outcome, node)
            ctx.dims[outcome] = dim
        outcomes = tuple(Var(o) for o in symbol.hidden)
        bare = entry_of_symbol(
            ctx, replace(symbol, shape=symbol.shape[:shown], hidden=()), sub, node
        )

        def along(p: tuple[Index, ...]) -> Term:
            entry = bare.at(p)
            assert isinstance(entry, Entry)
            return Entry(entry.symbol, (*entry.at, *outcomes))

        return Array(bare.shape, along)
    if symbol.kind == "label":
        index = Label(symbol.key, positions_of(ctx, symbol, sub, node))
        if ctx.world.base is None:
            raise ctx.fail("index-value", node)
        return scalar(Position(index, ctx.world.base))
    if sub is NONE:
        return Array(symbol.shape, lambda p: Entry(symbol.key, p))
    nodes = flat_indices(sub, len(symbol.shape))
    if len(nodes) == symbol.family < len(symbol.shape):  # one vector of a family
        places = tuple(placed(ctx, symbol, k, n) for k, n in enumerate(nodes))
        return Array(symbol.shape[len(nodes) :], lambda p: Entry(symbol.key, (*places, *p)))
    if any(is_whole(n) for n in nodes) and len(nodes) == len(symbol.shape):
        fixed = {k: placed(ctx, symbol, k, n) for k, n in enumerate(nodes) if not is_whole(n)}
        shape = tuple(d for k, d in enumerate(symbol.shape) if k not in fixed)

        def at(p: tuple[Index, ...]) -> Term:
            left = iter(p)
            place = (fixed[k] if k in fixed else next(left) for k in range(len(nodes)))
            return Entry(symbol.key, tuple(place))

        return Array(shape, at)
    return scalar(Entry(symbol.key, positions_of(ctx, symbol, sub, node)))


def is_whole(node: Node) -> bool:
    return node.kind == "colon" or (node.kind == "op" and node.value == "\\cdot")


def entry_of(ctx: Context, value: Array, sub: Node, node: Node) -> Array:
    """(A B)_{ij}: an entry of an expression."""
    if sub is NONE:
        return value
    value = arrays.columns(value)
    nodes = flat_indices(sub, len(value.shape))
    if len(nodes) != len(value.shape):
        raise ctx.fail("rank", node, given=len(nodes), wanted=len(value.shape), better="(…)_{ij}")
    at = tuple(
        placed_on(ctx, read_index(ctx, n), d, n) for n, d in zip(nodes, value.shape, strict=True)
    )
    return scalar(value.at(at))


def kronecker(ctx: Context, sub: Node, node: Node) -> Term:
    nodes = flat_indices(sub, 2)
    if len(nodes) != 2:
        raise ctx.fail("rank", node, given=len(nodes), wanted=2, better="\\delta_{ij}")
    return equal_positions(ctx, "=", nodes[0], nodes[1], node)


def equal_positions(ctx: Context, op: str, left: Node, right: Node, node: Node) -> Term:
    a, b = read_index(ctx, left), read_index(ctx, right)
    la, lb = length_of(ctx, a), length_of(ctx, b)
    if la is not None and lb is not None and not unify(la, lb):
        raise ctx.fail("index-range", node, first=show_shape((la,)), second=show_shape((lb,)))
    return Test(op, a, b)
