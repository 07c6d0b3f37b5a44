"""A formula of the prose, statement by statement, each to what declares its kind."""

from __future__ import annotations

import re
from dataclasses import replace

from backprop.derivations.meaning.declare.definitions import declare_equation
from backprop.derivations.meaning.declare.sets import (
    declare_bounds,
    declare_element,
    declare_function,
    declare_range,
    declare_sign,
)
from backprop.derivations.meaning.statements import outside_braces, outside_environments, statements
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable

STATEMENTS = (  # the form of a statement, and what declares it
    (r"^(.*?)\\in\b(.*)$", declare_element),
    (r"^(.*?)(?::(?!=)|\\colon\b)(.*?)\\(?:to|rightarrow)\b(.*)$", declare_function),
    (r"^(.*?)=\s*([01])\s*[,;]\s*(?:\\\w+|\.\.\.)\s*,\s*(.*)$", declare_range),
    (r"^([01])\s*\\leq?\s*(.*?)\s*\\leq?\s*(.*)$", declare_bounds),
    (r"^(.*?)(>|\\geq?\b|<|\\leq?\b)(.*)$", declare_sign),
)


def declare(world: World, tex: str, line: int = 0) -> list[str]:
    """Declare what `tex` says; returns the statements that are claims, to be checked.

    A formula without any relation ($x$) only mentions. Raises `Unreadable`.
    """
    claims = []
    for text, offset in statements(tex):
        try:
            if not declare_statement(world, text.strip(), line):
                claims.append(text.strip())
        except Unreadable as error:
            problem = error.problem
            if problem.start >= 0:
                pad = offset + len(text) - len(text.lstrip())
                error.problem = replace(problem, start=problem.start + pad, end=problem.end + pad)
            raise
    return claims


def declare_statement(world: World, tex: str, line: int) -> bool:
    tex = tex.rstrip(".,; ")
    outside = outside_braces(outside_environments(tex))
    for pattern, action in STATEMENTS:
        hit = re.match(pattern, outside, re.S)
        places = [hit.span(k + 1) for k in range(len(hit.groups()))] if hit else []
        if hit and action(world, *(tex[a:b].strip() for a, b in places)):
            return True
    return declare_equation(world, tex, line)
