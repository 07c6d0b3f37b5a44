"""Elements of a page: what they are, and what they say as a line of text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from backprop.site.mathematics.linear import linear as line_of

Element = Any  # of lxml, which has no types


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEADINGS = _names("h1 h2 h3 h4 h5 h6")
_BLOCKS = HEADINGS | _names(
    "address article aside blockquote center dd details dialog div dl dt fieldset figcaption "
    "figure footer form header hr iframe li main nav object ol p pre section table ul video audio"
)
_DROPPED = _names("button input link meta noscript script style template textarea select")
DROPPED_CLASSES = _names(
    "headerlink bp-permalink bp-byline md-tags bp-run-it bp-stepper bp-hides bp-flow-down bp-whole "
    "bp-mark-why md-source-file linenos footnote-backref bp-untranslated md-content__button"
)
"""What only a page has a use for."""


def classes(element: Element) -> set[str]:
    return set((element.get("class") or "").split())


def is_dropped(element: Element) -> bool:
    own = classes(element)
    dropped = element.tag in _DROPPED and "bp-mark" not in own
    return dropped or element.get("hidden") is not None or bool(own & DROPPED_CLASSES)


def is_block(element: Element) -> bool:
    if element.tag == "mjx-container":
        return element.get("display") is not None
    if element.tag in ("svg", "math"):
        return False
    return element.tag in _BLOCKS or any(map(is_block, element.iterchildren("*")))


def plain(element: Element) -> str:
    """An element as a line of text."""

    def parts(one: Element) -> Iterator[str]:
        if isinstance(one.tag, str) and not is_dropped(one):
            if one.tag == "mjx-container" and (mml := next(one.iter("math"), None)) is not None:
                yield linear(mml)
            elif one.tag == "math":
                yield linear(one)
            else:
                yield one.text or ""
                for child in one:
                    yield from parts(child)
                    yield child.tail or ""

    return " ".join("".join(parts(element)).split())


def linear(mml: Element) -> str:
    """A `math` element as a line of text."""
    alone = etree.fromstring(etree.tostring(mml, with_tail=False))
    return line_of(etree.tostring(alone, encoding="unicode"))


def beside(element: Element) -> tuple[str, str]:
    """The characters right before and right behind an element; a blank where there are none, a
    letter where another element stands, which may begin and end with anything."""
    before = element.getprevious()
    left = element.getparent().text if before is None else before.tail or "x"
    right = element.tail or ("x" if element.getnext() is not None else "")
    return (left or " ")[-1:], (right or " ")[:1]
