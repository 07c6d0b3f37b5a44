"""From a graph to the lines of its backward pass.

Nodes take their turn from the last to the first; an input takes it right after its first
user. At a node's turn each of its users, from the latest to the earliest, gives it a partial
gradient by the text of its rule, and the partials are summed.

Gradients are lazy: one may be smaller than its node as long as broadcasting completes it
where it is used. What is bigger than its node, because the node was broadcast, is summed.
"""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np

from backprop.graph.graph import Graph
from backprop.graph.node import Node
from backprop.writer import text
from backprop.writer.expand import Filling
from backprop.writer.names import Names, Use, scatters
from backprop.writer.stale import Stale, entries_of, selected, untouched
from backprop.writer.steps import Gradient, Partial, Step, Why
from backprop.writer.text import Shape, Tree
from backprop.writer.unbroadcast import unbroadcast
from backprop.writer.values import Values


class Writer(Values):
    """Writes the lines of one graph; the results are in its attributes."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.names = Names(self)
        self.steps: list[Step] = []
        self.gradients: dict[Node, Gradient] = {}
        self.partials: dict[Use, Any] = {}
        self.plain: dict[Use, Tree] = {}  # the rules' texts before broadcasting adds to them
        self.wires: dict[Use, str] = {}
        self.rename: dict[str, str] = {}
        self.results: list[str] = []
        self._holders: dict[str, Node] = {}  # variable -> the node whose gradient it was made for
        # Gradients of a buffer that older versions of it may go on with, and whose they are.
        self._buffers: dict[str, list[Node]] = {}
        self._write()

    # ── the pass ────────────────────────────────────────────────────────────────────────────
    def _write(self) -> None:
        for node in reversed(self.graph.nodes):
            if node.active and node.op != "input":
                self._turn(node)
                for source in node.inputs:
                    waits = source.op == "input" and source.active and source not in self.gradients
                    if waits and self.names.uses[source][-1].user is node:
                        self._turn(source)
        for node in self.graph.differentiated:
            if node not in self.gradients:
                if node.active:
                    self._turn(node)
                else:
                    self._assign(node, self._zeros(node), node.shape)
            self._settle(node)
            self.results.append(self.gradients[node].name)

    def _turn(self, node: Node) -> None:
        """Write a node's gradient: its partials, their sum, what is scattered into it."""
        uses = self.names.uses.get(node, [])
        upstream = self.names.upstream.get(node, [])
        dense = [self._partial(use) for use in uses if isinstance(use.template, ast.expr)]
        scattered = [use for use in uses if not isinstance(use.template, ast.expr)]
        if len(upstream) + len(dense) > 1:
            self._sum(node, upstream, dense, whole=bool(scattered))
        elif scattered:
            self._start(node, upstream, dense, scattered)
        elif upstream:
            self.gradients[node] = Gradient(upstream[0], node.shape)
            self._holders.setdefault(upstream[0], node)
        else:
            (partial,) = dense
            if partial.source is not None:
                self._alias(node, partial.source)
            else:
                self._assign(node, partial.tree, partial.shape, partial)
            self.wires[partial.use] = self.gradients[node].name
        for use in scattered:
            self._scatter(use)
        self._complete(node)

    def _sum(self, node: Node, upstream: list[str], dense: list[Partial], whole: bool) -> None:
        """`dx = dx1 + dx2`."""
        count = len(upstream) + len(dense)
        names = self.names.partials(node, count)
        shape: Shape = node.shape if upstream else ()
        for variable, partial in zip(names[len(upstream) :], dense, strict=True):
            self._line(variable, partial.tree, node, partial.use, partial.shape, partial.why)
            self._clear(variable, partial)
            self.wires[partial.use] = variable
            shape = np.broadcast_shapes(shape, partial.shape)
        terms = [text.name(variable) for variable in names]
        if whole and shape != node.shape:
            terms.insert(0, self._zeros(node))
            shape = node.shape
        total = terms[0]
        for term in terms[1:]:
            total = ast.BinOp(total, ast.Add(), term)
        self._assign(node, total, shape)

    def _clear(self, variable: str, partial: Partial) -> None:
        """Set to 0, in a partial that copies a gradient, what was overwritten since."""
        if partial.source is None or not partial.source.stale:
            return
        step = self.steps[-1]
        step.tree = ast.Assign([text.name(variable)], text.called(f"{partial.source.name}.copy"))
        self._zero(variable, partial.use.node, partial.source)

    def _zero(self, variable: str, node: Node, gradient: Gradient) -> None:
        for key in gradient.stale.keys() if gradient.stale is not None else ():
            place = ast.Subscript(text.name(variable), key)
            zero = ast.Assign([place], text.constant(0))
            self._line(variable, zero, node, None, node.shape)

    def _start(
        self, node: Node, upstream: list[str], dense: list[Partial], scattered: list[Use]
    ) -> None:
        """An array to scatter into: zeros, or the one partial that is dense."""
        if upstream:
            self._assign(node, text.called(f"{upstream[0]}.copy"), node.shape)
            return
        if not dense:
            self._assign(node, self._zeros(node), node.shape)
            return
        (partial,) = dense
        tree, source = partial.tree, partial.source
        self.wires[partial.use] = self.names.gradient[node] if source is None else source.name
        apart = source is not None and untouched(source.stale, scattered)
        if source is not None and apart and source.name in self._buffers:
            for other in self._buffers[source.name]:
                if self.gradients[other].until is None:
                    self.gradients[other] = self.gradients[other]._replace(until=len(self.steps))
            self.gradients[node] = source
            self._buffers[source.name].append(node)
            return
        if partial.shape != node.shape:
            tree = ast.BinOp(self._zeros(node), ast.Add(), tree)
        elif source is not None:
            tree = text.called(f"{source.name}.copy")
        elif _views(tree):
            tree = ast.Call(text.attribute(tree, "copy"), [], [])
        self._assign(node, tree, node.shape, partial)
        if source is not None and apart:
            name = self.names.gradient[node]
            self.gradients[node] = Gradient(name, node.shape, source.stale)
            self._buffers[name] = [node]
        elif source is not None:
            self._zero(self.names.gradient[node], node, source)

    def _scatter(self, use: Use) -> None:
        """`dx[key] += dz`: a rule that is a statement."""
        self._settle(use.user)
        name = self.gradients[use.node].name
        statement = self._filling(use).statement(use.template, name)
        self._line(name, statement, use.node, use, use.node.shape)
        self.partials[use] = self._filling(use).statement(use.template, text.SCATTER)
        tree = self.steps[-1].tree
        shown = text.show(tree.target) if isinstance(tree, ast.AugAssign) else None
        self.wires[use] = shown or self.gradients[use.user].name

    def _alias(self, node: Node, source: Gradient) -> None:
        """A gradient that is a copy of another needs no line; the author's name is preferred."""
        holder = self._holders[source.name]
        upstream = {name for names in self.names.upstream.values() for name in names}
        if node.named and not holder.named and source.name not in {*self.rename, *upstream}:
            self.rename[source.name] = self.names.gradient[node]
        self.gradients[node] = source
        if source.name in self._buffers:
            self._buffers[source.name].append(node)

    def _settle(self, node: Node) -> None:
        """Set to 0 what an item assignment overwrote, before the gradient is read."""
        gradient = self.gradients[node]
        if gradient.stale:
            self._assign(node, text.called(f"{gradient.name}.copy"), node.shape)
            self._zero(self.names.gradient[node], node, gradient)

    def _complete(self, node: Node) -> None:
        """Complete a lazy gradient where the node's own rule, or the result, needs all of it."""
        gradient = self.gradients[node]
        if gradient.shape == node.shape:
            return
        if node.rule is not None and (node.rule.lazy or scatters(node.rule)):
            return
        last = self.steps[-1] if self.steps else None
        if self.rename.get(gradient.name) == self.names.gradient[node]:
            del self.rename[gradient.name]  # what is not complete yet keeps a name of its own
        tree: Any = text.name(gradient.name)
        partial = None
        if last is not None and last.gradient == gradient.name and last.node is node:
            self.steps.pop()
            tree, partial = last.tree.value, last
        if node.op == "input":
            ones = text.called("np.ones_like", self.value(node))
            tree = text.binary(ast.Mult(), ones, tree)
        else:
            tree = text.called("np.broadcast_to", tree, self.shape(node))
        self._assign(node, tree, node.shape)
        step = self.steps[-1]
        step.why = (Why((), gradient.shape, node.shape),)
        if partial is not None:
            step.user, step.operand, step.rule = partial.user, partial.operand, partial.rule
            step.why, step.plain_tree = partial.why + step.why, partial.plain_tree

    # ── partials ────────────────────────────────────────────────────────────────────────────
    def _filling(self, use: Use) -> Filling:
        gradient = self.gradients[use.user]
        dz = (text.name(gradient.name), gradient.shape)
        return Filling(self, use.user, use.node, dz, use.position)

    def _partial(self, use: Use) -> Partial:
        """The gradient that one use of a node sends back, from the text of its rule."""
        rule = use.user.rule
        assert rule is not None
        if rule.op == "put":
            return self._put_partial(use)
        self._settle(use.user)
        filling = self._filling(use)
        tree, shape = filling.expand(use.template)
        full = filling.full or (use.user.shape if rule.axes == "broadcast" else use.node.shape)
        if use.operand == "value":  # `np.add.at(x, key, value)`: it may have been broadcast
            full = filling.full = selected(use.user).shape
        if shape is None or (not rule.lazy and filling.full is None):
            shape = full
        return self._fitted(use, tree, shape, full)

    def _put_partial(self, use: Use) -> Partial:
        """`z[key] = value`: what was overwritten gets no gradient, the value gets its own.

        Item assignments in a row share one gradient as long as they write to different
        entries: `dvalue = dout[key]`.
        """
        gradient = self.gradients[use.user]
        key = use.user.arguments["key"]
        entries = entries_of(use.user.shape, key)
        if use.operand == "value":
            if gradient.stale is not None and (entries & gradient.stale.entries).any():
                self._settle(use.user)
            tree, _ = self._filling(use).expand(use.template)
            shape = selected(use.user).shape
            return self._fitted(use, tree, shape, shape)
        if gradient.stale is not None:
            entries |= gradient.stale.entries
        stale = Stale(self.literal(key), entries, gradient.stale)
        self.partials[use] = None  # the gradient of `user`, zero where it was overwritten
        tree = text.name(gradient.name)
        return Partial(use, tree, use.node.shape, (), gradient._replace(stale=stale))

    def _fitted(self, use: Use, tree: Tree, shape: Shape, full: Shape) -> Partial:
        gradient = self.gradients[use.user]
        self.plain[use] = tree
        tree, shape, why = unbroadcast(self, tree, shape, full, use)
        copied = isinstance(tree, ast.Name) and tree.id == gradient.name
        self.partials[use] = tree
        return Partial(use, tree, shape, why, gradient if copied else None)

    # ── writing down ────────────────────────────────────────────────────────────────────────
    def _zeros(self, node: Node) -> Tree:
        return text.called("np.zeros_like", self.value(node))

    def _assign(self, node: Node, tree: Tree, shape: Shape, partial: Partial | None = None) -> None:
        name = self.names.gradient[node]
        use, why = (partial.use, partial.why) if partial is not None else (None, ())
        self._line(name, tree, node, use, shape, why)
        self.gradients[node] = Gradient(name, shape)
        self._holders[name] = node

    def _line(
        self,
        name: str,
        tree: Any,
        node: Node,
        use: Use | None,
        shape: Shape,
        why: tuple[Why, ...] = (),
    ) -> None:
        if isinstance(tree, ast.expr):
            tree = ast.Assign([text.name(name)], tree)
        user, operand = (use.user, use.operand) if use is not None else (None, "")
        rule = user.rule if user is not None else None
        plain = self.plain.get(use) if use is not None else None
        self.steps.append(Step("", name, node, user, operand, shape, why, rule, tree, plain))


# What may look at the gradient that it is given, and is copied before it is written to.
_VIEWS = re.compile(
    r"(.*\.)?(reshape|ravel|transpose|swapaxes|moveaxis|squeeze|expand_dims|broadcast_to|flip"
    r"|fliplr|flipud|rot90|diag|diagonal|einsum|sliding_window_view)"
)


def _views(tree: Tree) -> bool:
    if isinstance(tree, ast.Call):
        name = tree.func.attr if isinstance(tree.func, ast.Attribute) else text.show(tree.func)
        return _VIEWS.fullmatch(name) is not None
    return isinstance(tree, (ast.Subscript, ast.Attribute))
