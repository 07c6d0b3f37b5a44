"""The function that a command is about, and its arguments, as a shell names them."""

from __future__ import annotations

import argparse
import ast
import importlib
import importlib.util
import inspect
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from backprop.cli.arguments import EXAMPLE, Usage

HELP = """\
A function is FILE.py:NAME or package.module:NAME. The arguments of the forward:
  x=5x4          a random array of shape (5, 4); x=5 has shape (5,), x=() has no axes
  y=int:5<10     random integers of shape (5,), from 0 to 9
  mask=bool:5x4  random truth values
  x=@x.npy       the array in a file
  p=0.5  mode="train"  bn_param={"mode": "train"}   a number, a text, JSON
  lr=3           a shape where forward takes an array; for the number 3 write lr=:3
"""


def add_function(parser: argparse.ArgumentParser, *, backward: bool = False) -> None:
    """The options of a command about a forward function, and about its backward if it has one."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = HELP
    parser.add_argument("forward", metavar="FORWARD", help="FILE.py:NAME or package.module:NAME")
    if backward:
        parser.add_argument("backward", metavar="BACKWARD", help="the same for your backward")
    parser.add_argument("arguments", nargs="*", metavar="NAME=VALUE", help=f"such as {EXAMPLE}")
    parser.add_argument("--seed", type=int, default=0, help="of the random arrays (0)")


_loaded: dict[str, Any] = {}


def load(where: str) -> Callable[..., Any]:
    """The function that FILE.py:NAME or package.module:NAME names."""
    place, colon, name = where.rpartition(":")
    if not colon or not place or not name:
        raise Usage(
            f"{where!r} names no function; write FILE.py:NAME, such as layers.py:batchnorm_forward"
        )
    module = _loaded.get(place)
    if module is None:
        module = _loaded[place] = _module(place)
    value: Any = module
    for part in name.split("."):
        value = getattr(value, part, None)
    if callable(value):
        function: Callable[..., Any] = value
        return function
    functions = sorted(
        key for key, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__
    )  # fmt: skip
    what = "is not a function" if value is not None else "does not exist"
    has = f"; it has {', '.join(functions)}" if functions else ""
    raise Usage(f"{place}: `{name}` {what}{has}")


def _module(place: str) -> Any:
    path = Path(place)
    if place.endswith(".py") or path.is_file():
        if not path.is_file():
            raise Usage(f"there is no file {place}")
        sys.path.insert(0, str(path.resolve().parent))
        spec = importlib.util.spec_from_file_location(path.stem, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(path.stem, module)
        run: Callable[[], Any] = lambda: spec.loader.exec_module(module)  # type: ignore[union-attr]  # noqa: E731
    else:
        if os.getcwd() not in sys.path:
            sys.path.insert(0, os.getcwd())
        run = lambda: importlib.import_module(place)  # noqa: E731
    try:
        result = run()
    except SyntaxError as error:
        raise Usage(f"{error.filename}:{error.lineno}: {error.msg}\n  {error.text or ''}") from None
    except ModuleNotFoundError as error:
        if error.name and place.startswith(error.name):
            raise Usage(f"there is no module {place}; a file is written FILE.py:NAME") from None
        raise Usage(f"{place} cannot be imported: {own_line(error)}") from None
    except Exception as error:
        raise Usage(f"{place} cannot be imported: {own_line(error)}") from None
    return module if result is None else result


def own_line(error: Exception) -> str:
    """An exception and the last line of the user's own code that led to it."""
    own = None
    here = str(Path(__file__).resolve().parents[1])
    for frame in traceback.extract_tb(error.__traceback__):
        outside = (
            not frame.filename.startswith((here, "<")) and "site-packages" not in frame.filename
        )
        if outside and not frame.filename.startswith(str(Path(np.__file__).parent)):
            if not frame.filename.startswith(str(Path(ast.__file__).parent)):
                own = frame
    text = f"{type(error).__name__}: {error}"
    if own is None:
        return text
    return f"{text}\n  {own.filename}:{own.lineno}, in {own.name}\n    {own.line}"
