"""A fence that is checked changes nothing but its page, and gives the same when it runs again."""

import ast
import contextlib
import io
import random
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backprop.site.posts.check.follow import CannotFollowError
from backprop.site.posts.check.points import array, fresh


def changes(code: str, namespace: dict[str, Any], page: Mapping[str, Any]) -> None:
    """CannotFollowError for a line that sets an attribute of a module, a class or a function.

    `np.sum = …` would change what all lines are compared with. For the first line, where a fence
    before has done that.
    """
    if name := patched(page):
        raise CannotFollowError("patched", 1, name=name)
    try:
        tree = ast.parse(code)
    except SyntaxError:  # running it says so better
        return
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    foreign = (types.ModuleType, type, types.FunctionType, types.BuiltinFunctionType, np.ufunc)
    for node in ast.walk(tree):
        for target in set_by(node):
            root = root_of(target)
            if root in imported or isinstance(namespace.get(root), foreign):
                code = ast.unparse(node).splitlines()[0]
                name = ast.unparse(target)
                raise CannotFollowError("module", target.lineno, code=code, name=name)


def set_by(node: ast.AST) -> Iterator[ast.expr]:
    """The attributes and entries that a statement sets or deletes."""
    targets: list[ast.expr] = []
    if isinstance(node, (ast.Assign, ast.Delete)):
        targets = node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For)):
        targets = [node.target]
    elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("setattr", "delattr"):
        yield from node.args[:1]
    for target in targets:
        for inner in ast.walk(target):
            if isinstance(inner, (ast.Attribute, ast.Subscript)):
                if not isinstance(inner.ctx, ast.Load):
                    yield inner


def root_of(node: ast.AST) -> str:
    """The name that an attribute or an entry is one of; "" for that of something computed."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def patched(page: Mapping[str, Any]) -> str:
    """A function of numpy or of this package in whose place one of the page stands; "" if none."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "backprop" or name == "numpy":
            for key, value in list(vars(module).items()):
                held = vars(value).values() if isinstance(value, type) else (value,)
                for one in held:
                    if isinstance(one, types.FunctionType) and one.__globals__ is page:
                        return f"{name}.{key}"
    return ""


class Drawn:
    """Where the random numbers of a page stand, to draw the same once more."""

    def __init__(self) -> None:
        self.numpy, self.python = np.random.get_state(), random.getstate()

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        now = Drawn()
        np.random.set_state(self.numpy)
        random.setstate(self.python)
        try:
            yield
        finally:
            np.random.set_state(now.numpy)
            random.setstate(now.python)


def same_again(
    marked: list[dict[str, Any]], code: str, before: dict[str, Any],
    after: Mapping[str, Any], drawn: Drawn,
) -> None:  # fmt: skip
    """CannotFollowError for a gradient that is another one when the fence runs once more."""
    scope = {name: fresh(value) for name, value in before.items()}
    if any(isinstance(node, (ast.Await, ast.AsyncFor)) for node in ast.walk(ast.parse(code))):
        return
    with drawn.again(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        try:
            exec(compile(code, "<again>", "exec"), scope)
        except Exception:  # it has taken something that is gone; the lines themselves are compared
            return
    for mark in marked:
        one, other = array(after.get(mark["name"])), array(scope.get(mark["name"]))
        if one is None or other is None or one.shape != other.shape:
            continue
        if not np.allclose(one, other, rtol=1e-9, atol=0, equal_nan=True):
            raise CannotFollowError("not_again", mark["line"] + 1, name=mark["name"])
