"""A stand-in for numpy where a traced function, and what it calls, finds numpy.

`np.zeros` and its like take no array, so numpy's protocols do not tell us about them; but a
buffer that they make may be filled with traced values. While a function is traced, the name
`np` in its module means this stand-in, which is numpy with the functions of replaced.py.
"""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

import numpy as np

from backprop.graph.trees import RANDOM, Contents, attributes, foreign, is_object
from backprop.tracer.further import as_strided
from backprop.tracer.of_scipy import stand_ins
from backprop.tracer.plainly import Asking
from backprop.tracer.reach import Reach, at_once, names_in
from backprop.tracer.replaced import BY_ORIGINAL, REPLACED, listed
from backprop.tracer.tape import Tape, active, running

# The module that `np` means in a traced function. (numpy loads some of its modules on first use.)
_numpy = ModuleType("numpy")
_numpy.__dict__.update({**vars(np), **REPLACED, "__getattr__": lambda name: getattr(np, name)})


def _module(original: ModuleType, **others: Any) -> ModuleType:
    module = ModuleType(original.__name__)
    module.__dict__.update({**vars(original), **others})
    return module


_tricks = np.lib.stride_tricks
_strided = _module(_tricks, as_strided=as_strided)
_lib = _module(np.lib, stride_tricks=_strided)
_numpy.__dict__["lib"] = _lib

_original_import = builtins.__import__


def _import(name: str, *args: Any, **options: Any) -> Any:
    """`import numpy as np` in the body of a traced function means the stand-in, too."""
    module = _original_import(name, *args, **options)
    if module is np and running() is not None:
        code = sys._getframe(1).f_code
        if code.co_flags & inspect.CO_OPTIMIZED and not foreign(code.co_filename):
            return _numpy
    return module


_STAND_INS = {
    id(np): _numpy,
    id(np.lib): _lib,
    id(_tricks): _strided,
    id(_tricks.as_strided): as_strided,
    **BY_ORIGINAL,
}  # what a traced function gets for numpy's own
# And where that was not enough: what takes a list of traced numbers, too.
_linalg = _module(np.linalg, **listed(np.linalg))
_whole = _module(_numpy, **listed(np), linalg=_linalg)
_WITH_LISTS = {
    **_STAND_INS,
    id(np): _whole,
    id(np.linalg): _linalg,
    **{
        id(getattr(module, name)): stand_in
        for module in (np, np.linalg)
        for name, stand_in in listed(module).items()
    },
}


class StandingIn:
    """While it is entered, `np` means the stand-in for `function` and all that it can call.

    It writes to `tape` in this thread. Afterwards every name, and every object that was in
    reach, is as it was before.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        tape: Tape,
        args: Sequence[Any] = (),
        every: bool = False,
    ) -> None:
        self._tape = tape
        self._reach = None
        self.functions: Sequence[Any] = ()
        self.contents = None
        of_scipy = stand_ins()
        wanted = {**_STAND_INS, **of_scipy} if of_scipy else _STAND_INS
        places = None if args or every else at_once(function, wanted)
        if places is not None:
            self._places = places
            if names_in(function.__code__).draws:
                self.functions = (function,)
            return
        self._reach = reach = Reach({**_WITH_LISTS, **of_scipy} if every else wanted)
        for item in (function, *args):
            reach.visit(item)
        self._places = reach.places
        self.functions = reach.functions
        asks = every or reach.dotted
        self._asking = Asking(reach.functions, every) if asks else None
        self.contents = _contents(reach.holders) if reach.holders else None

    def __enter__(self) -> None:
        self._outer = running()
        active.tape = self._tape
        reach = self._reach
        if reach is not None:
            self._enter(reach)
        for scope, name, _, found in self._places:
            if name is None:
                scope.cell_contents = found
            else:
                scope[name] = found

    def __exit__(self, *_: object) -> None:
        active.tape = self._outer
        if self._reach is not None:
            self._exit(self._reach)
        for scope, name, before, _ in self._places:
            if name is not None:
                scope[name] = before
        if self.contents is not None:
            self.contents.restore()

    def _enter(self, reach: Reach) -> None:
        if reach.cells:
            self._cells = [(cell, cell.cell_contents) for cell in reach.cells]
        if reach.rebound:
            self._globals = [
                (scope, name, scope.get(name, _numpy)) for scope, name in reach.rebound
            ]
        if reach.imports:
            self._import = builtins.__import__
            builtins.__import__ = _import
        if self._asking is not None:
            self._asking.__enter__()

    def _exit(self, reach: Reach) -> None:
        if reach.imports:
            builtins.__import__ = self._import
        if self._asking is not None:
            self._asking.__exit__()
        for cell, value in self._cells if reach.cells else ():
            cell.cell_contents = value
        for scope, name, before in self._globals if reach.rebound else ():
            if before is not _numpy:
                scope[name] = before
            else:
                scope.pop(name, None)


def _contents(holders: list[Any]) -> Contents:
    """What the objects and tables hold, and the arrays and generators of objects."""
    contents = Contents()
    for holder in holders:
        contents.keep(holder)
        for part in attributes(holder).values() if is_object(holder) else _parts(holder):
            for each in part.values() if isinstance(part, dict) else (part,):
                if isinstance(each, RANDOM) or (isinstance(each, np.ndarray) and is_object(holder)):
                    contents.keep(each)  # they, too, may be written to
    return contents


def _parts(holder: Any) -> Iterable[Any]:
    return holder.values() if isinstance(holder, dict) else holder
