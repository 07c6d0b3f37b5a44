"""From a graph to the lines of its backward pass.

Nodes take their turn from the last to the first; an input takes it right after its first
user. At a node's turn each of its users, from the latest to the earliest, gives it a partial
gradient by the text of its rule, and the partials are summed.

Gradients are lazy: one may be smaller than its node as long as broadcasting completes it
where it is used. What is bigger than its node, because the node was broadcast, is summed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from backprop.graph import Graph, Node, nodes_in
from backprop.graph import plain as plain_value
from backprop.rules import Rule
from backprop.writer import text
from backprop.writer.expand import Filling
from backprop.writer.text import Tree
from backprop.writer.values import Values
from backprop.writer.words import Shape


class Why(NamedTuple):
    """What broadcasting made necessary in a line: a sum over axes, or a completion."""

    axes: tuple[int, ...]
    from_shape: Shape
    to_shape: Shape


@dataclass
class Step:
    """One line of the backward pass.

    Attributes:
        line: its text.
        gradient: the variable that it assigns.
        node: the forward node whose gradient, or partial gradient, that is.
        user: the node that used it; None for the sum of partials.
        operand: which operand of `user` it was.
        shape: the shape the variable really has (smaller than the node's where lazy).
        why: what broadcasting added to the rule's own text.
        rule: the row of the table that the line comes from; None for sums.
    """

    line: str
    gradient: str
    node: Node
    user: Node | None
    operand: str
    shape: Shape
    why: tuple[Why, ...]
    rule: Rule | None
    tree: Any = field(repr=False, default=None)


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


class Stale(NamedTuple):
    """Entries that item assignments overwrote, where a gradient still has to be set to 0."""

    key: Tree  # of the last assignment, as source
    entries: np.ndarray  # of all of them
    rest: Stale | None

    def keys(self) -> Iterator[Tree]:
        """The keys, in the order of the lines that set them to 0."""
        keys: list[Tree] = []
        stale: Stale | None = self
        while stale is not None:
            keys.append(stale.key)
            stale = stale.rest
        return reversed(keys)


class Gradient(NamedTuple):
    """A gradient as the lines have it."""

    name: str
    shape: Shape
    stale: Stale | None = None
    until: int | None = None  # after so many lines the variable goes on as an older version's


class Partial(NamedTuple):
    """What one use sends back."""

    use: Use
    tree: Tree
    shape: Shape
    why: tuple[Why, ...]
    source: Gradient | None  # the gradient that it is a plain copy of


class Writer(Values):
    """Writes the lines of one graph; the results are in its attributes."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self.steps: list[Step] = []
        self.gradients: dict[Node, Gradient] = {}
        self.partials: dict[Use, Any] = {}
        self.wires: dict[Use, str] = {}
        self.upstream: dict[Node, list[str]] = {}  # the variables of the upstream gradients
        self.rename: dict[str, str] = {}
        self.results: list[str] = []
        self._uses: dict[Node, list[Use]] = {}
        self._holders: dict[str, Node] = {}  # variable -> the node whose gradient it was made for
        self._numbered: dict[Node, list[str]] = {}
        # Gradients of a buffer that older versions of it may go on with, and whose they are.
        self._buffers: dict[str, list[Node]] = {}
        self._names: dict[Node, str] = {}
        self._taken = {node.name for node in graph.nodes} | {"np"}
        self._taken |= {name for name, *_ in graph.call.parameters}
        self._find_uses()
        self._name_gradients()
        self._write()

    # ── names ───────────────────────────────────────────────────────────────────────────────
    def _find_uses(self) -> None:
        for user in self.graph.nodes:
            if user.active and user.rule is not None:
                for operand in user.rule.backward:
                    for position, node in enumerate(nodes_in(user.arguments[operand])):
                        if node.active:
                            use = Use(node, user, operand, position)
                            self._uses.setdefault(node, []).append(use)
        for node, uses in self._uses.items():  # latest user first, operands left to right
            self._uses[node] = sorted(uses, key=lambda use: -use.user.index)

    def _reserve(self, wanted: str) -> str:
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def _partial_names(self, name: str, number: int) -> list[str]:
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
            self.dout = self._names[output] = self._reserve(f"d{spoken(output, graph)}")
            self.upstream[output] = [self.dout]
        for node in graph.nodes:
            wanted = node.active or (node.op == "input" and node.differentiable)
            if node not in self._names and (wanted or node in graph.outputs):
                self._names[node] = self._reserve(f"d{node.name}")
        if graph.several:
            self.dout = self._reserve(self.dout)
            for node in dict.fromkeys(graph.outputs):
                self._name_upstream(node, graph.outputs.count(node))

    def _name_upstream(self, node: Node, times: int) -> None:
        """One of several results: its upstream gradient is the first of its partials."""
        partials = times + len(self._uses.get(node, ()))
        if partials == 1 or not node.active:
            self.upstream[node] = [self._names[node]]
            if times > 1:
                self.upstream[node] += self._partial_names(self._names[node], times - 1)
            return
        self._numbered[node] = self._partial_names(self._names[node], partials)
        self.upstream[node] = self._numbered[node][:times]

    # ── the pass ────────────────────────────────────────────────────────────────────────────
    def _write(self) -> None:
        for node in reversed(self.graph.nodes):
            if node.active and node.op != "input":
                self._turn(node)
                for source in node.inputs:
                    waits = source.op == "input" and source.active and source not in self.gradients
                    if waits and self._uses[source][-1].user is node:
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
        uses = self._uses.get(node, [])
        upstream = self.upstream.get(node, [])
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
        name = self._names[node]
        count = len(upstream) + len(dense)
        names = (self._numbered.get(node) or self._partial_names(name, count))[:count]
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
        self.wires[partial.use] = self._names[node] if source is None else source.name
        apart = source is not None and _apart(source.stale, scattered)
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
        elif isinstance(tree, (ast.Subscript, ast.Attribute)):
            tree = ast.Call(text.attribute(tree, "copy"), [], [])
        self._assign(node, tree, node.shape, partial)
        if source is not None and apart:
            name = self._names[node]
            self.gradients[node] = Gradient(name, node.shape, source.stale)
            self._buffers[name] = [node]
        elif source is not None:
            self._zero(self._names[node], node, source)

    def _scatter(self, use: Use) -> None:
        """`dx[key] += dz`: a rule that is a statement."""
        self._settle(use.user)
        name = self.gradients[use.node].name
        self._line(name, self._statement(use, name), use.node, use, use.node.shape)
        self.partials[use] = self._statement(use, text.SCATTER)
        tree = self.steps[-1].tree
        shown = text.show(tree.target) if isinstance(tree, ast.AugAssign) else None
        self.wires[use] = shown or self.gradients[use.user].name

    def _statement(self, use: Use, name: str) -> ast.stmt:
        filling = self._filling(use)
        template = use.template
        if isinstance(template, ast.AugAssign):
            assert isinstance(template.target, ast.Subscript)
            key = filling.expand(template.target.slice)[0]
            place = ast.Subscript(text.name(name), key)
            return ast.AugAssign(place, template.op, filling.expand(template.value)[0])
        call = template.value
        target: Tree = text.name(name)
        if isinstance(call.args[0], ast.Call):  # a view of dx
            view = call.args[0]
            filled = filling.expand(ast.Call(view.func, view.args[1:], view.keywords))[0]
            assert isinstance(filled, ast.Call)
            target = ast.Call(filled.func, [target, *filled.args], filled.keywords)
        args = [target, *[filling.expand(arg)[0] for arg in call.args[1:]]]
        return ast.Expr(ast.Call(filling.expand(call.func)[0], args, []))

    def _alias(self, node: Node, source: Gradient) -> None:
        """A gradient that is a copy of another needs no line; the author's name is preferred."""
        holder = self._holders[source.name]
        upstream = {name for names in self.upstream.values() for name in names}
        if node.named and not holder.named and source.name not in {*self.rename, *upstream}:
            self.rename[source.name] = self._names[node]
        self.gradients[node] = source
        if source.name in self._buffers:
            self._buffers[source.name].append(node)

    def _settle(self, node: Node) -> None:
        """Set to 0 what an item assignment overwrote, before the gradient is read."""
        gradient = self.gradients[node]
        if gradient.stale:
            self._assign(node, text.called(f"{gradient.name}.copy"), node.shape)
            self._zero(self._names[node], node, gradient)

    def _complete(self, node: Node) -> None:
        """Complete a lazy gradient where the node's own rule, or the result, needs all of it."""
        gradient = self.gradients[node]
        if gradient.shape == node.shape:
            return
        if node.rule is not None and (node.rule.lazy or _scatters(node.rule)):
            return
        last = self.steps[-1] if self.steps else None
        if self.rename.get(gradient.name) == self._names[node]:
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
            step.why = partial.why + step.why

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
            full = filling.full = _selected(use.user).shape
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
            shape = _selected(use.user).shape
            return self._fitted(use, tree, shape, shape)
        if gradient.stale is not None:
            entries |= gradient.stale.entries
        stale = Stale(self.literal(key), entries, gradient.stale)
        self.partials[use] = None  # the gradient of `user`, zero where it was overwritten
        tree = text.name(gradient.name)
        return Partial(use, tree, use.node.shape, (), gradient._replace(stale=stale))

    def _fitted(self, use: Use, tree: Tree, shape: Shape, full: Shape) -> Partial:
        gradient = self.gradients[use.user]
        tree, shape, why = self._fit(tree, shape, full, use)
        copied = isinstance(tree, ast.Name) and tree.id == gradient.name
        self.partials[use] = tree
        return Partial(use, tree, shape, why, gradient if copied else None)

    def _fit(
        self, tree: Tree, shape: Shape, full: Shape, use: Use
    ) -> tuple[Tree, Shape, tuple[Why, ...]]:
        """Sum a gradient over the axes along which its node was broadcast.

        `shape` is what `tree` has, `full` what it stands for. An axis along which it is still
        lazy is not summed but multiplied by its length.
        """
        wanted = use.node.shape
        missing = len(full) - len(wanted)
        absent = len(full) - len(shape)
        axes: list[int] = []  # of `tree`, to sum over
        times: list[int] = []  # of `full`, to multiply by
        keep = False
        for axis, size in enumerate(full):
            to = None if axis < missing else wanted[axis - missing]
            if to == size:
                continue
            own = None if axis < absent else shape[axis - absent]
            if own is not None and (own == size or to is None):
                axes.append(axis - absent)
                keep = keep or to is not None
            if own != size and size != 1:
                times.append(axis)
        why: tuple[Why, ...] = ()
        if axes:
            tree, fitted = self._summed(tree, shape, tuple(axes), keep, missing - absent)
            why = (Why(tuple(axes), shape, fitted),)
            shape = fitted
        if times:
            tree = text.binary(ast.Mult(), self.lengths(use.user, times), tree)
        return tree, shape, why

    def _summed(
        self, tree: Tree, shape: Shape, axes: tuple[int, ...], keep: bool, extra: int
    ) -> tuple[Tree, Shape]:
        """`np.sum(tree, axis=…)`; the `extra` first axes go even if the others are kept."""
        options: dict[str, Tree] = {}
        if len(axes) < len(shape):
            options["axis"] = self.literal(axes[0] if len(axes) == 1 else axes)
        if keep:
            options["keepdims"] = text.constant(True)
        tree, factors = _constant_factors(tree, shape, axes, keep)
        tree = text.outside(lambda inner: text.called("np.sum", inner, **options), tree)
        for op, factor in reversed(factors):
            tree = text.binary(op, tree, factor)
        if not keep:
            return tree, tuple(size for axis, size in enumerate(shape) if axis not in axes)
        kept = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
        gone = sum(axis < extra for axis in axes)
        if gone:
            zeros = [text.constant(0)] * gone
            tree = ast.Subscript(tree, zeros[0] if gone == 1 else ast.Tuple(zeros))
        return tree, kept[gone:]

    # ── writing down ────────────────────────────────────────────────────────────────────────
    def _zeros(self, node: Node) -> Tree:
        return text.called("np.zeros_like", self.value(node))

    def _assign(self, node: Node, tree: Tree, shape: Shape, partial: Partial | None = None) -> None:
        name = self._names[node]
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
        self.steps.append(Step("", name, node, user, operand, shape, why, rule, tree))


def _constant_factors(
    tree: Tree, shape: Shape, axes: tuple[int, ...], keep: bool
) -> tuple[Tree, list[tuple[ast.operator, Tree]]]:
    """Takes out of a sum what is the same for all its terms: `np.sum(dxhat * xhat, axis=0) / std`.

    Returns what is left to sum, and the factors, the outermost first.
    """
    factors: list[tuple[ast.operator, Tree]] = []
    while isinstance(tree, ast.BinOp) and isinstance(tree.op, (ast.Mult, ast.Div)):
        own = text.shapes.get(tree.right)
        if own is None or text.shapes.get(tree.left) != shape:
            break
        before = len(shape) - len(own)
        varies = any(axis >= before and own[axis - before] != 1 for axis in axes)
        # Without keepdims only the last axes, which stay where they are, may remain.
        moves = not keep and bool(own) and max(axes) >= before
        if varies or moves:
            break
        factors.append((tree.op, tree.right))
        tree = tree.left
    return tree, factors


def _scatters(rule: Rule) -> bool:
    """Whether all texts of a row are `dx[key] += dz`: that broadcasts by itself."""
    return all(isinstance(text.parse(each), ast.AugAssign) for each in rule.backward.values())


def _selected(user: Node) -> np.ndarray:
    """The entries that an item assignment, or `np.add.at`, writes to."""
    return np.empty(user.shape, dtype=bool)[plain_value(user.arguments["key"])]


def entries_of(shape: Shape, key: Any) -> np.ndarray:
    """Which entries of an array an index means."""
    entries = np.zeros(shape, dtype=bool)
    entries[plain_value(key)] = True
    return entries


def _apart(stale: Stale | None, scattered: list[Use]) -> bool:
    """Whether nothing is scattered to entries that were overwritten later."""
    for use in scattered:
        if use.user.op != "get":
            return False
        entries = entries_of(use.node.shape, use.user.arguments["key"])
        if stale is not None and (entries & stale.entries).any():
            return False
    return True


def spoken(node: Node, graph: Graph) -> str:
    """What the author calls a result: `out` also for the last version of a filled buffer."""
    if not node.named:
        return "out"
    stem, _, version = node.name.rpartition("_")
    first = next((other for other in graph.nodes if other.name == stem), None)
    if first is None or not version.isdigit() or first.differentiable:
        return node.name
    return stem
