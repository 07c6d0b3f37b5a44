"""A row taken apart at its signs."""

from __future__ import annotations

from dataclasses import dataclass

from backprop.derivations.evidence.orders import Order, without_order
from backprop.derivations.meaning.declare import declare
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.tree import NONE, Node

ORDERED = ("<", "<=", ">", ">=")


@dataclass
class Relation:
    r"""a = b \le c: what stands between the signs, and the signs.

    nodes: the sides; the first is NONE where the row goes on from the one before it.
    orders: what stands for a gap, + O(h^2), at the sides that have it.
    fact: behind \because, or a definition that is given already: true by itself.
    """

    tree: Node
    ops: list[str]
    nodes: list[Node]
    orders: list[Order | None]
    fact: bool

    def order(self, node: Node) -> Order | None:
        """What stands for a gap beside a side, if anything does."""
        return next((o for n, o in zip(self.nodes, self.orders, strict=True) if n is node), None)


def taken_apart(
    world: World, tree: Node, tex: str, line: int, because: bool = False
) -> Relation | None:
    """The row `tree`; None if it is nothing but words, or defines something. Raises
    `Unreadable`."""
    if tree is NONE:
        return None  # only words
    ops = tree.value.split() if tree.kind == "relation" else []
    nodes = list(tree.parts) if tree.kind == "relation" else [tree]
    if len(nodes) > 1 and nodes[-1] is NONE:
        end = len(tex.rstrip())
        raise Unreadable("dangling", end - 1, end, found=tex[end - 1 : end])
    defines = ":=" in ops
    if defines:
        if not declare(world, tex, line):
            return None
        ops = ["=" if op == ":=" else op for op in ops]  # defined already: a fact
    mixed = {"<", "<="} & set(ops) and {">", ">="} & set(ops)
    if mixed or any(op != "=" and op not in ORDERED for op in ops):
        raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
    known = frozenset(world.functions.keys() | world.symbols.keys())
    small = {k for k, s in world.symbols.items() if s.kind == "variable" and not s.shape}
    parts = [without_order(node, known, small) for node in nodes]
    return Relation(tree, ops, [n for n, _ in parts], [o for _, o in parts], because or defines)
