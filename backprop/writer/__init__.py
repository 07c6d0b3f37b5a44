"""Graph + rules → Backward: readable lines, executed as written."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from backprop.graph import Graph, Node, plain
from backprop.tracer import trace
from backprop.writer import text
from backprop.writer.lines import Gradient, Step, Why, Writer
from backprop.writer.source import backward_name, backward_source

__all__ = ["Backward", "Step", "Why", "derive"]


def derive(f: Callable[..., Any], *args: Any, cache: bool | None = None) -> Backward:
    """The backward pass of `f`, as a person would write it; see `Backward`."""
    return trace(f, *args, cache=cache).derive()


class Backward:
    """A derived backward pass: lines that can be read, pasted and run.

    Attributes:
        steps: one `Step` a line, with the node, the rule and the shape behind it.
        wires: (producer, consumer, operand) -> the gradient variable on that wire.
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._writer = writer = Writer(graph)
        rename = writer.rename
        for step in writer.steps:
            step.line = text.show(step.tree, rename)
            step.gradient = rename.get(step.gradient, step.gradient)
        self.steps: list[Step] = writer.steps
        self.wires = {
            (use.node.name, use.user.name, use.operand): rename.get(name, name)
            for use, name in writer.wires.items()
        }

    @property
    def lines(self) -> list[str]:
        """The staged lines: `["dsquare = dvar / x.shape[0]", …]`."""
        return [step.line for step in self.steps]

    @cached_property
    def source(self) -> str:
        """A complete function, ready to paste; it needs `import numpy as np` only."""
        return backward_source(self._writer, self.lines)

    @cached_property
    def _function(self) -> Callable[..., Any]:
        scope: dict[str, Any] = {"np": np}
        exec(compile(self.source, f"<backward of {self.graph.function}>", "exec"), scope)
        return scope[backward_name(self.graph)]

    def __call__(self, dout: Any, *args: Any) -> Any:
        """Run `source`: the gradients of the floating-point arrays among `args`."""
        return self._function(dout, *args)

    @cached_property
    def code(self) -> Any:
        """The lines, compiled; they read forward values by name and write gradients by name."""
        return self._compiled(len(self.steps))

    def _compiled(self, count: int) -> Any:
        lines = "\n".join(step.line for step in self.steps[:count])
        return compile(lines, f"<backward of {self.graph.function}>", "exec")

    def execute(self, douts: tuple[np.ndarray, ...], until: int | None = None) -> dict[str, Any]:
        """Run the lines, or the first `until` of them, on the traced values: all variables."""
        scope: dict[str, Any] = {"np": np, **self.graph.call.scope}
        scope.update({node.name: node.plain for node in self._writer.needed})
        scope.update({name: int(n) for name, n in self._writer.lengths_named.items()})
        for node, dout in zip(self.graph.outputs, douts, strict=True):
            for name in self._writer.upstream[node]:
                scope[name] = dout
        exec(self.code if until is None else self._compiled(until), scope)
        return scope

    def gradient_of(self, node: Node) -> Gradient | None:
        """The variable that holds a node's gradient, and its real shape; None if it has none."""
        gradient = self._writer.gradients.get(node)
        if gradient is None:
            return None
        return gradient._replace(name=self._writer.rename.get(gradient.name, gradient.name))

    def partials(
        self, scope: dict[str, Any], gradient: Callable[[Node], np.ndarray]
    ) -> dict[tuple[str, str, str], np.ndarray]:
        """The partial gradient on every wire, of the producer's full shape.

        `scope` is what `execute` returned, `gradient` gives a node's whole gradient.
        """
        result: dict[tuple[str, str, str], np.ndarray] = {}
        for use, tree in self._writer.partials.items():
            if tree is None:
                whole = gradient(use.user).copy()
                whole[plain(use.user.arguments["key"])] = 0
            elif isinstance(tree, ast.stmt):
                whole = np.zeros(use.node.shape, dtype=scope[self._name(use.user)].dtype)
                exec(text.show(tree, self._writer.rename), {**scope, text.SCATTER: whole})
            else:
                shown = text.show(tree, self._writer.rename)
                whole = np.broadcast_to(eval(shown, scope), use.node.shape)
            key = (use.node.name, use.user.name, use.operand)
            result[key] = result[key] + whole if key in result else whole
        return result

    def _name(self, node: Node) -> str:
        gradient = self.gradient_of(node)
        assert gradient is not None
        return gradient.name

    def __repr__(self) -> str:
        return "\n".join(self.lines)
