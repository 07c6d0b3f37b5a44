"""The last step of a build, over all its pages: one stylesheet, scripts in order, one policy."""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from backprop.program.store import Store
from backprop.site.building.memory import Nothing
from backprop.site.pages.policy import Policy
from backprop.site.pages.scripts import FOLDER, arranged
from backprop.site.pages.styles import Used, moved, names_are_plain, shrink, without_names

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
    # The buttons of each block of code are no landmark.
    (re.compile(r'"nav",(?=\{class:"md-code__nav")'), '"div",'),
]

# Its search takes a query in Chinese apart into the longest words of the index, but never the whole
# query for one: 方差 was looked for as 方 where that is in the index, and 方法 was found.
_WORKER = "assets/javascripts/workers/search.*.min.js"
_SHORT_OF = re.compile(
    r"(for\(let (\w+)=\w+\+1;\2)<(?=(\w+)\.length;\2\+\+\)\3\.slice\(\w+,\2\)in )"
)

# It wraps each table in boxes that scroll, when it starts. Ours are wrapped from the beginning, for
# readers without scripts too.
_TABLE = re.compile(r"<table(?: data-bp-rows)?>.*?</table>", re.DOTALL)
_WRAPS = re.compile(r"""(\w\(["'])(table:not\(\[class\]\))""")
_BOXES = ("md-typeset__scrollwrap", "md-typeset__table")

_SHEET = re.compile(r'[ \t]*<link rel="stylesheet" href="([^"]+)"\s*/?>\n?')
_SHEETS = re.compile(r"<link\b[^>]*\brel=[\"']?stylesheet")
_CONTENT = re.compile(r"<style\b[^>]*>[^<]*\bcontent\s*:", re.IGNORECASE)
_CHARSET = re.compile(r'<meta charset="?[\w-]+"?\s*/?>', re.IGNORECASE)


@dataclass
class WrittenSite:
    """One build's pages: ``root`` is its folder, ``base`` the path of its address.

    ``memory`` has what was found out in earlier builds; ``others`` are the folders in it that
    belong to the builds of other languages.
    """

    root: Path
    base: str
    pages: dict[Path, str]
    memory: Store = field(default_factory=Nothing)
    others: tuple[str, ...] = ()

    def scripts(self) -> list[Path]:
        found = (path.relative_to(self.root).as_posix() for path in self.root.rglob("*.js"))
        return [self.root / path for path in sorted(found) if not path.startswith(self.others)]

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


def assemble(
    site: WrittenSite, policy: Policy | None, one_stylesheet: bool, late_scripts: bool = True
) -> None:
    """Rewrite the pages on disk."""
    wrapped = 0
    for script in site.root.glob(_BUNDLE):
        text = script.read_text("utf-8")
        for at_once, later in _LATER:
            text = at_once.sub(later, text)
        text, found = _WRAPS.subn(rf"\1:not(.{_BOXES[1]})>\2", text)
        wrapped += found
        script.write_text(text, "utf-8", newline="")
    for script in site.root.glob(_WORKER):
        script.write_text(_SHORT_OF.sub(r"\1<=", script.read_text("utf-8")), "utf-8", newline="")
    if wrapped:
        before = "".join(f'<div class="{name}">' for name in _BOXES)
        for page, html in site.pages.items():
            site.pages[page] = _TABLE.sub(rf"{before}\g<0></div></div>", html)
    if one_stylesheet:
        _one_stylesheet(site)
    for page, html in site.pages.items():
        site.pages[page] = arranged(html, late_scripts)
    if policy:
        for html in site.pages.values():
            policy.read(html)
        for page, html in list(site.pages.items()):
            if charset := _CHARSET.search(html):
                at = charset.end()
                site.pages[page] = html[:at] + policy.meta(html) + html[at:]
    for page, html in site.pages.items():
        page.write_text(html, "utf-8", newline="")


def _one_stylesheet(site: WrittenSite) -> None:
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
    texts = [moved((site.root / p).read_text("utf-8-sig"), p, f"{FOLDER}/x.css") for p in shared]
    whole = "\n".join(texts)
    joined = {
        page
        for page, html in site.pages.items()
        if len(_SHEETS.findall(html)) == len(linked[page]) == len(set(shared) & {*linked[page]})
    }
    alone = len(joined) == len(site.pages) and not any(
        _CONTENT.search(html) for html in site.pages.values()
    )
    if names_are_plain(whole):
        for page in joined:
            site.pages[page] = without_names(site.pages[page])
    used = Used()
    for html in site.pages.values():
        used.read_page(html)
    for script in site.scripts():
        used.add_script(site.memory, script.read_text("utf-8", errors="replace"))
    css = COSTLY.sub("", shrink(texts, used, site.memory, alone))
    name = f"{FOLDER}/site.{hashlib.sha256(css.encode()).hexdigest()[:8]}.css"
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


def _relinked(site: WrittenSite, page: Path, html: str, shared: set[str], name: str) -> str:
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
