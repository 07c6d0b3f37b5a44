"""Links from a page to a file of another language.

An author writes the path to the file in the other docs folder, as on a code host:
`[English](../../en/posts/backward.md#on-paper)`. The address is not known while the page is
converted, so the link is marked then, checked when all languages are known, and replaced when the
page is written.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from html import escape
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from markdown import Extension, Markdown
from markdown.treeprocessors import Treeprocessor

from backprop.common.spelling import nearest
from backprop.site.languages.catalogue import Catalogue, Edition

log = logging.getLogger("mkdocs.backprop.languages")

MARK = re.compile(r"language-link:([\w=-]+):")


@dataclass(frozen=True)
class Link:
    """A link as written on the page `source`, to the file `target` of the language `key`."""

    source: str
    written: str
    key: str
    target: str
    query: str
    fragment: str

    @property
    def mark(self) -> str:
        """The link as text that no conversion changes and that says everything by itself."""
        data = json.dumps(astuple(self), ensure_ascii=False).encode()
        return f"language-link:{base64.urlsafe_b64encode(data).decode()}:"

    @classmethod
    def of_mark(cls, data: str) -> Link:
        return cls(*json.loads(base64.urlsafe_b64decode(data)))


class Links(Extension):
    """A Markdown extension that marks the links of one edition to the others."""

    def __init__(self, edition: Edition, catalogue: Catalogue) -> None:
        super().__init__()
        self.edition = edition
        self.catalogue = catalogue
        self.found: dict[Link, None] = {}
        self.addresses: dict[Link, tuple[str, str] | None] = {}

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        # After inline patterns and attr_list, before MkDocs looks for the file in its own folder.
        md.treeprocessors.register(_Marker(md, self), "backprop_languages", 3)

    def mark(self, source: str, written: str) -> str | None:
        """A mark for a link into another language's folder; None for any other link."""
        scheme, netloc, path, query, fragment = urlsplit(written)
        if scheme or netloc or not path or path.startswith(("/", "\\")):
            return None
        start = os.path.dirname(os.path.join(self.edition.config.docs_dir, source))
        wanted = os.path.normpath(os.path.join(start, unquote(path)))
        for other in self.catalogue.others(self.edition):
            if (wanted + os.sep).startswith(other.config.docs_dir + os.sep):
                target = posixpath.join(
                    *os.path.relpath(wanted, other.config.docs_dir).split(os.sep)
                )
                link = Link(source, written, other.language.key, target, query, fragment)
                self.found[link] = None
                return link.mark
        return None

    def know(self, texts: Iterable[str]) -> None:
        """Links whose marks stand in these texts, which may be from an earlier build."""
        for text in texts:
            self.found.update(dict.fromkeys(map(Link.of_mark, MARK.findall(text))))

    def forget(self) -> None:
        """Forget all links, before one page is made again whose links are to be checked again."""
        self.found, self.addresses = {}, {}

    def check(self) -> None:
        """Find the address of every marked link and tell of those that lead nowhere."""
        levels = self.edition.config.validation.links
        for link in [link for link in self.found if link not in self.addresses]:
            other = self.catalogue.editions[link.key]
            page = f"Doc file '{link.source}'"
            entry = other.entries.get(link.target)
            if entry is None:
                log.log(
                    levels.not_found,
                    f"{page} contains a link '{link.written}', but there is no "
                    f"{posixpath.join(other.docs, link.target)}.{self._suggest(link, other)}",
                )
                self.addresses[link] = None
                continue
            anchor = unquote(link.fragment)
            if anchor and entry.anchors is not None and anchor not in entry.anchors:
                close = nearest(anchor, entry.anchors)
                log.log(
                    levels.anchors,
                    f"{page} contains a link '{link.written}', but "
                    f"{posixpath.join(other.docs, link.target)} has no anchor '#{anchor}'."
                    + (f" Did you mean '#{close}'?" if close else ""),
                )
            query = f"?{link.query}" if link.query else ""
            fragment = f"#{link.fragment}" if link.fragment else ""
            self.addresses[link] = (other.path(entry.url), query + fragment)

    def resolve(self, text: str, start: str | None) -> str:
        """Replace the marks in `text`, the page at `start` from the site's root; None: absolute."""
        self.know([text])
        self.check()

        def address(match: re.Match[str]) -> str:
            link = Link.of_mark(match[1])
            found = self.addresses[link]
            if found is None:
                return escape(link.written)
            path, suffix = found
            if start is None:
                return self.catalogue.absolute(path) + escape(suffix)
            return self.catalogue.relative(path, start) + escape(suffix)

        return MARK.sub(address, text)

    @staticmethod
    def _suggest(link: Link, other: Edition) -> str:
        guesses = [link.target + ".md", posixpath.normpath(posixpath.join(link.target, "index.md"))]
        guesses.append(nearest(link.target, other.entries))
        guess = next((g for g in guesses if g in other.entries), None)
        return f" Did you mean {posixpath.join(other.docs, guess)}?" if guess else ""


class _Marker(Treeprocessor):
    def __init__(self, md: Markdown, links: Links) -> None:
        super().__init__(md)
        self.links = links

    def run(self, root: Element) -> None:
        # MkDocs and the blog register the page's file under this name, for pages and excerpts.
        if "relpath" not in self.md.treeprocessors:
            return
        relpath: Any = self.md.treeprocessors["relpath"]
        source = relpath.file.src_uri
        for element in root.iter():
            attribute = {"a": "href", "img": "src"}.get(str(element.tag))
            if attribute and (written := element.get(attribute)):
                mark = self.links.mark(source, written)
                if mark is not None:
                    element.set(attribute, mark)
