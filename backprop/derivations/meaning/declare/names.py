"""New names and their shapes: how they are spelled, listed, and entered in the world."""

from __future__ import annotations

import re

from backprop.derivations.meaning import key_of, reader_of, split
from backprop.derivations.meaning.indices import flat_indices
from backprop.derivations.meaning.lengths import Dim, unify
from backprop.derivations.meaning.names import decoration, text_of
from backprop.derivations.meaning.rewriting import fresh
from backprop.derivations.meaning.shifts import Linear
from backprop.derivations.meaning.statements import DOTS
from backprop.derivations.meaning.terms import Lam, num
from backprop.derivations.meaning.world import Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node, read

REAL = r"(?:\\mathbb\s*\{?\s*R\s*\}?|\\R|ℝ)"
SPACE = re.compile(
    rf"^{REAL}\s*(?:_\s*(?P<sub>\{{[^}}]*\}}|\+))?\s*"
    r"(?:\^\s*(?P<sup>\{.*\}|\w|\+))?\s*"
    rf"(?:_\s*(?P<sub2>\{{[^}}]*\}}|\+))?$"
)
SIZE = re.compile(r"^(?:[A-Za-z]|\\[A-Za-z]+)(?:_(?:\w|\{\w+\}|\{\\\w+\}|\{\\\w+\{\w+\}\}))?$")
NUMBER = r"-?(?:\d+(?:\.\d+)?|\.\d+)"
ITEM = re.compile(  # x_1, x_n, x_{n-1}
    r"^(?P<name>.+?)\s*_\s*\{?\s*(?P<index>\w(?:_\w)?)\s*(?P<less>-\s*1)?\s*\}?$"
)
ABOVE = re.compile(
    r"^(?P<name>.+?)\s*\^\s*\{\s*\(\s*(?P<index>\w(?:_\w)?)\s*(?P<less>-\s*1)?\s*\)\s*\}$"
)
LABELS = re.compile(
    r"^\\\{\s*(?P<low>[01])\s*,\s*(?:1\s*,\s*)?(?:2\s*,\s*)?\\(?:dots|ldots|cdots)\s*,\s*"
    r"(?P<size>[A-Za-z](?:_\w|_\{\w+\})?|\d+)\s*(?P<less>-\s*1)?\s*\\\}$"
)


def bad(why: str, tex: str = "") -> Unreadable:
    return Unreadable("bad-declaration", 0, len(tex), why=why)


def read_lengths(world: World, sup: str | None) -> tuple[Dim, ...]:
    if not sup:
        return ()
    inside = sup[1:-1] if sup.startswith("{") else sup
    dims: list[Dim] = []
    for part in re.split(r"\\times\b|×", inside):
        name = "".join(part.split())
        if name.isdigit():
            dims.append(int(name))
        elif SIZE.match(name):
            dims.append(declare_size(world, name))
        else:
            dims.append(linear_size(world, name, sup))
    return tuple(dims)


def linear_size(world: World, tex: str, whole: str, more: int = 0) -> Dim:
    """2m, N - K + 1 (and `more`) as a length."""
    found = Linear(world, {}, more)
    parts = re.findall(r"([+-]?)(\d*)(\\?[A-Za-z]+(?:_(?:\w|\{\w+\}))?|)", tex)
    if "".join("".join(p) for p in parts) != tex:
        raise bad(f"{tex} ?", whole)
    for sign, digits, name in parts:
        times = (-1 if sign == "-" else 1) * int(digits or 1)
        if not (digits or name):
            continue
        if name and not SIZE.match(name):
            raise bad(f"{tex} ?", whole)
        size = Linear(world, {declare_size(world, name): 1}) if name else Linear(world, {}, 1)
        found = found.plus(size, times)
    if not found.coefs and found.const < 1:
        raise bad(f"{tex} ?", whole)
    return found.dim()


def declare_size(world: World, name: str, least: int = 1) -> str:
    base, _, sub = name.partition("_")
    sub = sub[1:-1] if sub.startswith("{") else sub
    name = f"{base}_{{{sub}}}" if sub else base
    if name in world.symbols or name in world.functions:
        raise Unreadable("declared-twice", found=name)
    world.sizes.setdefault(name, least)
    world.sizes[name] = max(world.sizes[name], least)
    return name


def listed_names(world: World, names: str) -> list[tuple[str, tuple[Dim, ...]]]:
    r"""The names of a list; x_1, \dots, x_n is one, with an axis of length n."""
    parts = [part.strip() for part in names.split(",")]
    dots = next((k for k, part in enumerate(parts) if DOTS.match(part)), None)
    if dots is None:
        return [(part, ()) for part in parts]
    counted = [ITEM.match(part) or ABOVE.match(part) for part in parts]
    last = counted[-1]
    start = next((k for k, c in enumerate(counted) if c and c["index"] in ("0", "1")), dots)
    run = counted[start:dots]
    low = int(run[0]["index"]) if run and run[0] else None
    if (
        low is None
        or dots != len(parts) - 2
        or not last
        or any(c is None or c["name"] != last["name"] for c in run)
        or [c["index"] for c in run if c] != [str(low + k) for k in range(dots - start)]
        or not SIZE.match(last["index"])
    ):
        raise bad(names, names)
    counts_from(world, low)
    more = 1 - low - bool(last["less"])  # x_0, …, x_n are one more
    family = (last["name"], (linear_size(world, last["index"], names, more),))
    return [*((part, ()) for part in parts[:start]), family]


