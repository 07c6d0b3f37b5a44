"""Doing an operation on traced arrays: its row runs, and the tape gets a node.

`call` is for all operations; `unary` and `binary` are the quick ways for the most frequent.
"""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import numpy as np

from backprop.graph.errors import RuleError
from backprop.graph.rule import Rule
from backprop.rules import TABLE, lookup, missing
from backprop.tracer.array import Array, arrays_in, current, traced, unwrap
from backprop.tracer.frames import site
from backprop.tracer.tape import OPTIONS, refuse_objects

getframe = sys._getframe


def call(op: str, *args: Any, **options: Any) -> Array:
    """Record the operation `op` on these arguments, as its row's signature sorts them."""
    rows = TABLE.get(op)
    if rows is None:
        raise RuleError(f"{site(getframe(1))}\n  {missing(op)}")
    rule = rows[0]
    if options or len(args) != len(rule.parameters):
        args = bound(rule, args, options)
    if any(type(part) in (list, tuple) for part in args):
        args = tuple(
            [
                part
                if type(part) not in (list, tuple)
                else whole(part)
                if name in rule.entries
                else tuple([whole(each) for each in part])
                if name == "arrays"
                else part
                for name, part in zip(rule.parameters, args, strict=True)
            ]
        )
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
    returned: Array = result
    return returned


def whole(item: Any) -> Any:
    """A list of numbers and arrays as one array, traced if one of them is."""
    if type(item) not in (list, tuple):
        return item
    if next(arrays_in(item), None) is None:
        return np.asarray(item)
    parts = [whole(part) for part in item]
    return call("stack", tuple([p if type(p) is Array else np.asarray(p) for p in parts]))


def unary(rule: Rule, x: Array, frame: FrameType) -> Array:
    """`call` for the common case: one array. `frame` runs the operation."""
    tape = x.tape
    # The traced function's own frame is the usual one: its sites need no search.
    here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
    node = x.node if x.origin is None else current(x)
    run = rule.run  # apart: an attribute that is called at once is not cached as one
    result: Array = tape.step(rule, (node,), run(node.value), node.flow, here)
    return result


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
            returned: Array | None = tape.step(
                rule,
                (left, right),
                run(left.value, right.value),
                left.flow | right.flow,
                here,
            )
            return returned
        if type(y) not in LITERALS or here is None or y not in here.literals:
            return None
        operands, values, traced = (left, y), (left.value, y), left
    else:
        tape = y.tape
        here = (frame is tape.frame and tape.sites.get(frame.f_lasti)) or tape.at(frame)
        if type(x) not in LITERALS or here is None or x not in here.literals:
            return None
        right = y.node if y.origin is None else current(y)
        operands, values, traced = (x, right), (x, right.value), right
    if rule.when:
        rule = lookup(rule.op, values)
    value = rule.run(*values)
    result: Array | None = tape.step(rule, operands, value, traced.flow, here)
    return result


LITERALS = {int, float}


def bound(rule: Rule, args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """A call's arguments in the order of the row, or a RuleError."""
    try:
        return rule.bind(*args, **options)
    except TypeError as error:
        text = str(error).replace("<lambda>()", rule.op)
        raise RuleError(
            f"{site(getframe(1))}\n  the row of `{rule.op}` is ({rule.signature}): {text}"
        ) from None
