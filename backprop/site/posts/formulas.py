r"""The formulas of a page, where comparing two languages is all that is wanted.

How formulas are typeset is the business of `backprop.site.mathematics`; this only has to find the
same ones on both sides.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass

from backprop.program.page import Page


@dataclass(frozen=True)
class ComparedFormula:
    """A formula without its delimiters, and the line on which it begins."""

    line: int
    tex: str
    display: bool


_FORMULA = re.compile(
    r"""(?<![\\$])\$\$(?P<display>.+?)(?<!\\)\$\$
    | \\\[(?P<bracket>.+?)\\\]
    | (?P<block>\\begin\{(?P<name>[A-Za-z]+\*?)\}.*?\\end\{(?P=name)\})
    | (?<![\\$])\$(?![\s$])(?P<inline>(?:\\.|[^\\$])+?)(?<!\s)\$(?![$\d])
    | \\\((?P<round>.+?)\\\)""",
    re.VERBOSE | re.DOTALL,
)
_HIDDEN = re.compile(
    r"<!--.*?-->|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)", re.DOTALL
)


def formulas(page: Page) -> list[ComparedFormula]:
    """All formulas of a page outside of fences and code, in order."""
    lines = page.text.split("\n")
    for fence in page.fences:
        for number in range(fence.line - 1, min(fence.end, len(lines))):
            lines[number] = ""
    text = "\n".join(lines)
    text = _HIDDEN.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
    lines_end = [end.start() for end in re.finditer("\n", text)]
    found = []
    for match in _FORMULA.finditer(text):
        display = match["display"] or match["bracket"] or match["block"]
        tex = display or match["inline"] or match["round"]
        line = bisect_left(lines_end, match.start()) + 1
        found.append(ComparedFormula(line, tex.strip(), bool(display)))
    return found


def normal_tex(tex: str) -> str:
    r"""TeX without what may differ: spaces, comments, quote marks of a container, `\text{…}`."""
    tex = re.sub(r"(?<!\\)%[^\n]*", "", tex)
    tex = re.sub(r"^[ \t]*(?:>[ \t]?)+", "", tex, flags=re.MULTILINE)
    tex = re.sub(r"\\(text\w*|mbox|intertext)\s*\{(?:[^{}]|\{[^{}]*\})*\}", r"\\\1{}", tex)
    # A space matters only where it ends the name of a command.
    return re.sub(r"(?<![A-Za-z])\s+|\s+(?![A-Za-z])", "", re.sub(r"\s+", " ", tex)).strip()
