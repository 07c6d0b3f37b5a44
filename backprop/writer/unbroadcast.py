"""The sums of a backward pass: over the axes along which a node was broadcast."""

from __future__ import annotations

import ast

from backprop.writer import text
from backprop.writer.names import Use
from backprop.writer.steps import Why
from backprop.writer.text import Shape, Tree
from backprop.writer.values import Values


def unbroadcast(
    writer: Values, tree: Tree, shape: Shape, full: Shape, use: Use
) -> tuple[Tree, Shape, tuple[Why, ...]]:
    """Sum a gradient over the axes along which its node was broadcast.

    `shape` is what `tree` has, `full` what it stands for. An axis along which it is still
    lazy is not summed but multiplied by its length.
    """
    wanted = use.node.shape
    missing = len(full) - len(wanted)
    absent = len(full) - len(shape)
    axes: list[int] = []  # of `tree`, to sum over
    times: list[int] = []  # of `full`, to multiply by
    keep = False
    for axis, size in enumerate(full):
        to = None if axis < missing else wanted[axis - missing]
        if to == size:
            continue
        own = None if axis < absent else shape[axis - absent]
        if own is not None and (own == size or to is None):
            axes.append(axis - absent)
            keep = keep or to is not None
        if own != size and size != 1:
            times.append(axis)
    why: tuple[Why, ...] = ()
    if axes:
        tree, fitted = _summed(writer, tree, shape, tuple(axes), keep, missing - absent)
        why = (Why(tuple(axes), shape, fitted),)
        shape = fitted
    if times:
        tree = text.binary(ast.Mult(), writer.lengths(use.user, times), tree)
    return tree, shape, why


def _summed(
    writer: Values, tree: Tree, shape: Shape, axes: tuple[int, ...], keep: bool, extra: int
) -> tuple[Tree, Shape]:
    """`np.sum(tree, axis=…)`; the `extra` first axes go even if the others are kept."""
    options: dict[str, Tree] = {}
    if len(axes) < len(shape):
        options["axis"] = writer.literal(axes[0] if len(axes) == 1 else axes)
    if keep:
        options["keepdims"] = text.constant(True)
    tree, factors = _constant_factors(tree, shape, axes, keep)
    tree = text.outside(lambda inner: text.called("np.sum", inner, **options), tree)
    for op, factor in reversed(factors):
        tree = text.binary(op, tree, factor)
    if not keep:
        return tree, tuple(size for axis, size in enumerate(shape) if axis not in axes)
    kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    gone = sum(axis < extra for axis in axes)
    if gone:
        zeros = [text.constant(0)] * gone
        tree = ast.Subscript(tree, zeros[0] if gone == 1 else ast.Tuple(zeros))
    return tree, kept[gone:]


def _constant_factors(
    tree: Tree, shape: Shape, axes: tuple[int, ...], keep: bool
) -> tuple[Tree, list[tuple[ast.operator, Tree]]]:
    """Takes out of a sum what is the same for all its terms: `np.sum(dxhat * xhat, axis=0) / std`.

    Returns what is left to sum, and the factors, the outermost first.
    """
    factors: list[tuple[ast.operator, Tree]] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        own = text.shapes.get(tree.right)
        if own is None or text.shapes.get(tree.left) != shape:
            break
        before = len(shape) - len(own)
        varies = any(axis >= before and own[axis - before] != 1 for axis in axes)
        # Without keepdims only the last axes, which stay where they are, may remain.
        moves = not keep and bool(own) and max(axes) >= before
        if varies or moves:
            break
        factors.append((tree.op, tree.right))
        tree = tree.left
    return tree, factors
