"""Finds the code of a page wherever Markdown may put it, with exact line numbers.

The rules are those of pymdownx.superfences (lists, quotes, admonitions, tabs, nesting, tildes),
written again because superfences needs a whole Markdown conversion and forgets line numbers.
A test converts thousands of generated pages with both and compares. Nothing in here knows
Python, MkDocs or pytest.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from backprop.program.blocks import TAB, Line, shown
from backprop.program.headers import Header, HeaderError, parse_header
from backprop.program.kinds import kind_of


@dataclass(frozen=True)
class Problem:
    """Something in a page that would go wrong silently."""

    line: int
    message: str


@dataclass(frozen=True)
class Fence:
    """A fenced block: `line` is where it opens, `first` its first line of code (both from 1)."""

    line: int
    end: int  # the line that closes it
    prefix: str  # what stands before every line: indentation and `>`
    mark: str  # "```"
    header: Header
    code: str

    @property
    def first(self) -> int:
        return self.line + 1

    @property
    def language(self) -> str:
        return self.header.language

    @property
    def options(self) -> dict[str, str]:
        return self.header.options

    @property
    def kind(self) -> str:
        """Its row of `backprop.program.kinds`; "" if it has none."""
        return kind_of(self.language, self.header.classes, self.options)

    def has(self, name: str) -> bool:
        return name in self.header.classes


@dataclass(frozen=True)
class Scan:
    """All fences of a page that are shown, in order, and what is wrong with the others."""

    fences: tuple[Fence, ...]
    problems: tuple[Problem, ...]
    ignored: tuple[int, ...] = ()  # lines of what looks like a fence in comments, front matter, …


class PageError(ValueError):
    """A page that cannot be read at all, from `line` on."""

    def __init__(self, message: str, line: int):
        super().__init__(message)
        self.line = line


def read_page(path: Path) -> str:
    """The text of a page, line ends as `\\n`; PageError names the line that is not UTF-8."""
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[error.start]
        reason = f"byte 0x{byte:02x} is not UTF-8; save the file with encoding UTF-8"
        raise PageError(reason, line) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


# A mapping in YAML; anything else between two such lines is text between two rules.
_FRONT_MATTER = re.compile(
    r"-{3}[ \t]*\n(?=(?:[ \t]*(?:#[^\n]*)?\n)*(?:[^\s`~>#-][^\n]*?:(?:\s)|\{))"
    r"(.*?\n)(?:-{3}|\.{3})[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_OPEN = re.compile(r"(?P<prefix>[> \t]*)(?P<mark>~{3,}|`{3,})(?P<info>[^\n]*)$")
_ON_MARKER = re.compile(r"[> \t]*(?:[-*+]|\d+\.)[ \t]+(?P<mark>~{3,}|`{3,})(?P<info>[^`]*)$")


def scan(text: str, custom: frozenset[str] = frozenset()) -> Scan:
    """Find the fences of a page; `custom` are languages that its project knows what to do with."""
    lines = text.split("\n")
    start = 0
    if front := _FRONT_MATTER.match(text):
        start = front.group(0).count("\n")
    candidates: list[Fence | Problem] = []
    flat: list[Line] = []  # the page with one line for each fence
    at = start
    while at < len(lines):
        opening = _OPEN.match(lines[at])
        if opening is None or ("`" in opening["mark"] and "`" in opening["info"]):
            flat.append(Line(lines[at].expandtabs(TAB)))
            if on_marker := _ON_MARKER.match(lines[at]):
                candidates.append(_marker_problem(at, on_marker))
                flat[-1] = Line(flat[-1].text, len(candidates) - 1)
            at += 1
            continue
        what, after = _read(lines, at, opening, custom)
        flat.append(Line(opening["prefix"].expandtabs(TAB) + "`", len(candidates)))
        candidates.append(what)
        at = after
    # The blocks of Markdown matter only to what is indented like code, or in a comment.
    plain = "<!--" not in text and all(line.spaces < TAB for line in flat if line.fence is not None)
    visible = set(range(len(candidates))) if plain else shown(flat)
    seen = [what for i, what in enumerate(candidates) if i in visible]
    unseen = [what for i, what in enumerate(candidates) if i not in visible]
    return Scan(
        tuple(what for what in seen if isinstance(what, Fence)),
        tuple(what for what in seen if isinstance(what, Problem)),
        (
            *range(1, start + 1),
            *(
                line
                for what in unseen
                for line in range(
                    what.line, (what.end if isinstance(what, Fence) else what.line) + 1
                )
            ),
        ),
    )


def _marker_problem(at: int, match: re.Match[str]) -> Problem:
    return Problem(
        at + 1,
        f"a fence cannot begin on the line of a list marker: put {match['mark']}"
        f"{match['info'].strip()} on the next line, indented by four spaces",
    )


def _read(
    lines: list[str], at: int, opening: re.Match[str], custom: frozenset[str]
) -> tuple[Fence | Problem, int]:
    """Read the fence that opens at `lines[at]`; also the line where to go on."""
    mark, info = opening["mark"], opening["info"]
    prefix = opening["prefix"].expandtabs(TAB)
    quotes = prefix.count(">")
    closing = re.compile(re.escape(mark) + r"[ \t]*$")
    code: list[str] = []
    blank_before = False
    for number in range(at + 1, len(lines)):
        lead, rest = _split(lines[number], len(prefix))
        level = lead.count(">")
        if not rest.strip() and (quotes or not (lead + rest).strip()):
            code.append("")
            blank_before = True
            if level > quotes:
                return _broken(at, number, mark, "is quoted deeper"), number + 1
            continue
        wrong = _misplaced(lead, prefix, level, quotes, blank_before)
        if wrong:
            return _broken(at, number, mark, wrong), number + 1
        if closing.match(rest):
            try:
                header = parse_header(info, custom)
            except HeaderError as error:
                return Problem(at + 1, str(error)), number + 1
            text = "\n".join(line.expandtabs(TAB) for line in code)
            fence = Fence(at + 1, number + 1, prefix, mark, header, text)
            return fence, number + 1
        code.append(rest)
        blank_before = False
    message = f"this fence is never closed: no line with {mark} at the same indentation follows"
    return Problem(at + 1, message), len(lines)


def _split(line: str, width: int) -> tuple[str, str]:
    """What of a line belongs to the prefix of `width` columns (tabs expanded), and the rest."""
    columns = 0
    for index, char in enumerate(line):
        if columns >= width or char not in "> \t":
            return line[:index].expandtabs(TAB), line[index:]
        columns += TAB - columns % TAB if char == "\t" else 1
    return line.expandtabs(TAB), ""


def _misplaced(lead: str, prefix: str, level: int, quotes: int, blank_before: bool) -> str:
    if quotes:
        if level > quotes:
            return "is quoted deeper"
        if len(lead) < len(prefix) or (blank_before and level < quotes):
            return "is outside of the quote"
        return ""
    if level:
        return "begins with >"
    return "is indented less" if len(lead) != len(prefix) else ""


def _broken(at: int, number: int, mark: str, wrong: str) -> Problem:
    return Problem(
        at + 1,
        f"this fence breaks off: line {number + 1} {wrong} than its first line {mark}"
        if wrong.endswith(("less", "deeper"))
        else f"this fence breaks off: line {number + 1} {wrong}",
    )
