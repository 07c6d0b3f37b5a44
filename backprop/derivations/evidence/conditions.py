r"""Where a row holds, as it says at its end: … , i \ne j; … , x > 0; … , i = 1, \dots, n."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction

from backprop.derivations.evidence.sides import Sides
from backprop.derivations.meaning import Context, reader_of
from backprop.derivations.meaning.brackets import read_condition
from backprop.derivations.meaning.declare import declare
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import read

# A row may end with where it holds: ", i \\ne j", or with what its indices run over.
INDEX = r"[a-z](?:_[a-z])?"
WHERE = re.compile(
    r"(?:[,，]|\\q?quad|\\text\s*\{[^}]*\})(?:\s|\\[,;: ]|\\q?quad|\\forall|\\text\s*\{[^}]*\})*"
    r"(?P<open>[(（])?(?:\s|\\text\s*\{[^}]*\})*"
    rf"(?P<where>{INDEX}\s*(?:=|\\(?:neq?|leq?|geq?)(?![a-z])|<|>)\s*{INDEX}"
    rf"|(?P<range>{INDEX}(?:\s*,\s*{INDEX})*\s*=\s*[01]\s*,\s*\\[lc]?dots\s*,[^,=()]*))"
    r"\s*(?(open)[)）])[.,;\s]*$"
)

# … or with the numbers for which it does: ", x > 0".
NUMBERS = re.compile(
    r"(?:[,，]|\\q?quad|\\text\s*\{[^}]*\})(?:\s|\\[,;: ]|\\q?quad|\\text\s*\{[^}]*\})*"
    r"(?P<open>[(（])?(?:\s|\\text\s*\{[^}]*\})*"
    r"(?P<name>[A-Za-z]|\\[a-z]+)\s*(?P<op>>|<|\\(?:geq?|leq?|neq?)(?![a-z]))\s*"
    r"(?P<bound>-?\d+(?:\.\d+)?)\s*(?(open)[)）])[.,;\s]*$"
)
RELATED = re.compile(r"[=<>]|\\(?:geq?|leq?)(?![a-z])")


@contextmanager
def within(sides: Sides, tex: str, line: int) -> Iterator[str]:
    """The row without what it says of where it holds, which is so meanwhile. Raises
    `Unreadable`."""
    world = sides.world
    sides.condition = None
    limited = numbers(world, tex)
    if limited is not None:
        end, symbol = limited
        whole = world.symbols[symbol.key]
        world.symbols[symbol.key] = symbol
        sides.instances.forget()
        try:
            yield tex[:end]
        finally:
            world.symbols[symbol.key] = whole
            sides.instances.forget()
        return
    tail = WHERE.search(tex)
    if (
        tail is None
        or "=" not in tex[: tail.start()]
        or not all(is_index(world, name) for name in re.findall(INDEX, tail["where"]))
    ):
        yield tex
        return
    ranges = dict(world.ranges)
    try:
        if tail["range"]:
            declare(world, tail["where"], line)
        else:
            sides.condition = condition(world, tail["where"], tail.start("where"))
        yield tex[: tail.start()]
    finally:
        world.ranges, sides.condition = ranges, None


def numbers(world: World, tex: str) -> tuple[int, Symbol] | None:
    """Where the condition x > 0 of a row begins, and x within it. Raises `Unreadable`."""
    tail = NUMBERS.search(tex)
    symbol = world.symbols.get(tail["name"]) if tail else None
    if tail is None or symbol is None or not RELATED.search(tex[: tail.start()]):
        return None
    if symbol.kind != "variable" or symbol.shape or symbol.definition is not None:
        return None
    bound = Fraction(tail["bound"])
    if tail["op"].startswith("\\ne"):
        return (tail.start(), replace(symbol, nonzero=True)) if bound == 0 else None
    if tail["op"] in (">", "\\ge", "\\geq"):
        limits: tuple[Fraction | None, Fraction | None] = (bound, None)
    else:
        limits = (None, bound)
    here = replace(symbol)
    here.bounded(*limits, (tail["op"] not in ("<", ">"),) * 2)
    low, high = here.bounds
    if low is not None and high is not None and low >= high:
        start, end = tail.start("name"), tail.end("bound")
        raise Unreadable("never", start, end, found=tex[start:end])
    return tail.start(), here


def is_index(world: World, name: str) -> bool:
    symbol = world.symbols.get(name)
    return symbol is None or symbol.kind == "label"


def condition(world: World, tex: str, start: int) -> tuple[Context, Term]:
    r"""The condition on indices that ends a row: … , i \ne j. Raises `Unreadable`."""
    padded = " " * start + tex
    tree = read(padded, world.words)
    reader = reader_of(world, padded, tree)
    return reader, read_condition(reader, tree)
