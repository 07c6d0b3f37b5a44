"""Operands, masks, a forward value for a derivative."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import numpy as np

from backprop.graph.trees import attributes, is_object
from backprop.judging.closeness import fits
from backprop.judging.edits.places import (
    Change,
    Place,
    binary,
    called,
    expression,
    is_number,
    np_call,
    num,
    written,
)
from backprop.judging.source import clone


def operand(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if not isinstance(node, (ast.Name, ast.Subscript)) or not isinstance(node.ctx, ast.Load):
        return
    parent = place.parent
    if isinstance(parent, ast.Attribute) and parent.attr in ("shape", "size", "ndim"):
        return
    if isinstance(parent, ast.Subscript) and parent.value is node and isinstance(node, ast.Name):
        if not isinstance(scope.values.get(node.id), np.ndarray):
            return
    value = scope.value(node)
    masked = place.inside(ast.Compare)
    if isinstance(value, (np.ndarray, np.floating)):
        array = np.asarray(value)
        for name, other in scope.arrays():
            if name == written(node):
                continue
            if other.dtype.kind != array.dtype.kind:
                if other.dtype.kind == "b" and other.shape == array.shape and not masked:
                    yield "value", 5, {"was": written(node), "want": name}, expression(name)
                continue
            if name not in scope.values and (other.shape != array.shape or " " in name):
                continue
            loose = isinstance(parent, ast.Call) or place.is_term
            alike = fits(other.shape, array.shape) or fits(array.shape, other.shape)
            if alike or (loose and other.ndim == array.ndim):
                cost = 4 if other.shape == array.shape else 6
                kind = "mask" if masked else "operand"
                yield kind, cost, {"was": written(node), "want": name}, expression(name)
                if other.ndim == 2 and not masked and other.shape == array.shape:
                    new = ast.Attribute(expression(name), "T", ast.Load())
                    yield "operand", 6, {"was": written(node), "want": f"{name}.T"}, new
    if isinstance(node, ast.Subscript) and isinstance(parent, (ast.BinOp, ast.Call, type(None))):
        whole = scope.value(node.value)
        if isinstance(whole, (dict, list)) and isinstance(value, np.ndarray):
            pairs = whole.items() if isinstance(whole, dict) else enumerate(whole)
            for key, other in pairs:
                if not isinstance(key, str | int):  # what can be written down
                    continue
                if isinstance(other, np.ndarray) and other.shape == value.shape:
                    new = clone(node, {})
                    new.slice = ast.Constant(key)
                    if written(new) != written(node):
                        detail = {"was": written(node), "want": written(new)}
                        yield "operand", 3, detail, new


def attribute(place: Place) -> Iterator[Change]:
    """`self.Wh` for `self.Wt`, wherever else in the code it stands."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    value, owner = scope.value(node), scope.value(node.value)
    if not isinstance(value, np.ndarray) or not is_object(owner):
        return
    for name, other in attributes(owner).items():
        if name == node.attr or not isinstance(other, np.ndarray) or other.shape != value.shape:
            continue
        if other.dtype.kind == value.dtype.kind:
            new = clone(node, {})
            new.attr = name
            yield "operand", 3, {"was": written(node), "want": written(new)}, new


def operand_for_number(place: Place) -> Iterator[Change]:
    """`t + x` for `1 + x`."""
    node, scope = place.node, place.scope
    parent = place.parent
    if is_number(node) and (parent is None or called(parent) == "where"):
        yield from _instead(place)
    if not is_number(node) or not isinstance(parent, ast.BinOp):
        return
    if isinstance(parent.op, ast.Pow) or place.inside((ast.Subscript, ast.keyword, ast.Compare)):
        return
    whole = scope.value(parent)
    arrays = [pair for pair in scope.arrays() if pair[1].dtype.kind == "f"]
    for name, array in [*arrays, *scope.integers()]:
        if name in scope.values and array.shape == np.shape(whole):
            yield "operand", 6, {"was": written(node), "want": name}, expression(name)


def _instead(place: Place) -> Iterator[Change]:
    """`d[y] -= r` for `d[y] -= 1`, `np.where(small, e, np.sign(e))` for `np.where(small, e, 1)`."""
    node, scope = place.node, place.scope
    whole = scope.value(place.parent) if place.parent is not None else None
    for name, array in scope.arrays():
        if array.dtype.kind != "f" or " " in name:
            continue
        if isinstance(whole, np.ndarray) and not fits(array.shape, whole.shape):
            continue
        yield "operand", 6, {"was": written(node), "want": name}, expression(name)
        if isinstance(whole, np.ndarray) and array.shape == whole.shape:
            new = np_call("sign", expression(name))
            yield "operand", 6, {"was": written(node), "want": written(new)}, new


