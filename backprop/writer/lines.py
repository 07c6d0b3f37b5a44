"""From a graph to the lines of its backward pass.

Nodes take their turn from the last to the first; an input takes it right after its first
user. At a node's turn each of its users, from the latest to the earliest, gives it a partial
gradient by the text of its rule, and the partials are summed.

Gradients are lazy: one may be smaller than its node as long as broadcasting completes it
where it is used. What is bigger than its node, because the node was broadcast, is summed.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from backprop.axes import origins
from backprop.graph import Graph, Node, nodes_in
from backprop.rules import Rule
from backprop.tracer.lengths import Length, tree_of
from backprop.writer import text
from backprop.writer.expand import Filling
from backprop.writer.text import Tree
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

    user: Node
    operand: str
    position: int  # in a list of operands, else 0


class Gradient(NamedTuple):
    """A gradient as the lines have it."""

    name: str
    shape: Shape
    # Entries that a later assignment overwrote, where they still have to be set to 0.
    stale: tuple[tuple[Tree, np.ndarray], ...] = ()


class Writer:
    """Writes the lines of one graph; the results are in its attributes."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.steps: list[Step] = []
        self.gradients: dict[Node, Gradient] = {}
        self.wires: dict[Use, str] = {}
        self.upstream: dict[Node, list[str]] = {}
        self.needed: dict[Node, None] = {}
        self.rename: dict[str, str] = {}
        self.lengths_used: dict[str, Length] = {}
        self.results: list[str] = []
        self._uses: dict[Node, list[Use]] = {}
        self._forward = {node.name for node in graph.nodes}
        if graph.call is not None:
            self._forward |= {name for name, *_ in graph.call.parameters}
        self._taken: set[str] = set(self._forward) | {"np"}
        self._names: dict[Node, str] = {}
        self._write()

    # ── names ───────────────────────────────────────────────────────────────────────────────
    def _reserve(self, wanted: str) -> str:
        while wanted in self._taken:
            wanted += "_"
        self._taken.add(wanted)
        return wanted

    def _partials(self, name: str, number: int) -> list[str]:
        for separator in ("", "_", "__", "___"):
            names = [f"{name}{separator}{i + 1}" for i in range(number)]
            if not self._taken.intersection(names):
                break
        self._taken.update(names)
        return names

    def _name_gradients(self) -> None:
        outputs = self.graph.outputs
        self.dout = ""
        if not self.graph.several:
            output = outputs[0]
            self.dout = self._reserve(f"d{_spoken(output, self.graph)}")
            self._names[output] = self.dout
        for node in self.graph.nodes:
            if (node.active or (node.differentiable and node.op == "input")) and (
                node not in self._names
            ):
                self._names[node] = self._reserve(f"d{node.name}")
        if self.graph.several:
            self.dout = self._reserve("dout")

    # ── the pass ────────────────────────────────────────────────────────────────────────────
    def _write(self) -> None:
        self._name_gradients()
        for node in self.graph.nodes:
            if node.active and node.rule is not None:
                for operand in node.rule.backward:
                    for position, source in enumerate(nodes_in(node.arguments[operand])):
                        if source.active:
                            self._uses.setdefault(source, []).append(Use(node, operand, position))
        for node in self.graph.outputs:
            self.upstream.setdefault(node, []).append("")
        self._unpack()
        for node in reversed(self.graph.nodes):
            if node.active and node.op != "input":
                self._turn(node)
                for source in node.inputs:
                    if source.op == "input" and source.active and source not in self.gradients:
                        if self._uses[source][0].user is node:
                            self._turn(source)
        for node in self.graph.differentiated:
            if node not in self.gradients:
                if node.active:
                    self._turn(node)
                else:
                    zeros = text.called("np.zeros_like", self.value(node))
                    self._line(self._names[node], zeros, node, shape=node.shape)
                    self.gradients[node] = Gradient(self._names[node], node.shape)
            self.results.append(self.gradients[node].name)

    def _unpack(self) -> None:
        """The upstream gradients of the outputs: one parameter, or a tuple of them."""
        outputs = self.graph.outputs
        if not self.graph.several:
            self.upstream[outputs[0]] = [self.dout]
            return
        for node, names in self.upstream.items():
            wanted = self._names.get(node) or self._reserve(f"d{node.name}")
            partials = len(names) + len(self._uses.get(node, ()))
            if partials == 1 or not node.active:
                names[:] = [wanted]
                if len(names) < list(outputs).count(node):
                    names += self._partials(wanted, 1)
            else:
                numbered = self._partials(wanted, partials)
                names[:] = numbered[: len(names)]
                self._names[node] = wanted
                self._numbered = getattr(self, "_numbered", {})
                self._numbered[node] = numbered

    def _turn(self, node: Node) -> None:
        """Write a node's gradient."""
        uses = self._uses.get(node, [])
        uses = sorted(uses, key=lambda use: -use.user.index)
        upstream = [name for name in self.upstream.get(node, []) if name]
        wanted = self._names[node]
        if upstream and not uses and len(upstream) == 1:
            self.gradients[node] = Gradient(upstream[0], node.shape)
            self._finish(node)
            return
        dense: list[tuple[Use, Tree, Shape, tuple[Why, ...], Gradient | None]] = []
        scattered: list[Use] = []
        for use in uses:
            if isinstance(text.parse(self._text(use)), ast.Expr) and not self._text(use).startswith(
                "np.add.at"
            ):
                dense.append((use, *self._partial(use)))
            else:
                scattered.append(use)
        count = len(dense) + len(upstream)
        if count == 1 and not scattered and dense:
            use, tree, shape, why, source = dense[0]
            if source is not None and isinstance(tree, ast.Name):
                self._alias(node, source, wanted)
            else:
                self._line(wanted, tree, node, use, shape, why)
                self.gradients[node] = Gradient(wanted, shape)
            self.wires[use] = self.gradients[node].name
        elif count == 1 and scattered:
            if upstream:
                tree, shape, why, first = text.name(upstream[0]), node.shape, (), None
            else:
                first, tree, shape, why, _ = dense[0]
            if shape != node.shape:
                tree = ast.BinOp(self._zeros(node), ast.Add(), tree)
            elif isinstance(tree, ast.Name):
                tree = text.called(f"{tree.id}.copy")
            self._line(wanted, tree, node, first, node.shape, why)
            if first is not None:
                self.wires[first] = show_name(tree, wanted)
            self.gradients[node] = Gradient(wanted, node.shape)
        elif count == 0:
            self._line(wanted, self._zeros(node), node, None, node.shape)
            self.gradients[node] = Gradient(wanted, node.shape)
        else:
            numbered = getattr(self, "_numbered", {}).get(node) or self._partials(wanted, count)
            total: Tree | None = None
            shape = ()
            for index, partial in enumerate(numbered[:count]):
                if index >= len(upstream):
                    use, tree, own, why, _ = dense[index - len(upstream)]
                    self._line(partial, tree, node, use, own, why)
                    self.wires[use] = partial
                else:
                    own = node.shape
                term = text.name(partial)
                total = term if total is None else ast.BinOp(total, ast.Add(), term)
                shape = np.broadcast_shapes(shape, own)
            assert total is not None
            if scattered and shape != node.shape:
                total = ast.BinOp(self._zeros(node), ast.Add(), total)
                shape = node.shape
            self._line(wanted, total, node, None, shape)
            self.gradients[node] = Gradient(wanted, shape)
        for use in scattered:
            self._scatter(node, use)
        self._finish(node)

    def _text(self, use: Use) -> str:
        assert use.user.rule is not None
        return use.user.rule.backward[use.operand]

    def _partial(self, use: Use) -> tuple[Tree, Shape, tuple[Why, ...], Gradient | None]:
        """The gradient that one use of a node sends back."""
        user, rule = use.user, use.user.rule
        assert rule is not None
        target = list(nodes_in(user.arguments[use.operand]))[use.position]
        gradient = self.gradients[user]
        template = text.expression(rule.backward[use.operand])
        filling = Filling(
            self, user, target, (text.name(gradient.name), gradient.shape), use.position
        )
        tree, shape = filling.expand(template)
        if filling.full is not None:
            full = filling.full
        elif rule.lazy and rule.axes == "broadcast":
            full = user.shape
        else:
            full = target.shape
        if shape is None or (not rule.lazy and filling.full is None):
            shape = full
        tree, shape, why = self._fit(tree, shape, full, user, target)
        copied = gradient if isinstance(tree, ast.Name) and tree.id == gradient.name else None
        return tree, shape, why, copied

    def _fit(
        self, tree: Tree, shape: Shape, full: Shape, user: Node, target: Node
    ) -> tuple[Tree, Shape, tuple[Why, ...]]:
        """Sum a gradient over the axes along which its node was broadcast.

        `shape` is what `tree` has, `full` what it stands for. An axis along which it is still
        lazy is not summed but multiplied by its length.
        """
        wanted = target.shape
        missing = len(full) - len(wanted)
        absent = len(full) - len(shape)
        axes: list[int] = []
        times: list[int] = []
        kept = list(shape)
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
            options: dict[str, Tree] = {}
            if keep or len(axes) < len(shape):
                options["axis"] = self.literal(axes[0] if len(axes) == 1 else tuple(axes))
            if keep and len(axes) == len(shape) and missing == 0:
                options.pop("axis")
            if keep:
                options["keepdims"] = text.constant(True)
            inner = text._negated(tree)
            tree = text.called("np.sum", tree if inner is None else inner, **options)
            if inner is not None:
                tree = text.negative(tree)
            for axis in axes:
                kept[axis] = 1
            gone = sum(axis < missing - absent for axis in axes)
            if keep and gone:
                zeros = [text.constant(0)] * gone
                tree = ast.Subscript(tree, zeros[0] if gone == 1 else ast.Tuple(zeros))
            if keep:
                kept = kept[gone:]
            else:
                kept = [size for axis, size in enumerate(kept) if axis not in axes]
            why = (Why(tuple(axes), shape, tuple(kept)),)
        if times:
            tree = text.binary(ast.Mult(), self.lengths(user, tuple(times), full), tree)
        return tree, tuple(kept), why

    def _scatter(self, node: Node, use: Use) -> None:
        """`dx[key] += dz`: a rule that is a statement."""
        own = self.gradients[node]
        gradient = self.gradients[use.user]
        filling = Filling(
            self, use.user, node, (text.name(gradient.name), gradient.shape), use.position
        )
        statement = text.parse(self._text(use))
        place = text.name(own.name)
        if isinstance(statement, ast.AugAssign):
            assert isinstance(statement.target, ast.Subscript)
            key = filling.expand(statement.target.slice)[0]
            target = ast.Subscript(place, key)
            value = filling.expand(statement.value)[0]
            tree: Any = ast.AugAssign(target, statement.op, value)
            self.wires[use] = text.show(target)
        else:
            assert isinstance(statement, ast.Expr)
            assert isinstance(statement.value, ast.Call)
            args = [
                place
                if isinstance(arg, ast.Name) and arg.id == f"d{use.operand}"
                else filling.expand(arg)[0]
                for arg in statement.value.args
            ]
            tree = ast.Expr(ast.Call(text.expression("np.add.at"), args, []))
            self.wires[use] = gradient.name
        self._line(own.name, tree, node, use, node.shape)

    def _zeros(self, node: Node) -> Tree:
        return text.called("np.zeros_like", self.value(node))

    def _alias(self, node: Node, source: Gradient, wanted: str) -> None:
        """A gradient that is a copy of another needs no line; the author's name is preferred."""
        holder = next(n for n, g in self.gradients.items() if g.name == source.name)
        if (
            node.named
            and not holder.named
            and source.name not in self.rename
            and holder not in self.graph.outputs
        ):
            self.rename[source.name] = wanted
        self.gradients[node] = source

    def _finish(self, node: Node) -> None:
        """Complete a lazy gradient where the node's own rule, or the result, needs all of it."""
        gradient = self.gradients[node]
        if gradient.shape == node.shape:
            return
        if node.op != "input" and node.rule is not None and node.rule.lazy:
            return
        last = self.steps[-1] if self.steps else None
        wanted = self._names[node]
        tree: Any
        if last is not None and last.gradient == gradient.name and last.node is node:
            self.steps.pop()
            tree, use, why = last.tree.value, last, last.why
            source = (use.user, use.operand, use.rule)
        else:
            tree, why = text.name(gradient.name), ()
            source = (None, "", None)
        if node.op == "input":
            ones = text.called("np.ones_like", self.value(node))
            tree = text.binary(ast.Mult(), ones, tree)
        else:
            tree = text.called("np.broadcast_to", tree, self.shape(node))
        why = (*why, Why((), gradient.shape, node.shape))
        statement = ast.Assign([text.name(wanted)], tree)
        self.steps.append(
            Step("", wanted, node, *source[:2], node.shape, why, source[2], statement)
        )
        self.gradients[node] = Gradient(wanted, node.shape)

    def _line(
        self,
        name: str,
        tree: Any,
        node: Node,
        use: Use | None = None,
        shape: Shape = (),
        why: tuple[Why, ...] = (),
    ) -> None:
        if isinstance(tree, ast.expr):
            tree = ast.Assign([text.name(name)], tree)
        user = use.user if use is not None else None
        rule = user.rule if user is not None else None
        operand = use.operand if use is not None else ""
        self.steps.append(Step("", name, node, user, operand, shape, why, rule, tree))

    # ── what a text may refer to ────────────────────────────────────────────────────────────
    def value(self, node: Node) -> Tree:
        """The variable of a forward node."""
        self.needed[node] = None
        return text.name(node.name)

    def literal(self, value: Any) -> Tree:
        """A plain argument, as source."""
        if isinstance(value, Node):
            return self.value(value)
        if isinstance(value, tuple):
            return ast.Tuple([self.literal(part) for part in value])
        if isinstance(value, list):
            return ast.List([self.literal(part) for part in value])
        if isinstance(value, slice):
            parts = [
                None if part is None else self.literal(part)
                for part in (value.start, value.stop, value.step)
            ]
            return ast.Slice(*parts)
        if isinstance(value, (np.dtype, type)):
            dtype = np.dtype(value)
            return text.expression(f"np.{dtype.name if dtype != bool else 'bool_'}")
        tree = tree_of(value)
        if tree is not value:
            return self._formula(tree)
        if isinstance(value, np.generic):
            value = value.item()
        return text.expression(repr(value)) if value is not ... else text.constant(...)

    def _formula(self, tree: Any) -> Tree:
        """The source of a number computed from lengths."""
        if not isinstance(tree, tuple):
            return text.expression(repr(tree))
        head, *parts = tree
        if head == "named":
            return self.length(*parts[0].tree[1:])
        if head == "length":
            return self.length(*parts)
        if head == "call":
            return text.called(parts[0], *[self._formula(part) for part in parts[1]])
        left, right = (self._formula(part) for part in parts)
        template = text.expression(f"a {head} b")
        assert isinstance(template, ast.BinOp)
        return text.binary(template.op, left, right)

    def length(self, node: Node, axis: int) -> Tree:
        """`x.shape[0]`: the length of an axis, named after the input it comes from."""
        origin = origins(node)[axis]
        if origin is not None:
            node, axis = origin
        shape = text.attribute(self.value(node), "shape")
        return ast.Subscript(shape, text.constant(axis))

    def lengths(self, node: Node, axes: Iterable[int], full: Shape | None = None) -> Tree:
        """The product of some lengths: `x.shape[0] * x.shape[1]`, or `x.size`."""
        axes = tuple(axes)
        found = [origins(node)[axis] for axis in axes]
        source = found[0][0] if found and found[0] is not None else None
        if source is not None and found == [(source, i) for i in range(len(source.shape))]:
            if len(axes) > 1:
                return text.attribute(self.value(source), "size")
        if not axes:
            return text.constant(1)
        parts = [self.length(node, axis) for axis in axes]
        product = parts[0]
        for part in parts[1:]:
            product = ast.BinOp(product, ast.Mult(), part)
        return product

    def shape(self, node: Node) -> Tree:
        """`x.shape`, or a tuple of lengths, or the node's own."""
        found = origins(node)
        source = found[0][0] if found and found[0] is not None else None
        if source is not None and found == tuple((source, i) for i in range(len(source.shape))):
            return text.attribute(self.value(source), "shape")
        if found and all(origin is not None for origin in found):
            return ast.Tuple([self.length(node, axis) for axis in range(len(found))])
        return text.attribute(self.value(node), "shape")


def show_name(tree: Tree, fallback: str) -> str:
    """The variable that a tree is, or copies."""
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
        return tree.func.value.id if isinstance(tree.func.value, ast.Name) else fallback
    return fallback


def _spoken(node: Node, graph: Graph) -> str:
    """What the author calls the output: `out` also for its last version."""
    if not node.named:
        return "out"
    stem = node.name.rpartition("_")[0]
    first: Mapping[str, Node] = {other.name: other for other in graph.nodes}
    if stem in first and node.name[len(stem) + 1 :].isdigit() and not first[stem].active:
        if not (first[stem].op == "input" and first[stem].differentiable):
            return stem
    return node.name
