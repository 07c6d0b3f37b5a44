"""Arguments that are single numbers, and of which the backward returns a gradient.

A number is a constant, as `eps` is; one whose gradient is returned is a parameter like any array.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.trees import children, holds, is_object, put
from backprop.judging.results import Found, named, parts
from backprop.judging.state import State, at, gradient_paths
from backprop.tracer.leaves import OWNER

# Nobody differentiates by these, where a result may belong to one number or to another.
_CHOSEN = {"eps", "epsilon", "lr", "learning_rate", "momentum", "reg", "delta", "margin"}


def numbers(roots: dict[str, Any]) -> dict[str, Any]:
    """Every single floating-point number among the arguments and in them, by its path."""
    return dict(_numbers(list(roots.items())))


def _numbers(stack: list[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    seen: set[int] = set()
    stack = stack[::-1]
    while stack:
        path, item = stack.pop()
        if isinstance(item, (float, np.floating)):
            yield path, item
        elif holds(item) and id(item) not in seen:
            seen.add(id(item))
            stack += [(path + text, part) for text, _, part in children(item)][::-1]


def returned_for(
    result: Any, labels: Sequence[str | None], graph: Graph, args: tuple[Any, ...], state: State
) -> set[str]:
    """The paths of the numbers whose gradient is among what a backward has returned.

    Known by name (`dw`, `grads["w"]`, `self.dw`), else by how many results there are.
    """
    roots = dict(zip((*graph.call.names, OWNER), (*args, state.owner), strict=True))
    there = numbers(roots)
    if not there:
        return set()
    found = {
        path
        for path in there
        if "." in path
        and any(isinstance(at(text, roots), _NUMERIC) for text in gradient_paths(path))
    }
    if isinstance(result, Found):
        first, result = result.first, result.value
        if first:
            rest = result[first:] if isinstance(result, (tuple, list)) else ()
            result, labels = (rest[0] if len(rest) == 1 else tuple(rest)), labels[first:]
    plain: list[Any] = [SimpleNamespace(name=path) for path in there if path not in found]
    arrays = list(graph.inputs.values())
    got = [part for part in parts(result, labels) if part[2] is not None]
    if isinstance(result, (tuple, list)) and len(result) == len(args) > len(graph.differentiated):
        pairs = zip(graph.call.names, result, strict=True)
        return {*found, *(name for name, part in pairs if name in there and part is not None)}
    unknown = []
    for _, label, value in got:
        node: Any = named(label, [*arrays, *plain])
        if node is None and named(label, list(graph.nodes)) is None:
            unknown.append(value)
        elif node in plain:
            found.add(node.name)
    known = [named(label, arrays) for _, label, _ in got]
    missing = [node for node in graph.differentiated if node not in known]
    single = 0 if any(not node.shape for node in missing) else sum(not np.ndim(v) for v in unknown)
    left = [each.name for each in plain if each.name not in found and each.name in roots]
    for few in (left, [name for name in left if name.lower() not in _CHOSEN]):
        if few and len(few) in (len(unknown) - len(missing), single):
            return {*found, *few}
    return found


_NUMERIC = (np.ndarray, float, np.floating)


def as_arrays(
    args: tuple[Any, ...], owner: Any, names: Sequence[str], paths: set[str]
) -> tuple[Any, ...]:
    """The arguments with arrays in the place of those numbers; in objects they are put in place.

    Containers are made anew.
    """

    def made(path: str, item: Any) -> Any:
        if path in paths:
            return np.array(item, dtype=float)
        inside = (".", "[")
        if not any(each.startswith(path) and each[len(path)] in inside for each in paths):
            return item
        new = [(key, made(path + text, part)) for text, key, part in children(item)]
        if isinstance(item, dict):
            return {**item, **dict(new)}
        if isinstance(item, tuple) and hasattr(item, "_fields"):
            return type(item)(*(part for _, part in new))
        if is_object(item):
            for key, part in new:
                if part is not at(f"x.{key}", {"x": item}):
                    put(item, key, part)
            return item
        return type(item)([part for _, part in new])

    made(OWNER, owner)
    return tuple([made(name, arg) for name, arg in zip(names, args, strict=True)])


def plain_arrays(result: Any, ranks: Sequence[int]) -> Any:
    """A result of plain arrays, `dx.tolist()` among them, where an argument has so many axes.

    `ranks`: of the arguments. As many numbers as there are arguments are one for each.
    """
    rank = _rank(result)
    if rank and rank in ranks and (len(ranks) == 1 or rank > 1 or len(result) != len(ranks)):
        return np.array(result, dtype=float)

    def array(part: Any) -> Any:
        if issubclass(type(part), np.ndarray):  # a class of its own may answer as it likes
            return np.ndarray.view(part, np.ndarray)
        rank = _rank(part)
        return np.array(part, dtype=float) if rank and rank in ranks else part

    if type(result) is dict:
        return {key: array(part) for key, part in result.items()}
    if type(result) in (list, tuple):
        return type(result)(map(array, result))
    return array(result)


def _rank(item: Any) -> int:
    """How many axes a list of lists of numbers has; 0 for anything else, and where they differ."""
    if not isinstance(item, list) or not item:
        return 0
    if all(type(part) in (float, int, np.float64, np.float32) for part in item):
        return 1
    ranks, lengths = set(map(_rank, item)), {len(p) if isinstance(p, list) else 0 for p in item}
    return ranks.pop() + 1 if len(ranks) == len(lengths) == 1 and 0 not in ranks else 0
