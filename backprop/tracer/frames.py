"""Where the author's code is running: from a frame to the `Site` of its instruction.

An operation asks for the `Site` of the frame that runs it. The instruction's position
(PEP 657) finds the expression in the parsed source, and the statement around it gives the
name. Everything is looked up once an instruction and remembered.
"""

from __future__ import annotations

import ast
import linecache
import os
from types import CodeType, FrameType
from typing import Any

import numpy as np

from backprop.graph.site import Site

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_NUMPY = os.path.dirname(os.path.abspath(np.__file__)) + os.sep
_LAYERS = os.path.join(_OURS, "layers", "")  # these are traced like an author's
_SCIPY = os.path.join("", "site-packages", "scipy", "")
_Span = tuple[int, int, int, int]


def _internal(code: CodeType) -> bool:
    """Code of the tracer, of numpy or scipy, not of an author."""
    name = code.co_filename
    if name.startswith(_LAYERS):
        return False
    return name.startswith((_OURS, _NUMPY, "<__array_function__")) or _SCIPY in name


class _Code:
    """The sites of one code object, by instruction."""

    __slots__ = ("code", "internal", "ours", "positions", "sites", "variables")

    def __init__(self, code: CodeType) -> None:
        self.code = code  # kept alive, since the cache goes by identity
        self.internal = _internal(code)
        self.ours = self.internal and code.co_filename.startswith(_OURS)
        self.sites: dict[int, Site] = {}
        self.positions: list[Any] | None = None
        # Its local variables, None where nested functions share some.
        shared = code.co_cellvars or code.co_freevars
        self.variables = None if shared else frozenset(code.co_varnames)

    def at(self, instruction: int) -> Site:
        if self.positions is None:
            self.positions = list(self.code.co_positions())
        line, end_line, column, end_column = self.positions[instruction // 2]
        tree = None
        if line and end_line is not None and column is not None and end_column is not None:
            tree = _tree(self.code.co_filename, (line, end_line, column, end_column))
        return self.sites.setdefault(instruction, Site(self.code, line, tree))


_codes: dict[int, _Code] = {}
_files: dict[str, tuple[list[str], dict[Any, ast.AST]]] = {}


def site(frame: FrameType | None) -> Site | None:
    """The place in the author's code that `frame`, or the nearest caller of it, is running."""
    while frame is not None:
        code = frame.f_code
        known = _codes.get(id(code)) or code_of(code)
        if not known.internal:
            instruction = frame.f_lasti
            return known.sites.get(instruction) or known.at(instruction)
        frame = frame.f_back
    return None


def code_of(code: CodeType) -> _Code:
    """What is known of a code object."""
    known = _codes.get(id(code))
    if known is None:
        known = _codes[id(code)] = _Code(code)
    return known


def author(frame: FrameType | None) -> FrameType | None:
    """The nearest frame that runs the author's code."""
    while frame is not None and (site(frame) is None or _codes[id(frame.f_code)].internal):
        frame = frame.f_back
    return frame


def outermost(frame: FrameType | None) -> FrameType | None:
    """The author's frame that the trace itself called: the traced function's."""
    found = None
    while frame is not None:
        code = code_of(frame.f_code)
        if not code.internal:
            found = frame
        elif found is not None and code.ours:
            return found
        frame = frame.f_back
    return None


def name_of(here: Site, frame: FrameType | None) -> str | None:
    """The name of what is computed at `here`, asking the callers of a helper that returns it."""
    position = here.returned
    frame = author(frame)
    while position is not None and frame is not None:
        frame = frame.f_back
        if frame is None:
            break
        code = _codes.get(id(frame.f_code))
        if code.internal if code else _internal(frame.f_code):
            break  # the traced function itself: nobody names its result
        here = site(frame) or here
        if position >= 0:
            name = here.names[position] if position < len(here.names) else None
            return name
        position = here.returned
    return here.name


def _tree(filename: str, span: _Span) -> ast.AST | None:
    lines = linecache.getlines(filename)
    if not lines:
        return None
    cached = _files.get(filename)
    if cached is None or cached[0] is not lines:
        cached = _files[filename] = (lines, _index("".join(lines)))
    trees = cached[1]
    # A chain of methods over several lines starts at the method's own line: go by its end.
    return trees.get(span) or trees.get(("call", span[1], span[3]))


def _index(source: str) -> dict[Any, ast.AST]:
    """Every expression that may run an operation, by its span; parents attached."""
    trees: dict[Any, ast.AST] = {}
    try:
        module = ast.parse(source)
    except SyntaxError:
        return trees
    for parent in ast.walk(module):
        for child in ast.iter_child_nodes(parent):
            child.parent = parent  # type: ignore[attr-defined]
        if isinstance(parent, (ast.expr, ast.AugAssign)):
            span = (
                parent.lineno,
                parent.end_lineno,
                parent.col_offset,
                parent.end_col_offset,
            )
            trees.setdefault(span, parent)
            if isinstance(parent, ast.Call):
                trees[("call", parent.end_lineno, parent.end_col_offset)] = parent
    return trees
