"""A fence with gaps: the author's solution, and what stands there for a reader to fill.

    dsquare = dvar / x.shape[0]
    # gap: Which power of diff is it?
    ddiff = 2 * diff * dsquare
    # end

Everything between a line `# gap` and the next `# end` is the solution; words after `gap:` are a
hint. To a reader the gap is a line `...`, so the code has the lines that it had.
"""

import re
from dataclasses import dataclass

_GAP = re.compile(r"(?P<indent>[ ]*)#[ ]*gap\b[ ]*:?[ ]*(?P<hint>.*)$")
_END = re.compile(r"[ ]*#[ ]*end\b[ ]*$")
FILL = "..."


class GapError(ValueError):
    """The gaps of an exercise cannot be read; `line` of the code, from 0."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Gap:
    """One gap: the lines of its two comments, from 0, how it is indented, and the author's hint."""

    start: int
    end: int
    indent: str
    hint: str


def gaps(code: str) -> list[Gap]:
    """The gaps of an exercise, in order. GapError for one that is empty, open or missing."""
    found: list[Gap] = []
    opened: tuple[int, str, str] | None = None
    lines = code.split("\n")
    for number, line in enumerate(lines):
        if match := _GAP.match(line):
            if opened:
                raise GapError("a gap within a gap: close the first one with `# end`", number)
            opened = number, match["indent"], match["hint"].strip()
        elif _END.match(line):
            if opened is None:
                raise GapError("`# end` without a `# gap` above it", number)
            inside = [one for one in lines[opened[0] + 1 : number] if one.strip()]
            if not [one for one in inside if not one.strip().startswith("#")]:
                raise GapError("this gap holds no code: it is to hold the solution", opened[0])
            found.append(Gap(opened[0], number, opened[1], opened[2]))
            opened = None
    if opened:
        raise GapError("this gap is never closed: no line `# end` follows", opened[0])
    if not found:
        raise GapError("an exercise needs a gap: put `# gap` and `# end` around the solution", 0)
    return found


def untouched(code: str) -> str:
    """The code as a reader finds it; each gap is one line, and its place is the same."""
    lines = code.split("\n")
    for gap in reversed(gaps(code)):
        lines[gap.start : gap.end + 1] = [gap.indent + FILL]
    return "\n".join(lines)
