"""check="f(args)": every line of a fence that assigns a gradient, against the traced graph.

The lines are executed one by one on a version of f whose sums and means are shifted by random
constants (`Graph.shifted`), at several points. Identities such as Σ(x - mean) = 0, which hide a
wrong sign or a missing term, do not hold there, while every correct way to write a line does.

    follow    what each line assigns, reads and depends on
    names     what the names of the lines mean
    points    where they are compared; lengths: with other lengths, too
    running   running them there
    verdict   are they right, and if not, what is wrong
"""

import ast
import contextlib
import difflib
import re
import types
from typing import Any

import numpy as np

from backprop.site.posts.check.follow import (
    CannotFollowError,
    Statement,
    depends,
    recomputed,
    statements,
)
from backprop.site.posts.check.lengths import other_lengths, says_a_length, tied
from backprop.site.posts.check.names import Names, Variable
from backprop.site.posts.check.points import Point, Points, strangers
from backprop.site.posts.check.running import Lines, Wire
from backprop.site.posts.check.verdict import Judge
from backprop.site.posts.diagram import the_call
from backprop.site.posts.runner import FenceError

POINTS = 3

# Partials that earlier fences of this page have shown, by the call that they belong to.
_known: dict[str, dict[str, Wire]] = {}


def check(request: dict, name: str, namespace: dict[str, Any]) -> list[dict]:
    """Marks for the lines that are right: line (from 0), name, shape.

    `namespace` is the page before the fence. FenceError names the first wrong line, what is
    expected there and the shapes, or says why a line cannot be followed.
    """
    first = request["first"]
    try:
        return _Check(request, name, namespace).run()
    except CannotFollowError as error:
        raise FenceError(str(error), first + error.line - 1) from None


