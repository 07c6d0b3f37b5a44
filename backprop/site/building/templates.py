"""Pages whose templates are not rendered again: all that the templates are given is the same.

What a theme's templates look at is known of those of MkDocs, of Material in the versions below, and
of our own; where an author or a plugin may have a hand in it, every page is rendered.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mkdocs
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import StructureItem
from mkdocs.structure.files import File
from mkdocs.structure.nav import Link, Navigation, Section
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import TableOfContents

from backprop.program.store import Store, digest
from backprop.site.building import memory
from backprop.site.building.plain import plain
from backprop.site.building.premises import depends_on_files, premises, settings_of

log = logging.getLogger("mkdocs.backprop.building")

MATERIAL = ("9.8.1",)
"""Versions whose templates look at nothing of other pages but what `_named` has of them."""
# fmt: off
_UNSEEN = {
    "pages", "views", "posts", "excerpt",
    "present_anchor_ids", "links_to_anchors", "md", "bp_keeper", "bp_files",
}
# fmt: on
"""Attributes of a page that no template looks at: other pages, and what a conversion needs."""


def remembering(env: Any, config: MkDocsConfig) -> Any:
    """Let the environment's templates of pages remember what they made of the same."""
    known = memory.of(config)
    if known.remembers and depends_on_files([config]) and familiar(config.theme.dirs):
        get, premise = env.get_template, _Premise(config)

        def get_template(name: Any, *more: Any, **options: Any) -> Any:
            template = get(name, *more, **options)
            # With more: the theme asks for what its template extends or includes.
            return template if more or options else _Template(template, known, premise)

        env.get_template = get_template
    return env


def familiar(folders: Iterable[str]) -> bool:
    """Whether the templates in the folders of a theme are all known here."""
    ours = [Path(mkdocs.__file__).parent, Path(__file__).parents[1]]
    try:
        import material
        from material import __version__ as version
    except ImportError:
        pass
    else:
        if version in MATERIAL:
            ours.append(Path(material.__file__).parent)
        else:
            log.info("Material %s is not known here: all its templates are rendered", version)
    return all(any(Path(folder).is_relative_to(one) for one in ours) for folder in folders)


class _Premise:
    """What all pages of a build have in common, when the first of them is rendered."""

    def __init__(self, config: MkDocsConfig) -> None:
        self._config = config
        self._digest = ""

    def __str__(self) -> str:
        if not self._digest:
            theme = self._config.theme
            names = [theme.name, theme.dirs, str(theme.locale), sorted(theme.static_templates)]
            self._digest = digest(premises(self._config), settings_of(self._config), names)
        return self._digest


class _Template:
    """A template for whole pages, in the place of Jinja's."""

    def __init__(self, template: Any, known: Store, premise: _Premise) -> None:
        self._template, self._memory, self._premise = template, known, premise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._template, name)

    def render(self, context: Any) -> Any:
        page = context.get("page")
        if not isinstance(page, Page):
            return self._template.render(context)
        try:
            given = {
                name: _page(value) if value is page else _plain(value)
                for name, value in context.items()
                if name not in ("config", "pages")
            }
        except _UnknownError as found:
            log.debug("%s is rendered again: %s", page.file.src_uri, found)
            return self._template.render(context)
        key = digest("template", str(self._premise), self._template.name, given)
        return self._memory.made(key, lambda: self._template.render(context))


# ---- what templates are given, as JSON -----------------------------------------------------------
class _UnknownError(Exception):
    """Something of which nobody knows what a template makes of it."""


def _plain(value: Any) -> Any:
    return plain(value, _other)


def _other(value: Any) -> Any:
    if isinstance(value, Page) and hasattr(value, "post"):  # an excerpt
        return _page(value)
    if isinstance(value, (StructureItem, Navigation)):
        return _named(value)
    if isinstance(value, File):
        return [value.src_uri, value.dest_uri, value.url]
    if isinstance(value, TableOfContents):
        return _contents(value)
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if kind.startswith("material.plugins.") or kind == "backprop.site.languages.options.Language":
        return [kind, {name: _plain(one) for name, one in vars(value).items()}]
    pages = _pagination(value)
    if pages is not None:
        return pages
    raise _UnknownError(kind)


def _page(page: Any) -> Any:
    """All of a page but other pages, of which templates see names and addresses."""
    own = {name: _plain(one) for name, one in vars(page).items() if name not in _UNSEEN}
    numbered = [one.url for one in getattr(page, "pages", ())]
    return [own, _title(page), page.url, numbered, [_named(one) for one in page.ancestors]]


def _named(item: Any) -> Any:
    """What is seen of a page or section in navigation and links."""
    if isinstance(item, Navigation):
        return [[_named(one) for one in item.items], item.homepage and item.homepage.url]
    if isinstance(item, Section):
        return [item.title, item.active, [_named(one) for one in item.children]]
    if isinstance(item, Link):
        return [item.title, item.url, item.active, _plain(getattr(item, "meta", None))]
    numbered = [page.url for page in getattr(item, "pages", ())]
    seen = [getattr(item, name, None) for name in ("active", "encrypted", "canonical_url")]
    return [type(item).__name__, _title(item), item.url, numbered, seen, _plain(item.meta)]


def _title(page: Any) -> str:
    try:
        return str(page.title)
    except AttributeError:  # of an excerpt, whose page has it
        return ""


def _contents(items: Iterable[Any]) -> list[Any]:
    return [
        [{k: _plain(v) for k, v in vars(one).items() if k != "children"}, _contents(one.children)]
        for one in items
    ]


def _pagination(value: Any) -> Any:
    """What the blog's `pagination`, a function, writes of its pages; None for others."""
    if getattr(value, "__qualname__", "") != "BlogPlugin.on_page_context.<locals>.pager":
        return None
    names, cells = value.__code__.co_freevars, value.__closure__ or ()
    shown = dict(zip(names, cells, strict=True))
    if set(shown) != {"pagination", "self"}:
        return None
    pages = vars(shown["pagination"].cell_contents)
    return {name: one for name, one in pages.items() if isinstance(one, (int, str))}
