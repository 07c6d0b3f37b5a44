"""What the plugins of this blog make, as Markdown: graphs, figures, rows of derivations, marks.

Each function is called with the `page.Page` that is being written and the element.
"""

from __future__ import annotations

import re
from typing import Any

from backprop.site.export import drawings, formulas
from backprop.site.export.elements import Element, beside, classes, plain
from backprop.site.export.text import centred, drawing, escaped, folded, indented, spot
from backprop.site.export.words import WORDS, say


def drawn(page: Any, element: Element) -> list[str]:
    """A figure of a graph: the drawing, its legend, both codes, and the steps as a list."""
    parts = element.xpath(".//div[contains(@class, 'bp-flow-right')]//svg[not(@aria-hidden)]")
    address = [page.place.keep("graph", data) for data in drawings.graph(parts)]
    described = next((e.text or "" for e in element.iter("title")), "")
    described = re.sub(r" \(\d+/\d+\)$", "", described)
    found = [centred(drawing(one, described)) for one in address]
    found += [page.whole(one, "*") for one in element.iter("figcaption")]
    inner = list(element.iter("div", "ul", "ol"))
    for legend in (one for one in inner if "bp-legend" in classes(one)):
        found.append(" · ".join(_key(page, item) for item in legend))
    for each in (one for one in inner if "bp-code" in classes(one)):
        found += page.code_block(each)
    for steps in (one for one in inner if "bp-steps" in classes(one)):
        title = say("steps", page.place.language)
        found.append(folded(title, "\n".join(page.items(steps))))
    return found


def _key(page: Any, item: Element) -> str:
    """What a sign of a drawing stands for; the sign itself is drawn by the site's style, so that
    here it is named."""
    key = next((c.removeprefix("bp-key-") for c in classes(item) if c.startswith("bp-key-")), "")
    language = page.place.language
    said = page.inside(item).strip()
    return say("term", language, term=say(key, language), said=said) if key in WORDS else said


def step(page: Any, element: Element) -> list[str]:
    """What is told of a step, on one line."""
    language = page.place.language
    head = element.find(".//p[@class='bp-head']")
    line = "" if head is None else page.inside(head).strip()
    terms = [
        say(
            "term",
            language,
            term=page.inside(term).strip(),
            said=page.inside(term.getnext()).strip(),
        )
        for term in element.iter("dt")
        if term.getnext() is not None
    ]
    said = say("and", language).join(terms)
    return [line + (say("aside", language, words=said) if said else "")]


def plotted(page: Any, element: Element) -> list[str]:
    svg = next(element.iter("svg"), None)
    if svg is None:
        return page.blocks(element)
    address = page.place.keep("figure", drawings.plot(svg))
    caption = [page.whole(one, "*") for one in element.iter("figcaption")]
    return [centred(drawing(address, svg.get("aria-label") or "")), *caption]


def displayed(page: Any, element: Element) -> list[str]:
    typeset = page.typeset[element]
    marks = [one for one in element.iter("*") if "bp-row-mark" in classes(one)]
    anchors = "".join(
        spot(name) for _, name in typeset.labels.values() if name in page.place.anchors
    )
    if not any(plain(mark) or len(mark) for mark in marks):
        drawn = formulas.whole(typeset)
        address = page.place.keep("formula", drawn.data)
        return [anchors, centred(drawing(address, formulas.names(typeset, 1)[0]))]
    drawn_rows = formulas.rows(typeset, len(marks))
    said = [page.inside(mark).strip() for mark in marks]
    if len(drawn_rows) != len(said):
        said = ["<br>".join(filter(None, said))]
    rows = []
    names = formulas.names(typeset, len(drawn_rows))
    for row, name, mark in zip(drawn_rows, names, said, strict=True):
        address = page.place.keep("formula", row.data)
        shown = drawing(address, name, "vertical-align:middle", "absmiddle")
        rows.append(indented(f"{shown}\n\n{mark}" if mark else shown, "-   ") + "\n")
    return [anchors, "\n".join(rows).rstrip()]


def mark(page: Any, element: Element) -> str:
    """A mark and, in words, what it stands for; on the page these are a pop-up."""
    words = element.getnext()
    language, sign = page.place.language, escaped((element.text or "").strip())
    if words is None or "bp-mark-why" not in classes(words):
        said = escaped(element.get("title") or "")
    else:
        said = say("and", language).join(page.inside(one).strip() for one in words)
    if not said:
        return sign
    in_row = any("bp-row-mark" in classes(e) for e in element.iterancestors())
    if in_row:
        return f"{sign} {said}"
    room = " " * (not beside(element)[0].isspace())
    return f"{room}{sign}{say('aside', language, words=said)}"
