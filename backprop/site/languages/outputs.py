"""What the plugin writes into pages and beside them: text in, text out."""

from __future__ import annotations

import re
from html import escape

from backprop.site.languages.catalogue import Catalogue, Edition

_THEME_ALTERNATE = re.compile(r'\s*<link rel="alternate" href="[^"]*" hreflang="[^"]*">')


def head_links(catalogue: Catalogue, edition: Edition, source: str) -> str:
    """`hreflang` links of a page that has translations, and x-default; otherwise nothing.

    `href` is absolute, as search engines ask for; `data-href` is relative, for the switcher, which
    must also work where the site is only tried out.
    """
    found = catalogue.translations(edition, source)
    if not found:
        return ""
    start = edition.path(edition.entries[source].url)
    first = next(iter(found))
    lines = []
    for key, entry in [*found.items(), ("x-default", found[first])]:
        other = catalogue.editions[first if key == "x-default" else key]
        tag = "x-default" if key == "x-default" else other.language.tag
        path = other.path(entry.url)
        near = escape(catalogue.relative(path, start))
        far = escape(catalogue.absolute(path)) if catalogue.site_url else near
        lines.append(
            f'<link rel="alternate" hreflang="{escape(tag)}" href="{far}" data-href="{near}">'
        )
    return "\n".join(lines) + "\n"


def with_head(html: str, links: str, tag: str) -> str:
    """A page with the language's tag, and with `links` instead of the theme's own alternates."""
    html = re.sub(r'(<html\b[^>]*?\slang=")[^"]*"', rf'\g<1>{escape(tag)}"', html, count=1)
    head, end, body = html.partition("</head>")
    if not end:
        return html
    return _THEME_ALTERNATE.sub("", head) + links + end + body


def theme_alternates(catalogue: Catalogue, edition: Edition) -> list[dict]:
    """Material's `extra.alternate`, from which its header makes the switcher.

    The links are marks: the theme's `url` filter lets an address with a scheme pass, and confuses
    relative ones that lead out of the language's own folder.
    """
    return [
        {
            "name": other.language.name,
            "lang": other.language.tag,
            "link": f"language-page:{other.language.key}:",
            "current": other is edition,
        }
        for other in catalogue.editions.values()
    ]


def with_switcher(html: str, catalogue: Catalogue, edition: Edition, source: str | None) -> str:
    """The page with its translations in the switcher, or else the home of the language.

    An error page (`source` None) is shown at any address, so its links are absolute paths.
    """

    def address(match: re.Match[str]) -> str:
        other = catalogue.editions[match[1]]
        if source is None:
            return escape(catalogue.root_path + other.home)
        entry = catalogue.translation(edition, source, other)
        path = other.path(entry.url) if entry else other.home
        return escape(catalogue.relative(path, edition.path(edition.entries[source].url)))

    return re.sub(r"language-page:([\w-]+):", address, html)


def untranslated_note(catalogue: Catalogue, edition: Edition, source: str) -> str:
    """A note on a page that some language does not have, with the way to that language's home.

    Said in the page's language, and in the missing one to those who came for it.
    """
    start = edition.path(edition.entries[source].url)
    lines = []
    for other in catalogue.others(edition):
        if catalogue.translation(edition, source, other):
            continue
        words, here = other.language.words, edition.language.words
        missing = here["untranslated"].replace("{name}", other.language.name)
        home = escape(catalogue.relative(other.home, start))
        lines.append(
            f'<p>{escape(missing)} <span lang="{escape(other.language.tag)}">'
            f"{escape(words['unavailable'])} "
            f'<a href="{home}" hreflang="{escape(other.language.tag)}">{escape(words["home"])}</a>'
            "</span></p>"
        )
    if not lines:
        return ""
    return '<aside class="bp-untranslated" role="note">' + "".join(lines) + "</aside>"


def with_note(content: str, note: str) -> str:
    """The content of a page with the note below its title."""
    if not note:
        return content
    title = re.search(r"</h1>", content)
    at = title.end() if title else 0
    return content[:at] + note + content[at:]


def sitemap(catalogue: Catalogue, edition: Edition) -> str:
    """The sitemap of one edition: each page with its translations, posts with their date."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
        ' xmlns:xhtml="http://www.w3.org/1999/xhtml">',
    ]
    for page in edition.pages:
        lines.append("  <url>")
        lines.append(f"    <loc>{escape(catalogue.absolute(edition.path(page.url)))}</loc>")
        if page.changed:
            lines.append(f"    <lastmod>{page.changed.isoformat()}</lastmod>")
        found = catalogue.translations(edition, page.source)
        targets = [(catalogue.editions[key], entry) for key, entry in found.items()]
        tags = [other.language.tag for other, _ in targets]
        for tag, (other, entry) in zip([*tags, "x-default"], targets + targets[:1], strict=False):
            href = escape(catalogue.absolute(other.path(entry.url)))
            lines.append(f'    <xhtml:link rel="alternate" hreflang="{tag}" href="{href}"/>')
        lines.append("  </url>")
    return "\n".join([*lines, "</urlset>", ""])


def feed_without_image(feed: str) -> str:
    """A feed without the image that the feed plugin writes, with no address, where none is set."""
    return re.sub(r"<image>\s*<url>None</url>.*?</image>\s*", "", feed, flags=re.DOTALL)


def robots(catalogue: Catalogue) -> str:
    """robots.txt naming the sitemap of every language."""
    maps = [catalogue.absolute(e.path("sitemap.xml")) for e in catalogue.editions.values()]
    return "User-agent: *\nAllow: /\n\n" + "".join(f"Sitemap: {url}\n" for url in maps)
