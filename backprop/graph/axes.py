"""Which input's (or earlier node's) axis an axis is, so that its length can be named `x.shape[0]`.

Lengths are followed through the operations, not compared: a (64, 64) array has two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprop.graph.node import Node, nodes_in

Origin = tuple[Node, int] | None
Origins = tuple[Origin, ...]  # while a node is looked at: None where no operand explains an axis


def origins(node: Node) -> tuple[tuple[Node, int], ...]:
    """For each axis of a node, the input and axis that it comes from, or None."""
    stack = [node]
    while stack:
        top = stack[-1]
        if top._origins is not None:
            stack.pop()
            continue
        waiting = [source for source in top.inputs if source._origins is None]
        if waiting:
            stack += waiting
            continue
        top._origins = _follow(top)
        stack.pop()
    result: tuple[tuple[Node, int], ...] = node._origins
    return result


def _follow(node: Node) -> tuple[tuple[Node, int], ...]:
    unknown: Origins = (None,) * len(node.shape)
    if node.op == "input":
        return tuple((node, axis) for axis in range(len(node.shape)))
    if node.rule is None:
        return tuple((node, axis) for axis in range(len(node.shape)))
    follow = AXES.get(node.rule.axes)
    result = follow(node, node.arguments) if follow is not None else unknown
    assert len(result) == len(node.shape), node
    # A length that no input explains is the node's own, and that of what follows from it.
    return tuple(origin or (node, axis) for axis, origin in enumerate(result))


def _of(item: Any) -> Origins:
    return item._origins if isinstance(item, Node) else ()


def _broadcast(node: Node, arguments: dict[str, Any]) -> Origins:
    result: list[Origin] = [None] * len(node.shape)
    for source in nodes_in(arguments):
        for back in range(1, len(source.shape) + 1):
            if source.shape[-back] != 1 or node.shape[-back] == 1:
                result[-back] = result[-back] or source._origins[-back]
    return tuple(result)


def _same(node: Node, arguments: dict[str, Any]) -> Origins:
    return _of(next(iter(arguments.values())))


def reduced_axes(node: Node) -> tuple[int, ...]:
    """The axes that a reduction removed (or made 1)."""
    axis = node.arguments.get("axis")
    ndim = len(node.arguments["x"].shape)
    if axis is None:
        return tuple(range(ndim))
    every = axis if isinstance(axis, (tuple, list)) else (axis,)
    return tuple(sorted(int(each) % ndim for each in every))


def _reduce(node: Node, arguments: dict[str, Any]) -> Origins:
    gone = reduced_axes(node)
    keep = len(node.shape) == len(arguments["x"].shape)
    found = _of(arguments["x"])
    return tuple(
        None if axis in gone else origin
        for axis, origin in enumerate(found)
        if keep or axis not in gone
    )


def _transpose(node: Node, arguments: dict[str, Any]) -> Origins:
    found = _of(arguments["x"])
    axes = arguments["axes"]
    return found[::-1] if axes is None else tuple(found[axis] for axis in axes)


def _reshape(node: Node, arguments: dict[str, Any]) -> Origins:
    """A length keeps its origin where the entries before it, and it, stay the same."""
    x = arguments["x"]
    found, result = _of(x), []
    old, new = x.shape, node.shape
    for axis, size in enumerate(new):
        before = int(np.prod(new[:axis], dtype=int))
        result.append(
            next(
                (
                    found[i]
                    for i in range(len(old))
                    if old[i] == size and int(np.prod(old[:i], dtype=int)) == before
                ),
                None,
            )
        )
    return tuple(result)


def _matmul(node: Node, arguments: dict[str, Any]) -> Origins:
    x, y = arguments["x"], arguments["y"]
    left = _of(x)[-2:-1] if len(x.shape) > 1 else ()
    right = _of(y)[-1:] if len(y.shape) > 1 else ()
    ends = (*left, *right)
    batch: list[Origin] = [None] * (len(node.shape) - len(ends))
    for source in (x, y):
        for back in range(3, len(source.shape) + 1):
            if source.shape[-back] != 1 and back - 2 <= len(batch):
                batch[2 - back] = batch[2 - back] or source._origins[-back]
    return (*batch, *ends)


def _get(node: Node, arguments: dict[str, Any]) -> Origins:
    """Whole axes keep their origin; those of an array of indices have that array's."""
    x, key = arguments["x"], arguments["key"]
    unknown: Origins = (None,) * len(node.shape)
    parts = key if isinstance(key, tuple) else (key,)
    basic = (slice, int, np.integer)
    if not all(part is None or part is ... or isinstance(part, basic) for part in parts):
        return _picked(node, parts) or unknown
    taken = sum(part is not None and part is not ... for part in parts)
    rest = [slice(None)] * (len(x.shape) - taken)
    full: list[Any] = []
    for part in parts:
        full += rest if part is ... else [part]
    if ... not in parts:
        full += rest
    result: list[Origin] = []
    axis = 0
    for part in full:
        if part is None:
            result.append(None)
            continue
        if isinstance(part, slice):
            whole = part == slice(None)
            result.append(x._origins[axis] if whole else None)
        axis += 1
    return tuple(result)


