"""Is a version of a gradient right, and if not, what is wrong with it?"""

import ast
import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from backprop.drawing.texts import expression
from backprop.judging.closeness import times
from backprop.site.posts.check.follow import Statement
from backprop.site.posts.check.names import FenceNames, Variable
from backprop.site.posts.check.points import ShiftedPoint, same
from backprop.site.posts.check.running import Wire
from backprop.site.posts.check.words import Said

Values = list[np.ndarray | None]

# What is right but for its sign, a factor or a transpose is nearer than anything else.
NEAR = -1.0
ENOUGH = ("sign", "factor", "transpose")  # what names the mistake


class Comparison:
    """Compares what statements have assigned with the truth at the same points."""

    def __init__(
        self, names: FenceNames, backward: Any, statements: list[Statement], say: partial[str]
    ):
        self.names, self.graph, self.backward = names, names.graph, backward
        self.statements, self.say = statements, say
        self._meant: dict[str, str] = {}  # the nodes without a name, by what the fence calls them

    def right(
        self, variable: Variable, statement: Statement, values: Values, points: list[ShiftedPoint]
    ) -> bool:
        return any(
            all(
                same(value, truth(point), point.scale)
                for value, point in zip(values, points, strict=True)
            )
            for truth in self._truths(variable, statement)
        )

    def _truths(self, variable: Variable, statement: Statement) -> Iterator[Any]:
        """What a version of d<node> may be: the gradient; before its last line, a part of it."""
        for node in variable.nodes:
            yield lambda point, node=node: point.gradients.nodes[node]
        if any(variable.name in one.assigns for one in self.after(statement)):
            shape = self.graph[variable.nodes[0]].shape
            wires = self.wires_to(variable)
            for size in range(len(wires)):
                for some in itertools.combinations(wires, size):
                    yield lambda point, some=some: sum(
                        (point.gradients.wires[wire] for wire in some),
                        np.zeros(point.graph[variable.nodes[0]].shape),
                    )
        elif any(variable.name in one.assigns for one in self.before(statement)):
            # A mask put onto `dh` in place makes it the gradient of what h was made from.
            shape = self.graph[variable.nodes[0]].shape
            for node in self._unnamed():
                if self.graph[node].shape == shape:
                    yield lambda point, node=node: point.gradients.nodes[node]

    def after(self, statement: Statement) -> list[Statement]:
        return self.statements[self.statements.index(statement) + 1 :]

    def before(self, statement: Statement) -> list[Statement]:
        return self.statements[: self.statements.index(statement)]

    def _unnamed(self) -> list[str]:
        return [node.name for node in self.graph.nodes if node.active and not node.named]

    def unnamed(self, name: str, values: Values, points: list[ShiftedPoint]) -> Variable | None:
        """The node without a name whose gradient a name that f does not know is."""
        self._meant.pop(name, None)
        return self._remembered(self._meaning(name, self._unnamed(), values, points, same))

    def nearly_unnamed(
        self, name: str, values: Values, points: list[ShiftedPoint]
    ) -> Variable | None:
        """The same, but for a sign, a factor, a transpose."""

        def alike(value: np.ndarray | None, truth: np.ndarray, scale: float) -> bool:
            return same(value, truth, scale) or _difference(value, truth, scale)[0] == NEAR

        return self._remembered(self._meaning(name, self._unnamed(), values, points, alike))

    def mended(self, name: str, values: Values, points: list[ShiftedPoint]) -> bool:
        """Whether it is right now: of the node that it nearly was, or one that no other name is."""
        others = {node for other, node in self._meant.items() if other != name}
        own = self._meant.get(name)
        nodes = [own] if own else [node for node in self._unnamed() if node not in others]
        return self._meaning(name, nodes, values, points, same) is not None

    def _remembered(self, variable: Variable | None) -> Variable | None:
        if variable is not None:
            self._meant[variable.name] = variable.nodes[0]
        return variable

    def _meaning(
        self,
        name: str,
        nodes: list[str],
        values: Values,
        points: list[ShiftedPoint],
        alike: Callable[[np.ndarray | None, np.ndarray, float], bool],
    ) -> Variable | None:
        for node in nodes:
            if all(
                alike(value, point.gradients.nodes[node], point.scale)
                for value, point in zip(values, points, strict=True)
            ):
                return Variable(name, (node,))
        return None

    def of_another(self, values: Values, points: list[ShiftedPoint]) -> bool:
        """Whether values are right as the gradient of a node, whatever their name."""
        return any(
            all(
                same(value, point.gradients.nodes[node.name], point.scale)
                for value, point in zip(values, points, strict=True)
            )
            for node in self.graph.nodes
            if node.active
        )

    def wires_to(self, variable: Variable) -> list[Wire]:
        return [wire for wire in self.backward.wires if wire[0] in variable.nodes]

    def wire(
        self, variable: Variable, values: Values, points: list[ShiftedPoint], taken: set[Wire]
    ) -> Wire | None:
        """The wire whose contribution a numbered partial is, one that no other has shown."""
        for wire in self.wires_to(variable):
            if wire not in taken and all(
                same(value, point.gradients.wires[wire], point.scale)
                for value, point in zip(values, points, strict=True)
            ):
                return wire
        return None

    # ---- words ------------------------------------------------------------------------------
    def complaint(
        self, variable: Variable, statement: Statement, values: Values, points: list[ShiftedPoint]
    ) -> Said:
        node = variable.nodes[0]
        if not self.graph[node].named:
            shown = ast.unparse(statement.assignment(variable.name)).splitlines()[0]
            difference, _, _ = self._difference(variable, values, points)
            of = expression(self.graph[node], lambda other: other.named).replace("−", "-")
            what = self.say("not_gradient", line=shown, node=f"`{of}`", difference=difference)
            return Said(what)
        lines = [
            line
            for line in self.backward.lines
            if re.match(rf"d{re.escape(node)}(_?\d+)? = ", line)
            and (variable.partial or line.startswith(f"d{node} = "))
        ]
        if not lines and (gradient := self.backward.gradient_of(self.graph[node])):
            lines = [f"d{node} = {gradient.name}"]  # the derived backward needs no line for that
        shown = ast.unparse(statement.assignment(variable.name)).splitlines()[0]
        difference, kind, wire = self._difference(variable, values, points)
        if wire and (own := [line for line in lines if line.startswith(self._made(wire))]):
            lines = own
        text = "not_part" if variable.partial else "not_gradient"
        what = self.say(text, line=shown, node=node, difference=difference)
        return Said(what, self._expected(lines), kind in ENOUGH)

    def _made(self, wire: Wire) -> str:
        return f"{self.backward.wires[wire]} = "

    def _expected(self, lines: list[str]) -> str:
        """The derived lines; and those that make what the page has no name for."""
        if not lines:
            return ""
        shown = self.say("expected", lines=self.say("or").join(f"`{line}`" for line in lines))
        made = {line.split(" = ")[0]: line for line in self.backward.lines}
        where: list[str] = []
        for line in (every := [*lines]):
            for name in re.findall(r"\bd\w+", line.partition(" = ")[2]):
                of = self.names.variable(name)
                known = of and not of.partial and self.graph[of.nodes[0]].named
                if not known and name in made and made[name] not in every:
                    every.append(made[name])
                    where.append(made[name])
        if not where:
            return shown
        return shown + self.say("where", lines=self.say("and").join(f"`{line}`" for line in where))

    def _difference(
        self, variable: Variable, values: Values, points: list[ShiftedPoint]
    ) -> tuple[str, str, Wire | None]:
        """What is wrong with the values, at the first point where they are; and its kind.

        Of several wires that a partial may be, the nearest; the wire itself only if there is no
        doubt about it.
        """
        options: list[tuple[float, str, str, int, Wire | None]] = []
        for wire in self.wires_to(variable) if variable.partial else [None]:
            truths = [
                point.gradients.wires[wire] if wire else point.gradients.nodes[variable.nodes[0]]
                for point in points
            ]
            triples = zip(values, truths, points, strict=True)
            first = next((i for i, (v, t, p) in enumerate(triples) if not same(v, t, p.scale)), 0)
            value, truth = values[first], truths[first]
            error, kind, detail = _difference(value, truth, points[first].scale)
            text = self.say(kind, **detail)
            options.append((error, text, kind, first, wire if error == NEAR else None))
        if not options:
            return self.say("nothing_flows"), "", None
        _, text, kind, first, wire = min(options, key=lambda option: option[0])
        if points[first].graph.inputs and first and shapes(points[first]) != shapes(points[0]):
            lengths = "equal_lengths" if equal(points[0]) else "other_lengths"
            text += self.say(lengths, shapes=shapes(points[first]))
        return text, kind, wire


