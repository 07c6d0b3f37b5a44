"""Is a version of a gradient right, and if not, what is wrong with it?"""

import ast
import itertools
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

from backprop.site.posts.check.follow import Statement
from backprop.site.posts.check.names import Names, Variable
from backprop.site.posts.check.points import Point, same
from backprop.site.posts.check.running import Wire

Values = list[np.ndarray | None]

# What is right but for its sign, a factor or a transpose is nearer than anything else.
NEAR = -1.0
ALIKE = re.compile(r": it(s sign is wrong| is \S+ times that| is the transpose of that)")


class Judge:
    """Compares what statements have assigned with the truth at the same points."""

    def __init__(self, names: Names, backward: Any, statements: list[Statement]):
        self.names, self.graph, self.backward = names, names.graph, backward
        self.statements = statements

    def right(
        self, variable: Variable, statement: Statement, values: Values, points: list[Point]
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

    def unnamed(self, name: str, values: Values, points: list[Point]) -> Variable | None:
        """The node without a name whose gradient a name that f does not know is."""
        for node in self._unnamed():
            if all(
                same(value, point.gradients.nodes[node], point.scale)
                for value, point in zip(values, points, strict=True)
            ):
                return Variable(name, (node,))
        return None

    def wires_to(self, variable: Variable) -> list[Wire]:
        return [wire for wire in self.backward.wires if wire[0] in variable.nodes]

    def wire(
        self, variable: Variable, values: Values, points: list[Point], taken: set[Wire]
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
        self, variable: Variable, statement: Statement, values: Values, points: list[Point]
    ) -> str:
        node = variable.nodes[0]
        what = "a part of the gradient" if variable.partial else "the gradient"
        lines = [
            line
            for line in self.backward.lines
            if re.match(rf"d{re.escape(node)}(_?\d+)? = ", line)
            and (variable.partial or line.startswith(f"d{node} = "))
        ]
        if not lines and (gradient := self.backward.gradient_of(self.graph[node])):
            lines = [f"d{node} = {gradient.name}"]  # the derived backward needs no line for that
        shown = ast.unparse(statement.assignment(variable.name)).splitlines()[0]
        difference, wire = self._difference(variable, values, points)
        if wire and (own := [line for line in lines if line.startswith(self._made(wire))]):
            lines = own
        return f"`{shown}` is not {what} of {node}: {difference}{self._expected(lines)}"

    def _made(self, wire: Wire) -> str:
        return f"{self.backward.wires[wire]} = "

    def _expected(self, lines: list[str]) -> str:
        """The derived lines; and those that make what the page has no name for."""
        if not lines:
            return ""
        shown = f"; expected is {' or '.join(f'`{line}`' for line in lines)}"
        made = {line.split(" = ")[0]: line for line in self.backward.lines}
        where: list[str] = []
        for line in (every := [*lines]):
            for name in re.findall(r"\bd\w+", line.partition(" = ")[2]):
                of = self.names.variable(name)
                known = of and not of.partial and self.graph[of.nodes[0]].named
                if not known and name in made and made[name] not in every:
                    every.append(made[name])
                    where.append(made[name])
        return shown + (f", where {' and '.join(f'`{line}`' for line in where)}" if where else "")

    def _difference(
        self, variable: Variable, values: Values, points: list[Point]
    ) -> tuple[str, Wire | None]:
        """What is wrong with the values, at the first point where they are.

        Of several wires that a partial may be, the nearest; the wire itself only if there is no
        doubt about it.
        """
        options: list[tuple[float, str, int, Wire | None]] = []
        for wire in self.wires_to(variable) if variable.partial else [None]:
            truths = [
                point.gradients.wires[wire] if wire else point.gradients.nodes[variable.nodes[0]]
                for point in points
            ]
            triples = zip(values, truths, points, strict=True)
            first = next((i for i, (v, t, p) in enumerate(triples) if not same(v, t, p.scale)), 0)
            value, truth = values[first], truths[first]
            error, text = _difference(value, truth, points[first].scale)
            options.append((error, text, first, wire if error == NEAR else None))
        if not options:
            return "no gradient flows there", None
        _, text, first, wire = min(options, key=lambda option: option[0])
        if points[first].graph.inputs and first and shapes(points[first]) != shapes(points[0]):
            text += (
                f"; it is right for the lengths of this page{equal(points[0])} "
                f"and wrong for others: {shapes(points[first])}"
            )
        return text, wire


def equal(point: Point) -> str:
    """What else there is to say of lengths by which a line is right."""
    lengths = [n for node in point.graph.inputs.values() for n in node.shape if n > 1]
    return ", where some are equal," if len(set(lengths)) < len(lengths) else ""


def shapes(point: Point) -> str:
    """`x (4, 5), w (5, 3)`"""
    return ", ".join(f"{name} {node.shape}" for name, node in point.graph.inputs.items())


def _difference(value: np.ndarray | None, truth: np.ndarray, scale: float) -> tuple[float, str]:
    """How far a value is from the truth (1 and more if it cannot be compared), and in words.

    A value that is the truth but for a sign, a factor or a transpose is the nearest of all.
    """
    if value is None:
        return 3.0, "it is no array of numbers"
    try:
        full = np.broadcast_to(value, truth.shape)
    except ValueError:
        return 2.0, f"it has shape {value.shape}, the gradient has shape {truth.shape}"
    if not np.isfinite(value).all():
        return 2.0, "it is not finite"
    size = float(np.abs(truth).max(initial=0)) or scale
    error = float(np.abs(full - truth).max(initial=0)) / size
    if truth.any() and full.any():
        factor = float(np.vdot(full, truth)) / float(np.vdot(truth, truth))
        if np.abs(full - factor * truth).max() <= 1e-9 * abs(factor) * size:
            return NEAR if truth.size > 1 or np.isclose(factor, -1) else min(error, 1.0), (
                "its sign is wrong" if np.isclose(factor, -1) else f"it is {factor:.4g} times that"
            )
    elif not full.any():
        return 1.0, "it is zero, the gradient is not"
    if truth.ndim == 2 and value.shape == truth.T.shape and same(value.T, truth, scale):
        return NEAR, "it is the transpose of that"
    wrong = int(np.sum(np.abs(full - truth) > 1e-8 * size))
    return min(error, 1.0), (
        f"its shape {truth.shape} is right, its values are not "
        f"({wrong} of {truth.size} differ, relative error {error:.2g})"
    )
