"""What search engines and messengers are told about a page: Open Graph and JSON-LD."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape, unescape
from typing import Any

_ALTERNATE = re.compile(r'<link\b[^>]*\brel="alternate"[^>]*>')
_HREFLANG = re.compile(r'\bhreflang="([^"]+)"')
_HREF = re.compile(r'\bhref="([^"]+)"')

# Open Graph wants a territory; these are the ones that a bare language is most often read in.
TERRITORY = {"zh": "CN", "zh-Hans": "CN", "zh-Hant": "TW", "en": "US", "ja": "JP", "ko": "KR"}


@dataclass(frozen=True)
class Card:
    """The picture that a messenger shows: its absolute address and its text alternative."""

    url: str
    alternative: str
    width: int = 1200
    height: int = 630


@dataclass(frozen=True)
class About:
    """All that is said about one page. ``created`` is None for a page that is no post."""

    url: str
    title: str
    description: str
    language: str
    site_name: str
    site_url: str
    created: date | datetime | None = None
    updated: date | datetime | None = None
    tags: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    author: str | None = None
    minutes: int | None = None
    is_home: bool = False
    card: Card | None = None
    translations: dict[str, str] = field(default_factory=dict)


def translations(html: str) -> dict[str, str]:
    """Language tag → absolute address, from the page's own ``hreflang`` links.

    Empty where the page does not say which edition is the default one (``x-default``): then the
    links lead to other sites' home pages, not to translations.
    """
    found = {}
    for link in _ALTERNATE.findall(html):
        tag, href = _HREFLANG.search(link), _HREF.search(link)
        if tag and href:
            found[unescape(tag.group(1))] = unescape(href.group(1))
    return found if "x-default" in found else {}


def locale(language: str) -> str:
    """``zh-Hans`` → ``zh_CN``, as Open Graph writes it."""
    base, _, region = language.partition("-")
    if len(region) == 2:
        return f"{base}_{region.upper()}"
    territory = TERRITORY.get(language) or TERRITORY.get(base)
    return f"{base}_{territory}" if territory else base


def open_graph(about: About) -> str:
    """The ``<meta>`` elements of the Open Graph protocol, and the card for X."""
    post = about.created is not None
    rows: list[tuple[str, str]] = [
        ("og:type", "article" if post else "website"),
        ("og:title", about.title),
        ("og:description", about.description),
        ("og:url", about.url),
        ("og:site_name", about.site_name),
        ("og:locale", locale(about.language)),
    ]
    rows += [
        ("og:locale:alternate", locale(tag))
        for tag in about.translations
        if tag not in ("x-default", about.language)
    ]
    if about.card:
        rows += [
            ("og:image", about.card.url),
            ("og:image:type", "image/png"),
            ("og:image:width", str(about.card.width)),
            ("og:image:height", str(about.card.height)),
            ("og:image:alt", about.card.alternative),
        ]
    if post:
        rows.append(("article:published_time", _iso(about.created)))
        rows.append(("article:modified_time", _iso(about.updated or about.created)))
        rows += [("article:tag", tag) for tag in about.tags]
    lines = [f'<meta property="{name}" content="{escape(text)}">' for name, text in rows if text]
    if about.card:
        lines.append('<meta name="twitter:card" content="summary_large_image">')
    return "\n".join(lines)


def json_ld(about: About) -> str:
    """The page as schema.org's ``BlogPosting``, ``Blog`` or ``WebPage``, in a script element."""
    blog: dict[str, Any] = {
        "@type": "Blog",
        "@id": about.site_url,
        "name": about.site_name,
        "url": about.site_url,
        "inLanguage": about.language,
    }
    work: dict[str, Any] = {"@context": "https://schema.org", "@id": about.url, "url": about.url}
    work["inLanguage"] = about.language
    if about.description:
        work["description"] = about.description
    if about.card:
        work["image"] = about.card.url
    if about.created is not None:
        work |= {
            "@type": "BlogPosting",
            "headline": about.title,
            "datePublished": _iso(about.created),
            "dateModified": _iso(about.updated or about.created),
            "mainEntityOfPage": about.url,
            "isPartOf": blog,
        }
        if about.author:
            work["author"] = {"@type": "Person", "name": about.author}
        else:
            work["author"] = {"@type": "Organization", "name": about.site_name}
        if about.tags:
            work["keywords"] = list(about.tags)
        if about.sections:
            work["articleSection"] = list(about.sections)
        if about.minutes:
            work["timeRequired"] = f"PT{about.minutes}M"
    elif about.is_home:
        work |= blog
    else:
        work |= {"@type": "WebPage", "name": about.title, "isPartOf": blog}
    original = about.translations.get("x-default")
    others = {t: u for t, u in about.translations.items() if t not in ("x-default", about.language)}
    kind = work["@type"]
    if original and original != about.url:
        work["translationOfWork"] = {"@type": kind, "@id": original}
    elif others:
        work["workTranslation"] = [
            {"@type": kind, "@id": url, "inLanguage": tag} for tag, url in others.items()
        ]
    text = json.dumps(work, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f'<script type="application/ld+json">{text}</script>'


def _iso(moment: date | datetime | None) -> str:
    if isinstance(moment, datetime) and not (moment.hour or moment.minute or moment.second):
        moment = moment.date()
    return moment.isoformat() if moment else ""
