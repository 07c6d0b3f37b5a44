"""The learning path: which post needs which, as a graph that the drawing code of graphs draws.

A post names what it builds on in its front matter:

    needs: [backward.md]

The home page shows the graph where it says `<!-- learning path -->`; every post says what comes
before and after it.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from html import escape
from typing import Any

from mkdocs.structure.pages import Page

from backprop.site.pages.words import say

HERE = "<!-- learning path -->"


@dataclass
class Post:
    """A post of the path; `needs` and `leads` are the sources of others."""

    source: str
    title: str
    url: str
    written: date
    needs: tuple[str, ...] = ()
    leads: list[str] = field(default_factory=list)


class Path:
    """All posts of a language, in an order in which they can be learnt: what a post needs comes
    before it, and older posts before newer ones where nothing else decides.

    Attributes
    ----------
    problems : list of (source, message)
        Posts that need something that is not there, or themselves.
    """

    def __init__(self, pages: Iterable[Page]) -> None:
        self.problems: list[tuple[str, str]] = []
        found = {page.file.src_uri: _post(page) for page in pages if _dated(page)}
        self.posts: dict[str, Post] = {}
        for source, post in found.items():
            post.needs = tuple(self._known(source, post.needs, found))
        for post in sorted(found.values(), key=lambda post: (post.written, post.source)):
            self._add(post, found, ())
        for post in self.posts.values():
            for need in post.needs:
                self.posts[need].leads.append(post.source)

    def _known(self, source: str, needs: tuple[str, ...], found: dict[str, Post]) -> Iterable[str]:
        for need in needs:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(source), need))
            if path in found:
                yield path
            else:
                there = ", ".join(sorted(posixpath.basename(each) for each in found))
                self.problems.append((source, f"needs: {need} is no post; there are {there}"))

    def _add(self, post: Post, found: dict[str, Post], above: tuple[str, ...]) -> None:
        if post.source in self.posts:
            return
        for need in post.needs:
            if need in (*above, post.source):
                circle = " → ".join((*above, post.source, need))
                self.problems.append((post.source, f"needs: these posts need each other: {circle}"))
                post.needs = tuple(each for each in post.needs if each != need)
                continue
            self._add(found[need], found, (*above, post.source))
        self.posts[post.source] = post

    def place(self, source: str) -> int:
        """Where a post stands in the order; those that are no posts of the path come last."""
        return list(self.posts).index(source) if source in self.posts else len(self.posts)

    def drawn(self, language: str, relative: Callable[[str], str]) -> str:
        """The graph, its posts under the names of their files; for narrow screens the list."""
        from backprop.drawing.diagram import Diagram, Item, Link
        from backprop.drawing.svg import svg

        places = {source: place for place, source in enumerate(self.posts)}
        items = [
            Item(source, posixpath.splitext(posixpath.basename(source))[0], "post", None, None)
            for source in self.posts
        ]
        links = [
            Link(places[need], places[post.source], need, "", None, None, None, None)
            for post in self.posts.values()
            for need in post.needs
        ]
        title = say("path", language)
        steps = "; ".join(post.title for post in self.posts.values())
        main = 0 if items else None
        diagram = Diagram(title, steps, items, links, main, len(items) - 1 if items else None)
        drawing = svg(diagram, "right", language, standalone=False)

        def linked(match: re.Match[str]) -> str:
            post = self.posts[match[1]]
            name = f"<title>{escape(post.title)}</title>"
            # Material writes the address of every a[href] anew, which SVG does not allow.
            return f'<a xlink:href="{escape(relative(post.url))}">{name}{match[0]}</a>'

        box = r'<g class="bp-node[^>]* data-node="([^"]+)"[^>]*>.*?</g>'
        drawing = re.sub(box, linked, drawing)
        drawing = drawing.replace('role="img"', 'role="group"').replace("\n", "")
        listed = "".join(
            f'<li><a href="{escape(relative(post.url))}">{escape(post.title)}</a></li>'
            for post in self.posts.values()
        )
        return (
            f'<nav class="bp-path" aria-label="{escape(title)}" data-search-exclude>'
            f'<div class="bp-path-right">{drawing}</div>'
            f'<ol class="bp-path-down">{listed}</ol></nav>'
        )

    def beside(self, source: str, language: str, relative: Callable[[str], str]) -> str:
        """What comes before and after a post; "" if nothing does."""
        post = self.posts.get(source)
        if post is None:
            return ""
        rows = []
        for word, sources in (("before", post.needs), ("after", post.leads)):
            links = [
                f'<a href="{escape(relative(self.posts[each].url))}">'
                f"{escape(self.posts[each].title)}</a>"
                for each in sources
            ]
            if links:
                rows.append(
                    f"<li>{say(word, language, list=say('comma', language).join(links))}</li>"
                )
        label = escape(say("path", language))
        return (
            f'\n<nav class="bp-beside" aria-label="{label}" data-search-exclude>'
            f"<ul>{''.join(rows)}</ul></nav>"
            if rows
            else ""
        )


def _dated(page: Page | None) -> bool:
    return bool(getattr(getattr(page, "config", None), "date", None))


def _post(page: Any) -> Post:
    needs = page.meta.get("needs") or ()
    needs = (needs,) if isinstance(needs, str) else tuple(map(str, needs))
    written = page.config.date.created
    written = written.date() if hasattr(written, "date") else written
    title = re.sub(r"<[^>]+>", "", str(page.title))
    return Post(page.file.src_uri, title, page.url, written, needs)
