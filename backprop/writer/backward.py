"""Backward: the derived lines of a graph, as text that runs."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from backprop.graph.errors import TraceError
from backprop.graph.graph import Graph, upstream
from backprop.graph.node import Node, plain
from backprop.graph.special import NAMES
from backprop.tracer import mark, trace, unchanged
from backprop.truth.replay import at
from backprop.writer import text
from backprop.writer.gradients import Gradients, finite
from backprop.writer.guarded import guarded
from backprop.writer.lines import Writer
from backprop.writer.names import in_order
from backprop.writer.source import backward_name, backward_source
from backprop.writer.steps import Gradient, Step

LIMIT = 1000  # lines that are still written out


def derive(f: Callable[..., Any], *args: Any, cache: bool | None = None) -> Backward:
    """The backward pass of `f`, as a person would write it; see `Backward`."""
    return backward_of(trace(f, *args, cache=cache))


def backward_of(graph: Graph) -> Backward:
    """The backward pass of a graph, derived once."""
    if graph.backward_pass is None:
        graph.backward_pass = Backward(graph)
    backward: Backward = graph.backward_pass
    return backward


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
            if isinstance(step.plain_tree, ast.expr):
                step.plain = text.show(step.plain_tree, rename)
            step.gradient = rename.get(step.gradient, step.gradient)
        self.steps: list[Step] = writer.steps
        self.wires = {
            (use.node.name, use.user.name, use.operand): rename.get(name, name)
            for use, name in writer.wires.items()
        }

    @property
    def lines(self) -> list[str]:
        """The staged lines: `["dsquare = dvar / x.shape[0]", …]`.

        Raises:
            TraceError: the function loops so often that nobody would read them.
        """
        self._check_length()
        return [step.line for step in self.steps]

    @property
    def source(self) -> str:
        """A complete function, ready to paste; it needs `import numpy as np` only.

        Its parameters are those of f, and after them `constants`.

        Raises:
            TraceError: as for `lines`.
        """
        return self._pasted

    @property
    def constants(self) -> dict[str, np.ndarray]:
        """What `source` must be given by keyword, as it does not follow from the arguments.

        Large arrays that the function drew at random, took from elsewhere or computed in a
        helper: a dropout mask, the indices of im2col. Calling a Backward passes them.
        """
        return dict(self._written[1])

    @cached_property
    def _written(self) -> tuple[str, dict[str, np.ndarray]]:
        return backward_source(self._writer, self.lines)

    @cached_property
    def _pasted(self) -> str:
        """The text of `source`, with guards where the lines need them; see `guarded`."""
        plain = self._written[0]
        given = np.random.default_rng(7)
        douts = tuple([given.uniform(1, 2, node.shape) for node in self.graph.outputs])
        with np.errstate(all="ignore"):
            scope = self.execute(douts)
            results = [self.gradient_of(node) for node in self.graph.differentiated]
            whole = all(each is None or finite(scope[each.name]) for each in results)
        if whole:
            return plain
        truth = Gradients(self.graph, self, douts)
        lines, scope = self.guarded(douts)
        for node, gradient in zip(self.graph.differentiated, results, strict=True):
            want = truth.nodes[node.name]
            got = want if gradient is None else np.broadcast_to(scope[gradient.name], node.shape)
            known = np.isfinite(want)
            if not np.allclose(got[known], want[known], rtol=1e-9, atol=1e-30):
                return plain
        return backward_source(self._writer, lines)[0]

    def guarded(self, douts: tuple[np.ndarray, ...]) -> tuple[list[str], dict[str, Any]]:
        """The lines, with guards where they give no number on the traced values; all variables."""
        arriving = [
            None if step.user is None else self._writer.gradients[step.user].name
            for step in self.steps
        ]
        scope = self._scope(douts)
        return guarded(self.steps, arriving, self._writer.rename, scope), scope

    def _check_length(self) -> None:
        if len(self.steps) <= LIMIT:
            return
        lines = Counter(node.line for node in self.graph.nodes if node.line)
        line, times = lines.most_common(1)[0] if lines else ("?", len(self.graph.nodes))
        raise TraceError(
            f"{self.graph.function}: line {line} runs {times} times, so the loops unroll to "
            f"{len(self.steps)} backward lines (at most {LIMIT} are written). Call it with fewer "
            "or smaller arrays to read the lines; graph.backward works at any size"
        )

    # ── running ─────────────────────────────────────────────────────────────────────────────
    def __call__(self, dout: Any, *args: Any) -> Any:
        """Run it: the gradients of the floating-point arrays among `args`.

        One array if there is one, else a tuple in argument order. `source` is what runs as
        long as `args` are like those it was derived for; for other shapes, options or branches
        on values, the backward of `f` at `args` is derived first. Nothing given is written to.

        Raises:
            ValueError: `dout` has not the output's shape.
        """
        graph = self.graph
        if not self._alike(args):
            return derive(graph.call.function, *args, cache=graph.call.cache)._run(dout, args)
        return self._run(dout, args)

    def _run(self, dout: Any, args: tuple[Any, ...]) -> Any:
        graph = self.graph
        arrays = upstream(graph, dout)
        leaves = graph.call.leaves(args)
        if self._function is not None:
            given = arrays if graph.several else arrays[0]
            constants = {**self.constants, **self._owned(leaves)}
            with np.errstate(divide="ignore", invalid="ignore"):  # see below
                results = self._function(given, *args, **constants)
            results = results if isinstance(results, tuple) else (results,)
        else:
            results = None  # too long to be written
        if results is None or not all(map(finite, results)):  # 0·inf, 0/0: replay decides
            here = at(graph, {node.name: leaves[node.name] for node in graph.inputs.values()})
            found = gradients(here, dout).nodes
            results = tuple(found[node.name] for node in graph.differentiated)
        owned = tuple(_own(result, (*arrays, *leaves.values())) for result in results)
        return owned[0] if len(owned) == 1 else owned

    def _owned(self, leaves: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """What the source is given of the object whose method was traced, as it is now."""
        inputs = self.graph.inputs.values()
        named = {self._writer.variable(node): leaves.get(node.name) for node in inputs}
        return {name: v for name in self.constants if (v := named.get(name)) is not None}

    @cached_property
    def _function(self) -> Callable[..., Any] | None:
        try:
            source = self._written[0]  # where it gives no number, replay decides
        except TraceError:
            return None
        scope: dict[str, Any] = {**self._modules}
        exec(compile(source, f"<backward of {self.graph.function}>", "exec"), scope)
        result: Callable[..., Any] | None = scope[backward_name(self.graph)]
        return result

    def _alike(self, args: tuple[Any, ...]) -> bool:
        """Whether the lines that were derived are the lines for these arguments, too."""
        call = self.graph.call
        if len(args) != len(call.args) or self.graph.branches:
            return False
        if call.skeleton is not None:  # arguments that hold arrays, or a method of an object
            return _same(call.like(args), call.skeleton)
        for name, old, new in zip(call.names, call.args, args, strict=True):
            if isinstance(old, np.ndarray) and old.dtype.kind == "f":
                if not isinstance(new, np.ndarray) or new.shape != old.shape:
                    return False
                if new.dtype.kind != "f":
                    return False
            elif isinstance(old, np.ndarray):  # labels: the lines may have them as literals
                alike = isinstance(new, np.ndarray) and new.dtype == old.dtype
                if not alike or new.shape != old.shape or mark(new) != call.marks[name]:
                    return False
            elif not _same(old, new):
                return False
        return True

    @property
    def cache_names(self) -> tuple[str, ...]:
        """The forward values that the lines read."""
        return self._cached[1]

    @property
    def cache(self) -> tuple[Any, ...]:
        """The traced values of `cache_names`, for `from_cache`."""
        scope = {**self.graph.call.scope, **self._lengths()}
        known = {self._writer.variable(node): node.plain for node in self._writer.needed}
        return tuple(known[name] if name in known else scope[name] for name in self.cache_names)

    def from_cache(self, dout: Any, cache: tuple[Any, ...]) -> Any:
        """The lines alone, on forward values that were kept: no forward pass is run."""
        return self._cached[0](dout, cache)

    @cached_property
    def _cached(self) -> tuple[Callable[..., Any], tuple[str, ...]]:
        """A function (dout, cache), and what the cache holds; values go after their last use."""
        writer = self._writer
        rename = writer.rename
        body = [step.line for step in self.steps]
        outputs = in_order(self.graph, writer.names.upstream)
        results = [rename.get(name, name) for name in writer.results]
        assigned = {step.gradient for step in self.steps} | set(outputs) | set(self._modules)
        reads = [
            [name.id for name in ast.walk(ast.parse(line)) if isinstance(name, ast.Name)]
            for line in body
        ]
        assigned |= set(dir(builtins)) - {writer.variable(node) for node in writer.needed}
        names = tuple(dict.fromkeys(n for line in reads for n in line if n not in assigned))
        last = {name: index for index, line in enumerate(reads) for name in line}
        lines = [f"{', '.join(names)}{',' * (len(names) == 1)} = cache"] if names else []
        lines.append("del cache")
        if self.graph.several:
            lines.append(f"{', '.join(outputs)} = {writer.names.dout}")
        for index, line in enumerate(body):
            lines.append(line)
            done = sorted(n for n in {*reads[index]} if last[n] == index and n not in results)
            ours = {*names, *(step.gradient for step in self.steps), *outputs}
            done = [name for name in done if name in ours and name != writer.names.dout]
            if done:
                lines.append(f"del {', '.join(done)}")
        lines.append(f"return {', '.join(results)}")
        text_ = "\n    ".join([f"def backward({writer.names.dout}, cache):", *lines])
        scope: dict[str, Any] = {**self._modules}
        exec(compile(text_, f"<backward of {self.graph.function}>", "exec"), scope)
        return scope["backward"], names

    @property
    def _modules(self) -> dict[str, Any]:
        """What the lines have numpy and scipy's functions from."""
        return {name: NAMES[name] for name in self.graph.modules}

    def _lengths(self) -> dict[str, int]:
        return {name: int(length) for name, length in self._writer.lengths_named.items()}

    @cached_property
    def code(self) -> Any:
        """The lines, compiled; they read forward values by name and write gradients by name."""
        return self._compiled(len(self.steps))

    def _compiled(self, count: int) -> Any:
        lines = "\n".join(step.line for step in self.steps[:count])
        return compile(lines, f"<backward of {self.graph.function}>", "exec")

    def execute(self, douts: tuple[np.ndarray, ...], until: int | None = None) -> dict[str, Any]:
        """Run the lines, or the first `until` of them, on the traced values: all variables."""
        scope = self._scope(douts)
        exec(self.code if until is None else self._compiled(until), scope)
        return scope

    def _scope(self, douts: tuple[np.ndarray, ...]) -> dict[str, Any]:
        """What the lines read."""
        scope: dict[str, Any] = {**self._modules, **self.graph.call.scope}
        scope.update({self._writer.variable(node): node.plain for node in self._writer.needed})
        scope.update(self._lengths())
        scope.update(zip(in_order(self.graph, self._writer.names.upstream), douts, strict=True))
        return scope

    def shaken(self, douts: tuple[np.ndarray, ...], size: float) -> list[np.ndarray]:
        """The results where whatever is read or written is off by `size`, relatively, at random.

        How far they move apart tells what of them is rounding: where terms cancel, much.
        """
        rng = np.random.default_rng(11)

        def off(value: Any) -> Any:
            if not isinstance(value, (np.ndarray, np.floating)) or value.dtype.kind != "f":
                return value
            return value * (1 + size * rng.standard_normal(value.shape))

        scope = self._scope(douts)
        read = {*(self._writer.variable(n) for n in self._writer.needed), self._writer.names.dout}
        read |= {*in_order(self.graph, self._writer.names.upstream)}
        scope.update({name: off(value) for name, value in scope.items() if name in read})
        with np.errstate(all="ignore"):
            for step in self.steps:
                exec(step.line, scope)
                scope[step.gradient] = off(scope[step.gradient])
        results = [self.gradient_of(node) for node in self.graph.differentiated]
        shapes = [node.shape for node in self.graph.differentiated]
        return [
            np.zeros(shape) if each is None else np.broadcast_to(scope[each.name], shape)
            for each, shape in zip(results, shapes, strict=True)
        ]

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
        whole_scope = scope
        for use, tree in self._writer.partials.items():
            scope = whole_scope
            if self._writer.gradients[use.user].until is not None:  # its variable went on
                scope = {**scope, self._name(use.user): gradient(use.user)}
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
        return "\n".join(step.line for step in self.steps[:LIMIT])


def _own(result: Any, given: tuple[Any, ...]) -> np.ndarray:
    """A result that shares no memory with what was given, and may be written to."""
    array = np.asarray(result)
    shared = any(isinstance(x, np.ndarray) and np.may_share_memory(array, x) for x in given)
    return array.copy() if shared or not array.flags.writeable else array


def _same(old: Any, new: Any) -> bool:
    """Whether two arguments that are not differentiated mean the same derivation."""
    try:
        return type(old) is type(new) and bool(old == new)
    except (TypeError, ValueError):
        return False


def gradients(graph: Graph, dout: Any) -> Gradients:
    """Run the derived lines on the graph's values.

    Raises:
        ValueError: `dout` has not the output's shape.
        TraceError: an argument was written to since the trace.
    """
    arrays = upstream(graph, dout)
    if graph.original:
        unchanged(graph)
    return Gradients(graph, backward_of(graph), arrays)
