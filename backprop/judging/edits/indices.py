"""What stands in brackets: rows, offsets, strides, tables of indices, directions."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.judging.edits.places import (
    Change,
    Place,
    Scope,
    binary,
    called,
    expression,
    is_number,
    np_call,
    num,
    table_of,
    written,
)
from backprop.judging.source import clone

_MOST = 40  # tables that are tried in the place of one


def row_of_each(place: Place) -> Iterator[Change]:
    """`d[np.arange(N), y]` for `d[:, y]` and `d[y]`: one entry a row, not whole columns."""
    node, parent = place.node, place.parent
    if not isinstance(parent, ast.Subscript) or parent.slice is not node:
        return
    parts = list(node.elts) if isinstance(node, ast.Tuple) else [node]
    picks = [i for i, part in enumerate(parts) if _is_table(place.scope.value(part))]
    if len(picks) != 1 or any(not _whole(p) for i, p in enumerate(parts) if i not in picks):
        return
    table = place.scope.value(parts[picks[0]])
    rows = expression(f"np.arange({_length(place, len(table))})")
    if len(parts) == 1:
        new = [rows, parts[0]]
    elif len(parts) == 2:
        new = [rows if i not in picks else part for i, part in enumerate(parts)]
    else:
        return
    changed = ast.Tuple(new, ast.Load())
    was = _bracketed(node) if isinstance(node, ast.Tuple) else f"[{written(node)}]"
    yield "operand", 3, {"was": was, "want": _bracketed(changed)}, changed


def _bracketed(node: ast.Tuple) -> str:
    return f"[{', '.join(written(part) for part in node.elts)}]"


def _length(place: Place, count: int) -> str:
    for name, length in place.scope.lengths.items():
        if length == count:
            return name
    return str(count)


def _whole(node: Any) -> bool:
    return isinstance(node, ast.Slice) and node.lower is node.upper is node.step is None


def _is_table(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.ndim == 1


def table(place: Place) -> Iterator[Change]:
    """`h[dst]` for `h[src]`, `P[u]` for `Q[i]`."""
    node, scope = place.node, place.scope
    value = table_of(scope.value(node)) if isinstance(node, ast.Name) else None
    if isinstance(node, ast.Name) and value is not None:
        for name, other in scope.integers():
            if name != node.id and other.shape == value.shape:
                detail = {"was": node.id, "want": name}
                yield "operand", 4, detail, expression(name)
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        yield from _entries(place)


def inverse(place: Place) -> Iterator[Change]:
    """`d[np.argsort(order)]` for `d[order]`: what was sorted goes back to where it was."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    order = scope.value(node.slice)
    if _is_table(order) and len(order) > 1 and np.array_equal(np.sort(order), range(len(order))):
        new = clone(node, {})
        new.slice = np_call("argsort", new.slice)
        if called(node.slice) == "argsort":
            new.slice = clone(node.slice.args[0], {})  # type: ignore[attr-defined]
        yield "order", 3, {"was": written(node), "want": written(new)}, new


