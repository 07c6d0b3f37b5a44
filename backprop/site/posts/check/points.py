"""Where the lines of a fence are compared: the (shifted) graph at several sets of values.

The first point has the author's own values, the others are moved as those of `bp.check`. Sums and
means are shifted by random constants at each of them (`Graph.shifted`), unless the fence says
at="real".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.graph.trees import copied
from backprop.judging.closeness import TOLERANCE, completes
from backprop.judging.points import mover, upstream_of


@dataclass
class ShiftedPoint:
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


class ShiftedPoints:
    """Makes points of a call.

    `ones` are the outputs whose upstream gradient the page takes for 1 without writing it.
    """

    def __init__(
        self, trace: Callable[[list[Any]], Any], args: list[Any], real: bool, ones: set[int]
    ):
        self.trace, self.args, self.real, self.ones = trace, args, real, ones

    def make(
        self, seed: int, *, args: list[Any] | None = None, move: bool = True, shift: bool = True
    ) -> ShiftedPoint | None:
        """A point; None where f is not defined. What f raises at the author's values is raised."""
        own = args is None and not seed
        for positive in (False, True):
            change = mover(seed if move and not own else 0, positive)
            values = [
                change(one) if isinstance(one, np.ndarray) and one.dtype.kind == "f" else one
                for one in (self.args if args is None else args)
            ]
            try:
                return self._at(values, seed, shift, own)
            except Exception:
                if own:
                    raise
        return None

    def _at(self, values: list[Any], seed: int, shift: bool, own: bool) -> ShiftedPoint:
        with np.errstate(all="ignore"):
            graph = self.trace(values)
            if shift and not self.real:
                graph = graph.shifted(seed)
        if not own and not all(np.isfinite(node.value).all() for node in graph.outputs):
            raise ValueError("not defined there")
        rng = np.random.default_rng([20170330, 7, seed])
        douts = tuple(
            np.ones(node.shape) if i in self.ones else upstream_of(rng, node.shape)
            for i, node in enumerate(graph.outputs)
        )
        gradients = graph.gradients(douts if graph.several else douts[0])
        return ShiftedPoint(graph, gradients, douts)


# ---- values of the page --------------------------------------------------------------------
def fresh(value: Any) -> Any:
    """A copy of what a fence might write to: arrays, and the containers that hold them.

    What else they hold stays as it is: a figure of the page is large, and is no value.
    """
    return copied(value, others=False)


def array(value: Any) -> np.ndarray | None:
    if value is None:
        return None
    try:
        found = np.array(value)
        if found.dtype.kind == "c":  # no gradient of real numbers, if it has an imaginary part
            return None if found.imag.any() else found.real.copy()
        return found.astype(float)
    except (TypeError, ValueError):
        return None


def same(
    value: np.ndarray | None,
    truth: np.ndarray,
    scale: float,
    tolerance: float = TOLERANCE,
    exactly: bool = False,
) -> bool:
    """Right, if it broadcasts to the right one: a lazy gradient is completed later.

    Where the truth is no number, nothing on a page is right: nobody could tell.
    """
    if value is None or (exactly and value.shape != truth.shape) or not np.isfinite(truth).all():
        return False
    return completes(value, truth, scale, tolerance)


def narrowed(truth: np.ndarray, page: Any, shape: tuple[int, ...]) -> np.ndarray:
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
