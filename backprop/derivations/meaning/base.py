"""What all parts of the reader share: names as keys, scripts apart, places for messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, Span
from backprop.derivations.meaning.lengths import Dim, show_shape
from backprop.derivations.meaning.terms import Index, Term
from backprop.derivations.meaning.world import Symbol, World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import BIG
from backprop.derivations.reading.tree import NONE, Node

TRANSPOSE = ("\\top", "\\intercal")
MARKS = {("letter", "d"), ("name", "d"), ("symbol", "\\partial")}


def key_of(node: Node) -> str | None:
    """How a bare name is looked up, None if this is no name."""
    if node.kind in ("letter", "symbol"):
        return node.value
    if node.kind == "name":
        return f"\\mathrm{{{node.value}}}"
    if node.kind in ("accent", "font"):
        inner = node.parts[0]
        if inner.kind == "number":
            return f"{node.value}{{{inner.value}}}"
        if inner.kind == "product" and all(p.kind == "letter" for p in inner.parts):
            return f"{node.value}{{{''.join(p.value for p in inner.parts)}}}"
        key = key_of(inner)
        return None if key is None else f"{node.value}{{{key}}}"
    if node.kind == "group":
        return key_of(node.parts[0])
    return None


def split(node: Node) -> tuple[Node, Node, Node, str]:
    """A node as base, subscript, superscript and primes."""
    if node.kind == "scripted":
        base, sub, sup = node.parts
        primes = node.value
        if sup is not NONE and all(p == "\\prime" for p in _primes(sup)) and _primes(sup):
            return base, sub, NONE, primes + "'" * len(_primes(sup))
        return base, sub, sup, primes
    return node, NONE, NONE, ""


def _primes(sup: Node) -> list[str]:
    part = sup.parts[0]
    return [p.value for p in (part.parts if part.kind == "product" else (part,))]


def is_mark(node: Node) -> bool:
    """Is this the d or ∂ of a derivative?"""
    return (node.kind, node.value) in MARKS


def items_of(node: Node) -> tuple[Node, ...]:
    return node.parts if node.kind == "product" else (node,)


def joined(terms: tuple[Node, ...]) -> list[Node]:
    """\\sum_k -2 a_k: a sign directly behind a sum belongs to what is summed."""
    out: list[Node] = []
    for term in terms:
        before = items_of(out[-1].parts[0]) if out else ()
        last = split(before[-1])[0] if before else NONE
        if last.kind == "symbol" and last.value in BIG:
            inner = Node("sum", "", (term,), term.start, term.end)
            bracket = Node("group", "", (inner,), term.start, term.end)
            whole = Node("product", "", (*before, bracket), out[-1].start, term.end)
            out[-1] = replace(out[-1], parts=(whole,), end=term.end)
        else:
            out.append(term)
    return out


def subscript_letters(tree: Node) -> set[str]:
    """All letters that stand in subscripts: they are indices."""
    return {
        n.value
        for script in tree.walk()
        if script.kind == "sub"
        for n in script.walk()
        if n.kind == "letter"
    }


class Base:
    """A row being read; `dims` collects what each index runs over."""

    def __init__(self, world: World, tex: str, tree: Node = NONE) -> None:
        self.world = world
        self.tex = tex
        self.indices = subscript_letters(tree)
        self.dims: dict[str, Dim] = {}
        self.bound: dict[str, str] = {}
        self.bases: dict[str, int] = {}
        self.binders: dict[str, str] = {}
        self.free: dict[str, Node] = {}
        self.pairs: dict[str, Node] = {}  # the j of \\sum_{i < j} where nothing binds it
        self.gaps: list[tuple[Term, Node]] = []  # 1 where no case holds, of the cases read
        self.in_fraction = False  # where a d that is no derivative's can only be a number
        self.notes: list[tuple[str, str]] = []

    def text(self, node: Node) -> str:
        return self.tex[node.start : node.end] if node.start >= 0 else ""

    def span(self, node: Node) -> Span:
        return node.start, node.end, self.text(node)

    def fail(self, key: str, node: Node, **values: object) -> Unreadable:
        values.setdefault("found", self.text(node))
        flat = {k: " ".join(str(v).split()) if k == "found" else v for k, v in values.items()}
        return Unreadable(key, node.start, node.end, **flat)

    def number(self, node: Node) -> Term:
        """A side that must be a number."""
        value = arrays.columns(self.side(node))
        if value.shape:
            raise self.fail("not-scalar", node, left=show_shape(value.shape), hint="")
        return value.term

    if TYPE_CHECKING:  # what the parts above this one give to those below them

        def side(self, node: Node) -> Array: ...
        def product(self, nodes: tuple[Node, ...]) -> Array: ...
        def factor(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int]: ...
        def single(self, node: Node) -> Array: ...
        def entry(self, symbol: Symbol, sub: Node, node: Node) -> Array: ...
        def powered(self, value: Array, node: Node, sup: Node) -> Array: ...
        def kronecker(self, sub: Node, node: Node) -> Term: ...
        def is_transpose(self, sup: Node) -> bool: ...
        def index(self, node: Node) -> Index: ...
        def flat_indices(self, sub: Node, rank: int | None = None) -> list[Node]: ...
        def called(
            self, key: str, node: Node, sub: Node, sup: Node, primes: str, rest: tuple[Node, ...]
        ) -> tuple[Array, int]: ...
