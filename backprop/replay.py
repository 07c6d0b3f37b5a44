"""The graph run again with other values: true gradients without any rule, and shifted means.

`numeric_gradient` differentiates by complex step where every operation after the input has a
complex version (error about 1e-15), by Richardson extrapolation of central differences with
its own error estimate otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from backprop.errors import KinkError
from backprop.graph import Graph, Node, made, plain
from backprop.tracer import trace, unchanged

_SEED = 20170330  # of the upstream gradient that numeric_gradient draws


# ── running the derived lines ───────────────────────────────────────────────────────────────
class Gradients:
    """The gradients of one backward pass, each of its node's full shape.

    Attributes:
        nodes: name of a node -> its gradient; zeros where none flows.
        wires: (producer, consumer, operand) -> the partial gradient that comes back on it.
    """

    def __init__(self, graph: Graph, douts: tuple[np.ndarray, ...]) -> None:
        self._graph = graph
        self._douts = douts
        self._backward = graph.derive()
        self._scope = self._backward.execute(douts)
        self.nodes: Mapping[str, np.ndarray] = _Nodes(graph, self._node)

    def _node(self, node: Node) -> np.ndarray:
        gradient = self._backward.gradient_of(node)
        if gradient is None:
            return np.zeros(node.shape, dtype=_floating(node.value.dtype))
        scope = self._scope
        if gradient.until is not None:
            scope = self._backward.execute(self._douts, gradient.until)
        value = np.broadcast_to(scope[gradient.name], node.shape)
        if gradient.stale:
            value = value.copy()
            value[gradient.stale.entries] = 0
        return value

    @cached_property
    def wires(self) -> Mapping[tuple[str, str, str], np.ndarray]:
        return self._backward.partials(self._scope, self._node)


class _Nodes(Mapping[str, np.ndarray]):
    """The gradients by name, each completed when it is asked for."""

    def __init__(self, graph: Graph, gradient: Callable[[Node], np.ndarray]) -> None:
        self._graph = graph
        self._gradient = gradient

    def __getitem__(self, name: str) -> np.ndarray:
        return self._gradient(self._graph[name])

    def __contains__(self, name: object) -> bool:
        return name in self._graph

    def __iter__(self) -> Iterator[str]:
        return (node.name for node in self._graph.nodes)

    def __len__(self) -> int:
        return len(self._graph.nodes)


def _floating(dtype: np.dtype) -> np.dtype:
    return dtype if dtype.kind == "f" else np.dtype(float)


def upstream(graph: Graph, dout: Any) -> tuple[np.ndarray, ...]:
    """The upstream gradients as arrays of the outputs' shapes; ValueError if they do not fit."""
    if graph.several and not isinstance(dout, (tuple, list)):
        raise ValueError(
            f"{graph.function} returns {len(graph.outputs)} arrays: dout must be a tuple of as many"
        )
    given = tuple(dout) if graph.several else (dout,)
    if len(given) != len(graph.outputs):
        raise ValueError(
            f"{graph.function} returns {len(graph.outputs)} arrays, dout has {len(given)}"
        )
    arrays = tuple(np.asarray(each) for each in given)
    for array, node in zip(arrays, graph.outputs, strict=True):
        if array.shape != node.shape:
            raise ValueError(
                f"dout has shape {array.shape}, but `{node.name}`, the result of "
                f"{graph.function}, has {node.shape}; the upstream gradient has the output's shape"
            )
    return arrays


def gradients(graph: Graph, dout: Any) -> Gradients:
    """Run the derived lines on the graph's values.

    Raises:
        ValueError: `dout` has not the output's shape.
        TraceError: an argument was written to since the trace.
    """
    arrays = upstream(graph, dout)
    if graph.original:
        unchanged(graph)
    return Gradients(graph, arrays)


# ── running the graph again ─────────────────────────────────────────────────────────────────
def replay(graph: Graph, changed: Mapping[str, Any], dtype: Any = None) -> dict[str, np.ndarray]:
    """The values of all nodes, by name, when those in `changed` have other values.

    `dtype=complex` runs the complex version of each operation.
    """
    values = rerun(
        graph,
        {graph[name]: np.asarray(value, dtype=dtype) for name, value in changed.items()},
        dtype is not None and np.dtype(dtype).kind == "c",
    )
    return {
        node.name: node.value if (value := values.get(node)) is None else value
        for node in graph.nodes
    }


