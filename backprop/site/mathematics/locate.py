"""Where in a source file a formula stands, when Markdown has long forgotten."""

from __future__ import annotations

import re
from bisect import bisect_right

from backprop.site.mathematics.finder import fences, is_math_fence

# What hides formulas from readers; the fences that are left (of formulas) hide nothing.
_HIDDEN = re.compile(
    r"(?P<fence>^[^`\n]*```.*?$)"
    r"|<!--.*?-->"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:(?!\n\s*\n).)+?(?<!`)(?P=ticks)(?!`)",
    re.DOTALL | re.MULTILINE,
)


_BETWEEN = re.compile(r"[\s>]+")  # containers put their marks between the lines of a formula


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
        self._lines = [found.end() for found in re.finditer("\n", self._text)]
        self._taken = bytearray(len(self._text))  # 1 where a formula was found
        self._hint = 0  # where the last one was

    def next(self, raw: str) -> int | None:
        """The line of a formula as it is written, where formulas are asked for in the order of the
        page: a long page is read once, not once for each of them. None if it does not occur."""
        words = raw.split()
        if not words:
            return None
        found = self._formula(words, self._hint) or self._formula(words, 0)
        if found:
            start, end = found
            self._taken[start:end] = b"\x01" * (end - start)
            self._hint = start
            self._last[raw] = bisect_right(self._lines, start) + 1
        return self._last.get(raw)  # shown more often than written

    def _formula(self, words: list[str], begin: int) -> tuple[int, int] | None:
        """Where these words stand from `begin` on, with nothing found yet among them."""
        text, first = self._text, words[0]
        single = first.startswith("$") and not first.startswith("$$")
        start = text.find(first, begin)
        while start >= 0:
            end = self._end(words, start + len(first))
            if (
                end
                and self._taken.find(1, start, end) < 0
                and not (single and (text[max(0, start - 1) : start] in ("$", "\\")))
                and not (single and text.startswith("$", end))
            ):
                return start, end
            start = text.find(first, start + 1)
        return None

    def _end(self, words: list[str], at: int) -> int:
        """Where the words end of which the first ends at `at`; 0 if the others do not follow."""
        for word in words[1:]:
            gap = _BETWEEN.match(self._text, at)
            if not gap:
                return 0
            at = gap.end()
            if word.startswith(">"):  # the gap has swallowed it, and perhaps signs before it
                at = self._text.find(word, gap.start() + 1, gap.end() + len(word))
            if at < 0 or not self._text.startswith(word, at):
                return 0
            at += len(word)
        return at

    def _settle(self) -> None:
        """Take what was found out of the text."""
        if self._hint or 1 in self._taken:
            parts, last = [], 0
            for span in re.finditer(b"\x01+", self._taken):
                parts += [self._text[last : span.start()], _blank(self._text[slice(*span.span())])]
                last = span.end()
            self._text = "".join([*parts, self._text[last:]])
            self._taken, self._hint = bytearray(len(self._text)), 0

    def line(self, *attempts: str, length: int | None = None) -> int | None:
        """The line on which the first of `attempts` that occurs begins; None if none does.

        length: how many characters were found, if not the whole attempt; the rest is its context.
        """
        self._settle()
        for attempt in attempts:
            # Containers put their marks between the lines of a formula.
            pattern = r"[\s>]+".join(re.escape(word) for word in attempt.split())
            if attempt.startswith("$") and not attempt.startswith("$$"):
                pattern = rf"(?<![\\$]){pattern}(?!\$)"
            if pattern and (found := re.search(pattern, self._text)):
                start, end = found.span()
                end = end if length is None else start + length
                self._text = self._text[:start] + _blank(self._text[start:end]) + self._text[end:]
                self._last[attempt] = bisect_right(self._lines, start) + 1
                return self._last[attempt]
            if attempt in self._last:  # shown more often than written
                return self._last[attempt]
        return None


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
