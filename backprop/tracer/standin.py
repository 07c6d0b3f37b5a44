"""A stand-in for numpy in the modules of a traced function.

`np.zeros` and its like take no array, so numpy's protocols do not tell us about them; but a
buffer that they make may be filled with traced values. While a function is traced, the name
`np` in its module means this stand-in, which is numpy with the functions of replaced.py.
"""

from __future__ import annotations

import builtins
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from backprop.tracer.replaced import BY_ORIGINAL, REPLACED
from backprop.tracer.tape import Tape, active, running

_SYSTEM = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib"))


# The module that `np` means in a traced function. (numpy loads some of its modules on first use.)
_numpy = ModuleType("numpy")
_numpy.__dict__.update({**vars(np), **REPLACED, "__getattr__": lambda name: getattr(np, name)})

_original_import = builtins.__import__


def _import(name: str, *args: Any, **options: Any) -> Any:
    """`import numpy as np` in the body of a traced function means the stand-in, too."""
    module = _original_import(name, *args, **options)
    if module is np and running() is not None:
        code = sys._getframe(1).f_code
        if code.co_flags & inspect.CO_OPTIMIZED and not code.co_filename.startswith(_SYSTEM):
            return _numpy
    return module


_known: dict[int, tuple[int, list[tuple[dict[str, Any], str, Any, Any]]]] = {}


class StandingIn:
    """While it is entered, `np` means the stand-in where `function` and its helpers live, and
    what they import in their bodies is the stand-in, too.

    It writes to `tape` in this thread.
    """

    def __init__(self, function: Callable[..., Any], tape: Tape) -> None:
        self._function = function
        self._tape = tape
        self._changed: list[tuple[dict[str, Any], str, Any]] = []

    def __enter__(self) -> None:
        self._outer = running()
        active.tape = self._tape
        for scope, name, original, replacement in _names(self._function):
            if scope.get(name) is original:
                scope[name] = replacement
                self._changed.append((scope, name, original))

    def __exit__(self, *_: object) -> None:
        active.tape = self._outer
        for scope, name, original in self._changed:
            scope[name] = original


def _names(function: Any) -> list[tuple[dict[str, Any], str, Any, Any]]:
    """Where numpy's names are, in the modules that can be reached from the function's."""
    start = function.__globals__ if type(function) is FunctionType else None
    if start is not None and id(start) in _known and _known[id(start)][0] == len(start):
        return _known[id(start)][1]
    start = _scope(function)
    if start is None:
        return []
    cached = _known.get(id(start))
    if cached is not None and cached[0] == len(start):
        return cached[1]
    found: list[tuple[dict[str, Any], str, Any, Any]] = [
        (vars(builtins), "__import__", _original_import, _import)
    ]
    scopes = {id(start): start}
    queue = [start]
    while queue:
        scope = queue.pop()
        for name, value in list(scope.items()):
            if value is np:
                found.append((scope, name, np, _numpy))
            elif id(value) in BY_ORIGINAL:
                found.append((scope, name, value, BY_ORIGINAL[id(value)]))
            elif isinstance(value, (FunctionType, type, ModuleType)):
                other = _scope(value)
                if other is not None and id(other) not in scopes:
                    scopes[id(other)] = other
                    queue.append(other)
    _known[id(start)] = (len(start), found)
    return found


def _scope(item: Any) -> dict[str, Any] | None:
    """The names of the author's module that a function, a class or a module belongs to."""
    scope = None
    if not isinstance(item, type):  # a class may have a descriptor of such a name
        while not hasattr(item, "__globals__") and hasattr(item, "func"):
            item = item.func  # functools.partial
        item = getattr(item, "__func__", item)
        scope = getattr(item, "__globals__", None)
    if scope is None:
        if isinstance(item, ModuleType):
            scope = vars(item)
        else:
            owner = item if isinstance(item, type) else type(item)
            module = sys.modules.get(owner.__module__)
            scope = vars(module) if module is not None else None
    if scope is None:
        return None
    file = scope.get("__file__")
    if file is None:
        return scope if scope.get("__name__") not in sys.builtin_module_names else None
    file = os.path.abspath(file)
    if file.startswith(_PACKAGE) and not file.startswith(_LAYERS):
        return None
    return None if file.startswith(_SYSTEM) and not file.startswith(_LAYERS) else scope


_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LAYERS = os.path.join(_PACKAGE, "layers", "")  # functions to be traced, wherever it is installed
