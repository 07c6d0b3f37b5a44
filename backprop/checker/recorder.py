"""Runs a handwritten backward and writes down every assignment.

The function's syntax tree is rewritten so that each assignment reports to a `Recorder`:
after `dx = …` stands `dx = record(site, "dx", dx)`. The same hook lets a run go on with a
corrected value. Line numbers stay the file's own. Where there is no source, `fallback`
follows the run with a trace function instead.
"""

from __future__ import annotations

import ast
import copy
import linecache
import traceback
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprop.checker import source as sources
from backprop.checker.source import Source

VALUE, STORE, TOUCH, ENTER, LEAVE, IS_ARRAY = (
    f"__backprop_{word}__" for word in ("value", "store", "touch", "enter", "leave", "is_array")
)
CHOICE = "__backprop_choice__"
KEEP = 64  # versions of one statement kept in full; of the rest, the last one


@dataclass
class Site:
    """A statement that assigns: where it is and what it reads."""

    index: int
    function: str
    line: int
    statement: ast.stmt
    kind: str  # assign, augment, store, call, loop, return
    reads: tuple[str, ...]


@dataclass
class Event:
    """One assignment that happened."""

    site: int
    name: str
    value: Any
    line: int
    kind: str
    function: str
    version: int  # 0 for the first assignment of that name
    occurrence: int  # how often this site has run before
    reads: tuple[int, ...]  # the events that its statement's variables came from
    index: int = 0
    last: bool = False  # nothing assigns that name afterwards


@dataclass
class Failure:
    """An exception in the handwritten code."""

    error: Exception
    line: int | None
    values: dict[str, Any]


@dataclass
class Recording:
    events: list[Event] = field(default_factory=list)
    result: Any = None
    failure: Failure | None = None
    damage: list[tuple[str, int, str]] = field(default_factory=list)  # what, line, variable
    returned: ast.stmt | None = None  # the `return` that ended the run


Override = Callable[[Event], Any]


class Recorder:
    """The hooks that instrumented code calls."""

    def __init__(self, sites: list[Site], guarded: dict[str, np.ndarray]) -> None:
        self.sites = sites
        self.overrides: dict[tuple[int, str], Override] = {}
        self.events: list[Event] = []
        self.counts: dict[tuple[int, str], int] = {}
        self.versions: dict[tuple[str, str], int] = {}
        self.latest: dict[tuple[str, str], int] = {}
        self.guarded = {name: (array, array.copy()) for name, array in guarded.items()}
        self.watch = False  # look for damage after every assignment
        self.damage: list[tuple[str, int, str]] = []
        self.left: int | None = None

    def value(self, index: int, name: str, value: Any) -> Any:
        event = self._record(index, name, value)
        override = self.overrides.get((index, name))
        if override is not None:
            new = override(event)
            if new is not None:
                event.value = _copy(new)
                return new
        return value

    def store(self, index: int, name: str, array: np.ndarray) -> None:
        event = self._record(index, name, array)
        override = self.overrides.get((index, name))
        if override is not None:
            new = override(event)
            if new is not None:
                np.copyto(array, new, casting="unsafe")
                event.value = _copy(new)

    def touch(self, index: int, values: dict[str, Any]) -> None:
        """After a call: record the arrays that it has changed."""
        function = self.sites[index].function
        for name, value in values.items():
            if not isinstance(value, np.ndarray):
                continue
            known = self.latest.get((function, name))
            if known is None or not _same(self.events[known].value, value):
                self.store(index, name, value)

    def enter(self, function: str, line: int, values: dict[str, Any]) -> None:
        for name, value in values.items():
            self._append(Event(-1, name, _copy(value), line, "parameter", function, 0, 0, ()))

    def leave(self, index: int) -> None:
        self.left = index

    def _record(self, index: int, name: str, value: Any) -> Event:
        site = self.sites[index]
        count = self.counts.get((index, name), 0)
        self.counts[index, name] = count + 1
        version = self.versions.get((site.function, name), 0)
        self.versions[site.function, name] = version + 1
        reads = [self.latest.get((site.function, read)) for read in site.reads]
        event = Event(
            index, name, _copy(value), site.line, site.kind, site.function, version, count,
            tuple([read for read in reads if read is not None]),
        )  # fmt: skip
        if count < KEEP:
            self._append(event)
        else:
            known = self.latest.get((site.function, name))
            if known is not None and self.events[known].site == index:
                event.index = known
                self.events[known] = event
            else:
                self._append(event)
        if self.watch and not self.damage:
            for what, (array, before) in self.guarded.items():
                if not _same(before, array):
                    self.damage.append((what, site.line, name))
        return event

    def _append(self, event: Event) -> None:
        event.index = len(self.events)
        self.latest[event.function, event.name] = event.index
        self.events.append(event)


