"""Code that is far away is laid out when it comes near: how high it will be is told in advance.

Half of what a browser does before a long page can be used is to lay out code that nobody sees
yet. `content-visibility` leaves it for later, and moves nothing where the height is known.
"""

from __future__ import annotations

import re
from html import unescape

from backprop.site.pages.tables import columns

FEW = 3  # lines, from which on it is worth it
# What was printed is left out: its lines go on below where they are too long.
_CODE = re.compile(
    r"(?P<box><div\b(?![^>]*\bbp-output\b)[^>]*\bhighlight\b[^>]*>\s*<pre>(?:<span></span>)?)"
    r"<code>(?P<text>.*?)</code>",
    re.DOTALL,
)


def with_heights(html: str) -> str:
    """The page with its blocks of code marked: how many lines, how many columns in the longest."""
    return _CODE.sub(_tall, html)


def _tall(match: re.Match[str]) -> str:
    lines = unescape(re.sub(r"<[^>]*>", "", match["text"])).rstrip("\n").split("\n")
    if len(lines) < FEW:
        return match[0]
    size = f'data-lines="{len(lines)}" data-columns="{max(map(columns, lines))}"'
    return f"{match['box']}<code {size}>{match['text']}</code>"
