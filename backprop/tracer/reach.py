"""What a function can run and change: other functions, and objects that keep state.

They are found where the function finds them: the names in its code, its closure, its defaults,
the attributes of its object, and so on from there. Nothing is remembered from one trace to the
next, so a module that was reloaded, or imported afresh, is seen as it is now.
"""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from backprop.graph.trees import children, foreign, holds, is_object

_PLAIN = {int, float, complex, bool, str, bytes, type(None), np.ndarray, np.float64, np.int64}


_DRAWING = {
    *("random", "rng", "default_rng", "rand", "randn", "randint", "integers", "choice", "normal"),
    *("standard_normal", "uniform", "binomial", "permutation", "shuffle", "random_sample"),
}


class _Code(NamedTuple):
    """The names in a code object and in those nested in it."""

    code: CodeType
    names: tuple[str, ...]
    loaded: tuple[str, ...]  # those that are not only attributes of something
    rebound: tuple[str, ...]  # globals that it assigns
    imported: tuple[str, ...]  # modules that it imports itself
    dotted: bool  # it has a `.dot`
    draws: bool  # it may draw random numbers


_codes: dict[int, _Code] = {}


def names_in(code: CodeType) -> _Code:
    known = _codes.get(id(code))
    if known is None:
        every = list(_nested(code))
        names = dict.fromkeys(name for each in every for name in each.co_names)
        steps = [step for each in every for step in dis.get_instructions(each)]

        def of(*operations: str) -> tuple[str, ...]:
            return tuple([step.argval for step in steps if step.opname in operations])

        rebound = of("STORE_GLOBAL", "DELETE_GLOBAL")
        loaded = tuple(dict.fromkeys(of("LOAD_GLOBAL", "LOAD_NAME")))
        draws = not _DRAWING.isdisjoint(names)
        known = _codes[id(code)] = _Code(
            code, tuple(names), loaded, rebound, of("IMPORT_NAME"), "dot" in names, draws
        )
    return known


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


Place = tuple[Any, Any, Any, Any]


def at_once(function: Any, wanted: dict[int, Any]) -> list[Place] | None:
    """`places` of a function that reaches nothing but numpy and numbers; None for others.

    That is the usual case, and this is part of the time of every trace.
    """
    if type(function) is not FunctionType or function.__closure__ or function.__defaults__:
        return None
    code = function.__code__
    known = _codes.get(id(code)) or names_in(code)
    if known.dotted or known.imported or known.rebound or function.__kwdefaults__:
        return None
    scope = function.__globals__
    if foreign(scope.get("__file__")):
        return None
    places: list[Place] = []
    for name in known.loaded:
        value = scope.get(name)
        found = wanted.get(id(value))
        if found is not None:
            places.append((scope, name, value, found))
        elif type(value) not in _PLAIN:
            return None
    return places


class Reach:
    """Everything that can be reached from some functions and arguments.

    Attributes:
        functions: those of the author, whose code will be traced.
        places: where one of `wanted` was met: a namespace and the name in it, or a closure's
            cell and None; what was met, and what `wanted` has for it.
        holders: containers and objects, which may keep something of a run.
        rebound: the globals that the functions assign.
        dotted, imports: some have a `.dot`, or import something themselves.
    """

    def __init__(self, wanted: dict[int, Any]) -> None:
        self.functions: list[FunctionType] = []
        self.places: list[Place] = []
        self.holders: list[Any] = []
        self.rebound: list[tuple[dict[str, Any], str]] = []
        self.cells: list[Any] = []
        self.dotted = self.imports = False
        self._wanted = wanted
        self._seen: set[int] = set()

    def visit(self, item: Any) -> None:
        """Follow one value."""
        stack = [item]
        while stack:
            item = stack.pop()
            if type(item) in _PLAIN or id(item) in self._seen:
                continue
            self._seen.add(id(item))
            if type(item) is FunctionType:
                self._function(item, stack)
            elif isinstance(item, MethodType):
                stack += [item.__func__, item.__self__]
            elif isinstance(item, functools.partial):
                stack += [item.func, *item.args, *item.keywords.values()]
            elif isinstance(item, (staticmethod, classmethod)):
                stack.append(item.__func__)
            elif isinstance(item, property):
                stack += [item.fget, item.fset]
            elif isinstance(item, functools.cached_property):
                stack.append(item.func)
            elif isinstance(item, type):
                self._class(item, stack)
            elif holds(item):
                if not isinstance(item, tuple):
                    self.holders.append(item)
                if is_object(item):
                    stack.append(type(item))
                stack += [part for _, _, part in children(item)]

    def _function(self, function: FunctionType, stack: list[Any]) -> None:
        scope = function.__globals__
        if foreign(scope.get("__file__")):
            return
        self.functions.append(function)
        code = function.__code__
        _, names, loaded, rebound, imported, dotted, _ = _codes.get(id(code)) or names_in(code)
        if dotted:
            self.dotted = True
        wanted = self._wanted
        for name in loaded:
            value = scope.get(name)
            if type(value) in _PLAIN:
                continue
            found = wanted.get(id(value))
            if found is not None:
                self.places.append((scope, name, value, found))
            elif type(value) is ModuleType:
                self._module(value, names, stack)
            else:
                stack.append(value)
        for name in imported:
            self.imports = True
            if (module := sys.modules.get(name)) is not None:
                self._module(module, names, stack)
        if rebound:
            self.rebound += [(scope, name) for name in rebound]
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not yet assigned
                continue
            self.cells.append(cell)
            if (found := wanted.get(id(value))) is not None:
                self.places.append((cell, None, value, found))
            elif type(value) is ModuleType:
                self._module(value, names, stack)
            else:
                stack.append(value)
        if function.__defaults__ or function.__kwdefaults__:
            stack += function.__defaults__ or ()
            stack += (function.__kwdefaults__ or {}).values()

    def _module(self, module: ModuleType, names: tuple[str, ...], stack: list[Any]) -> None:
        """What a function takes from a module: `layers.conv`, `from layers import conv`.

        Of a package that is not the author's, only the modules in it: `bp.layers`.
        """
        if module is np:
            return
        strange = foreign(getattr(module, "__file__", None))
        scope = vars(module)
        for name in names:
            value = scope.get(name)
            if value is None and "__getattr__" in scope and name in scope.get("__all__", ()):
                value = getattr(module, name)  # a module that is loaded at its first use
            if type(value) in _PLAIN or (strange and type(value) is not ModuleType):
                continue
            found = self._wanted.get(id(value))
            if found is not None:
                if not strange:
                    self.places.append((scope, name, value, found))
            elif type(value) is not ModuleType:
                stack.append(value)
            elif id(value) not in self._seen:
                self._seen.add(id(value))
                self._module(value, names, stack)

    def _class(self, kind: type, stack: list[Any]) -> None:
        for each in kind.__mro__:
            if each is object or foreign(
                getattr(sys.modules.get(each.__module__), "__file__", None)
            ):
                continue
            stack += [v for v in vars(each).values() if type(v) not in _PLAIN]
