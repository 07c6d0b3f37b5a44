"""Where the lines of a fence are compared: the (shifted) graph at several sets of values.

The first point has the author's own values, the others have values of the same signs. Sums and
means are shifted by random constants at each of them (`Graph.shifted`), unless the fence says
at="real".
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

TOLERANCE = 1e-8  # relative to the largest entry; both sides are float64


@dataclass
class Point:
    """The graph at one set of values, with the truth."""

    graph: Any
    gradients: Any
    douts: tuple[np.ndarray, ...]
    # What the fence assigned, a dictionary for each of its statements.
    versions: list[dict[str, np.ndarray | None]] = field(default_factory=list)
    error: Exception | None = None  # what ended the lines there
    # What numbers of the page are here.
    names: dict[str, int] = field(default_factory=dict)

    @property
    def scale(self) -> float:
        return max((float(np.abs(each).max(initial=0)) for each in self.douts), default=1.0)


class Points:
    """Makes points of a call.

    `ones` are the outputs whose upstream gradient the page takes for 1 without writing it.
    """

    def __init__(
        self, trace: Callable[[list[Any]], Any], args: list[Any], real: bool, ones: set[int]
    ):
        self.trace, self.args, self.real, self.ones = trace, args, real, ones

    def make(
        self, seed: int, *, args: list[Any] | None = None, move: bool = True, shift: bool = True
    ) -> Point | None:
        """A point; None where f is not defined. What f raises at the author's values is raised."""
        rng = np.random.default_rng([20170330, seed])
        own = args is None and not seed
        values = [_float64(argument) for argument in (self.args if args is None else args)]
        if move and not own:
            values = [_elsewhere(argument, rng) for argument in values]
        try:
            with np.errstate(all="ignore"):
                graph = self.trace(values)
                if shift and not self.real:
                    graph = graph.shifted(seed)
        except Exception:
            if own:
                raise
            return None
        if not own and not all(np.isfinite(node.value).all() for node in graph.outputs):
            return None
        douts = tuple(
            np.ones(node.shape) if i in self.ones else rng.normal(size=node.shape)
            for i, node in enumerate(graph.outputs)
        )
        gradients = graph.gradients(douts if graph.several else douts[0])
        return Point(graph, gradients, douts)


def _float64(argument: Any) -> Any:
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        return argument.astype(np.float64)
    return argument


def _elsewhere(argument: Any, rng: np.random.Generator) -> Any:
    """Other values of the same sign: a positive array stays positive."""
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        return argument * rng.uniform(0.6, 1.4, argument.shape)
    return argument


# ---- values of the page --------------------------------------------------------------------
def fresh(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """A copy of what a fence might write to: arrays, and the containers that hold them.

    What else they hold stays as it is: a figure of the page is large, and is no value.
    """
    seen = {} if seen is None else seen
    if id(value) in seen:
        return seen[id(value)]
    if isinstance(value, np.ndarray):
        made: Any = value.copy()
    elif isinstance(value, (dict, list)):
        made = seen[id(value)] = copy.copy(value)
        for key in list(made) if isinstance(made, dict) else range(len(made)):
            made[key] = fresh(made[key], seen)
    elif isinstance(value, tuple):
        items = [fresh(item, seen) for item in value]
        made = type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    else:
        return value
    seen[id(value)] = made
    return made


def array(value: Any) -> np.ndarray | None:
    if value is None:
        return None
    try:
        found = np.array(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return found


def same(
    value: np.ndarray | None,
    truth: np.ndarray,
    scale: float,
    tolerance: float = TOLERANCE,
    exactly: bool = False,
) -> bool:
    """Right, if it broadcasts to the right one: a lazy gradient is completed later."""
    if value is None or (exactly and value.shape != truth.shape):
        return False
    try:
        full = np.broadcast_to(value, truth.shape)
    except ValueError:
        return False
    size = float(np.abs(truth).max(initial=0)) or scale
    return bool(np.all(np.abs(full - truth) <= tolerance * size))


def lazy(truth: np.ndarray, page: Any, shape: tuple[int, ...]) -> np.ndarray:
    """The truth in the (smaller) shape that the page's variable has, whose node has `shape`."""
    wanted = np.shape(page)
    if wanted == shape or len(wanted) > len(shape):
        return truth
    aligned = (1,) * (len(shape) - len(wanted)) + wanted
    if any(w not in (1, t) for w, t in zip(aligned, shape, strict=True)):
        return truth
    small = truth[tuple(slice(0, 1) if w == 1 else slice(None) for w in aligned)]
    small = small.reshape(small.shape[len(shape) - len(wanted) :])
    return small if np.allclose(np.broadcast_to(small, truth.shape), truth) else truth


def known(value: Any, here: Any, there: Any) -> Any:
    """A value of the page, its arrays being those of another graph where f knows them.

    The page may call by another name what f computes, or keep it in a tuple (a cache): an array
    that is that of a node in the graph `here` becomes that of the same node in `there`.
    """
    if isinstance(value, np.ndarray):
        node = _node(value, here)
        return fresh(value) if node is None else there[node.name].value.copy()
    if type(value) in (tuple, list):
        return type(value)(known(one, here, there) for one in value)
    if type(value) is dict:
        return {key: known(one, here, there) for key, one in value.items()}
    return fresh(value)


def strangers(value: Any, graph: Any) -> list[np.ndarray]:
    """The arrays in a value of the page that the graph does not know, whole numbers apart."""
    if isinstance(value, np.ndarray):
        return [value] if value.dtype.kind in "fb" and _node(value, graph) is None else []
    items = value.values() if type(value) is dict else value
    if type(value) in (tuple, list, dict):
        return [found for item in items for found in strangers(item, graph)]
    return []


def _node(value: np.ndarray, graph: Any) -> Any:
    """The node that has this very value, one that f has named if there is one."""
    if value.dtype.kind not in "fb" or value.size == 0 or (value == value.flat[0]).all():
        return None  # many things are all zeros, all ones
    tolerance = 1e-4 if value.dtype.itemsize == 4 else TOLERANCE
    found = [
        node
        for node in graph.nodes
        if node.depends
        and node.shape == value.shape
        and node.value.dtype.kind == value.dtype.kind
        and same(value.astype(float), node.value.astype(float), 0.0, tolerance)
    ]
    return next((node for node in found if node.named), found[0] if found else None)
