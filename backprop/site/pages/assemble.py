"""The last step of a build, over all its pages: one stylesheet, scripts in order, one policy."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backprop.site.pages.policy import Policy
from backprop.site.pages.styles import Used, moved, shrink

FOLDER = "assets/backprop"

# Material says both a little later, and then the browser must lay out the whole page anew.
EARLY = (
    '<meta name="color-scheme" content="light dark">\n'
    '<script>document.documentElement.className="js js-focus-visible"</script>\n'
)

# A rule of Material's that makes the browser look at every element of the page, twice, whenever
# it starts: it keeps colours from fading when they are switched.
COSTLY = re.compile(r"(?:\[data-md-color-switching\][^,{}]*,?)+\{[^}]*\}")

# Material loads the index of its search with every page, except from the file system, where it
# waits until the search is opened. It may wait everywhere: the index grows with the site.
_BUNDLE = "assets/javascripts/bundle.*.min.js"
_LATER = [
    (re.compile(r'(?<=\()location\.protocol!=="file:"(?=\),\w+\("search"\))'), "!1"),
    # Words are only highlighted on a page that a search result led to.
    (
        re.compile(r'(\w+\("search\.highlight"\))(?=\?\w+\(\w+,\{index\$)'),
        r"\1&&/[?&]h=/.test(location.search)",
    ),
]

_SHEET = re.compile(r'[ \t]*<link rel="stylesheet" href="([^"]+)"\s*/?>\n?')
_OWN = re.compile(r'\s*<script src="[^"]*/backprop/pages\.js"></script>')
_CHARSET = re.compile(r'<meta charset="?[\w-]+"?\s*/?>', re.IGNORECASE)
_FIRST_SHEET = re.compile(r'<link rel="stylesheet"')


@dataclass
class Site:
    """One build's pages: ``root`` is its folder, ``base`` the path of its address."""

    root: Path
    base: str
    pages: dict[Path, str]

    def below(self, page: Path, href: str) -> str | None:
        """The path below the root that a link of a page leads to; None if it leads elsewhere."""
        parts = urlsplit(href)
        if parts.scheme or parts.netloc or not parts.path:
            return None
        path = unquote(parts.path)
        if path.startswith("/"):
            if not path.startswith(self.base):
                return None
            path = path.removeprefix(self.base)
        else:
            folder = page.parent.relative_to(self.root).as_posix()
            path = posixpath.normpath(posixpath.join(folder, path))
        return None if path.startswith("..") else path


def assemble(site: Site, policy: Policy | None, one_stylesheet: bool) -> None:
    """Rewrite the pages on disk."""
    for script in site.root.glob(_BUNDLE):
        text = script.read_text("utf-8")
        for at_once, later in _LATER:
            text = at_once.sub(later, text)
        script.write_text(text, "utf-8", newline="")
    if one_stylesheet:
        _one_stylesheet(site)
    for page, html in site.pages.items():
        site.pages[page] = own_script_first(_FIRST_SHEET.sub(EARLY + r"\g<0>", html, count=1))
    if policy:
        for html in site.pages.values():
            policy.read(html)
        for page, html in site.pages.items():
            site.pages[page] = _CHARSET.sub(lambda m: m.group() + policy.meta, html, count=1)
    for page, html in site.pages.items():
        page.write_text(html, "utf-8", newline="")


def own_script_first(html: str) -> str:
    """Our script before Material's: it keeps that from loading the stylesheet a second time.

    The scripts stay at the end of the page, where the browser shows the page while it waits for
    them; scripts that wait for the end of the page by ``defer`` would come before that.
    """
    own = _OWN.search(html)
    start = html.find("</script>", html.find('<script id="__config"'))
    if not own or start < 0 or own.start() < start:
        return html
    head, tail = html[:start], html[start:].replace(own.group(), "", 1)
    return head + tail.replace("<script", own.group().lstrip() + "\n      <script", 1)


def _one_stylesheet(site: Site) -> None:
    """Put the sheets that all pages share, and those of our own plugins, into one file.

    Every page gets the same link: instant navigation then never takes a sheet away.
    """
    linked: dict[Path, list[str]] = {}
    for page, html in site.pages.items():
        paths = [site.below(page, href) for href in _SHEET.findall(html)]
        linked[page] = [p for p in paths if p and (site.root / p).is_file()]
    shared = _merged(linked.values())
    if not shared:
        return
    used = Used()
    for html in site.pages.values():
        used.read_page(html)
    for script in sorted(site.root.rglob("*.js")):
        used.read_script(script.read_text("utf-8", errors="replace"))
    texts = [moved((site.root / p).read_text("utf-8-sig"), p, f"{FOLDER}/x.css") for p in shared]
    css = COSTLY.sub("", shrink("\n".join(texts), used))
    digest = hashlib.sha256(css.encode()).hexdigest()[:8]
    name = f"{FOLDER}/site.{digest}.css"
    (site.root / name).parent.mkdir(parents=True, exist_ok=True)
    (site.root / name).write_text(css, "utf-8", newline="")
    for page, html in site.pages.items():
        site.pages[page] = _relinked(site, page, html, set(shared), name)


def _merged(lists: Iterable[list[str]]) -> list[str]:
    """What all pages link to, or what lies in our own folder, in the order in which pages do."""
    lists = [sheets for sheets in lists if sheets]
    everywhere = set(lists[0]).intersection(*lists[1:]) if lists else set()
    order: list[str] = []
    for sheets in sorted(lists, key=lambda sheets: (-len(sheets), sheets)):
        at = 0
        for sheet in sheets:
            if sheet in order:
                at = order.index(sheet) + 1
            elif sheet in everywhere or sheet.startswith(f"{FOLDER}/"):
                order.insert(at, sheet)
                at += 1
    return order


def _relinked(site: Site, page: Path, html: str, shared: set[str], name: str) -> str:
    """The page with its links to the ``shared`` sheets replaced by one to ``name``."""
    done = False

    def replace(match: re.Match[str]) -> str:
        nonlocal done
        path = site.below(page, match.group(1))
        if path not in shared:
            return match.group()
        if done:
            return ""
        done = True
        if match.group(1).startswith("/"):
            href = site.base + name
        else:
            folder = page.parent.relative_to(site.root).as_posix()
            href = posixpath.relpath(name, folder)
        return f'<link rel="stylesheet" href="{href}">\n'

    return _SHEET.sub(replace, html)
