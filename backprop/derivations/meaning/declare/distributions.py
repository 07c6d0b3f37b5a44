r"""Functions on finite sets, f : \mathcal{X} \to \mathbb{R}, and distributions: x \sim p."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import Context, key_of, reader_of, split
from backprop.derivations.meaning.declare.names import (
    SPACE,
    bad,
    read_lengths,
)
from backprop.derivations.meaning.expectations import arguments, is_dot, spelled
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.nodes import index_key
from backprop.derivations.meaning.rewriting import fresh, resolved, substitute
from backprop.derivations.meaning.terms import (
    Big,
    Call,
    Entry,
    Fn,
    Lam,
    Pow,
    Term,
    Var,
    mul,
    num,
)
from backprop.derivations.meaning.world import TRUE, Function, Law, Symbol, Table, World
from backprop.derivations.reading.tree import Node, read

SET = re.compile(r"^\\mathcal\s*\{?\s*([A-Z])\s*\}?$")


def finite_set(world: World, tex: str) -> str | None:
    r"""The size of \mathcal{X}."""
    hit = SET.match(tex.strip())
    if hit is None:
        return None
    name = f"\\mathcal{{{hit[1]}}}"
    world.sizes.setdefault(name, 2)
    return name


def declare_elements(world: World, names: str, space: str) -> bool:
    r"""x \in \mathcal{X}: x runs over a finite set."""
    size = finite_set(world, space)
    if size is None:
        return False
    for name in names.split(","):
        letter = name.strip()
        if not re.fullmatch(r"[a-z]'*", letter) or letter in world.symbols:
            raise bad(f"{letter} \\in {space}", names)
        world.ranges[letter] = size
    return True


def declare_table(world: World, name: str, left: str, right: str) -> bool:
    r"""f : \mathcal{X} \times \mathcal{A} \to \mathbb{R}."""
    sets = [finite_set(world, part) for part in re.split(r"\\times\b|×", left)]
    if any(s is None for s in sets):
        return False
    real = re.match(
        r"^(?:\\mathbb\s*\{?\s*R\s*\}?\s*(?P<sign>_.*)?|\(\s*0\s*,\s*(?P<one>1)\s*\))$", right
    )
    space = SPACE.match(right)
    if not real and not space:
        raise bad(right, right)
    dims = tuple(s for s in sets if s is not None)
    key = f"{name.strip()}()"
    values = read_lengths(world, space["sup"]) if not real and space else ()
    symbol = Symbol(key, (*dims, *values))
    if real is None:
        pass
    elif real["sign"] or real["one"]:
        symbol.bounds = (Fraction(0), Fraction(1) if real["one"] else None)
    world.symbols[key] = symbol
    world.tables.setdefault(spelled(name), []).append(Table(key, (), len(dims), dims))
    return True


def define_table(world: World, reader: Context, left: Node, right: Node) -> bool:
    r"""p(x) = \sum_z p(x, z), p(z \mid x) = …: a table of its own, by its letters."""
    if left.kind != "product" or len(left.parts) != 2 or left.parts[1].kind != "paren":
        return False
    args, own = arguments(left.parts[1])
    letters = tuple(index_key(n) or "" for n in args)
    if not letters or not all(n in world.ranges for n in letters):
        return False
    if not all(str(world.ranges[n]).startswith("\\mathcal") for n in letters):
        return False
    for n in letters:
        reader.dims.setdefault(n, world.ranges[n])
    value = resolved(reader.number(right))
    for n, node in reader.free.items():
        if n not in letters:
            raise reader.fail("free-index", node)
    vars_ = tuple((fresh(n), world.ranges[n]) for n in letters)
    body = substitute(value, dict(zip(letters, (Var(v) for v, _ in vars_), strict=True)))
    key = f"{reader.text(left.parts[0])}({text_of(letters, own)})"
    if key in world.symbols:
        return False
    dims = tuple(d for _, d in vars_)
    world.symbols[key] = Symbol(key, dims, "defined", Lam(vars_, body))
    name = spelled(reader.text(left.parts[0]))
    world.tables.setdefault(name, []).append(Table(key, letters, own, dims, True))
    return True


def text_of(letters: tuple[str, ...], own: int) -> str:
    bar = r" \mid " if own < len(letters) else ""
    return ", ".join(letters[:own]) + bar + ", ".join(letters[own:])


def declare_distribution(world: World, names: str, law: str) -> bool:
    r"""x \sim p, a \sim \pi_\theta(a \mid s): a distribution over the finite set of the letters."""
    letters = tuple(n.strip() for n in names.strip("() ").split(","))
    tree = read(law)
    items = tree.parts if tree.kind == "product" else (tree,)
    reader = reader_of(world, law, tree)
    if not all(n in world.ranges for n in letters):
        raise bad(f"{names} \\sim {law}", names)
    given: tuple[str, ...] = ()
    if len(items) == 2 and items[1].kind == "paren":
        args, own = arguments(items[1])
        if not all(is_dot(n) for n in args[:own]):
            letters = tuple(index_key(n) or "" for n in args[:own])
        given = tuple(index_key(n) or "" for n in args[own:])
        if not all(n in world.ranges for n in (*letters, *given)):
            raise bad(law, law)
    elif len(items) != 1:
        raise bad(law, law)
    dims = tuple(world.ranges[n] for n in (*letters, *given))
    written = reader.text(items[0])
    name = spelled(written)
    key = f"{written}({text_of((*letters, *given), len(letters))})"
    table = Table(key, (*letters, *given), len(letters), dims, True)
    if key not in world.symbols:
        enter_distribution(world, key, dims, len(letters), parameters(world, reader, items[0]))
        world.tables.setdefault(name, []).append(table)
    for letter in letters:
        if len(letters) == 1:
            world.laws[letter] = (table, dims[:1])
    return True


def parameters(world: World, reader: Context, node: Node) -> list[str]:
    r"""The \theta of p_\theta, if it is declared. Raises `Unreadable` where it still may be."""
    sub = split(node)[1]
    found = [key_of(n) or "" for n in sub.parts] if sub.parts else []
    for key in found:
        if key and key not in world.symbols and key not in world.sizes and key not in world.ranges:
            if world.waits:
                raise reader.fail("undeclared", sub, example=f"{key} \\in \\mathbb{{R}}")
            world.idle[key] = reader.text(node)
    return [k for k in found if k in world.symbols and world.symbols[k].kind == "variable"]


def enter_distribution(
    world: World, key: str, dims: tuple[Dim, ...], own: int, by: list[str]
) -> None:
    """Positive numbers whose sum is 1: any, or any that depend on parameters."""
    if not by:
        world.symbols[key] = Symbol(key, dims, "fixed", law=Law("simplex", False, own))
    else:
        name = f"score {key}"
        shapes = tuple(world.symbols[k].shape for k in by)
        world.functions[name] = Function(name, shapes, dims)
        places = tuple((fresh("x"), d) for d in dims)

        def score(at: tuple[Var, ...]) -> Term:
            lams = []
            for k, shape in zip(by, shapes, strict=True):
                own_ = tuple((fresh("a"), d) for d in shape)
                lams.append(Lam(own_, Entry(k, tuple(Var(v) for v, _ in own_))))
            return Fn("exp", (Call(name, tuple(lams), at),))

        whole = tuple(Var(v) for v, _ in places)
        summed = tuple((fresh("x"), d) for d in dims[:own])
        total: Term = score((*(Var(v) for v, _ in summed), *whole[own:]))
        for v, d in reversed(summed):
            total = Big("sum", v, d, total)
        body = mul(score(whole), Pow(total, num(-1)))
        world.symbols[key] = Symbol(key, dims, "defined", Lam(places, body))
        world.cited[key] = TRUE
    given = tuple(Var(fresh("g")) for _ in dims[own:])
    names = [fresh("x") for _ in dims[:own]]
    value: Term = Entry(key, (*(Var(n) for n in names), *given))
    for n, d in reversed(list(zip(names, dims[:own], strict=True))):
        value = Big("sum", n, d, value)
    world.moments.append((value, num(1)))
