"""A row being read: what all functions that read a part of it share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from backprop.derivations.meaning import arrays
from backprop.derivations.meaning.arrays import Array, Span
from backprop.derivations.meaning.lengths import Dim, show_shape
from backprop.derivations.meaning.nodes import free_letters, subscript_letters, tops_of_sums
from backprop.derivations.meaning.shifts import Guard
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import Node


@dataclass(frozen=True)
class Grammar:
    """How the parts are read that are made of others: see the methods of `Context`."""

    side: Callable[[Context, Node], Array]
    product: Callable[[Context, tuple[Node, ...]], Array]
    factor: Callable[[Context, tuple[Node, ...], int], tuple[Array, int]]
    single: Callable[[Context, Node], Array]


class Context:
    """A row being read; `dims` collects what each index runs over."""

    def __init__(self, world: World, tex: str, tree: Node, grammar: Grammar) -> None:
        self.world = world
        self.grammar = grammar
        self.tex = tex
        self.tree = tree
        self.indices = subscript_letters(tree)
        self.indices |= tops_of_sums(tree) & (world.letters.keys() | world.ranges.keys())
        self.dims: dict[str, Dim] = {}
        self.bound: dict[str, str] = {}
        self.bases: dict[str, int] = {}
        self.binders: dict[str, str] = {}
        self.limited: set[str] = set()  # indices of sums whose bounds are written out
        self.free: dict[str, Node] = {}
        self.outer = free_letters(tree, pairs=True)  # no pair of a \\sum_{i < j}
        self.pairs: dict[str, Node] = {}  # the j of \\sum_{i < j} where nothing binds it
        self.shifted: list[Guard] = []  # positions that may leave their axes,
        self.guards: list[Guard] = []  # and those of them that no sum has left out yet
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

    def whole(self, node: Node) -> int:
        """A number that counts: an index, a size, a bound of a sum."""
        if not node.value.isdigit():  # x_{3.5}
            raise self.fail("unexpected", node, hint="")
        return int(node.value)

    def number(self, node: Node) -> Term:
        """A side that must be a number."""
        value = arrays.columns(self.side(node))
        if value.shape:
            raise self.fail("not-scalar", node, left=show_shape(value.shape), hint="")
        return value.term

    def side(self, node: Node) -> Array:
        """One side of a row."""
        return self.grammar.side(self, node)

    def product(self, nodes: tuple[Node, ...]) -> Array:
        """Factors side by side, with the operators between them."""
        return self.grammar.product(self, nodes)

    def factor(self, nodes: tuple[Node, ...], at: int) -> tuple[Array, int]:
        """The factor that begins at `nodes[at]`, and how many nodes it takes."""
        return self.grammar.factor(self, nodes, at)

    def single(self, node: Node) -> Array:
        """A node that stands for itself."""
        return self.grammar.single(self, node)
