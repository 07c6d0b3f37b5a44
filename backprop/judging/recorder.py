"""The events of a run, and the hooks that instrumented code calls to report them."""

from __future__ import annotations

import ast
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

KEEP = 64  # versions of one statement kept in full; of the rest, the last one


@dataclass
class Spot:
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
    returned: ast.stmt | None = None  # the `return` that made the result
    returned_in: str = ""  # the function that it stands in


Override = Callable[[Event], Any]


class Recorder:
    """The hooks that instrumented code calls."""

    def __init__(self, sites: list[Spot], guarded: dict[str, np.ndarray]) -> None:
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
        self._handed: Any = None
        self._inside: list[int] = []  # what functions returned that were called since

    def value(self, index: int, name: str, value: Any) -> Any:
        if name == "return":  # of a call, a comprehension: its parts, as far as it has some
            return value if self._hands_on(index, value) else self._parts(index, value)
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
            if isinstance(value, (list, dict)):
                self._record(index, name, value)  # `grads.append(dx)`
            if not isinstance(value, np.ndarray):
                continue
            known = self.latest.get((function, name))
            if known is None or not _same(self.events[known].value, value):
                self.store(index, name, value)

    def enter(self, function: str, line: int, values: dict[str, Any]) -> None:
        known = [self.events[index] for index in self.latest.values()]
        for name, value in values.items():
            given = () if not known else self._given(value, known)
            self._append(Event(-1, name, _copy(value), line, "parameter", function, 0, 0, given))

    def _given(self, value: Any, known: list[Event]) -> tuple[int, ...]:
        """The events of a caller that a parameter has its value from."""
        if not isinstance(value, np.ndarray) or not value.ndim:
            return ()
        return tuple([event.index for event in known if _same(event.value, value)])

    def _parts(self, index: int, value: Any) -> Any:
        if type(value) in (tuple, list):
            parts = [self.value(index, f"return[{i}]", part) for i, part in enumerate(value)]
            same = all(new is old for new, old in zip(parts, value, strict=True))
            return value if same else type(value)(parts)
        if type(value) is dict:
            changed = {k: self.value(index, f"return[{k!r}]", v) for k, v in value.items()}
            same = all(changed[key] is value[key] for key in value)
            return value if same else changed
        return self.value(index, "return[0]", value)

    def leave(self, index: int, value: Any) -> Any:
        """A function returns; `return f(dout)` hands on what f has returned."""
        if not self._hands_on(index, value):
            self.left, self._handed = index, value
        site = self.sites[index]
        reads = [self.latest.get((site.function, read)) for read in site.reads]
        self._inside += [read for read in reads if read is not None]
        return value

    def _hands_on(self, index: int, value: Any) -> bool:
        called = isinstance(getattr(self.sites[index].statement, "value", None), ast.Call)
        return called and self.left is not None and value is self._handed

    def _record(self, index: int, name: str, value: Any) -> Event:
        site = self.sites[index]
        count = self.counts.get((index, name), 0)
        self.counts[index, name] = count + 1
        version = self.versions.get((site.function, name), 0)
        self.versions[site.function, name] = version + 1
        reads = [self.latest.get((site.function, read)) for read in site.reads]
        event = Event(
            index, name, _copy(value), site.line, site.kind, site.function, version, count,
            (*[read for read in reads if read is not None], *self._inside),
        )  # fmt: skip
        self._inside.clear()
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
        root = re.split(r"[.\[]", event.name)[0]
        if root != event.name and root != "return":  # `grads[i]` is a part of `grads`
            self.latest[event.function, root] = event.index
        self.events.append(event)


def failed(error: Exception, filename: str | None) -> Failure:
    """An exception, with the line of the user's own code and the values there."""
    line, values = None, {}
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == filename and not frame.f_code.co_name.startswith("__"):
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
