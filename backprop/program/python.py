"""Runs the code of a fence in the namespace of its page. Lives in the page's own process."""

import ast
import asyncio
import inspect
import os
import types
from typing import Any


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    """Run a fence of Python: whether it ran is all that there is to find."""
    execute(request, name, module)


def execute(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    """Run the code of a fence in the namespace of its page; it may `await` at its top level."""
    for code in _compiled(request, name):
        result = eval(code, module.__dict__)
        if code.co_flags & inspect.CO_COROUTINE:
            _loop().run(result)


def _compiled(request: dict[str, Any], name: str) -> list[types.CodeType]:
    """The code of a fence, in one part for each file that it stands in."""
    places = request.get("places")
    # Empty lines above, so that every line has the number that it has in the page.
    source = request["code"] if places else "\n" * (request["first"] - 1) + request["code"]
    try:
        tree = ast.parse(source, name)
    except SyntaxError as error:
        if places and error.lineno:
            file, line, at = places[min(error.lineno, len(places)) - 1]
            error.filename, error.lineno = (file, line) if file else (name, request["first"] + at)
        raise
    # A fence that shall raise is shown as a reader would see it, so it is left alone.
    if not request.get("raises") and any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        try:
            from _pytest.assertion.rewrite import rewrite_asserts
        except ImportError:
            pass
        else:
            rewrite_asserts(tree, source.encode(), name)
    parts = _parts(tree, name, request["first"], places) if places else [(name, tree)]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return [compile(part, file, "exec", flags, dont_inherit=True) for file, part in parts]


def _parts(
    tree: ast.Module, name: str, first: int, places: list[tuple[str, int, int]]
) -> list[tuple[str, ast.Module]]:
    """Statements with the lines that they have in their file, those of one file together.

    A statement of several files, such as a function whose body is included, is the page's.
    """
    parts: list[tuple[str, ast.Module]] = []
    for statement in tree.body:
        numbered = [
            (node, which, number)
            for node in ast.walk(statement)
            for which in ("lineno", "end_lineno")
            if (number := getattr(node, which, None))
        ]
        files = {places[number - 1][0] for _, _, number in numbered}
        file = files.pop() if len(files) == 1 else ""
        for node, which, number in numbered:
            _, line, at = places[number - 1]
            setattr(node, which, line if file else first + at)
        if not parts or parts[-1][0] != (file or name):
            parts.append((file or name, ast.Module([], [])))
        parts[-1][1].body.append(statement)
    return parts


_loops: dict[int, asyncio.Runner] = {}


def _loop() -> asyncio.Runner:
    """The event loop of a page: one for all its fences, and another in a process forked from it."""
    if os.getpid() not in _loops:
        _loops.clear()
        _loops[os.getpid()] = asyncio.Runner()
    return _loops[os.getpid()]
