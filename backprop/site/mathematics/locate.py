"""Where in a source file a formula stands, when Markdown has long forgotten."""

from __future__ import annotations

import re
from collections import Counter

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
    page, and the same text is told apart by how often it was asked for before.
    """

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        for start, end, opening in fences(lines):
            if not is_math_fence(opening):
                for number in range(start, end + 1):
                    lines[number] = " " * len(lines[number])
        text = "\n".join(lines)
        self._text = _HIDDEN.sub(lambda m: m["fence"] or re.sub(r"[^\n]", " ", m[0]), text)
        self._asked: Counter[str] = Counter()

    def line(self, *attempts: str) -> int | None:
        """The line on which the first of `attempts` that occurs begins; None if none does.

        Asking for the same text again means its next occurrence (and the last one for ever after).
        """
        for attempt in attempts:
            # Containers put their marks between the lines of a formula.
            words = [re.escape(word) for word in attempt.split()]
            pattern = r"[\s>]+".join(words)
            if attempt.startswith("$") and not attempt.startswith("$$"):
                pattern = rf"(?<![\\$]){pattern}(?!\$)"
            places = [m.start() for m in re.finditer(pattern, self._text)]
            if words and places:
                place = places[min(self._asked[attempt], len(places) - 1)]
                self._asked[attempt] += 1
                return self._text.count("\n", 0, place) + 1
        return None
