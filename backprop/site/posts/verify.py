"""Compares what a page did with what it says: the one judgement for the site and the tests."""

import ast
import difflib
import re
from dataclasses import replace

from backprop.program.execute import Executor
from backprop.program.page import Page, Step
from backprop.program.runner import describe, one_line
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


def unreadable(page: Page) -> list[Fault]:
    """Mistakes of syntax that the plain Python of a page will be found to have when it runs."""
    found: list[Fault] = []
    for step in page.executed:
        if step.kind != "python" or step.places or step.fence.options.get("raises"):
            continue
        try:
            ast.parse("\n" * (step.fence.first - 1) + step.code, page.name)
        except SyntaxError as error:
            found.append(_error(page, step, describe(error, page.name, step.request())))
        except ValueError:
            pass  # what Python says of it will be heard
    return found


def consequence(page: Page, outcomes: list[Outcome], index: int, failure: Fault) -> Fault:
    """The failure of a step, called a consequence where an earlier fence of its page failed.

    It is one for certain where that fence ended the page, was to define the name that is missing,
    or holds the line that failed; else it may be one, which stands below what is wrong. Of fences
    that failed one because of the other, the first is named.
    """
    first = 0
    for number, (step, outcome) in enumerate(zip(page.executed[:index], outcomes, strict=False)):
        if not outcome.error:
            continue
        line = step.fence.line
        first = first or line
        missing, lacked = _missing(failure.reason), _missing(one_line(outcome.error))
        defined = missing and missing != lacked and re.search(rf"\b{missing}\b", step.code)
        origin = re.search(rf"\({re.escape(failure.file)}:(\d+)\)$", failure.reason)
        again = origin and step.fence.line <= int(origin[1]) <= step.fence.end
        if outcome.ended or defined or again:
            itself = consequence(page, outcomes, number, _error(page, step, outcome.error))
            line = itself.cause or line
            reason = f"{failure.reason} (a consequence: the fence of line {line} failed before)"
            return replace(failure, reason=reason, cause=line)
    if first:
        note = f"(perhaps a consequence: the fence of line {first} of this page failed before)"
        return replace(failure, detail=f"{failure.detail.rstrip()}\n{note}".strip())
    return failure


def _missing(reason: str) -> str:
    """The name that was not defined."""
    found = re.search(r"\bNameError: .*?'(\w+)'", reason)
    return found[1] if found else ""


def told(failures: list[Fault]) -> list[Fault]:
    """The failures of one page as an author wants to be told them: the first whole, and what
    follows from it counted in one line."""
    followers: dict[int, list[int]] = {}
    for failure in failures:
        if failure.cause:
            followers.setdefault(failure.cause, []).append(failure.line or 0)
    found: list[Fault] = []
    for failure in failures:
        lines = followers.get(failure.cause, [])
        if len(lines) < 2:
            found.append(failure)
        elif failure.line == lines[0]:
            reason = f"{len(lines)} {_FOLLOW}{', '.join(map(str, lines))}"
            found.append(Fault(failure.file, failure.cause, reason))
    return found


_FOLLOW = "fences below fail because this one does: lines "


def follows(reason: str) -> bool:
    """Whether this says nothing but what follows from another failure of the same build."""
    return bool(re.match(rf"\d+ {_FOLLOW}", reason))


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
