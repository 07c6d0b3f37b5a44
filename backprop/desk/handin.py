"""A forward and a backward that a reader hands in, judged by the package."""

from __future__ import annotations

import inspect
import re
import shlex
from types import ModuleType
from typing import Any

import numpy as np

from backprop import writer
from backprop.checker import check as judge
from backprop.checker.report import Report
from backprop.checker.reveal import told
from backprop.checker.words import say as of_report
from backprop.cli.arguments import WrongArgument, arguments
from backprop.desk.reader import Fault, FaultError, fault, module
from backprop.desk.words import say
from backprop.graph.errors import KinkError, RuleError, TraceError

COLUMNS = ("line", "name", "shape", "what", "verdict")
FILES = {"forward.py": "forward", "backward.py": "backward"}


def check(forward: str, backward: str, arguments: str, lang: str, seed: int = 0) -> dict[str, Any]:
    """What `backprop check forward.py:… backward.py:… ARGUMENTS` finds, and the rest of the page.

    Without a backward, the forward is one that returns (loss, gradients): its own are checked.
    The function of a text is the one called `forward` (`backward`), else the one whose name fits
    the other's, else the last one whose name says what it is, else the last one.
    """
    start = {"np": np}
    f_module = module("forward", forward, start, lang)
    f = _chosen(f_module, "forward", "", lang)
    own = {k: v for k, v in f_module.__dict__.items() if not k.startswith("__")}
    both = [f]
    if backward.strip():
        b_module = module("backward", backward, start | own, lang)
        both.append(_chosen(b_module, "backward", f.__name__.removesuffix("_forward"), lang))
    args = values(f, arguments, seed, lang)
    try:
        report = judge(*both, *args, lang=lang)
    except (TraceError, RuleError, KinkError) as error:
        raise FaultError(of_ours(error, FILES, lang)) from None
    except Exception as error:
        raise FaultError(fault(error, FILES, lang)) from None
    found = report.as_dict()
    return {
        **found,
        "text": str(report),
        "columns": [of_report(f"col_{name}", lang) for name in COLUMNS],
        "verdicts": [
            of_report(f"row_{r.status}", lang, ratio=f"{r.ratio:.3g}" if r.ratio else "")
            for r in report.rows
        ],
        "told": {level: _said(told(report, level)) for level in ("variable", "hint", "fix")},
        "drawing": report._repr_svg_() or "",
        "derived": derived(report.graph),
        "forward": f.__name__,
        "backward": both[-1].__name__,
    }


def _said(report: Report) -> str:
    """What a report says of the first mistake, without the line of code and what follows it."""
    return report.mistakes[0].said if report.mistakes else ""


def derived(graph: Any) -> str:
    """The backward that the package writes; empty where it has no lines for it."""
    try:
        return writer.backward_of(graph).source.rstrip() if graph is not None else ""
    except RuleError:
        return ""


def values(f: Any, text: str, seed: int, lang: str) -> tuple[Any, ...]:
    """The arguments that the command line would make of `x=5x4 gamma=4`."""
    try:
        return arguments(f, shlex.split(text), seed)
    except WrongArgument as error:
        raise FaultError(Fault(error.told(lang), "arguments")) from None
    except ValueError as error:
        raise FaultError(Fault(str(error), "arguments")) from None


def _chosen(made: ModuleType, what: str, stem: str, lang: str) -> Any:
    own = [
        item
        for item in made.__dict__.values()
        if inspect.isfunction(item) and item.__code__.co_filename == f"{what}.py"
    ]
    own.sort(key=lambda item: item.__code__.co_firstlineno)
    if not own:
        example = "def f(x): …" if what == "forward" else "def f_backward(dout, cache): …"
        raise FaultError(Fault(say("no_function", lang, example=example), what, 1))
    called = made.__dict__.get(what)
    exact = [item for item in own if stem and item.__name__ == f"{stem}_{what}"]
    exact += [called] if called in own else []
    named = [item for item in own if what in item.__name__]
    return (exact or named or own)[-1]


def of_ours(error: Exception, files: dict[str, str], lang: str) -> Fault:
    """An error that names its own line, `forward.py:7: …`; `files`: file → where it is shown."""
    message = str(error)
    names = "|".join(map(re.escape, files))
    place = re.search(rf"\b({names}):(\d+)", message)
    found = fault(error, files, lang)
    where = files[place[1]] if place else found.where
    line = int(place[2]) if place else found.line
    return Fault(refused(error, lang), where or next(iter(files.values())), line)


def refused(error: Exception, lang: str) -> str:
    """What the package says of a function that it cannot trace or differentiate."""
    kind = next(one for one in (TraceError, RuleError, KinkError) if isinstance(error, one))
    return say(kind.__name__, lang, message=str(error))
