"""A formula of the prose, statement by statement, each to what declares its kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from backprop.derivations.meaning.declare.definitions import declare_equation
from backprop.derivations.meaning.declare.laws import declare_law
from backprop.derivations.meaning.declare.moments import declare_mean_name, declare_moment
from backprop.derivations.meaning.declare.names import NUMBER
from backprop.derivations.meaning.declare.sets import (
    declare_above,
    declare_apart,
    declare_bounds,
    declare_element,
    declare_functions,
    declare_nonzero,
    declare_range,
    declare_sign,
)
from backprop.derivations.meaning.premises import CASE, PREMISES, role_of
from backprop.derivations.meaning.statements import (
    declared_names,
    outside_braces,
    outside_environments,
    statements,
)
from backprop.derivations.meaning.world import World
from backprop.derivations.problems import Unreadable

STATEMENTS = (  # the form of a statement, and what declares it
    (r"^(.*?)\\sim(?![a-z])(.*)$", declare_law),
    (r"^([^=]*[\])]\s*)=(.*)$", declare_moment),
    (r"^([^=]*)=(\s*\\(?:mathbb|mathrm|operatorname).*[\])]\s*)$", declare_mean_name),
    (r"^(.*?)\\in\b(.*)$", declare_element),
    (r"^(.*?)(?::(?!=)|\\colon\b)(.*?)\\(?:to|rightarrow)\b(.*)$", declare_functions),
    (r"^(.*?)=\s*([01])\s*[,;]\s*(?:\\\w+|\.\.\.)\s*,\s*(.*)$", declare_range),
    (r"^([01])\s*\\leq?\s*(.*?)\s*\\leq?\s*(.*)$", declare_bounds),
    (rf"^({NUMBER})\s*(<|\\leq?(?![a-z]))([^<>=]*?)((?:<|\\leq?(?![a-z])).*)?$", declare_above),
    (r"^([^=<>]*?)\\neq?(?![a-z])\s*0$", declare_nonzero),
    (r"^([^=<>,]*?)\\neq?(?![a-z])([^=<>,]*)$", declare_apart),
    (r"^(.*?)(>|\\geq?\b|<|\\leq?\b)(.*)$", declare_sign),
)


ITS_INDICES = re.compile(  # i = k, j \ne y_i, k = 1
    r"([a-z])(?:_[a-z])?\s*(?:=|<|>|\\(?:neq?|leq?|geq?)(?![a-z]))\s*(?:([a-z])(?:_[a-z])?|\d)"
)


@dataclass(frozen=True)
class Claim:
    """A statement of the prose that declares nothing: it has to hold, or is a premise."""

    tex: str
    assumed: bool  # does a word of the sentence make it a premise?


def declare(
    world: World, tex: str, line: int = 0, words: str = "let", sentence: int = 0
) -> list[Claim]:
    """Declare what `tex` says; returns the statements that declare nothing.

    words: the sentence up to the formula. A formula without any relation ($x$) only mentions.
    Raises `Unreadable`.
    """
    claims = []
    world.line, world.sentence = line, sentence
    for text, offset in statements(tex):
        said = " ".join(re.findall(r"\\text\s*\{([^}]*)\}", tex[:offset]))
        world.role = role_of(f"{words} {said}")
        try:
            if world.role == CASE and is_case(world, text.strip()):
                continue
            if not declare_statement(world, text.strip(), line):
                claims.append(Claim(text.strip().rstrip(".,; "), world.role in PREMISES))
        except Unreadable as error:
            problem = error.problem
            if problem.start >= 0:
                pad = offset + len(text) - len(text.lstrip())
                error.problem = replace(problem, start=problem.start + pad, end=problem.end + pad)
            raise
    return claims


def is_case(world: World, tex: str) -> bool:
    """Is "if i = k" about indices alone? Then it names a case. Raises `Unreadable` where it
    would restrict what is declared: for how long, nothing says."""
    letters = ITS_INDICES.fullmatch(tex.rstrip(".,; "))
    if letters and not any(is_restricted(world, n) for n in letters.groups() if n):
        return True
    if any(is_restricted(world, n) for n in declared_names(tex)) or re.search(r"(?<!:)=", tex):
        raise Unreadable("prose-case", 0, len(tex), found=tex)
    return False  # if x \in \mathbb{R}^n, with a new x: declared here


def is_restricted(world: World, name: str) -> bool:
    """Is `name` declared already, and no index?"""
    symbol = world.symbols.get(name)
    return name in world.sizes or (symbol is not None and symbol.kind != "label")


def declare_statement(world: World, tex: str, line: int) -> bool:
    tex = tex.rstrip(".,; ")
    outside = outside_braces(outside_environments(tex))
    for pattern, action in STATEMENTS:
        hit = re.match(pattern, outside, re.S)
        places = [hit.span(k + 1) for k in range(len(hit.groups()))] if hit else []
        if hit and action(world, *(tex[a:b].strip() for a, b in places)):
            return True
    return declare_equation(world, tex, line)
