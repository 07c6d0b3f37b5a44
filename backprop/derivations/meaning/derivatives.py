"""Derivatives: by entries, vectors and matrices; total and partial."""

from __future__ import annotations

from dataclasses import replace

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.brackets import is_transpose, powered
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.expectations import OUTCOME
from backprop.derivations.meaning.indices import entry_of_symbol
from backprop.derivations.meaning.lengths import show_shape
from backprop.derivations.meaning.names import is_known, lookup
from backprop.derivations.meaning.nodes import is_mark, items_of, key_of, split
from backprop.derivations.meaning.rewriting import free_indices, renamed
from backprop.derivations.meaning.symbols import exponent_of, undeclared_name
from backprop.derivations.meaning.terms import Deriv, Entry, Index, Term, Var, num
from backprop.derivations.meaning.world import Symbol
from backprop.derivations.reading.tree import NONE, Node, read


def derivative_marks(node: Node) -> bool:
    above, below = items_of(node.parts[0]), items_of(node.parts[1])
    first = split(above[0])[0]
    return (
        is_mark(first)
        and is_mark(below[0])
        and len(below) > 1
        and first == replace(below[0], start=first.start, end=first.end)
    )


def read_slashed(ctx: Context, nodes: tuple[Node, ...], at: int) -> tuple[Array, int] | None:
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
        raise ctx.fail("slash", replace(nodes[at], end=below[2].end))
    whole = replace(nodes[at], end=below[1].end)
    return read_derivative(ctx, whole, nodes[at:slash], below[:2]), slash + 3 - at


def derivative_target(ctx: Context, nodes: tuple[Node, ...], whole: Node) -> tuple[Symbol, Array]:
    """What stands below a derivative: a symbol, or one of its entries."""
    node = nodes[0]
    if len(nodes) > 1:
        letters = "".join(split(n)[0].value for n in nodes)
        last = nodes[-1]
        base, sub, sup, primes = split(last)
        merged = Node("letter", letters, (), node.start, base.end)
        if last.kind == "scripted":
            merged = Node("scripted", primes, (merged, sub, sup), node.start, last.end)
        if any(split(n)[0].kind != "letter" for n in nodes) or not lookup(ctx, merged)[0]:
            raise ctx.fail("derivative-target", whole)
        node = merged
    base, sub, sup, _ = split(node)
    key = key_of(base) or ""
    name, left_sub, left_sup = lookup(ctx, node)
    if name is None and key in ctx.world.squares:
        power = exponent_of(ctx, sup)
        if power == num(2):
            name, left_sub, left_sup = ctx.world.squares[key], sub, NONE
        elif power is None:
            raise ctx.fail("unsupported", whole, why=f"{ctx.text(base)}^2 is what is declared")
    if name is None or name not in ctx.world.symbols:
        if is_known(ctx, node) and name is None and key not in ctx.indices:
            raise ctx.fail("derivative-target", whole)
        if name is None:
            raise undeclared_name(ctx, node, base, key, sub)
        raise ctx.fail("derivative-target", whole)
    symbol = ctx.world.symbols[name]
    if symbol.kind == "label" or symbol.hidden or left_sup is not NONE:
        raise ctx.fail("derivative-target", whole)
    return symbol, entry_of_symbol(ctx, symbol, left_sub, node)


def read_derivative(
    ctx: Context, node: Node, above: tuple[Node, ...], below: tuple[Node, ...]
) -> Array:
    mark, _, order, _ = split(above[0])
    partial = mark.kind == "symbol"
    body = numerator(ctx, above[1:], below)
    if order is not NONE:
        return second_derivative(ctx, node, order, body, below, partial)
    return slope_by(ctx, body, below[1:], partial, node)


def numerator(ctx: Context, nodes: tuple[Node, ...], below: tuple[Node, ...]) -> Array:
    r"""What is differentiated; the f of df/dx is f(x) where f was declared by f(x) = …"""
    function = ctx.world.functions.get(key_of(nodes[0]) or "") if len(nodes) == 1 else None
    if function is None or not below[1:] or not function.written:
        return ctx.product(nodes)
    names = {key_of(split(n)[0]) for n in below if not is_mark(n)}  # dx, dx^2, dx dx
    if names != {function.written} or function.written not in ctx.world.symbols:
        raise ctx.fail("derivative-function", nodes[0])
    argument = Node("paren", "(", (split(below[1])[0],), nodes[0].start, nodes[0].end)
    return ctx.product((nodes[0], argument))


