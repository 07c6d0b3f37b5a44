"""The complete function: parameters, the forward lines that are needed, the backward lines."""

from __future__ import annotations

import ast
import inspect
from typing import Any

from backprop.graph import Node
from backprop.writer import text
from backprop.writer.expand import Filling
from backprop.writer.lines import Writer
from backprop.writer.text import Tree


def backward_source(writer: Writer, lines: list[str]) -> str:
    """The text of `def <f>_backward(dout, *args)`."""
    graph = writer.graph
    body: list[str] = []
    if graph.several:
        names = [name for node in graph.outputs for name in writer.upstream[node][:1]]
        body.append(f"{', '.join(names)} = {writer.dout}")
    body += forward_lines(writer)
    body += lines
    results = [writer.rename.get(name, name) for name in writer.results]
    body.append(f"return {', '.join(results)}")
    parameters = ", ".join([writer.dout, *_parameters(writer)])
    head = f"def {graph.function}_backward({parameters}):"
    return "\n".join([head, *[f"    {line}" for line in body], ""])


def _parameters(writer: Writer) -> list[str]:
    result = []
    for name, kind, default in writer.graph.call.parameters:
        if kind == "*" and "*" not in result:
            result.append("*")
        result.append(name if default is inspect.Parameter.empty else f"{name}={default!r}")
    return result


def forward_lines(writer: Writer) -> list[str]:
    """The forward lines that the backward lines need, in execution order."""
    kept = set(writer.needed)
    users: dict[Node, int] = {}
    wanted: set[Node] = set()
    stack = list(kept)
    while stack:
        node = stack.pop()
        if node in wanted:
            continue
        wanted.add(node)
        for source in node.inputs:
            users[source] = users.get(source, 0) + 1
            stack.append(source)
    forward = _Forward(writer, {n for n in wanted if n.named or n in kept or users.get(n, 0) > 1})
    return [
        line for node in writer.graph.nodes if node in forward.kept for line in forward.line(node)
    ]


class _Forward:
    """Stands in for the writer while forward texts are filled: values may be expressions."""

    def __init__(self, writer: Writer, kept: set[Node]) -> None:
        self.writer = writer
        self.kept = kept

    def __getattr__(self, name: str) -> Any:
        return getattr(self.writer, name)

    def value(self, node: Node) -> Tree:
        if node in self.kept or node.rule is None:
            return text.name(node.name)
        return self.expression(node)

    def literal(self, value: Any) -> Tree:
        return Writer.literal(self, value)  # type: ignore[arg-type]

    def expression(self, node: Node) -> Tree:
        assert node.rule is not None
        filling = Filling(self, node, node, None)  # type: ignore[arg-type]
        return filling.expand(text.expression(node.rule.forward))[0]

    def line(self, node: Node) -> list[str]:
        if node.op == "input":
            return []
        if node.rule is None:
            return [f"{node.name} = {text.show(self.writer.literal(node.value.tolist()))}"]
        if node.rule.in_place:
            filling = Filling(self, node, node, None)  # type: ignore[arg-type]
            statement = text.parse(node.rule.forward)
            assert isinstance(statement, ast.Assign)
            (target,) = statement.targets
            assert isinstance(target, ast.Subscript)
            key = filling.expand(target.slice)[0]
            value = filling.expand(statement.value)[0]
            base = text.show(self.value(node.arguments["x"]))
            place = ast.Subscript(text.name(node.name), key)
            return [f"{node.name} = {base}.copy()", text.show(ast.Assign([place], value))]
        return [f"{node.name} = {text.show(self.expression(node))}"]
