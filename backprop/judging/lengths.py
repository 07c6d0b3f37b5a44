"""Other lengths for a call: axes that the function needs to be equal grow together.

Where N = D, `x.shape[1]` is as good as `x.shape[0]`, and where N = 5, so is 5. At other lengths
all are different.
"""

import dis
import itertools
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Axis = tuple[int, int]  # which argument, which of its axes
TRIES = 64
LARGEST = 20_000  # entries


def other_lengths(
    trace: Callable[[list[Any]], Any], args: list[Any], tries: int = TRIES
) -> list[Any] | None:
    """The arguments with other lengths, no two of them equal that need not be.

    None if the function allows no other lengths: it has to do the same on them (`form`).
    """
    graph = trace(args)
    wanted, unmoved = form(graph), _shapes(graph)

    def works(longer: dict[Axis, int]) -> bool:
        try:
            with np.errstate(all="ignore"):
                graph = trace(resized(args, longer))
        except Exception:
            return False
        # Where nothing else is longer, the function does not look at what there is more.
        return bool(form(graph) == wanted) and _shapes(graph) != unmoved

    longer: dict[Axis, int] = {}
    taken = {n for argument in args if isinstance(argument, np.ndarray) for n in argument.shape}
    for length, axes in _axes(args).items():
        if length in _counts(args):
            continue  # `range(len(layers))`: of a list there are as many as there are

        def doubles(some: tuple[Axis, ...], more: int = length) -> bool:
            return works(dict.fromkeys(some, more))

        tables = {(i, k) for i, k in axes if k == 0 and np.asarray(args[i]).dtype.kind in "iu"}
        for some in _groups(axes, doubles, tries, tables):
            # A multiple: what is divided into groups, heads or windows still can be.
            new = next(n for n in itertools.count(2 * length, length) if n not in taken)
            if works(more := longer | dict.fromkeys(some, new - length)):
                taken.add(new)
                longer = more
    found = resized(args, longer)
    size = sum(each.size for each in found if isinstance(each, np.ndarray))
    return found if longer and size <= LARGEST else None


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


def _counts(args: list[Any]) -> set[int]:
    """How many there are in lists and tuples among the arguments, which stay as they are."""
    return {len(argument) for argument in args if isinstance(argument, (list, tuple))}


def _groups(
    axes: list[Axis],
    works: Callable[[tuple[Axis, ...]], bool],
    most: int,
    labels: set[Axis],
) -> list[list[Axis]]:
    """Axes that grow together, group by group.

    What can be equal by custom stays equal (a row of scores has a label, though a function may
    not look at all of them): one axis of as many arguments as possible. Rows do not grow without
    their `labels`, of which a backward may need as many. The axes of one argument part, unless
    the function needs them to be equal.
    """
    groups: list[list[Axis]] = []
    rest, tries = list(axes), 0
    while rest:
        first, *others = rest
        found = None
        for some in _companions(first, others):
            rows = any(k == 0 for _, k in (first, *some))
            if rows and not labels & set(rest) <= {first, *some}:
                continue
            tries += 1
            if tries > most:
                return groups
            if works((first, *some)):
                found = [first, *some]
                groups.append(found)
                break
        rest = [axis for axis in others if axis not in (found or ())]
    return groups


def _companions(first: Axis, others: list[Axis]) -> Iterator[tuple[Axis, ...]]:
    """What may grow with an axis: one axis of other arguments, many first; then any, few first."""
    for size in range(len({i for i, _ in others}), -1, -1):
        for some in itertools.combinations(others, size):
            if len({i for i, _ in (first, *some)}) == size + 1:
                yield some
    for size in range(1, len(others) + 1):
        for some in itertools.combinations(others, size):
            if len({i for i, _ in (first, *some)}) < size + 1:
                yield some


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


def _shapes(graph: Any) -> Any:
    return [node.shape for node in graph.nodes if node.rule is not None]


def has_lengths(value: Any, lengths: set[int], inside: tuple[Any, ...] = ()) -> bool:
    """May this value of a page depend on the lengths of its arrays?"""
    if isinstance(value, types.FunctionType):
        names = _read(value)
        written = [*_numbers(value.__code__), *(value.__defaults__ or ())]
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


def _numbers(code: types.CodeType) -> Iterator[Any]:
    """The numbers that are written in a function's code.

    Since Python 3.14 small ones stand in the instructions, and those of `x[:4]` in a slice.
    """
    for one in code.co_consts:
        yield from (one.start, one.stop, one.step) if isinstance(one, slice) else (one,)
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_SMALL_INT":
            yield step.argval


def fixes_lengths(function: Any, lengths: set[int]) -> bool:
    """May a function be written for these lengths, by numbers or arrays from outside of it?"""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        return True
    outside = [cell.cell_contents for cell in function.__closure__ or () if _filled(cell)]
    outside += [function.__globals__[name] for name in _read(function)]
    if any(isinstance(value, (np.ndarray, list, tuple, dict)) for value in outside):
        return True
    return any(has_lengths(value, lengths) for value in (function, *outside))


def _read(function: types.FunctionType) -> set[str]:
    """The global names that a function reads."""
    instructions = dis.get_instructions(function.__code__)
    names = {one.argval for one in instructions if one.opname in ("LOAD_GLOBAL", "LOAD_NAME")}
    return names & set(function.__globals__)


def _filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False
