"""Which pages a built site has, and of which kind and language each one is."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LANGUAGE = re.compile(r'<html[^>]*\blang="?([\w-]+)')
CANONICAL = re.compile(r'<link rel="?canonical"? href="([^"]+)"')

# The first row whose pattern is found in the page's path (below its language) or whose mark
# is found in its text names the kind.
KINDS: list[tuple[str, str | None, str | None]] = [
    ("404", r"(^|/)404\.html$", None),
    ("post", None, "md-content--post"),
    ("archive", r"(^|/)archive/", None),
    ("category", r"(^|/)category/", None),
    ("tag", r"(^|/)tags(/|\.html$|$)", None),
    ("layer", r"(^|/)reference/layers/.", None),
    ("reference", r"(^|/)reference/", None),
    ("index", r"^(index\.html)?$", None),
    ("page", "", None),
]


@dataclass(frozen=True)
class Page:
    """``path`` as in a link below the site's root, for example ``en/about/``."""

    path: str
    kind: str
    language: str
    file: Path

    @property
    def title(self) -> str:
        return f"{self.language} {self.kind} /{self.path}"


def prefix(folder: Path) -> str:
    """The path below which the site was built to live: that of its home page's canonical URL."""
    found = CANONICAL.search((folder / "index.html").read_text("utf-8"))
    return urlsplit(found.group(1)).path if found else "/"


def pages(folder: Path) -> list[Page]:
    """Every page of the site, sorted by path. Redirects have no ``lang`` and are left out."""
    found = []
    texts = {f: f.read_text("utf-8") for f in sorted(folder.rglob("*.html"))}
    roots = _language_roots(folder, texts)
    for file, text in texts.items():
        language = LANGUAGE.search(text)
        if not language or "<main" not in text:
            continue
        name = file.relative_to(folder).as_posix()
        root = max((r for r in roots if name.startswith(r)), key=len, default="")
        below = name.removeprefix(root)
        path = name.removesuffix("index.html") if _directory_urls(folder) else name
        below = below.removesuffix("index.html")
        kind = next(
            kind
            for kind, pattern, mark in KINDS
            if (pattern is not None and re.search(pattern, below)) or (mark and mark in text)
        )
        found.append(Page(path, kind, language.group(1), file))
    return found


def _size(page: Page) -> int:
    return page.file.stat().st_size


def _language_roots(folder: Path, texts: dict[Path, str]) -> set[str]:
    """Folders of which the home page is in another language than the site's home page."""
    home = LANGUAGE.search(texts[folder / "index.html"])
    roots = set()
    for file, text in texts.items():
        language = LANGUAGE.search(text)
        if file.name != "index.html" or file.parent.parent != folder or not (language and home):
            continue
        if language.group(1) != home.group(1):
            roots.add(file.parent.relative_to(folder).as_posix() + "/")
    return roots


def _directory_urls(folder: Path) -> bool:
    return not any(f.name != "404.html" and f.name != "index.html" for f in folder.glob("*.html"))


def one_of_each(all_pages: list[Page]) -> list[Page]:
    """The largest page of every kind and language, and every post."""
    groups: dict[tuple[str, str], list[Page]] = defaultdict(list)
    for page in all_pages:
        groups[page.language, page.kind].append(page)
    return [
        page
        for (_, kind), group in sorted(groups.items())
        for page in (group if kind in ("post", "page") else [max(group, key=_size)])
    ]
