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
    method = "complex step"
    for index in np.ndindex(node.shape):
        probe.check(index)
        result = probe.complex_step(index)
        if result is None:
            method = "Richardson"
            result = probe.richardson(index)
        value[index], error[index] = result
    return Estimate(value, error, method)


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
        if not self.corners and not self.branches:
            return
        step = 1e-8 * max(1.0, abs(float(self.start[index])))
        here, there = self._pieces(index, -step), self._pieces(index, step)
        # The other side of an `if` cannot be replayed, so it counts as a kink.
        same_branch = here[len(self.corners) :] == there[len(self.corners) :]
        if here == there or (same_branch and self._smooth(index)):
            return
        corner = next((n for n, a, b in zip(self._all(), here, there, strict=True) if a != b), None)
        where = f" (line {corner.line})" if corner is not None and corner.line else ""
        what = f"`{corner.op}` making `{corner.name}`{where}" if corner is not None else "a branch"
        place = f"{self.node.name}[{', '.join(map(str, index))}]" if index else self.node.name
        raise KinkError(
            f"{self.graph.function} has no derivative at {place} = {self.start[index]:.6g}: "
            f"{what} changes there; move that entry a little"
        )

    def _all(self) -> list[Node]:
        return [*self.corners, *self.branches]

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
        return found + [values.get(node, node.value).tobytes() for node in self.branches]

    def _smooth(self, index: tuple[int, ...]) -> bool:
        """Whether the slopes on both sides agree, as for `x - x.max()` in a softmax.

        Their difference shrinks with the step for a smooth function, and not for a kink.
        """
        middle = self.f(index, 0.0)
        scale = max(1.0, abs(float(self.start[index])))
        gaps, slopes = [], []
        for step in (1e-4 * scale, 1e-5 * scale):
            right = (self.f(index, step) - middle) / step
            left = (middle - self.f(index, -step)) / step
            gaps.append(abs(right - left))
            slopes.append(max(abs(right), abs(left)))
        tiny = 1e-7 * (slopes[1] + abs(middle) + 1e-30)
        kink = gaps[1] > tiny and gaps[1] > 0.5 * gaps[0]
        jump = slopes[1] > tiny and slopes[1] > 5 * slopes[0]  # of a step, they grow as 1 / step
        return not (kink or jump)


def _followers(graph: Graph, start: Node) -> list[Node]:
    """The nodes that depend on `start`."""
    found = {start}
    for node in graph.nodes:
        if any(source in found for source in node.inputs):
            found.add(node)
    found.discard(start)
    return [node for node in graph.nodes if node in found]
