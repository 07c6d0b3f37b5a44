"""How much of a report is told: a course says "line 12, a sign" and keeps the answer.

verdict    right or wrong
variable   and which variable on which line is wrong first
hint       and what kind of mistake it is
fix        and the line put right
all        and what the derived backward has there, by how much it is off, every variable,
           the mistakes that come after the first
"""

from __future__ import annotations

from dataclasses import replace

from backprop.checker.prose import describe
from backprop.checker.report import Mistake, Report
from backprop.checker.words import say
from backprop.judging.hints import HINTS

LEVELS = ("verdict", "variable", "hint", "fix", "all")


def level_of(reveal: str) -> str:
    """The level itself; ValueError if there is none of that name."""
    if reveal not in LEVELS:
        raise ValueError(f"reveal is {reveal!r}; it can be {', '.join(map(repr, LEVELS))}")
    return reveal


def told(report: Report, reveal: str) -> Report:
    """A report that tells no more than a level says; of right code there is nothing to hide."""
    if report.ok or reveal == "all":
        return replace(report, reveal=reveal)
    if reveal == "verdict":
        message = say("wrong", report.lang)
        return replace(
            report, message=message, mistakes=[], rows=[], notes=[], graph=None, reveal=reveal
        )
    first = _first(report.mistakes[0], reveal, report.lang)
    rows = []
    for row in report.rows:
        rows.append(replace(row, error=0.0, ratio=None))
        if (row.name, row.line) == (first.variable, first.line):
            break
    else:
        rows = []
    return replace(
        report, message=describe(first, report.lang), mistakes=[first], rows=rows, notes=[],
        graph=None, reveal=reveal,
    )  # fmt: skip


def _first(mistake: Mistake, reveal: str, lang: str) -> Mistake:
    """The first mistake, told to a level."""
    shown = replace(mistake, expected=None, error=None, ratio=None)
    if reveal == "fix":
        return shown
    shown = replace(shown, change=None, got_shape=None, want_shape=None)
    if mistake.variable is None or mistake.hint == "error":  # what Python says is no secret
        return shown if reveal == "hint" else replace(shown, hint=None)
    bare = "first_result" if mistake.variable.startswith("return[") else "first"
    said = say(bare, lang, name=mistake.variable, line=mistake.line)
    if reveal == "variable":
        return replace(shown, said=said, hint=None, node=None)
    if mistake.hint is not None:
        said += say("between", lang) + HINTS[mistake.hint].say(lang, {})
    return replace(shown, said=said, node=None)
