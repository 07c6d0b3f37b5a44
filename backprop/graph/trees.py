"""Arguments that hold arrays: dictionaries, lists, tuples and objects, and the paths in them.

A path is how the author would write it: `params["W1"]`, `layers[0].W`.
"""

from __future__ import annotations

import copy
import functools
import os
import sys
import sysconfig
from collections import deque
from collections.abc import Callable, Iterator
from types import FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

_SYSTEM = tuple(sysconfig.get_paths()[key] for key in ("stdlib", "purelib", "platlib"))
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_LAYERS = os.path.join(_PACKAGE, "layers", "")
_OPAQUE = (ModuleType, FunctionType, MethodType, type, functools.partial, np.generic)
RANDOM = (np.random.Generator, np.random.RandomState)
_NO_TREE = {int, float, complex, bool, str, bytes, type(None), slice, range, type(...)}


@functools.lru_cache(maxsize=4096)
def foreign(filename: str | None) -> bool:
    """Whether a file is not an author's: Python's, an installed package's, this package's."""
    if filename is None:
        return False
    filename = os.path.abspath(filename)
    if filename.startswith(_LAYERS):  # functions to be traced, wherever it is installed
        return False
    return filename.startswith((*_SYSTEM, _PACKAGE))


def is_object(item: Any) -> bool:
    """Whether it is an instance of an author's own class, whose attributes are looked into."""
    if type(item) in _NO_TREE or isinstance(item, (np.ndarray, dict, list, tuple, *_OPAQUE)):
        return False
    return _written_by_an_author(type(item))


def _written_by_an_author(kind: type) -> bool:
    if not kind.__flags__ & _HEAP:
        return False
    name = kind.__module__
    if name in sys.builtin_module_names and name != "builtins":  # where `exec` puts a class
        return False
    return not foreign(getattr(sys.modules.get(name), "__file__", None))


_HEAP = 1 << 9  # made by a `class` statement, not in C


def children(item: Any) -> Iterator[tuple[str, Any, Any]]:
    """The parts of a container: how they are written after its path, the key, the part."""
    if isinstance(item, dict):
        for key, part in list(item.items()):
            text = f'"{key}"' if isinstance(key, str) and key.isidentifier() else repr(key)
            yield f"[{text}]", key, part
    elif isinstance(item, (list, tuple, deque)):
        fields = getattr(item, "_fields", None)
        for index, part in enumerate(item):
            yield (f".{fields[index]}" if fields else f"[{index}]"), index, part
    elif is_object(item):
        for name, part in attributes(item).items():
            yield f".{name}", name, part


def attributes(item: Any) -> dict[str, Any]:
    """The attributes of an object, those in slots too."""
    found = dict(getattr(item, "__dict__", ()))
    for kind in type(item).__mro__:
        slots = vars(kind).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(item, name):
                found.setdefault(name, getattr(item, name))
    return found


def put(item: Any, key: Any, part: Any) -> None:
    """Set a part of a dictionary, a list or an object (a frozen one, too)."""
    if isinstance(item, (dict, list)):
        item[key] = part
    elif key in getattr(item, "__dict__", ()):
        item.__dict__[key] = part
    else:
        object.__setattr__(item, key, part)


def holds(item: Any) -> bool:
    """Whether something has parts at all."""
    return type(item) not in _NO_TREE and (isinstance(item, (dict, list, tuple)) or is_object(item))


