"""Gradients without any rule: the graph is replayed at values moved a little.

`numeric_gradient` differentiates by complex step where every operation after the input has a
complex version (error about 1e-15), by Richardson extrapolation of central differences with
its own error estimate otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from backprop.graph.errors import KinkError
from backprop.graph.graph import Graph, upstream
from backprop.graph.node import Node, plain
from backprop.tracer import trace
from backprop.truth.replay import rerun, value_in

_SEED = 20170330  # of the upstream gradient that numeric_gradient draws
_SETTLED = 500_000  # entries times nodes that are still replayed one by one


class Estimate(NamedTuple):
    """A gradient, and how far off each entry may be."""

    value: np.ndarray
    error: np.ndarray
    method: str  # "complex step" or "Richardson"


def numeric_gradient(
    f: Callable[..., Any], *args: Any, dout: Any = None, cache: bool | None = None
) -> Any:
    """The gradient of Σ dout · f(*args) at `args`, by replay and without any rule.

    `dout` is of the output's shape (a tuple for several results); None draws a seeded random
    one. Returns one float64 array of the argument's shape if there is one floating-point
    argument, else a tuple of them in argument order.

    Raises:
        KinkError: the function has no derivative at `args`.
        TraceError, ValueError: as for `backprop.trace` and `graph.backward`.
    """
    graph = trace(f, *args, cache=cache)
    if dout is None:
        rng = np.random.default_rng(_SEED)
        arrays = tuple(rng.standard_normal(node.shape) for node in graph.outputs)
    else:
        arrays = upstream(graph, dout)
    results = tuple(estimate(graph, node.name, arrays).value for node in graph.differentiated)
    return results[0] if len(results) == 1 else results


def estimate(graph: Graph, name: str, douts: tuple[np.ndarray, ...]) -> Estimate:
    """The gradient of Σ dout · output with respect to any node of a graph.

    Raises:
        KinkError: there is a kink or a jump; the message says which entry and which operation.
    """
    node = graph[name]
    probe = _Probe(graph, node, douts)
    value = np.zeros(node.shape)
    error = np.zeros(node.shape)
    with np.errstate(all="ignore"):
        for index in np.ndindex(node.shape):
            value[index], error[index] = probe.slope(index)
    return Estimate(value, error, "complex step" if probe.has_complex else "Richardson")


def settle(
    graph: Graph, node: Node, douts: tuple[np.ndarray, ...], gradient: np.ndarray
) -> np.ndarray:
    """A gradient whose entries that are not finite are told by replay, where it can.

    A rule may give 0·inf or 0/0 where the function has a derivative: softplus by `np.where`,
    the square of a norm at 0. Entries where it has none stay as they are.
    """
    places = np.argwhere(~np.isfinite(gradient))
    if not len(places) or len(places) * len(graph.nodes) > _SETTLED:
        return gradient
    probe = _Probe(graph, node, douts)
    result = np.array(gradient)
    with np.errstate(all="ignore"):
        for place in places:
            index = tuple(place)
            try:
                result[index] = probe.slope(index)[0]
            except KinkError:
                continue
    return result


class _Probe:
    """Moves one entry of one node and looks at Σ dout · output."""

    def __init__(self, graph: Graph, node: Node, douts: tuple[np.ndarray, ...]) -> None:
        self.graph = graph
        self.node = node
        self.douts = douts
        self.start = node.value.astype(np.result_type(node.value, np.float64))
        after = _followers(graph, node)
        self.has_complex = all(n.rule is None or n.rule.complex is not False for n in after)
        # Where the function may have a kink or a jump: pieces, masks, branches.
        self.corners = [n for n in after if n.rule and (n.rule.piece or not n.rule.backward)]
        self.branches = [n for n, _ in graph.branches if n in set(after)]
        self.points = [n for n in after if singular(n)]

    def slope(self, index: tuple[int, ...]) -> tuple[float, float]:
        """The derivative by one entry, and how far off it may be; KinkError if there is none."""
        self.check(index)
        result = self.complex_step(index) or self.richardson(index)
        if not np.isfinite(result[0]):
            raise KinkError(f"{self._no_derivative(index)}; move that entry a little")
        return result

    def _moved(self, index: tuple[int, ...], step: Any) -> dict[Node, np.ndarray]:
        value = self.start.astype(np.result_type(self.start, type(step)))
        value[index] += step
        return rerun(self.graph, {self.node: value}, isinstance(step, complex))

    def _total(self, values: Mapping[Node, np.ndarray]) -> Any:
        return sum(
            np.sum(values.get(output, output.value) * dout)
            for output, dout in zip(self.graph.outputs, self.douts, strict=True)
        )

    def f(self, index: tuple[int, ...], step: float) -> float:
        return float(self._total(self._moved(index, step)))

    def complex_step(self, index: tuple[int, ...]) -> tuple[float, float] | None:
        """f'(x) = Im f(x + ih) / h, without cancellation; None if an operation is real only."""
        if not self.has_complex:
            return None
        step = 1e-100
        try:
            total = self._total(self._moved(index, 1j * step))
        except TypeError:
            self.has_complex = False
            return None
        result = float(np.imag(total)) / step
        return result, 1e-14 * abs(result)

    def richardson(self, index: tuple[int, ...]) -> tuple[float, float]:
        """Central differences, their error cancelled order by order; keeps the best entry."""
        scale = max(1.0, abs(float(self.start[index])))
        step = 0.1 * scale
        while step > 1e-7 * scale and self._pieces(index, step) != self._pieces(index, -step):
            step /= 4  # stay on one side of the next kink
        table: list[float] = []
        best, smallest = np.nan, np.inf
        for _ in range(9):
            row = [(self.f(index, step) - self.f(index, -step)) / (2 * step)]
            for order, previous in enumerate(table):
                row.append(row[-1] + (row[-1] - previous) / (4.0 ** (order + 1) - 1))
                error = max(abs(row[-1] - row[-2]), abs(row[-1] - previous))
                if error < smallest:
                    best, smallest = row[-1], error
            table = row
            step /= 2
        return best, smallest

    # ── kinks ───────────────────────────────────────────────────────────────────────────────
    def check(self, index: tuple[int, ...]) -> None:
        """KinkError if the function has a kink or a jump where this entry is."""
        if not self._all():
            return
        step = 1e-8 * max(1.0, abs(float(self.start[index])))
        here, there = self._pieces(index, -step), self._pieces(index, step)
        middle = self._pieces(index, 0.0) if self.points and here == there else here
        # The other side of an `if` cannot be replayed, so it counts as a kink.
        branches = slice(len(self.corners) + len(self.points), None)
        same_branch = here[branches] == there[branches]
        if here == there == middle or (same_branch and self._smooth(index)):
            return
        pairs = zip(self._all(), here, there, middle, strict=True)
        corner = next((n for n, a, b, c in pairs if not a == b == c), None)
        where = f" (line {corner.line})" if corner is not None and corner.line else ""
        what = f"`{corner.op}` making `{corner.name}`{where}" if corner is not None else "a branch"
        raise KinkError(
            f"{self._no_derivative(index)}: {what} changes there; move that entry a little"
        )

    def _no_derivative(self, index: tuple[int, ...]) -> str:
        place = f"{self.node.name}[{', '.join(map(str, index))}]" if index else self.node.name
        return f"{self.graph.function} has no derivative at {place} = {self.start[index]:.6g}"

    def _all(self) -> list[Node]:
        return [*self.corners, *self.points, *self.branches]

    def _pieces(self, index: tuple[int, ...], step: float) -> list[bytes]:
        """Which piece of the function each corner is on."""
        values = self._moved(index, step)
        found = []
        for node in self.corners:
            assert node.rule is not None
            if node.rule.piece is None:
                piece = values.get(node, node.value)
            else:
                arguments = [
                    plain(argument, value_in(values)) for argument in node.arguments.values()
                ]
                piece = node.rule.piece(*arguments)
            found.append(np.asarray(piece).tobytes())
        for node in self.points:
            arguments = [plain(argument, value_in(values)) for argument in node.arguments.values()]
            assert node.rule is not None
            assert node.rule.point is not None
            found.append(np.asarray(node.rule.point(*arguments)).tobytes())
        return found + [values.get(node, node.value).tobytes() for node in self.branches]

    def _smooth(self, index: tuple[int, ...]) -> bool:
        """Whether the slopes on both sides agree, as for `x - x.max()` in a softmax.

        Their difference shrinks with the step for a smooth function, and not for a kink; and
        slopes that grow without end are those of a jump or of a root. On the edge of where the
        function is defined, the side on which it is decides.
        """
        middle = self.f(index, 0.0)
        scale = max(1.0, abs(float(self.start[index])))
        steps = [size * scale for size in (1e-4, 1e-5, 1e-6)]
        right = [(self.f(index, step) - middle) / step for step in steps]
        left = [(middle - self.f(index, -step)) / step for step in steps]
        sides = [side for side in (right, left) if np.isfinite(side).all()]
        if not sides:
            return False
        tiny = 1e-7 * (np.abs(sides).max() + abs(middle) + 1e-30)
        for side in sides:
            last = abs(side[2] - side[1])
            if last > tiny and last > 0.9 * abs(side[1] - side[0]):
                return False
        gaps = [abs(a - b) for a, b in zip(right, left, strict=True)] if len(sides) == 2 else [0.0]
        return not (gaps[-1] > tiny and gaps[-1] > 0.5 * gaps[-2])


def singular(node: Node) -> bool:
    """Whether an entry sits where the operation has no derivative by its rule."""
    point = node.rule.point if node.rule is not None else None
    if point is None:
        return False
    with np.errstate(all="ignore"):
        return bool(np.any(point(*[plain(each) for each in node.arguments.values()])))


def _followers(graph: Graph, start: Node) -> list[Node]:
    """The nodes that depend on `start`."""
    found = {start}
    for node in graph.nodes:
        if any(source in found for source in node.inputs):
            found.add(node)
    found.discard(start)
    return [node for node in graph.nodes if node in found]
