"""What a name lies in: x ∈ …, i = 1, …, n, ε > 0, and the f: ℝ → ℝ of functions."""

from __future__ import annotations

import re
from fractions import Fraction

from backprop.derivations.meaning import key_of, reader_of, split
from backprop.derivations.meaning.declare.distributions import declare_elements, declare_table
from backprop.derivations.meaning.declare.names import (
    LABELS,
    NUMBER,
    REAL,
    SIZE,
    SPACE,
    bad,
    counted_above,
    counts_from,
    declare_size,
    declare_variable,
    linear_size,
    listed_names,
    read_lengths,
    read_name,
)
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.premises import CLAIMED, PREMISES
from backprop.derivations.meaning.statements import pieces
from backprop.derivations.meaning.terms import Entry
from backprop.derivations.meaning.world import Function, Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, read


def declare_element(world: World, names: str, space: str) -> bool:
    labels = LABELS.match(space)
    if labels:
        return declare_labels(world, names, labels)
    whole = re.match(r"^\\mathbb\s*\{?\s*(?P<set>[NZ])\s*\}?\s*(?P<end>[_^].*)?$", space)
    if whole:
        end = "".join((whole["end"] or "").split())
        if not POSITIVE.match(end) and (whole["set"] == "Z" or end):
            raise Unreadable("whole", found=f"{names} \\in {space}", name=names.strip())
        for name in names.split(","):
            declare_size(world, "".join(name.split()))
        return True
    binary = re.match(r"^\\\{\s*0\s*,\s*1\s*\\\}\s*(?:\^(\{.*\}|\w))?$", space)
    interval = re.match(
        rf"^[(\[]\s*({NUMBER})\s*,\s*({NUMBER})\s*[)\]]\s*(?:\^(\{{.*\}}|\w))?$", space
    )
    hit = SPACE.match(space)
    if declare_elements(world, names, space):
        return True
    if not (hit or binary or interval):
        raise bad(space, space)
    lengths = (hit and hit["sup"]) or (binary and binary[1]) or (interval and interval[3])
    shape = read_lengths(world, lengths or None)
    sub = (hit and (hit["sub"] or hit["sub2"])) or ""
    if interval and not Fraction(interval[1]) < Fraction(interval[2]):
        raise bad(space, space)
    for name, counted in listed_names(world, names):
        before = set(world.symbols)
        symbol = declare_variable(world, name, (*counted, *shape))
        symbol.family = symbol.family or len(counted)
        known = symbol.key in before
        symbol.above = symbol.above or (symbol.family > 0 and counted_above(names))
        if "+" in sub or ">" in sub or (hit and hit["sup"] == "+"):
            restrict(world, symbol, known, name, (Fraction(0), None))
        elif re.search(r"\\geq?(?![a-z])", sub):
            restrict(world, symbol, known, name, (Fraction(0), None), closed=(True, False))
        if binary and not known:
            symbol.binary = True
        if interval:
            limits = (Fraction(interval[1]), Fraction(interval[2]))
            ends = space.lstrip()[0] == "[", re.search(r"\]\s*(?:\^|$)", space) is not None
            restrict(world, symbol, known, name, limits, closed=ends)
    return True


POSITIVE = re.compile(r"[_^](?:\{?(?:\+|>0|\\geq?1|\*)\}?)$")
DOTTED = re.compile(r"\\[lc]?dots(?![a-z])")
Bounds = tuple[Fraction | None, Fraction | None]