def equal(point: ShiftedPoint) -> bool:
    """Whether some lengths are equal, by which a line may be right."""
    lengths = [n for node in point.graph.inputs.values() for n in node.shape if n > 1]
    return len(set(lengths)) < len(lengths)


def shapes(point: ShiftedPoint) -> str:
    """`x (4, 5), w (5, 3)`"""
    return ", ".join(f"{name} {node.shape}" for name, node in point.graph.inputs.items())


def _difference(
    value: np.ndarray | None, truth: np.ndarray, scale: float
) -> tuple[float, str, dict[str, Any]]:
    """How far a value is from the truth (1 and more if it cannot be compared), and the row of the
    words that says so, with what fills its places.

    A value that is the truth but for a sign, a factor or a transpose is the nearest of all.
    """
    if value is None:
        return 3.0, "no_array", {}
    try:
        full = np.broadcast_to(value, truth.shape)
    except ValueError:
        return 2.0, "shape", {"got": value.shape, "want": truth.shape}
    if not np.isfinite(value).all():
        return 2.0, "not_finite", {}
    size = float(np.abs(truth).max(initial=0)) or scale
    error = float(np.abs(full - truth).max(initial=0)) / size
    if not full.any():
        return 1.0, "zero", {}
    factor = times(full, truth, scale)
    if factor is not None:
        if np.isclose(factor, -1):
            return NEAR, "sign", {}
        return NEAR if truth.size > 1 else min(error, 1.0), "factor", {"factor": factor}
    if truth.ndim == 2 and value.shape == truth.T.shape and same(value.T, truth, scale):
        return NEAR, "transpose", {}
    wrong = int(np.sum(np.abs(full - truth) > 1e-8 * size))
    detail = {"shape": truth.shape, "wrong": wrong, "size": truth.size, "error": error}
    return min(error, 1.0), "values", detail
