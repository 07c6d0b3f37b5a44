"""The source of a constant: what the trace knows of it, the author's own expression, a literal."""

from __future__ import annotations

import ast
import builtins
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from backprop.graph.keys import Range
from backprop.graph.lengths import length
from backprop.graph.node import Node
from backprop.graph.site import Site, parts
from backprop.writer import text
from backprop.writer.naming import Naming
from backprop.writer.text import Tree

LITERAL = 64  # entries of an array that may be written out
_BUILTINS = {"abs", "bool", "float", "int", "len", "list", "max", "min", "range", "sum", "tuple"}
_UNSAFE = (ast.Lambda, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.JoinedStr)


def constant_tree(values: Naming, node: Node) -> Tree | None:
    """An expression for a constant node.

    None for a large one that is random, or computed where the arguments cannot tell: the
    derived function has to be given it.
    """
    note = node.note
    if isinstance(note, (int, float, complex, np.number)):
        tree = None
        if node.site is not None and not hasattr(note, "tree"):
            tree = _verbatim(values, note, node.site, _own_names(node, node.site))
        return values.literal(note) if tree is None else tree
    if isinstance(node.value, Range) and node.value.tree is not None:
        tree = None
        if isinstance(note, Site) and all(type(arg) is int for arg in node.value.tree[2]):
            tree = _verbatim(values, node.value, note, parts(note.tree))
        return values.formula(node.value.tree) if tree is None else tree
    if isinstance(note, tuple):
        function, args, options = note
        try:
            return text.called(
                f"np.{function}",
                *[values.literal(arg) for arg in args],
                **{name: values.literal(value) for name, value in options.items()},
            )
        except TypeError:
            note = node.site
    if isinstance(note, Site):
        candidates = _own_names(node, note) if node.named else parts(note.tree)
        tree = _verbatim(values, node.value, note, candidates)
        if tree is not None:
            return tree
    return _literal(node.value) if node.value.size <= LITERAL else None


def _literal(value: np.ndarray) -> Tree:
    if not value.ndim:
        return text.constant(value.item())
    plain = text.expression(repr(value.tolist()).replace("nan", "np.nan").replace("inf", "np.inf"))
    if value.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool)):
        return text.called("np.array", plain)
    return text.called("np.array", plain, dtype=text.expression(f"np.{value.dtype.name}"))


# ── the author's own expression, if the arguments alone give the same value ────────────────
def number_tree(values: Naming, value: Any, site: Site | None) -> Tree | None:
    """The author's expression for a number that depends on the arguments: `0.5 * reg`."""
    if site is None or hasattr(value, "tree") or isinstance(value, bool):
        return None
    candidates = parts(site.tree)
    if any(isinstance(part, ast.Constant) and part.value == value for part in candidates):
        return None
    computed = [part for part in candidates if isinstance(part, (ast.BinOp, ast.UnaryOp, ast.Call))]
    return _verbatim(values, value, site, computed)


def _verbatim(values: Naming, value: Any, site: Site, candidates: list[Any]) -> Tree | None:
    """The first of these expressions that the arguments alone give the same value."""
    scope = values.graph.call.legible
    for candidate, definitions in product(candidates, _worlds(site)):
        tree = _closed(candidate, scope, definitions)
        if tree is None or isinstance(tree, (ast.Name, ast.Constant)):
            continue
        try:
            code = compile(text.show(tree), "<constant>", "eval")
            found = eval(code, {"np": np, **scope})
            if isinstance(found, range):
                found = np.array(found)
            same_kind = np.asarray(found).dtype == np.asarray(value).dtype
        except Exception:  # whatever the author's expression may raise out of its place
            continue
        if same_kind and np.array_equal(found, value, equal_nan=same_kind and _floats(value)):
            return _with_lengths(values, tree, site)
    return None


def _with_lengths(values: Naming, tree: Tree, site: Site) -> Tree:
    """`x.shape[0]` called N again where the author did."""
    names = {
        text.show(assigned[0]): name
        for name, assigned in _definitions(site).items()
        if len(assigned) == 1 and isinstance(assigned[0], ast.Subscript)
    }

    class Namer(ast.NodeTransformer):
        def visit_Subscript(self, node: ast.Subscript) -> Any:
            name = names.get(text.show(node))
            shape = node.value
            if name and isinstance(shape, ast.Attribute) and isinstance(shape.value, ast.Name):
                source = values.graph.inputs.get(shape.value.id)
                axis = text.number(node.slice)
                if source is not None and shape.attr == "shape" and isinstance(axis, int):
                    return values.named(length(source, axis, source.shape[axis], name))
            return self.generic_visit(node)

    result: Tree = Namer().visit(tree)
    return result


