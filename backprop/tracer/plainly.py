"""Plain arrays that meet traced ones where numpy cannot tell us.

`X.dot(W)` of a plain `X` asks for plain numbers at once, and so does `g[0] += W` of a plain
`g`. While a function that does such things is traced, it runs with another code: the same,
compiled from its own source, in which those statements ask here first. Lines and names stay.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from backprop.tracer.array import Array, arrays_in, traced
from backprop.tracer.reach import names_in
from backprop.tracer.tape import running

_METHOD, _BUFFER = "__backprop_method__", "__backprop_buffer__"
_METHODS = {"dot", "copy", "astype", "choose"}


class _Asking(ast.NodeTransformer):
    """`X.dot(W)` and `g[0] = W` ask whether X and g are plain."""

    def __init__(self) -> None:
        self.bound: set[str] = set()  # the names that the function binds itself

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        outer, self.bound = self.bound, _bound(node)
        self.generic_visit(node)
        self.bound = outer
        return node

    def visit_Call(self, node: ast.Call) -> Any:
        self.generic_visit(node)
        function = node.func
        if not isinstance(function, ast.Attribute) or function.attr not in _METHODS:
            return node
        if isinstance(function.value, ast.Name) and function.value.id in ("np", "numpy"):
            return node
        args = [ast.Constant(function.attr), function.value, *node.args]
        return _at(ast.Call(ast.Name(_METHOD, ast.Load()), args, node.keywords), node)

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        owned = [self._owned(t) for t in node.targets if isinstance(t, ast.Subscript)]
        return [*[each for each in owned if each is not None], node]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        owned = self._owned(node.target)
        return node if owned is None else [owned, node]

    def _owned(self, target: Any) -> ast.stmt | None:
        """`g = buffer(g, "g")`, for the name that is written to."""
        root = target
        while isinstance(root, ast.Subscript):
            root = root.value
        if not isinstance(root, ast.Name) or root.id not in self.bound:
            return None
        args: list[ast.expr] = [ast.Name(root.id, ast.Load()), ast.Constant(root.id)]
        value = ast.Call(ast.Name(_BUFFER, ast.Load()), args, [])
        result: ast.stmt | None = _at(ast.Assign([ast.Name(root.id, ast.Store())], value), target)
        return result


def _bound(function: ast.FunctionDef) -> set[str]:
    """The names that are local to a function, and certainly so."""
    arguments = function.args
    found = {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    others: set[str] = set()
    queue: list[ast.AST] = list(function.body)
    while queue:
        part = queue.pop()
        if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        if isinstance(part, (ast.Global, ast.Nonlocal)):
            others.update(part.names)
        elif isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            found.add(part.id)
        if not isinstance(part, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            queue += ast.iter_child_nodes(part)
    return found - others


def _at(new: Any, where: ast.AST) -> Any:
    for part in ast.walk(new):
        if "lineno" in getattr(part, "_attributes", ()) and not hasattr(part, "lineno"):
            ast.copy_location(part, where)
    return new


_Key = tuple[str, int]
_files: dict[str, tuple[list[str], dict[_Key, CodeType]]] = {}
_known: dict[int, tuple[CodeType, CodeType | None]] = {}


def asking(code: CodeType) -> CodeType | None:
    """The code that asks, for the code of a function; None where the source does not tell it."""
    known = _known.get(id(code))
    if known is None:
        known = _known[id(code)] = (code, _of(code))
    return known[1]


def _of(code: CodeType) -> CodeType | None:
    lines = linecache.getlines(code.co_filename)
    if not lines:
        return None
    cached = _files.get(code.co_filename)
    if cached is None or cached[0] is not lines:
        cached = _files[code.co_filename] = (lines, _compiled("".join(lines), code.co_filename))
    found = cached[1].get((code.co_qualname, code.co_firstlineno))
    if found is None or found.co_freevars != code.co_freevars:
        return None
    arguments = code.co_argcount + code.co_kwonlyargcount
    same = found.co_varnames[:arguments] == code.co_varnames[:arguments]
    strange = set(found.co_names) - {*code.co_names, _METHOD, _BUFFER}
    return found if same and not strange else None


def _compiled(source: str, filename: str) -> dict[_Key, CodeType]:
    try:
        tree = _Asking().visit(ast.parse(source))
        module = compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[_Key, CodeType] = {}
    for code in _codes(module):
        found.setdefault((code.co_qualname, code.co_firstlineno), code)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from _codes(inner)


class Asking:
    """While it is entered, functions run with the code that asks.

    These are the functions with a `.dot`, which is common; `every` is for a second attempt.
    """

    def __init__(self, functions: list[FunctionType], every: bool) -> None:
        self._codes: list[tuple[FunctionType, CodeType, CodeType]] = [
            (function, function.__code__, other)
            for function in functions
            if (every or names_in(function.__code__).dotted)
            and (other := asking(function.__code__)) is not None
        ]

    def __enter__(self) -> None:
        for function, _, other in self._codes:
            function.__code__ = other

    def __exit__(self, *_: object) -> None:
        for function, before, _asking in self._codes:
            function.__code__ = before


# ── what the code asks ──────────────────────────────────────────────────────────────────────
def _plain(item: Any) -> bool:
    kind: type = type(item)  # a traced array says that it is one of numpy's
    return isinstance(item, np.ndarray) and kind is not Array


def method(name: str, item: Any, *args: Any, **options: Any) -> Any:
    """`item.dot(W)`, `item.copy()`: of a plain array too, where the result is to be traced."""
    tape = running()
    if tape is None or not _plain(item):
        return getattr(item, name)(*args, **options)
    if name in ("dot", "choose") and next(arrays_in(args), None) is not None:
        return getattr(np, name)(item, *args, **options)
    value = getattr(item, name)(*args, **options)
    if name in ("dot", "choose") or not _plain(value) or value.dtype.kind != "f":
        return value
    # What is copied is going to be written to, perhaps traced values.
    operands = (item,) if name == "copy" else (item, value.dtype)
    return traced(tape, tape.record(name, operands))


def buffer(item: Any, name: str) -> Any:
    """An array that is about to be written to: traced, if it is plain and nobody else has it."""
    tape = running()
    if tape is None or not _plain(item) or item.dtype.kind != "f" or item.base is not None:
        return item
    if sys.getrefcount(item) > _ALONE:
        return item
    return traced(tape, tape.record("copy", (item,), name=name))


def _references(item: Any, name: str) -> int:
    return sys.getrefcount(item)


def _alone() -> int:
    item: Any = np.zeros(1)
    count: int = _references(item, "")  # called as `buffer` is
    return count


_ALONE = _alone()
for _name, _function in ((_METHOD, method), (_BUFFER, buffer)):
    setattr(builtins, _name, _function)
