"""A page's program up to a fence, and that fence as the reader has changed it."""

from __future__ import annotations

import contextlib
import io
import sys
import types
from typing import Any

from backprop.desk.reader import FaultError, execute, fault, remember
from backprop.desk.words import say
from backprop.program.kinds import KINDS


def run(steps: list[dict[str, Any]], lang: str) -> dict[str, Any]:
    """Run the steps in one namespace; what the last one prints is printed.

    A step is `{"kind": …, "code": …, "raises": bool, "figure": bool}`, its kind the name of a row
    of `backprop.program.kinds`.
    """
    last = steps[-1]
    if last.get("figure"):
        return {"note": say("no_figures", lang)}
    namespace = before(steps[:-1], lang)
    if KINDS[last["kind"]].desk == "console":
        return {"right": _pycon(last["code"], namespace, lang)}
    remember("code.py", last["code"])
    execute(last["code"], "code.py", namespace, "code", lang)
    return {}


def before(steps: list[dict[str, Any]], lang: str) -> dict[str, Any]:
    """The namespace that the steps leave behind, silently."""
    page = types.ModuleType("__main__")
    sys.modules["__main__"] = page
    for number, step in enumerate(steps):
        how = KINDS[step["kind"]].desk
        if how is None or step.get("figure"):
            continue
        file = f"page-{number}.py"
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                if how == "console":
                    _pycon(step["code"], page.__dict__, lang)
                else:
                    remember(file, step["code"])
                    execute(step["code"], file, page.__dict__, "before", lang)
            except FaultError as error:
                if step.get("raises"):
                    continue
                raise FaultError(_earlier(error, lang)) from None
    return page.__dict__


def _earlier(error: FaultError, lang: str) -> Any:
    from dataclasses import replace

    return replace(error.fault, where="before", line=None, advice=say("before", lang))


def _pycon(code: str, namespace: dict[str, Any], lang: str) -> bool:
    """Run a doctest as a console would show it; whether every result is as it says."""
    import doctest  # which brings a debugger along: not for fences that need none

    right = True
    checker = doctest.OutputChecker()
    try:
        examples = doctest.DocTestParser().get_examples(code, "code.py")
    except ValueError as error:
        raise FaultError(fault(error, {}, lang)) from None
    for example in examples:
        printed = io.StringIO()
        lines = example.source.rstrip("\n").split("\n")
        try:
            compiled = compile(
                "\n" * example.lineno + example.source, "code.py", "single", dont_inherit=True
            )
            with contextlib.redirect_stdout(printed):
                exec(compiled, namespace)
        except BaseException as error:
            if example.exc_msg is None:
                raise FaultError(fault(error, {"code.py": "code"}, lang)) from None
            printed.write(f"{type(error).__name__}: {error}\n")
        else:
            flags = sum(flag for flag, on in example.options.items() if on)
            right &= checker.check_output(example.want, printed.getvalue(), flags)
        print("\n".join([f">>> {lines[0]}", *(f"... {line}" for line in lines[1:])]))
        print(printed.getvalue(), end="")
    return right
