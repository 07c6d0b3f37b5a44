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

Knows Markdown, not what a formula means; the rows are the business of lines.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from backprop.common.spelling import nearest
from backprop.derivations.reading.lines import ROWS, Row, rows

OPEN = re.compile(
    r"^(?P<prefix>[ \t>]*)(?P<slashes>/{3,})[ \t]*derivation\b[ \t]*(?:\|(?P<title>.*))?$"
)
FENCE = re.compile(r"^(?P<prefix>[ \t>]*)(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
MARKER = re.compile(r"^[ \t>]*(?P<slashes>/{3,})[ \t]*(?P<word>[A-Za-z]+)")
OPTION = re.compile(r"^    (?P<key>[a-z]+)[ \t]*:[ \t]*(?P<value>.*?)[ \t]*$")
BARE = re.compile(rf"^\s*\\begin\{{(?:{'|'.join(ROWS)})\*?\}}")
INLINE = re.compile(
    r"`(?P<ticks>`*)(?!`).*?(?<!`)`(?P=ticks)(?!`)"  # code: no formula
    r"|(?<![\\$])\$\$(?P<display>(?:\\.|[^$\\])+?)\$\$"
    r"|(?<![\\$])\$`(?P<github>[^`]+)`\$"
    r"|(?<![\\$])\$(?![\s$])(?P<tex>(?:\\.|[^$\\])+?)(?<!\s)\$(?![\d$])",
    re.S,
)
TIE = re.compile(r"\s*=\s*(?P<ticks>`+)(?P<code>(?:(?!`).)+)(?P=ticks)", re.S)


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
    sentence: int = 0  # which one of the page an inline formula belongs to
    words: str = ""  # of an inline formula: its sentence up to here, formulas written over by ☐
    after: str = ""  # the words behind it, up to the end of the sentence


@dataclass
class Derivation:
    """One `/// derivation` block."""

    title: str
    line: int
    end_line: int
    formulas: list[Formula]
    options: dict[str, str] = field(default_factory=dict)
    closed: bool = True
    misspelt: str = ""  # the word that stands for `derivation`


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
            word = MARKER.match(lines[k]) if fence is None else None
            if word and _is_meant(word["word"].lower()):
                found.append(Derivation("", k + 1, k + 1, [], misspelt=word["word"]))
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


def _is_meant(word: str) -> bool:
    """Does /// deriv, /// derviation stand for /// derivation?"""
    return word.startswith("deriv") or bool(nearest(word, ["derivation"], 0.8))


def _unprefixed(line: str, prefix: str) -> str:
    if line.startswith(prefix):
        return line[len(prefix) :]
    short = prefix.rstrip()
    return line[len(short) :].lstrip() if short and line.startswith(short) else line.lstrip(" \t>")


def _formulas(body: list[str], first_line: int, offsets: list[int]) -> list[Formula]:
    found: list[Formula] = []
    paragraph: list[int] = []
    lead = ""  # "Assume:" before a list

    def flush() -> None:
        nonlocal lead
        if paragraph:
            inline, last = _inline(body, paragraph, first_line, offsets, lead)
            found.extend(inline)
            lead = last if last.rstrip().endswith((":", "：")) else ""
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
            if BARE.match(line):
                flush()
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


LISTED = re.compile(r"\s*(?:[-*+]|\d+[.)])\s")
SENTENCE = re.compile(r"(?<!\.[a-z])[.!?]\s|[。！？]")  # not behind s.t.


def _inline(
    body: list[str], paragraph: list[int], first_line: int, offsets: list[int], lead: str
) -> tuple[list[Formula], str]:
    """The formulas within a paragraph, and the words of its last sentence."""
    text = "\n".join(body[k] for k in paragraph)
    plain = INLINE.sub(lambda m: "☐" * len(m[0]), text)
    if not LISTED.match(plain):
        lead = ""
    places: list[int] = []
    for k in paragraph:
        places += [offsets[k] + c for c in range(len(body[k]) + 1)]
    found = []
    for hit in INLINE.finditer(text):
        tex = hit["github"] or hit["tex"] or hit["display"]
        if tex is None:
            continue
        line = first_line + paragraph[0] + text[: hit.start()].count("\n")
        sentences = SENTENCE.split(lead + plain[: hit.start()])
        number = 1000 * (first_line + paragraph[0]) + len(sentences)
        start, end = places[hit.start()], places[hit.end() - 1] + 1
        if hit["display"]:
            found.append(Formula("display", tex, line, start, end))
            found[-1].rows = rows(tex, line)
            continue
        tie = TIE.match(text, hit.end())
        if tie:
            found.append(Formula("tie", tex, line, start, end, code=" ".join(tie["code"].split())))
        else:
            found.append(
                Formula(
                    "inline",
                    tex,
                    line,
                    start,
                    end,
                    sentence=number,
                    words=sentences[-1],
                    after=SENTENCE.split(plain[hit.end() :])[0],
                )
            )
    return found, SENTENCE.split(lead + plain)[-1]
