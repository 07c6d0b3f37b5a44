"""Runs one fence in the namespace of its page. Lives in the page's own process.

The source of the whole page is given to `linecache` line by line as it stands in the file, so
that tracebacks, `inspect.getsource` and the tracer see real file names and line numbers.
"""

import ast
import builtins
import doctest
import io
import itertools
import linecache
import os
import re
import sys
import sysconfig
import traceback
import types
from contextlib import redirect_stdout
from importlib import import_module
from typing import Any

from backprop.program.fault import FenceError


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
        text = _without_prompts(code) if kind == "pycon" else code
        lines += [line + "\n" for line in text.split("\n")]
    # No modification time: linecache never looks for the file.
    for key in (name, path):
        linecache.cache[key] = (sum(map(len, lines)), None, lines, key)


def _without_prompts(code: str) -> str:
    kept = (line.lstrip(" ") for line in code.split("\n"))
    return "\n".join(line[4:] if line.startswith((">>> ", "... ")) else "" for line in kept)


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> dict[str, Any]:
    """Run a fence. The result says what was raised, and where, in lines of the fence from 0."""
    raised: dict[str, Any] | None = None
    extra: dict[str, Any] = {}
    try:
        run_kind = _KINDS[request["kind"]]
        if isinstance(run_kind, str):
            run_kind = import_module(run_kind).run
        extra = run_kind(request, name, module) or {}
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
    for frame, number in traceback.walk_tb(error.__traceback__):
        # Innermost in this fence: what it calls may have been defined in an earlier one.
        if frame.f_code.co_filename == name and first <= number <= last:
            line = number
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
    return {
        "type": "" if isinstance(error, FenceError) else kind.__name__,
        "qualified": f"{kind.__module__}.{kind.__qualname__}",
        "message": message,
        "line": None if line is None else line - first,
        "where": _where(error, name, range(first, last + 1)),
        "text": "" if isinstance(error, FenceError) else _traceback(error, name),
    }


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


def _traceback(error: BaseException, name: str) -> str:
    """The traceback from the page on, without the frames of this tool."""
    shown = traceback.TracebackException.from_exception(error)
    own = [i for i, frame in enumerate(shown.stack) if frame.filename == name]
    del shown.stack[: own[0] if own else len(shown.stack)]
    here = os.path.dirname(__file__)
    shown.stack[:] = [frame for frame in shown.stack if os.path.dirname(frame.filename) != here]
    return "".join(shown.format())


def _python(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    exec(compiled(request, name), module.__dict__)


def compiled(request: dict[str, Any], name: str) -> types.CodeType:
    # Empty lines above, so that every line has the number that it has in the page.
    source = "\n" * (request["first"] - 1) + request["code"]
    tree = ast.parse(source, name)
    # A fence that shall raise is shown as a reader would see it, so it is left alone.
    if not request.get("raises") and any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        try:
            from _pytest.assertion.rewrite import rewrite_asserts
        except ImportError:
            pass
        else:
            rewrite_asserts(tree, source.encode(), name)
    return compile(tree, name, "exec", dont_inherit=True)


def _pycon(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    """A doctest; the examples are compiled here so that their lines are those of the page.

    All are run, so that all wrong results are found: `results` holds, for each of them, its first
    line from 0, how many lines it has, and what is right.
    """
    first = request["first"]
    try:
        examples = doctest.DocTestParser().get_examples(request["code"], name)
    except ValueError as error:
        raise FenceError(f"this pycon fence cannot be read: {error}", first) from None
    checker = doctest.OutputChecker()
    wrong: list[FenceError] = []
    results: list[tuple[int, int, str]] = []
    for example in examples:
        flags = sum(flag for flag, on in example.options.items() if on)
        if flags & doctest.SKIP:
            continue
        line = first + example.lineno
        printed, raised = io.StringIO(), ""
        try:
            code = compile("\n" * (line - 1) + example.source, name, "single", dont_inherit=True)
            with redirect_stdout(printed):
                exec(code, module.__dict__)
        except Exception as error:
            if example.exc_msg is None:
                raise
            raised = "".join(traceback.format_exception_only(error))
        wanted, got = (example.exc_msg, raised) if raised else (example.want, printed.getvalue())
        if not raised and example.exc_msg is not None:
            reason = f"expected {example.exc_msg.strip()}, nothing was raised"
        elif checker.check_output(wanted or "", got, flags):
            continue
        else:
            difference = checker.output_difference(example, got, flags).rstrip()
            reason = f"`{example.source.strip()}` shows something else\n{difference}"
        wrong.append(FenceError(reason, line))
        lines = request["code"].split("\n")[example.lineno + 1 :]
        dots = itertools.takewhile(lambda line: re.match(r" *\.\.\.( |$)", line), lines)
        at = example.lineno + 1 + len(list(dots))
        shown = f"Traceback (most recent call last):\n    ...\n{got}" if raised else got
        results.append((at, example.want.count("\n"), shown))
    if wrong:
        raise FenceError(str(wrong[0]), wrong[0].line, results=results)


# How each kind of step is run: a function of the request, the page's name and its module, which
# returns what it found. Those of other rooms are named, and loaded when a page needs them.
_KINDS: dict[str, Any] = {
    "python": _python,
    "pycon": _pycon,
    "check": "backprop.site.posts.check.fence",
    "exercise": "backprop.site.posts.exercises",
    "figure": "backprop.site.posts.figures",
    "graph": "backprop.site.posts.diagram",
    "expression": "backprop.derivations.evidence.inside",
}


def tool_of(kind: str) -> str | None:
    """The module that runs steps of this kind; None where that is this one."""
    run_kind = _KINDS.get(kind)
    return run_kind if isinstance(run_kind, str) else None
