"""Rewrites a function so that every assignment is reported.

The function's syntax tree is rewritten so that each assignment reports to a `Recorder`:
after `dx = …` stands `dx = record(site, "dx", dx)`. The same hook lets a run go on with a
corrected value. Line numbers stay the file's own. Where there is no source, `fallback`
follows the run with a trace function instead.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeGuard, TypeVar

import numpy as np

from backprop.judging.recorder import Spot

VALUE, STORE, TOUCH, ENTER, LEAVE, IS_ARRAY, CALLED = (
    f"__backprop_{word}__"
    for word in ("value", "store", "touch", "enter", "leave", "is_array", "called")
)

Syntax = TypeVar("Syntax", bound=ast.AST)
WHOLE = "return"  # an expression that may hold several results


class Called(ast.NodeTransformer):
    """`called(np.sum(x))` for `np.sum(x)`: a hook may put another value in its place."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        return _at(ast.Call(_name(CALLED), [node], []), node)


class Instrument(ast.NodeTransformer):
    """Adds a report after every assignment of one function and those nested in it."""

    def __init__(
        self,
        sites: list[Spot],
        function: str,
        tree: ast.FunctionDef,
        text: Callable[[ast.expr], str],
    ) -> None:
        self.sites = sites
        self.function = function
        self.text = text
        self.given = _only_given(tree)

    # statements that assign

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        target = node.targets[0]
        if isinstance(node.value, ast.Dict) and isinstance(target, ast.Name):
            self._entries(node, target.id, node.value)
        return [node, *self._after(node, "assign", node.targets, node.value)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        self.generic_visit(node)
        if node.value is None:
            return node
        return [node, *self._after(node, "assign", [node.target], node.value)]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        return [node, *self._after(node, "augment", [node.target], node.value, own=True)]

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        site = self._site(node, "loop", _reads(node.iter))
        reports = [_call_statement(VALUE, site, name, node) for name in _target_names(node.target)]
        node.body = [*reports, *node.body]
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Call):
            return node
        names = [*_roots(node.value.func), *(r for a in node.value.args for r in _roots(a))]
        names += [r for k in node.value.keywords for r in _roots(k.value)]
        if not names:
            return node
        held = [part for each in node.value.args for part in _held(each)]
        reads = (*_reads(node.value), *map(self.text, held))
        return [node, _touch(self._site(node, "call", reads), names, node, held)]

    def visit_Return(self, node: ast.Return) -> Any:
        self.generic_visit(node)
        value = node.value
        if value is None:
            return node
        reads = _reads(value)
        if listed(value):
            value.elts = [
                self._entered(node, element)
                if entries(element)
                else self._returned(node, element, f"return[{i}]", repeated(value.elts, element))
                for i, element in enumerate(value.elts)
            ]
        elif entries(value):
            value = self._entered(node, value)
        else:
            value = self._returned(node, value, WHOLE)
        site = self._site(node, "leave", reads)
        call = ast.Call(_name(LEAVE), [ast.Constant(site), value], [])
        node.value = _at(call, node)
        return node

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        self.generic_visit(node)
        site = self._site(node, "assign", _reads(node.value))
        node.value = _call(VALUE, site, node.target.id, node.value, node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        inner = Instrument(self.sites, node.name, node, self.text)
        node.body = inner.statements(node.body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node

    # how

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            result.extend(new if isinstance(new, list) else [new])
        return result

    def _site(self, node: Any, kind: str, reads: tuple[str, ...], line: int = 0) -> int:
        origin, line = getattr(node, "origin", node), line or node.lineno
        self.sites.append(Spot(len(self.sites), self.function, line, origin, kind, reads))
        return len(self.sites) - 1

    def _entries(self, node: ast.Assign, name: str, table: ast.Dict) -> None:
        """`grads = {"W": x.T @ dy}`: an entry that is computed there is reported by itself."""
        for i, (key, value) in enumerate(zip(table.keys, table.values, strict=True)):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                if isinstance(value, (ast.BinOp, ast.UnaryOp, ast.Call)):
                    site = self._site(node, "assign", _reads(value), value.lineno)
                    entry = f'{name}["{key.value}"]'
                    table.values[i] = _call(VALUE, site, entry, value, value)

    def _entered(self, node: ast.Return, table: ast.expr) -> ast.expr:
        """A dictionary that is returned, each entry by its key."""
        new = [self._returned(node, part, f"return[{key!r}]") for key, part in entries(table)]
        if isinstance(table, ast.Dict):
            table.values = new
        elif isinstance(table, ast.Call):
            for keyword, value in zip(table.keywords, new, strict=True):
                keyword.value = value
        return table

    def _returned(
        self, node: ast.Return, value: ast.expr, name: str, again: bool = False
    ) -> ast.expr:
        plain = isinstance(value, ast.Name) or keyed(value) or attribute(value)
        again = again or (isinstance(value, ast.Name) and value.id in self.given)
        if plain and not again:
            return value
        line = 0 if name == WHOLE else getattr(value, "lineno", 0)
        site = self._site(node, "return", _reads(value), line)
        return _call(VALUE, site, name, value, node)

    def _after(
        self, node: Any, kind: str, targets: list[Any], value: ast.expr, own: bool = False
    ) -> list[ast.stmt]:
        reads = _reads(value)
        reports: list[ast.stmt] = []
        for target in targets:
            for part in _flat(target):
                if isinstance(part, ast.Name):
                    site = self._site(node, kind, (*reads, part.id) if own else reads)
                    reports.append(_assign(part, VALUE, site, part.id, node))
                elif isinstance(part, (ast.Subscript, ast.Attribute)):
                    root = _root(part)
                    first = (root.id,) if isinstance(root, ast.Name) else ()
                    site = self._site(node, "store", (*reads, *_reads(part), *first))
                    reports += self._stored(part, site, node)
        outs = [
            name
            for call in ast.walk(value)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg == "out"
            for name in _roots(keyword.value)
        ]
        if outs:
            reports.append(_touch(self._site(node, "call", reads), outs, node))
        return reports

    def _stored(self, target: Any, site: int, node: Any) -> list[ast.stmt]:
        """After `a[i] = …`: report `a` if it is an array, `a[i]` if it holds arrays."""
        whole = _assign(target, VALUE, site, self.text(target), node)
        holder = target.value
        chain = [holder]
        while isinstance(chain[-1], ast.Subscript):
            chain.append(chain[-1].value)
        statement: list[ast.stmt] = [whole]
        for part in chain:  # the outermost array wins
            loaded = _load(part)
            report = ast.Expr(
                ast.Call(
                    _name(STORE), [ast.Constant(site), ast.Constant(self.text(part)), loaded], []
                )
            )
            test = ast.Call(_name(IS_ARRAY), [_load(part)], [])
            statement = [ast.If(test, [report], statement)]
        return [_at(s, node) for s in statement]


def _only_given(tree: ast.FunctionDef) -> set[str]:
    """The parameters that are never assigned: if one is returned and wrong, the `return` is."""
    arguments = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
    written = {
        root.id
        for node in ast.walk(tree)
        if isinstance(getattr(node, "ctx", None), ast.Store)
        and isinstance(node, ast.expr)
        and isinstance(root := _root(node), ast.Name)
    }
    return {argument.arg for argument in arguments} - written


def text_of(node: ast.expr) -> str:
    """The text of a target, with the quotes that most people write."""
    return ast.unparse(node).replace("'", '"')


def repeated(elements: list[ast.expr], this: ast.expr) -> bool:
    """`return dx, dx`: if one of them is wrong, the statement is, not the variable."""
    return isinstance(this, ast.Name) and any(
        isinstance(other, ast.Name) and other.id == this.id
        for other in elements
        if other is not this
    )


def listed(node: Any) -> TypeGuard[ast.Tuple]:
    """Whether each result of a `return` is written down, none of them as `*grads`."""
    return isinstance(node, (ast.Tuple, ast.List)) and not any(
        isinstance(element, ast.Starred) for element in node.elts
    )


def entries(node: Any) -> list[tuple[Any, ast.expr]]:
    """Key and value of what is written as a dictionary: `{"W": dW}`, `dict(W=dW)`."""
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        pairs = zip(node.keys, node.values, strict=True)
        return [(key.value, value) for key, value in pairs if isinstance(key, ast.Constant)]
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.args
    if called and node.func.id == "dict" and all(keyword.arg for keyword in node.keywords):
        return [(keyword.arg, keyword.value) for keyword in node.keywords]
    return []


def element(elements: list[ast.expr], i: int, total: int) -> ast.expr | None:
    """What a `return` of so many results says of one of them; None if that is in a `*grads`."""
    star = next((j for j, each in enumerate(elements) if isinstance(each, ast.Starred)), None)
    if star is None or i < star:
        return elements[i]
    return elements[i - total] if i - total > star - len(elements) else None


def keyed(node: ast.expr) -> bool:
    """`grads["W1"]`: an entry of a dictionary, which counts as a variable."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    )


def attribute(node: ast.expr) -> bool:
    """`self.dinputs`, `grads.x`: an attribute of an object, which counts as a variable."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and not hasattr(np.ndarray, node.attr)  # `x.T`
    )


def _flat(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [part for element in target.elts for part in _flat(element)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


def _target_names(target: ast.expr) -> list[str]:
    return [part.id for part in _flat(target) if isinstance(part, ast.Name)]


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node


def _roots(node: ast.expr) -> list[str]:
    """Names that a call could write through: `dx` in `dx[i]`, `dx.T`, `dx`."""
    root = _root(node.value if isinstance(node, ast.Starred) else node)
    return [root.id] if isinstance(root, ast.Name) else []


def _held(node: ast.expr) -> Iterator[ast.expr]:
    """What counts as a variable in an argument: `np.add.at(grads["W"], index, dout)`."""
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        if keyed(node) or attribute(node):
            yield node
        node = node.value


def _reads(node: ast.AST) -> tuple[str, ...]:
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id != VALUE]
    for n in ast.walk(node):  # what is reported inside is read, too
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == VALUE:
            names.append(n.args[1].value)  # type: ignore[attr-defined]
    return tuple(dict.fromkeys(names))


def _name(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def _load(node: ast.expr) -> ast.expr:
    loaded = copy.copy(node)
    loaded.ctx = ast.Load()  # type: ignore[attr-defined]
    return loaded


def _at(node: Syntax, where: Any) -> Syntax:
    for part in ast.walk(node):
        if "lineno" in getattr(part, "_attributes", ()) and not hasattr(part, "lineno"):
            ast.copy_location(part, where)
    return node


def _call(hook: str, site: int, name: str, value: ast.expr, where: Any) -> ast.Call:
    call = ast.Call(_name(hook), [ast.Constant(site), ast.Constant(name), value], [])
    return _at(call, where)


def _assign(target: Any, hook: str, site: int, name: str, where: Any) -> ast.stmt:
    fresh = copy.copy(target)
    fresh.ctx = ast.Store()
    return _at(ast.Assign([fresh], _call(hook, site, name, _load(target), where)), where)


def _call_statement(hook: str, site: int, name: str, where: Any) -> ast.stmt:
    return _at(ast.Expr(_call(hook, site, name, _name(name), where)), where)


def _touch(site: int, names: list[str], where: Any, held: Sequence[ast.expr] = ()) -> ast.stmt:
    values: dict[str, ast.expr] = {name: _name(name) for name in names}
    values.update({text_of(part): _load(part) for part in held})
    table = ast.Dict([ast.Constant(name) for name in values], list(values.values()))
    return _at(ast.Expr(ast.Call(_name(TOUCH), [ast.Constant(site), table], [])), where)