def second_derivative(
    ctx: Context, node: Node, order: Node, body: Array, below: tuple[Node, ...], partial: bool
) -> Array:
    """∂²L / ∂x_i ∂x_j, or d²y / dx²."""
    if ctx.number(order.parts[0]) != num(2) or body.shape:
        raise ctx.fail("unsupported", node, why="order > 2")
    marks = [k for k, n in enumerate(below) if is_mark(n)]
    if len(marks) == 2:
        groups = [below[1 : marks[1]], below[marks[1] + 1 :]]
    else:
        base, sub, sup, primes = split(below[1])
        if len(below) != 2 or sup is NONE or ctx.number(sup.parts[0]) != num(2):
            raise ctx.fail("derivative-order", node)
        plain = base
        if sub is not NONE or primes:
            plain = Node("scripted", primes, (base, sub, NONE), below[1].start, below[1].end)
        groups = [(plain,), (plain,)]
    value = body
    for group in reversed(groups):
        value = slope_by(ctx, value, group, partial, node)
    return value


def slope_by(
    ctx: Context, body: Array, below: tuple[Node, ...], partial: bool, node: Node
) -> Array:
    if not below:
        raise ctx.fail("derivative-target", node)
    symbol, target = derivative_target(ctx, below, node)
    body = arrays.columns(body)
    n = len(body.shape)
    held_or_moved(ctx, body, symbol, node)
    if not target.shape:
        entry = target.term
        assert isinstance(entry, Entry)
        return Array(
            body.shape, lambda p: Deriv(renamed(body.at(p)), symbol.key, entry.at, partial)
        )
    if n and not (n == 1 and len(target.shape) == 1):
        raise ctx.fail(
            "unsupported", node, why="matrix by matrix: write the entries, \\partial y_{ij}"
        )

    def at(p: tuple[Index, ...]) -> Term:
        entry = target.at(p[n:])
        assert isinstance(entry, Entry)
        return Deriv(renamed(body.at(p[:n])), symbol.key, entry.at, partial)

    return Array(body.shape + target.shape, at)


def held_or_moved(ctx: Context, body: Array, symbol: Symbol, node: Node) -> None:
    r"""Refuse \partial \ell / \partial \mu of what holds an outcome of X ~ N(\mu, 1): of a
    likelihood X is held fixed, of \mu + \epsilon it is not."""
    outcomes = {n for n in ctx.free if n.startswith(OUTCOME)}
    if not outcomes:
        return
    for outcome in sorted(outcomes & free_indices(body.at(tuple(Var("") for _ in body.shape)))):
        name = outcome.removeprefix(OUTCOME)
        if symbol.key in ctx.world.below(name):
            by = "".join(symbol.key.split("{}")[0])
            raise ctx.fail("held-or-moved", node, name=name, by=by)


def apply_operator(ctx: Context, node: Node, rest: tuple[Node, ...]) -> Array:
    if not rest:
        raise ctx.fail("unexpected", node, hint="")
    mark, _, order, _ = split(items_of(node.parts[0])[0])
    body = ctx.product(rest)
    below = items_of(node.parts[1])
    if order is not NONE:
        return second_derivative(ctx, node, order, body, below, mark.kind == "symbol")
    return slope_by(ctx, body, below[1:], mark.kind == "symbol", node)


def read_nabla(
    ctx: Context, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]
) -> tuple[Array, int]:
    r"""\nabla_x L, \nabla f(x)^\top, the Hessian \nabla^2 f(x); and how many nodes it takes."""
    if not rest:
        raise ctx.fail("unsupported", node, why="\\nabla_x L ?")
    order, turned = 1, is_transpose(sup)
    if sup is not NONE and not turned:
        if len(sup.parts) != 1 or ctx.number(sup.parts[0]) != num(2):
            raise ctx.fail("unsupported", node, why="\\nabla^2 f(x) ?")
        order = 2
    point = point_of(ctx, rest) if sub is NONE else None
    body, used, above = differentiated(ctx, rest if point is None else rest[:2])
    if sub is NONE:
        below = called_on(ctx, rest) if point is None else (point,)
        if below is None:
            raise ctx.fail("unsupported", node, why="\\nabla_x L ?")
    elif len(sub.parts) == 1:
        below = items_of(sub.parts[0])
    else:
        raise ctx.fail("unsupported", node, why="\\nabla_x L ?")
    if order == 2 and body.shape:
        raise ctx.fail("not-scalar", rest[0], left=show_shape(body.shape), hint="")
    value = body
    for _ in range(order):
        value = slope_by(ctx, value, below, True, node)
    if above is NONE and sub is not NONE:
        one_factor(ctx, rest, below, node)
    whole = replace(node, end=rest[used - 1].end)
    if above is not NONE:
        value = powered(ctx, value, whole, above)
    return powered(ctx, value, whole, sup) if turned else value, used + 1


