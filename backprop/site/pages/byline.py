"""The line below a post's title: date, reading time, and what it is a translation of.

Material shows date and reading time beside the post on wide screens, and below its end on narrow
ones; this line brings them up there, and on paper. The texts are the theme's own.
"""

from __future__ import annotations

import re
from html import escape

from backprop.site.languages.words import NAMES
from backprop.site.pages.metadata import About
from backprop.site.pages.words import say

_META = re.compile(r'<ul class="md-post__meta.*?</ul>', re.DOTALL)
_ITEM = re.compile(
    r'<div class="md-nav__link">\s*<svg.*?</svg>\s*<(time|span)([^>]*)>(.*?)</\1>', re.DOTALL
)
_TAGS = re.compile(r'\s*<div class="md-tags"[^>]*>.*?</div>', re.DOTALL)
_ALTERNATE = re.compile(r'<link\b[^>]*\bhreflang="([^"]+)"[^>]*\bdata-href="([^"]+)"')


def with_byline(html: str, about: About) -> str:
    """The page with the line, and with the post's tags below it instead of above the title."""
    article = html.find('<article class="md-content__inner')
    title = html.find("</h1>", article)
    if about.created is None or article < 0 or title < 0:
        return html
    title += len("</h1>")
    head, body, rest = html[:article], html[article:title], html[title:]
    tags = _TAGS.search(body)
    if tags:
        body = body.replace(tags.group(), "", 1)
    items = [f'<li class="bp-meta">{text}</li>' for text in _meta(html)] + _translation(html, about)
    line = f'\n<ul class="bp-byline">{"".join(items)}</ul>' if items else ""
    return head + body + line + (tags.group() if tags else "") + rest


def _meta(html: str) -> list[str]:
    found = _META.search(html)
    texts = []
    for name, attributes, text in _ITEM.findall(found.group() if found else ""):
        attributes = attributes.replace(' class="md-ellipsis"', "")
        texts.append(f"<{name}{attributes}>{' '.join(text.split())}</{name}>")
    return texts


def _translation(html: str, about: About) -> list[str]:
    """A link to the original, or from the original to its translations."""
    links = dict(_ALTERNATE.findall(html))
    original = about.translations.get("x-default")
    if not original:
        return []
    if original != about.url:
        default = next(
            (t for t, url in about.translations.items() if url == original and t != "x-default"), ""
        )
        tags, key = [default], "translated"
    else:
        tags, key = (
            [t for t in about.translations if t not in ("x-default", about.language)],
            "also",
        )
    items = []
    for tag in filter(links.get, tags):
        name = NAMES.get(tag) or NAMES.get(tag.split("-")[0], tag)
        link = (
            f'<a href="{links[tag]}" hreflang="{escape(tag)}" lang="{escape(tag)}">'
            f"{escape(name)}</a>"
        )
        items.append(f"<li>{say(key, about.language, name=link)}</li>")
    return items