def _entries(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    value = scope.value(node)
    counter = isinstance(node.slice, ast.Name) and isinstance(
        scope.values.get(node.slice.id), (int, np.integer)
    )
    if not counter or not isinstance(value, (np.ndarray, np.floating)):
        return
    counters = [
        name for name, each in scope.values.items()
        if isinstance(each, (int, np.integer)) and not isinstance(each, bool)
    ]  # fmt: skip
    found = (
        f"{name}[{each}]"
        for name, array in scope.arrays()
        if name in scope.values and array.shape[1:] == np.shape(value) and array.ndim
        for each in counters
    )
    for text in itertools.islice(found, _MOST):
        if text != written(node) and np.shape(scope.text(text)) == np.shape(value):
            yield "operand", 6, {"was": written(node), "want": text}, expression(text)


def offset(place: Place) -> Iterator[Change]:
    """`x[:, 1:-1]` for `x[:, :-2]`; `d[i]` for `d[i:]`; the mirror image `K[2 - u]` of `K[u]`."""
    node, parent = place.node, place.parent
    if isinstance(node, ast.Tuple) and isinstance(parent, ast.Subscript):
        for step in (1, -1):
            moved = [_moved(part, step) for part in node.elts]
            if any(new is not old for new, old in zip(moved, node.elts, strict=True)):
                new = ast.Tuple(moved, ast.Load())
                yield "operand", 4, {"was": _bracketed(node), "want": _bracketed(new)}, new
    if isinstance(node, ast.Slice):
        if node.upper is None and node.step is None and isinstance(node.lower, ast.Name):
            yield "operand", 3, {"was": written(node), "want": written(node.lower)}, node.lower
        if not isinstance(parent, ast.Tuple):
            for step in (1, -1):
                new = _moved(node, step)
                if new is not node:
                    yield "operand", 4, {"was": written(node), "want": written(new)}, new
        if (node.lower is None) != (node.upper is None) and node.step is None:
            half = ast.Slice(node.upper, node.lower)  # `[:k]` for `[k:]`
            yield "operand", 3, {"was": written(node), "want": written(half)}, half
    inside = place.inside(ast.Subscript) and isinstance(node, ast.BinOp)
    if inside and isinstance(node.op, ast.Sub) and isinstance(node.right, ast.Name):
        yield "operand", 4, {"was": written(node), "want": node.right.id}, node.right
    if isinstance(node, ast.Tuple) and isinstance(parent, ast.Subscript):
        mirrored = {
            id(part): part.right
            for part in node.elts
            if isinstance(part, ast.BinOp)
            and isinstance(part.op, ast.Sub)
            and isinstance(part.right, ast.Name)
        }
        if len(mirrored) > 1:
            new = clone(node, mirrored)
            yield "operand", 4, {"was": _bracketed(node), "want": _bracketed(new)}, new


def counter(place: Place) -> Iterator[Change]:
    """`d[n, t]` for `d[n, 0]` and `d[n, n]`: the counter of another loop."""
    node, parent, scope = place.node, place.parent, place.scope
    listed = isinstance(parent, ast.Tuple) and len(place.parents) > 1
    holder = place.parents[-2] if listed else parent
    if not isinstance(holder, ast.Subscript) or holder.slice not in (node, parent):
        return
    if not (is_number(node) or isinstance(node, ast.Name)):
        return
    whole = (int, np.integer)
    if not isinstance(scope.value(node), whole):
        return
    names = [
        name for name, value in scope.values.items()
        if isinstance(value, whole) and not isinstance(value, bool) and name != written(node)
    ]  # fmt: skip
    for name in names[-6:]:  # those of the innermost loops come last
        yield "operand", 5, {"was": written(node), "want": name}, expression(name)


def _moved(part: Any, step: int) -> Any:
    """A part of fixed length one entry further; itself if it is none."""
    if not isinstance(part, ast.Slice) or part.step is not None or _whole(part):
        return part
    ends = [_fixed(part.lower), _fixed(part.upper)]
    if None in ends:
        return part
    lower, upper = (end + step for end in ends if end is not None)
    if part.lower is None and step < 0:
        return part
    if part.upper is None and step > 0:
        return part
    return ast.Slice(num(lower) if lower else None, num(upper) if upper else None)


def _fixed(node: Any) -> int | None:
    if node is None:
        return 0
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and is_number(node.operand):
        return -int(node.operand.value)  # type: ignore[attr-defined]
    return int(node.value) if is_number(node) else None


def stride(place: Place) -> Iterator[Change]:
    """`x[:, i * s : i * s + k]` for `x[:, i : i + k]`, in all parts of the brackets."""
    node, scope = place.node, place.scope
    brackets = isinstance(place.parent, ast.Subscript) and place.parent.slice is node
    if not (brackets or called(node) == "slice"):
        return
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    parts = [part for part in parts if isinstance(part, ast.Slice) or called(part) == "slice"]
    starts = [getattr(part, "lower", None) or getattr(part, "args", [None])[0] for part in parts]
    names = {start.id for start in starts if isinstance(start, ast.Name)}
    used = [
        each for part in parts for each in ast.walk(part)
        if isinstance(each, ast.Name) and each.id in names
    ]  # fmt: skip
    if not used:
        return
    for name, value in scope.values.items():
        if isinstance(value, (int, np.integer)) and 1 < value <= 8 and name not in names:
            steps = {id(each): binary(each, ast.Mult(), expression(name)) for each in used}
            yield "factor", 4, {"factor": name}, clone(node, steps)


def direction(place: Place) -> Iterator[Change]:
    """`np.cumsum(x[::-1])[::-1]` for `np.cumsum(x)`, and back: sums to the end."""
    node = place.node
    along = [keyword.value for keyword in getattr(node, "keywords", ()) if keyword.arg == "axis"]
    if called(node) in ("cumsum", "cumprod") and len(node.args) == 1 and len(along) == 1:
        new = clone(node, {})
        new.args[0] = np_call("flip", new.args[0], along[0])
        new = np_call("flip", new, along[0])
        yield "order", 3, {"was": written(node), "want": written(new)}, new
    if called(node) in ("cumsum", "cumprod") and len(node.args) == 1 and not node.keywords:
        new = clone(node, {})
        new.args[0] = _turned(new.args[0])
        new = _turned(new)
        yield "order", 3, {"was": written(node), "want": written(new)}, new
    if _is_turned(node) and called(node.value) in ("cumsum", "cumprod"):
        inner = clone(node.value, {})
        if inner.args and _is_turned(inner.args[0]):
            inner.args[0] = inner.args[0].value
            yield "order", 3, {"was": written(node), "want": written(inner)}, inner


def flipped(place: Place) -> Iterator[Change]:
    """`w[..., ::-1, ::-1]` for `w`, and back: the filter of a convolution goes the other way."""
    node, scope = place.node, place.scope
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    base: Any = node
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        turns = [part for part in parts if written(part) == "::-1"]
        others = [part for part in parts if part not in turns]
        if not turns or not all(_whole(p) or written(p) in ("...", "Ellipsis") for p in others):
            return
        base = node.value
    value = scope.value(base) if isinstance(base, (ast.Name, ast.Attribute)) else None
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.ndim < 2:
        return
    for last in ("::-1, ::-1", "", ":, ::-1", "::-1, :"):
        new = expression(f"{written(base)}[{':, ' * (value.ndim - 2)}{last}]") if last else base
        if written(new) != written(node) and (last in ("", "::-1, ::-1") or base is not node):
            yield "order", 4, {"was": written(node), "want": written(new)}, new


def listed(place: Place) -> Iterator[Change]:
    """`dxs[::-1]` for `dxs`, and back: a list that was filled from its end."""
    node, scope = place.node, place.scope
    if _is_turned(node):
        yield "order", 3, {"was": written(node), "want": written(node.value)}, node.value
    if not isinstance(node, ast.Name) or place.inside((ast.Subscript, ast.Compare)):
        return
    value = scope.value(node)
    arrays = isinstance(value, (list, tuple)) and len(value) > 1
    if arrays and all(isinstance(part, np.ndarray | np.floating) for part in value):
        new = _turned(node)
        yield "order", 3, {"was": written(node), "want": written(new)}, new


def slid(place: Place) -> Iterator[Change]:
    """`d[:, p:-p]` and `d[:, 2 * p:]` for `d[:, :-2 * p]`: as long a part, from elsewhere."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load):
        return
    whole = scope.value(node.value)
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    if not isinstance(whole, np.ndarray) or len(parts) > whole.ndim:
        return
    for where in ("start", "end", "middle"):
        moved = [
            _slid(part, length, where, scope)
            for part, length in zip(parts, whole.shape, strict=False)
        ]
        if all(new is old for new, old in zip(moved, parts, strict=True)):
            continue
        new = clone(node, {})
        new.slice = ast.Tuple(moved, ast.Load()) if len(moved) > 1 else moved[0]
        yield "operand", 4, {"was": written(node), "want": written(new)}, new


def _slid(part: Any, length: int, where: str, scope: Scope) -> Any:
    """As long a part at the start, at the end or in the middle; itself if it is all or no part."""
    ends = scope.text(f"slice({_end(part, 'lower')}, {_end(part, 'upper')})")
    if not isinstance(part, ast.Slice) or part.step is not None or not isinstance(ends, slice):
        return part
    try:
        start, stop, _ = ends.indices(length)
    except TypeError:  # no whole numbers
        return part
    long, rest = stop - start, length - (stop - start)
    if long <= 0 or rest <= 0 or (where == "middle" and rest % 2):
        return part
    if where == "middle":
        some = _named(rest // 2, scope) or num(rest // 2)
        return ast.Slice(some, ast.UnaryOp(ast.USub(), some))
    name = _named(long, scope)
    if where == "start":
        return ast.Slice(None, name or num(-rest))
    return ast.Slice(ast.UnaryOp(ast.USub(), name) if name else num(rest), None)


def _end(part: Any, which: str) -> str:
    end = getattr(part, which, None)
    return "None" if end is None else written(end)


def _named(number: int, scope: Scope) -> ast.expr | None:
    """A number by the name that it has there."""
    for name, value in scope.values.items():
        if type(value) is int and value == number:
            return expression(name)
    return None


def _turned(node: Any) -> ast.expr:
    return ast.Subscript(node, ast.Slice(None, None, num(-1)), ast.Load())


def _is_turned(node: Any) -> bool:
    return isinstance(node, ast.Subscript) and written(node.slice) == "::-1"
