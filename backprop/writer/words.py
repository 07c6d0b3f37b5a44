"""The words that rule texts may use beside numpy, and how they are written out."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from backprop.axes import reduced_axes
from backprop.graph import Node
from backprop.writer import text
from backprop.writer.text import Tree

if TYPE_CHECKING:
    from backprop.writer.expand import Filling

Shape = tuple[int, ...]


def keep(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """`dz[:, None]`: the axes that a reduction removed, put back with length 1."""
    value, shape = filling.expand(tree)
    node = filling.node
    x = node.arguments["x"].shape
    if len(node.shape) == len(x):
        return value, shape
    gone = reduced_axes(node)
    index: list[Tree] = []
    kept: list[int] = []
    left = list(shape)
    for axis in reversed(range(len(x))):
        if not left:
            break
        if axis in gone:
            index.insert(0, text.constant(None))
            kept.insert(0, 1)
        else:
            index.insert(0, ast.Slice())
            kept.insert(0, left.pop())
    if all(isinstance(part, ast.Slice) for part in index):
        return value, shape
    return ast.Subscript(value, ast.Tuple(index)), tuple(kept)


def count(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """`x.shape[0]`: how many entries a reduction took together."""
    x = filling.node.arguments["x"]
    gone = reduced_axes(filling.node)
    return filling.writer.lengths(x, gone), ()


def shape(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """`x.shape`, named after inputs if it can be."""
    return filling.writer.shape(filling.argument(tree)), ()


def length(filling: Filling, tree: ast.expr, axis: ast.expr) -> tuple[Tree, Shape]:
    """`x.shape[axis]`."""
    return filling.writer.length(filling.argument(tree), filling.argument(axis)), ()


def inverse(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """The permutation that undoes `axes`."""
    back = tuple(int(axis) for axis in np.argsort(filling.argument(tree)))
    return filling.literal(back), ()


def batch(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """A product of stacks of matrices: as big as z in the leading axes, as x in the last two."""
    value, _ = filling.expand(tree)
    full = (*filling.node.shape[:-2], *filling.target.shape[-2:])
    filling.full = full
    return value, full


def piece(filling: Filling, tree: ast.expr, axis: ast.expr) -> tuple[Tree, Shape]:
    """`[:, 2:5]`: where the operand lies in a concatenation."""
    arrays = list(filling.argument(tree))
    along = int(filling.argument(axis)) % len(filling.node.shape)
    which = _nth(arrays, filling.position)
    edges: list[Tree] = [text.constant(0)]
    for part in arrays:
        size = filling.writer.size(part, along)
        edges.append(text.binary(ast.Add(), edges[-1], size))
    last = which == len(arrays) - 1
    part = ast.Slice(edges[which] if which else None, None if last else edges[which + 1])
    whole: list[Tree] = [ast.Slice()] * along
    return (ast.Tuple([*whole, part]) if whole else part), ()


def layer(filling: Filling, tree: ast.expr, axis: ast.expr) -> tuple[Tree, Shape]:
    """`[:, 2]`: where the operand lies in a stack."""
    along = int(filling.argument(axis)) % len(filling.node.shape)
    which = text.constant(_nth(list(filling.argument(tree)), filling.position))
    whole: list[Tree] = [ast.Slice()] * along
    return (ast.Tuple([*whole, which]) if whole else which), ()


def _nth(arrays: list[Any], position: int) -> int:
    """The index in a list of the n-th node of it."""
    return [i for i, part in enumerate(arrays) if isinstance(part, Node)][position]


WORDS: dict[str, Callable[..., tuple[Tree, Shape]]] = {
    word.__name__: word for word in (keep, count, shape, length, inverse, batch, piece, layer)
}


def broadcast(shapes: Sequence[Shape | None]) -> Shape | None:
    """The shape of entry-by-entry arithmetic, None if it is not known or not that."""
    if any(each is None for each in shapes):
        return None
    try:
        return np.broadcast_shapes(*[each for each in shapes if each is not None])
    except ValueError:
        return None