def rerun(
    graph: Graph,
    values: dict[Node, np.ndarray],
    complex: bool = False,
    after: Callable[[Node, np.ndarray], np.ndarray] | None = None,
) -> dict[Node, np.ndarray]:
    """Complete `values` by every node that follows from them; `after` may alter each result."""

    value_of = _value_in(values)
    for node in graph.nodes:
        if node.rule is None or node in values:
            continue
        if not any(source in values for source in node.inputs):
            continue
        run = node.rule.run_complex if complex else node.rule.run
        if run is None:
            raise TypeError(f"`{node.op}` has no complex version")
        arguments = [plain(argument, value_of) for argument in node.arguments.values()]
        value = np.asarray(run(*arguments))
        if (shift := graph.shifts.get(node)) is not None:
            value = value + shift
        values[node] = value if after is None else np.asarray(after(node, value))
    return values


def _value_in(values: Mapping[Node, np.ndarray]) -> Callable[[Node], Any]:
    """The value of a node in a rerun: the new one, or the traced one."""

    def value_of(node: Node) -> Any:
        value = values.get(node)
        return node.plain if value is None else value

    return value_of


def at(graph: Graph, changed: Mapping[str, Any]) -> Graph:
    """The graph of the same computation for other values of some nodes; see `Graph.at`."""
    return _with_values(
        graph, rerun(graph, {graph[name]: np.asarray(value) for name, value in changed.items()})
    )


def shifted(graph: Graph, seed: int = 0) -> Graph:
    """The graph of the same function with a random constant added to every sum and mean.

    The constant moves the result towards the largest (or smallest) of what is summed, so that
    its sign and range stay: a variance stays positive. Identities such as Σ(x - mean) = 0 do
    not hold in it, so a backward pass that is right there is right for another reason.
    """
    size = 0.6
    shifts: dict[Node, np.ndarray] = {}
    for attempt in range(20):
        rng = np.random.default_rng([seed, attempt])
        values = _shift(graph, rng, size, shifts)
        sound = all(
            np.isfinite(value).all() or not np.isfinite(node.value).all()
            for node, value in values.items()
        )
        if sound:
            break
        size /= 2  # a shift made the root of something negative: try a smaller one
    return _with_values(graph, values, shifts)


def _shift(
    graph: Graph, rng: np.random.Generator, size: float, shifts: dict[Node, np.ndarray]
) -> dict[Node, np.ndarray]:
    """The shifted values; `shifts` gets the constants."""

    def after(node: Node, value: np.ndarray) -> np.ndarray:
        if node.op not in ("sum", "mean") or not node.differentiable or not value.size:
            return value
        assert node.rule is not None
        source = node.arguments["x"]
        x = values.get(source, source.value)
        if not x.size:
            return value
        options = {name: node.arguments[name] for name in ("axis", "keepdims")}
        n = x.size / value.size if node.op == "sum" else 1
        high, low = n * np.max(x, **options), n * np.min(x, **options)
        room = np.where(value >= 0, high - value, low - value)
        # Entries that are all equal leave no room: move away from 0, or from 0 itself.
        room = np.where(np.abs(room) > 1e-8 * np.abs(value), room, value)
        room = np.where(room == 0, 1.0, room)
        shifts[node] = (rng.uniform(size / 3, size, value.shape) * room).astype(value.dtype)
        return value + shifts[node]

    with np.errstate(all="ignore"):
        values: dict[Node, np.ndarray] = {
            node: node.value for node in graph.inputs.values() if node.differentiable
        }
        return rerun(graph, values, after=after)


def _with_values(
    graph: Graph,
    values: Mapping[Node, np.ndarray],
    shifts: Mapping[Node, np.ndarray] = MappingProxyType({}),
) -> Graph:
    """A copy of a graph in which nodes have other values."""
    twins: dict[Node, Node] = {}

    for node in graph.nodes:
        operands = tuple([plain(operand, twins.__getitem__) for operand in node.operands])
        value = values.get(node)
        value = node.value if value is None else value
        twins[node] = made(
            node.rule, operands, value, node.flow, node.site, node.name, node.op, node.note
        )
    shifts = {**graph.shifts, **shifts}
    twin_graph = Graph(
        graph.function,
        list(twins.values()),
        {name: twins[node] for name, node in graph.inputs.items()},
        tuple(twins[node] for node in graph.outputs),
        graph.several,
        tuple((twins[node], value) for node, value in graph.branches),
        graph.aliases,
        graph.call,
        invented=[twins[node] for node in graph.nodes if not node.named],
        shifts={twins[node]: shift for node, shift in shifts.items()},
    )
    twin_graph.original = False
    return twin_graph


# ── gradients without rules ─────────────────────────────────────────────────────────────────
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
                    plain(argument, _value_in(values)) for argument in node.arguments.values()
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
