"""Other lengths for a call: axes that the function needs to be equal grow together.

Where N = D, `x.shape[1]` is as good as `x.shape[0]`, and where N = 5, so is 5. At other lengths
all are different.
"""

import itertools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

Axis = tuple[int, int]  # which argument, which of its axes
TRIES = 64


def other_lengths(
    trace: Callable[[list[Any]], Any], args: list[Any], tries: int = TRIES
) -> list[Any] | None:
    """The arguments with other lengths, no two of them equal that need not be.

    None if the function allows no other lengths: it has to do the same on them (`form`).
    """
    wanted = form(trace(args))

    def works(longer: dict[Axis, int]) -> bool:
        try:
            with np.errstate(all="ignore"):
                return bool(form(trace(resized(args, longer))) == wanted)
        except Exception:
            return False

    longer: dict[Axis, int] = {}
    taken = {n for argument in args if isinstance(argument, np.ndarray) for n in argument.shape}
    for length, axes in _axes(args).items():
        for some in _groups(axes, works, tries):
            new = next(n for n in itertools.count(length + 1) if n not in taken)
            if works(more := longer | dict.fromkeys(some, new - length)):
                taken.add(new)
                longer = more
    return resized(args, longer) if longer else None


def lengths_of(args: list[Any]) -> set[int]:
    """The lengths of all axes, but for those of 1."""
    return set(_axes(args))


def _axes(args: list[Any]) -> dict[int, list[Axis]]:
    found: dict[int, list[Axis]] = {}
    for i, argument in enumerate(args):
        if isinstance(argument, np.ndarray):
            for k, length in enumerate(argument.shape):
                found.setdefault(length, []).append((i, k))
    return {length: axes for length, axes in found.items() if length > 1}


def _groups(
    axes: list[Axis], works: Callable[[dict[Axis, int]], bool], most: int
) -> list[list[Axis]]:
    """Axes that have to be equal, group by group: the smallest sets that may grow alone."""
    groups: list[list[Axis]] = []
    rest, tries = list(axes), 0
    while rest:
        first, *others = rest
        found = rest
        for size in range(len(others)):
            for some in itertools.combinations(others, size):
                tries += 1
                if tries > most:
                    return groups
                if works(dict.fromkeys((first, *some), 1)):
                    found = [first, *some]
                    break
            if found is not rest:
                break
        groups.append(found)
        rest = [axis for axis in rest if axis not in found]
    return groups


def resized(args: list[Any], longer: dict[Axis, int]) -> list[Any]:
    """The arguments with some axes longer; entries are repeated, which labels may be."""
    found = list(args)
    for (i, k), more in longer.items():
        index = np.arange(args[i].shape[k] + more) % args[i].shape[k]
        found[i] = np.take(found[i], index, axis=k)
    return found


def meanings(
    numbers: dict[str, int], args: list[Any], longer: list[Any], most: int = 16
) -> list[dict[str, int]]:
    """What numbers that equal a length may be where some lengths are others."""
    becomes: dict[int, set[int]] = {}
    for before, after in zip(args, longer, strict=True):
        for old, new in zip(np.shape(before), np.shape(after), strict=True):
            becomes.setdefault(old, {old}).add(new)
    choices = itertools.product(*(sorted(becomes[number]) for number in numbers.values()))
    found = [dict(zip(numbers, choice, strict=True)) for choice in choices]
    return found if len(found) <= most else []


def form(graph: Any) -> Any:
    """What has to stay the same for other lengths."""
    return [(node.name, node.op, node.value.ndim) for node in graph.nodes]


def has_lengths(value: Any, lengths: set[int], inside: tuple[Any, ...] = ()) -> bool:
    """May this value of a page depend on the lengths of its arrays?"""
    if isinstance(value, types.FunctionType):
        names = set(value.__code__.co_names) & set(value.__globals__)
        written = [*value.__code__.co_consts, *(value.__defaults__ or ())]
        return value not in inside and (
            any(type(one) is int and one in lengths for one in written)
            or any(
                has_lengths(value.__globals__[name], lengths, (*inside, value)) for name in names
            )
        )
    if type(value) in (tuple, list, dict):
        items = value.values() if type(value) is dict else value
        return any(has_lengths(one, lengths, inside) for one in items)
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in "fb"  # the others are those of the graph, see `known`
    if isinstance(value, (float, str, type(None), types.ModuleType, type)):
        return False
    return not callable(value)
