"""A formula of the prose, statement by statement, each to what declares its kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from backprop.derivations.meaning.declare.definitions import Definitions
from backprop.derivations.meaning.declare.sets import Sets
from backprop.derivations.meaning.premises import CASE, PREMISES, role_of
from backprop.derivations.meaning.statements import (
    declared_names,
    outside_braces,
    outside_environments,
    statements,
)
from backprop.derivations.problems import Unreadable

ITS_INDICES = re.compile(  # i = k, j \ne y_i, k = 1
    r"([a-z])(?:_[a-z])?\s*(?:=|<|>|\\(?:neq?|leq?|geq?)(?![a-z]))\s*(?:([a-z])(?:_[a-z])?|\d)"
)


@dataclass(frozen=True)
class Claim:
    """A statement of the prose that declares nothing: it has to hold, or is a premise."""

    tex: str
    assumed: bool  # does a word of the sentence make it a premise?


class Declarer(Sets, Definitions):
    """Reads the formulas in the prose of a derivation into its `world`."""

    def formula(self, tex: str, line: int = 0, words: str = "let") -> list[Claim]:
        """Declare what `tex` says; returns the statements that declare nothing.

        words: the sentence up to the formula. A formula without any relation ($x$) only
        mentions. Raises `Unreadable`.
        """
        claims = []
        self.line = line
        for text, offset in statements(tex):
            said = " ".join(re.findall(r"\\text\s*\{([^}]*)\}", tex[:offset]))
            self.role = role_of(f"{words} {said}")
            try:
                if self.role == CASE and self.is_case(text.strip()):
                    continue
                if not self.statement(text.strip(), line):
                    claims.append(Claim(text.strip().rstrip(".,; "), self.role in PREMISES))
            except Unreadable as error:
                problem = error.problem
                if problem.start >= 0:
                    pad = offset + len(text) - len(text.lstrip())
                    error.problem = replace(
                        problem, start=problem.start + pad, end=problem.end + pad
                    )
                raise
        return claims

    def is_case(self, tex: str) -> bool:
        """Is "if i = k" about indices alone? Then it names a case. Raises `Unreadable` where it
        would restrict what is declared: for how long, nothing says."""
        letters = ITS_INDICES.fullmatch(tex.rstrip(".,; "))
        if letters and not any(self.restricts(n) for n in letters.groups() if n):
            return True
        if any(map(self.restricts, declared_names(tex))) or re.search(r"(?<!:)=", tex):
            raise Unreadable("prose-case", 0, len(tex), found=tex)
        return False  # if x \\in \\mathbb{R}^n, with a new x: declared here

    def restricts(self, name: str) -> bool:
        """Is `name` declared already, and no index?"""
        symbol = self.world.symbols.get(name)
        return name in self.world.sizes or (symbol is not None and symbol.kind != "label")

    def statement(self, tex: str, line: int) -> bool:
        tex = tex.rstrip(".,; ")
        outside = outside_braces(outside_environments(tex))
        for pattern, action in (
            (r"^(.*?)\\in\b(.*)$", self.element),
            (r"^(.*?)(?::(?!=)|\\colon\b)(.*?)\\(?:to|rightarrow)\b(.*)$", self.function),
            (r"^(.*?)=\s*([01])\s*[,;]\s*(?:\\\w+|\.\.\.)\s*,\s*(.*)$", self.index_range),
            (r"^([01])\s*\\leq?\s*(.*?)\s*\\leq?\s*(.*)$", self.index_bounds),
            (r"^(.*?)(>|\\geq?\b|<|\\leq?\b)(.*)$", self.sign),
        ):
            hit = re.match(pattern, outside, re.S)
            places = [hit.span(k + 1) for k in range(len(hit.groups()))] if hit else []
            if hit and action(*(tex[a:b].strip() for a, b in places)):
                return True
        return self.equation(tex, line)
