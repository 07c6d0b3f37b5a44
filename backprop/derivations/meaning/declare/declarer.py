"""A formula of the prose, statement by statement, each to what declares its kind."""

from __future__ import annotations

import re
from dataclasses import replace

from backprop.derivations.meaning.declare.definitions import Definitions
from backprop.derivations.meaning.declare.sets import Sets
from backprop.derivations.meaning.statements import outside_braces, outside_environments, statements
from backprop.derivations.problems import Unreadable


class Declarer(Sets, Definitions):
    """Reads the formulas in the prose of a derivation into its `world`."""

    def formula(self, tex: str, line: int = 0) -> list[str]:
        """Declare what `tex` says; returns the statements that are claims, to be checked.

        A formula without any relation ($x$) only mentions. Raises `Unreadable`.
        """
        claims = []
        for text, offset in statements(tex):
            try:
                if not self.statement(text.strip(), line):
                    claims.append(text.strip())
            except Unreadable as error:
                problem = error.problem
                if problem.start >= 0:
                    pad = offset + len(text) - len(text.lstrip())
                    error.problem = replace(
                        problem, start=problem.start + pad, end=problem.end + pad
                    )
                raise
        return claims

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