def restrict(
    world: World,
    symbol: Symbol,
    known: bool,
    name: str,
    within: Bounds,
    closed: tuple[bool, bool] = (False, False),
) -> None:
    """Bounds on a variable; on one that is known already only where a word says so."""
    silent = world.role == CLAIMED or (
        world.role not in PREMISES and symbol.sentence != world.sentence
    )
    if known and (symbol.definition is not None or silent):
        raise Unreadable("bound-claimed", 0, len(name), found=name)
    lows = [b for b in (symbol.bounds[0], within[0]) if b is not None]
    highs = [b for b in (symbol.bounds[1], within[1]) if b is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    if low is not None and high is not None and not low < high:
        raise Unreadable("contradictory", 0, len(name), found=f"{low} < {name} < {high}")
    symbol.bounded(*within, closed)


def declare_labels(world: World, names: str, hit: re.Match[str]) -> bool:
    low = int(hit["low"])
    if (low == 0) != bool(hit["less"]) and not hit["size"].isdigit():
        written = hit[0]
        raise Unreadable("range", found=written, given="?", index="y", wanted=hit["size"])
    dim: Dim = int(hit["size"]) if hit["size"].isdigit() else declare_size(world, hit["size"])
    if isinstance(dim, int) and low == 0:
        dim += 1
    if all(re.match(r"^[a-z]$", n.strip()) and n.strip() in "ijklmpqrst" for n in names.split(",")):
        for name in names.split(","):
            world.ranges[name.strip()] = dim
        counts_from(world, low)
        return True
    counts_from(world, low)
    for name in names.split(","):
        symbol = declare_variable(world, name.strip(), ())
        symbol.kind, symbol.high = "label", dim
    return True


def declare_range(world: World, names: str, low: str, high: str) -> bool:
    hit = re.match(r"^(.*?)\s*(-\s*1)?$", high, re.DOTALL)
    assert hit
    size = "".join(hit[1].split())
    several = re.fullmatch(r"(?:\d+[A-Za-z]\w*|.*[A-Za-z}].*[+-].*[A-Za-z].*)", size)
    if several or (SIZE.match(size) and (low == "0") != bool(hit[2])):  # i = 1, …, N - 1
        dim: Dim = linear_size(world, "".join(high.split()), high, 1 - int(low))
        for name in names.split(","):
            world.ranges[name.strip()] = dim
        counts_from(world, int(low))
        return True
    if (low == "0") != bool(hit[2]):
        if not size.isdigit():
            raise bad(high, high)
        size = str(int(size) + (1 if low == "0" else -1))
    if not size.isdigit() and not SIZE.match(size):
        raise bad(high, high)
    for name in names.split(","):
        dim = int(size) if size.isdigit() else declare_size(world, size)
        world.ranges[name.strip()] = dim
    counts_from(world, int(low))
    return True


def declare_bounds(world: World, low: str, names: str, high: str) -> bool:
    return declare_range(world, names, low, high)


def declare_sign(world: World, names: str, op: str, bound: str) -> bool:
    if not re.fullmatch(NUMBER, bound) or not (DOTTED.search(names) or are_names(names)):
        if is_about_indices(names, bound):
            raise bad(f"{names} {op} {bound}", names)
        return False  # a \\le b: a premise, or a claim
    above = op in (">", "\\ge", "\\geq")
    if DOTTED.search(names):  # \alpha_1, \dots, \alpha_n \ge 0
        limits: Bounds = (Fraction(bound), None) if above else (None, Fraction(bound))
        for text, counted in listed_names(world, names):
            before = set(world.symbols)
            symbol = declare_variable(world, text, counted)
            symbol.family = symbol.family or len(counted)
            known = symbol.key in before
            restrict(world, symbol, known, text, limits, closed=(op not in ("<", ">"),) * 2)
        return True
    for name in names.split(","):
        text = name.strip()
        if SIZE.match(text) and text in world.sizes and above:
            declare_size(world, text, int(float(bound)) + (op == ">"))
            continue
        base = split(read(text))[0]
        key = key_of(base) or ""
        key = world.aliases.get(key, key)
        known = key in world.symbols
        symbol = world.symbols[key] if known else declare_variable(world, text, ())
        limits = (Fraction(bound), None) if above else (None, Fraction(bound))
        restrict(world, symbol, known, text, limits, closed=(op not in ("<", ">"),) * 2)
    return True


def are_names(names: str) -> bool:
    return all(key_of(split(read(text))[0]) is not None for text, _ in pieces(names))


def is_about_indices(*sides: str) -> bool:
    return all(re.fullmatch(r"\s*[i-n](?:_[a-z])?\s*|\s*\d+\s*", side) for side in sides)


def declare_above(world: World, low: str, op: str, names: str, rest: str) -> bool:
    r"""0 < \eta, 0 < p < 1."""
    further = re.match(rf"^(<|\\leq?(?![a-z]))\s*({NUMBER})$", rest)
    if rest and further is None:
        return False
    declare_sign(world, names, {"<": ">"}.get(op, "\\ge"), low)
    return further is None or declare_sign(world, names, *further.groups())


def declare_nonzero(world: World, names: str) -> bool:
    """a, b \\ne 0: numbers that may be divided by. Of anything else it only mentions."""
    for name in names.split(","):
        try:
            base, sub, sup, _ = split(read(name.strip()))
        except Unreadable:
            continue
        if stay_apart(world, name, "0"):
            continue
        key = key_of(base) or ""
        symbol = world.symbols.get(world.aliases.get(key, key))
        if symbol is None or sup is not NONE or (sub is not NONE and not symbol.shape):
            continue
        if symbol.definition is None and (
            world.role in PREMISES or symbol.sentence == world.sentence
        ):
            symbol.nonzero = not symbol.shape or sub is not NONE
    return True


def declare_apart(world: World, left: str, right: str) -> bool:
    r"""a \ne b: a difference that may be divided by. Anything else, i \ne j, is only mentioned."""
    stay_apart(world, left, right)
    return True


def stay_apart(world: World, left: str, right: str) -> bool:
    """Enters left - right, if those are numbers, and more than the name of one."""
    tex = left if right == "0" else f"{left} - ({right})"
    try:
        tree = read(tex, world.words)
        reader = reader_of(world, tex, tree)
        array = reader.side(tree)
    except Unreadable:
        return False
    term = array.term if not array.shape else None
    if term is None or reader.free or not term.names or isinstance(term, Entry):
        return False
    symbols = [world.symbols[n] for n in term.names]
    if any(s.kind != "variable" for s in symbols):
        return False
    if world.role in PREMISES or any(s.sentence == world.sentence for s in symbols):
        world.apart.append(term)
    return True


def declare_functions(world: World, names: str, left: str, right: str) -> bool:
    r"""f, g : \mathbb{R} \to \mathbb{R}"""
    return all(declare_function(world, n.strip(), left, right) for n in names.split(","))


def declare_function(world: World, name: str, left: str, right: str) -> bool:
    if declare_table(world, name, left, right):
        return True
    key, _, _ = read_name(world, name)
    if key in world.symbols or key in world.sizes:
        raise Unreadable("declared-twice", 0, len(name), found=name)
    shapes = []
    for part in re.split(rf"\\times\s*(?={REAL})", left):
        hit = SPACE.match(part.strip())
        if not hit:
            raise bad(left, left)
        shapes.append(read_lengths(world, hit["sup"]))
    hit = SPACE.match(right)
    if not hit:
        raise bad(right, right)
    world.functions[key] = Function(key, tuple(shapes), read_lengths(world, hit["sup"]))
    return True
