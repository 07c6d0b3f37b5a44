"""The source of a function as a syntax tree, and a function again out of a changed tree."""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import itertools
import linecache
import re
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backprop.graph.trees import foreign


@dataclass
class Source:
    """A function that was found in its source file.

    `tree` is its FunctionDef (a lambda becomes one), with the file's own line numbers.
    """

    function: types.FunctionType
    tree: ast.FunctionDef
    filename: str
    # Those of its object's methods that it may call, by their names: see `methods`.
    methods: dict[str, tuple[str, bool]] = field(default_factory=dict)

    @functools.cached_property
    def owner(self) -> str | None:
        """The class in whose body the function stands."""
        parts = self.function.__qualname__.split(".")
        places = [
            name for name, inner in itertools.pairwise(parts) if "<locals>" not in (name, inner)
        ]
        return places[-1] if places else None

    def private(self, name: str) -> str:
        """`_Layer__cache` for `__cache`, as the body of a class makes it."""
        if not self.owner or not name.startswith("__") or name.endswith("__"):
            return name
        return f"_{self.owner.lstrip('_')}{name}"

    def method(self, function: ast.expr) -> tuple[str, bool] | None:
        """The global name of the method that `self.step` is, and whether it takes `self`."""
        code = self.function.__code__
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and code.co_argcount
            and function.value.id == code.co_varnames[0]
        ):
            return self.methods.get(self.private(function.attr))
        return None

    def line(self, number: int) -> str:
        return linecache.getline(self.filename, number).strip()


def plain_function(f: Callable[..., Any]) -> tuple[types.FunctionType | None, Callable[..., Any]]:
    """The Python function inside a callable, and what puts a changed one back in its place."""
    if isinstance(f, functools.partial):
        inner, wrap = plain_function(f.func)
        return inner, lambda g: functools.partial(wrap(g), *f.args, **f.keywords)
    if isinstance(f, types.MethodType):
        inner, wrap = plain_function(f.__func__)
        return inner, lambda g: types.MethodType(wrap(g), f.__self__)
    if isinstance(f, types.FunctionType):
        if hasattr(f, "__wrapped__"):
            return _decorated(f)
        return f, lambda g: g
    call = vars(type(f)).get("__call__")
    if isinstance(call, types.FunctionType):
        return call, lambda g: functools.partial(g, f)
    return None, lambda g: g


def _decorated(
    f: types.FunctionType,
) -> tuple[types.FunctionType | None, Callable[..., Any]]:
    """The function under a decorator of Python, which goes on doing what it does."""
    cells = f.__closure__ or ()
    at = [i for i, cell in enumerate(cells) if _contents(cell) is f.__wrapped__]  # type: ignore[attr-defined]
    if len(at) != 1:
        return None, lambda g: g
    inner, wrap = plain_function(f.__wrapped__)  # type: ignore[attr-defined]

    def decorated(g: Callable[..., Any]) -> Callable[..., Any]:
        held = (*cells[: at[0]], types.CellType(wrap(g)), *cells[at[0] + 1 :])
        made = types.FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, held)
        made.__kwdefaults__ = f.__kwdefaults__
        return made

    return inner, decorated


