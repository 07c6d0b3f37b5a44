"""The process in which one submission is graded: `python -m backprop.cli.grading_worker`.

What it finds out it writes to a file that it was given, a line each, as it goes: whatever ends
the process, the lines before are there.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

import backprop
from backprop.checker.report import Report
from backprop.checker.reveal import told
from backprop.cli.notebooks import cell_of, is_notebook
from backprop.cli.notebooks import run as run_notebook

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

# What a submission has no reason to do; it is refused, and the submission is told so.
_REFUSED = (
    "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.kill",
    "os.killpg", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.chmod", "os.chown",
    "os.link", "os.symlink", "os.putenv", "shutil.rmtree", "shutil.move", "subprocess.Popen",
    "signal.pthread_kill", "socket.connect", "socket.bind", "socket.sendto", "ctypes.dlopen",
)  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    request = json.load(sys.stdin)
    mark = request["token"].encode()
    exit_, write, fd = os._exit, os.write, request["told"]

    def tell(fact: str, **values: Any) -> None:
        write(fd, mark + b" " + json.dumps({"fact": fact, **values}).encode() + b"\n")

    try:
        tests = _load(request["tests"], "grading_tests")
        checks = _checks(tests)
    except Exception as error:
        tell("failed", said=_said(error, request["tests"]))
        exit_(0)
    tell("checks", points={name: points for name, _, points in checks})
    if "submission" not in request:
        exit_(0)
    for name in backprop.__all__:
        getattr(backprop, name)  # loaded when it is first asked for
    before = list(_ours())
    _limit(request["memory"], request["timeout"])
    _guard(os.getcwd())
    status, said = "right", ""
    try:
        submission = _load(request["submission"], "submission")
    except MemoryError:
        status, said = "memory", "MemoryError"
    except BaseException as error:
        status, said = "error", _said(error, request["submission"])
    else:
        for name, check, _ in checks:
            tell("begin", name=name)
            try:
                tell("result", name=name, **_run(check, submission, request))
            except MemoryError:
                status = "memory"
                tell("result", name=name, ok=False, said="MemoryError", text="MemoryError")
    changed = [label for label, place, key, value in before if place.get(key) is not value]
    if changed:
        status, said = "tampered", f"replaced {', '.join(changed[:3])}"
    tell("done", status=status, said=said)
    exit_(0)


def _load(path: str, name: str) -> ModuleType:
    if is_notebook(path):
        book = ModuleType(name)
        book.__file__ = path
        sys.modules[name] = book
        sys.path.insert(0, str(Path(path).parent))
        run_notebook(path, book)
        return book
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    sys.path.insert(0, str(Path(path).parent))
    spec.loader.exec_module(module)
    return module


def _checks(tests: ModuleType) -> list[tuple[str, Callable[..., Any], float]]:
    points = getattr(tests, "POINTS", {})
    found = [
        (name, value, float(points.get(name, 1)))
        for name, value in vars(tests).items()
        if name.startswith("check_") and callable(value)
    ]
    if not found:
        raise ValueError(
            "there is no check: write `def check_affine(submission): return bp.check(affine, "
            "submission.affine_backward, x, w, b)`"
        )
    unknown = set(points) - {name for name, *_ in found}
    if unknown:
        raise ValueError(f"POINTS names no check of this file: {', '.join(sorted(unknown))}")
    return found


def _run(check: Callable[..., Any], submission: ModuleType, request: dict[str, Any]) -> Any:
    """What a check found, as values for JSON."""
    try:
        reports = list(_reports(check(submission)))
    except MemoryError:
        raise
    except BaseException as error:
        said = _said(error, request["submission"])
        return {"ok": False, "said": said.splitlines()[0], "text": said}
    shown = [
        told(r, request["reveal"]) if isinstance(r, Report) and r.reveal == "all" else r
        for r in reports
    ]
    wrong = next((r for r in shown if not r), None)
    words = {True: "right", False: "wrong"}
    text = "\n\n".join(_placed(r) if isinstance(r, Report) else words[bool(r)] for r in shown)
    first = next((r for r in shown if isinstance(r, Report) and (not r or wrong is None)), None)
    return {
        "ok": bool(shown) and wrong is None,
        "said": "" if wrong is None else _short(wrong) if shown else "nothing was checked",
        "text": text,
        "report": first.as_dict() if first is not None else None,
    }


def _reports(result: Any) -> Iterator[Any]:
    if isinstance(result, (list, tuple)):
        for each in result:
            yield from _reports(each)
    elif result is None:
        raise TypeError("the check returned None; it has to return what bp.check returns")
    else:
        yield result


def _placed(report: Report) -> str:
    cell = cell_of(report.file)
    return f"{cell}:\n{report}" if cell else str(report)


def _short(report: Any) -> str:
    if not isinstance(report, Report):
        return "wrong"
    cell = cell_of(report.file)
    line = f"{cell and cell + ' '}line {report.line}" if report.line else ""
    return ", ".join(filter(None, (line, report.first_wrong, report.hint))) or "wrong"


def _said(error: BaseException, path: str) -> str:
    """An exception, and the line of a file that led to it."""
    frames = traceback.extract_tb(error.__traceback__)
    own = next((f for f in reversed(frames) if f.filename.startswith(path)), None)
    file, line = (own.filename, own.lineno) if own is not None else ("", None)
    if isinstance(error, SyntaxError):
        file, line = error.filename or "", error.lineno
    cell = cell_of(file)
    where = f" ({cell and cell + ' '}line {line})" if line is not None else ""
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}{where}"
    return f"{type(error).__name__}: {error}{where}"


# ── limits ──────────────────────────────────────────────────────────────────────────────────
def _limit(memory: int, timeout: float) -> None:
    if resource is None:
        return
    size = memory * 2**20
    seconds = int(timeout) + 2
    for what, limit in (
        (resource.RLIMIT_AS, size), (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 16 * 2**20), (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):  # a lower limit is set already
            continue


def _guard(folder: str) -> None:
    """Refuse what a submission has no reason to do; a hook cannot be taken off again."""
    folder = os.path.realpath(folder) + os.sep

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REFUSED:
            raise PermissionError(f"{event} is not allowed in a submission")
        if event == "open" and isinstance(arguments[0], (str, bytes)):
            path = os.path.realpath(os.fsdecode(arguments[0]))
            if (arguments[2] or 0) & _WRITING and not path.startswith(folder):
                raise PermissionError(f"writing to {path} is not allowed in a submission")

    sys.addaudithook(hook)


def _ours() -> Iterator[tuple[str, Any, str, Any]]:
    """What grades: functions and classes of backprop and numpy, with where they are kept."""
    for name in [*sys.modules]:
        module = sys.modules[name]
        if name == "numpy" or name == "numpy.linalg" or name.split(".")[0] == backprop.__name__:
            for key, value in list(vars(module).items()):
                if callable(value):
                    yield f"{name}.{key}", vars(module), key, value
                if isinstance(value, type) and value.__module__ == name != "numpy":
                    for attribute, method in list(vars(value).items()):
                        if callable(method) or isinstance(method, property):
                            yield f"{name}.{key}.{attribute}", vars(value), attribute, method
    yield "numpy", sys.modules, "numpy", np


if __name__ == "__main__":
    main()
