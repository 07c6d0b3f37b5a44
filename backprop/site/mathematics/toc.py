"""Formulas in the table of contents: typeset as in the heading, where that has any."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_HEADING = re.compile(r'<h([1-6])\b[^>]*?\bid="([^"]+)"[^>]*>(.*?)</h\1>', re.DOTALL)
_FORMULA = "<math data-bp-mathematics="
# An entry of the table is a link already, and what it shows has its place, and its id, elsewhere.
_ELSEWHERE = re.compile(
    r'<a class="headerlink".*?</a>|<sup\b[^>]*>\s*<a class="footnote-ref".*?</sup>|</?a\b[^>]*>'
    r'|\s+id="[^"]*"',
    re.DOTALL,
)


def typeset_entries(html: str, entries: Iterable[Any], markdown: str) -> None:
    """Give the entries of headings with formulas what Material shows in place of their title.

    html: the page's content, with deferred formulas; entries: `page.toc`; markdown: the page's
    source. Other themes know no `typeset` and go on to show the title, which is plain text.
    """
    if _FORMULA not in html:
        return
    headings = {name: inner for _, name, inner in _HEADING.findall(html) if _FORMULA in inner}
    for entry in _all(entries):
        inner = headings.get(entry.id)
        if inner and not re.search(rf"data-toc-label=['\"]{re.escape(entry.title)}", markdown):
            entry.typeset = {"title": _ELSEWHERE.sub("", inner).strip()}


def _all(entries: Iterable[Any]) -> Iterator[Any]:
    for entry in entries:
        yield entry
        yield from _all(entry.children)
