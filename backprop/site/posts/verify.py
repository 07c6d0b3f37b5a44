"""Compares what a page did with what it says: the one judgement for the site and the tests."""

import difflib
import re
from dataclasses import replace

from backprop.program.execute import Executor
from backprop.program.page import Page, Step
from backprop.program.runner import one_line
from backprop.program.session import Outcome
from backprop.site.faults import Fault


def normal(text: str) -> list[str]:
    """Lines as an output fence can hold them: without spaces at the end, tabs expanded."""
    lines = [line.expandtabs(4).rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def problems(page: Page) -> list[Fault]:
    return [Fault(page.name, problem.line, problem.message) for problem in page.problems]


def consequence(page: Page, outcomes: list[Outcome], index: int, failure: Fault) -> Fault:
    """The failure of a step, called a consequence where an earlier fence of its page failed.

    It is one for certain where that fence ended the page, was to define the name that is missing,
    or holds the line that failed; else it may be one, which stands below what is wrong.
    """
    for step, outcome in zip(page.executed[:index], outcomes, strict=False):
        if not outcome.error:
            continue
        line = step.fence.line
        missing = re.match(r"NameError: .*?'(\w+)'", failure.reason)
        defined = missing and re.search(rf"\b{missing[1]}\b", step.code)
        origin = re.search(rf"\({re.escape(failure.file)}:(\d+)\)$", failure.reason)
        again = origin and step.fence.line <= int(origin[1]) <= step.fence.end
        if outcome.ended or defined or again:
            reason = f"{failure.reason} (a consequence: the fence of line {line} failed before)"
            return replace(failure, reason=reason)
        note = f"(perhaps a consequence: the fence of line {line} of this page failed before)"
        return replace(failure, detail=f"{failure.detail.rstrip()}\n{note}".strip())
    return failure


def judge(
    page: Page, step: Step, outcome: Outcome, executor: Executor | None = None
) -> Fault | None:
    """What is wrong with a step, or None. With an executor, unstable outputs are called so."""
    if outcome.error:
        failure = _error(page, step, outcome.error)
        if outcome.results and executor:
            why = executor.unstable(page, page.executed.index(step), outcome)
            return replace(failure, reason=f"{failure.reason}; {why}") if why else failure
        return failure
    if step.output is None or normal(outcome.stdout) == normal(step.output.code):
        return None
    why = ""
    if executor:
        why = executor.unstable(page, page.executed.index(step), outcome)
    return Fault(
        page.name,
        step.output.line,
        "this output is not what the fence prints" + (f"; {why}" if why else ""),
        detail="\n".join(
            difflib.unified_diff(
                normal(step.output.code),
                normal(outcome.stdout),
                f"{page.name}:{step.output.line}",
                f"printed by {page.name}:{step.fence.line}",
                lineterm="",
            )
        ),
    )


def _error(page: Page, step: Step, error: dict) -> Fault:
    lines = step.fence.code.split("\n")
    at = error["line"]
    inside = at is not None and 0 <= at < len(lines)
    message, _, more = error["message"].strip().partition("\n")
    if error["type"] and error["qualified"].startswith("backprop."):
        # Ours say where in the first line, and what in the others.
        message, more = " ".join(error["message"].split()), ""
    where = error.get("where", "")
    return Fault(
        page.name,
        step.fence.first + at if inside else step.fence.line,
        one_line({**error, "message": message}) + (f" ({where})" if where else ""),
        lines[at].strip() if inside else "",
        error["text"] or more,
    )
