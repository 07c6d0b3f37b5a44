"""The words that rule texts may use beside numpy, and how they are written out."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from backprop.graph.axes import reduced_axes
from backprop.graph.node import Node
from backprop.writer import text
from backprop.writer.einsum import contract
from backprop.writer.expand import WORDS, Filling
from backprop.writer.text import Shape, Tree


def keep(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape | None]:
    """`dz[:, None]`: the axes that a reduction removed, put back with length 1."""
    value, shape = filling.expand(tree)
    node = filling.node
    x = node.arguments["x"].shape
    if len(node.shape) == len(x) or shape is None:
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
    last = which == len(arrays) - 1
    edges: list[Tree] = [text.constant(0)]
    for part in arrays[: which if last else which + 1]:
        size = filling.writer.size(part, along)
        edges.append(text.binary(ast.Add(), edges[-1], size))
    part = ast.Slice(edges[which] if which else None, None if last else edges[which + 1])
    whole: list[Tree] = [ast.Slice()] * along
    return (ast.Tuple([*whole, part]) if whole else part), ()


def layer(filling: Filling, tree: ast.expr, axis: ast.expr) -> tuple[Tree, Shape]:
    """`[:, 2]`: where the operand lies in a stack."""
    along = int(filling.argument(axis)) % len(filling.node.shape)
    which = text.constant(_nth(list(filling.argument(tree)), filling.position))
    whole: list[Tree] = [ast.Slice()] * along
    return (ast.Tuple([*whole, which]) if whole else which), ()


def inside(filling: Filling, tree: ast.expr) -> tuple[Tree, Shape]:
    """`[:, 1:-1]`: where the operand lies in a padded array."""
    x = filling.node.arguments["x"]
    given = np.asarray(filling.argument(tree), dtype=object)  # arguments among them stay such
    widths = np.broadcast_to(given, (len(x.shape), 2))
    slices: list[Tree] = []
    for before, after in widths.tolist():
        lower = filling.literal(before) if before else None
        upper = text.negative(filling.literal(after)) if after else None
        slices.append(ast.Slice(lower, upper))
    while len(slices) > 1 and text.show(slices[-1]) == ":":
        slices.pop()
    return (ast.Tuple(slices) if len(slices) > 1 else slices[0]), ()


def untile(filling: Filling, tree: ast.expr, reps: ast.expr) -> tuple[Tree, Shape]:
    """`np.sum(dz.reshape(2, D), axis=0)`: the copies that `np.tile` made, added up."""
    x = filling.node.arguments["x"]
    times = np.atleast_1d(np.asarray(filling.argument(reps))).tolist()
    ndim = len(x.shape)
    times = [1] * (ndim - len(times)) + times
    sizes: list[Tree] = []
    axes = []
    for i, count in enumerate(times):
        if count != 1:
            axes.append(len(sizes))
            sizes.append(text.constant(count))
        axis = i - (len(times) - ndim)
        if axis >= 0:
            sizes.append(filling.writer.length(x, axis))
    value, _ = filling.expand(tree)
    if not axes:
        return value, x.shape
    rows = ast.Call(text.attribute(value, "reshape"), sizes, [])
    along = filling.literal(axes[0] if len(axes) == 1 else tuple(axes))
    return text.called("np.sum", rows, axis=along), x.shape


def _nth(arrays: list[Any], position: int) -> int:
    """The index in a list of the n-th node of it."""
    return [i for i, part in enumerate(arrays) if isinstance(part, Node)][position]


for word in (
    keep, count, shape, length, inverse, batch, piece, layer, inside, untile, contract,
):  # fmt: skip
    WORDS[word.__name__] = word
