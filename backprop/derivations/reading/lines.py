"""The rows of a displayed formula: split, with their comments, leads, facts and equations.

Knows TeX's rows and comments, not what a formula means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

ROWS = [
    "align",
    "alignat",
    "aligned",
    "alignedat",
    "gather",
    "gathered",
    "split",
    "multline",
    "eqnarray",
    "equation",
    "flalign",
]
BEGIN = re.compile(
    r"\s*\\begin\{(?P<name>[a-z]+)(?P<star>\*?)\}(?:\s*\{(?:\d+|[lcr|@{}]+)\})?(?:\s*\[[tbc]\])?"
)
# \left\{ … \right. around the rows: a system of equations.
SYSTEM = re.compile(
    r"\s*\\left\s*\\(?:\{|lbrace)(?P<rows>\s*\\begin\{.*\})\s*\\right\s*\.\s*[.,]?\s*$", re.S
)
WORD = (
    r"\\(?:therefore|Rightarrow|Longrightarrow|implies|iff"
    r"|Leftrightarrow|Longleftrightarrow)(?![A-Za-z])"
)
LINKS = {
    **dict.fromkeys(("\\Rightarrow", "\\Longrightarrow", "\\implies"), "implies"),
    **dict.fromkeys(("\\iff", "\\Leftrightarrow", "\\Longleftrightarrow"), "iff"),
}
LEAD = re.compile(rf"\s*(?P<word>\\because(?![A-Za-z])|{WORD})")
LATER = re.compile(r"[(（]?\s*\\because(?![A-Za-z])(?P<fact>.*?)[)）]?\s*$", re.S)
DIRECTIVE = re.compile(r"^\s*(?P<kind>check|unchecked|code)\s*(?::(?P<text>.*))?$", re.S)


@dataclass
class Row:
    """One row of a derivation; continuation lines are part of it."""

    tex: str  # alignment marks and comments blanked out, so that offsets stay
    line: int  # where tex[0] is
    lead: str = ""  # \because, \therefore, …
    link: str = ""  # "implies" or "iff": it follows from the row before
    directives: dict[str, str] = field(default_factory=dict)
    number: int = -1  # which row of its display formula (for the mark beside it)

    def line_of(self, offset: int) -> int:
        return self.line + self.tex[: max(offset, 0)].count("\n")

    @property
    def first_line(self) -> int:
        return self.line_of(len(self.tex) - len(self.tex.lstrip()))

    @property
    def text(self) -> str:
        return " ".join(self.tex.split())


def rows(tex: str, line: int) -> list[Row]:
    """The rows of a display formula that begins on `line`."""
    start, end = 0, len(tex)
    while True:
        system = SYSTEM.match(tex, start, end)
        if system:
            start, end = system.start("rows"), system.end("rows")
        hit = BEGIN.match(tex, start, end)
        if not hit or not (hit["name"] in ROWS or _is_system(tex[hit.end() : end], hit["name"])):
            break
        close = tex.rfind(f"\\end{{{hit['name']}{hit['star']}}}", 0, end)
        if close < 0 or tex[close:end].split("}", 1)[1].strip():
            break
        start, end = hit.end(), close
    found: list[Row] = []
    for number, (first, last, comments) in enumerate(_split(tex, start, end)):
        marked = _blanked(tex, first, last)
        body = _columns(marked)
        directives = {}
        for comment in comments:
            if said := DIRECTIVE.match(comment):
                directives[said["kind"]] = (said["text"] or "").strip()
        if not body.strip():
            if directives and found:
                found[-1].directives.update(directives)
            continue
        row = Row(body, line + tex[:first].count("\n"), directives=directives, number=number)
        if lead := LEAD.match(row.tex):
            row.lead = lead["word"]
            row.link = LINKS.get(lead["word"], "")
            blank = " " * len(lead["word"])
            row.tex = row.tex[: lead.start("word")] + blank + row.tex[lead.end("word") :]
        if found and not row.lead and not _aligned(marked) and _continues(found[-1], row):
            before = found[-1]
            gap = row.line - before.line - before.tex.count("\n")
            joined = before.tex + "\n" * gap + row.tex if gap > 0 else before.tex + row.tex
            before.tex, before.number = joined, number
            before.directives.update(directives)
            continue
        found.append(row)
    out: list[Row] = []
    for row in found:
        # "(\because fact)" at the end of a row is cited before the row
        later = LATER.search(row.tex)
        if later and row.tex[: later.start()].strip():
            at = later.start("fact")
            fact = Row(
                row.tex[at : later.end("fact")],
                row.line_of(at),
                "\\because",
                number=row.number,
            )
            row.tex = row.tex[: later.start()]
            out += _equations(fact)
        out += [*_braced(row), *_equations(row)]
    return out


def _is_system(tex: str, name: str) -> bool:
    """Do cases or an array list equations, and not the values of one?"""
    if name not in ("cases", "dcases", "array"):
        return False
    close = tex.rfind(f"\\end{{{name}}}")
    bodies = [_blanked(tex, first, last) for first, last, _ in _split(tex, 0, max(close, 0))]
    cells = [body.replace(AMPERSAND, "") for body in bodies if body.strip()]
    return bool(cells) and all(
        EQUALS.search(outside) and not RELATES.match(outside.strip())
        for outside in map(top_level, cells)
    )


def _braced(row: Row) -> list[Row]:
    """\\underbrace{a}_{= 0} cites the fact a = 0."""
    facts = []
    for hit in re.finditer(r"\\(?:under|over)brace\s*\{", row.tex):
        close = _closing(row.tex, hit.end())
        label = re.match(r"\s*[_^]\s*\{(\s*=[^{}]*)\}", row.tex[close + 1 :])
        if label:
            end = close + 1 + label.end()
            tex = row.tex[hit.end() : close] + label[1]
            facts.append(Row(tex, row.line_of(hit.end()), "\\because", number=row.number))
            row.tex = row.tex[: close + 1] + " " * (end - close - 1) + row.tex[end:]
    return facts


def _closing(tex: str, start: int) -> int:
    """Where the brace that is open at `start` closes."""
    depth, k = 1, start
    while k < len(tex):
        if tex[k] == "\\":
            k += 2
            continue
        depth += (tex[k] == "{") - (tex[k] == "}")
        if depth == 0:
            return k
        k += 1
    return len(tex)


def _equations(row: Row) -> list[Row]:
    """Each of the equations that stand in one row, "a = b, \\quad c = d", as a row."""
    tex = AND.sub(lambda m: ",".ljust(len(m[0])), row.tex)  # and: as good as a comma
    outside = top_level(tex)
    cuts = [0]
    for gap in BETWEEN.finditer(outside):
        rest = outside[gap.end() :]
        following = rest[: found.start()] if (found := BETWEEN.search(rest)) else rest
        sign = COMPARES if re.search(WORD, gap[0]) else EQUALS
        if (
            sign.search(outside[cuts[-1] : gap.start()])
            and sign.search(following)
            and not RELATES.match(following.strip())
            and (re.search(WORD, gap[0]) or not PLACES.match(following))
        ):
            cuts.append(gap.start())
    if len(cuts) == 1:
        return [row]
    out: list[Row] = []
    for k, (start, end) in enumerate(pairwise([*cuts, len(tex)])):
        lines = tex[:start].count("\n")
        part = replace(row, tex=tex[start:end], line=row.line + lines)
        if k:  # the comma and the space belong to no equation
            between = BETWEEN.match(top_level(part.tex))
            skip = between.end() if between else 0
            # All facts of a \\because are facts; behind an arrow begins what follows from them.
            if out[-1].lead != "\\because" or re.search(WORD, part.tex[:skip]):
                part.lead = ""
            word = re.search(WORD, between[0]) if between else None
            part.link = LINKS.get(word[0], "") if word else ""
            part.tex = " " * skip + part.tex[skip:]
        out.append(part)
    return out


EQUALS = re.compile(r"(?<![<>:])=")
COMPARES = re.compile(r"(?<!:)=|[<>]|\\(?:leq?|geq?)(?:slant)?(?![A-Za-z])")
AND = re.compile(
    r"\\text\s*\{\s*(?:and|as well as|且|并且|以及|和)\s*\}|\\(?:land|wedge)(?![A-Za-z])"
)
# What may stand between two equations in a row, and what is no equation behind it: i = j.
BETWEEN = re.compile(
    r"(?<!\\)[,;，；]?(?:\s|\\[,;: ])*(?:\\q?quad(?![A-Za-z])\s*)*"
    rf"{WORD}(?:\s|\\[,;: ]|\\q?quad(?![A-Za-z]))*"
    r"|(?<!\\)[,;，；]?(?:\s|\\[,;: ])*(?:\\q?quad(?![A-Za-z])\s*)+"
    r"|(?<!\\)[,;，；](?:\s|\\[,;: ])+"
)
PLACES = re.compile(
    r"\s*(?:\\text[\s☐}]*)?[a-z](?:\s*,\s*[a-z])*\s*=\s*(?:[a-z]\s*\.?\s*$|\d\s*(?:,|$))"
)
RELATES = re.compile(
    r"=|\\(?:equiv|coloneqq|triangleq|leq?|geq?|neq?|approx|propto|to|in)(?![A-Za-z])|[<>]"
)


def top_level(tex: str) -> str:
    """`tex` with everything inside braces, brackets and environments written over by ☐."""
    out, depth, k = [], 0, 0
    while k < len(tex):
        step = 1
        if tex[k] == "\\":
            word = re.match(r"\\(?:[A-Za-z]+|.)", tex[k:], re.S)
            step = len(word[0]) if word else 1
            token = tex[k : k + step]
            depth += (token == "\\begin") - (token == "\\end")
            depth += (token in ("\\{", "\\langle")) - (token in ("\\}", "\\rangle"))
        else:
            depth += (tex[k] in "{([") - (tex[k] in "})]")
        out.append(tex[k : k + step] if depth == 0 else "☐" * step)
        k += step
    return "".join(out)


def _aligned(marked: str) -> bool:
    """-a &= b: does a left side stand before the mark at which the relations are aligned?"""
    left, mark, rest = marked.partition(AMPERSAND)
    return bool(mark and left.strip() and RELATES.match(rest.strip()))


def _continues(before: Row, row: Row) -> bool:
    """Is `row` the next line of a long side?"""
    outside = top_level(row.tex).strip()
    if RELATES.match(outside):
        return False
    if re.match(r"(?:\\q?quad|\\[,;:! ]|\s)*(?:[+\-]|\\(?:cdot|times|odot)(?![A-Za-z]))", outside):
        return True
    last = top_level(before.tex).strip()
    return bool(re.search(r"(?:[+\-=]|\\(?:cdot|times|odot))$", last))


def _split(tex: str, start: int, end: int) -> list[tuple[int, int, list[str]]]:
    """Rows as (first, last, comments), split at the outermost \\\\."""
    found: list[tuple[int, int, list[str]]] = []
    depth, k, first = 0, start, start
    comments: list[str] = []
    while k < end:
        if tex.startswith("\\\\", k):
            if depth:
                k += 2
                continue
            stop = k
            k += 2
            space = re.compile(r"\*?[ \t]*(?:\[[^\]]*\])?[ \t]*(?:\\h(?:line|dashline))?").match(
                tex, k
            )
            k = space.end() if space else k
            if tex.startswith("%", k):  # a comment behind \\ belongs to the row it ends
                line_end = tex.find("\n", k)
                line_end = end if line_end < 0 else min(line_end, end)
                comments.append(tex[k + 1 : line_end])
                k = line_end
            found.append((first, stop, comments))
            comments, first = [], k
            continue
        if tex[k] == "\\":
            depth += tex.startswith("\\begin{", k) - tex.startswith("\\end{", k)
            k += 2
            continue
        if tex[k] == "%":
            line_end = tex.find("\n", k)
            line_end = end if line_end < 0 else min(line_end, end)
            comments.append(tex[k + 1 : line_end])
            k = line_end
            continue
        depth += (tex[k] == "{") - (tex[k] == "}")
        k += 1
    found.append((first, end, comments))
    return found


def _blanked(tex: str, first: int, last: int) -> str:
    """A row without comments and alignment marks, every character in its place."""
    text = re.sub(r"(?<!\\)%[^\n]*", lambda m: " " * len(m[0]), tex[first:last])
    out, depth, k = list(text), 0, 0
    while k < len(text):
        if text[k] == "\\":
            depth += text.startswith("\\begin{", k) - text.startswith("\\end{", k)
            k += 2
            continue
        if text[k] == "&" and depth == 0:
            out[k] = AMPERSAND
        k += 1
    return "".join(out)


AMPERSAND = "\x1f"  # stands for an alignment mark until the columns are known


def _columns(text: str) -> str:
    """Alignment marks as spaces; as a comma where a new equation or a remark begins."""
    out, before, start = "", "", 0
    for hit in [*re.finditer(AMPERSAND, text), None]:
        end = hit.start() if hit else len(text)
        cell, rest = text[start:end], text[start:].replace(AMPERSAND, " ")
        outside = top_level(rest).strip()
        begins = outside.startswith("\\text") or (
            EQUALS.search(outside) and not RELATES.match(outside)
        )
        open_ = re.search(r"(?:[+\-=,;]|\\(?:cdot|times|odot))$", before.strip())
        if start:
            apart = EQUALS.search(top_level(before)) and begins and cell.strip() and not open_
            out += "," if apart else " "
            before = "" if apart else before
        out += cell
        before += " " + cell
        start = end + 1
    return out


def without_comments(tex: str) -> str:
    """TeX as it goes to the typesetter."""
    return re.sub(r"[ \t]*(?<!\\)%[^\n]*", "", tex)