def _floats(value: Any) -> bool:
    return np.asarray(value).dtype.kind == "f"


def _own_names(node: Node, site: Site) -> list[Any]:
    """What the author calls a constant: `W`, or `params["W"]` where that is what is written."""
    called = {node.name, _stem(node.name)}
    paths = [part for name, part in site.variables() if name in called]
    return [ast.Name(node.name), ast.Name(_stem(node.name)), *paths]


def _stem(name: str) -> str:
    stem, _, version = name.rpartition("_")
    return stem if stem and version.isdigit() else name


@lru_cache(maxsize=1024)
def _worlds(site: Site) -> list[dict[str, ast.expr]]:
    """Of a variable that is assigned several times, the first value may be meant, or the last."""
    every = _definitions(site)
    return [{name: found[k] for name, found in every.items()} for k in (0, -1)]


@lru_cache(maxsize=1024)
def _definitions(site: Site) -> dict[str, list[ast.expr]]:
    """What each local name of the function is assigned, before the line of `site`."""
    function: Any = site.tree
    while function is not None and not isinstance(function, (ast.FunctionDef, ast.Lambda)):
        function = getattr(function, "parent", None)
    found: dict[str, list[ast.expr]] = {}
    if function is None:
        return found
    for statement in ast.walk(function):
        if isinstance(statement, ast.Assign) and statement.lineno <= (site.line or 0):
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    found.setdefault(target.id, []).append(statement.value)
                elif isinstance(target, ast.Tuple):
                    for part, item in zip(
                        target.elts, _items(statement.value, target), strict=True
                    ):
                        if isinstance(part, ast.Name):
                            found.setdefault(part.id, []).append(item)
    return found


def _items(value: ast.expr, target: ast.Tuple) -> list[ast.expr]:
    """What each name of `c, s = np.cos(a), np.sin(a)` is assigned."""
    count = len(target.elts)
    if isinstance(value, ast.Tuple) and len(value.elts) == count:
        if not any(isinstance(part, ast.Starred) for part in value.elts):
            return value.elts
    return [ast.Subscript(value, ast.Constant(i)) for i in range(count)]


def _closed(tree: Any, scope: dict[str, Any], definitions: dict[str, Any], depth: int = 0) -> Any:
    """The expression with local names replaced by what they are assigned; None if it cannot be."""
    if depth > 8 or isinstance(tree, _UNSAFE):
        return None
    if isinstance(tree, ast.Name):
        if tree.id in definitions:
            rest = {name: value for name, value in definitions.items() if name != tree.id}
            return _closed(definitions[tree.id], scope, rest, depth + 1)
        known = tree.id in scope or tree.id in ("np", "numpy") or tree.id in _BUILTINS
        if not known or (tree.id in _BUILTINS and not hasattr(builtins, tree.id)):
            return None
        return ast.Name("np" if tree.id == "numpy" else tree.id)
    if not isinstance(tree, ast.expr):
        return tree
    if isinstance(tree, ast.Attribute) and isinstance(tree.value, ast.Name):
        if tree.value.id == "math" and hasattr(np, tree.attr):
            return text.expression(f"np.{tree.attr}")  # the source imports numpy only
    fields = {}
    for name, value in ast.iter_fields(tree):
        if isinstance(value, list):
            value = [_part(part, scope, definitions, depth) for part in value]
            if any(part is None for part in value):
                return None
        elif isinstance(value, ast.AST):
            value = _part(value, scope, definitions, depth)
            if value is None:
                return None
        fields[name] = value
    if isinstance(tree, ast.Attribute) and fields["attr"] == "random":
        return None
    return type(tree)(**fields)


def _part(part: Any, scope: dict[str, Any], definitions: dict[str, Any], depth: int) -> Any:
    if isinstance(part, ast.keyword):
        value = _closed(part.value, scope, definitions, depth)
        return None if value is None else ast.keyword(part.arg, value)
    if isinstance(part, ast.comprehension):
        return None
    return _closed(part, scope, definitions, depth) if isinstance(part, ast.expr) else part
