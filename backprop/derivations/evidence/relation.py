"""A row taken apart at its signs."""

from __future__ import annotations

from dataclasses import dataclass, field

from backprop.derivations.evidence.constants import without_constant
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
    constants: at which sides a constant stands that nothing names, + \text{const}.
    fact: behind \because, or a definition that is given already: true by itself.
    """

    tree: Node
    ops: list[str]
    nodes: list[Node]
    orders: list[Order | None]
    fact: bool
    constants: list[bool] = field(default_factory=list)

    def is_open(self, node: Node) -> bool:
        r"""Does a side stand for one that differs by a constant, + \text{const}?"""
        return any(c for n, c in zip(self.nodes, self.constants, strict=False) if n is node)

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
    if mixed or any(op not in ("=", "prop", *ORDERED) for op in ops):
        raise Unreadable("inequality", tree.start, tree.end, found=tex.strip()[:40])
    known = frozenset(world.functions.keys() | world.symbols.keys())
    small = {k for k, s in world.symbols.items() if s.kind == "variable" and not s.shape}
    parts = [without_order(node, known, small) for node in nodes]
    kept = [without_constant(node, known) for node, _ in parts]
    orders, open_ = [o for _, o in parts], [c for _, c in kept]
    if (any(open_) or "prop" in ops) and not world.moving:
        at = next((n for n, c in zip(nodes, open_, strict=True) if c), tree)
        raise Unreadable(
            "constant-in", at.start, at.end, found="\\propto" if "prop" in ops else "const"
        )
    return Relation(tree, ops, [n for n, _ in kept], orders, because or defines, open_)
