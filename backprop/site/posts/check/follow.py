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
_HIDING = {"exec", "globals", "locals", "vars", "setattr"}  # they assign by text
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def statements(code: str) -> list[Statement]:
    """The statements of a fence; CannotFollowError for what hides assignments from us."""
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, _FUNCTIONS):
            raise CannotFollowError("function", node.lineno, name=node.name)
        for inner in ast.walk(node):
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
        else:
            targets = [call] if (call := _out_argument(inner)) else []
        for target in targets:
            yield from _names(target)


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
