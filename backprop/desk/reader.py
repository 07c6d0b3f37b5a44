"""A reader's code: compiled, run, and what went wrong in it, with the reader's own lines."""

from __future__ import annotations

import linecache
import sys
import traceback
import types
from dataclasses import asdict, dataclass
from typing import Any

from backprop.desk.words import say


@dataclass(frozen=True)
class Fault:
    """What went wrong in the code of the text `where`, at `line` of it (from 1)."""

    message: str
    where: str = ""
    line: int | None = None
    text: str = ""  # the traceback, from the reader's code on
    advice: str = ""


class FaultError(Exception):
    """The reader's code cannot be run, or stopped; the page shows `fault`."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault

    def as_dict(self) -> dict[str, Any]:
        return asdict(self.fault)


def remember(file: str, source: str) -> None:
    """Let tracebacks, `inspect` and the tracer find the lines of a text that is no file."""
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[file] = (len(source), None, lines, file)


def module(name: str, source: str, start: dict[str, Any], lang: str) -> types.ModuleType:
    """Run a text as the module `name`, whose file is called `name.py`."""
    file = f"{name}.py"
    remember(file, source)
    made = types.ModuleType(name)
    made.__dict__.update(start)
    made.__dict__["__file__"] = file
    sys.modules[name] = made
    execute(source, file, made.__dict__, name, lang)
    return made


def execute(source: str, file: str, namespace: dict[str, Any], where: str, lang: str) -> None:
    """Run a text in a namespace; FaultError if it stops."""
    try:
        exec(compile(source, file, "exec", dont_inherit=True), namespace)
    except BaseException as error:
        raise FaultError(fault(error, {file: where}, lang)) from None


def fault(error: BaseException, files: dict[str, str], lang: str) -> Fault:
    """An exception as a reader understands it; `files` are the reader's own, file → text."""
    where, line = "", None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in files:
            where, line = files[frame.f_code.co_filename], number
    if isinstance(error, SyntaxError) and error.filename in files:
        where, line = files[str(error.filename)], error.lineno
    try:
        message = error.msg if isinstance(error, SyntaxError) else str(error)
    except Exception:  # an exception of the reader may not even be printable
        message = ""
    kind = type(error).__name__
    shown = traceback.TracebackException.from_exception(error)
    own = [i for i, frame in enumerate(shown.stack) if frame.filename in files]
    del shown.stack[: own[0] if own else len(shown.stack)]
    text = "".join(shown.format())
    return Fault(
        f"{kind}: {message}" if message else kind,
        where,
        line,
        text,
        _advice(error, message, text, lang),
    )


# What a page cannot do, and how it is recognised: by the kind of the exception, by words in what it
# says, or by words in its traceback; the first row that fits is said.
_CANNOT = (
    ("no_input", ("NoInputError", "BdbQuit"), (), ("/pdb.py",)),  # debuggers ask, too
    ("no_memory", ("MemoryError", "_ArrayMemoryError"),
     ("array is too big", "Maximum allowed dimension exceeded"), ()),
    ("alone", (),
     ("start new thread", "does not support processes", "multiprocessing", "pyodide_js"),
     ("/asyncio/runners.py",)),
    ("no_package", ("ModuleNotFoundError",), (), ()),
)  # fmt: skip
_NETWORK = ("urllib", "socket", "http.client", "js.fetch", "pyodide.http")


def _advice(error: BaseException, message: str, text: str, lang: str) -> str:
    for key, kinds, words, traces in _CANNOT:
        if (
            type(error).__name__ in kinds
            or any(word in message for word in words)
            or any(trace in text for trace in traces)
        ):
            return say(key, lang, name=getattr(error, "name", "") or "")
    if isinstance(error, OSError) and any(trace in text for trace in _NETWORK):
        return say("no_network", lang)
    return ""
