r"""Find formulas in Markdown: an extension of Python-Markdown that knows nothing of MathJax.

| written                                     | becomes                                            |
| ------------------------------------------- | -------------------------------------------------- |
| `$…$`, `\(…\)`                              | inline; `$5`, `5$`, `$ x$` stay text, `\$` is a    |
|                                             | dollar                                             |
| `\ref{…}`, `\eqref{…}` in a sentence        | inline                                             |
| `$$…$$`, `\[…\]`, `\begin{…}…\end{…}`, a    | displayed, in any container (list, quote,          |
| fence with the language `math`              | admonition, footnote), blank lines inside allowed  |
| `$$…$$` as the whole of a table cell,       | displayed                                          |
| heading or list item                        |                                                    |

These are the rules of pymdownx.arithmatex; a formula in a fence, and one with blank lines, is
added to them. Each formula is replaced by a placeholder before anything else of Markdown sees it;
`finish` receives the finished HTML of the page and puts something better in the place of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import Treeprocessor

PLACEHOLDER = re.compile("\x02bpm(\\d+)\x03")
DOLLAR = "\x02bpd\x03"  # a dollar that its author escaped: never a sign of a forgotten formula

_PREFIX = r"(?P<prefix>[ \t>]*(?:(?:[-*+]|\d+[.)]|:|\[\^[^\]\n]+\]:)[ \t]+[ \t>]*)*)"
_FENCE = re.compile(_PREFIX + r"(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`]*)$")
_MATH_FENCE = re.compile(r"(?:\{\s*\.)?math(?![\w-])")
_DISPLAY = re.compile(
    _PREFIX + r"(?P<open>\$\$|\\\[|\\begin\{(?P<env>[A-Za-z]+\*?)\})(?P<rest>.*)$"
)
_HEADING = re.compile(r"[ \t>]*#{1,6}\s")
_INLINE = (
    r"\\\\|(?P<dollar>\\\$)"
    r"|\$\$(?P<double>(?:\\.|[^\\$\x02\x03])+?)\$\$"
    r"|(?<![$A-Za-z0-9])\$(?![\s$])(?P<single>(?:\\.|[^\\$\x02\x03])+?)(?<!\s)\$(?![$\d])"
    r"|\\\((?P<round>(?:\\[^)]|[^\\\x02\x03])+?)\\\)"
    r"|(?P<ref>\\(?:eq)?ref\s*\{[^{}\x02\x03]+\})"
    r"|(?P<block>\\begin\{(?P<env>[A-Za-z]+\*?)\}[^\x02\x03]*?\\end\{(?P=env)\})"
)


@dataclass(frozen=True)
class Formula:
    """A formula as its author wrote it.

    tex: without delimiters; raw: with them; alone: displayed mathematics written inside a line,
    which is right only where nothing else stands; problem: why it cannot be typeset at all.
    """

    tex: str
    display: bool
    raw: str
    alone: bool = False
    problem: str = ""


def fences(lines: list[str]) -> Iterator[tuple[int, int, re.Match[str]]]:
    """The fenced blocks of a page: first line, last line, and the match of the opening one."""
    number = 0
    while number < len(lines):
        if (opening := _FENCE.match(lines[number])) and (
            (end := _fence_end(lines, number, opening["fence"])) is not None
        ):
            yield number, end, opening
            number = end
        number += 1


def roughly(text: str) -> list[str]:
    """What looks like a formula in a page, whatever stands around it."""
    return _ROUGH.findall(text)


_ROUGH = re.compile(r"\$\$[^$]+\$\$|\$[^$\n]+\$|\\[(\[].+?\\[)\]]|\\begin\{.+?\\end\{", re.DOTALL)


def is_math_fence(opening: re.Match[str]) -> bool:
    return bool(_MATH_FENCE.match(opening["info"]))


def _fence_end(lines: list[str], number: int, fence: str) -> int | None:
    closing = re.compile(rf"[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*$")
    return next((n for n in range(number + 1, len(lines)) if closing.match(lines[n])), None)


class MathematicsExtension(Extension):
    """Replaces formulas by placeholders, and the placeholders by what `finish` makes of them.

    finish(html, formulas, md): the final HTML of a page, where `formulas[n]` belongs in the place
    of the n-th placeholder.
    plain(formula): a formula as text, for titles, tables of contents and attributes.
    """

    def __init__(
        self,
        finish: Callable[[str, list[Formula], Markdown], str],
        plain: Callable[[Formula], str],
    ) -> None:
        super().__init__()
        self.finish = finish
        self.plain = plain

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        found = _Found(self)
        # Arithmatex, where a project has it, would take the formulas first.
        for registry, name in (
            (md.inlinePatterns, "arithmatex-inline"),
            (md.parser.blockprocessors, "arithmatex-block"),
        ):
            if name in registry:
                registry.deregister(name)
        if "$" not in md.ESCAPED_CHARS:
            md.ESCAPED_CHARS.append("$")
        # After pymdownx.snippets (32), before the fences (25) and raw HTML (20).
        md.preprocessors.register(_Blocks(md, found), "bp-mathematics", 26)
        # After code spans (190), before escapes (180): `_`, `*` and `\\` mean nothing in TeX.
        md.inlinePatterns.register(_Inline(_INLINE, md, found), "bp-mathematics", 189.8)
        md.treeprocessors.register(_Last(md, found), "bp-mathematics", -1000)
        md.postprocessors.register(_Finish(md, found), "bp-mathematics", 5)


class _Found:
    """The formulas of the page that is being converted."""

    def __init__(self, extension: MathematicsExtension) -> None:
        self.extension = extension
        self.formulas: list[Formula] = []
        self.complete = False

    def add(self, formula: Formula) -> str:
        self.formulas.append(formula)
        return f"\x02bpm{len(self.formulas) - 1}\x03"


class _Blocks(Preprocessor):
    """Displayed formulas, line by line, before blocks are split at blank lines."""

    def __init__(self, md: Markdown, found: _Found) -> None:
        super().__init__(md)
        self.found = found

    def run(self, lines: list[str]) -> list[str]:
        self.found.formulas.clear()
        self.found.complete = False
        ends = {start: (end, opening) for start, end, opening in fences(lines)}
        out: list[str] = []
        number = 0
        after = False  # the line before was a formula
        while number < len(lines):
            line, end, formula = lines[number], number, None
            if number in ends:
                end, opening = ends[number]
                prefix = opening["prefix"]
                if is_math_fence(opening):
                    inside = _without_prefix(lines[number + 1 : end], prefix)
                    whole = _without_prefix(lines[number : end + 1], prefix)
                    formula = Formula("\n".join(inside), True, "\n".join(whole))
            elif match := _DISPLAY.match(line):
                prefix = match["prefix"]
                end, formula = _display(lines, number, match, ends)
            if formula:
                blank = re.sub(r"[^>\s]", " ", prefix).rstrip()
                if out and not prefix.strip(" \t>") and out[-1].strip(" \t>"):
                    out.append(blank)
                out.append(prefix + self.found.add(formula))
            else:
                if after and line.strip(" \t>"):
                    out.append(blank)
                out.extend(lines[number : end + 1])
            after = formula is not None
            number = end + 1
        return out


def _display(
    lines: list[str], number: int, match: re.Match[str], ends: Mapping[int, object]
) -> tuple[int, Formula | None]:
    """The displayed formula that `match` opens on a line: its last line, and the formula."""
    opener, prefix = match["open"], match["prefix"]
    closer = {"$$": "$$", "\\[": "\\]"}.get(opener, f"\\end{{{match['env']}}}")
    tex, depth = "", 1
    for last in range(number, len(lines)):
        if last > number and (last in ends or _HEADING.match(lines[last])):
            break
        line = match["rest"] if last == number else _without_prefix([lines[last]], prefix)[0]
        for part in re.finditer(r"\\begin\{[A-Za-z]+\*?\}|\\end\{[A-Za-z]+\*?\}|\\.|\$\$", line):
            depth += (part[0] == closer and -1) or (part[0] == opener != closer)
            if depth == 0:
                tail = line[part.end() :].strip()
                tex += line[: part.start()]
                raw = "\n".join(_without_prefix(lines[number : last + 1], prefix))
                if closer.startswith("\\end"):
                    tex = f"{opener}{tex}{closer}"
                if not tail:
                    return last, Formula(tex.strip("\n"), True, raw)
                if last == number:  # `$$…$$ and words`: a line of text, the inline rules judge it
                    return number, None
                return last, Formula(tex, True, raw, problem=f"text after {closer}: {tail}")
        tex += line + "\n"
    raw = _without_prefix([lines[number]], prefix)[0]
    return number, Formula(raw, True, raw, problem=f"{opener} is never closed by {closer}")


def _without_prefix(lines: list[str], prefix: str) -> list[str]:
    """Lines of a container without what marks the container: quote marks and indentation."""
    quoted = r"[ \t]*(?:>[ \t]?)*" if ">" in prefix else ""
    first = lines[0][len(prefix) :] if lines[0].startswith(prefix) else None
    marks = re.compile(quoted + rf"[ \t]{{0,{len(prefix)}}}")
    rest = [marks.sub("", line, count=1) for line in lines]
    return rest if first is None else [first, *rest[1:]]


class _Inline(InlineProcessor):
    """Formulas inside a paragraph."""

    def __init__(self, pattern: str, md: Markdown, found: _Found) -> None:
        super().__init__(pattern, md)
        self.found = found

    def handleMatch(  # type: ignore[override]  # noqa: N802
        self, m: re.Match[str], data: str
    ) -> tuple[Element | str | None, int | None, int | None]:
        if m["dollar"]:
            return DOLLAR, m.start(), m.end()
        tex = m["single"] or m["round"] or m["ref"]
        display = m["double"] or m["block"]
        if tex is None and display is None:  # an escaped backslash: not ours
            return None, None, None
        formula = Formula(tex or display, tex is None, m[0], alone=tex is None)
        return self.found.add(formula), m.start(), m.end()


class _Last(Treeprocessor):
    """Notes that the tree is complete: what is postprocessed before is a title or a heading."""

    def __init__(self, md: Markdown, found: _Found) -> None:
        super().__init__(md)
        self.found = found

    def run(self, root: Element) -> None:
        self.found.complete = True


class _Finish(Postprocessor):
    def __init__(self, md: Markdown, found: _Found) -> None:
        super().__init__(md)
        self.found = found

    def run(self, text: str) -> str:
        found, extension = self.found, self.found.extension
        if found.complete:
            text = extension.finish(text, found.formulas, self.md)
        else:
            text = PLACEHOLDER.sub(lambda m: extension.plain(found.formulas[int(m[1])]), text)
        return text.replace(DOLLAR, "$")
