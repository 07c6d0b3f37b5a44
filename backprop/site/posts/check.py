"""check="f(args)": every line of a fence that assigns a gradient, against the traced graph.

The lines are executed one by one on a version of f whose sums and means are shifted by random
constants (`Graph.shifted`), at several points. Identities such as Σ(x - mean) = 0, which hide a
wrong sign or a missing term, do not hold there, while every correct way to write a line does.
"""

import ast
import contextlib
import copy
import difflib
import io
import itertools
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.site.posts.diagram import the_call
from backprop.site.posts.follow import (
    CannotFollowError,
    Statement,
    depends,
    recomputed,
    statements,
)
from backprop.site.posts.runner import FenceError

POINTS = 3
TOLERANCE = 1e-8  # relative to the largest entry; both sides are float64

Wire = tuple[str, str, str]

# Partials that earlier fences of this page have shown, by the call that they belong to.
_known: dict[str, dict[str, Wire]] = {}


@dataclass
class Variable:
    """A gradient that a fence assigns: of which nodes, and whether it is only a partial."""

    name: str
    nodes: list[str]  # the versions of a name that f has bound more than once
    partial: bool


@dataclass
class Point:
    """The (shifted) graph at one set of values, with the truth."""

    graph: Any
    gradients: Any
    douts: tuple[np.ndarray, ...]
    # What the fence assigned, a dictionary for each of its statements.
    versions: list[dict[str, np.ndarray | None]] = field(default_factory=list)

    @property
    def scale(self) -> float:
        return max((float(np.abs(each).max(initial=0)) for each in self.douts), default=1.0)


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
        self.f, self.args = the_call(request["check"], request["first"], name, namespace, what)
        call = ast.parse(request["check"].strip(), mode="eval").body
        assert isinstance(call, ast.Call)
        self.graph = self._trace(self.args)
        self.backward = self.graph.derive()
        self.aliases = self._arguments(call)
        self.bound = {node.name for node in self.graph.nodes if node.named} | set(self.aliases)
        self.outputs = [node.name for node in self.graph.outputs]
        self.wires: dict[str, Wire] = dict(_known.setdefault(request["check"], {}))

    # ---- what the names of the fence mean ---------------------------------------------------
    def _trace(self, args: list[Any]) -> Any:
        import backprop as bp

        return bp.trace(self.f, *args)

    def _arguments(self, call: ast.Call) -> dict[str, str]:
        """What the page calls the arguments -> what f calls them."""
        inputs = self.graph.inputs
        given = dict(zip(_parameters(self.f), call.args, strict=False))
        return {
            argument.id: inputs[parameter].name
            for parameter, argument in given.items()
            if isinstance(argument, ast.Name) and parameter in inputs
        }

    def _versions(self, name: str) -> list[str]:
        """The nodes that f called `name`, latest first."""
        base = self.aliases.get(name, name)
        found = [
            node.name
            for node in self.graph.nodes
            if node.named and re.fullmatch(re.escape(base) + r"(_\d+)?", node.name)
        ]
        if base in self.graph and self.graph[base].name not in found:
            found.append(self.graph[base].name)
        return found[::-1]

    def _forward(self, name: str) -> str | None:
        """The node that the page means by a name: an argument, or the last that f called so."""
        if name in self.aliases:
            return self.aliases[name]
        if name not in self.graph or not (name in self.bound or name in self.graph.aliases):
            return None
        return name if name in self.graph.inputs else self._versions(name)[0]

    def _variable(self, name: str) -> Variable | None:
        """What `name` is the gradient of, None if of nothing."""
        if not name.startswith("d") or name in self.bound:
            return None
        if versions := self._versions(name[1:]):
            return Variable(name, versions, False)
        if (match := re.fullmatch(r"d(.+?)_?\d+", name)) and (versions := self._versions(match[1])):
            return Variable(name, versions, True)
        if name == "dout" and len(self.outputs) == 1:
            return Variable(name, self.outputs, False)
        return None

    # ---- running ----------------------------------------------------------------------------
    def run(self) -> list[dict]:
        points = [point for seed in range(POINTS) if (point := self._point(seed))]
        upstream = self._read_through()
        for point in points:
            self._execute(point, upstream)
        self._same_forward(upstream)
        marks = []
        for at, statement in enumerate(self.statements):
            for name in dict.fromkeys(statement.assigns):
                if name in upstream or not (variable := self._variable(name)):
                    continue
                values = [point.versions[at][name] for point in points]
                self._compare(variable, statement, values, points)
                shape = self.graph[variable.nodes[-1]].shape
                marks.append({"line": statement.last - 1, "name": name, "shape": str(shape)})
        if not marks:
            raise CannotFollowError(
                f"nothing to check: no line assigns the gradient of a node of {self.f.__name__}; "
                "it has " + ", ".join(sorted(f"d{name}" for name in self.bound)),
                1,
            )
        _known[self.request["check"]] = self.wires
        return marks

    def _same_forward(self, upstream: set[str]) -> None:
        """The graph's values take the place of forward values of the page; are they the same?"""
        point = self._point(0, shifted=False)
        assert point is not None
        written: set[str] = set()
        for statement in self.statements:
            for name in statement.reads - written:
                if name in self.namespace and self._forward(name):
                    self._same_as_page(name, point, statement)
            written |= set(statement.assigns)
        names = {name for name in written if self._forward(name)}
        if not names:
            return
        self._execute(point, upstream)
        for statement, versions in zip(self.statements, point.versions, strict=True):
            for name in names & set(versions):
                nodes = [point.graph[node].value for node in self._versions(name)]
                if not any(_same(versions[name], node, 0.0, exactly=True) for node in nodes):
                    raise CannotFollowError(
                        f"`{ast.unparse(statement.node).splitlines()[0]}` gives another value than "
                        f"{name} has in {self.f.__name__}, so the lines below cannot be checked",
                        statement.line,
                    )

    def _same_as_page(self, name: str, point: Point, statement: Statement) -> None:
        value = self.namespace[name]
        single = getattr(value, "dtype", np.dtype(float)).itemsize < 8
        tolerance = 1e-4 if single else TOLERANCE  # the graph is traced in float64
        truths = [point.graph[node].value for node in self._versions(name)]
        if not any(_same(_array(value), t, 0.0, tolerance, exactly=True) for t in truths):
            raise CannotFollowError(
                f"`{name}` has another value on this page than in {self.f.__name__}: "
                f'check="{self.request["check"]}" is about other numbers than these lines',
                statement.line,
            )

    def _point(self, seed: int, shifted: bool = True) -> Point | None:
        """The author's own values first, then others of the same sign and shape."""
        rng = np.random.default_rng([20170330, seed])
        args = [_float64(argument) for argument in self.args]
        if seed:
            args = [_elsewhere(argument, rng) for argument in args]
        try:
            with np.errstate(all="ignore"):
                graph = self._trace(args)
                if shifted and not self.real:
                    graph = graph.shifted(seed)
        except Exception:
            if seed:
                return None  # f is not defined there
            raise
        if seed and not all(np.isfinite(node.value).all() for node in graph.outputs):
            return None
        douts = tuple(rng.normal(size=node.shape) for node in graph.outputs)
        gradients = graph.gradients(douts if graph.several else douts[0])
        return Point(graph, gradients, douts)

    def _read_through(self) -> set[str]:
        """Refuse what cannot be followed; also the upstream gradients that the fence chooses."""
        gradients = {f"d{name}" for name in (*self.outputs, "out")}
        gradients |= {name for one in self.statements for name in one.reads if self._variable(name)}
        forward = {name for name in self.bound if self._depends(name)}
        upstream: set[str] = set()
        for statement in self.statements:
            used = depends(statement.node)
            chosen = {f"d{name}" for name in (*self.outputs, "out")} & set(statement.assigns)
            if chosen and not used & (gradients - chosen):
                upstream |= chosen
                continue
            ours = [name for name in statement.assigns if self._forward(name)]
            if not self.real and not ours:
                again = recomputed(statement.node, forward, gradients)
                if again:
                    raise CannotFollowError(
                        f"`{again}` computes a forward value again, where the check has shifted "
                        "it: give it the name that it has in "
                        f'{self.f.__name__}, on a line of its own, or say at="real"',
                        statement.line,
                    )
            if used & gradients:
                gradients |= set(statement.assigns)
                self._resemble(statement)
            elif used & forward:
                forward |= set(statement.assigns)
        return upstream

    def _resemble(self, statement: Statement) -> None:
        """A name that looks like a gradient and is none would pass unseen."""
        for name in statement.assigns:
            if re.match(r"d\w", name) and name not in self.bound and not self._variable(name):
                known = sorted(f"d{node}" for node in self.bound)
                close = difflib.get_close_matches(name, known, n=1)
                raise CannotFollowError(
                    f"`{name}` is the gradient of no node of {self.f.__name__}; "
                    + (f"did you mean `{close[0]}`?" if close else f"it has {', '.join(known)}"),
                    statement.line,
                )

    def _depends(self, name: str) -> bool:
        node = self._forward(name)
        return node is not None and bool(self.graph[node].depends)

    def _execute(self, point: Point, upstream: set[str]) -> None:
        """Run the lines at a point, forward names being those of the shifted function."""
        scope = {name: fresh(value) for name, value in self.namespace.items()}
        read = {name for one in self.statements for name in one.reads}
        for name in read:
            value = self._value(name, point)
            if value is not None:
                scope[name] = value
        for statement in self.statements:
            module = ast.Module([statement.node], [])
            ast.increment_lineno(statement.node, self.request["first"] - 1)
            code = compile(module, self.file, "exec")
            ast.increment_lineno(statement.node, 1 - self.request["first"])
            with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                exec(code, scope)
            point.versions.append({name: _array(scope.get(name)) for name in statement.assigns})
            for name in statement.assigns:
                if self._forward(name) or name in upstream:
                    scope[name] = self._value(name, point)

    def _value(self, name: str, point: Point) -> Any:
        """What a name is at a point: a forward value, or a gradient of an earlier fence."""
        node = self._forward(name)
        if node is not None:
            plain = point.graph[node].plain
            return plain.copy() if isinstance(plain, np.ndarray) else plain
        outputs = {f"d{output}": i for i, output in enumerate(self.outputs)}
        if len(self.outputs) == 1:
            outputs.setdefault("dout", 0)
        if name in outputs:
            return point.douts[outputs[name]].copy()
        variable = self._variable(name)
        if variable is None or name not in self.namespace:
            return None
        if variable.partial:
            wire = self.wires.get(name)
            truth = None if wire is None else point.gradients.wires[wire]
        else:
            truth = point.gradients.nodes[variable.nodes[0]]
        return None if truth is None else _lazy(np.array(truth), self.namespace[name])

    # ---- judging ----------------------------------------------------------------------------
    def _compare(
        self,
        variable: Variable,
        statement: Statement,
        values: list[np.ndarray | None],
        points: list[Point],
    ) -> None:
        """Is this version of a gradient right at every point? FenceError if not."""
        if variable.partial:
            wires = [
                wire
                for wire in self._wires_to(variable.nodes)
                if wire not in {w for name, w in self.wires.items() if name != variable.name}
                and all(
                    _same(value, point.gradients.wires[wire], point.scale)
                    for value, point in zip(values, points, strict=True)
                )
            ]
            if wires:
                self.wires[variable.name] = wires[0]
                return
        elif any(
            all(_same(value, truth, point.scale) for value, truth, point in triples)
            for triples in self._candidates(variable, statement, values, points)
        ):
            return
        raise FenceError(
            self._complaint(variable, statement, values[0]),
            self.request["first"] + statement.line - 1,
        )

    def _candidates(
        self,
        variable: Variable,
        statement: Statement,
        values: list[np.ndarray | None],
        points: list[Point],
    ) -> Any:
        """What a version of d<node> may be: the gradient; before its last line, a part of it."""

        def at_all_points(truth: Any) -> list:
            return [(v, truth(p), p) for v, p in zip(values, points, strict=True)]

        for node in variable.nodes:
            yield at_all_points(lambda point, node=node: point.gradients.nodes[node])
        later = self.statements[self.statements.index(statement) + 1 :]
        if any(variable.name in one.assigns for one in later):
            wires = self._wires_to(variable.nodes)
            for size in range(len(wires)):
                for some in itertools.combinations(wires, size):
                    yield at_all_points(
                        lambda point, some=some: sum(
                            (point.gradients.wires[wire] for wire in some),
                            np.zeros(point.graph[variable.nodes[0]].shape),
                        )
                    )
        elif self._assigned_before(variable.name, statement):
            # A mask put onto `dh` in place makes it the gradient of what h was made from.
            for node in self.graph.nodes:
                if not node.named and node.active and node.shape == _shape(self, variable):
                    yield at_all_points(lambda point, node=node: point.gradients.nodes[node.name])

    def _assigned_before(self, name: str, statement: Statement) -> bool:
        earlier = self.statements[: self.statements.index(statement)]
        return any(name in one.assigns for one in earlier)

    def _wires_to(self, nodes: list[str]) -> list[Wire]:
        return [wire for wire in self.backward.wires if wire[0] in nodes]

    def _complaint(self, variable: Variable, statement: Statement, value: np.ndarray | None) -> str:
        node = variable.nodes[0]
        what = "a part of the gradient" if variable.partial else "the gradient"
        lines = [
            line
            for line in self.backward.lines
            if re.match(rf"d{re.escape(node)}(_?\d+)? = ", line)
            and (variable.partial or line.startswith(f"d{node} = "))
        ]
        got = "no array" if value is None else f"shape {value.shape}"
        again = " (or each was shown already)" if variable.partial else ""
        return (
            f"`{ast.unparse(statement.node).splitlines()[0]}` is not {what} of {node}{again}: "
            f"it has {got}, the gradient has shape {self.graph[node].shape}"
            + (f"; expected is {' or '.join(f'`{line}`' for line in lines)}" if lines else "")
            + self._foreign()
        )

    def _foreign(self) -> str:
        """The arrays of the page that the lines read and f does not know, as a hint."""
        read = {name for one in self.statements for name in one.reads}
        foreign = [
            f"`{name}`"
            for name in sorted(read & set(self.namespace))
            if isinstance(value := self.namespace[name], np.ndarray)
            and value.dtype.kind == "f"
            and not (self._forward(name) or self._variable(name) or name == "dout")
        ]
        if not foreign:
            return ""
        outputs = " and ".join(
            f"d{name}" if self.graph[name].named else "dout" for name in self.outputs
        )
        return (
            f" ({', '.join(foreign)} means nothing in {self.f.__name__}, whose upstream gradient "
            f"is called {outputs}: it was read as it is on the page)"
        )


