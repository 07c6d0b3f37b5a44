"""Item assignment: new contents of an array, and of what it is a view of."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from backprop.graph.node import Node
from backprop.tracer.array import Array, current, refuse, unwrap
from backprop.tracer.frames import site

getframe = sys._getframe


def store(array: Array, key: Any, value: Any) -> None:
    """`array[key] = value`, a new version of the array and of what it is a view of."""
    node = current(array)
    if type(value) is Array and value.origin is array and _is_view(value, key):
        return  # `x[key] += 1` has changed the view already
    name = node.name
    here = site(getframe(1))
    if not name and here is not None:
        name = here.written() or ""
    if type(value) is Array and _everything(key) and current(value).depends:
        assign(array, _replaced(array, current(value), name))
        return
    assign(array, array.tape.record("put", (node, unwrap(key), unwrap(value)), name=name))


def _everything(key: Any) -> bool:
    """Whether an index means all entries: `x[:]`, `x[...]`."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is ... or (isinstance(part, slice) and part == _ALL) for part in parts)


_ALL = slice(None)


def _replaced(array: Array, value: Node, name: str) -> Node:
    """`array[:] = value`: a copy of the value, of which nothing of the array is left."""
    record, node = array.tape.record, array.node
    if value.shape != node.shape:
        value = record("broadcast_to", (value, node.shape), name="")
    if value.value.dtype != node.value.dtype:
        return record("astype", (value, node.value.dtype), name=name)
    return record("copy", (value,), name=name)


def _is_view(value: Array, key: Any) -> bool:
    """Whether `value` is the up-to-date view of its base by this key."""
    root = value.origin
    assert root is not None
    while root.origin is not None:
        root = root.origin
    try:
        return value.seen is root.node and bool(value.how == ("get", (unwrap(key),)))
    except ValueError:
        return False


def assign(array: Array, node: Node) -> None:
    """Give an array new contents, through to the array it is a view of."""
    array.node = node
    if array.origin is None:
        return
    op, options = array.how
    base = current(array.origin)
    name = base.name
    if op == "get":
        whole = array.tape.record("put", (base, options[0], node), name=name)
    elif op == "transpose":
        axes = options[0]
        back = None if axes is None else tuple(int(i) for i in np.argsort(axes))
        whole = array.tape.record("transpose", (node, back), name=name)
    elif op == "reshape":
        whole = array.tape.record("reshape", (node, base.shape), name=name)
    else:
        refuse(f"a view by `{op}` was written to", "write to the array itself, or to a copy")
    assign(array.origin, whole)
    root = array.origin
    while root.origin is not None:
        root = root.origin
    array.seen = root.node