def counted_above(names: str) -> bool:
    r"""Is x^{(1)}, \dots, x^{(m)} declared, or x^{(i)}?"""
    return bool(ABOVE.match(names.rpartition(",")[2].strip()))


def run_as_summed(world: World, letters: list[str]) -> None:
    r"""y_i \in \{0, 1\}, where nothing says how far i runs but the sums, \sum_{i=1}^{n} y_i."""
    open_ = [n for n in letters if n not in world.ranges]
    if all(n in world.spans and world.spans[n] not in world.symbols for n in open_):
        for letter in open_:
            world.ranges[letter] = declare_size(world, world.spans[letter])


def read_name(world: World, tex: str) -> tuple[str, tuple[str, ...], Node]:
    """A name to be declared: its key, index letters and the node."""
    node = read(tex)
    if node.kind == "product" and all(
        split(p)[0].kind == "letter" and (p.kind == "letter" or p is node.parts[-1])
        for p in node.parts
    ):
        base, sub, sup, primes = split(node.parts[-1])
        word = Node("letter", "".join(split(p)[0].value for p in node.parts))
        node = Node("scripted", primes, (word, sub, sup), node.start, node.end)
    base, sub, sup, primes = split(node)
    key = key_of(base)
    if key is None:
        raise bad(tex, tex)
    reader = reader_of(world, tex)
    upper = decoration(reader, sup)
    if sup is not NONE and not upper:
        raise bad(tex, tex)
    letters: tuple[str, ...] = ()
    if sub is not NONE:
        nodes = flat_indices(sub)
        found = [key_of(n) or "" for n in nodes]
        if f"{key}_{{{text_of(reader, sub)}}}" not in world.symbols:
            run_as_summed(world, found)
        if found and all(f in world.ranges for f in found):
            letters = tuple(found)
        else:
            key += f"_{{{text_of(reader, sub)}}}"
    above = re.fullmatch(r"\((\w)\)", upper)
    if above and above[1] in world.ranges:  # x^{(i)}, for i = 1, …, m
        letters, upper = (above[1], *letters), ""
    if upper:
        key += f"^{{{upper}}}"
    return key + primes, letters, node


def declare_variable(world: World, tex: str, shape: tuple[Dim, ...]) -> Symbol:
    alias = re.match(r"^(.*?)=\s*[(\[]\s*(.*?)\s*[)\]]$", tex, re.S)
    if alias:
        return declare_entries(world, alias[1].strip(), alias[2], shape)
    key, letters, _ = read_name(world, tex)
    forget_parameter(world, key)
    family = tuple(world.ranges[k] for k in letters)
    if key in world.sizes or key in world.functions:
        raise Unreadable("declared-twice", 0, len(tex), found=tex)
    if key in world.symbols:
        known = world.symbols[key]
        shown = known.shape[: -len(known.hidden)] if known.hidden else ()
        if len(shown) == len(family + shape) > 0 and all(
            unify(a, b) for a, b in zip(shown, family + shape, strict=True)
        ):
            return known  # \epsilon \sim \mathcal{N}(0, I) came first
        if known.definition == Lam((), num(0)) and not known.shape:  # S_0 = 0, a matrix
            known.shape = family + shape
            axes = tuple((fresh("i"), d) for d in known.shape)
            known.definition = Lam(axes, num(0))
            return known
        if len(known.shape) != len(family + shape) or not all(
            unify(a, b) for a, b in zip(known.shape, family + shape, strict=True)
        ):
            raise Unreadable("declared-twice", 0, len(tex), found=tex)
        return known
    if key in world.idle:
        raise Unreadable("declared-late", 0, len(tex), found=tex, name=world.idle[key])
    world.symbols[key] = Symbol(
        key, family + shape, family=len(family), line=world.line, sentence=world.sentence
    )
    return world.symbols[key]


def forget_parameter(world: World, key: str) -> None:
    r"""The z of \sigma(z) = … is free to be declared."""
    if key in world.parameters:
        world.parameters.remove(key)
        del world.symbols[key]


def declare_entries(world: World, whole: str, entry: str, shape: tuple[Dim, ...]) -> Symbol:
    """X = (x_{ij})."""
    base, sub, sup, _ = split(read(entry))
    key, outer = key_of(base), read_name(world, whole)[0]
    upper = decoration(reader_of(world, entry), sup)
    if key and upper:
        key += f"^{{{upper}}}"
    known = world.symbols.get(outer)
    if known is not None and key and sub is not NONE and not shape:
        taken = key in world.symbols and key not in world.parameters
        if not taken and len(flat_indices(sub)) == len(known.shape):
            forget_parameter(world, key)
            world.aliases[key] = outer  # X is declared, x_{ij} are its entries
            return known
    if key is None or sub is NONE or outer in world.symbols:
        raise bad(f"{whole} = ({entry})", whole)
    if key not in world.symbols and shape:
        world.symbols[key] = Symbol(key, shape)
    if outer != key:
        world.aliases[outer] = key
    return world.symbols.get(key) or Symbol(key, shape)


def counts_from(world: World, low: int) -> None:
    if world.base is None:
        world.base = low
