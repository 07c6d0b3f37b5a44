"""check="f(args)": every line of a fence that assigns a gradient, against the traced graph.

The lines are executed one by one on a version of f whose sums and means are shifted by random
constants (`Graph.shifted`), at several points. Identities such as Σ(x - mean) = 0, which hide a
wrong sign or a missing term, do not hold there, while every correct way to write a line does.

    follow    what each line assigns, reads and depends on
    names     what the names of the lines mean
    reading   which lines make gradients, which forward values
    points    where they are compared; lengths: with other lengths, too
    running   running them there
    verdict   are they right, and if not, what is wrong
    blame     which line is wrong; change: what would make it right

A policy of its own on the objects of `backprop.judging`, as `bp.check` is another: how arguments
are moved, upstream gradients drawn and numbers compared, which changes of a line there are and in
which order they are believed, and what is said of a mistake, stands there once. Stricter is that a
name means one thing only, and that every line has to be right, not the results alone.
"""

import ast
import contextlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from backprop.common.spelling import nearest
from backprop.judging.lengths import has_lengths, lengths_of, meanings, other_lengths
from backprop.judging.names import NodeNames
from backprop.program.fault import FenceError
from backprop.site.posts.check.blame import Culprits, Wrong
from backprop.site.posts.check.follow import (
    CannotFollowError,
    Statement,
    inner_assignments,
    kept,
    overwritten,
    statements,
    targets,
)
from backprop.site.posts.check.names import FenceNames, Variable
from backprop.site.posts.check.points import ShiftedPoint, ShiftedPoints, strangers
from backprop.site.posts.check.reading import read_through
from backprop.site.posts.check.running import Lines, Wire, branches, place
from backprop.site.posts.check.verdict import Comparison, equal, shapes
from backprop.site.posts.check.words import Said, WrongLineError, say
from backprop.site.posts.diagram import the_call

POINTS = 3

# Partials that earlier fences of this page have shown, by the call that they belong to.
_known: dict[str, dict[str, Wire]] = {}


def forget() -> None:
    """Forget the partials of the page: another one, or the same one anew, begins."""
    _known.clear()


def check(request: dict[str, Any], name: str, namespace: dict[str, Any]) -> list[dict[str, Any]]:
    """Marks for the lines that are right: line (from 0), name, shape.

    `namespace` is the page before the fence. FenceError names the first wrong line, what is
    expected there and the shapes, or says why a line cannot be followed.
    """
    with saying(request):
        return _FenceCheck(request, name, namespace).run()


@contextlib.contextmanager
def saying(request: dict[str, Any]) -> Iterator[None]:
    """A line that cannot be followed, as the fault of the fence that it is on the page."""
    try:
        yield
    except CannotFollowError as error:
        said = say(error.text, request.get("reader", "en"), **error.values)
        raise FenceError(said, request["first"] + error.line - 1) from None


def wrong_above(
    request: dict[str, Any], name: str, namespace: dict[str, Any], line: int
) -> FenceError | None:
    """The first wrong line above the line of the page at which the fence has stopped, if any."""
    try:
        _FenceCheck(request, name, namespace).run_until(line - request["first"] + 1)
    except FenceError as error:
        return error if error.line < line else None
    except Exception:  # what stopped the fence is the better message
        return None
    return None


