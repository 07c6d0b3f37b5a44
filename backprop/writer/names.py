"""Where the gradient of each node comes from, and what it is called.

It comes back from every use of the node. Its name is `d` + the node's name, numbered where
several partial gradients are summed.
"""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from backprop.graph.graph import Graph
from backprop.graph.node import Node, nodes_in
from backprop.graph.rule import Rule
from backprop.writer import text
from backprop.writer.values import Values


class Use(NamedTuple):
    """An operand of a node: where a gradient comes back from."""

    node: Node
    user: Node
    operand: str
    position: int  # in a list of operands, else 0

    @property
    def template(self) -> Any:
        """The text of its rule, parsed: an expression, or a statement that scatters."""
        assert self.user.rule is not None
        statement = text.parse(self.user.rule.backward[self.operand])
        if isinstance(statement, ast.Expr) and not (
            isinstance(statement.value, ast.Call) and text.show(statement.value.func) == "np.add.at"
        ):
            return statement.value
        return statement


def scatters(rule: Rule) -> bool:
    """Whether all texts of a row are `dx[key] += dz`: that broadcasts by itself."""
    return all(isinstance(text.parse(each), ast.AugAssign) for each in rule.backward.values())


class Names:
    """Finds the uses of every node and names its gradient.

    Attributes:
        dout: the first parameter of the backward function.
        upstream: the variables of the upstream gradients.
        gradient: the variable of the gradient of each node.
        uses: where it comes back from, the latest user first.
    """

    def __init__(self, values: Values) -> None:
        graph = values.graph
        self.values = values
        self.graph = graph
        self.upstream: dict[Node, list[str]] = {}
        self.uses: dict[Node, list[Use]] = {}
        self.gradient: dict[Node, str] = {}
        self._numbered: dict[Node, list[str]] = {}
        self._taken = {values.variable(node) for node in graph.nodes} | graph.modules
        self._taken |= {name for name, *_ in graph.call.parameters}
        self._find_uses()
        self._name_gradients()

    def _find_uses(self) -> None:
        for user in self.graph.nodes:
            if user.active and user.rule is not None:
                for operand in user.rule.backward:
                    for position, node in enumerate(nodes_in(user.arguments[operand])):
                        if node.active:
                            use = Use(node, user, operand, position)
                            self.uses.setdefault(node, []).append(use)
        for node, uses in self.uses.items():  # latest user first, operands left to right
            self.uses[node] = sorted(uses, key=lambda use: -use.user.index)

    def _reserve(self, wanted: str) -> str:
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def partials(self, node: Node, number: int) -> list[str]:
        """The variables of the gradients that are summed to that of a node."""
        return (self._numbered.get(node) or self._numbers(self.gradient[node], number))[:number]

    def _numbers(self, name: str, number: int) -> list[str]:
        separator = ""
        while True:
            names = [f"{name}{separator}{i + 1}" for i in range(number)]
            if not self._taken.intersection(names):
                self._taken.update(names)
                return names
            separator += "_"

    def _name_gradients(self) -> None:
        """`d` + the node's name; the upstream gradient first, since it is a parameter."""
        graph = self.graph
        if graph.several:
            self.dout = "dout"
        else:
            (output,) = graph.outputs
            self.dout = self.gradient[output] = self._reserve(
                f"d{self.values.variable(output, spoken(output, graph))}"
            )
            self.upstream[output] = [self.dout]
        for node in graph.nodes:
            wanted = node.active or (node.op == "input" and node.differentiable)
            if node not in self.gradient and (wanted or node in graph.outputs):
                self.gradient[node] = self._reserve(f"d{self.values.variable(node)}")
        if graph.several:
            self.dout = self._reserve(self.dout)
            for node in dict.fromkeys(graph.outputs):
                self._name_upstream(node, graph.outputs.count(node))

    def _name_upstream(self, node: Node, times: int) -> None:
        """One of several results: its upstream gradient is the first of its partials."""
        partials = times + len(self.uses.get(node, ()))
        if partials == 1 or not node.active:
            self.upstream[node] = [self.gradient[node]]
            if times > 1:
                self.upstream[node] += self._numbers(self.gradient[node], times - 1)
            return
        self._numbered[node] = self._numbers(self.gradient[node], partials)
        self.upstream[node] = self._numbered[node][:times]


def in_order(graph: Graph, upstream: dict[Node, list[str]]) -> list[str]:
    """The variables of the upstream gradients, one for each result, also of one returned twice."""
    left = {node: iter(names) for node, names in upstream.items()}
    return [next(left[node]) for node in graph.outputs]


def spoken(node: Node, graph: Graph) -> str:
    """What the author calls a result: `out` also for the last version of a filled buffer."""
    if not node.named:
        return "out"
    stem, _, version = node.name.rpartition("_")
    first = next((other for other in graph.nodes if other.name == stem), None)
    if first is None or not version.isdigit() or first.differentiable:
        return node.name
    return stem