FAMILIES = (
    ("sinh", "cosh", "tanh"), ("sin", "cos", "tan"), ("exp", "expm1", "log", "log1p"),
    ("maximum", "minimum"), ("max", "min"), ("argmax", "argmin"), ("sign", "abs"),
    ("arcsin", "arccos", "arctan"), ("floor", "ceil"), ("tril", "triu"), ("trace", "sum"),
    ("arcsinh", "arccosh", "arctanh"), ("inner", "outer"), ("ones_like", "zeros_like"),
    ("ones", "zeros"),
)  # fmt: skip


def function(place: Place) -> Iterator[Change]:
    """`np.tanh(x)` for `np.cosh(x)`: a relative of the function that is meant."""
    node = place.node
    name = called(node)
    for family in FAMILIES:
        if name in family and isinstance(node.func, ast.Attribute):
            for other in family:
                if other != name:
                    new = clone(node, {})
                    new.func.attr = other
                    detail = {"was": written(node.func), "want": written(new.func)}
                    yield "function", 2, detail, new


def sigmoid_of(place: Place) -> Iterator[Change]:
    """`d * 1 / (1 + np.exp(-r))` for `d * s`: the sigmoid of another value."""
    node, parent, scope = place.node, place.parent, place.scope
    if not isinstance(node, (ast.Name, ast.Attribute)) or not isinstance(parent, ast.BinOp):
        return
    value = scope.value(node)
    if not isinstance(parent.op, ast.Mult) or not isinstance(value, np.ndarray):
        return
    if value.dtype.kind != "f":
        return
    for name, array in scope.arrays():
        if array.shape == value.shape and array.dtype.kind == "f" and " " not in name:
            wanted = f"1 / (1 + np.exp(-{name}))"
            yield "value", 6, {"was": written(node), "want": wanted}, expression(wanted)


def called_upon(place: Place) -> Iterator[Change]:
    """`dh = pull(da)` for `dh = da`: a function of the cache through which nothing went back."""
    node, scope = place.node, place.scope
    if place.parents or not isinstance(node, ast.Name):
        return
    if not isinstance(scope.value(node), np.ndarray):
        return
    for name, function in scope.values.items():
        if callable(function) and name.isidentifier() and not isinstance(function, type):
            wanted = f"{name}({node.id})"
            yield "function", 5, {"was": node.id, "want": wanted}, expression(wanted)


_DERIVED = ("{}_prime", "d{}", "d_{}", "{}_derivative", "{}_deriv", "{}_grad", "{}_gradient",
            "{}_backward", "{}_d", "grad_{}", "{}_der", "{}prime", "{}Prime")  # fmt: skip


def derived_function(place: Place) -> Iterator[Change]:
    """`sigmoid_prime(z)` for `sigmoid(z)`: a function that is called after another."""
    node, scope = place.node, place.scope
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return
    name = node.func.id
    others = [form.format(name) for form in _DERIVED]
    for other in others:
        if callable(scope.globals.get(other)):
            new = clone(node, {})
            new.func = ast.Name(other, ast.Load())
            yield "value", 1, {"was": written(node), "want": written(new)}, new
    for other, function in scope.globals.items():
        if callable(function) and any(form.format(other) == name for form in _DERIVED):
            new = clone(node, {})
            new.func = ast.Name(other, ast.Load())
            yield "function", 2, {"was": name, "want": other}, new


def exponential(place: Place) -> Iterator[Change]:
    """`np.exp(logp)` for `logp`: a logarithm by its name."""
    node = place.node
    if called(node) == "exp" and len(node.args) == 1:
        yield "function", 6, {"was": written(node), "want": written(node.args[0])}, node.args[0]
    if not isinstance(node, ast.Name) or "log" not in node.id or called(place.parent) == "exp":
        return
    value = place.scope.value(node)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        new = np_call("exp", node)
        yield "function", 4, {"was": node.id, "want": written(new)}, new


COMPARISONS = (ast.Gt, ast.Lt, ast.GtE, ast.LtE, ast.Eq, ast.NotEq)


def mask(place: Place) -> Iterator[Change]:
    node, scope = place.node, place.scope
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for op in COMPARISONS:
            if not isinstance(node.ops[0], op):
                new = ast.Compare(node.left, [op()], node.comparators)
                yield "mask", 2, {"was": written(node), "want": written(new)}, new
        bound = scope.value(node.comparators[0]) if is_number(node.comparators[0]) else None
        if bound is not None:
            for limit in (0, 0.5, 1):
                if limit != bound:
                    new = ast.Compare(node.left, node.ops, [num(limit)])
                    yield "mask", 2, {"was": written(node), "want": written(new)}, new
        for name, array in scope.arrays():
            left = scope.value(node.left)
            same = getattr(left, "shape", None) == array.shape and name != written(node.left)
            if array.dtype.kind == "f" and same:
                for op in COMPARISONS[:4]:
                    new = ast.Compare(expression(name), [op()], node.comparators)
                    yield "mask", 3, {"was": written(node), "want": written(new)}, new
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Invert, ast.Not)):
        yield "mask", 2, {"was": written(node), "want": written(node.operand)}, node.operand
    swap = {"argmax": "argmin", "argmin": "argmax", "max": "min", "min": "max"}.get(called(node))
    if swap and isinstance(node.func, ast.Attribute):
        new = clone(node, {})
        new.func.attr = swap
        yield "mask", 2, {"was": called(node), "want": swap}, new
    value = scope.value(node) if isinstance(node, (ast.Name, ast.Subscript)) else None
    if isinstance(value, np.ndarray) and value.dtype.kind == "b":
        if not isinstance(place.parent, ast.Attribute):
            flipped = ast.UnaryOp(ast.Invert(), clone(node, {}))
            yield "mask", 2, {"was": written(node), "want": written(flipped)}, flipped
    product = isinstance(place.parent, ast.BinOp) and isinstance(place.parent.op, ast.MatMult)
    if (
        (place.is_term or product)
        and not place.inside((ast.Compare, ast.Subscript))
        and not is_number(node)
    ):
        got = scope.value(node)
        shape = got.shape if isinstance(got, np.ndarray) else None
        if shape is None:
            return
        for name, array in scope.arrays():
            if array.shape == shape and name != written(node):
                if (
                    array.dtype.kind == "b"
                    or set(np.unique(array)) <= {0.0, 1.0}
                    or ("mask" in name and array.dtype.kind == "f")
                ):
                    masked = binary(clone(node, {}), ast.Mult(), expression(name))
                    yield "mask", 4, {"was": written(node), "want": written(masked)}, masked
                if array.dtype.kind == "f":
                    test = ast.Compare(expression(name), [ast.Gt()], [num(0)])
                    masked = binary(clone(node, {}), ast.Mult(), test)
                    yield "mask", 5, {"was": written(node), "want": written(masked)}, masked


def value_for_derivative(place: Place) -> Iterator[Change]:
    """`dh * h` for `dh * (1 - h ** 2)`: what forward computed instead of its derivative."""
    node, scope, parent = place.node, place.scope, place.parent
    if place.inside((ast.Subscript, ast.keyword, ast.Compare)) and not isinstance(
        node, (ast.BinOp, ast.Call)
    ):
        return
    simple = isinstance(node, (ast.Name, ast.Subscript)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Pow, ast.Sub, ast.Mult))
    )
    simple = simple or called(node) in ("power", "square", "tanh")
    if not simple or not isinstance(parent, (ast.BinOp, ast.Call, type(None), ast.AugAssign)):
        return
    if isinstance(parent, ast.Call) and called(parent) not in ("dot", "multiply"):
        return
    names = [n for n in ast.walk(node) if isinstance(n, (ast.Name, ast.Subscript))]
    inner = [node] if isinstance(node, (ast.Name, ast.Subscript)) else names
    for base in inner:
        got = scope.value(base)
        if not isinstance(got, np.ndarray) or got.dtype.kind != "f":
            continue
        text = written(base)
        for shape in ("1 - {0} ** 2", "{0} * (1 - {0})", "{0} > 0", "1 - {0}", "np.exp({0})",
                      "np.cos({0})", "1 / {0}", "1 - np.tanh({0}) ** 2",
                      "{0} == np.max({0})"):  # fmt: skip
            wanted = shape.format(text)
            if written(node) not in (wanted, f"({wanted})"):
                begun = shape == "{0} * (1 - {0})" and written(node) == f"1 - {text}"
                kind, cost = ("factor", 4) if begun else ("value", 4 if node is base else 5)
                detail = {"was": written(node), "want": wanted, "factor": text}
                yield kind, cost, detail, expression(wanted)
        if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Mult):
            for shape in ("{1} * (1 - {0})", "{1} * (1 - {0} ** 2)"):
                wanted = shape.format(text, written(node))
                yield "value", 5, {"was": written(node), "want": wanted}, expression(wanted)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) and not names:
        return


def other_derivative(place: Place) -> Iterator[Change]:
    """`dg * (1 - g ** 2)` for `dg * g * (1 - g)`: the slope of a sigmoid where a tanh is."""
    node = place.node
    if not _is_product(node) or _is_product(place.parent):
        return
    factors = _factors(node)
    texts = [written(each).strip("()") for each in factors]
    for i, text in enumerate(texts):
        if text.startswith("1 - ") and text[4:] in texts:
            left = [each for j, each in enumerate(factors) if j not in (i, texts.index(text[4:]))]
            slope = expression(f"1 - {text[4:]} ** 2")
            new: ast.expr = slope
            for each in reversed(left):
                new = binary(each, ast.Mult(), new)
            detail = {"was": f"{text[4:]} * ({text})", "want": written(slope)}
            yield "value", 4, detail, new


def _is_product(node: ast.AST | None) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult)


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]
