"""The steps of a computation, forward and backward, each with its explanation."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.drawing.diagram import Gradients, held_shape, operations, outputs
from backprop.drawing.texts import expression, forward_text, shape_text, written
from backprop.site.posts.graphs.code import code_of
from backprop.site.posts.graphs.words import say

_ROWS, _COLUMNS = 6, 6  # the largest value that is shown


@dataclass
class Explained:
    """A step as a reader sees it: its code, remarks as (word, text), its value, how its shape is
    told; and what it belongs to: a node, the operation that used it, a gradient, lines of code."""

    kind: str
    code: str
    remarks: list[tuple[str, str]]
    name: str
    value: Any = None
    shape: str = ""
    data: dict[str, Any] = field(default_factory=dict)


def upstream(graph: Any) -> tuple[np.ndarray, ...]:
    """Upstream gradients to show where a page has none: one-digit numbers without a pattern, so
    that no identity hides in them; 1 for a scalar."""
    made = np.random.default_rng(2017)
    digits = np.array([value / 10 for value in range(-9, 10) if value])
    return tuple(
        made.choice(digits, node.shape) if node.shape else np.ones(()) for node in graph.outputs
    )


def _line(graph: Any, node: Any) -> int | None:
    """The line of a node, if it is one of the file that is shown."""
    code, site = code_of(graph), node.site
    return node.line if code and site and site.filename == code.co_filename else None


def _joined(words: list[str], lang: str) -> str:
    return say("list", lang).join(words)


def _forward(graph: Any, has_name: Callable[[Any], bool], lang: str) -> Iterator[Explained]:
    for node in operations(graph):
        remarks = []
        if node.rule is not None and node.rule.axes == "broadcast":
            for operand in dict.fromkeys(node.inputs):
                if operand.shape != node.shape and operand.shape:
                    small, big = shape_text(operand.shape), shape_text(node.shape)
                    name = expression(operand, has_name)
                    text = say("broadcast", lang, name=name, small=small, big=big)
                    remarks.append(("why", text))
        data = {"node": node.name, "line": _line(graph, node)}
        code, shape = forward_text(node, has_name), shape_text(node.shape)
        name = node.name if has_name(node) else ""
        yield Explained("forward", code, remarks, name, node.value, shape, data)


def _whys(step: Any, has_name: Callable[[Any], bool], lang: str) -> Iterator[str]:
    for why in step.why:
        small, big = shape_text(why.to_shape), shape_text(why.from_shape)
        if not why.axes:
            yield say("completed", lang, small=big, big=small)
            continue
        axes = say(
            "axis" if len(why.axes) == 1 else "axes",
            lang,
            list=_joined([str(axis) for axis in why.axes], lang),
        )
        name = expression(step.node, has_name)
        yield say("because", lang, axes=axes, node=name, small=small, big=big)


def _rule(
    step: Any, backward: Any, has_name: Callable[[Any], bool], lang: str
) -> Iterator[tuple[str, str]]:
    """The row of the table in the page's own names, and what a name in it stands for."""
    forward = forward_text(step.user, has_name)
    plain, other = step.plain, ""
    upstream_ = backward.gradient_of(step.user)
    own = f"d{step.user.name}"
    if plain and upstream_ and has_name(step.user) and upstream_.name != own:
        if re.fullmatch(rf"d{re.escape(step.user.name)}(_?\d+)?", upstream_.name) is None:
            turned = re.sub(rf"\b{re.escape(upstream_.name)}\b", own, plain)
            plain, other = turned, upstream_.name if turned != plain else ""
    rule = f"{step.gradient} = {plain}"
    if not plain or rule == step.line:
        yield "rule", say("backward_of", lang, forward=forward)
    else:
        yield "rule", say("rule_of", lang, rule=rule, forward=forward)
    if other:
        yield "why", say("same", lang, name=own, other=other)


