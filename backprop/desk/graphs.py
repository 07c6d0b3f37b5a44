"""The figure of a graph, made anew from what the reader has changed, by the code of the posts."""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from typing import Any

import numpy as np

from backprop.cli.arguments import WrongArgument
from backprop.desk.handin import of_ours, values
from backprop.desk.program import before
from backprop.desk.reader import (
    Fault,
    FaultError,
    execute,
    fault,
    remember,
)
from backprop.desk.words import say
from backprop.graph.errors import KinkError, RuleError, TraceError
from backprop.public import trace
from backprop.site.posts.graphs import figure

SMALL = 40  # entries of an array that a reader may change one by one


def graph(
    steps: list[dict[str, Any]],
    call: str,
    lang: str,
    source: str | None = None,
    arguments: str = "",
    entries: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The figure of `call`, such as `variance(x)`, after the steps of the page.

    Parameters
    ----------
    steps : the program of the page up to the figure.
    source : the forward function as the reader has changed it; None: as it stands in the page.
    arguments : shapes as in the command line, such as `x=3x2`; empty: the page's own arrays.
    entries : name → nested lists, for arrays whose entries were changed.

    Returns
    -------
    `html` of the figure, the `source` of the function, and the `entries` of small arrays.
    """
    namespace = before(steps, lang)
    f, names, args = _call(call, namespace, lang)
    if source is None:
        source = _source(f)
    elif source.strip() or _source(f):
        f = _changed(f, source, namespace, lang)
    if arguments.strip():
        args = list(values(f, arguments, 0, lang))
        names = list(inspect.signature(f).parameters)[: len(args)]
    elif source is not None:
        more = args[len(names) :]
        names, args = _of_these(f, dict(zip(names, args, strict=False)), lang)
        args += more
    for at, name in enumerate(names):
        if entries and name in entries and at < len(args):
            args[at] = np.asarray(entries[name], dtype=float)
    try:
        traced = trace(f, *args)
        html = figure(traced, None, lang)
    except (TraceError, RuleError, KinkError) as error:
        raise FaultError(of_ours(error, {"code.py": "code"}, lang)) from None
    except Exception as error:
        raise FaultError(fault(error, {"code.py": "code"}, lang)) from None
    small = {
        name: value.tolist()
        for name, value in zip(names, args, strict=False)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size <= SMALL
        if np.isfinite(value).all()  # inf and nan are no numbers that a field could show
    }
    shapes = {
        name: "x".join(map(str, value.shape)) or "()"
        for name, value in zip(names, args, strict=False)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f"
    }
    return {
        "html": html,
        "source": source,
        "entries": json.loads(json.dumps(small)),
        "arguments": " ".join(f"{name}={shape}" for name, shape in shapes.items()),
    }


def _changed(f: Any, source: str, namespace: dict[str, Any], lang: str) -> Any:
    """The function that the reader has made of `f`: that of its name, else the last one."""
    remember("code.py", source)
    execute(source, "code.py", namespace, "code", lang)
    own = [
        one
        for one in namespace.values()
        if inspect.isfunction(one) and one.__code__.co_filename == "code.py"
    ]
    if not own:
        example = f"def {f.__name__}{inspect.signature(f)}: …"
        raise FaultError(Fault(say("no_function", lang, example=example), "code", 1))
    named = namespace.get(f.__name__)
    return named if named in own else own[-1]


def _call(call: str, namespace: dict[str, Any], lang: str) -> tuple[Any, list[str], list[Any]]:
    try:
        tree = ast.parse(call.strip(), "call", "eval").body
        assert isinstance(tree, ast.Call)

        def get(node: ast.expr) -> Any:
            return eval(compile(ast.Expression(node), "call", "eval"), namespace)

        f, args = get(tree.func), [get(argument) for argument in tree.args]
        parameters = list(inspect.signature(f).parameters)
    except Exception as error:
        raise FaultError(
            Fault(f"{say('no_call', lang, example='variance(x)')} ({error})", "call")
        ) from None
    return f, parameters[: len(args)], args


def _of_these(f: Any, given: dict[str, Any], lang: str) -> tuple[list[str], list[Any]]:
    """The page's own arguments for a function whose parameters the reader may have changed."""
    parameters = inspect.signature(f).parameters.values()
    plain = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    names: list[str] = []
    for parameter in plain:
        if parameter.name not in given:
            if parameter.default is not parameter.empty:
                break
            missing = WrongArgument("missing", function=f.__name__, name=parameter.name)
            raise FaultError(Fault(missing.told(lang), "arguments"))
        names.append(parameter.name)
    return names, [given[name] for name in names]


def _source(f: Any) -> str:
    try:
        return textwrap.dedent(inspect.getsource(f)).rstrip()
    except (OSError, TypeError):
        return ""
