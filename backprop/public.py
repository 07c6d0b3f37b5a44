"""The public Graph and what makes one: the rooms below, put together.

A graph is data; deriving, running and drawing it are rooms that stand on it. Here, and nowhere
else, they become its methods.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from backprop import tracer, writer
from backprop.drawing import draw
from backprop.graph import graph as data
from backprop.truth import replay
from backprop.writer import Backward, Gradients

__all__ = ["Backward", "Graph", "derive", "trace"]


class Graph(data.Graph):
    """What a function did with its arguments, step by step.

    `graph["diff"]` is the node that the function called `diff`.
    """

    def derive(self) -> Backward:
        """The backward pass of this graph, as lines and as a function."""
        return writer.backward_of(self)

    def backward(self, dout: Any) -> Mapping[str, np.ndarray]:
        """The gradient of every node, by name, each of the node's own shape.

        `dout` is the upstream gradient, of the output's shape (a tuple of them
        when the function returns several arrays).
        """
        return self.gradients(dout).nodes

    def gradients(self, dout: Any) -> Gradients:
        """Like `backward`, with the partials too: `.nodes` and `.wires`."""
        return writer.gradients(self, dout)

    def at(self, changed: Mapping[str, Any]) -> Graph:
        """The same computation for other values of some nodes; constants stay."""
        return _public(replay.at(self, changed))

    def shifted(self, seed: int = 0) -> Graph:
        """The graph of the same function with a random constant added to every sum and mean."""
        return _public(replay.shifted(self, seed))

    def _repr_svg_(self) -> str:
        return draw(self)


def _public(graph: data.Graph) -> Graph:
    """The same graph, with its methods."""
    graph.__class__ = Graph
    assert isinstance(graph, Graph)
    return graph


def trace(f: Callable[..., Any], *args: Any, cache: bool | None = None) -> Graph:
    """The graph of `f(*args)`.

    Floating-point arrays among `args` are differentiated (0-d included), and such arrays inside
    dictionaries, lists, tuples and objects, named by their path: `params["W1"]`, `layer.W`. So
    are those of the object whose method `f` is: `self.W`. Everything else is a constant, and so
    are averages that a layer keeps (`running_mean`) and attributes that `f` sets itself.
    Arguments and objects are afterwards as they were before.

    `f` returns an array, several arrays, or `(out, cache)`, recognised when the last item is a
    tuple, list, dict or one of the arguments; `cache=True/False` decides by hand.

    Raises:
        TraceError: there is nothing to differentiate, a value leaves the graph, or the
            function returns something else than arrays.
        RuleError: an operation has no row in the table.
    """
    return _public(tracer.trace(f, *args, cache=cache))


def derive(f: Callable[..., Any], *args: Any, cache: bool | None = None) -> Backward:
    """The backward pass of `f`, as a person would write it; see `Backward`.

    Warns where `f` draws other random numbers each time: the lines hold for those of this run.
    """
    graph = trace(f, *args, cache=cache)
    if not tracer.steady(graph):
        warnings.warn(
            f"{graph.function} gives another result when it is run again with the same "
            "arguments: it draws random numbers, and the derived lines hold for those of this "
            "run. Seed them inside (np.random.default_rng(0)), or pass what is drawn (a dropout "
            "mask) as an argument",
            stacklevel=2,
        )
    return graph.derive()
