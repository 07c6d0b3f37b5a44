"""The complete function: parameters, the forward lines that are needed, the backward lines."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator

import numpy as np

from backprop.graph.axes import origins
from backprop.graph.graph import Graph
from backprop.graph.lengths import Length
from backprop.graph.node import Node, plain
from backprop.tracer import written
from backprop.writer import text
from backprop.writer.constants import constant_tree
from backprop.writer.expand import Filling
from backprop.writer.layout import wrapped
from backprop.writer.lines import Writer
from backprop.writer.names import in_order
from backprop.writer.text import Tree
from backprop.writer.values import Values, repeated


def backward_source(writer: Writer, lines: list[str]) -> tuple[str, dict[str, np.ndarray]]:
    """The text of `def <f>_backward(dout, *args)`, and the constants that it must be given."""
    graph = writer.graph
    body: list[str] = []
    if graph.several:
        names = in_order(graph, writer.names.upstream)
        body.append(f"{', '.join(names)} = {writer.names.dout}")
    forward = Forward(writer)
    body += forward.lines()
    body += lines
    body = [*_defaults(graph, body), *body]
    results = [writer.rename.get(name, name) for name in writer.results]
    body.append(f"return {', '.join(results)}")
    parameters = [writer.names.dout, *_parameters(writer)]
    if forward.given:
        parameters += [*["*"] * ("*" not in parameters), *forward.given]
    head = f"def {backward_name(graph)}({', '.join(parameters)}):"
    text_ = "\n".join([*wrapped(head, 0), *[p for line in body for p in wrapped(line, 4)], ""])
    return text_, forward.given


def backward_name(graph: Graph) -> str:
    """`variance_backward` for `variance` and for `variance_forward`."""
    name = graph.function if graph.function.isidentifier() else "f"
    return f"{name.removesuffix('_forward')}_backward"


def _defaults(graph: Graph, body: list[str]) -> Iterator[str]:
    """`p = {"eps": 1e-5} if p is None else p`: a default that is an object is made anew."""
    made = {
        name: value
        for name, _, value in graph.call.parameters
        if isinstance(value, (dict, list, set)) and written(value) is not None
    }
    if not made:
        return
    read = {
        part.id for line in body for part in ast.walk(ast.parse(line)) if isinstance(part, ast.Name)
    }
    for name in [name for name in made if name in read]:
        value = text.show(text.expression(written(made[name]) or ""))
        yield f"{name} = {value} if {name} is None else {name}"


def _parameters(writer: Writer) -> list[str]:
    result: list[str] = []
    star = False
    for name, kind, default in writer.graph.call.parameters:
        if kind == "*" and not star:
            result.append("*")
            star = True
        plainly = isinstance(default, (bool, int, float, str, type(None), tuple))
        if default is inspect.Parameter.empty:
            result.append(name)
        else:
            result.append(f"{name}={text.show(text.constant(default)) if plainly else None}")
    return result


class Forward(Values):
    """The forward lines that the backward lines need, in execution order.

    Nodes without a name that nothing else needs are written inside the expression that uses
    them; a buffer that is filled in place is filled in place again.
    """

    def __init__(self, writer: Writer) -> None:
        super().__init__(writer.graph)
        self.writer = writer
        self.lengths_named.update(writer.lengths_named)
        self.kept: set[Node] = set()
        self.given: dict[str, np.ndarray] = {}  # constants that do not follow from the arguments
        self.measured: set[Node] = set()  # nodes whose lengths have names
        users = self._reachable()
        for node, count in users.items():
            several = count > 1 and not self.inlined(node)
            written = node.named and not self.inlined(node)
            if written or node.op == "input" or node in writer.needed or several or _in_place(node):
                self.kept.add(node)
            if _in_place(node) and not (
                repeated(node.arguments["x"]) and self.inlined(node.arguments["x"])
            ):
                self.kept.add(node.arguments["x"])
        self.variables: dict[Node, str] = {}
        self._share_buffers()

    def _reachable(self) -> dict[Node, int]:
        """The nodes that the needed ones follow from, and how often each is used by others."""
        users: dict[Node, int] = {}
        stack = list(self.writer.needed)
        seen = set(stack)
        while stack:
            node = stack.pop()
            users.setdefault(node, 0)
            for source in node.inputs:
                users[source] = users.get(source, 0) + 1
                if source not in seen:
                    seen.add(source)
                    stack.append(source)
        return users

    def lines(self) -> list[str]:
        body = [line for node in self.graph.nodes if node in self.kept for line in self._line(node)]
        lengths = list(self._lengths())
        return [*self._taken_out(), *lengths, *body]

    def _taken_out(self) -> Iterator[str]:
        """`W1 = params["W1"]`, and of the object whose method f is, a further parameter."""
        for node in self.graph.inputs.values():
            if node not in self.kept and node not in self.measured:
                continue
            root = re.split(r"[.\[]", node.name, maxsplit=1)[0]
            if root == node.name:
                continue
            variable = self.variable(node)
            try:
                ast.parse(node.name)
            except SyntaxError:  # a key that no source can name
                self.given[variable] = node.value
                continue
            if any(name == root for name, *_ in self.graph.call.parameters):
                yield f"{variable} = {node.name}"
            else:
                self.given[variable] = node.value

    def _lengths(self) -> Iterator[str]:
        """`N, D = x.shape`, or `N = x.shape[0]` where only that one is needed."""
        named: dict[Node, dict[int, str]] = {}
        for name, length in self.lengths_named.items():
            _, node, axis = length.tree
            origin = origins(node)[axis]
            assert origin is not None
            named.setdefault(origin[0], {})[origin[1]] = name
            self.measured.add(origin[0])
        for node, names in named.items():
            if len(names) == len(node.shape) > 1:
                every = ", ".join(names[i] for i in range(len(names)))
                yield f"{every} = {self.variable(node)}.shape"
            else:
                for axis, name in sorted(names.items()):
                    yield f"{name} = {self.variable(node)}.shape[{axis}]"

    # ── values ──────────────────────────────────────────────────────────────────────────────
    def value(self, node: Node) -> Tree:
        if node in self.kept or node.op == "input" or (node.rule is None and node.named):
            return text.name(self.variables.get(node) or self.variable(node))
        if node.rule is None:
            return constant_tree(self, node) or text.name(self._given(node))
        return self.expression(node)

    def _line(self, node: Node) -> list[str]:
        if node.op == "input":
            return []
        variable = self.variables.get(node) or self.variable(node)
        if node.rule is None:
            if self._is_parameter(node):
                return []
            if node.name in self.lengths_named:
                return []
            if isinstance(node.note, Length) and node.note.name == node.name:
                return [f"{variable} = {text.show(self.formula(node.note.tree))}"]
            tree = constant_tree(self, node)
            given = "" if tree is not None else self._given(node)
            return [] if given == variable else [f"{variable} = {given or text.show(tree)}"]
        if not node.rule.in_place:
            tree = self.expression(node)
            shown = text.show(tree) if repeated(node) is None else _copied(tree)
            return [f"{variable} = {shown}"]
        base = self.value(node.arguments["x"])
        lines = [] if text.show(base) == variable else [f"{variable} = {_copied(base)}"]
        filling = Filling(self, node, node, None)
        statement = text.parse(node.rule.forward)
        if isinstance(statement, ast.Assign):
            (target,) = statement.targets
            assert isinstance(target, ast.Subscript)
            place = ast.Subscript(text.name(variable), filling.expand(target.slice)[0])
            written = ast.Assign([place], filling.expand(statement.value)[0])
            return [*lines, text.show(written)]
        assert isinstance(statement, ast.Expr)
        assert isinstance(statement.value, ast.Call)
        others = [filling.expand(arg)[0] for arg in statement.value.args[1:]]
        call = ast.Call(statement.value.func, [text.name(variable), *others], [])
        return [*lines, text.show(call)]

    def _given(self, node: Node) -> str:
        """A further parameter, for a constant that the arguments do not tell."""
        name = self.variable(node)
        if any(name == known for known, *_ in self.graph.call.parameters):
            name = f"traced_{name}"
        self.given[name] = node.value
        return name

    def _is_parameter(self, node: Node) -> bool:
        """A named number that f was given: the derived function is given it, too."""
        given = self.graph.call.scope.get(node.name)
        return isinstance(given, (int, float, np.generic)) and given == node.note

    # ── buffers ─────────────────────────────────────────────────────────────────────────────
    def _share_buffers(self) -> None:
        """Versions of a buffer share one variable where no older version is read later."""
        order = [node for node in self.graph.nodes if node in self.kept]
        readers: dict[Node, list[Node]] = {}
        for node in order:
            for source in self._sources(node):
                readers.setdefault(source, []).append(node)
        chains: list[list[Node]] = []
        chain_of: dict[Node, list[Node]] = {}
        for node in order:
            if not _in_place(node):
                continue
            base = node.arguments["x"]
            later = any(reader.index > node.index for reader in readers.get(base, ()))
            fresh = base.op == "constant" or (base.rule is not None and not base.rule.view)
            if base in self.writer.needed or later or not fresh or self._viewed(node, readers):
                continue
            chain = chain_of.get(base)
            if chain is None:
                chain = [base]
                chains.append(chain)
            chain.append(node)
            chain_of[node] = chain
        for chain in chains:
            needed = [node for node in chain if node in self.writer.needed]
            name = (needed or chain)[-1 if needed else 0].name
            for node in chain:
                self.variables[node] = name

    def _sources(self, node: Node) -> Iterator[Node]:
        """The kept nodes that the line of `node` reads."""
        for source in node.inputs:
            if source in self.kept:
                yield source
            else:
                yield from self._sources(source)

    def _viewed(self, put: Node, readers: dict[Node, list[Node]]) -> bool:
        """Whether a view that was taken before looks at what `put` overwrites."""
        entries = np.zeros(put.shape, dtype=bool)
        entries[plain(put.arguments["key"])] = True
        base = put.arguments["x"]
        while True:
            for reader in readers.get(base, ()):
                if reader.rule is not None and reader.rule.view and reader.index < put.index:
                    seen = np.zeros(put.shape, dtype=bool)
                    if reader.op != "get" or reader.arguments["x"] is not base:
                        return True
                    seen[plain(reader.arguments["key"])] = True
                    if (seen & entries).any():
                        return True
            if not _in_place(base):
                return False
            base = base.arguments["x"]


def _copied(tree: Tree) -> str:
    """`x.copy()`; arithmetic makes a new array anyway."""
    fresh = isinstance(tree, (ast.BinOp, ast.UnaryOp, ast.Compare))
    return text.show(tree) if fresh else f"{text.show(tree)}.copy()"


def _in_place(node: Node) -> bool:
    return node.rule is not None and node.rule.in_place
