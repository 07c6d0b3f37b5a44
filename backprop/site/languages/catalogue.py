"""Every file of every language, its address, and what is a translation of what."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.utils import get_relative_url

from backprop.site.languages.options import Language


@dataclass(frozen=True)
class Entry:
    """A published file: `source` in the docs folder, `url` below the language's own root.

    `anchors` is None where they are not known (no page, or not read in a `--dirty` build).
    """

    source: str
    url: str
    is_page: bool = False
    anchors: frozenset[str] | None = None
    changed: date | None = None
    categories: tuple[str, ...] = ()
    is_post: bool = False
    languages: Any = None  # what the head of a post says of the languages that it is written in

    @property
    def slug(self) -> str:
        """The end of the address."""
        return self.url.rstrip("/").rpartition("/")[2].removesuffix(".html")


@dataclass
class Edition:
    """The site in one language."""

    language: Language
    config: MkDocsConfig
    entries: dict[str, Entry] = field(default_factory=dict)

    @property
    def docs(self) -> str:
        """The docs folder as a person would name it."""
        return os.path.relpath(self.config.docs_dir)

    @property
    def pages(self) -> list[Entry]:
        return [entry for entry in self.entries.values() if entry.is_page]

    def path(self, url: str) -> str:
        """The address of a file of this edition, from the root of the site."""
        return self.language.prefix + ("" if url in (".", "./") else url)

    @property
    def home(self) -> str:
        entry = self.entries.get("index.md") or self.entries.get("README.md")
        return self.path(entry.url if entry else "")

    def record(self, files: Files, *, drafts: bool) -> None:
        """Take down all that this edition publishes; all pages have been read by now."""
        for file in files:
            published = file.inclusion.is_in_serve() if drafts else file.inclusion.is_included()
            if not published:
                continue
            page = file.page if file.is_documentation_page() else None
            if page is None:
                self.entries[file.src_uri] = Entry(file.src_uri, file.url)
                continue
            anchors = page.present_anchor_ids
            self.entries[file.src_uri] = Entry(
                file.src_uri,
                page.url,
                is_page=True,
                anchors=None if anchors is None else frozenset(anchors),
                changed=changed(page),
                categories=tuple(view.file.src_uri for view in getattr(page, "categories", ())),
                is_post=isinstance(getattr(getattr(page, "config", None), "date", None), dict),
                languages=page.meta.get("languages"),
            )


def changed(page: object) -> date | None:
    """When a post last changed, for a list of posts the newest of them; None for other pages."""
    dates = getattr(getattr(page, "config", None), "date", None)
    if isinstance(dates, dict):
        moment = dates.get("updated") or dates.get("created")
        return moment.date() if moment else None
    below = [d for d in map(changed, getattr(page, "posts", ())) if d]
    return max(below, default=None)


@dataclass
class Catalogue:
    """All editions, the default one first."""

    editions: dict[str, Edition] = field(default_factory=dict)
    site_url: str | None = None
    _categories: dict[tuple[str, str, str], str] | None = None

    @property
    def default(self) -> Edition:
        return next(iter(self.editions.values()))

    def after(self, edition: Edition) -> Edition | None:
        """The edition that is built inside the build of `edition`."""
        order = list(self.editions.values())
        i = order.index(edition) + 1
        return order[i] if i < len(order) else None

    def others(self, edition: Edition) -> Iterator[Edition]:
        return (other for other in self.editions.values() if other is not edition)

    def known(self) -> dict[str, dict[str, Entry]]:
        """The files of every language that has been recorded."""
        return {key: edition.entries for key, edition in self.editions.items() if edition.entries}

    def know(self, known: dict[str, dict[str, Entry]]) -> None:
        """The same, from another process."""
        for key, entries in known.items():
            self.editions[key].entries = entries

    def translation(self, edition: Edition, source: str, other: Edition) -> Entry | None:
        """The page of `other` that says the same: the same path, or the matching category."""
        if source in edition.entries and source in other.entries:
            return other.entries[source]
        if self._categories is None:
            self._categories = self._match_categories()
        match = self._categories.get((edition.language.key, source, other.language.key))
        return other.entries.get(match) if match else None

    def translations(self, edition: Edition, source: str) -> dict[str, Entry]:
        """The page itself and its translations, by language; empty if there is none."""
        found = {
            key: entry
            for key, other in self.editions.items()
            if (entry := self.translation(edition, source, other))
        }
        return found if len(found) > 1 else {}

    def untranslated(self, only: str | None = None) -> list[str]:
        """A sentence on each page (of the source `only`) that another language does not have.

        Not on posts, which `translations.py` looks at.
        """
        found = []
        for edition in self.editions.values():
            for entry in edition.pages:
                path = os.path.join(edition.docs, entry.source)
                if only not in (None, entry.source) or entry.is_post or not os.path.isfile(path):
                    continue
                for other in self.others(edition):
                    if not self.translation(edition, entry.source, other):
                        twin = os.path.join(other.docs, entry.source)
                        found.append(f"{path} has no translation: there is no {twin}")
        return found

    def relative(self, path: str, start: str) -> str:
        """A link to `path` from the page `start`, both from the root of the site."""
        return get_relative_url(path or ".", start or ".")

    def absolute(self, path: str) -> str:
        return (self.site_url or "/").rstrip("/") + "/" + path

    @property
    def root_path(self) -> str:
        """Where the site begins on its host: `/`, or `/backprop/` below a sub-path."""
        return urlsplit(self.site_url or "").path.rstrip("/") + "/"

    def _match_categories(self) -> dict[tuple[str, str, str], str]:
        """Categories have other names in other languages; posts list theirs in the same order.

        A category that would have two counterparts has none.
        """
        matches: dict[tuple[str, str, str], set[str]] = {}
        for edition in self.editions.values():
            for other in self.others(edition):
                for post in edition.pages:
                    twin = other.entries.get(post.source)
                    if twin is None or len(twin.categories) != len(post.categories):
                        continue
                    for ours, theirs in zip(post.categories, twin.categories, strict=True):
                        key = (edition.language.key, ours, other.language.key)
                        matches.setdefault(key, set()).add(theirs)
        return {key: found.pop() for key, found in matches.items() if len(found) == 1}