class _Check:
    def __init__(self, request: dict, name: str, namespace: dict[str, Any]):
        self.request, self.file, self.namespace = request, name, namespace
        self.real = request["at"] == "real"
        self.statements = statements(request["code"])
        what = f'check="{request["check"]}"'
        # The call stands in the line above the code.
        self.f, self.args = the_call(request["check"], request["first"] - 1, name, namespace, what)
        call = ast.parse(request["check"].strip(), mode="eval").body
        assert isinstance(call, ast.Call)
        self.graph = self._trace(self.args)
        self.names = Names(self.graph, self.f, call)
        self.judge = Judge(self.names, self.graph.derive(), self.statements)
        self.wires: dict[str, Wire] = dict(_known.setdefault(request["check"], {}))
        self.lines = Lines(self.statements, self.names, namespace, self.wires, request, name)
        self.reads = self.lines.reads
        touched = self.reads | {name for one in self.statements for name in one.assigns}
        # A loss has the upstream gradient 1 for whoever writes none.
        ones = {
            i
            for i, node in enumerate(self.graph.outputs)
            if node.shape == () and not touched & set(self.names.upstream)
        }
        self.points = Points(self._trace, self.args, self.real, ones)

    def _trace(self, args: list[Any]) -> Any:
        import backprop as bp

        return bp.trace(self.f, *args)

    def run(self) -> list[dict]:
        upstream = self._read_through()
        # What the page has computed from the arguments holds at the arguments only.
        own = any(strangers(self.namespace[name], self.graph) for name in self._foreign())
        points = [
            point for seed in range(POINTS) if (point := self.points.make(seed, move=not own))
        ]
        for point in points:
            self.lines.execute(point, upstream)
        longer = None if own else self._longer()
        if longer:
            self.lines.execute(longer, upstream, strict=False)
        own_values = self.points.make(0, shift=False)
        assert own_values is not None
        self.lines.same_forward(own_values, upstream)
        marks = self._judge(points, longer, upstream)
        if not marks:
            raise CannotFollowError(
                "nothing to check: no line assigns the gradient of a node of "
                f"{self.names.function}; it has {', '.join(self.names.gradients())}",
                1,
            )
        _known[self.request["check"]] = self.wires
        return marks

    # ---- reading ----------------------------------------------------------------------------
    def _read_through(self) -> set[str]:
        """Refuse what cannot be followed; also the upstream gradients that the fence chooses."""
        names = self.names
        upstream = {*names.upstream, "dout"}
        gradients = upstream | {name for name in self.reads if names.variable(name)}
        forward = {name for name in names.bound if names.depends(name)}
        chosen_here: set[str] = set()
        for statement in self.statements:
            used = depends(statement.node)
            chosen = upstream & set(statement.assigns)
            if chosen and not used & (gradients - chosen):
                chosen_here |= chosen
                continue
            ours = [name for name in statement.assigns if names.forward(name)]
            if not self.real and not ours:
                if again := recomputed(statement.node, forward, gradients):
                    raise CannotFollowError(
                        f"`{again}` computes a forward value again, where the check has shifted "
                        "it: give it the name that it has in "
                        f'{self.names.function}, on a line of its own, or say at="real"',
                        statement.line,
                    )
            if used & gradients:
                gradients |= set(statement.assigns)
            elif used & forward:
                forward |= set(statement.assigns)
        self.gradients = gradients
        return chosen_here

    def _foreign(self) -> list[str]:
        """The names of the page that the lines read and that mean nothing in f."""
        return [
            name
            for name in sorted(self.reads & set(self.namespace))
            if not (
                self.names.forward(name) or self.names.variable(name) or name in self.names.upstream
            )
        ]

    def _longer(self) -> Point | None:
        """A point with other lengths, where the function and the lines allow them."""
        lengths = tied(self.args)
        if not lengths or says_a_length(self.request["code"], lengths):
            return None
        if any(_has_lengths(self.namespace[name]) for name in self._foreign()):
            return None  # `N = x.shape[0]` of an earlier fence stays what it is
        with contextlib.suppress(Exception):
            if args := other_lengths(self._trace, self.args, _form):
                return self.points.make(POINTS, args=args)
        return None

    # ---- judging ----------------------------------------------------------------------------
    def _judge(self, points: list[Point], longer: Point | None, upstream: set[str]) -> list[dict]:
        """Marks, or the first line that is wrong.

        A gradient may be built by several lines (`dx = p.copy()`, `dx[i] -= 1`): a version that
        is no gradient, and no part of it, is pending until a line that goes on with it is right.
        """
        marks: list[dict] = []
        pending: dict[str, FenceError] = {}
        wrong: list[FenceError] = []
        for at, statement in enumerate(self.statements):
            here = [*points, *([longer] if longer and at < len(longer.versions) else [])]
            for name in dict.fromkeys(statement.assigns):
                if name in upstream or not (name in self.gradients or self.names.variable(name)):
                    continue
                if name in pending and name not in statement.reads:
                    wrong.append(pending.pop(name))
                values = [point.versions[at][name] for point in here]
                later = any(name in one.assigns for one in self.judge.after(statement))
                if values[0] is None and later:
                    continue  # `dx, dw = None, None` makes room
                found = self._right(name, statement, values, here)
                if isinstance(found, str):
                    line = self.request["first"] + statement.assignment(name).lineno - 1
                    pending.setdefault(name, FenceError(found, line))
                elif found:
                    pending.pop(name, None)
                    marks.append(self._mark(found, statement, values[0]))
        wrong += pending.values()
        if wrong:
            raise min(wrong, key=lambda error: error.line)
        return marks

    def _right(
        self, name: str, statement: Statement, values: list, points: list[Point]
    ) -> Variable | str | None:
        """Of what a name is the gradient; None if it need not be one; else what is wrong."""
        variable = self.names.variable(name)
        if variable is None:
            if not re.match(r"d\w", name) or name in self.names.bound:
                return None
            return self.judge.unnamed(name, values, points) or self._unknown(name)
        if variable.partial:
            others = {wire: other for other, wire in self.wires.items() if other != name}
            if wire := self.judge.wire(variable, values, points, set(others)):
                self.wires[name] = wire
                return variable
            if wire := self.judge.wire(variable, values, points, set()):
                line = ast.unparse(statement.assignment(name))
                return f"`{line}` is the part of the gradient that `{others[wire]}` is already"
        elif self.judge.right(variable, statement, values, points):
            return variable
        return self.judge.complaint(variable, statement, values, points) + self._hint()

    def _unknown(self, name: str) -> str:
        """A name that looks like a gradient and is none would pass unseen."""
        names = self.names.gradients()
        close = difflib.get_close_matches(name, names, n=1)
        return f"`{name}` is the gradient of no node of {self.names.function}; " + (
            f"did you mean `{close[0]}`?" if close else f"it has {', '.join(names)}"
        )

    def _mark(self, variable: Variable, statement: Statement, value: Any) -> dict:
        shape = self.graph[variable.nodes[-1]].shape
        mark = {"line": statement.last - 1, "name": variable.name, "shape": str(shape)}
        if np.shape(value) != shape:
            mark["held"] = str(np.shape(value))
        return mark

    def _hint(self) -> str:
        """The arrays of the page that the lines read and f does not know."""
        foreign = [
            f"`{name}`"
            for name in self._foreign()
            if name != "dout" and strangers(self.namespace[name], self.graph)
        ]
        if not foreign:
            return ""
        outputs = " and ".join(
            f"d{name}" if self.graph[name].named else "dout" for name in self.names.outputs
        )
        return (
            f" ({', '.join(foreign)} means nothing in {self.names.function}, whose upstream "
            f"gradient is called {outputs}: it was read as it is on the page)"
        )


def _form(graph: Any) -> Any:
    """What has to stay the same for other lengths."""
    return [(node.name, node.op, node.value.ndim) for node in graph.nodes]


def _has_lengths(value: Any, inside: tuple[Any, ...] = ()) -> bool:
    """May this value of a page depend on the lengths of its arrays?"""
    if isinstance(value, types.FunctionType):
        names = set(value.__code__.co_names) & set(value.__globals__)
        return value not in inside and any(
            _has_lengths(value.__globals__[name], (*inside, value)) for name in names
        )
    if isinstance(value, (float, str, type(None), types.ModuleType, type)):
        return False
    return not callable(value)