class _FenceCheck:
    def __init__(self, request: dict[str, Any], name: str, namespace: dict[str, Any]):
        self.request, self.file, self.namespace = request, name, namespace
        self.real = request["at"] == "real"
        self.statements = statements(request["code"])
        what = f'check="{request["check"]}"'
        # The call stands in the line above the code.
        self.f, self.args = the_call(request["check"], request["first"] - 1, name, namespace, what)
        call = ast.parse(request["check"].strip(), mode="eval").body
        assert isinstance(call, ast.Call)
        self.graph = self._trace(self.args)
        self.names = FenceNames(self.graph, self.f, call)
        self.say = partial(say, language=request.get("reader", "en"))
        self.judge = Comparison(self.names, self.graph.derive(), self.statements, self.say)
        self.wires: dict[str, Wire] = dict(_known.setdefault(request["check"], {}))
        self.lines = Lines(self.statements, self.names, namespace, self.wires, request, name)
        self.reads = self.lines.reads
        touched = self.reads | {name for one in self.statements for name in one.assigns}
        # A loss has the upstream gradient 1 for whoever writes none. Whoever has another number on
        # the page, and does not write it here, has forgotten it.
        held = [namespace[name] for name in self.names.upstream if name in namespace]
        other = any(np.shape(one) == () and one != 1 for one in held)
        ones = {
            i
            for i, node in enumerate(self.graph.outputs)
            if node.shape == () and not other and not touched & set(self.names.upstream)
        }
        self.points = ShiftedPoints(self._trace, self.args, self.real, ones)

    def _trace(self, args: list[Any]) -> Any:
        import backprop as bp

        return bp.trace(self.f, *args)

    def run_until(self, line: int) -> None:
        """Judge what stands above a line of the fence; the lines from there on do not run."""
        upstream = self._read()
        above = [one for one in self.statements if (one.node.end_lineno or 0) < line]
        points, _ = self._make()
        for point in points:
            self.lines.execute(point, upstream, False, above)
        self._judge(points, None, upstream)

    def _make(self) -> tuple[list[ShiftedPoint], bool]:
        # What the page has computed from the arguments holds at the arguments only.
        own = any(strangers(self.namespace[name], self.graph) for name in self._foreign())
        made = (self.points.make(seed, move=not own) for seed in range(POINTS))
        return [point for point in made if point], own

    def run(self) -> list[dict[str, Any]]:
        upstream = self._read()
        points, own = self._make()
        for point in points:
            self.lines.execute(point, upstream)
        self._all_ran()
        self._all_seen()
        own_values = self.points.make(0, shift=False)
        assert own_values is not None
        self.lines.same_forward(own_values, upstream)
        marks = self._judged(points, [] if own else self._longer(), upstream)
        if not marks:
            raise CannotFollowError(
                "nothing", 1, function=self.names.function, names=", ".join(self.names.gradients())
            )
        _known[self.request["check"]] = self.wires
        return marks

    def _read(self) -> set[str]:
        upstream, self.gradients = read_through(self.statements, self.names, self.real)
        return upstream

    def _all_seen(self) -> None:
        """What is given the name of a gradient and is no variable would pass unseen."""
        for statement in self.statements:
            for name, value, where in kept(statement.node):
                same = isinstance(value, ast.Name) and self.names.variable(value.id)
                if self.names.variable(name) and not same:
                    code = ast.unparse(value).splitlines()[0]
                    line = getattr(where, "lineno", statement.line)
                    raise CannotFollowError("kept", line, name=name, code=code)
            for first, name, second in overwritten(statement.node):
                both = {first.lineno, second.lineno} <= self.lines.ran
                if both and self._is_gradient(name):
                    code, by = ast.unparse(first).splitlines()[0], str(self._on_page(second.lineno))
                    raise CannotFollowError(
                        "overwritten", first.lineno, name=name, code=code, by=by
                    )

    def _on_page(self, line: int) -> int:
        return int(self.request["first"]) + line - 1

    def _all_ran(self) -> None:
        """A line that assigns a gradient and never runs would pass unseen."""
        for statement in self.statements:
            names = [name for name in statement.assigns if self._is_gradient(name)]
            for branch in branches(statement.node) if names else ():
                if place(branch) not in self.lines.ran:
                    code = ast.unparse(branch).splitlines()[0]
                    raise CannotFollowError("never_ran", branch.lineno, code=code, name=names[0])
            for inner in inner_assignments(statement.node):
                names = [name for name in targets(inner) if self._is_gradient(name)]
                if names and inner.lineno not in self.lines.ran:
                    code = ast.unparse(inner).splitlines()[0]
                    raise CannotFollowError("never_ran", inner.lineno, code=code, name=names[0])

    def _is_gradient(self, name: str) -> bool:
        return name not in self.names.bound and (
            self.names.variable(name) is not None or bool(re.match(r"d[^\W\d]", name))
        )

    def _foreign(self) -> list[str]:
        """The names of the page that the lines read and that mean nothing in f."""
        return [
            name
            for name in sorted(self.reads & set(self.namespace))
            if not (
                self.names.forward(name) or self.names.variable(name) or name in self.names.upstream
            )
        ]

    def _longer(self) -> list[ShiftedPoint]:
        """Points with other lengths, where the function and the lines allow them.

        They differ in what a number of the page means, `N = x.shape[0]` of an earlier fence: the
        lines have to be right for one of its meanings.
        """
        lengths = lengths_of(self.args)
        if any(
            of and of.partial and name in self.namespace and name not in self.wires
            for name in self.reads
            for of in [self.names.variable(name)]
        ):
            return []  # a part of a gradient that no checked line has shown stays what it is
        numbers: dict[str, int] = {}
        for name in self._foreign():
            value = self.namespace[name]
            if type(value) is int and value in lengths:
                numbers[name] = value
            elif has_lengths(value, lengths):
                return []
        with contextlib.suppress(Exception):
            if args := other_lengths(self._trace, self.args):
                found = meanings(numbers, self.args, args)
                some = [self.points.make(POINTS, args=args) for _ in found]
                return [
                    replace(point, names=names)
                    for point, names in zip(some, found, strict=True)
                    if point
                ]
        return []

    # ---- judging ----------------------------------------------------------------------------
    def _judged(
        self, points: list[ShiftedPoint], longer: list[ShiftedPoint], upstream: set[str]
    ) -> list[dict[str, Any]]:
        """Judge by one of the longer points, whichever is right."""
        if not longer:
            return self._judge(points, None, upstream)
        errors: list[FenceError] = []
        wires = dict(self.wires)
        for one in longer:
            self.lines.execute(one, upstream, strict=False)
            try:
                marks = self._judge(points, one, upstream)
                if one.error is None:
                    return marks
                raise self._stops(self.statements[len(one.versions)], points[0], one)
            except FenceError as error:
                errors.append(error)
                self.wires.clear()
                self.wires.update(wires)
        raise max(errors, key=lambda error: error.line)

    def _stops(self, statement: Statement, own: ShiftedPoint, point: ShiftedPoint) -> FenceError:
        message = self.say(
            "stops_equal" if equal(own) else "stops",
            line=ast.unparse(statement.node).splitlines()[0],
            shapes=shapes(point),
            error=f"{type(point.error).__name__}: {point.error}",
        )
        return FenceError(message, self.request["first"] + statement.line - 1)

    def _judge(
        self, points: list[ShiftedPoint], longer: ShiftedPoint | None, upstream: set[str]
    ) -> list[dict[str, Any]]:
        """Marks, or the first line that is wrong.

        A gradient may be built by several lines (`dx = p.copy()`, `dx[i] -= 1`): a version that
        is no gradient, and no part of it, is pending until a line that goes on with it is right.
        """
        marks: list[dict[str, Any]] = []
        pending: dict[str, Wrong] = {}
        wrong: list[Wrong] = []
        done = min(len(point.versions) for point in points)
        for at, statement in enumerate(self.statements[:done]):
            here = [*points, *([longer] if longer and at < len(longer.versions) else [])]
            aside = [name for name in here[0].versions[at] if name not in statement.assigns]
            for name in dict.fromkeys([*statement.assigns, *aside]):
                if name in upstream or not (name in self.gradients or self.names.variable(name)):
                    continue
                if name in pending and name not in statement.reads and name not in aside:
                    wrong.append(pending.pop(name))
                values = [point.versions[at].get(name) for point in here]
                later = any(name in one.assigns for one in self.judge.after(statement))
                if values[0] is None and later:
                    continue  # `dx, dw = None, None` makes room
                found = self._right(name, statement, values, here)
                if isinstance(found, Said):
                    before = pending[name].places if name in pending else []
                    pending[name] = Wrong(name, [*before, at], here, found)
                elif found:
                    pending.pop(name, None)
                    marks.append(self._mark(found, statement, values[0]))
        later_names = {name for one in self.statements[done:] for name in one.assigns}
        wrong += [one for name, one in pending.items() if name not in later_names]
        if wrong:
            blame = Culprits(self.lines, self.judge, upstream)
            line, said = blame.find(wrong, search=not self.request.get("brief"))
            place = self.request["first"] + line - 1
            raise WrongLineError(str(said) + self._hint(), place, said.what)
        return marks

    def _right(
        self, name: str, statement: Statement, values: list[Any], points: list[ShiftedPoint]
    ) -> Variable | Said | None:
        """Of what a name is the gradient; None if it need not be one; else what is wrong."""
        variable = self.names.variable(name)
        if variable is None:
            if not re.match(r"d\w", name) or name in self.names.bound:
                return None
            if found := self.judge.unnamed(name, values, points):
                return found
            if nearly := self.judge.nearly_unnamed(name, values, points):
                return self.judge.complaint(nearly, statement, values, points)
            return self._unknown(name, statement, self.judge.of_another(values, points))
        if variable.partial:
            others = {wire: other for other, wire in self.wires.items() if other != name}
            if wire := self.judge.wire(variable, values, points, set(others)):
                self.wires[name] = wire
                return variable
            if wire := self.judge.wire(variable, values, points, set()):
                line = ast.unparse(statement.assignment(name))
                return Said(self.say("twice", line=line, other=others[wire]))
        elif self.judge.right(variable, statement, values, points):
            return variable
        return self.judge.complaint(variable, statement, values, points)

    def _unknown(self, name: str, statement: Statement, misspelt: bool) -> Said:
        """A name that looks like a gradient and is none would pass unseen.

        Not `misspelt`: it may be that of a node without a name, and the value wrong.
        """
        names = self.names.gradients()
        # What `bp.check` would take it for, as `dmu` for the gradient of the mean.
        meant = (f"d{node}" for node in NodeNames(self.graph).alike(name))
        close = next((one for one in meant if one in names), "") or nearest(name, names)
        values = {"name": name, "function": self.names.function}
        if close:
            what = self.say("did_you_mean", close=close, **values)
        else:
            what = self.say("no_node", names=", ".join(names), **values)
        line = ast.unparse(statement.assignment(name)).splitlines()[0]
        mended = "" if misspelt else self.say("wrong", line=line)
        return Said(what, enough=misspelt and bool(close), mended=mended)

    def _mark(self, variable: Variable, statement: Statement, value: Any) -> dict[str, Any]:
        shape = self.graph[variable.nodes[-1]].shape
        mark = {"line": statement.last - 1, "name": variable.name, "shape": str(shape)}
        mark["same"] = f"{self.graph.function} {variable.name}"
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
        outputs = self.say("and").join(
            f"d{name}" if self.graph[name].named else "dout" for name in self.names.outputs
        )
        return self.say(
            "foreign", names=", ".join(foreign), function=self.names.function, outputs=outputs
        )
