"""Graph + rules → Backward: readable lines, executed as written."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from backprop.errors import TraceError
from backprop.graph import Graph, Node
from backprop.tracer import trace
from backprop.writer import text
from backprop.writer.lines import Step, Why, Writer
from backprop.writer.source import backward_source

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
            (
                list(_operands(use.user, use.operand))[use.position].name,
                use.user.name,
                use.operand,
            ): rename.get(name, name)
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
        return scope[f"{self.graph.function}_backward"]

    def __call__(self, dout: Any, *args: Any) -> Any:
        """Run `source`: the gradients of the floating-point arrays among `args`."""
        return self._function(dout, *args)

    @cached_property
    def code(self) -> Any:
        """The lines, compiled; they read forward values by name and write gradients by name."""
        body: list[ast.stmt] = [ast.parse(line).body[0] for line in self.lines]
        module = ast.Module(body, [])
        return compile(module, f"<backward of {self.graph.function}>", "exec")

    def gradient_of(self, node: Node) -> tuple[str, tuple[int, ...]] | None:
        """The variable that holds a node's gradient, and its real shape; None if it has none."""
        gradient = self._writer.gradients.get(node)
        if gradient is None:
            return None
        return self._writer.rename.get(gradient.name, gradient.name), gradient.shape

    def __repr__(self) -> str:
        return "\n".join(self.lines)


def _operands(node: Node, operand: str) -> Any:
    from backprop.graph import nodes_in

    return nodes_in(node.arguments[operand])


_ = TraceError
