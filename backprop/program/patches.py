"""What a page may not do to what judges it: set attributes of numpy and of this package."""

from __future__ import annotations

import ast
from collections.abc import Iterator

JUDGES = ("numpy", "backprop")
_CUSTOM = {"np", "numpy", "bp", "backprop"}  # imported in another fence of the page, most likely


def patches(code: str) -> Iterator[tuple[int, str]]:
    """The lines of a fence, counted from the one that opens it, that do, and why that is wrong.

    `np.sum = …` changes what all fences of the page are compared with.
    """
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):  # running it says so better
        return
    names = _CUSTOM | set(_imported(tree))
    for node in ast.walk(tree):
        for target in set_by(node):
            if root_of(target) in names:
                text = ast.unparse(target)
                yield (
                    target.lineno,
                    f"a page leaves numpy and backprop as they are, and `{text}` is set here: all "
                    "its fences are compared by them; define a function of your own",
                )


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                module = getattr(node, "module", None) or alias.name
                if module.partition(".")[0] in JUDGES:
                    yield alias.asname or alias.name.partition(".")[0]


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
