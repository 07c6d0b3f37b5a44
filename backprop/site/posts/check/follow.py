"""Reads the lines of a fence for the check: what each assigns, reads and depends on.

What cannot be followed line by line is refused here, with advice; it must not pass unseen.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from backprop.site.posts.check.words import say

# Attributes and functions that look at the form of an array, not at its values.
_FORM = {"shape", "ndim", "size", "dtype"}
_FORM_FUNCTIONS = {"len", "shape", "ndim", "size", "zeros_like", "ones_like", "empty_like", "type"}
# Sums of forward values; on the shifted function a second computation would be another number.
_REDUCTIONS = {"sum", "mean", "var", "std", "average", "nanmean", "nansum"}


class CannotFollowError(ValueError):
    """A line that the check cannot follow; `line` counts from 1 in the fence.

    `text` is the row of the words that says why, `values` are what its places are filled with.
    """

    def __init__(self, text: str, line: int, **values: str):
        super().__init__(say(text, "en", **values))
        self.text, self.line, self.values = text, line, values


@dataclass(frozen=True)
class Statement:
    """One statement of the top level, with the names that it assigns (in order) and reads."""

    node: ast.stmt
    assigns: tuple[str, ...]
    reads: frozenset[str]
    plain: bool  # a single assignment, not a loop or a condition around some

    @property
    def line(self) -> int:
        return self.node.lineno

    @property
    def last(self) -> int:
        """The line that carries the mark: the end of an assignment."""
        if self.plain:
            return self.node.end_lineno or self.node.lineno
        inner = [node for node in ast.walk(self.node) if isinstance(node, _ASSIGNMENTS)]
        return max((node.end_lineno or node.lineno for node in inner), default=self.node.lineno)

    def assignment(self, name: str) -> ast.stmt:
        """The last simple statement in here that assigns a name."""
        inner = [
            node
            for node in ast.walk(self.node)
            if isinstance(node, (*_ASSIGNMENTS, ast.Expr)) and name in targets(node)
        ]
        return max(inner, key=lambda node: node.lineno, default=self.node)


_ASSIGNMENTS = (ast.Assign, ast.AugAssign, ast.AnnAssign)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPOUND = (*_LOOPS, ast.If, ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match)
_HIDING = {"exec", "globals", "locals", "vars", "setattr", "delattr"}  # they assign by text
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def statements(code: str) -> list[Statement]:
    """The statements of a fence; CannotFollowError for what hides assignments from us."""
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, _FUNCTIONS):
            raise CannotFollowError("function", node.lineno, name=node.name)
        for inner in ast.walk(node):
            if isinstance(inner, ast.ImportFrom) and any(a.name == "*" for a in inner.names):
                raise CannotFollowError("star", inner.lineno, name=inner.module or ".")
            if isinstance(inner, ast.Call) and _called(inner) in _HIDING:
                raise CannotFollowError("hidden", inner.lineno, name=_called(inner))
            if isinstance(inner, (ast.Lambda, *_FUNCTIONS)) and not isinstance(inner, ast.Lambda):
                raise CannotFollowError("inner_function", inner.lineno)
        found.append(
            Statement(
                node,
                tuple(targets(node)),
                frozenset(_read(node)),
                isinstance(node, _ASSIGNMENTS),
            )
        )
    return found


def inner_assignments(node: ast.AST) -> Iterator[ast.stmt]:
    """The simple statements inside an `if`, a loop, a `try` or a `with` that assign something."""
    for inner in ast.walk(node):
        if inner is not node and isinstance(inner, (*_ASSIGNMENTS, ast.Expr)):
            yield inner


def targets(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assign):
            targets = inner.targets
        elif isinstance(inner, (ast.AugAssign, ast.AnnAssign, ast.NamedExpr, ast.For)):
            targets = [inner.target]
        elif isinstance(inner, ast.withitem):
            targets = [] if inner.optional_vars is None else [inner.optional_vars]
        elif isinstance(inner, _BINDING):
            yield from _bound(inner)
            continue
        else:
            targets = [call] if (call := _out_argument(inner)) else []
        for target in targets:
            yield from _names(target)


_BINDING = (ast.alias, ast.ExceptHandler, ast.MatchAs, ast.MatchStar, ast.MatchMapping)


def _bound(node: ast.AST) -> Iterator[str]:
    """`import a.b`, `import a as b`, `except E as e`, `case [*rest]` bind names, too."""
    name = getattr(node, "rest", None) if isinstance(node, ast.MatchMapping) else None
    if isinstance(node, ast.alias):
        name = node.asname or node.name.partition(".")[0]
    elif not isinstance(node, ast.MatchMapping):
        name = getattr(node, "name", None)
    if name:
        yield name


def kept(node: ast.AST) -> Iterator[tuple[str, ast.expr, ast.AST]]:
    """What is given a name that is none of the page's: the name, the value, where.

    `g.dx = …`, `grads["dx"] = …`, `{"dx": …}`, `Grads(dx=…)`, `lambda dx=…: …`.
    """
    for inner in ast.walk(node):
        if isinstance(inner, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and inner.value:
            for target in inner.targets if isinstance(inner, ast.Assign) else [inner.target]:
                if name := _key(target):
                    yield name, inner.value, inner
        elif isinstance(inner, ast.Dict):
            for key, value in zip(inner.keys, inner.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value, key
        elif isinstance(inner, ast.keyword) and inner.arg:
            yield inner.arg, inner.value, inner.value
        elif isinstance(inner, ast.arguments):
            plain = [*inner.posonlyargs, *inner.args]
            last = [None] * (len(plain) - len(inner.defaults))
            defaults = [*last, *inner.defaults, *inner.kw_defaults]
            for argument, default in zip([*plain, *inner.kwonlyargs], defaults, strict=True):
                if default is not None:
                    yield argument.arg, default, default


def _key(target: ast.expr) -> str:
    if isinstance(target, ast.Attribute):
        return target.attr
    part = target.slice if isinstance(target, ast.Subscript) else None
    return part.value if isinstance(part, ast.Constant) and isinstance(part.value, str) else ""


@dataclass(frozen=True)
class _Inside:
    """A statement inside another: on which of several ways, and in which loops."""

    node: ast.stmt
    ways: tuple[tuple[ast.AST, object], ...]
    loops: tuple[ast.stmt, ...]

    def excludes(self, other: "_Inside") -> bool:
        """Does one of them run where the other does not, as below `if` and `else`?"""
        mine = dict(self.ways)
        return any(mine.get(at, way) != way for at, way in other.ways)

    @property
    def reads(self) -> set[str]:
        """The names that it reads by itself: of a loop or a condition, those in its head."""
        heads: list[ast.AST] = [self.node]
        if isinstance(self.node, _COMPOUND):
            parts = ast.iter_child_nodes(self.node)
            heads = [part for part in parts if isinstance(part, (ast.expr, ast.withitem))]
        return {name for head in heads for name in _read(head)}

    def is_read_again(self, name: str) -> bool:
        """May a later turn of a loop read a name?"""
        return any(name in _read(loop) for loop in self.loops)


def _inside(
    node: ast.AST,
    ways: tuple[tuple[ast.AST, object], ...] = (),
    loops: tuple[ast.stmt, ...] = (),
) -> Iterator[_Inside]:
    if isinstance(node, _LOOPS):
        loops = (*loops, node)
    for field, value in ast.iter_fields(node):
        for number, child in enumerate(value if isinstance(value, list) else ()):
            own = ways
            if isinstance(node, ast.If):
                own = (*ways, (node, field))
            elif isinstance(child, (ast.ExceptHandler, ast.match_case)):
                own = (*ways, (node, number))
            if isinstance(child, ast.stmt):
                yield _Inside(child, own, loops)
            if isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
                yield from _inside(child, own, loops)


def overwritten(node: ast.stmt) -> Iterator[tuple[ast.stmt, str, ast.stmt]]:
    """Assignments inside a statement whose value nothing reads before it is another: which, of
    what name, and by what. Of two that exclude each other the one is overwritten by the other in
    the next turn of a loop."""
    last: dict[str, list[_Inside]] = {}
    for inner in _inside(node):
        for name in inner.reads:
            last.pop(name, None)
        if not isinstance(inner.node, ast.Assign):
            continue
        for name in (t.id for t in inner.node.targets if isinstance(t, ast.Name)):
            before = last.get(name, [])
            for one in before:
                apart = one.excludes(inner) and not set(one.loops) & set(inner.loops)
                if not apart and not one.is_read_again(name):
                    yield one.node, name, inner.node
            last[name] = [*(one for one in before if one.excludes(inner)), inner]


# Functions that write to their first argument, methods that write to their array.
_WRITING = {"at", "copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"}
_METHODS = {"fill", "sort", "partition", "itemset"}


def _out_argument(node: ast.AST) -> ast.expr | None:
    """`np.add(a, b, out=dx)`, `np.add.at(dx, i, v)` and `dx.fill(0)` assign too."""
    if not isinstance(node, ast.Call):
        return None
    if isinstance(node.func, ast.Attribute):
        if node.func.attr in _WRITING and node.args:
            return node.args[0]
        if node.func.attr in _METHODS and isinstance(node.func.value, ast.Name | ast.Subscript):
            return node.func.value
    return next((word.value for word in node.keywords if word.arg == "out"), None)


def _names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, (ast.Subscript, ast.Attribute, ast.Starred)):
        yield from _names(target.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        for element in target.elts:
            yield from _names(element)


def _read(node: ast.AST) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, ast.AugAssign):
            yield from _names(inner.target)


def depends(node: ast.AST) -> set[str]:
    """The names whose values (not only whose shapes) an expression depends on."""
    if isinstance(node, ast.Attribute) and node.attr in _FORM:
        return set()
    if isinstance(node, ast.Call) and _called(node) in _FORM_FUNCTIONS:
        return set()
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        found |= depends(child)
    if isinstance(node, ast.AugAssign):
        found |= set(_names(node.target))
    return found


def recomputed(node: ast.AST, forward: set[str], gradients: set[str]) -> str | None:
    """The first sum or mean of forward values alone in a statement, as the author wrote it."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and _called(inner) in _REDUCTIONS:
            operands = [*inner.args, *(word.value for word in inner.keywords)]
            if isinstance(inner.func, ast.Attribute):
                operands.append(inner.func.value)  # x.sum(axis=0)
            names = set().union(*(depends(operand) for operand in operands))
            if names & forward and not names & gradients:
                return ast.unparse(inner)
    return None


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
