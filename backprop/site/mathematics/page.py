"""The finished HTML of a page: formulas typeset, everything that looks like one accounted for.

In the page that MkDocs passes around, a formula is MathML that carries a key: whatever reads the
page (search, feeds, titles) finds it once, readable, and standing on its own. The markup for the
eye takes its place in the very last step, when the page is written (`Pages.complete`).
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from backprop.program.store import digest
from backprop.site.faults import Fault
from backprop.site.mathematics.engine import TexError
from backprop.site.mathematics.finder import DOLLAR, PLACEHOLDER, Formula
from backprop.site.mathematics.locate import Source
from backprop.site.mathematics.markup import elsewhere, error_box, markup
from backprop.site.mathematics.typeset import Refused, Typeset, Typesetter


@dataclass(frozen=True)
class Where:
    """Where a formula stands: file, line (None if another plugin wrote it), displayed or not."""

    path: str
    line: int | None
    display: bool


@dataclass(frozen=True)
class Annotated:
    """A formula with HTML in the margin of rows: row number (from 0) → HTML."""

    tex: str
    marks: Mapping[int, str] = field(default_factory=dict)


Transform = Callable[[str, Where], "str | Annotated"]


@dataclass(frozen=True)
class Origin:
    """The file of a page; link: the way to it from where it is shown, if that is elsewhere."""

    path: str
    source: str
    link: str | None = None


_TOKEN = re.compile(
    r"<!--.*?-->|<(?P<close>/?)(?P<tag>[a-zA-Z][\w-]*)(?P<rest>(?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>|"
    + PLACEHOLDER.pattern,
    re.DOTALL,
)
_CODE = {"code", "pre", "script", "style", "math", "textarea", "samp", "kbd", "tt"}
_HEADING = re.compile(r"h[1-6]$")
_OPENED = re.compile(
    r"<(?:p|td|th|li|dd|dt|div|a|h[1-6]|summary|figure|blockquote)(?:\s[^>]*)?>\s*$"
)
_CLOSED = re.compile(r"\s*(?:</|<(?:ul|ol|p|div)\b|<a class=\"headerlink\")")

# Signs of a formula that was not recognised as one.
_LEFTOVER = re.compile(r"\$\$|\\(?:begin|end)\s*\{|\$")
_PRICE = re.compile(r"\$\d[\d.,]*(?:[kKMB]|bn|m)?(?![\w\\^_{$=+*<>])(?!\s*[\\^_{=+*<>])")
_ENTITY = re.compile(r"&(?:#36|#x24|dollar);")  # a dollar on purpose, where \$ means nothing
_LEFTOVERS = {
    "$$": "$$ without a formula: a displayed formula stands on lines of its own, between $$ and $$;"
    " one in a sentence takes single $",
    "$": "$ without a formula: a formula is $x$, without blanks inside the signs; "
    "for a dollar write \\$",
    "\\": "TeX outside a formula: write it between lines of $$, "
    "or begin the line with \\begin and close it with \\end",
}


_CUT = (
    "$ without a formula: a | in a table ends the cell, in a formula too; "
    "write \\vert, or \\lvert … \\rvert"
)


class Pages:
    """The pages of one build in one language.

    report: receives every fault; language: of aria labels and error boxes; transforms: see
    `backprop.site.mathematics`.
    """

    def __init__(
        self,
        typesetter: Callable[[], Typesetter],
        report: Callable[[Fault], None],
        language: str = "en",
        transforms: Sequence[Transform] = (),
    ) -> None:
        self._typesetter = typesetter
        self._report = report
        self._language = language
        self._transforms = transforms
        self._shown: dict[str, tuple[Typeset, Mapping[int, str]]] = {}
        self.met: set[str] = set()
        """Keys of the formulas met since somebody last emptied this."""

    @property
    def formulas(self) -> dict[str, str]:
        """Markup of every formula of the build so far, by key."""
        return {key: typeset.html for key, (typeset, _) in sorted(self._shown.items())}

    def record(self, key: str) -> dict[str, Any]:
        """A formula that was met, as JSON, for `replay` in another build."""
        typeset, marks = self._shown[key]
        return {"typeset": asdict(typeset), "marks": sorted(marks.items())}

    def replay(self, key: str, record: Mapping[str, Any]) -> None:
        """Know a formula of a page that was converted in an earlier build."""
        stored = dict(record["typeset"])
        stored["labels"] = {name: tuple(place) for name, place in stored["labels"].items()}
        stored["refs"] = tuple(stored["refs"])
        self._shown[key] = (Typeset(**stored), dict(record["marks"]))

    def plain(self, formula: Formula) -> str:
        """A formula as text; its TeX where it cannot be typeset (its page reports that)."""
        try:
            return html.escape(self._typesetter().one(formula.tex, formula.display).plain)
        except TexError:
            return html.escape(formula.tex)

    def finish(self, text: str, formulas: Sequence[Formula], origin: Origin) -> str:
        """Put MathML in the place of each placeholder in the HTML of a page; report all faults."""
        text = re.sub(rf"<p>({PLACEHOLDER.pattern})</p>", r"\1", text)
        pieces = list(_pieces(text, formulas))
        source = Source(origin.source)
        wanted = [piece.formula for piece in pieces if piece.formula]
        placed = [self._transform(formula, source, origin) for formula in wanted]
        results = iter(self._typesetter().page([p.formula for p in placed]) if placed else [])
        places = iter(placed)
        out = []
        for piece in pieces:
            if piece.leftover:
                message, shown, sign, *attempts = piece.leftover
                line = source.line(*attempts, sign, length=len(sign))
                self._report(Fault(origin.path, line or 0, message, shown.strip()))
            elif not piece.formula:
                out.append(piece.text)
            else:
                place, result = next(places), next(results)
                if isinstance(result, Typeset) and piece.formula.alone and not piece.alone:
                    result = Refused(
                        "a displayed formula inside a sentence: write $…$, "
                        "or put it on lines of its own"
                    )
                if isinstance(result, Refused):
                    tex = piece.formula.tex
                    self._report(Fault(origin.path, place.line or 0, result.message, tex.strip()))
                    out.append(error_box(tex, result.message, self._language))
                else:
                    out.append(self._deferred(result, place.marks, origin.link, piece.heading))
        return "".join(out)

    def complete(self, text: str) -> str:
        """A page as it is written: the final markup in the place of each deferred formula."""
        return _DEFERRED.sub(self._final, text)

    def _transform(self, formula: Formula, source: Source, origin: Origin) -> _Placed:
        line = source.next(formula.raw)
        tex = formula.tex
        marks: dict[int, str] = {}
        if not formula.problem:
            for transform in self._transforms:
                result = transform(tex, Where(origin.path, line, formula.display))
                if isinstance(result, Annotated):
                    tex, marks = result.tex, {**marks, **result.marks}
                else:
                    tex = result
        changed = Formula(tex, formula.display, formula.raw, formula.alone, formula.problem)
        return _Placed(changed, line, marks)

    def _deferred(
        self, typeset: Typeset, marks: Mapping[int, str], link: str | None, heading: bool
    ) -> str:
        if typeset.is_reference and (href := re.search(r'href="([^"]*)"', typeset.html)):
            anchor = f'<a class="bp-reference" href="{href[1]}">{html.escape(typeset.plain)}</a>'
            return anchor if link is None else elsewhere(anchor, link)
        key = digest(typeset.key, sorted(marks.items()))
        self._shown[key] = (typeset, marks)
        self.met.add(key)
        attributes = f'data-bp-mathematics="{key}"'
        if link is not None:
            attributes += f' data-bp-page="{html.escape(link)}"'
        if heading:  # a search result shows it as text, and should show all of it
            return f"<math {attributes}><mtext>{html.escape(typeset.plain)}</mtext></math>"
        return typeset.mml.replace("<math", f"<math {attributes} data-search-exclude", 1)

    def _final(self, match: re.Match[str]) -> str:
        if match["key"] not in self._shown:  # kept from another build, by somebody's cache
            return match[0]
        typeset, marks = self._shown[match["key"]]
        link = html.unescape(match["page"]) if match["page"] is not None else None
        return markup(typeset, self._language, page=link, marks=marks)


_DEFERRED = re.compile(
    r'<math data-bp-mathematics="(?P<key>\w+)"(?: data-bp-page="(?P<page>[^"]*)")?[^>]*>.*?</math>',
    re.DOTALL,
)


@dataclass(frozen=True)
class _Placed:
    formula: Formula
    line: int | None
    marks: Mapping[int, str]


@dataclass(frozen=True)
class _Piece:
    """A stretch of HTML: text, or a formula, or a leftover (message, line, sign, contexts …)."""

    text: str = ""
    formula: Formula | None = None
    alone: bool = False
    heading: bool = False
    leftover: tuple[str, ...] = ()


def _pieces(text: str, formulas: Sequence[Formula]) -> Iterator[_Piece]:
    """Cut the HTML of a page at its formulas, wherever a reader sees them as formulas."""
    code, heading, last = 0, False, 0
    kept = 0  # up to here it has been said
    for token in _TOKEN.finditer(text):
        if not code:
            in_cell = bool(token["close"]) and (token["tag"] or "").lower() in ("td", "th")
            yield from _leftovers(text[last : token.start()], in_cell)
        last = token.end()
        if token["tag"] is None and token.group().startswith("\x02"):
            yield _Piece(text[kept : token.start()])
            kept = last
            formula = formulas[int(PLACEHOLDER.fullmatch(token.group())[1])]  # type: ignore[index]
            if code:  # a formula shown as code
                yield _Piece(html.escape(formula.raw, quote=False))
            else:
                before = text[max(0, token.start() - 400) : token.start()]
                alone = _OPENED.search(before) and _CLOSED.match(text[last : last + 40])
                yield _Piece(formula=formula, alone=bool(alone), heading=heading)
            continue
        tag = (token["tag"] or "").lower()
        if tag in _CODE and not (token["rest"] or "").endswith("/"):
            code = max(0, code + (-1 if token["close"] else 1))
        elif _HEADING.match(tag):
            heading = not token["close"]
        if "\x02" in token.group():
            yield _Piece(text[kept : token.start()] + _restore(token.group(), formulas))
            kept = last
    if not code:
        yield from _leftovers(text[last:])
    yield _Piece(text[kept:])


def _restore(tag: str, formulas: Sequence[Formula]) -> str:
    """A tag or comment with formulas in it: attributes are text, so they show TeX as written."""
    return PLACEHOLDER.sub(lambda m: html.escape(formulas[int(m[1])].raw), tag)


def _leftovers(text: str, in_cell: bool = False) -> Iterator[_Piece]:
    if "$" not in text and "\\" not in text:
        return
    text = html.unescape(_ENTITY.sub(DOLLAR, text))
    prices = {m.start() for m in _PRICE.finditer(text)}
    for match in _LEFTOVER.finditer(text):
        if match.start() in prices:
            continue
        start = text.rfind("\n", 0, match.start()) + 1
        end = text.find("\n", match.end())
        line = text[start : end if end >= 0 else None]
        rest = line[match.start() - start :].replace(DOLLAR, "\\$")
        message = _LEFTOVERS.get(match[0], _LEFTOVERS["\\"])
        if (
            in_cell and match[0] == "$" and text.count("$") % 2
        ):  # Markdown has cut the row at the bar before anybody looked for formulas
            message = _CUT
        shown = line.strip().replace(DOLLAR, "\\$")
        yield _Piece(leftover=(message, shown, match[0], rest, rest[:12], rest[:4]))