def _contents(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not yet assigned
        return None


def find(function: types.FunctionType) -> Source | None:
    """The source of a function; None where there is none (a REPL, exec)."""
    try:
        lines, start = inspect.getsourcelines(function)
    except (OSError, TypeError, IndexError, SyntaxError):
        return None
    filename = function.__code__.co_filename
    if function.__name__ == "<lambda>":
        tree = _lambda(function, linecache.getlines(filename) or lines)
    else:
        tree = _definition(function, "".join(lines), max(start, 1))
    return None if tree is None else Source(function, tree, filename)


def _definition(function: types.FunctionType, text: str, start: int) -> ast.FunctionDef | None:
    try:
        module = ast.parse(textwrap.dedent(text))
    except SyntaxError:
        return None
    tree = module.body[0] if module.body else None
    if not isinstance(tree, ast.FunctionDef) or tree.name != function.__name__:
        return None
    ast.increment_lineno(tree, start - 1)
    return tree


def _lambda(function: types.FunctionType, lines: list[str]) -> ast.FunctionDef | None:
    code = function.__code__
    try:
        module = ast.parse("".join(lines))
    except SyntaxError:
        return None
    found = None
    for node in ast.walk(module):
        if not isinstance(node, ast.Lambda) or node.lineno != code.co_firstlineno:
            continue
        if len([*node.args.posonlyargs, *node.args.args]) != code.co_argcount:
            continue
        compiled = compile(ast.Expression(node), "", "eval").co_consts[0]
        names = compiled.co_names, compiled.co_varnames
        # Several may stand in one line, and use the same names: the innermost that holds all of it.
        if names == (code.co_names, code.co_varnames) and _holds(node.body, code):
            found = node
    if found is None:
        return None
    body = ast.copy_location(ast.Return(found.body), found.body)
    tree = ast.FunctionDef("lambda_", found.args, [body], [])
    return ast.fix_missing_locations(ast.copy_location(tree, found))


def _holds(body: ast.expr, code: types.CodeType) -> bool:
    """Whether all instructions that have a place have it in this expression."""
    start, end = (body.lineno, body.col_offset), (body.end_lineno, body.end_col_offset)
    places = [
        ((line, column), (last, stop))
        for line, last, column, stop in code.co_positions()
        if None not in (line, last, column, stop) and (line, column) != (last, stop)
    ]
    return bool(places) and all(start <= first and last <= end for first, last in places)


def helpers(source: Source) -> Iterator[tuple[str, Source]]:
    """The functions of the same module that a function calls, by their global names."""
    seen = {source.function}
    queue = [source.function]
    while queue:
        function = queue.pop()
        for name in _names_in(function.__code__):
            value = function.__globals__.get(name)
            if (
                isinstance(value, types.FunctionType)
                and value not in seen
                and value.__globals__ is source.function.__globals__
                and not hasattr(value, "__wrapped__")
            ):
                seen.add(value)
                found = find(value)
                if found is not None and found.tree.name == value.__name__ and not _lazy(found):
                    queue.append(value)
                    yield name, found


def methods(source: Source, kind: type) -> Iterator[tuple[str, Source]]:
    """The methods of its object that a method calls, by the global names that they are given."""
    known: dict[str, tuple[str, bool]] = {}
    queue = [source]
    while queue:
        current = queue.pop()
        current.methods = known
        for node in ast.walk(current.tree):
            name = current.private(node.attr) if isinstance(node, ast.Attribute) else ""
            value = inspect.getattr_static(kind, name, None) if name not in known else None
            static = isinstance(value, staticmethod)
            function = value.__func__ if isinstance(value, staticmethod) else value
            if not isinstance(function, types.FunctionType) or function is source.function:
                continue
            if foreign(function.__code__.co_filename) or hasattr(function, "__wrapped__"):
                continue
            found = find(function)
            if found is not None and not _lazy(found):
                known[name] = f"__backprop_method_{name}__", not static
                queue.append(found)
                yield known[name][0], found


def text_of(node: ast.AST) -> str:
    """The source of a tree, with numbers as people write them: 1e-5, not 1e-05."""
    return re.sub(r"(?<=\de[-+])0(?=\d)", "", ast.unparse(node))


def _names_in(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _lazy(source: Source) -> bool:
    return any(isinstance(n, (ast.Yield, ast.YieldFrom, ast.Await)) for n in ast.walk(source.tree))


def build(source: Source, tree: ast.FunctionDef, namespace: dict[str, Any]) -> types.FunctionType:
    """A function out of a changed tree: same closure and defaults, other globals."""
    function = source.function
    free = function.__code__.co_freevars
    tree = _copied(_resolved(tree, source) if source.owner else tree)
    tree.decorator_list = []
    tree.returns = None
    tree.args = _bare(tree.args)
    tree.name = "__inner__"  # its own name, called from inside, must stay a global one
    outer = ast.parse(f"def __outer__({', '.join(free)}): pass")
    definition = outer.body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.body = [tree]
    located(outer)
    module = compile(outer, source.filename, "exec")
    code = _inside(_inside(module, "__outer__"), tree.name)
    code = code.replace(co_name=function.__code__.co_name, co_qualname=function.__qualname__)
    cells = dict(zip(free, function.__closure__ or (), strict=True))
    closure = tuple(cells[name] for name in code.co_freevars)
    built = types.FunctionType(code, namespace, function.__name__, function.__defaults__, closure)
    built.__kwdefaults__ = function.__kwdefaults__
    return built


def _copied(node: Any) -> Any:
    new = copy.copy(node)
    new.__dict__.pop("located", None)
    return new


def located(tree: ast.AST) -> None:
    """`ast.fix_missing_locations`, in a third of the time; what is shared, and was done, is not."""
    todo: list[tuple[ast.AST, tuple[int, int, int, int]]] = [(tree, (1, 0, 1, 0))]
    while todo:
        node, at = todo.pop()
        held = node.__dict__
        if held.get("located"):
            continue
        held["located"] = True
        if "lineno" in node._attributes:
            if "lineno" not in held:
                held["lineno"], held["col_offset"] = at[:2]
            if held.get("end_lineno") is None:
                held["end_lineno"], held["end_col_offset"] = at[2:]
            at = held["lineno"], held["col_offset"], held["end_lineno"], held["end_col_offset"]
        for name in node._fields:
            part = held.get(name)
            if isinstance(part, list):
                todo += [(each, at) for each in part if isinstance(each, ast.AST)]
            elif isinstance(part, ast.AST) and part._fields:
                todo.append((part, at))


def _resolved(node: Any, source: Source) -> Any:
    """A tree whose methods are those that were found, and whose `self.__cache` is private.

    Only what is around those is copied: of a hundred variants of a line the rest is shared.
    """
    new = node
    held = node.__dict__
    for name in node._fields:
        value = held.get(name)
        part: Any = value
        if isinstance(value, ast.AST):
            part = _resolved(value, source) if value._fields else value
        elif isinstance(value, list):
            part = [_resolved(one, source) if isinstance(one, ast.AST) else one for one in value]
            if all(mine is other for mine, other in zip(part, value, strict=True)):
                part = value
        if part is not value:
            new = _copied(node) if new is node else new
            setattr(new, name, part)
    if isinstance(new, ast.Attribute) and source.private(new.attr) != new.attr:
        new = _copied(new) if new is node else new
        new.attr = source.private(new.attr)
    if isinstance(new, ast.Call) and (found := source.method(new.func)) is not None:
        name, bound = found
        new = _copied(new) if new is node else new
        holder = new.func.value  # type: ignore[union-attr]
        new.func = ast.copy_location(ast.Name(name, ast.Load()), new)
        new.args = [holder, *new.args] if bound else new.args
    return new


def _inside(code: types.CodeType, name: str) -> types.CodeType:
    return next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == name)


def _bare(arguments: ast.arguments) -> ast.arguments:
    """The parameters without annotations; defaults become None (the real ones are copied)."""
    bare: ast.arguments = clone(arguments, {})
    parts = (bare.posonlyargs, bare.args, bare.kwonlyargs, [bare.vararg, bare.kwarg])
    for argument in itertools.chain(*parts):
        if argument is not None:
            argument.annotation = None
    bare.defaults = [ast.Constant(None) for _ in bare.defaults]
    bare.kw_defaults = [None if d is None else ast.Constant(None) for d in bare.kw_defaults]
    return bare


def grafted(node: Any, at: ast.AST, new: ast.AST) -> Any:
    """A tree with another node in the place of one; all that is not around it is shared."""
    if node is at:
        return new
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, ast.AST):
            part = grafted(value, at, new)
            if part is value:
                continue
        elif isinstance(value, list):
            part = [grafted(each, at, new) if isinstance(each, ast.AST) else each for each in value]
            if all(mine is other for mine, other in zip(part, value, strict=True)):
                continue
        else:
            continue
        other = copy.copy(node)
        setattr(other, name, part)
        other.__dict__.pop("text", None)  # what was written there
        other.__dict__.pop("located", None)
        other.origin = getattr(node, "origin", node)
        return other
    return node


def clone(node: Any, replaced: dict[int, Any]) -> Any:
    """A copy of a tree in which some nodes (by id) are others; each knows its `origin`."""
    if isinstance(node, ast.AST):
        other = replaced.get(id(node))
        if other is not None:  # a choice of statements is made for one function alone
            return other if isinstance(other, ast.Match) else clone(other, {})
        fields = {name: clone(getattr(node, name, None), replaced) for name in node._fields}
        new = type(node)(**fields)
        for name in node._attributes:
            if hasattr(node, name):
                setattr(new, name, getattr(node, name))
        new.origin = getattr(node, "origin", node)  # type: ignore[attr-defined]
        return new
    if isinstance(node, list):
        return [clone(part, replaced) for part in node]
    return node
