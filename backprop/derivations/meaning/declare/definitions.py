"""Definitions, and the equations that are premises about variables."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from backprop.derivations.meaning import (
    Context,
    arrays,
    items_of,
    key_of,
    reader_of,
    replace_symbol,
    split,
)
from backprop.derivations.meaning.declare.distributions import define_table
from backprop.derivations.meaning.declare.equating import check_known, equate
from backprop.derivations.meaning.declare.left_sides import new_name
from backprop.derivations.meaning.declare.names import bad, declare_entries
from backprop.derivations.meaning.declare.recurrences import define_recurrence
from backprop.derivations.meaning.expectations import OUTCOME
from backprop.derivations.meaning.lengths import Dim, Unknown, find, show_shape, unify
from backprop.derivations.meaning.names import is_declared, lookup
from backprop.derivations.meaning.rewriting import fresh, resolved, substitute
from backprop.derivations.meaning.shifts import has_tests, inferred, inside, without_idle
from backprop.derivations.meaning.terms import ONE, Call, Entry, Lam, Term, Var, add, mul
from backprop.derivations.meaning.world import Assumption, Function, Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node, read

ORDERED = ("<", "<=", ">", ">=")
ENTRIES = (  # X = (x_{ij}), W^l = (w^l_{jk})
    r"^([^=]*?)=\s*[(\[]\s*"
    r"(\\?[A-Za-z]+(?:\^(?:\w|\*|\{[^{}]*\}))?_\{?\w+,?\w*\}?)\s*[)\]]$"
)


def declare_equation(world: World, tex: str, line: int) -> bool:
    alias = re.match(ENTRIES, tex, re.S)
    if alias:
        declare_entries(world, alias[1].strip(), alias[2], ())
        return True
    tree = read(tex)
    if tree.kind != "relation":
        return True
    ops, sides = tree.value.split(), tree.parts
    if len(ops) == 1 and ops[0] in ORDERED:
        return False
    if len(ops) != 1 or ops[0] not in ("=", ":="):
        raise bad(tex, tex)
    left, right = sides
    reader = reader_of(world, tex, tree)
    if define_table(world, reader, left, right):
        return True
    if define_function(world, reader, left, right):
        return True
    if repeats(reader, left, right):
        steps = define_recurrence(world, reader, left, right)
        if steps is not None:
            steps.line = line
            return True
        raise reader.fail("recurrence", left, found=reader.text(left))
    if left.kind == "frac" and left.parts[0].kind == "number" and left.parts[0].value == "1":
        below = left.parts[1]  # \\frac{1}{s^2} = …, of a new s^2
        if new_name(world, reader, below, right) is not None:
            left, right = below, replace(left, parts=(left.parts[0], right), end=right.end)
    if define_total(world, reader, left, right, line):
        return True
    found = new_name(world, reader, left, right)
    if found is None:
        return False
    key, letters, squared = found
    if declare_arbitrary(world, reader, key, right):
        return True
    symbol = define(world, reader, key, letters, right, left)
    symbol.line = line
    symbol.entries = bool(letters)
    above = split(left)[2]
    symbol.above = bool(letters) and above is not NONE and above.parts[0].kind == "paren"
    if squared:
        world.squares[squared] = key
    return True


def repeats(reader: Context, left: Node, right: Node) -> bool:
    """Is this h_t = … h_{t-1} …, or h_{t+1} = … h_t …, and none of these a name of its own?"""
    key = key_of(split(left)[0])
    if key is None or left.kind != "scripted" or lookup(reader, left)[0] is not None:
        return False
    ahead = any(n.kind == "sum" for n in left.parts[1].walk())
    return any(
        node.kind == "scripted"
        and key_of(node.parts[0]) == key
        and any(ahead or n.kind == "sum" for script in node.parts[1:] for n in script.walk())
        and lookup(reader, node)[0] is None
        for node in right.walk()
    )


def define_total(world: World, reader: Context, left: Node, right: Node, line: int) -> bool:
    r"""L = \sum_i L_i, where L_i was declared by its entries: a number that shares their name."""
    key = key_of(left) or ""
    parts = world.symbols.get(key)
    if parts is None or not parts.entries or key in world.totals:
        return False
    used = [n for n in right.walk() if n.kind == "scripted" and key_of(n.parts[0]) == key]
    if not used or arrays.columns(reader_of(world, reader.tex, reader.tree).side(right)).shape:
        return False
    total = f"{key}_{{}}"
    define(world, reader, total, (), right, left).line = line
    world.totals[key] = total
    return True


def define(
    world: World, reader: Context, key: str, letters: tuple[str, ...], right: Node, left: Node
) -> Symbol:
    known = world.symbols.get(key)
    if known is not None and letters:
        for letter, dim in zip(letters, known.shape, strict=True):
            reader.dims.setdefault(letter, dim)
    for letter in letters:
        reader.dims.setdefault(letter, world.ranges.get(letter, Unknown()))
    value = arrays.columns(reader.side(right))
    for letter in letters:
        if isinstance(find(reader.dims[letter]), Unknown):
            length = inferred(world, reader.shifted, reader.dims, letter)
            if length is not None:
                unify(reader.dims[letter], length)
    if letters:
        if value.shape:
            raise reader.fail("not-scalar", right, left=show_shape(value.shape), hint="")
        vars_ = tuple((fresh(k), reader.dims[k]) for k in letters)
        new = dict(zip(letters, (Var(v) for v, _ in vars_), strict=True))
        body = substitute(value.term, new)
    else:
        if known is not None and known.shape and not value.shape:
            raise reader.fail("shape", left, left=show_shape(known.shape), right="1", hint="")
        vars_ = tuple((fresh("i"), d) for d in value.shape)
        body = value.at(tuple(Var(v) for v, _ in vars_))
    for letter, node in reader.pairs.items():
        if letter not in letters:
            raise reader.fail("pairs", node, index=letter)
    hidden = tuple(sorted(n for n in reader.free if n.startswith(OUTCOME)))
    outcomes = tuple((fresh("o"), reader.dims[n]) for n in hidden)
    body = substitute(body, dict(zip(hidden, (Var(v) for v, _ in outcomes), strict=True)))
    vars_ = (*vars_, *outcomes)
    for letter, node in reader.free.items():
        if letter not in (*letters, *hidden):
            raise reader.fail("free-index", node)
    if known is not None and not all(
        unify(a, d) for a, (_, d) in zip(known.shape, vars_, strict=not hidden)
    ):
        raise reader.fail("declared-twice", left)
    for letter, (_, dim) in zip(letters, vars_, strict=False):
        if isinstance(find(dim), Unknown):
            raise reader.fail("index-unknown", left, found=letter)
    lam = resolved(Lam(vars_, body))
    for guard in reader.guards:
        if not inside(world, guard, reader.dims):
            raise reader.fail("index-outside", guard.node)
    lam = Lam(lam.vars, without_idle(world, lam.body, dict(lam.vars)))
    if has_tests(lam.body):
        raise reader.fail("index-outside", right)
    check_known(lam, reader, right)
    if key in lam.names:
        raise reader.fail("bad-declaration", left, why=f"{key} = … {key} …")
    for letter, (_, dim) in zip(letters, vars_, strict=False):
        if world.letters.setdefault(letter, find(dim)) != find(dim):
            world.letters[letter] = Unknown()  # not the same everywhere
    symbol = known or Symbol(key, ())
    symbol.shape = tuple(find(d) for _, d in vars_)
    symbol.kind, symbol.definition, symbol.hidden = "defined", lam, hidden
    world.symbols[key] = symbol
    return symbol


def declare_arbitrary(world: World, reader: Context, key: str, right: Node) -> bool:
    """L = L(Y): any number that depends on Y."""
    parts = items_of(right)
    if len(parts) != 2 or key_of(parts[0]) != key or parts[1].kind != "paren":
        return False
    lams, shapes = [], []
    for part in parts[1].parts:
        value = arrays.columns(reader.side(part))
        names = tuple((fresh("a"), d) for d in value.shape)
        lams.append(resolved(Lam(names, value.at(tuple(Var(n) for n, _ in names)))))
        shapes.append(tuple(find(d) for d in value.shape))
    name = f"{key}()"
    world.functions[name] = Function(name, tuple(shapes))
    body = Call(name, tuple(lams))
    world.symbols[key] = Symbol(key, (), "defined", Lam((), body))
    world.calls[key] = "".join(reader.text(parts[1])[1:-1].split())
    return True


def define_function(world: World, reader: Context, left: Node, right: Node) -> bool:
    """σ(z) = …, for a number z."""
    if left.kind != "product" or len(left.parts) != 2 or left.parts[1].kind != "paren":
        return False
    key, inner = key_of(left.parts[0]), left.parts[1].parts
    if key is None or len(inner) != 1 or is_declared(reader, key):
        return False
    var = key_of(inner[0])
    if var is None or (var in world.symbols and world.symbols[var].shape):
        return False
    if var in world.sizes or var in world.functions or var in world.aliases:
        return False
    if var not in world.symbols:
        world.symbols[var] = Symbol(var, ())
        world.parameters.add(var)
    elif world.symbols[var].definition is not None:
        return False
    world.functions[key] = Function(key, ((),), (), var, None)
    entries = None
    try:
        value = arrays.columns(reader.side(right))
        if value.shape:
            names = tuple((fresh("i"), d) for d in value.shape)
            entries = resolved(Lam(names, value.at(tuple(Var(n) for n, _ in names))))
            check_known(entries, reader, right)
        body = resolved(value.term) if entries is None else entries.body
        check_known(body, reader, right)
        for node in (*reader.free.values(), *(g.node for g in reader.guards)):
            raise reader.fail("free-index", node)
    except Unreadable:
        del world.functions[key]
        raise
    own = fresh(var)  # what is called z elsewhere, z_j = \sum_k w_{jk} x_k, is not this one
    world.symbols[own] = Symbol(own, ())
    world.functions[key].var = own
    world.functions[key].written = var
    body = replace_symbol(body, var, Entry(own))
    if entries is None:
        world.functions[key].body = body
    else:
        world.functions[key].entries = Lam(entries.vars, body)
        world.functions[key].value = tuple(find(d) for _, d in entries.vars)
    return True


def with_slack(
    key: str, left: Term, right: Term, dims: dict[str, Dim], op: str, mask: Term = ONE
) -> tuple[Term, Term, Symbol]:
    r"""a \le b as the equation a + s = b: its sides, and the new symbol s, which is not negative.
    mask: 1 where the positions exist that the sides name, else 0."""
    slack = mul(mask, Entry(key, tuple(Var(name) for name in dims)))
    symbol = Symbol(key, tuple(dims.values()))
    symbol.bounded(Fraction(0), None, (op in ("<=", ">="), False))
    if op in ("<", "<="):
        return add(left, slack), right, symbol
    return left, add(right, slack), symbol


def assume(world: World, tex: str, line: int) -> bool:
    """Make a premise of an equation that does not hold by itself; False if there is no variable
    in it that could be chosen so. Raises `Unreadable`."""
    tree = read(tex)
    reader = reader_of(world, tex, tree)
    left, right = tree.parts
    first, second, dims = equate(reader, reader.side(left), reader.side(right), left, right)
    used = first.names | second.names
    below = set().union(*(world.below(n) for n in used)) if used else set()
    if not any(world.symbols[n].kind == "variable" for n in below):
        return False
    if tree.value in ORDERED:
        key = f"#slack {len(world.assumed)}"
        first, second, world.symbols[key] = with_slack(key, first, second, dims, tree.value)
    world.assumed.append(Assumption(first, second, dims, tex, line))
    return True