def _backward(
    graph: Any, backward: Any, douts: Sequence[np.ndarray], has_name: Any, lang: str
) -> Iterator[Explained]:
    gradients = Gradients(backward)
    values = backward.execute(tuple(douts))
    for node, dout in zip(graph.outputs, douts, strict=True):
        name = gradients.upstream(node)
        if name is None or node not in outputs(graph):
            continue
        remarks = [("why", say("upstream", lang, node=expression(node, has_name)))]
        data = {"gradient": name, "node": node.name, "upstream": ""}
        shape = shape_text(node.shape)
        yield Explained("backward", name, remarks, name, dout, shape, data)
    for step in backward.steps:
        node, name = step.node, expression(step.node, has_name)
        remarks = []
        if step.rule is not None:
            remarks += _rule(step, backward, has_name, lang)
        elif "+" in step.line:
            count = step.line.count("+") + 1
            remarks.append(("why", say("sum", lang, node=name, count=count)))
        elif "zeros" in step.line:
            remarks.append(("why", say("zeros", lang, node=name)))
        remarks += [("why", text) for text in _whys(step, has_name, lang)]
        if step.shape != node.shape and math.prod(step.shape) < math.prod(node.shape):
            small, big = shape_text(step.shape), shape_text(node.shape)
            remarks.append(("why", say("lazy", lang, small=small, big=big)))
        data = {
            "gradient": step.gradient,
            "node": node.name,
            "user": step.user.name if step.user is not None else None,
            "line": _line(graph, step.user or node),
        }
        value, shape = values.get(step.gradient), held_shape(step.shape, node.shape, lang)
        yield Explained("backward", step.line, remarks, step.gradient, value, shape, data)


def explain(
    graph: Any, backward: Any, lang: str, douts: Sequence[np.ndarray] | None = None
) -> list[Explained]:
    """All steps in order; without ``backward`` those of the forward pass alone."""
    has_name = written(backward)
    steps = list(_forward(graph, has_name, lang))
    if backward is not None:
        given = upstream(graph) if douts is None else douts
        steps += _backward(graph, backward, given, has_name, lang)
    return steps


def _cells(rows: np.ndarray, top: float) -> list[list[str]]:
    """The entries, all with as many decimals as the largest needs for three digits."""
    if rows.dtype.kind != "f" or (rows == np.round(rows)).all():
        return [
            [f"{entry:.6g}" if rows.dtype.kind != "b" else str(entry) for entry in row]
            for row in rows
        ]
    if top < 1e-12:  # what is left of a sum that vanishes
        return [["≈0" if entry else "0" for entry in row] for row in rows]
    if not 1e-4 < top < 1e6:
        return [[f"{entry:.2e}" for entry in row] for row in rows]
    decimals = min(6, max(1, 2 - math.floor(math.log10(top))))
    return [[f"{round(entry, decimals) + 0.0:.{decimals}f}" for entry in row] for row in rows]


def value_html(value: Any) -> str:
    """A small array as a table whose cells are tinted by sign and size; "" for a large one."""
    array = np.asarray(value)
    if array.dtype.kind not in "bif" or array.ndim > 2 or not array.size:
        return ""
    rows = np.atleast_2d(array)
    if rows.shape[0] > _ROWS or rows.shape[1] > _COLUMNS:
        return ""
    finite = np.abs(rows[np.isfinite(rows)].astype(float))
    top = float(finite.max()) if finite.size else 0.0
    body = []
    for row, texts in zip(rows, _cells(rows, top), strict=True):
        cells = []
        for entry, text in zip(row, texts, strict=True):
            level = 0
            if top > 1e-12 and np.isfinite(entry) and array.dtype.kind == "f":
                level = math.ceil(3 * abs(float(entry)) / top - 1e-9)
            tint = f' class="bp-{"plus" if entry > 0 else "minus"}{level}"' if level else ""
            cells.append(f"<td{tint}>{text}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f'<table class="bp-value">{"".join(body)}</table>'
