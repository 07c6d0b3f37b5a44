"""Runs a console of Python and compares what it shows. Lives in the page's own process."""

import doctest
import io
import itertools
import re
import traceback
import types
from contextlib import redirect_stdout
from typing import Any

from backprop.program.fault import FenceError


def run(request: dict[str, Any], name: str, module: types.ModuleType) -> None:
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
