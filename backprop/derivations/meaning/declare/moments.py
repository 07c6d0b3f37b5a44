r"""Random symbols of which no more is known than their moments: \mathbb{E}[X] = \mu."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import key_of, reader_of, split
from backprop.derivations.meaning.declare.laws import add_random, number
from backprop.derivations.meaning.declare.names import (
    listed_names,
    read_name,
)
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.names import lookup
from backprop.derivations.meaning.terms import (
    Entry,
    Lam,
)
from backprop.derivations.meaning.world import TRUE, Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, read

MOMENT = re.compile(
    r"^\s*\\(?P<kind>mathbb\s*\{?E\}?|mathrm\{E\}|operatorname\{(?:E|Var)\}|mathrm\{Var\})\s*"
    r"(?:\\left)?[\[(](?P<name>.*?)(?:\\right)?[\])]$",
    re.S,
)


def is_name(tex: str) -> bool:
    """Is this X, X_i or \\hat{f}, and no expression?"""
    try:
        tree = read(tex)
    except Unreadable:
        return False
    base, _, sup, _ = split(tree)
    return key_of(base) is not None and sup is NONE


def declare_random(world: World, name: str, counted: tuple[Dim, ...] = ()) -> set[str]:
    """Enter a random symbol of which only the name is known, and what may be said of it later."""
    key, letters, _ = read_name(world, name)
    hidden = [f"{part}({key})" for part in ("mean", "variance")]
    for k, extra in enumerate(hidden):
        world.symbols[extra] = Symbol(extra, ())
        if k == 1:
            world.symbols[extra].bounds = (Fraction(0), None)
    counted = counted or tuple(world.ranges[n] for n in letters)
    add_random(world, name, counted, "any", *(Entry(h) for h in hidden))
    world.pending[key] = {"mean", "variance"}
    return world.pending[key]


def declare_randoms(world: World, names: str) -> None:
    """ "Let X, Y be independent random variables": those of which nothing is known yet."""
    for name, counted in listed_names(world, names):
        if not is_name(name):
            continue
        key, letters, node = read_name(world, name)
        taken = key in world.symbols or key in world.sizes or key in world.ranges
        if taken or key in world.functions or (split(node)[1] is not NONE and not letters):
            continue
        declare_random(world, name, counted)


def declare_moment(world: World, left: str, right: str) -> bool:
    r"""\mathbb{E}[X] = \mu of a name that is not declared yet, or whose mean is still open."""
    hit = MOMENT.match(left)
    if hit is None:
        return False
    is_mean = "Var" not in hit["kind"]
    name = hit["name"].strip()
    if not is_name(name):
        return False
    key = read_name(world, name)[0]
    bare = key.partition("_")[0]
    pending = world.pending.get(key)
    if key in world.symbols and pending is None:
        return False
    if bare in world.symbols and world.pending.get(bare) is not None:
        key, pending = bare, world.pending[bare]
    if pending is None or ("mean" if is_mean else "variance") in pending:
        name_moment(world, right, is_mean)
    value = number(world, right)
    if pending is None:
        pending = declare_random(world, name)
    what = "mean" if is_mean else "variance"
    if what not in pending:
        return False
    pending.remove(what)
    open_ = f"{what}({key})"
    symbol = world.symbols[open_]
    symbol.kind, symbol.definition = "defined", Lam((), value)
    world.cited[open_] = TRUE
    return True


def declare_mean_name(world: World, left: str, right: str) -> bool:
    r"""\mu = \mathbb{E}[X] of a name that is not declared yet: names its mean, too."""
    hit = MOMENT.match(right)
    if hit is None or not is_name(hit["name"]):
        return False
    if read_name(world, hit["name"].strip())[0] in world.symbols:
        return False
    key, letters, _ = read_name(world, left)
    if letters:
        return False
    world.symbols.setdefault(key, Symbol(key, ()))
    return declare_moment(world, right, left)


def name_moment(world: World, tex: str, is_mean: bool) -> None:
    r"""\mathbb{E}[X] = \mu, \operatorname{Var}(X) = \sigma^2 may name what they say."""
    base, _, sup, primes = split(read(tex))
    square = sup is not NONE and sup.parts[0].kind == "number" and sup.parts[0].value == "2"
    if primes or (sup is not NONE and (is_mean or not square)) or key_of(base) is None:
        return
    plain = re.sub(r"\s*\^\s*(?:2|\{\s*2\s*\})\s*$", "", tex) if square else tex
    node = read(plain)
    if lookup(reader_of(world, plain, node), node)[0] is None:
        key, letters, _ = read_name(world, plain)
        if not letters and not (set(key) & set("()")):
            positive = Fraction(0) if not is_mean else None
            world.symbols[key] = Symbol(key, (), bounds=(positive, None), positive=not is_mean)
