"""Objects that a forward and its backward keep things in, and the gradients found in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.trees import Contents, arrays, copied, graft, is_object
from backprop.tracer.leaves import OWNER, key_of, owner_of
from backprop.tracer.reach import Reach


class State:
    """What two functions keep from one call to the next: attributes of layers, global tables.

    A context: whatever is done inside, everything is afterwards as it was found. It is true if
    there is anything.
    """

    def __init__(
        self, f: Callable[..., Any], backward: Callable[..., Any], args: tuple[Any, ...]
    ) -> None:
        reach = Reach({})
        for item in (f, backward, *args):
            reach.visit(item)
        self._holders = [item for item in reach.holders if not any(item is arg for arg in args)]
        self._holders += [item for item in args if is_object(item)]
        self.owner = owner_of(f)
        self._found = self.kept()
        self._written: dict[str, str] = {}  # where the gradient of each argument was the last time

    def __bool__(self) -> bool:
        return bool(self._holders)

    def __enter__(self) -> State:
        return self

    def __exit__(self, *_: object) -> None:
        self.restore()

    def restore(self) -> None:
        """Put everything back as it was found."""
        self._found.restore()

    def kept(self) -> Contents:
        """Everything as it is now."""
        contents = Contents()
        for holder in self._holders:
            contents.keep_all(holder)
        return contents

    def placed(
        self,
        args: tuple[Any, ...],
        move: Callable[[np.ndarray], np.ndarray],
        stay: Container[str] = (),
    ) -> tuple[Any, ...]:
        """The arguments with other floating-point arrays; in objects they are put in place.

        Those that `stay` are known by where they stand: `[1]`, `[0]["mask"]`.
        """
        self._found.restore()
        moved: dict[int, np.ndarray] = {}

        def leaf(path: str, array: np.ndarray) -> np.ndarray:
            if array.dtype.kind != "f" or path in stay:
                return array
            if id(array) not in moved:
                moved[id(array)] = move(array)
                kept.append(array)
            return moved[id(array)]

        kept: list[np.ndarray] = []  # alive, as they are known by their identity
        items = graft("", [*map(copied, args), self.owner], leaf)
        return tuple(items[:-1])

    def blank(self, graph: Graph, args: tuple[Any, ...]) -> None:
        """Set the gradients that are attributes to zero: some backwards add to them."""
        found = self.gradients(graph, args)
        self._written.clear()  # a backward may make others
        for _, array in found.values():
            if isinstance(array, np.ndarray) and array.dtype.kind == "f" and array.flags.writeable:
                array[...] = 0

    def gradients(self, graph: Graph, args: tuple[Any, ...]) -> dict[str, tuple[str, np.ndarray]]:
        """name of an argument -> the attribute that is its gradient, and how it is written.

        `self.dW` of `self.W`, `layers[0].grads["b"]` of `layers[0].params["b"]`.
        """
        names = (*graph.call.names, OWNER)
        roots = dict(zip(names, (*args, self.owner), strict=True))
        objects = {name for name, item in roots.items() if is_object(item)}
        found: dict[str, tuple[str, Any]] = {}
        for node in graph.differentiated:
            if (known := self._written.get(node.name)) is not None:  # as it was the last time
                value = at(known, roots)
                if isinstance(value, np.ndarray) and value.shape == node.shape:
                    found[node.name] = known, value
                    continue
            paths = [node.name, *(a for a, n in graph.aliases.items() if n == node.name)]
            paths = [
                path for path in paths if re.split(r"[.\[]", path)[0] in objects or "." in path
            ]
            several = [
                (text, value)
                for path in paths
                for text in gradient_paths(path)
                if isinstance(value := at(text, roots), (np.ndarray, np.floating))
            ]
            fitting = [each for each in several if each[1].shape == node.shape]
            if several:
                found[node.name] = (fitting or several)[0]
                self._written[node.name] = found[node.name][0]
        return found


def at(path: str, roots: dict[str, Any]) -> Any:
    try:
        return eval(_compiled(path), {"__builtins__": {}}, roots)
    except Exception:  # there is nothing
        return None


@lru_cache(4096)
def _compiled(path: str) -> Any:
    """Each run of a trial asks for the same ones: to compile them takes most of its time."""
    return compile(path, "<path>", "eval")


_GRADIENTS = ("d{}", "grad_{}", "{}_grad", "d_{}", "grad{}", "g{}", "{}grad", "grad_of_{}", "D{}")
_TABLES = ("grads", "grad", "gradients", "dparams", "d", "g")
_VALUES = ("data", "value", "val", "array", "w", "x")


@lru_cache(1024)
def gradient_paths(path: str) -> tuple[str, ...]:
    """Where the gradient of an attribute may be: `self.dW`, `self.grads["W"]`, `self.grads[0]`."""
    return tuple(dict.fromkeys(_gradient_paths(path)))


def _gradient_paths(path: str) -> Iterator[str]:
    key = key_of(path)
    at = path.rindex(key)
    opening = max(path.rfind(".", 0, at), path.rfind("[", 0, at))
    holder = path[:opening]
    if path[opening] == ".":
        if key in _VALUES:  # a parameter that is an object of its own
            yield from (f"{holder}.{name}" for name in ("grad", "gradient", "d", "diff", "g"))
        yield from (f"{holder}.{pattern.format(key)}" for pattern in _GRADIENTS)
        for table in _TABLES:
            yield f'{holder}.{table}["{key}"]'
            yield f'{holder}.{table}["d{key}"]'
        return
    outer, _, table = holder.rpartition(".")
    table, bracket, inner = table.partition("[")
    last = f"{bracket}{inner}{path[opening:]}"  # `self.grads[0]["W"]` of `self.cells[0]["W"]`
    for name in (*_renamed(table), *_TABLES):
        yield f"{outer}.{name}{last}"
        if path.endswith('"]'):
            yield f'{outer}.{name}{bracket}{inner}["d{key}"]'
    if path.endswith('"]'):
        yield from (f'{holder}["{pattern.format(key)}"]' for pattern in _GRADIENTS)
        yield from (f"{outer}.{pattern.format(key)}" for pattern in _GRADIENTS)


def endings(path: str) -> list[str]:
    """`self.layers[0].dW`, `.layers[0].dW`, `[0].dW`, `.dW`: the longest first."""
    starts = [0, *(found.start() for found in re.finditer(r"\.|\[", path))]
    return [path[start:] for start in starts]


def _renamed(table: str) -> Iterator[str]:
    """`grads` for `params`, `conv_grads` for `conv_params`, `dparams`."""
    for old, new in (
        ("params", "grads"), ("parameters", "gradients"), ("parameters", "grads"),
        ("param", "grad"), ("weights", "gradients"), ("weights", "grads"),
    ):  # fmt: skip
        if old in table:
            yield table.replace(old, new)
    yield from (pattern.format(table) for pattern in _GRADIENTS)


def floating(args: tuple[Any, ...], owner: Any) -> int:
    """How many numbers there are in the floating-point arrays."""
    every = [array for item in (*args, owner) for _, array in arrays("", item)]
    return sum(array.size for array in every if array.dtype.kind == "f")