def _picked(node: Node, parts: tuple[Any, ...]) -> Origins | None:
    """`scores[np.arange(N), y]`, `w[words]`: arrays of whole numbers, side by side."""
    kinds = [isinstance(part, (Node, np.ndarray, list)) for part in parts]
    if not any(kinds):
        return None
    arrays = [part for part, array in zip(parts, kinds, strict=True) if array]
    values = [np.asarray(part.value if isinstance(part, Node) else part) for part in arrays]
    first, last = kinds.index(True), len(kinds) - kinds[::-1].index(True)
    others = [part for part, array in zip(parts, kinds, strict=True) if not array]
    whole = all(isinstance(part, slice) and part == slice(None) for part in others)
    if not whole or not all(kinds[first:last]) or any(v.dtype.kind not in "iu" for v in values):
        return None
    shape = np.broadcast_shapes(*[value.shape for value in values])
    picked: list[Origin] = [None] * len(shape)
    for part in arrays:
        for back in range(1, len(part.shape) + 1) if isinstance(part, Node) else ():
            if part.op == "input" and (part.shape[-back] != 1 or shape[-back] == 1):
                picked[-back] = picked[-back] or part._origins[-back]
    found = node.arguments["x"]._origins
    return (*found[:first], *picked, *found[last:])


def _join(node: Node, arguments: dict[str, Any]) -> Origins:
    """All axes but the one along which arrays are joined."""
    first = next(nodes_in(arguments["arrays"]))
    axis = int(arguments["axis"]) % len(node.shape)
    found = list(first._origins)
    if len(found) == len(node.shape):
        found[axis] = None
    else:
        found.insert(axis, None)
    return tuple(found)


def _permute(node: Node, arguments: dict[str, Any]) -> Origins:
    """Axes in another order, axes of length 1 more or less: seen on an array with other lengths."""
    assert node.rule is not None
    x = arguments["x"]
    probe = tuple(1 if size == 1 else 2 + axis for axis, size in enumerate(x.shape))
    options = [argument for name, argument in arguments.items() if name != "x"]
    shape = node.rule.run(np.broadcast_to(0, probe), *options).shape
    return tuple(None if size == 1 else x._origins[size - 2] for size in shape)


def _outer(node: Node, arguments: dict[str, Any]) -> Origins:
    return tuple(
        arguments[name]._origins[0] if isinstance(arguments[name], Node) else None
        for name in ("x", "y")
    )


# Each row of the table names one of these in its column `axes`.
AXES: dict[str, Callable[[Node, dict[str, Any]], Origins]] = {
    "broadcast": _broadcast,
    "same": _same,
    "reduce": _reduce,
    "transpose": _transpose,
    "reshape": _reshape,
    "matmul": _matmul,
    "get": _get,
    "join": _join,
    "permute": _permute,
    "outer": _outer,
}
