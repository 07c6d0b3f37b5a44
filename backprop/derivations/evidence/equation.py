"""Two sides of a row as one equation."""

from __future__ import annotations

from dataclasses import dataclass

from backprop.derivations.meaning import Context
from backprop.derivations.meaning.arrays import Array
from backprop.derivations.meaning.lengths import Dim
from backprop.derivations.meaning.terms import Term
from backprop.derivations.meaning.world import Assumption, World
from backprop.derivations.reading.tree import Node

SIGNS = {"<=": "\\le", ">=": "\\ge"}


@dataclass
class Side:
    """One side of a row, read."""

    array: Array
    reader: Context
    node: Node
    open: bool = False  # does it stand for one that differs by a constant?

    @property
    def text(self) -> str:
        return self.reader.text(self.node)


@dataclass
class Equation:
    """Two sides as numbers over named positions."""

    left: Term
    right: Term
    dims: dict[str, Dim]
    sides: tuple[Side, Side]
    mask: Term | None = None  # 1 where its positions exist, else 0
    op: str = "="
    said: str = ""  # as the author wrote it, where that is no longer seen

    @property
    def names(self) -> frozenset[str]:
        return self.left.names | self.right.names

    def rests_on(self, world: World) -> set[str]:
        """The symbols in it, and those that their definitions name."""
        return set().union(*(world.below(n) for n in self.names))

    @property
    def text(self) -> str:
        """As the author wrote it."""
        return (
            self.said or f"{self.sides[0].text} {SIGNS.get(self.op, self.op)} {self.sides[1].text}"
        )

    def assumed(self) -> Assumption:
        return Assumption(self.left, self.right, self.dims, self.text)
