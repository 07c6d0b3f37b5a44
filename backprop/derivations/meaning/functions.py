"""Functions by name and by declaration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, scalar
from backprop.derivations.meaning.brackets import powered
from backprop.derivations.meaning.context import Context
from backprop.derivations.meaning.expectations import spelled
from backprop.derivations.meaning.indices import entry_of, entry_of_symbol
from backprop.derivations.meaning.lengths import show_shape, unify
from backprop.derivations.meaning.names import is_known, lookup
from backprop.derivations.meaning.nodes import key_of, split
from backprop.derivations.meaning.rewriting import fresh, rebuild, renamed, substitute
from backprop.derivations.meaning.sums import read_extreme
from backprop.derivations.meaning.symbols import exponent_of
from backprop.derivations.meaning.terms import (
    Call,
    Deriv,
    Entry,
    Fn,
    Index,
    Lam,
    Pow,
    Slope,
    Term,
    Var,
    walk,
)
from backprop.derivations.meaning.world import TRUE, Function
from backprop.derivations.reading.commands import BIG, FUNCTIONS, NAMED
from backprop.derivations.reading.tree import NONE, Node


def letters_word(ctx: Context, nodes: tuple[Node, ...], at: int) -> tuple[Array, int] | None:
    """A declared name of several italic letters that begins here, the longest one."""
    letters = ""
    best = None
    for k in range(at, len(nodes)):
        base, sub, sup, primes = split(nodes[k])
        if base.kind != "letter":
            break
        letters += base.value
        if len(letters) > 1:
            last = nodes[k]
            whole = Node("letter", letters, (), nodes[at].start, base.end)
            node = whole
            if last.kind == "scripted":
                node = Node("scripted", primes, (whole, sub, sup), nodes[at].start, last.end)
            if lookup(ctx, node)[0] is not None or letters in ctx.world.functions:
                best = node, k - at + 1
        if nodes[k].kind != "letter":
            break
    if best is None:
        return None
    node, used = best
    if node.kind == "letter" and node.value in ctx.world.functions:
        value, more = read_call(ctx, node.value, node, NONE, NONE, "", nodes[at + used :])
        return value, used + more - 1
    return ctx.single(node), used


def function_name(base: Node) -> str | None:
    if base.kind == "symbol" and base.value in FUNCTIONS:
        return {"ln": "log"}.get(base.value[1:], base.value[1:])
    if base.kind == "name":
        return NAMED.get(base.value)
    return None


def apply_function(
    ctx: Context, name: str, node: Node, sub: Node, sup: Node, rest: tuple[Node, ...]
) -> tuple[Array, int]:
    """exp, log, …: in front of brackets, one factor, or a sum."""
    base_of_log: Term | None = None
    if sub is not NONE and name == "log" and len(sub.parts) == 1:
        base_of_log = Fn("log", (ctx.number(sub.parts[0]),))
    elif sub is not NONE and name not in ("max", "min"):
        raise ctx.fail("unexpected", sub, hint="")
    no_inverse(ctx, node, sup)
    if not rest or rest[0].kind == "op":
        raise ctx.fail("argument", node)
    first = rest[0]
    base, sub, after, _ = split(first)
    after_sup: Node = NONE
    if name in ("max", "min"):
        return read_extreme(ctx, name, node, rest), 2
    if base.kind == "paren" and base.value in ("(", "[", "{"):
        if sub is not NONE or len(base.parts) != 1:
            raise ctx.fail("argument", replace(node, end=first.end))
        argument, used, after_sup = ctx.side(base.parts[0]), 2, after
    else:
        more = digits_and_names(ctx, rest)
        argument, more = (ctx.product(rest[:more]), more) if more > 1 else ctx.factor(rest, 0)
        used = 1 + more
        following = rest[more] if more < len(rest) else None
        if is_call(ctx, rest[:more]):  # \\log p(x) f(x): the brackets end the argument
            following = None
        if following is not None and function_name(split(following)[0]) is not None:
            following = None  # \\cos a \\cos b
        if following is not None and not (
            following.kind == "op" and following.value in ("\\cdot", "\\odot", "\\times")
        ):
            raise ctx.fail("argument", replace(node, end=following.end))
    whole = replace(node, end=rest[used - 2].end)
    if name == "diag":
        return powered(ctx, arrays.diagonal(argument, ctx.span(whole)), whole, after_sup), used
    if name == "det":
        value = arrays.determinant(argument, ctx.span(whole))
        return powered(ctx, powered(ctx, value, whole, sup), whole, after_sup), used
    if name == "tr":
        return powered(ctx, arrays.trace(argument, ctx.span(whole)), whole, after_sup), used
    value = Array(argument.shape, lambda p: Fn(name, (argument.at(p),)))
    power = exponent_of(ctx, sup)
    if argument.shape and power is not None:  # \tanh^2(x), entry by entry
        plain, above = value, power
        value = Array(plain.shape, lambda p: Pow(plain.at(p), above))
        sup = NONE
    if base_of_log is not None:
        value = arrays.over(value, scalar(base_of_log), ctx.span(whole))
    value = powered(ctx, value, whole, sup)
    return powered(ctx, value, whole, after_sup), used


def digits_and_names(ctx: Context, nodes: tuple[Node, ...]) -> int:
    r"""How many factors a number and the names behind it are: three in \log 2 \pi \sigma^2."""
    if nodes[0].kind != "number":
        return 0
    for k, node in enumerate(nodes[1:], 1):
        base = split(node)[0]
        key = key_of(base)
        if key is None or key in ctx.world.functions or function_name(base) is not None:
            return k
        if (base.kind == "symbol" and base.value in BIG) or not is_known(ctx, node):
            return k
    return len(nodes)


def is_call(ctx: Context, nodes: tuple[Node, ...]) -> bool:
    """Is this p(x), a function of elements of finite sets?"""
    return len(nodes) == 2 and spelled(ctx.text(nodes[0])) in ctx.world.tables


def no_inverse(ctx: Context, node: Node, sup: Node) -> None:
    """f^{-1}(x) is 1/f(x) to some and the inverse function to others."""
    inner = sup.parts[0] if sup is not NONE else NONE
    if inner.kind == "sum" and inner.parts[0].value == "-":
        raise ctx.fail("inverse", node)


def read_full_call(
    ctx: Context, key: str, node: Node, following: Node, places: Node = NONE
) -> Array | None:
    """L(Y) for an L that was declared as L = L(Y): the same as L. places: the i of L_i(Y)."""
    base, sub, sup, _ = split(following)
    if base.kind != "paren" or base.value != "(":
        return None
    if places is not NONE:
        if sub is not NONE or "".join(ctx.text(base)[1:-1].split()) != ctx.world.calls[key]:
            return None
        sub = places
    symbol = ctx.world.symbols[key]
    if key in ctx.world.families:
        name, places, _ = lookup(ctx, base.parts[0]) if len(base.parts) == 1 else (None, NONE, NONE)
        if name != ctx.world.families[key] or places is NONE:
            raise ctx.fail("call-or-product", replace(node, end=following.end), name=key)
        sub = places
    elif "".join(ctx.text(base)[1:-1].split()) != ctx.world.calls[key]:
        value = called_at(ctx, key, base)
        if value is not None:
            return powered(ctx, value, node, sup)
        if len(base.parts) == 1 and key_of(split(base.parts[0])[0]) is None:
            return None  # L (a + b) is a product
        raise ctx.fail("call-or-product", replace(node, end=following.end), name=key)
    return powered(ctx, entry_of_symbol(ctx, symbol, sub, node), node, sup)


def called_at(ctx: Context, key: str, arguments: Node) -> Array | None:
    r"""f(x + d) for an f that was declared as f(x) = …: its formula there."""
    world, symbol = ctx.world, ctx.world.symbols[key]
    variable = world.symbols.get(world.calls[key])
    if variable is None or variable.definition is not None or symbol.definition is None:
        return None
    if len(arguments.parts) != 1 or not variable.shape or symbol.shape or variable.family:
        return None
    value = arrays.columns(ctx.side(arguments.parts[0]))
    if len(value.shape) != len(variable.shape) or not all(
        unify(a, b) for a, b in zip(value.shape, variable.shape, strict=True)
    ):
        return None
    through = world.between({key}, variable.key)
    if any(
        isinstance(t, Deriv | Call) for n in through for t in walk(world.symbols[n].definition)
    ) or any(world.symbols[n].recurrence is not None for n in through):
        return None

    def change(item: object) -> object:
        if not isinstance(item, Entry):
            return item
        if item.symbol == variable.key:
            return renamed(value.at(item.at))
        if item.symbol in through:
            lam = world.symbols[item.symbol].definition
            assert lam is not None
            names = dict(zip((v for v, _ in lam.vars), item.at, strict=True))
            return rebuild(substitute(renamed(lam.body), names), change)
        return item

    world.cited.update(dict.fromkeys(through, TRUE))  # its formula stands in the row
    return scalar(rebuild(Entry(key), change))


def read_applied(
    ctx: Context, node: Node, sup: Node, rest: tuple[Node, ...]
) -> tuple[Array, int] | None:
    """L(w) for a variable L: applied to what its definition depends on, it is L itself. It is
    never a product, which would be written L \\cdot w; L (a + b) is one, unless L is applied
    elsewhere."""
    arguments = split(rest[0])[0] if rest else NONE
    if arguments.kind != "paren" or arguments.value not in ("(", "[") or sup is not NONE:
        return None
    if "\\" in ctx.tex[node.end : rest[0].start].replace("\\left", ""):
        return None  # p_i \\, (p_j): set apart
    world = ctx.world
    name, _, _ = lookup(ctx, node)
    whole = replace(node, end=rest[0].end)
    if name is None and node.value in ("\\pi", "e") and is_application(arguments):
        raise ctx.fail("call-or-product", whole, name=ctx.text(node))  # a policy, an energy
    if name is None or world.aliases.get(name, name) not in {*world.symbols, *world.sizes}:
        return None
    if not is_application(arguments):
        if applied_elsewhere(ctx, name, node, arguments) or any(
            is_application(split(after)[0]) and lookup(ctx, before)[0] == name
            for part in ctx.tree.walk()
            if part.kind == "product"
            for before, after in pairwise(part.parts)
        ):
            raise ctx.fail("applied-or-product", whole, name=ctx.text(node))
        return None
    found = [lookup(ctx, part) for part in arguments.parts]
    if not all(is_known(ctx, part) or part.kind == "number" for part in arguments.parts):
        return None  # said where the argument is read
    below = world.below(name) - {name} if name in world.symbols else set()
    if not all(part in below and sub is NONE and sup is NONE for part, sub, sup in found):
        raise ctx.fail("applied-or-product", whole, name=ctx.text(node))
    world.applied.add(name)
    return powered(ctx, ctx.single(node), whole, split(rest[0])[2]), 2


def applied_elsewhere(ctx: Context, name: str, node: Node, arguments: Node) -> bool:
    """Is L (a + b) L at another place? So it reads where L was applied before, and where a bare
    variable in the brackets, w in L (w + h), is one that L is defined by."""
    world = ctx.world
    if name in world.applied:
        return True
    symbol = world.symbols.get(name)
    if node.kind == "scripted" or symbol is None or symbol.definition is None:
        return False
    inside = {n for part in arguments.parts for n in bare_names(part)}
    variables = {n for n in inside if n in world.symbols and world.symbols[n].kind == "variable"}
    return name not in inside and bool(variables & world.below(name))


def bare_names(node: Node) -> Iterator[str]:
    """The names in a formula that carry no index."""
    if node.kind == "scripted":
        return
    if (key := key_of(node)) is not None:
        yield key
        return
    for part in node.parts:
        yield from bare_names(part)


def is_application(arguments: Node) -> bool:
    """(w), (w, b), (0), but not (a + b)."""
    if arguments.kind != "paren":
        return False
    parts = arguments.parts
    if len(parts) == 1 and parts[0].kind == "number":
        return True
    return bool(parts) and all(key_of(split(part)[0]) is not None for part in parts)


def read_call(
    ctx: Context, key: str, node: Node, sub: Node, sup: Node, primes: str, rest: tuple[Node, ...]
) -> tuple[Array, int]:
    function = ctx.world.functions[key]
    no_inverse(ctx, node, sup)
    if not rest or split(rest[0])[0].kind != "paren":
        raise ctx.fail("derivative-function", node)
    base, after_sub, after_sup, more = split(rest[0])
    if more or sub is not NONE:
        raise ctx.fail("unexpected", node, hint="")
    whole = replace(node, end=rest[0].end)
    if len(base.parts) != len(function.args):
        raise ctx.fail(
            "rank", whole, given=len(base.parts), wanted=len(function.args), better=f"{key}(…)"
        )
    values = [arrays.columns(ctx.side(p)) for p in base.parts]
    order = len(primes)
    if function.args == ((),) and function.value:  # a curve, t ↦ a(t): its values are arrays
        if values[0].shape:
            size = show_shape(values[0].shape)
            raise ctx.fail("not-scalar", base.parts[0], left=size, hint="")
        lam = Lam((), values[0].term)
        value = Array(function.value, lambda p: Call(key, (lam,), p, order))
        if function.entries is not None:
            value = entries_at(function, values[0].term, order)
    elif function.args == ((),):
        argument = values[0]

        def at(p: tuple[Index, ...]) -> Term:
            inner = argument.at(p)
            if function.body is None:
                return Call(key, (Lam((), inner),), (), order)
            body = renamed(function.body)
            if order:
                return Slope(key, function.var, body, inner, order)
            return replace_symbol(body, function.var, inner)

        value = Array(argument.shape, at)
    else:
        if order:
            raise ctx.fail("derivative-function", whole)
        lams = []
        for part, shape in zip(values, function.args, strict=True):
            if len(part.shape) != len(shape) or not all(
                unify(a, b) for a, b in zip(part.shape, shape, strict=True)
            ):
                raise ctx.fail(
                    "shape",
                    whole,
                    left=show_shape(part.shape),
                    right=show_shape(shape),
                    hint="",
                )
            names = tuple((fresh("a"), d) for d in shape)
            lams.append(Lam(names, part.at(tuple(Var(n) for n, _ in names))))
        value = Array(function.value, lambda p: Call(key, tuple(lams), p))
    value = entry_of(ctx, value, after_sub, whole)
    if sup is not NONE:
        value = powered(ctx, value, whole, sup)
    return powered(ctx, value, whole, after_sup), 2


def entries_at(function: Function, point: Term, order: int) -> Array:
    """R(\\phi) of an R that is a matrix for each number, or its derivative."""
    entries = function.entries
    assert entries is not None

    def at(p: tuple[Index, ...]) -> Term:
        names = dict(zip((v for v, _ in entries.vars), p, strict=True))
        body = substitute(renamed(entries.body), names)
        if order:
            return Slope(function.key, function.var, body, point, order)
        return replace_symbol(body, function.var, point)

    return Array(function.value, at)


def replace_symbol(term: Term, name: str, value: Term) -> Term:
    """`value` put in for the number called `name` (a function's parameter)."""

    def change(item: object) -> object:
        if isinstance(item, Entry) and item.symbol == name and not item.at:
            return value
        return item

    found = rebuild(term, change)
    assert isinstance(found, Term)
    return found
