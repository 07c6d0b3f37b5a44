"""Each answer begins as if Python had just been started: what a run changed is put back."""

from __future__ import annotations

import builtins
import contextlib
import math
import os
import shutil
import sys
import tempfile
import warnings
from types import ModuleType
from typing import Any

import numpy as np

SHARED = (builtins, math, np, np.linalg, np.random, np.fft)  # modules that readers' code writes to


class Afresh:
    """While it is open, code may write to what the process shares; afterwards that is as before.

    Put back are the names in `SHARED`, loaded modules, the search path, how numpy prints and
    warns, the recursion limit and whoever traces. The working folder is an empty one, as on a
    page, which is gone afterwards.
    """

    def __enter__(self) -> Afresh:
        self._names = [(module, dict(vars(module))) for module in SHARED]
        self._modules, self._path = dict(sys.modules), list(sys.path)
        self._limit = sys.getrecursionlimit()
        self._traces = sys.gettrace(), sys.getprofile()
        self._home, self._folder = os.getcwd(), tempfile.mkdtemp()
        os.chdir(self._folder)
        self._open = contextlib.ExitStack()
        for one in (np.printoptions(), np.errstate(), warnings.catch_warnings()):
            self._open.enter_context(one)
        return self

    def __exit__(self, *_: object) -> None:
        for module, names in self._names:
            _put_back(module, names)
        sys.modules.update(self._modules)
        for name in OWN - self._modules.keys():
            sys.modules.pop(name, None)
        sys.path[:] = self._path
        sys.setrecursionlimit(self._limit)
        sys.settrace(self._traces[0])
        sys.setprofile(self._traces[1])
        self._open.close()
        os.chdir(self._home)
        shutil.rmtree(self._folder, ignore_errors=True)


OWN = {"forward", "backward"}
"""Modules that hold a reader's code; what it keeps in them is gone with its run."""


def _put_back(module: ModuleType, names: dict[str, Any]) -> None:
    now = vars(module)
    for name in now.keys() - names.keys():
        if not isinstance(now[name], ModuleType):  # a submodule that was imported meanwhile
            del now[name]
    for name, value in names.items():
        if now.get(name, module) is not value:
            now[name] = value
