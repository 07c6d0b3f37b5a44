"""The array that a traced function is given: like an ndarray, but it writes down what is done."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

import numpy as np

from backprop.errors import RuleError, TraceError
from backprop.graph import Node
from backprop.lengths import folded, length
from backprop.rules import TABLE, Rule, counting, lookup, missing
from backprop.tracer.names import site
from backprop.tracer.tape import OPTIONS, Tape, refuse_objects

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
        total: Any = 1
        node = current(self)
        for axis, value in enumerate(node.shape):
            part = length(node, axis, value)
            total = part if axis == 0 else total * part
        return total

    @property
    def dtype(self) -> np.dtype:
        return self.node.value.dtype

    @property
    def T(self) -> Array:  # noqa: N802
        return call("transpose", self)

    @property
    def flat(self) -> NoReturn:
        refuse("`.flat`", "use `.reshape(-1)`")

    def __len__(self) -> int:
        return len(self.node.value)

    def __iter__(self) -> Iterator[Array]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return iter([self[i] for i in range(len(self))])

    def __repr__(self) -> str:
        return f"traced({self.node.value!r})"

    def __format__(self, spec: str) -> str:
        return format(self.node.value[()] if not self.ndim else self.node.value, spec)

    # ── contents ────────────────────────────────────────────────────────────────────────────
    def __getitem__(self, key: Any) -> Array:
        return call("get", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        store(self, key, value)

    # ── numpy's protocols ───────────────────────────────────────────────────────────────────
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        return functions.ufunc_call(ufunc, method, inputs, options)

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        return functions.function_call(function, args, options)

    # ── ways out of the graph ───────────────────────────────────────────────────────────────
    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        return leave(
            self,
            "became a plain ndarray (`np.asarray`, `np.vectorize`, a C extension, or an ndarray it "
            "is written to)",
            "work on the array itself with numpy functions; make buffers with np.zeros",
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
    """The array to hand to the author for a node. (See `made` in backprop.graph.)"""
    array = _new(Array)
    array.tape = tape
    array.node = node
    array.origin = None
    return array


_new = object.__new__


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
    """TraceError at the author's line."""
    raise TraceError(f"{site(getframe(1))}\n  {what}; its gradient would be lost. {instead}")


Tape.array = Array


# ── views ───────────────────────────────────────────────────────────────────────────────────
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


# ── operations ──────────────────────────────────────────────────────────────────────────────
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


def call(op: str, *args: Any, **options: Any) -> Array:
    """Record the operation `op` on these arguments, as its row's signature sorts them."""
    rows = TABLE.get(op)
    if rows is None:
        raise RuleError(f"{site(getframe(1))}\n  {missing(op)}")
    rule = rows[0]
    if options or len(args) != len(rule.parameters):
        args = bound(rule, args, options)
    first = args[0]
    plainly = type(first) is Array and rule.unary
    if plainly:
        for part in args[1:]:
            if type(part) not in OPTIONS:
                plainly = False
    tape = first.tape if type(first) is Array else next(part.tape for part in arrays_in(args))
    if plainly:
        source = first.node if first.origin is None else current(first)
        value = rule.run(source.value, *args[1:])
        if op == "astype" and value.dtype.hasobject:
            refuse_objects(op, site(getframe(1)))
        result = tape.step(
            rule,
            (source, *args[1:]),
            value,
            source.flow,
            tape.at(getframe(1)),
        )
    else:
        try:
            node = tape.record(op, tuple([unwrap(part) for part in args]))
        except RuleError as error:
            raise RuleError(f"{site(getframe(1))}\n  {error}") from None
        result = traced(tape, node)
    if rule.view:
        node = result.node
        if type(first) is Array and np.may_share_memory(node.value, first.node.value):
            root = first
            while root.origin is not None:
                root = root.origin
            result.origin, result.seen = first, root.node
            result.how = (op, node.operands[1:])
    return result


def unary(rule: Rule, x: Array, frame: FrameType) -> Array:
    """`call` for the common case: one array. `frame` runs the operation."""
    tape = x.tape
    # The traced function's own frame is the usual one: its sites need no search.
    here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
    node = x.node if x.origin is None else current(x)
    run = rule.run  # apart: an attribute that is called at once is not cached as one
    return tape.step(rule, (node,), run(node.value), node.flow, here)