def _copy(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, (list, tuple)) and len(value) <= KEEP:
        return type(value)(map(_copy, value)) if type(value) in (list, tuple) else value
    return value


def _same(a: Any, b: np.ndarray) -> bool:
    if not isinstance(a, np.ndarray) or a.shape != b.shape:
        return False
    return a.dtype.kind == "O" or bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


class _Instrument(ast.NodeTransformer):
    """Adds a report after every assignment of one function and those nested in it."""

    def __init__(self, sites: list[Site], function: str, text: Callable[[ast.expr], str]) -> None:
        self.sites = sites
        self.function = function
        self.text = text

    # statements that assign

    def visit_Assign(self, node: ast.Assign) -> Any:
        self.generic_visit(node)
        return [node, *self._after(node, "assign", node.targets, node.value)]

    def visit_AnnAssign(self, node: ast.AnnAssign) -> Any:
        self.generic_visit(node)
        if node.value is None:
            return node
        return [node, *self._after(node, "assign", [node.target], node.value)]

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        self.generic_visit(node)
        return [node, *self._after(node, "augment", [node.target], node.value, own=True)]

    def visit_For(self, node: ast.For) -> Any:
        self.generic_visit(node)
        site = self._site(node, "loop", _reads(node.iter))
        reports = [_call_statement(VALUE, site, name, node) for name in _target_names(node.target)]
        node.body = [*reports, *node.body]
        return node

    def visit_Expr(self, node: ast.Expr) -> Any:
        self.generic_visit(node)
        if not isinstance(node.value, ast.Call):
            return node
        names = [*_roots(node.value.func), *(r for a in node.value.args for r in _roots(a))]
        names += [r for k in node.value.keywords for r in _roots(k.value)]
        if not names:
            return node
        site = self._site(node, "call", _reads(node.value))
        return [node, _touch(site, names, node)]

    def visit_Return(self, node: ast.Return) -> Any:
        self.generic_visit(node)
        value = node.value
        if value is None:
            return node
        if isinstance(value, (ast.Tuple, ast.List)):
            value.elts = [
                self._returned(node, element, f"return[{i}]")
                for i, element in enumerate(value.elts)
            ]
        elif isinstance(value, ast.Dict):
            value.values = [
                self._returned(node, part, f"return[{ast.unparse(key)}]") if key else part
                for key, part in zip(value.keys, value.values, strict=True)
            ]
        else:
            node.value = self._returned(node, value, "return[0]")
        site = self._site(node, "leave", ())
        call = ast.Call(_name(LEAVE), [ast.Constant(site)], [])
        return [_at(ast.Expr(call), node), node]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> Any:
        self.generic_visit(node)
        site = self._site(node, "assign", _reads(node.value))
        node.value = _call(VALUE, site, node.target.id, node.value, node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> Any:
        inner = _Instrument(self.sites, node.name, self.text)
        node.body = inner.statements(node.body)
        return node

    def visit_Lambda(self, node: ast.Lambda) -> Any:
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        return node

    # how

    def statements(self, body: list[ast.stmt]) -> list[ast.stmt]:
        result: list[ast.stmt] = []
        for statement in body:
            new = self.visit(statement)
            result.extend(new if isinstance(new, list) else [new])
        return result

    def _site(self, node: Any, kind: str, reads: tuple[str, ...]) -> int:
        origin = getattr(node, "origin", node)
        self.sites.append(Site(len(self.sites), self.function, node.lineno, origin, kind, reads))
        return len(self.sites) - 1

    def _returned(self, node: ast.Return, value: ast.expr, name: str) -> ast.expr:
        if isinstance(value, (ast.Name, ast.Starred)) or keyed(value):
            return value
        site = self._site(node, "return", _reads(value))
        return _call(VALUE, site, name, value, node)

    def _after(
        self, node: Any, kind: str, targets: list[Any], value: ast.expr, own: bool = False
    ) -> list[ast.stmt]:
        reads = _reads(value)
        reports: list[ast.stmt] = []
        for target in targets:
            for part in _flat(target):
                if isinstance(part, ast.Name):
                    site = self._site(node, kind, (*reads, part.id) if own else reads)
                    reports.append(_assign(part, VALUE, site, part.id, node))
                elif isinstance(part, (ast.Subscript, ast.Attribute)):
                    root = _root(part)
                    first = (root.id,) if isinstance(root, ast.Name) else ()
                    site = self._site(node, "store", (*reads, *_reads(part), *first))
                    reports += self._stored(part, site, node)
        outs = [
            name
            for call in ast.walk(value)
            if isinstance(call, ast.Call)
            for keyword in call.keywords
            if keyword.arg == "out"
            for name in _roots(keyword.value)
        ]
        if outs:
            reports.append(_touch(self._site(node, "call", reads), outs, node))
        return reports

    def _stored(self, target: Any, site: int, node: Any) -> list[ast.stmt]:
        """After `a[i] = …`: report `a` if it is an array, `a[i]` if it holds arrays."""
        whole = _assign(target, VALUE, site, self.text(target), node)
        holder = target.value
        chain = [holder]
        while isinstance(chain[-1], ast.Subscript):
            chain.append(chain[-1].value)
        statement: list[ast.stmt] = [whole]
        for part in chain:  # the outermost array wins
            loaded = _load(part)
            report = ast.Expr(
                ast.Call(
                    _name(STORE), [ast.Constant(site), ast.Constant(self.text(part)), loaded], []
                )
            )
            test = ast.Call(_name(IS_ARRAY), [_load(part)], [])
            statement = [ast.If(test, [report], statement)]
        return [_at(s, node) for s in statement]


def text_of(node: ast.expr) -> str:
    """The text of a target, with the quotes that most people write."""
    return ast.unparse(node).replace("'", '"')


def keyed(node: ast.expr) -> bool:
    """`grads["W1"]`: an entry of a dictionary, which counts as a variable."""
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
    )


def _flat(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [part for element in target.elts for part in _flat(element)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


def _target_names(target: ast.expr) -> list[str]:
    return [part.id for part in _flat(target) if isinstance(part, ast.Name)]


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, (ast.Subscript, ast.Attribute)):
        node = node.value
    return node


def _roots(node: ast.expr) -> list[str]:
    """Names that a call could write through: `dx` in `dx[i]`, `dx.T`, `dx`."""
    root = _root(node.value if isinstance(node, ast.Starred) else node)
    return [root.id] if isinstance(root, ast.Name) else []


def _reads(node: ast.AST) -> tuple[str, ...]:
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id != VALUE]
    return tuple(dict.fromkeys(names))


def _name(text: str) -> ast.Name:
    return ast.Name(text, ast.Load())


def _load(node: ast.expr) -> ast.expr:
    loaded = copy.copy(node)
    loaded.ctx = ast.Load()  # type: ignore[attr-defined]
    return loaded


def _at(node: Any, where: Any) -> Any:
    for part in ast.walk(node):
        if "lineno" in getattr(part, "_attributes", ()) and not hasattr(part, "lineno"):
            ast.copy_location(part, where)
    return node


def _call(hook: str, site: int, name: str, value: ast.expr, where: Any) -> ast.Call:
    call = ast.Call(_name(hook), [ast.Constant(site), ast.Constant(name), value], [])
    return _at(call, where)


def _assign(target: Any, hook: str, site: int, name: str, where: Any) -> ast.stmt:
    fresh = copy.copy(target)
    fresh.ctx = ast.Store()
    return _at(ast.Assign([fresh], _call(hook, site, name, _load(target), where)), where)


def _call_statement(hook: str, site: int, name: str, where: Any) -> ast.stmt:
    return _at(ast.Expr(_call(hook, site, name, _name(name), where)), where)


def _touch(site: int, names: list[str], where: Any) -> ast.stmt:
    names = list(dict.fromkeys(names))
    table = ast.Dict([ast.Constant(n) for n in names], [_name(n) for n in names])
    return _at(ast.Expr(ast.Call(_name(TOUCH), [ast.Constant(site), table], [])), where)


class Variants:
    """A function whose statement number `choice` is run."""

    def __init__(self, function: Callable[..., Any], namespace: dict[str, Any]) -> None:
        self.function = function
        self.namespace = namespace

    def run(self, choice: int, args: tuple[Any, ...]) -> Any:
        """The result; None if it raises."""
        self.namespace[CHOICE] = choice
        try:
            with np.errstate(all="ignore"):
                return self.function(*args)
        except Exception:
            return None


class Instrumented:
    """A handwritten backward whose runs can be recorded, corrected and changed."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.function, self._wrap = sources.plain_function(f)
        self.source = sources.find(self.function) if self.function else None
        self.helpers = dict(sources.helpers(self.source)) if self.source else {}
        self.sites: list[Site] = []
        self._built: tuple[types.FunctionType, dict[str, Any], list[Site]] | None = None

    @property
    def name(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)

    def text(self, number: int | None) -> str:
        """A line of the source."""
        if number is None:
            return ""
        filename = self.source.filename if self.source else self._filename()
        return linecache.getline(filename, number).strip() if filename else ""

    def _filename(self) -> str:
        return self.function.__code__.co_filename if self.function else ""

    def trees(self) -> list[Source]:
        return [self.source, *self.helpers.values()] if self.source else []

    def compile(
        self, replaced: dict[int, ast.stmt] | None = None
    ) -> tuple[types.FunctionType, dict[str, Any], list[Site]]:
        """The instrumented function, with some statements (by id) replaced by others."""
        assert self.source is not None and self.function is not None
        namespace = dict(self.function.__globals__)
        sites: list[Site] = []
        for name, helper in self.helpers.items():
            namespace[name] = self._instrument(helper, namespace, sites, replaced)
        return self._instrument(self.source, namespace, sites, replaced), namespace, sites

    def _instrument(
        self,
        source: Source,
        namespace: dict[str, Any],
        sites: list[Site],
        replaced: dict[int, ast.stmt] | None,
    ) -> types.FunctionType:
        tree = sources.clone(source.tree, replaced or {})
        instrument = _Instrument(sites, source.function.__name__, text_of)
        tree.body = instrument.statements(tree.body)
        arguments = [*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs]
        parameters = [argument.arg for argument in arguments]
        table = ast.Dict([ast.Constant(n) for n in parameters], [_name(n) for n in parameters])
        report = ast.Expr(
            ast.Call(
                _name(ENTER),
                [ast.Constant(source.function.__name__), ast.Constant(tree.lineno), table],
                [],
            )
        )
        skip = 1 if ast.get_docstring(tree) is not None else 0
        tree.body.insert(skip, _at(report, tree))
        return sources.build(source, tree, namespace)

    def variants(
        self, statement: ast.stmt, others: list[ast.stmt], replaced: dict[int, ast.stmt]
    ) -> Variants:
        """The function with one statement that can be exchanged for any of `others`."""
        cases = [
            ast.match_case(ast.MatchValue(ast.Constant(i)), None, [other])
            for i, other in enumerate(others)
        ]
        choice = ast.Match(_name(CHOICE), cases)
        ast.fix_missing_locations(ast.copy_location(choice, statement))
        assert self.source is not None and self.function is not None
        namespace = dict(self.function.__globals__)
        changed = {**replaced, id(statement): choice}
        for name, helper in self.helpers.items():
            namespace[name] = sources.build(helper, sources.clone(helper.tree, changed), namespace)
        tree = sources.clone(self.source.tree, changed)
        return Variants(self._wrap(sources.build(self.source, tree, namespace)), namespace)

    def run(
        self,
        args: tuple[Any, ...],
        guarded: dict[str, np.ndarray] | None = None,
        overrides: dict[tuple[int, str], Override] | None = None,
        replaced: dict[int, ast.stmt] | None = None,
        watch: bool = False,
    ) -> Recording:
        """Runs it once and returns what happened.

        `guarded`: arrays that must not be written to. `overrides`: (site, name) -> a function
        of the event that returns the value to go on with, or None. `replaced`: statements to
        run instead of others. `watch`: find out which line writes to a guarded array.
        """
        if self.source is None:
            from backprop.checker.fallback import run

            return run(self, args, guarded or {}, overrides or {})
        if replaced:
            function, namespace, sites = self.compile(replaced)
        else:
            if self._built is None:
                self._built = self.compile()
                self.sites = self._built[2]
            function, namespace, sites = self._built
        recorder = Recorder(sites, guarded or {})
        recorder.overrides = overrides or {}
        namespace.update(
            {
                VALUE: recorder.value,
                STORE: recorder.store,
                TOUCH: recorder.touch,
                ENTER: recorder.enter,
                LEAVE: recorder.leave,
                IS_ARRAY: lambda value: isinstance(value, np.ndarray),
            }
        )
        recorder.watch = watch
        recording = Recording(recorder.events)
        try:
            with np.errstate(all="ignore"):
                recording.result = self._wrap(function)(*args)
        except Exception as error:
            recording.failure = self.failure(error)
        if recorder.left is not None:
            recording.returned = sites[recorder.left].statement
        return finish(recording, recorder)

    def failure(self, error: Exception) -> Failure:
        """The exception, with the line of the user's own code and the values there."""
        own = {self._filename()} if self.function else set()
        line, values = None, {}
        for frame, number in traceback.walk_tb(error.__traceback__):
            if frame.f_code.co_filename in own and not frame.f_code.co_name.startswith("__"):
                line = number
                values = {k: v for k, v in frame.f_locals.items() if not k.startswith("__")}
        return Failure(error, line, values)


def finish(recording: Recording, recorder: Recorder) -> Recording:
    final: dict[tuple[str, str], int] = {}
    for event in recording.events:
        final[event.function, event.name] = event.index
    for event in recording.events:
        event.last = final[event.function, event.name] == event.index
    recording.damage = recorder.damage
    if not recording.damage:
        for what, (array, before) in recorder.guarded.items():
            if not _same(before, array):
                line = recording.events[-1].line if recording.events else 0
                recording.damage.append((what, line, what))
    return recording
