"""Where in a source file a formula stands, when Markdown has long forgotten."""

from __future__ import annotations

import re

from backprop.site.mathematics.finder import fences, is_math_fence

# What hides formulas from readers; the fences that are left (of formulas) hide nothing.
_HIDDEN = re.compile(
    r"(?P<fence>^[^`\n]*```.*?$)"
    r"|<!--.*?-->"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)


class Source:
    """The text of a page's file, searched for pieces of text outside code.

    A line is found by what it says, not by counting: other plugins may have added lines to the
    page. What was found is not found again, so the same text twice gives two lines, and what is
    left in the end is no formula.
    """

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        for start, end, opening in fences(lines):
            if not is_math_fence(opening):
                for number in range(start, end + 1):
                    lines[number] = _blank(lines[number])
        text = "\n".join(lines)
        self._text = _HIDDEN.sub(lambda m: m["fence"] or _blank(m[0]), text)
        self._last: dict[str, int] = {}

    def line(self, *attempts: str, length: int | None = None) -> int | None:
        """The line on which the first of `attempts` that occurs begins; None if none does.

        length: how many characters were found, if not the whole attempt; the rest is its context.
        """
        for attempt in attempts:
            # Containers put their marks between the lines of a formula.
            pattern = r"[\s>]+".join(re.escape(word) for word in attempt.split())
            if attempt.startswith("$") and not attempt.startswith("$$"):
                pattern = rf"(?<![\\$]){pattern}(?!\$)"
            if pattern and (found := re.search(pattern, self._text)):
                start, end = found.span()
                end = end if length is None else start + length
                self._text = self._text[:start] + _blank(self._text[start:end]) + self._text[end:]
                self._last[attempt] = self._text.count("\n", 0, start) + 1
                return self._last[attempt]
            if attempt in self._last:  # shown more often than written
                return self._last[attempt]
        return None


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