def one_factor(ctx: Context, rest: tuple[Node, ...], below: tuple[Node, ...], node: Node) -> None:
    r"""Refuse \nabla_x f(x) g(x), which may be (\nabla_x f(x)) g(x)."""
    first, used = ctx.factor(rest, 0)
    more = rest[used:]
    if first.shape or not more:
        return
    target = derivative_target(ctx, below, node)[0].key
    others = ctx.product(more[1:] if more[0].kind == "op" else more)
    for value in (first, others):
        names = value.at(tuple(Var("") for _ in value.shape)).names
        if not any(target in ctx.world.below(n) for n in names):
            return
    raise ctx.fail("nabla-span", replace(node, end=rest[-1].end))


def differentiated(ctx: Context, rest: tuple[Node, ...]) -> tuple[Array, int, Node]:
    r"""What a \nabla takes: all of the product, but of f(x)^\top … and f(x) \cdot v only f(x)."""
    for k, item in enumerate(rest[:2]):
        base, sub, sup, primes = split(item)
        if is_transpose(sup) and not (k == 0 and base.kind == "paren"):
            bare = base if sub is NONE and not primes else replace(item, parts=(base, sub, NONE))
            body, used = ctx.factor((*rest[:k], bare), 0)
            if used == k + 1 and not body.shape:
                return body, used, sup
    body, used = ctx.factor(rest, 0)
    if not body.shape and used + 1 < len(rest) and rest[used].value in ("\\cdot", "\\odot"):
        if ctx.factor(rest, used + 1)[0].shape:  # \nabla_x L \cdot v, of a number and a vector
            return body, used, NONE
    return ctx.product(rest), len(rest), NONE


def point_of(ctx: Context, rest: tuple[Node, ...]) -> Node | None:
    r"""The y of \nabla f(y), where f is any function, f : \mathbb{R}^n \to \mathbb{R}."""
    name = lookup(ctx, rest[0])[0]
    function = ctx.world.functions.get(name or "")
    if function is None or function.written or len(function.args) != 1 or function.value:
        return None
    paren = split(rest[1])[0] if len(rest) > 1 else NONE
    if paren.kind != "paren" or paren.value != "(" or len(paren.parts) != 1:
        raise ctx.fail("derivative-function", rest[0])
    point = paren.parts[0]
    symbol = ctx.world.symbols.get(lookup(ctx, point)[0] or "") if key_of(split(point)[0]) else None
    if symbol is None or symbol.kind == "label" or symbol.hidden:
        raise ctx.fail("nabla-point", paren, name=name)
    return point


def called_on(ctx: Context, rest: tuple[Node, ...]) -> tuple[Node, ...] | None:
    r"""The x of a function that was declared by f(x) = …, or the y of \nabla f(y), its gradient
    there: that of f(y) by y, where f holds y nowhere else."""
    key = key_of(split(rest[0])[0]) or ""
    name = lookup(ctx, rest[0])[0] or key
    function = ctx.world.functions.get(name)
    written = function.written if function is not None else ctx.world.calls.get(name, "")
    if not written or ctx.world.aliases.get(written, written) not in ctx.world.symbols:
        return None
    paren = split(rest[1])[0] if len(rest) > 1 else NONE
    if paren.kind == "paren" and "".join(ctx.text(paren)[1:-1].split()) != written:
        point = paren.parts[0]
        key = lookup(ctx, point)[0] or ""
        symbol = ctx.world.symbols.get(key) if len(paren.parts) == 1 else None
        held = name in ctx.world.symbols and key in ctx.world.below(name)
        if symbol is None or symbol.kind == "label" or symbol.hidden or held:
            raise ctx.fail("nabla-point", paren, name=name)
        return (point,)
    tree = read(written)
    places = tuple(replace(n, start=rest[0].start, end=rest[0].end) for n in tree.walk())
    return (places[0],) if key_of(places[0]) is not None else None
