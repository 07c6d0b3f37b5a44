"""The array that a traced function is given: like an ndarray, but it writes down what is done.

Here is what it is and what it knows about itself. What is done with it is in operations.py and
assignment.py; operators.py gives it its operators and methods.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from backprop.graph.errors import TraceError
from backprop.graph.keys import counting
from backprop.graph.lengths import folded, length
from backprop.graph.node import Node
from backprop.tracer.frames import site
from backprop.tracer.tape import Tape

getframe = sys._getframe
_KEEP = (
    "keep it an array: numpy functions take it (np.sqrt, not math.sqrt), and so do buffers that "
    "the function makes itself with np.zeros"
)

_PRINT = 'to print it, write f"{x:.3f}", which only looks at it'


def _formats(frame: FrameType) -> bool:
    """Whether the author's expression is `"%.3f" % x`."""
    here = site(frame)
    tree: Any = here.tree if here is not None else None
    modulo = isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.Mod)
    return modulo and isinstance(getattr(tree.left, "value", None), str)


class LeftGraph(TraceError):  # noqa: N818
    """A traced value, or what is written to a plain array, would be lost to the graph."""


class Array:
    """An array on a tape. Arrays that numpy would make views of another are views of it here."""

    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]

    # Without `__getattr__`: it would make every look at an attribute several times slower.
    __slots__ = ("how", "node", "origin", "seen", "tape")

    how: tuple[Any, ...]  # by which operation and options it is a view of `origin`,
    seen: Node  # and of which contents

    tape: Tape
    node: Node  # the node of the present contents
    origin: Array | None  # the array that this is a view of

    # ── what an ndarray knows about itself ──────────────────────────────────────────────────
    # So that `isinstance(x, np.ndarray)` holds.
    __class__ = property(lambda self: np.ndarray)

    @property
    def shape(self) -> tuple[int, ...]:
        node = current(self)
        here = site(getframe(1))
        names = here.unpacked() if here is not None else ()
        return tuple(
            [
                length(node, axis, value, names[axis] if axis < len(names) else None)
                for axis, value in enumerate(node.shape)
            ]
        )

    @property
    def ndim(self) -> int:
        return len(self.node.shape)

    @property
    def size(self) -> int:
        total = 1
        node = current(self)
        for axis, value in enumerate(node.shape):
            part = length(node, axis, value)
            total = part if axis == 0 else total * part
        return total

    @property
    def dtype(self) -> np.dtype:
        return self.node.value.dtype

    @property
    def flat(self) -> NoReturn:
        refuse("`.flat`", "use `.reshape(-1)`")

    def __len__(self) -> int:
        return len(self.node.value)

    def __repr__(self) -> str:
        return f"traced({self.node.value!r})"

    def __format__(self, spec: str) -> str:
        return format(self.node.value[()] if not self.ndim else self.node.value, spec)

    # ── ways out of the graph ───────────────────────────────────────────────────────────────
    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return leave(
            self,
            "became a plain ndarray (`np.asarray`, `np.vectorize`, a C extension, or an ndarray it "
            "is written to)",
            "work on the array itself with numpy functions (`X @ W`, where `X.dot(W)` has a plain "
            "X); make buffers with np.zeros",
        )

    def __bool__(self) -> bool:
        node = current(self)
        value = bool(node.value)
        if node.depends:
            self.tape.branch(node, value)
        return value

    def __float__(self) -> float:
        return float(leave(self, "became a float", _PRINT if _formats(getframe(1)) else _KEEP))

    def __int__(self) -> int:
        return int(leave(self, "became an int", f"{_KEEP} (not with dtype=int)"))

    def __complex__(self) -> complex:
        return complex(leave(self, "became a complex number", _KEEP))

    def __index__(self) -> int:
        return leave(self, "became an index", "an index has no gradient").__index__()


def traced(tape: Tape, node: Node) -> Array:
    """The array to hand to the author for a node. (See `made` in backprop.graph.node.)"""
    array = _new(Array)
    array.tape = tape
    array.node = node
    array.origin = None
    return array


_new = object.__new__
Tape.array = Array


def leave(array: Array, what: str, instead: str) -> np.ndarray:
    """The plain value of an array that has no gradient to lose; TraceError for the others."""
    node = current(array)
    if node.differentiable:
        name = f"`{node.name}` " if node.name else "a traced value "
        refuse(name + what, instead)
    if node.depends:
        array.tape.branch(node, node.value)
    return node.value


def refuse(what: str, instead: str) -> NoReturn:
    """LeftGraph at the author's line."""
    raise LeftGraph(f"{site(getframe(1))}\n  {what}; its gradient would be lost. {instead}")


def current(array: Array) -> Node:
    """The node of an array's contents, taken again where it is a view of something rewritten."""
    if array.origin is not None:
        base = current(array.origin)
        root = array.origin
        while root.origin is not None:
            root = root.origin
        if array.seen is not root.node:
            op, options = array.how
            array.node = array.tape.record(op, (base, *options), name=array.node.name)
            array.seen = root.node
    return array.node


def unwrap(item: Any) -> Any:
    """An argument with traced arrays replaced by their nodes."""
    if type(item) is Array:
        return current(item)
    if type(item) is tuple:
        return tuple([unwrap(part) for part in item])
    if type(item) is list:
        return [unwrap(part) for part in item]
    if type(item) is slice:
        return slice(*[folded(unwrap(part)) for part in (item.start, item.stop, item.step)])
    if type(item) is range:
        return counting(item.start, item.stop, item.step)
    return item


def arrays_in(item: Any) -> Iterator[Array]:
    """The traced arrays in a structure of arguments."""
    if type(item) is Array:
        yield item
    elif type(item) in (tuple, list):
        for part in item:
            yield from arrays_in(part)
    elif type(item) is dict:
        yield from arrays_in(list(item.values()))
    elif type(item) is slice:
        yield from arrays_in((item.start, item.stop, item.step))
