"""Follows a run where there is no source to rewrite: a REPL, exec, a decorated function.

A trace function looks at the local variables after every line; a variable that has become
another object, or an array whose numbers have changed, was assigned by that line.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

import numpy as np

from backprop.judging.recorder import Override, Recorder, Recording, Spot, failed, finish


def follow(
    f: Callable[..., Any],
    args: tuple[Any, ...],
    code: CodeType | None,
    sites: list[Spot],
    guarded: dict[str, np.ndarray],
    overrides: dict[tuple[int, str], Override],
) -> Recording:
    """Runs f, whose variables live in frames of `code`; `sites` gets a site a line."""
    recorder = Recorder(sites, guarded)
    recorder.overrides = overrides
    recorder.watch = True
    follower = _Follower(sites, recorder, code)
    recording = Recording(recorder.events)
    before = sys.gettrace()
    sys.settrace(follower.enter)
    try:
        with np.errstate(all="ignore"):
            recording.result = f(*args)
    except Exception as error:
        recording.failure = failed(error, code.co_filename if code else None)
    finally:
        sys.settrace(before)
    return finish(recording, recorder)


class _Follower:
    def __init__(self, sites: list[Spot], recorder: Recorder, code: CodeType | None) -> None:
        self.sites = sites
        self.recorder = recorder
        self.code = code
        self.seen: dict[str, tuple[Any, Any]] = {}
        self.line = 0

    def enter(self, frame: FrameType, event: str, arg: Any) -> Any:
        if frame.f_code is not self.code:
            return None
        self.line = frame.f_lineno
        self.recorder.enter(frame.f_code.co_name, frame.f_lineno, dict(frame.f_locals))
        self.seen = {name: (value, _still(value)) for name, value in frame.f_locals.items()}
        return self.step

    def step(self, frame: FrameType, event: str, arg: Any) -> Any:
        self._compare(frame)
        self.line = frame.f_lineno
        if event == "return" and arg is not None:
            self._returned(frame, arg)
        return self.step

    def _compare(self, frame: FrameType) -> None:
        for name, value in list(frame.f_locals.items()):
            known = self.seen.get(name)
            if known is not None and known[0] is value and _unchanged(value, known[1]):
                continue
            site = self._site(frame.f_code.co_name, self.line, name)
            new = self.recorder.value(site, name, value)
            if new is not value:
                frame.f_locals[name] = new
                value = new
            self.seen[name] = (value, _still(value))

    def _returned(self, frame: FrameType, result: Any) -> None:
        parts = result if isinstance(result, (tuple, list)) else [result]
        for i, part in enumerate(parts):
            if not any(part is value for value in frame.f_locals.values()):
                site = self._site(frame.f_code.co_name, frame.f_lineno, f"return[{i}]")
                self.recorder.value(site, f"return[{i}]", part)

    def _site(self, function: str, line: int, name: str) -> int:
        for site in self.sites:
            if site.line == line and site.reads == (name,):
                return site.index
        index = len(self.sites)
        self.sites.append(Spot(index, function, line, ast.Pass(), "assign", (name,)))
        return index


def _still(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else None


def _unchanged(value: Any, before: Any) -> bool:
    if not isinstance(value, np.ndarray):
        return True
    return value.shape == before.shape and bool(
        np.array_equal(value, before, equal_nan=value.dtype.kind == "f")
    )
