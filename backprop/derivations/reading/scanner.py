"""A place in TeX: commands and braced texts are read off there, tokens and errors know it."""

from __future__ import annotations

from typing import Any

from backprop.derivations.problems import Unreadable
from backprop.derivations.reading.commands import REFUSED, instead_of


class Scanner:
    """Moves through TeX, command by command."""

    def __init__(self, tex: str, at: int = 0) -> None:
        self.tex = tex
        self.at = at
        self.tokens: list[tuple[str, str, int, int]] = []

    def fail(self, key: str, start: int, end: int, **values: Any) -> Unreadable:
        values.setdefault("found", self.tex[start:end])
        if key == "unknown-command":
            key = REFUSED.get(values["found"], key)
            values.setdefault("hint", instead_of(values["found"]))
        return Unreadable(key, start, end, **values)

    def emit(self, kind: str, start: int, value: str | None = None) -> None:
        value = self.tex[start : self.at] if value is None else value
        self.tokens.append((kind, value, start, self.at))

    def spaces(self) -> None:
        while self.at < len(self.tex) and self.tex[self.at] in " \t\n~":
            self.at += 1

    def command(self) -> str:
        """The command or character at this place; moves behind it."""
        start = self.at
        self.at += 1
        if self.tex[start] == "\\" and self.at < len(self.tex):
            if self.tex[self.at].isalpha() and self.tex[self.at].isascii():
                while (
                    self.at < len(self.tex)
                    and self.tex[self.at].isascii()
                    and self.tex[self.at].isalpha()
                ):
                    self.at += 1
            else:
                self.at += 1
        return self.tex[start : self.at]

    def raw_argument(self) -> str:
        """A braced argument taken as text."""
        self.spaces()
        start = self.at
        if start >= len(self.tex) or self.tex[start] != "{":
            return self.command() if start < len(self.tex) else ""
        depth = 0
        while self.at < len(self.tex):
            ch = self.tex[self.at]
            self.at += 2 if ch == "\\" else 1
            depth += (ch == "{") - (ch == "}")
            if depth == 0:
                return self.tex[start + 1 : self.at - 1]
        raise self.fail("unclosed", start, start + 1)
