"""The computation of a figure as data that a small script can run: its numbers can be changed.

A program is a list of lines (name, expression); an expression is a number, a name, or a list whose
first entry says what it is. Those are the traced steps and the derived lines themselves, read with
`ast`; a figure with anything that the table below does not have keeps its numbers as they are.
"""

import ast
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from backprop.drawing.diagram import Gradients, operations

# What the script (assets/live.js) can do, by Python's names; a test runs every one in a browser.
BINARY = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**", ast.MatMult: "@"}
FUNCTIONS = {"exp", "log", "sqrt", "tanh", "abs", "maximum", "minimum"}
REDUCTIONS = {"sum", "mean"}
_MOST = 60  # entries of an array whose numbers are shown


class _UnknownError(Exception):
    """Something that the script has no word for."""


def program(graph: Any, backward: Any, douts: Sequence[np.ndarray]) -> str:
    """The program as JSON; "" where there is none."""
    if backward is None or any(node.value.size > _MOST for node in graph.differentiated):
        return ""
    try:
        lines = [[node.name, _forward(node)] for node in operations(graph)]
        for step in backward.steps:
            statement = ast.parse(step.line).body[0]
            if not isinstance(statement, ast.Assign):
                return ""
            lines.append([step.gradient, _expression(statement.value, {})])
        given = {
            node.name: _array(node.value)
            for node in graph.nodes
            if node.op in ("input", "constant") and node.value is not None
        }
    except _UnknownError:
        return ""
    names = [Gradients(backward).upstream(node) for node in graph.outputs]
    if None in names:
        return ""
    given |= {str(name): _array(dout) for name, dout in zip(names, douts, strict=True)}
    known = set(given)
    for name, expression in lines:
        if not _names(expression) <= known:
            return ""
        known.add(str(name))
    data = {
        "given": given,
        "lines": lines,
        "moved": [node.name for node in graph.differentiated],
        "out": [[node.name, name] for node, name in zip(graph.outputs, names, strict=True)],
    }
    return json.dumps(data, separators=(",", ":"))


def _array(value: Any) -> Any:
    array = np.asarray(value)
    if array.dtype.kind not in "bif":
        raise _UnknownError
    return array.astype(float).tolist()


def _names(expression: Any) -> set[str]:
    if isinstance(expression, str):
        return {expression}
    if not isinstance(expression, list):
        return set()
    kind, *rest = expression
    if kind in REDUCTIONS or kind in ("shape", "T"):
        return _names(rest[0])
    return set().union(*map(_names, rest))


def _forward(node: Any) -> Any:
    """A traced step: the text of its rule, with what the step was given in place of x and y."""
    if node.rule is None:
        raise _UnknownError
    try:
        tree = ast.parse(node.rule.forward, mode="eval").body
    except SyntaxError:
        raise _UnknownError from None
    return _expression(tree, node.arguments)


def _constant(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number)):
        raise _UnknownError
    return float(value)


def _option(tree: ast.expr, arguments: Any) -> Any:
    """An axis or a flag."""
    if isinstance(tree, ast.Name) and tree.id in arguments:
        value = arguments[tree.id]
    else:
        try:
            value = ast.literal_eval(tree)
        except ValueError:
            raise _UnknownError from None
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, tuple) and all(isinstance(one, int) for one in value):
        return list(value)
    raise _UnknownError


def _expression(tree: ast.expr, arguments: Any) -> Any:
    def inner(part: ast.expr) -> Any:
        return _expression(part, arguments)

    match tree:
        case ast.Constant(value=value):
            return _constant(value)
        case ast.Name(id=name) if name in arguments:
            value = arguments[name]
            return value.name if hasattr(value, "inputs") else _constant(value)
        case ast.Name(id=name):
            return name
        case ast.BinOp(left=left, op=op, right=right) if type(op) in BINARY:
            return [BINARY[type(op)], inner(left), inner(right)]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return ["neg", inner(operand)]
        case ast.Attribute(value=of, attr="T"):
            return ["T", inner(of)]
        case ast.Subscript(
            value=ast.Attribute(value=of, attr="shape"), slice=ast.Constant(value=int(axis))
        ):
            return ["shape", inner(of), axis]
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np"), attr=name), args=args):
            return _call(name, args, tree.keywords, arguments)
    raise _UnknownError


def _call(name: str, args: list[ast.expr], keywords: list[ast.keyword], arguments: Any) -> Any:
    values = [_expression(part, arguments) for part in args]
    options = {str(one.arg): _option(one.value, arguments) for one in keywords}
    if name in REDUCTIONS and len(values) == 1 and set(options) <= {"axis", "keepdims"}:
        return [name, values[0], options.get("axis"), bool(options.get("keepdims"))]
    if name in FUNCTIONS and not options:
        return [name, *values]
    raise _UnknownError
