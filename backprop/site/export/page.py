"""A page's HTML as Markdown that needs no plugin."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from backprop.program.kinds import KINDS
from backprop.site.export import drawings, formulas, ours
from backprop.site.export.elements import (
    HEADINGS,
    Element,
    beside,
    classes,
    is_block,
    is_dropped,
    linear,
    plain,
)
from backprop.site.export.text import (
    attribute,
    code,
    drawing,
    escaped,
    fenced,
    folded,
    indented,
    joined,
    link,
    paragraph,
    picture,
    spot,
)
from backprop.site.mathematics.typeset import Typeset

_KEPT = {"sub", "sup", "kbd", "ins", "del"}  # inline elements that every dialect shows
_MARK = "\ue000"  # between a line of code and the mark that stands behind it


class Place(Protocol):
    """Where a page is written: what its links lead to, and who keeps its pictures."""

    language: str
    anchors: set[str]

    def address(self, href: str) -> str | None:
        """What a link of the page becomes; None for what is not there any more."""

    def file(self, src: str) -> str:
        """What the address of a picture becomes, the file copied."""

    def keep(self, kind: str, data: bytes) -> str:
        """The address of a file that is made for the page."""


class Page:
    """One page; `typeset` are its formulas in order."""

    def __init__(self, place: Place, containers: Iterable[Element], typeset: Iterable[Typeset]):
        self.place = place
        self.typeset = dict(zip(containers, typeset, strict=True))
        self.in_table = False

    # ---- blocks ----------------------------------------------------------------------------

    def blocks(self, element: Element) -> list[str]:
        """What stands in an element, as blocks: text between elements is a paragraph."""
        found: list[str] = []
        line = escaped(element.text or "")
        for child in element:
            if isinstance(child.tag, str) and not is_dropped(child):
                if is_block(child):
                    found += [paragraph(line), *self.block(child)]
                    line = ""
                else:
                    line += self.inline(child)
            line += escaped(child.tail or "")
        return [block for block in (*found, paragraph(line)) if block.strip()]

    def block(self, element: Element) -> list[str]:
        """A block-level element."""
        own = classes(element)
        made = next((make for name, make in _BY_CLASS.items() if name in own), None)
        made = made or _BY_TAG.get(element.tag)
        blocks = made(self, element) if made else self.blocks(element)
        if element.tag not in HEADINGS and element.get("id") in self.place.anchors:
            blocks = [spot(element.get("id", "")), *blocks]
        return [block for block in blocks if block.strip()]

    def _paragraph(self, element: Element) -> list[str]:
        if any(map(is_block, element.iterchildren("*"))):
            return self.blocks(element)
        return [paragraph(self.inside(element))]

    def whole(self, element: Element, sign: str) -> str:
        """All of an element in bold or italics, whatever is so in it already."""
        inner = self.inside(element).strip()
        return f"{sign}{escaped(plain(element)) if '*' in inner else inner}{sign}"

    def _bold(self, element: Element) -> list[str]:
        return [self.whole(element, "**")]

    def _heading(self, element: Element) -> list[str]:
        name, text = element.get("id", ""), self.inside(element).strip()
        anchor = ""
        if name in self.place.anchors and name not in _slugs(plain(element)):
            anchor = spot(name)
        return [f"{'#' * int(element.tag[1])} {anchor}{text}"]

    def _list(self, element: Element) -> list[str]:
        return ["\n".join(self.items(element)).rstrip("\n")]

    def items(self, element: Element) -> Iterator[str]:
        items = [child for child in element if child.tag == "li" and not is_dropped(child)]
        first = int(element.get("start") or 1)
        numbers = first + len(items) <= 100  # wider ones would need a deeper indentation
        made = [self.blocks(item) for item in items]
        tight = all(set(_kinds(item)) <= {"ul", "ol"} for item in items)
        for n, (item, blocks) in enumerate(zip(items, made, strict=True), first):
            for box in item.xpath("(. | label | p | p/label)/input[@type='checkbox']")[:1]:
                blocks[:1] = [f"[{' x'[box.get('checked') is not None]}] {''.join(blocks[:1])}"]
            if item.get("id") in self.place.anchors:
                blocks[:1] = [spot(item.get("id", "")) + "".join(blocks[:1])]
            marker = f"{n if numbers else first}." if element.tag == "ol" else "-"
            text = "\n".join(blocks) if tight else joined(blocks)
            yield indented(text or "&#160;", marker.ljust(4)) + ("" if tight else "\n")

    def _terms(self, element: Element) -> list[str]:
        lines: list[str] = []
        for child in element:
            if child.tag == "dt":
                lines.append(self.whole(child, "**"))
            elif child.tag == "dd":
                lines += [indented(joined(self.blocks(child)), "-   ")]
        return lines

    def code_block(self, element: Element) -> list[str]:
        source = next((c for c in element.iter("code") if "linenos" not in classes(c)), element)
        names = " ".join(e.get("class") or "" for e in (source, *source.iterancestors()))
        language = re.search(r"(?:^|\s)language-([\w+#-]+)", names)
        text = "".join(self._lines(source))
        lines = [line.split(_MARK) for line in text.split("\n")]
        wide = max((len(line[0]) for line in lines if len(line) > 1), default=0)
        text = "\n".join(
            f"{line[0].ljust(wide)}  # ✓ {'; '.join(line[1:])}" if len(line) > 1 else line[0]
            for line in lines
        )
        label = [f"*{escaped(element.get('data-label', ''))}*"] if element.get("data-label") else []
        label += [
            f"**{escaped(title.text_content())}**"
            for title in element.iter("span", "p")
            if classes(title) & {"filename", "bp-code-title"}
        ]
        own = set(names.split())
        guess = {"bp-code": "python"} | {
            kind.shown[1]: kind.shown[0] for kind in reversed(KINDS.values()) if kind.shown
        }
        kind = language[1] if language else next((guess[n] for n in guess if n in own), "")
        if self.in_table:  # no dialect has blocks there
            return [code(line, in_table=True) for line in text.strip("\n").split("\n")]
        return [*label, fenced(text.strip("\n"), kind)]

    def _lines(self, element: Element) -> Iterator[str]:
        if "bp-check" in classes(element):
            yield f"{_MARK}{element.get('data-shape')}"
        elif isinstance(element.tag, str):
            yield element.text or ""
            for child in element:
                yield from self._lines(child)
                yield child.tail or ""

    def _mermaid(self, element: Element) -> list[str]:
        return [fenced(element.text_content(), "mermaid")]

    def _quote(self, element: Element) -> list[str]:
        text = joined(self.blocks(element))
        return ["\n".join(f"> {line}".rstrip() for line in text.split("\n"))]

    def _details(self, element: Element) -> list[str]:
        summary = element.find("summary")
        title = "" if summary is None else plain(summary)
        inner = joined(self.blocks(element))
        return [folded(title, inner, shown=element.get("open") is not None)]

    def _tabs(self, element: Element) -> list[str]:
        labels = [self.inside(one).strip() for one in element.iter("label")]
        blocks = [one for one in element.iter("div") if "tabbed-block" in classes(one)]
        return [
            block
            for label, tab in zip(labels, blocks, strict=False)
            for block in (f"**{label}**", *self.blocks(tab))
        ]

    def _table(self, element: Element) -> list[str]:
        lines = element.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
        self.in_table = True
        try:
            rows = [[self._cell(cell) for cell in row if cell.tag in ("td", "th")] for row in lines]
            aligned = [
                re.search(r"left|right|center", cell.get("style") or cell.get("align") or "")
                for row in lines[:1]
                for cell in row
                if cell.tag in ("td", "th")
            ]
        finally:
            self.in_table = False
        if not rows:
            return []
        if not any(cell.tag == "th" for cell in lines[0]):
            rows.insert(0, [""] * len(rows[0]))
        wide = max(map(len, rows))
        rules = [_RULES[found[0] if found else ""] for found in aligned]
        rows.insert(1, (rules + ["---"] * wide)[:wide])
        caption = element.find("caption")
        above = [] if caption is None else [self.whole(caption, "*")]
        made = [f"| {' | '.join(row + [''] * (wide - len(row)))} |" for row in rows]
        return [*above, "\n".join(made)]

    def _cell(self, cell: Element) -> str:
        return "<br>".join(block.replace("\n", " ") for block in self.blocks(cell))

    def _media(self, element: Element) -> list[str]:
        sources = [e.get("src") or e.get("data") for e in (element, *element.iter("source"))]
        address = next((self.place.address(src) for src in sources if src), None)
        name = element.get("title") or address or ""
        return [link(escaped(name), address)] if address else self.blocks(element)

    def _footnotes(self, element: Element) -> list[str]:
        return [
            indented(joined(self.blocks(item)), f"[^{_note(item.get('id', ''))}]: ")
            for item in element.iter("li")
            if (item.get("id") or "").startswith("fn:")
        ]

    # ---- inline ----------------------------------------------------------------------------

    def inside(self, element: Element) -> str:
        return escaped(element.text or "") + "".join(
            (self.inline(child) if isinstance(child.tag, str) else "") + escaped(child.tail or "")
            for child in element
        )

    def inline(self, element: Element) -> str:
        if "bp-mark" in classes(element):
            return ours.mark(self, element)
        if "bp-tag" in classes(element):  # beside the next one, which a style sheet moves away
            return f"*{self.inside(element).strip()}* "
        if is_dropped(element):
            return ""
        made = _INLINE.get(element.tag)
        text = made(self, element) if made else self.inside(element)
        if element.get("id") in self.place.anchors and element.tag != "a":
            text = spot(element.get("id", "")) + text
        return text

    def _emphasis(self, element: Element) -> str:
        sign = "**" if element.tag in ("strong", "b") else "*"
        text = self.inside(element)
        bare = text.strip()
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        if not bare:
            return text
        # CommonMark sees no emphasis where a sign stands between a letter and punctuation, as
        # it does everywhere in Chinese.
        left, right = beside(element)
        edges = ((left if text == text.lstrip() else " ", bare[0]), (right, bare[-1]))
        if all(inner.isalnum() or not outer.strip() for outer, inner in edges):
            return f"{before}{sign}{bare}{sign}{after}"
        tag = "strong" if sign == "**" else "em"
        return f"{before}<{tag}>{bare}</{tag}>{after}"

    def _code_span(self, element: Element) -> str:
        return code(element.text_content(), self.in_table)

    def _anchor_or_link(self, element: Element) -> str:
        text = self.inside(element)
        if "footnote-ref" in classes(element):
            return f"[^{_note(element.get('href', ''))}]"
        href = element.get("href")
        name = element.get("id") or element.get("name")
        anchor = spot(name) if name in self.place.anchors else ""
        address = self.place.address(href) if href else None
        return anchor + (link(text, address) if address and text.strip() else text)

    def _kept(self, element: Element) -> str:
        inner = self.inside(element)
        return inner if inner.startswith("[^") else f"<{element.tag}>{inner}</{element.tag}>"

    def _image(self, element: Element) -> str:
        source = element.get("src") or ""
        if source.endswith(("#only-dark", "#gh-dark-mode-only")):  # its other one stands beside it
            return ""
        address = self.place.file(source.partition("#")[0])
        sizes = "".join(
            f' {name}="{attribute(element.get(name, ""))}"'
            for name in ("width", "height", "title")
            if element.get(name)
        )
        return picture(address, element.get("alt") or "")[:-1] + f"{sizes}>"

    def _svg(self, element: Element) -> str:
        address = self.place.keep("icon", drawings.file_of(element))
        return drawing(address, element.get("aria-label") or "", "height:1em", "absmiddle")

    def _formula(self, element: Element) -> str:
        typeset = self.typeset[element]
        if any(e.tag in HEADINGS for e in element.iterancestors()):
            return escaped(typeset.plain)  # so that tables of contents can show it
        drawn = formulas.whole(typeset)
        address = self.place.keep("formula", drawn.data)
        return drawing(address, typeset.plain, drawn.style, "absmiddle")

    def _mathml(self, element: Element) -> str:
        left, right = beside(element)
        text = escaped(linear(element))
        return f"{' ' * (left.isalnum() or left in ',;:')}{text}{' ' * right.isalnum()}"

    def _abbreviation(self, element: Element) -> str:
        title = attribute(element.get("title") or "")
        return f'<abbr title="{title}">{self.inside(element)}</abbr>'


_RULES = {"": "---", "left": ":--", "right": "--:", "center": ":-:"}
_Blocks = Callable[[Page, Any], list[str]]
_BY_CLASS: dict[str, _Blocks] = {
    "mermaid": Page._mermaid,
    "bp-figure": ours.drawn,
    "bp-plot": ours.plotted,
    "bp-told": ours.step,
    "bp-made": lambda page, element: [],
    "bp-derivation-title": Page._bold,
    "bp-task": Page._bold,
    "admonition-title": Page._bold,
    "admonition": Page._quote,
    "tabbed-set": Page._tabs,
    "footnote": Page._footnotes,
    "highlight": Page.code_block,
}
_BY_TAG: dict[str, _Blocks] = {
    **dict.fromkeys(HEADINGS, Page._heading),
    **dict.fromkeys(("p", "figcaption"), Page._paragraph),
    **dict.fromkeys(("ul", "ol"), Page._list),
    **dict.fromkeys(("iframe", "video", "audio", "object"), Page._media),
    "dl": Page._terms,
    "pre": Page.code_block,
    "blockquote": Page._quote,
    "details": Page._details,
    "table": Page._table,
    "hr": lambda page, element: ["* * *"],
    "summary": lambda page, element: [],
    "mjx-container": ours.displayed,
}
_INLINE: dict[str, Callable[[Page, Any], str]] = {
    **dict.fromkeys(("strong", "b", "em", "i"), Page._emphasis),
    **dict.fromkeys(_KEPT, Page._kept),
    "code": Page._code_span,
    "a": Page._anchor_or_link,
    "img": Page._image,
    "svg": Page._svg,
    "br": lambda page, element: "<br>",
    "abbr": Page._abbreviation,
    "mjx-container": Page._formula,
    "math": Page._mathml,
    "summary": lambda page, element: "",
}


def _kinds(item: Element) -> Iterator[str]:
    """The blocks that stand in an item of a list, besides its text."""
    for child in item.iterchildren("*"):
        if "bp-told" not in classes(child) and is_block(child) and not is_dropped(child):
            if "bp-made" not in classes(child):
                yield child.tag


def _note(reference: str) -> str:
    return re.sub(r"[^\w-]", "-", reference.removeprefix("#").removeprefix("fn:"))


def _slugs(text: str) -> set[str]:
    """The ids that a code host and that MkDocs give a heading; both, or none is certain."""
    host = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    mkdocs = re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", text, flags=re.ASCII).strip().lower())
    return {host} & {mkdocs}
