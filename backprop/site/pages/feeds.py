"""Feeds carry the whole post, as any reader of feeds can show it.

The feed plugin writes what a post is about. Behind that goes the post itself, made of the finished
page: text, code and outputs as they are, addresses in full, formulas as their TeX, since feeds
bring no style sheet; a drawing is a link to the page's own, which moves. A JSON feed whose site
names no author is by the blog itself, as the metadata of its pages says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin

KEPT = frozenset(
    re.findall(
        r"\w+",
        "p br hr h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote pre code em strong b i s del ins mark"
        " sub sup kbd samp var abbr q cite small a img table caption thead tbody tfoot tr th td"
        " figcaption details summary time",
    )
)
ATTRIBUTES = ("href", "src", "alt", "title", "lang", "dir", "colspan", "rowspan", "start")
VOID = frozenset(("br", "hr", "img", "input", "wbr", "source", "col", "link", "meta"))
SKIPPED = frozenset(
    ("h1", "script", "style", "button", "form", "template", "aside", "nav", "iframe", "object")
)
LEFT_OUT = {"headerlink", "bp-byline", "md-tags", "md-source-file", "bp-check-legend"}
FORMULA = re.compile(
    r"<mjx-container\b[^>]*>(?:(?!</mjx-container>).)*?<mjx-tex\b[^>]*>(.*?)</mjx-tex>.*?</mjx-container>",
    re.DOTALL,
)


def whole(page: str, url: str) -> str:
    """The content of a page as HTML that stands by itself; empty if it has none."""
    start = re.search(r"<article\b[^>]*\bmd-content__inner\b[^>]*>", page)
    end = page.rfind("</article>")
    if not start or end < 0:
        return ""
    text = FORMULA.sub(_formula, page[start.end() : end])
    text = re.sub(r'<a\b[^>]*href="?#__codeline[^>]*></a>', "", text)
    text = PLOT.sub(lambda plot: _drawing(plot[1], url), text)
    text = re.sub(r"<svg\b.*?</svg>", "", text, flags=re.DOTALL)
    reader = _Reader(url)
    reader.feed(text)
    reader.close()
    return "".join(reader.out).strip()


PLOT = re.compile(r"<figure\b[^>]*\bbp-plot\b[^>]*>\s*<svg\b([^>]*)>.*?</figure>", re.DOTALL)


def _drawing(attributes: str, address: str) -> str:
    """A link to a drawing, called as those hear it called who cannot see it."""
    label = re.search(r'\baria-label="([^"]*)"', attributes)
    return f'<p><a href="{escape(address)}">{label[1] if label else escape(address)}</a></p>'


def _formula(match: re.Match[str]) -> str:
    tex = unescape(match[1]).strip()
    if not tex.startswith("$$"):
        return f"<code>{escape(tex, False)}</code>"
    rows = tex[2:-2].strip().replace(r"\\ ", "\\\\\n").replace(r"\begin{", "\n\\begin{")
    return f"<pre>{escape(rows.strip(), False)}</pre>"


class _Reader(HTMLParser):
    """Copies what is kept; `skipped` is the depth of elements within one that is left out."""

    def __init__(self, url: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.out: list[str] = []
        self.skipped = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if self.skipped:
            self.skipped += tag not in VOID
            return
        classes = set(found.get("class", "").split())
        drawing = tag == "figure" and "bp-figure" in classes
        if drawing:
            address = urljoin(self.url, f"#{found.get('id', '')}")
            label = escape(found.get("aria-label", address))
            self.out.append(_drawing(f'aria-label="{label}"', address))
        if drawing or tag in SKIPPED or classes & LEFT_OUT or "data-search-exclude" in found:
            self.skipped = tag not in VOID
            return
        if tag not in KEPT:
            return
        kept = "".join(
            f' {key}="{escape(urljoin(self.url, value) if key in ("href", "src") else value)}"'
            for key, value in found.items()
            if key in ATTRIBUTES
        )
        self.out.append(f"<{tag}{kept}>")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            self.skipped -= tag not in VOID
        elif tag in KEPT and tag not in VOID:
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.out.append(escape(data, False))


def with_posts(feed: str, name: str, post: Callable[[str], str]) -> str:
    """A feed, RSS or JSON, with whole posts; `post` gives the content of the page at an address."""
    if name.endswith(".json"):
        about: dict[str, Any] = {
            key: value for key, value in json.loads(feed).items() if value is not None
        }
        if not about.get("authors"):  # nobody is named: the blog itself, as its pages say, too
            about["authors"] = [{"name": about["title"], "url": about["home_page_url"]}]
        for entry in about["items"]:
            if text := post(entry["url"]):
                entry["summary"], entry["content_html"] = entry.get("content_html", ""), text
        return json.dumps(about, ensure_ascii=False)

    def item(match: re.Match[str]) -> str:
        link = re.search(r"<link>([^<]*)</link>", match[0])
        text = post(unescape(link[1])) if link else ""
        if not text:
            return match[0]
        # Characters that XML cannot hold, and the end of what holds HTML.
        text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", text).replace("]]>", "]]]]><![CDATA[>")
        content = f"<content:encoded><![CDATA[{text}]]></content:encoded> "
        return match[0].replace("<link>", content + "<link>", 1)

    feed = re.sub(r"<item>.*?</item>", item, feed, flags=re.DOTALL)
    module = 'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    return feed if module in feed else feed.replace("<rss ", f"<rss {module} ", 1)


def complete(site: Path, site_url: str, names: list[str], pages: dict[Path, str]) -> None:
    """Complete the feeds of a built site; `pages` are its pages as they were written."""
    known: dict[str, str] = {}

    def post(url: str) -> str:
        if url not in known:
            below = unquote(url.removeprefix(site_url).partition("#")[0])
            path = site / (below + "index.html" if below.endswith("/") or not below else below)
            known[url] = whole(pages[path], url) if path in pages else ""
        return known[url]

    for name in names:
        path = site / name
        if path.is_file():
            path.write_text(with_posts(path.read_text("utf-8"), name, post), "utf-8")
