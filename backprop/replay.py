"""True gradients without any rule: the graph is run again with other values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from backprop.errors import KinkError
from backprop.graph import Graph, Node, nodes_in, plain
from backprop.tracer import trace, unchanged


class Gradients:
    """The gradients of one backward pass, each of its node's full shape.

    Attributes:
        nodes: name of a node -> its gradient.
        wires: (producer, consumer, operand) -> the partial gradient that comes back on it.
    """

    def __init__(self, graph: Graph, values: dict[str, Any]) -> None:
        self._graph = graph
        self._values = values

    @cached_property
    def nodes(self) -> Mapping[str, np.ndarray]:
        return _Nodes(self._graph, self._values)


class _Nodes(Mapping[str, np.ndarray]):
    def __init__(self, graph: Graph, values: dict[str, Any]) -> None:
        self._graph = graph
        self._values = values

    def __getitem__(self, name: str) -> np.ndarray:
        node = self._graph[name]
        found = self._graph.derive().gradient_of(node)
        if found is None:
            return np.zeros(node.shape)
        return np.broadcast_to(self._values[found[0]], node.shape)

    def __iter__(self) -> Iterator[str]:
        return (node.name for node in self._graph.nodes)

    def __len__(self) -> int:
        return len(self._graph.nodes)


def upstream(graph: Graph, dout: Any) -> tuple[np.ndarray, ...]:
    """The upstream gradients as arrays of the outputs' shapes; ValueError if they do not fit."""
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
    """Run the derived lines on the graph's values."""
    arrays = upstream(graph, dout)
    unchanged(graph)
    backward = graph.derive()
    writer = backward._writer
    scope: dict[str, Any] = {"np": np}
    scope.update({node.name: node.value for node in writer.needed})
    for node, array in zip(graph.outputs, arrays, strict=True):
        for name in writer.upstream[node]:
            scope[name] = array
    exec(backward.code, scope)
    return Gradients(graph, scope)


# ── running the graph again ─────────────────────────────────────────────────────────────────
def replay(
    graph: Graph, changed: Mapping[str, np.ndarray], complex: bool = False
) -> dict[Node, np.ndarray]:
    """The values of all nodes when those named in `changed` have other values."""
    values: dict[Node, np.ndarray] = {graph[name]: value for name, value in changed.items()}
    stale = set(values)
    for node in graph.nodes:
        if node in stale or node.rule is None:
            continue
        if any(source in stale for source in node.inputs):
            run = node.rule.run_complex if complex else node.rule.run
            if run is None:
                raise NotImplementedError(node.op)
            arguments = [
                plain(argument, lambda n: values[n] if n in values else n.value)
                for argument in node.arguments.values()
            ]
            values[node] = np.asarray(run(*arguments))
            stale.add(node)
    return values


def numeric_gradient(
    f: Callable[..., Any], *args: Any, dout: Any = None, cache: bool | None = None
) -> Any:
    """The gradient of `f` at `args` by complex step or Richardson extrapolation: no rules.

    Returns one array for one floating-point argument, else a tuple in argument order.

    Raises:
        KinkError: the function has no derivative there.
    """
    graph = trace(f, *args, cache=cache)
    if dout is None:
        rng = np.random.default_rng(0)
        douts = tuple(rng.standard_normal(node.shape) for node in graph.outputs)
    else:
        douts = upstream(graph, dout)
    results = tuple(_complex_step(graph, node, douts) for node in graph.differentiated)
    return results[0] if len(results) == 1 else results


def _complex_step(graph: Graph, node: Node, douts: tuple[np.ndarray, ...]) -> np.ndarray:
    result = np.zeros(node.shape)
    step = 1e-30
    for index in np.ndindex(node.shape):
        value = node.value.astype(complex)
        value[index] += 1j * step
        values = replay(graph, {node.name: value}, complex=True)
        total = 0.0
        for output, dout in zip(graph.outputs, douts, strict=True):
            total += np.sum(np.imag(values.get(output, 0.0)) * dout)
        result[index] = total / step
    return result


_ = (KinkError, nodes_in)