def arrays(path: str, item: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Every array in a tree, by its path; each once."""
    seen: set[int] = set()
    stack = [(path, item)]
    while stack:
        path, item = stack.pop()
        if type(item) in _NO_TREE or id(item) in seen:
            continue
        seen.add(id(item))
        if isinstance(item, np.ndarray):
            yield path, item
        else:
            stack += [(path + text, part) for text, _, part in children(item)][::-1]


def graft(path: str, item: Any, leaf: Callable[[str, Any], Any]) -> Any:
    """The tree with `leaf(path, array)` for each array: containers and objects are written to.

    Only tuples are made anew. Whoever calls this keeps the contents first, see `Contents`.
    """
    done: dict[int, Any] = {}

    def visit(path: str, item: Any) -> Any:
        if type(item) in _NO_TREE:
            return item
        if id(item) in done:
            return done[id(item)]
        if isinstance(item, np.ndarray):
            done[id(item)] = result = leaf(path, item)
            return result
        if not holds(item):
            return item
        done[id(item)] = item
        parts = [(key, part, visit(path + text, part)) for text, key, part in children(item)]
        if not any(new is not part for _, part, new in parts):
            return item
        if isinstance(item, tuple):
            values = [new for _, _, new in parts]
            made = type(item)(*values) if hasattr(item, "_fields") else tuple(values)
            done[id(item)] = made
            return made
        for key, part, new in parts:
            if new is not part:
                put(item, key, new)
        return item

    return visit(path, item)


def shallow(item: Any) -> Any:
    """Dictionaries, lists and tuples made anew, everything in them as it is."""
    if type(item) in (list, tuple):
        return type(item)([shallow(part) for part in item])
    if type(item) is dict:
        return {key: shallow(part) for key, part in item.items()}
    return item


def copied(item: Any, others: bool = True) -> Any:
    """Arrays, dictionaries, lists and tuples copied, what is held twice once; objects shared.

    `others`: whatever else can be copied, a generator of random numbers above all, is copied, too.
    """
    done: dict[int, Any] = {}

    def copy_of(item: Any) -> Any:
        if type(item) in _NO_TREE:
            return item
        if id(item) not in done:
            done[id(item)] = made(item)
        return done[id(item)]

    def made(item: Any) -> Any:
        if isinstance(item, np.ndarray):
            return item.copy()
        if isinstance(item, tuple):
            parts = [copy_of(part) for part in item]
            return type(item)(*parts) if hasattr(item, "_fields") else tuple(parts)
        if isinstance(item, (dict, list)):
            result = done[id(item)] = copy.copy(item)
            for _, key, part in children(item):
                result[key] = copy_of(part)
            return result
        if not others or isinstance(item, _OPAQUE) or is_object(item):
            return item
        try:
            return copy.deepcopy(item)  # a generator of random numbers, a set
        except Exception:  # a file, a lock
            return item

    return copy_of(item)


def skeleton(item: Any, seen: frozenset[int] = frozenset()) -> Any:
    """What two arguments have in common for which the same lines are derived.

    Of floating-point arrays that is the shape, of others the contents; of the rest the value.
    """
    if isinstance(item, np.ndarray):
        if item.dtype.kind == "f":
            return "f", item.shape
        return item.dtype.str, item.shape, item.tobytes()
    if not holds(item):
        return item
    if id(item) in seen:
        return "again"
    seen |= {id(item)}
    return type(item), [(text, skeleton(part, seen)) for text, _, part in children(item)]


class Contents:
    """What containers, objects and arrays held, to be put back afterwards.

    `restore` undoes what a run has done to them: attributes that are new or bound anew, entries
    of dictionaries and lists, numbers written into their arrays, and drawn random ones.
    """

    def __init__(self) -> None:
        self._kept: dict[int, tuple[Any, Any]] = {}

    def __contains__(self, item: Any) -> bool:
        return id(item) in self._kept

    def keep(self, item: Any) -> None:
        """Remember a container, an object, an array or a generator, without what is in it."""
        if id(item) in self._kept:
            return
        if isinstance(item, np.ndarray):
            self._kept[id(item)] = item, item.copy()
        elif isinstance(item, np.random.Generator):
            self._kept[id(item)] = item, copy.deepcopy(item.bit_generator.state)
        elif isinstance(item, np.random.RandomState):
            self._kept[id(item)] = item, item.get_state()
        elif isinstance(item, (dict, list, deque)):
            self._kept[id(item)] = item, copy.copy(item)
        elif not isinstance(item, tuple):
            self._kept[id(item)] = item, attributes(item)

    def keep_all(self, item: Any) -> None:
        """Remember a whole tree."""
        seen: set[int] = set()
        stack = [item]
        while stack:
            item = stack.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, (np.ndarray, deque, *RANDOM)) or holds(item):
                self.keep(item)
                stack += [part for _, _, part in children(item)]

    def restore(self) -> None:
        """Put everything back."""
        for item, before in self._kept.values():
            if isinstance(item, np.ndarray):
                if item.flags.writeable:
                    item[...] = before
            elif isinstance(item, np.random.Generator):
                item.bit_generator.state = before
            elif isinstance(item, np.random.RandomState):
                item.set_state(before)
            elif isinstance(item, dict):
                item.clear()
                item.update(before)
            elif isinstance(item, list):
                item[:] = before
            elif isinstance(item, deque):
                item.clear()
                item.extend(before)
            else:
                now = attributes(item)
                for name in now.keys() - before.keys():
                    object.__delattr__(item, name)
                for name, part in before.items():
                    if name not in now or now[name] is not part:
                        put(item, name, part)
