"""The graph run again with other values: replayed, moved to another point, with shifted means."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node, made, plain


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

    value_of = value_in(values)
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


def value_in(values: Mapping[Node, np.ndarray]) -> Callable[[Node], Any]:
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


# What rounds its result; what only chooses among values has to find them as they are.
_ROUNDS = frozenset(
    {"add", "subtract", "multiply", "divide", "exp", "tanh", "matmul", "sum", "mean"}
)


def rounded(graph: Graph, seed: int = 0) -> Graph:
    """The graph of the same computation with other last digits, up or down at random.

    How far gradients move says how much of them is rounding: in `np.log(1 - p)`, nearly all once
    p is 1 to fifteen digits.
    """
    rng = np.random.default_rng([seed, 53])

    def after(node: Node, value: np.ndarray) -> np.ndarray:
        if node.op not in _ROUNDS or not node.differentiable:
            return value
        result: np.ndarray = value * (1 + 2.0**-52 * rng.choice([-1.0, 1.0], value.shape))
        return result

    with np.errstate(all="ignore"):
        values = {node: node.value for node in graph.inputs.values() if node.differentiable}
        return _with_values(graph, rerun(graph, values, after=after))


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
        result: np.ndarray = value + shifts[node]
        return result

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
    return _of_twins(graph, twins, {**graph.shifts, **shifts})


def _of_twins(graph: Graph, twins: Mapping[Node, Node], shifts: Mapping[Node, np.ndarray]) -> Graph:
    """The graph of nodes that stand for those of another."""
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


# ── other numbers ───────────────────────────────────────────────────────────────────────────
def numbers_in(graph: Graph) -> Iterator[tuple[float, int | None]]:
    """The single numbers that the function computes with, and the lines they stand on."""
    for node in graph.nodes:
        if node.rule is None and node.op == "constant" and type(node.note) is float:
            yield node.note, node.line
        for operand in node.operands if node.rule is not None else ():
            if type(operand) is float:
                yield operand, node.line


def with_numbers(graph: Graph, changed: Mapping[float, float]) -> Graph:
    """The graph of the same function with other numbers in the place of some."""
    twins: dict[Node, Node] = {}
    moved: set[Node] = set()
    for node in graph.nodes:
        operands = tuple([_exchanged(operand, twins, changed) for operand in node.operands])
        note, value = node.note, node.value
        if node.rule is None and node.op == "constant" and type(note) is float:
            if note in changed:
                note = changed[note]
                value = np.asarray(note)
                moved.add(node)
        elif node.rule is not None and (
            any(source in moved for source in node.inputs)
            or any(type(each) is float and each in changed for each in node.operands)
        ):
            moved.add(node)
            value = np.asarray(node.rule.run(*[plain(operand) for operand in operands]))
            value = value + graph.shifts.get(node, 0)
        twins[node] = made(
            node.rule, operands, value, node.flow, node.site, node.name, node.op, note
        )
    return _of_twins(graph, twins, graph.shifts)


def _exchanged(item: Any, twins: Mapping[Node, Node], changed: Mapping[float, float]) -> Any:
    if type(item) is float:
        return changed.get(item, item)
    return plain(item, twins.__getitem__)
