"""What the names of a fence mean: nodes of the graph, their gradients, or nothing."""

import ast
import inspect
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Variable:
    """A gradient that a fence assigns: of which nodes, and whether it is only a partial."""

    name: str
    nodes: tuple[str, ...]  # the versions of a name that f has bound more than once, latest first
    partial: bool = False


class FenceNames:
    """The names of `f(args)`, as the page writes them."""

    def __init__(self, graph: Any, f: Any, call: ast.Call):
        self.graph = graph
        self.function = getattr(f, "__name__", ast.unparse(call.func))
        self.aliases = self._arguments(f, call)
        self.bound = {node.name for node in graph.nodes if node.named} | set(self.aliases)
        self.outputs = [node.name for node in graph.outputs]
        # The upstream gradients, and of which output each is.
        self.upstream = {f"d{output}": i for i, output in enumerate(self.outputs)}
        if len(self.outputs) == 1:
            self.upstream.setdefault("dout", 0)

    def _arguments(self, f: Any, call: ast.Call) -> dict[str, str]:
        """What the page calls the arguments -> what f calls them."""
        inputs = self.graph.inputs
        given = dict(zip(_parameters(f), call.args, strict=False))
        return {
            argument.id: inputs[parameter].name
            for parameter, argument in given.items()
            if isinstance(argument, ast.Name) and parameter in inputs
        }

    def versions(self, name: str) -> tuple[str, ...]:
        """The nodes that f called `name`, latest first."""
        base = self.aliases.get(name, name)
        found = [
            node.name
            for node in self.graph.nodes
            if node.named and re.fullmatch(re.escape(base) + r"(_\d+)?", node.name)
        ]
        if base in self.graph and self.graph[base].name not in found:
            found.append(self.graph[base].name)
        return tuple(found[::-1])

    def forward(self, name: str) -> str | None:
        """The node that the page means by a name: an argument, or the last that f called so."""
        if name in self.aliases:
            return self.aliases[name]
        if name not in self.graph or not (name in self.bound or name in self.graph.aliases):
            return None
        return name if name in self.graph.inputs else self.versions(name)[0]

    def depends(self, name: str) -> bool:
        node = self.forward(name)
        return node is not None and bool(self.graph[node].depends)

    def variable(self, name: str) -> Variable | None:
        """What `name` is the gradient of, None if of nothing."""
        if not name.startswith("d") or name in self.bound:
            return None
        if versions := self.versions(name[1:]):
            return Variable(name, versions)
        if (match := re.fullmatch(r"d(.+?)_?\d+", name)) and (versions := self.versions(match[1])):
            return Variable(name, versions, partial=True)
        if name == "dout" and len(self.outputs) == 1:
            return Variable(name, tuple(self.outputs))
        return None

    def gradients(self) -> list[str]:
        """What the gradients of this function can be called."""
        return sorted(f"d{name}" for name in self.bound)


def _parameters(f: Any) -> list[str]:
    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []
