"""Runs a handwritten backward: recorded, corrected, or with a statement changed."""

from __future__ import annotations

import ast
import linecache
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprop.judging import source as sources
from backprop.judging.following import follow
from backprop.judging.instrument import (
    CALLED,
    ENTER,
    IS_ARRAY,
    LEAVE,
    STORE,
    TOUCH,
    VALUE,
    Called,
    Instrument,
    _at,
    _name,
    text_of,
)
from backprop.judging.recorder import Override, Recorder, Recording, Spot, failed, finish
from backprop.judging.source import Source

CHOICE = "__backprop_choice__"


def drawn(result: Any) -> Any:
    """What a generator, `map` or `zip` gives, all of it; anything else as it is."""
    return tuple(result) if isinstance(result, Iterator) else result


class Variants:
    """A function whose statement number `choice` is run."""

    def __init__(
        self,
        function: Callable[..., Any],
        namespace: dict[str, Any],
        gather: Callable[[Any], Any],
    ) -> None:
        self.function = function
        self.namespace = namespace
        self.gather = gather

    def run(self, choice: int, args: tuple[Any, ...]) -> Any:
        """The result; None if it raises."""
        self.namespace[CHOICE] = choice
        try:
            with np.errstate(all="ignore"):
                return self.gather(self.function(*args))
        except Exception:
            return None


class Instrumented:
    """A handwritten backward whose runs can be recorded, corrected and changed.

    `gather` makes of what a run returned what is to be compared.
    """

    def __init__(
        self, f: Callable[..., Any], gather: Callable[[Any], Any] = lambda result: result
    ) -> None:
        self.f = f
        self.gather = lambda result: gather(drawn(result))
        self.function, self._wrap = sources.plain_function(f)
        self.source = sources.find(self.function) if self.function else None
        self.helpers = dict(sources.helpers(self.source)) if self.source else {}
        owner = getattr(f, "__self__", None)
        if self.source and owner is not None:
            self.helpers.update(sources.methods(self.source, type(owner)))
        self.sites: list[Spot] = []
        self._built: tuple[types.FunctionType, dict[str, Any], list[Spot]] | None = None

    @property
    def name(self) -> str:
        return getattr(self.f, "__name__", type(self.f).__name__)

    def text(self, number: int | None, function: str = "") -> str:
        """A line of the source: of a function that is called, in its own file (or cell)."""
        if number is None:
            return ""
        filename = self.source.filename if self.source else self.filename()
        for source in self.helpers.values():
            if source.function.__name__ == function:
                filename = source.filename
        return linecache.getline(filename, number).strip() if filename else ""

    def forget_source(self) -> None:
        """Go on with the function alone, whose source is not what it runs."""
        self.source, self.helpers, self.sites, self._built = None, {}, [], None

    def _code(self) -> types.CodeType | None:
        f: Any = self.f
        while hasattr(f, "__wrapped__"):
            f = f.__wrapped__
        return getattr(self.function or f, "__code__", None)

    def filename(self) -> str:
        """The file of the function; "" where there is none."""
        return self.function.__code__.co_filename if self.function else ""

    def trees(self) -> list[Source]:
        return [self.source, *self.helpers.values()] if self.source else []

    def compile(
        self, replaced: dict[int, ast.stmt] | None = None, calls: bool = False
    ) -> tuple[types.FunctionType, dict[str, Any], list[Spot]]:
        """The instrumented function, with some statements (by id) replaced by others.

        `calls`: every call hands its result to a hook first.
        """
        assert self.source is not None
        assert self.function is not None
        namespace = dict(self.function.__globals__)
        sites: list[Spot] = []
        for name, helper in self.helpers.items():
            namespace[name] = self._instrument(helper, namespace, sites, replaced, calls)
        function = self._instrument(self.source, namespace, sites, replaced, calls)
        return function, namespace, sites

    def _instrument(
        self,
        source: Source,
        namespace: dict[str, Any],
        sites: list[Spot],
        replaced: dict[int, ast.stmt] | None,
        calls: bool,
    ) -> types.FunctionType:
        tree = sources.clone(source.tree, replaced or {})
        if replaced:  # what a change brings stands nowhere yet, and sites ask for its line
            sources.located(tree)
        if calls:
            tree.body = [Called().visit(statement) for statement in tree.body]
        instrument = Instrument(sites, source.function.__name__, tree, text_of)
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
        ast.copy_location(choice, statement)
        assert self.source is not None
        assert self.function is not None
        namespace = dict(self.function.__globals__)
        changed = {**replaced, id(statement): choice}
        for name, helper in self.helpers.items():
            namespace[name] = sources.build(helper, sources.clone(helper.tree, changed), namespace)
        tree = sources.clone(self.source.tree, changed)
        function = self._wrap(sources.build(self.source, tree, namespace))
        return Variants(function, namespace, self.gather)

    def run(
        self,
        args: tuple[Any, ...],
        guarded: dict[str, np.ndarray] | None = None,
        overrides: dict[tuple[int, str], Override] | None = None,
        replaced: dict[int, ast.stmt] | None = None,
        watch: bool = False,
        called: Callable[[Any], Any] | None = None,
    ) -> Recording:
        """Runs it once and returns what happened.

        `guarded`: arrays that must not be written to. `overrides`: (site, name) -> a function
        of the event that returns the value to go on with, or None. `replaced`: statements to
        run instead of others. `watch`: find out which line writes to a guarded array. `called`:
        what to go on with for the result of each call in the code.
        """
        if self.source is None:
            followed = follow(
                self.f, args, self._code(), self.sites, guarded or {}, overrides or {}
            )
            if followed.failure is None:
                followed.result = self.gather(followed.result)
            return followed
        if replaced or called:
            function, namespace, sites = self.compile(replaced, called is not None)
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
                CALLED: called,
                IS_ARRAY: lambda value: isinstance(value, np.ndarray),
            }
        )
        recorder.watch = watch
        recording = Recording(recorder.events)
        try:
            with np.errstate(all="ignore"):
                recording.result = self.gather(self._wrap(function)(*args))
        except Exception as error:
            recording.failure = failed(error, self.filename() or None)
        if recorder.left is not None:
            recording.returned = sites[recorder.left].statement
            recording.returned_in = sites[recorder.left].function
        return finish(recording, recorder)
