"""Faults of Material's own pages, most of them for readers with a screen reader, mended.

Each row names what is wrong, what is found in the page and what takes its place. The tests walk
the rows: a row whose fault Material has mended itself matches nothing any more and can go.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Mend(NamedTuple):
    fault: str
    find: str
    replace: str


# The palette that Material will choose for who has chosen none, as it stores one.
_PALETTE = (
    '(()=>{var all=[...document.querySelectorAll("[name=__palette]")],'
    "one=all.find(e=>matchMedia(e.dataset.mdColorMedia).matches)||all[0],d=one&&one.dataset;"
    'return d&&{color:{media:d.mdColorMedia||"",scheme:d.mdColorScheme,'
    "primary:d.mdColorPrimary,accent:d.mdColorAccent}}})()"
)

MENDS = [
    Mend(
        "who prefers dark pages sees a light one first, until Material's script has started",
        r'var palette=__md_get\("__palette"\);',
        f'var palette=__md_get("__palette")||{_PALETTE};',
    ),
    Mend(
        "the search dialog has no name",
        r'(<div class="md-search" data-md-component="search" role="dialog")'
        r'(>.*?<input[^>]*?aria-label=("[^"]*"))',
        r"\1 aria-label=\3\2",
    ),
    Mend(
        "the progress bar has no name; it is decoration",
        r'(<div class="md-progress" data-md-component="progress") role="progressbar">',
        r'\1 aria-hidden="true">',
    ),
    Mend(
        "the navigation beside a post has no name",
        r'(md-sidebar--post"(?:(?!<nav).)*<nav class="md-nav md-nav--primary")'
        r'(>.*?class="md-post__title">\s*<span[^>]*>\s*([^<]*?)\s*<)',
        r'\1 aria-label="\3"\2',
    ),
    Mend(
        "what is told about a post is a landmark without a name",
        r'(<div class="md-post__title">(?:(?!<nav).)*?</div>\s*)'
        r'<nav class="md-nav">((?:(?!<nav).)*?)</nav>',
        r'\1<div class="md-nav">\2</div>',
    ),
    Mend(
        "every 'continue reading' is a landmark of its own",
        r'<nav class="md-post__action">(.*?)</nav>',
        r'<div class="md-post__action">\1</div>',
    ),
    Mend(
        "the tags of a page are a landmark without a name",
        r'<nav class="md-tags"([^>]*)>(.*?)</nav>',
        r'<div class="md-tags"\1>\2</div>',
    ),
    Mend(
        "the pages of a long list are a landmark without a name",
        r'<nav class="md-pagination">(.*?)</nav>',
        r'<div class="md-pagination">\1</div>',
    ),
    Mend(
        "the link to the repository asks another host how many stars it has",
        r'(class="md-source") data-md-component="source"',
        r"\1",
    ),
    Mend(
        "aria-expanded stands where it has no meaning",
        r'(<nav class="md-nav"[^>]*) aria-expanded="(?:true|false)"',
        r"\1",
    ),
    Mend(
        "a logo that is a link's only content repeats the link's name",
        r'(class="md-(?:header|nav)__button md-logo"[^>]*>\s*<img [^>]*)alt="logo"',
        r'\1alt=""',
    ),
]


def mended(html: str) -> str:
    """The page without the faults."""
    for mend in MENDS:
        html = re.sub(mend.find, mend.replace, html, flags=re.DOTALL)
    return html
