"""Runs one fence in the namespace of its page. Lives in the page's own process.

The source of the whole page is given to `linecache` line by line as it stands in the file, so
that tracebacks, `inspect.getsource` and the tracer see real file names and line numbers.
"""

import builtins
import linecache
import os
import sys
import sysconfig
import traceback
import types
from importlib import import_module
from typing import Any

from backprop.program.fault import FenceError
from backprop.program.kinds import KINDS


def prepare(name: str, sources: list[tuple[int, str, str]], path: str) -> types.ModuleType:
    """The module `__main__` that the page is; sources are (first line, kind, code)."""
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    # In sys.modules, so that pickle and dataclasses find the classes that a page defines.
    sys.modules["__main__"] = module
    remember(name, sources, path)
    return module


def remember(name: str, sources: list[tuple[int, str, str]], path: str) -> None:
    """Let tracebacks, `inspect` and the tracer find the lines of a page."""
    global _root
    _root = path.removesuffix(name)
    lines: list[str] = []
    for first, kind, code in sources:
        lines += ["\n"] * (first - 1 - len(lines))
        lines += [line + "\n" for line in KINDS[kind].lines(code).split("\n")]
    # No modification time: linecache never looks for the file.
    for key in (name, path):
        linecache.cache[key] = (sum(map(len, lines)), None, lines, key)


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """Run a fence. The result says what was raised, and where, in lines of the fence from 0."""
    raised: dict[str, Any] | None = None
    extra: dict[str, Any] = {}
    try:
        how = request.get("runs") or KINDS[request["kind"]].runs
        assert how is not None, "only fences that run become steps"
        runs = import_module(how).run if isinstance(how, str) else how
        extra = runs(request, name, module) or {}
    except BaseException as error:  # SystemExit and KeyboardInterrupt are mistakes of the page too
        raised = describe(error, name, request)
        extra = error.found if isinstance(error, FenceError) else {}
    wanted = request.get("raises")
    if not wanted:
        return {"error": raised, **extra}
    if raised is None:
        reason = f'raises="{wanted}": nothing was raised'
        return {"error": {"type": "", "message": reason, "line": 0, "text": ""}}
    kind, _, message = wanted.partition(":")
    right = kind.strip() in (raised["type"], raised["qualified"])
    if right and message.strip() in raised["message"]:
        return {"error": None, "raised": raised}
    reason = f'raises="{wanted}", but this was raised: {one_line(raised)}'
    return {"error": {**raised, "type": "", "message": reason}}


def describe(error: BaseException, name: str, request: dict[str, Any]) -> dict[str, Any]:
    """An exception as plain data; `line` is relative to the fence, None where unknown."""
    first, line = request["first"], None
    last = first + request["code"].count("\n")
    included = {(file, number): at for file, number, at in request.get("places") or () if file}
    if included:
        last = first + max(at for _, _, at in request["places"])
    for frame, number in traceback.walk_tb(error.__traceback__):
        # Innermost in this fence: what it calls may have been defined in an earlier one.
        if frame.f_code.co_filename == name and first <= number <= last:
            line = number
        elif line is None and (frame.f_code.co_filename, number) in included:
            line = first + included[frame.f_code.co_filename, number]
    if isinstance(error, SyntaxError) and (error.filename, error.lineno) in included:
        line = first + included[error.filename, error.lineno]
    if isinstance(error, SyntaxError) and error.filename == name:
        line = error.lineno
    if isinstance(error, FenceError):
        line = error.line
    kind = type(error)
    try:
        # A SyntaxError of an imported module names its file and line by itself.
        own = isinstance(error, SyntaxError) and error.filename == name
        message = error.msg if own else str(error)  # type: ignore[attr-defined]
    except Exception:  # an exception of the author may not even be printable
        message = "(its message cannot be printed)"
    if isinstance(error, FileNotFoundError) and not request.get("raises"):
        advice = _missing(error)
        message += f" ({advice})" if advice else ""
    return {
        "type": "" if isinstance(error, FenceError) else kind.__name__,
        "qualified": f"{kind.__module__}.{kind.__qualname__}",
        "message": message,
        "line": None if line is None else line - first,
        "where": _where(error, name, range(first, last + 1)),
        "text": "" if isinstance(error, FenceError) else _traceback(error, name, included),
    }


def _missing(error: FileNotFoundError) -> str:
    """What an author who looks for a file of the project, or for a program, does not know."""
    file = error.filename if isinstance(error.filename, str) else "NAME"
    frames = traceback.walk_tb(error.__traceback__)
    if any(frame.f_globals.get("__name__") == "subprocess" for frame, _ in frames):
        return "fences run in an empty folder of their own, with the programs that PATH has"
    if os.path.isabs(file):
        return ""
    advice = os.path.basename(file) or "NAME"
    return (
        "fences run in an empty folder of their own; of the project it has what lies in data/ "
        f"beside the page: put the file there, and open data/{advice}"
    )


def _where(error: BaseException, name: str, fence: range) -> str:
    """Where the author's own code raised it, if not in the fence: a module, an earlier fence."""
    tool = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        file = frame.f_code.co_filename
        if file == name:
            found = "" if number in fence else f"{name}:{number}"
        elif file.startswith(_root) and not file.startswith((tool + os.sep, *_INSTALLED)):
            found = f"{os.path.relpath(file, _root)}:{number}"
    return found


_root = os.sep  # the project
_INSTALLED = tuple(path + os.sep for path in {sys.prefix, *sysconfig.get_paths().values()})


def one_line(raised: dict[str, Any]) -> str:
    """`ZeroDivisionError: division by zero`, as the last line of a traceback has it."""
    first = raised["message"].strip().split("\n")[0]
    return ": ".join(part for part in (raised["type"], first) if part)


def _traceback(error: BaseException, name: str, included: Any = ()) -> str:
    """The traceback from the page on, without the frames of this tool."""
    shown = traceback.TracebackException.from_exception(error)
    names = {name, *(file for file, _ in included)}
    own = [i for i, frame in enumerate(shown.stack) if frame.filename in names]
    del shown.stack[: own[0] if own else len(shown.stack)]
    here = os.path.dirname(__file__)
    shown.stack[:] = [frame for frame in shown.stack if os.path.dirname(frame.filename) != here]
    return "".join(shown.format())