def _shape(check: _Check, variable: Variable) -> tuple[int, ...]:
    return check.graph[variable.nodes[0]].shape


def _parameters(f: Any) -> list[str]:
    import inspect

    try:
        return list(inspect.signature(f).parameters)
    except (TypeError, ValueError):
        return []


def _float64(argument: Any) -> Any:
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        return argument.astype(np.float64)
    return argument


def _elsewhere(argument: Any, rng: np.random.Generator) -> Any:
    """Other values of the same sign: a positive array stays positive."""
    if isinstance(argument, np.ndarray) and argument.dtype.kind == "f":
        return argument * rng.uniform(0.6, 1.4, argument.shape)
    return argument


def _array(value: Any) -> np.ndarray | None:
    try:
        array = np.array(value, dtype=float)
    except (TypeError, ValueError):
        return None
    return array


def _lazy(truth: np.ndarray, page: Any) -> np.ndarray:
    """The truth in the (smaller) shape that the page's variable has, if it has one."""
    wanted = np.shape(page)
    if wanted == truth.shape or len(wanted) > truth.ndim:
        return truth
    aligned = (1,) * (truth.ndim - len(wanted)) + wanted
    if any(w not in (1, t) for w, t in zip(aligned, truth.shape, strict=True)):
        return truth
    key = tuple(slice(0, 1) if w == 1 else slice(None) for w in aligned)
    small = truth[key].reshape(wanted)
    return small if np.allclose(np.broadcast_to(small, truth.shape), truth) else truth


def fresh(value: Any) -> Any:
    """A copy of what a fence might write to."""
    if isinstance(value, (np.ndarray, list, tuple, dict)):
        with contextlib.suppress(Exception):
            return copy.deepcopy(value)
    return value


def _same(
    value: np.ndarray | None,
    truth: np.ndarray,
    scale: float,
    tolerance: float = TOLERANCE,
    exactly: bool = False,
) -> bool:
    """Right, if it broadcasts to the right one: a lazy gradient is completed later."""
    if value is None or (exactly and value.shape != truth.shape):
        return False
    try:
        full = np.broadcast_to(value, truth.shape)
    except ValueError:
        return False
    size = float(np.abs(truth).max(initial=0)) or scale
    return bool(np.all(np.abs(full - truth) <= tolerance * size))