def binary(rows: tuple[Rule, ...], x: Any, y: Any, frame: FrameType) -> Array | None:
    """`call` for the common case: two arrays, or an array and a literal; None for others."""
    rule = rows[0]
    if type(x) is Array:
        tape = x.tape
        here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
        left = x.node if x.origin is None else current(x)
        if type(y) is Array:
            right = y.node if y.origin is None else current(y)
            if rule.when and not rule.applies(left.value, right.value):
                rule = lookup(rule.op, (left.value, right.value))
            run = rule.run
            return tape.step(
                rule,
                (left, right),
                run(left.value, right.value),
                left.flow | right.flow,
                here,
            )
        if type(y) not in _LITERALS or here is None or y not in here.literals:
            return None
        operands, values, traced = (left, y), (left.value, y), left
    else:
        tape = y.tape
        here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
        if type(x) not in _LITERALS or here is None or x not in here.literals:
            return None
        right = y.node if y.origin is None else current(y)
        operands, values, traced = (x, right), (x, right.value), right
    if rule.when:
        rule = lookup(rule.op, values)
    value = rule.run(*values)
    return tape.step(rule, operands, value, traced.flow, here)


_LITERALS = {int, float}


def bound(rule: Rule, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """A call's arguments in the order of the row, or a RuleError."""
    try:
        return rule.bind(*args, **options)
    except TypeError as error:
        text = str(error).replace("<lambda>()", rule.op)
        raise RuleError(
            f"{site(getframe(1))}\n  the row of `{rule.op}` is ({rule.signature}): {text}"
        ) from None


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


def _binary(
    op: str, canonical: Callable[..., Any]
) -> tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]:
    """`__add__`, `__radd__` and `__iadd__` of an operation."""
    rows = TABLE[op]
    rule = rows[0]
    run, plainly = rule.run, not rule.when
    special = op == "divide"  # 1 / x is a reciprocal

    def forward(self: Array, other: Any) -> Any:
        frame = getframe(1)
        if type(other) is Array and plainly and self.origin is None and other.origin is None:
            # The most frequent case of `binary`, without the call.
            tape, x, y = self.tape, self.node, other.node
            here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
            return tape.step(rule, (x, y), run(x.value, y.value), x.flow | y.flow, here)
        result = binary(rows, self, other, frame)
        return canonical(op, self, other) if result is None else result

    square = TABLE["square"][0]

    def power(self: Array, other: Any) -> Any:
        if type(other) in _LITERALS:
            if other == 2:
                return unary(square, self, getframe(1))
            return canonical(op, self, other)
        return forward(self, other)

    def reflected(self: Array, other: Any) -> Any:
        result = None if special else binary(rows, other, self, getframe(1))
        return canonical(op, other, self) if result is None else result

    def in_place(self: Array, other: Any) -> Any:
        result = canonical(op, self, other)
        if result is NotImplemented or not self.ndim:
            return result  # numpy's scalars cannot be changed: the name is bound anew
        if result.node.shape != self.node.shape:
            raise ValueError(
                f"non-broadcastable output operand with shape {self.node.shape} doesn't match "
                f"the broadcast shape {result.node.shape}"
            )
        if result.dtype != self.dtype:
            name = result.node.name
            result.node.name = ""
            result = call("astype", result, self.dtype)
            result.node.name = name
        assign(self, result.node)
        return self

    return power if op == "power" else forward, reflected, in_place


def _unary(rule: Rule) -> Callable[[Array], Array]:
    return lambda self: unary(rule, self, getframe(1))


def equip() -> None:
    """Give Array its operators and methods (their rows import this module)."""
    for name, op in functions.OPERATORS.items():
        forward, reflected, in_place = _binary(op, functions.canonical)
        setattr(Array, f"__{name}__", forward)
        setattr(Array, f"__r{name}__", reflected)
        setattr(Array, f"__i{name}__", in_place)
    for name, op in functions.UNARY.items():
        setattr(Array, f"__{name}__", _unary(TABLE[op][0]))
    for name, op in functions.COMPARISONS.items():
        setattr(Array, f"__{name}__", _binary(op, functions.canonical)[0])
    from backprop.tracer.methods import METHODS

    for name, method in METHODS.items():
        setattr(Array, name, method)


# At the end, since that module needs this one.
from backprop.tracer import functions  # noqa: E402
