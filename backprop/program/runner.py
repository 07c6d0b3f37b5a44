"""Runs one fence in the namespace of its page. Lives in the page's own process.

The source of the whole page is given to `linecache` line by line as it stands in the file, so
that tracebacks, `inspect.getsource` and the tracer see real file names and line numbers.
"""

import ast
import asyncio
import builtins
import doctest
import inspect
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


def _python(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    execute(request, name, module)


def execute(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
    """Run the code of a fence in the namespace of its page; it may `await` at its top level."""
    for code in _compiled(request, name):
        result = eval(code, module.__dict__)
        if code.co_flags & inspect.CO_COROUTINE:
            _loop().run(result)


def _compiled(request: dict[str, Any], name: str) -> list[types.CodeType]:
    """The code of a fence, in one part for each file that it stands in."""
    places = request.get("places")
    # Empty lines above, so that every line has the number that it has in the page.
    source = request["code"] if places else "\n" * (request["first"] - 1) + request["code"]
    try:
        tree = ast.parse(source, name)
    except SyntaxError as error:
        if places and error.lineno:
            file, line, at = places[min(error.lineno, len(places)) - 1]
            error.filename, error.lineno = (file, line) if file else (name, request["first"] + at)
        raise
    # A fence that shall raise is shown as a reader would see it, so it is left alone.
    if not request.get("raises") and any(isinstance(node, ast.Assert) for node in ast.walk(tree)):
        try:
            from _pytest.assertion.rewrite import rewrite_asserts
        except ImportError:
            pass
        else:
            rewrite_asserts(tree, source.encode(), name)
    parts = _parts(tree, name, request["first"], places) if places else [(name, tree)]
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    return [compile(part, file, "exec", flags, dont_inherit=True) for file, part in parts]


def _parts(
    tree: ast.Module, name: str, first: int, places: list[tuple[str, int, int]]
) -> list[tuple[str, ast.Module]]:
    """Statements with the lines that they have in their file, those of one file together.

    A statement of several files, such as a function whose body is included, is the page's.
    """
    parts: list[tuple[str, ast.Module]] = []
    for statement in tree.body:
        numbered = [
            (node, which, number)
            for node in ast.walk(statement)
            for which in ("lineno", "end_lineno")
            if (number := getattr(node, which, None))
        ]
        files = {places[number - 1][0] for _, _, number in numbered}
        file = files.pop() if len(files) == 1 else ""
        for node, which, number in numbered:
            _, line, at = places[number - 1]
            setattr(node, which, line if file else first + at)
        if not parts or parts[-1][0] != (file or name):
            parts.append((file or name, ast.Module([], [])))
        parts[-1][1].body.append(statement)
    return parts


_loops: dict[int, asyncio.Runner] = {}


def _loop() -> asyncio.Runner:
    """The event loop of a page: one for all its fences, and another in a process forked from it."""
    if os.getpid() not in _loops:
        _loops.clear()
        _loops[os.getpid()] = asyncio.Runner()
    return _loops[os.getpid()]


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
