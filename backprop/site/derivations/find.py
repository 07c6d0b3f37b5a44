"""Derivations in Markdown: the blocks, their formulas and rows, each with its line.

    /// derivation | The variance of each column
    Let $x \\in \\mathbb{R}^{n \\times d}$ with the mean $\\bar{x}_j = \\frac{1}{n} \\sum_k x_{kj}$.

    $$
    \\begin{align*}
    … &= … \\\\
      &= …                      % unchecked: why
    \\end{align*}
    $$
    ///

Knows Markdown and TeX comments, not what a formula means.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise

OPEN = re.compile(
    r"^(?P<prefix>[ \t>]*)(?P<slashes>/{3,})[ \t]*derivation\b[ \t]*(?:\|(?P<title>.*))?$"
)
FENCE = re.compile(r"^(?P<prefix>[ \t>]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
OPTION = re.compile(r"^    (?P<key>[a-z]+)[ \t]*:[ \t]*(?P<value>.*?)[ \t]*$")
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
BEGIN = re.compile(r"\s*\\begin\{(?P<name>[a-z]+)(?P<star>\*?)\}(?:\s*\{\d+\})?(?:\s*\[[tbc]\])?")
BARE = re.compile(rf"^\s*\\begin\{{(?:{'|'.join(ROWS)})\*?\}}")
INLINE = re.compile(
    r"`(?P<ticks>`*)(?!`).*?(?<!`)`(?P=ticks)(?!`)"  # code: no formula
    r"|(?<![\\$])\$`(?P<github>[^`]+)`\$"
    r"|(?<![\\$])\$(?![\s$])(?P<tex>(?:\\.|[^$\\])+?)(?<!\s)\$(?![\d$])",
    re.S,
)
TIE = re.compile(r"\s*=\s*(?P<ticks>`+)(?P<code>(?:(?!`).)+)(?P=ticks)", re.S)
LEAD = re.compile(
    r"\s*(?P<word>\\because|\\therefore|\\Rightarrow|\\Longrightarrow|\\implies|\\iff"
    r"|\\Leftrightarrow|\\Longleftrightarrow)(?![A-Za-z])"
)
LATER = re.compile(r"[(（]?\s*\\because(?![A-Za-z])(?P<fact>.*?)[)）]?\s*$", re.S)
DIRECTIVE = re.compile(r"^\s*(?P<kind>check|unchecked|code)\s*(?::(?P<text>.*))?$", re.S)


@dataclass
class Row:
    """One row of a derivation; continuation lines are part of it."""

    tex: str  # alignment marks and comments blanked out, so that offsets stay
    line: int  # where tex[0] is
    lead: str = ""  # \because, \therefore, …
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


@dataclass
class Formula:
    """A formula of a derivation: declared inline, or the rows of a display."""

    kind: str  # "inline", "display", "tie" (a formula said to equal code)
    tex: str
    line: int
    start: int  # offset of the formula's delimiter in the page, for the marks
    end: int
    rows: list[Row] = field(default_factory=list)
    code: str = ""


@dataclass
class Derivation:
    """One `/// derivation` block."""

    title: str
    line: int
    end_line: int
    formulas: list[Formula]
    options: dict[str, str] = field(default_factory=dict)
    closed: bool = True


def derivations(markdown: str) -> list[Derivation]:
    """The derivation blocks of a page, in order."""
    lines = markdown.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    found: list[Derivation] = []
    fence: str | None = None
    k = 0
    while k < len(lines):
        mark = FENCE.match(lines[k])
        if mark and (
            fence is None
            or (lines[k].strip().rstrip(fence[0]) == "" and mark["mark"].startswith(fence))
        ):
            fence = mark["mark"] if fence is None else None
        opened = OPEN.match(lines[k]) if fence is None else None
        if not opened:
            k += 1
            continue
        first = k
        prefix, slashes = opened["prefix"], opened["slashes"]
        closing = re.compile(rf"^[ \t>]*{slashes}[ \t]*$")
        k += 1
        while k < len(lines) and not closing.match(lines[k]):
            k += 1
        body_first, options = first + 1, {}
        while body_first < k and (hit := OPTION.match(_unprefixed(lines[body_first], prefix))):
            options[hit["key"]] = hit["value"]
            body_first += 1
        body = [_unprefixed(line, prefix) for line in lines[body_first:k]]
        shifts = [len(line) - len(b) for line, b in zip(lines[body_first:k], body, strict=True)]
        offsets = [starts[body_first + n] + shifts[n] for n in range(len(body))]
        formulas = _formulas(body, body_first + 1, offsets)
        found.append(
            Derivation(
                (opened["title"] or "").strip(), first + 1, k + 1, formulas, options, k < len(lines)
            )
        )
        k += 1
    return found


def _unprefixed(line: str, prefix: str) -> str:
    if line.startswith(prefix):
        return line[len(prefix) :]
    short = prefix.rstrip()
    return line[len(short) :].lstrip() if short and line.startswith(short) else line.lstrip(" \t>")


def _formulas(body: list[str], first_line: int, offsets: list[int]) -> list[Formula]:
    found: list[Formula] = []
    paragraph: list[int] = []

    def flush() -> None:
        if paragraph:
            found.extend(_inline(body, paragraph, first_line, offsets))
            paragraph.clear()

    def display(tex: str, row: int, start: int, end: int) -> None:
        found.append(Formula("display", tex, first_line + row, start, end))
        found[-1].rows = rows(tex, first_line + row)

    k = 0
    while k < len(body):
        line = body[k]
        mark = FENCE.match(line)
        if mark:
            flush()
            stop = k + 1
            while stop < len(body) and not re.match(
                rf"^[ \t]*{re.escape(mark['mark'][0])}{{{len(mark['mark'])},}}[ \t]*$", body[stop]
            ):
                stop += 1
            if mark["info"].strip().split(" ")[0].strip("{.}") == "math":
                last = min(stop, len(body) - 1)
                tex = "\n".join(body[k + 1 : stop])
                display(tex, k + 1, offsets[k], offsets[last] + len(body[last]))
            k = stop + 1
            continue
        opens = line.strip()
        for left, right in (("$$", "$$"), ("\\[", "\\]")):
            if not opens.startswith(left):
                continue
            flush()
            at = line.index(left) + 2
            stop, where = k, line.find(right, at)
            while where < 0 and stop + 1 < len(body):
                stop += 1
                where = body[stop].find(right)
            if where < 0:
                where = len(body[stop])
            if stop == k:
                tex = line[at:where]
            else:
                tex = "\n".join([line[at:], *body[k + 1 : stop], body[stop][:where]])
            display(tex, k, offsets[k] + at - 2, offsets[stop] + where + 2)
            k = stop + 1
            break
        else:
            if BARE.match(line) and not paragraph:
                name = re.match(r"^\s*\\begin\{([a-z]+\*?)\}", line)
                assert name
                stop = k
                while stop + 1 < len(body) and f"\\end{{{name[1]}}}" not in body[stop]:
                    stop += 1
                tex = "\n".join(body[k : stop + 1])
                display(tex, k, offsets[k], offsets[stop] + len(body[stop]))
                k = stop + 1
                continue
            if opens:
                paragraph.append(k)
            else:
                flush()
            k += 1
    flush()
    return found


def _inline(
    body: list[str], paragraph: list[int], first_line: int, offsets: list[int]
) -> list[Formula]:
    """The formulas within a paragraph."""
    text = "\n".join(body[k] for k in paragraph)
    places: list[int] = []
    for k in paragraph:
        places += [offsets[k] + c for c in range(len(body[k]) + 1)]
    found = []
    for hit in INLINE.finditer(text):
        tex = hit["github"] or hit["tex"]
        if tex is None:
            continue
        line = first_line + paragraph[0] + text[: hit.start()].count("\n")
        start, end = places[hit.start()], places[hit.end() - 1] + 1
        tie = TIE.match(text, hit.end())
        if tie:
            found.append(Formula("tie", tex, line, start, end, code=" ".join(tie["code"].split())))
        else:
            found.append(Formula("inline", tex, line, start, end))
    return found


# --- rows ----------------------------------------------------------------------------------


def rows(tex: str, line: int) -> list[Row]:
    """The rows of a display formula that begins on `line`."""
    start, end = 0, len(tex)
    while hit := BEGIN.match(tex, start, end):
        if hit["name"] not in ROWS:
            break
        close = tex.rfind(f"\\end{{{hit['name']}{hit['star']}}}", 0, end)
        if close < 0 or tex[close:end].split("}", 1)[1].strip():
            break
        start, end = hit.end(), close
    found: list[Row] = []
    for number, (first, last, comments) in enumerate(_split(tex, start, end)):
        body = _blanked(tex, first, last)
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
            blank = " " * len(lead["word"])
            row.tex = row.tex[: lead.start("word")] + blank + row.tex[lead.end("word") :]
        if found and not row.lead and _continues(found[-1], row):
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
            out.append(fact)
        out += [*_braced(row), *_equations(row)]
    return out


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
    outside = top_level(row.tex)
    cuts = [0]
    for gap in BETWEEN.finditer(outside):
        rest = outside[gap.end() :]
        following = rest[: found.start()] if (found := BETWEEN.search(rest)) else rest
        if (
            EQUALS.search(outside[cuts[-1] : gap.start()])
            and EQUALS.search(following)
            and not RELATES.match(following.strip())
            and not PLACES.match(following)
        ):
            cuts.append(gap.start())
    if len(cuts) == 1:
        return [row]
    out = []
    for k, (start, end) in enumerate(pairwise([*cuts, len(row.tex)])):
        lines = row.tex[:start].count("\n")
        part = replace(row, tex=row.tex[start:end], line=row.line + lines)
        if k:  # the comma and the space belong to no equation
            between = BETWEEN.match(top_level(part.tex))
            skip = between.end() if between else 0
            part.tex = " " * skip + part.tex[skip:]
            part.lead = ""
        out.append(part)
    return out


EQUALS = re.compile(r"(?<![<>:])=")
# What may stand between two equations in a row, and what is no equation behind it: i = j.
BETWEEN = re.compile(
    r"[,;，；]?(?:\s|\\[,;: ])*(?:\\q?quad(?![A-Za-z])\s*)+|[,;，；](?:\s|\\[,;: ])+"
)
PLACES = re.compile(
    r"\s*(?:\\text\s*)?[a-z](?:\s*,\s*[a-z])*\s*=\s*(?:[a-z]\s*\.?\s*$|\d\s*(?:,|$))"
)
RELATES = re.compile(
    r"=|\\(?:equiv|coloneqq|triangleq|leq?|geq?|neq?|approx|to|in)(?![A-Za-z])|[<>]"
)


def top_level(tex: str) -> str:
    """`tex` with everything inside braces, brackets and environments blanked out."""
    out, depth, k = [], 0, 0
    while k < len(tex):
        step = 1
        if tex[k] == "\\":
            word = re.match(r"\\(?:[A-Za-z]+|.)", tex[k:], re.S)
            step = len(word[0]) if word else 1
            token = tex[k : k + step]
            depth += (token == "\\begin") - (token == "\\end")
            depth += (token == "\\{") - (token == "\\}")
        else:
            depth += (tex[k] in "{([") - (tex[k] in "})]")
        out.append(tex[k : k + step] if depth == 0 else " " * step)
        k += step
    return "".join(out)


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
            out[k] = " "
        k += 1
    return "".join(out)


def without_comments(tex: str) -> str:
    """TeX as it goes to the typesetter."""
    return re.sub(r"[ \t]*(?<!\\)%[^\n]*", "", tex)
