"""Conversions that are not made again: pages, excerpts of a blog, entries of the search.

Each stands for one function of MkDocs or Material, which is still what runs when nothing is known;
what it changed on the page is what is kept. A value is used again only while everything that it was
made of is the same: the text, the settings, the versions (`premises.py`), what our own plugins add
(their `conversion_…` methods), and the answer to every question about other files that was asked
on the way. What warned is made again, so that it warns again.

plugins may have these methods:

    conversion_key(file)      what their part of a conversion depends on, as JSON or text
    conversion_record()       called before; returns a function that is called after, and gives as
                              JSON what the conversion left in the plugin (None: not to be kept)
    conversion_replay(data, file)   leaves the same in the plugin, without the conversion
"""

from __future__ import annotations

import contextlib
import inspect
import logging
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import AnchorLink, TableOfContents

from backprop.program.store import Store, digest
from backprop.site.building import heads, memory
from backprop.site.building.plain import as_json
from backprop.site.building.premises import premises, program, unknown
from backprop.site.building.references import References, unfamiliar
from backprop.site.building.templates import familiar

log = logging.getLogger("mkdocs.backprop.building")


class Keeper:
    """What one language's build knows of earlier conversions."""

    def __init__(self, config: MkDocsConfig, memory: Store) -> None:
        self.config = config
        self.memory = memory
        self.premises = premises(config)
        self.parts: dict[str, Any] = {
            name: plugin
            for name, plugin in config.plugins.items()
            if hasattr(plugin, "conversion_record")
        }
        if "mkdocstrings" in config.plugins or "autorefs" in config.plugins:
            self.parts["autorefs"] = References(config)
        self.heads = heads.separate(config, familiar(config.theme.dirs))
        self._keys: dict[str, tuple[Any, str]] = {}
        self._values: dict[str, Any] = {}

    def key(self, kind: str, page: Any, *more: Any) -> str:
        return digest(kind, self._key(page), more)

    def _key(self, page: Any) -> str:
        """What a page and its excerpts depend on; excerpts are many."""
        file: File = page.file
        made_of = (page.markdown, _stamp(file))
        known = self._keys.get(file.src_uri)
        if known and known[0] == made_of:
            return known[1]
        key = digest(
            self.premises,
            [file.src_uri, file.url, file.inclusion.value, page.markdown, _source(file)],
            [[name, as_json(part.conversion_key(file))] for name, part in self.parts.items()],
        )
        self._keys[file.src_uri] = made_of, key
        return key

    def made(
        self, key: str, page: Any, files: Files, make: Callable[[Files], None], fields: _Fields
    ) -> None:
        """Do to `page` what `make(files)` does, by making it or from memory."""
        known = self._values.get(key) or self.memory.get(key)
        if known and self._use(known, page, files, fields):
            self._hold(key, known, fields)
            return
        asked = _Asked(files)
        ends = {name: part.conversion_record() for name, part in self.parts.items()}
        before = dict(vars(page))
        with _heard() as said:
            make(asked)  # type: ignore[arg-type]
        left = {name: end() for name, end in ends.items()}
        changed = {
            name: value
            for name, value in vars(page).items()
            if name != "md" and (name not in before or before[name] is not value)
        }
        if (
            asked.more
            or any(level >= logging.WARNING for _, level, _ in said)
            or any(data is None for data in left.values())
            or not changed.keys() <= fields.keys()
            or "<backlinks" in str(changed.get("content"))  # made of all pages, by mkdocstrings
        ):
            return
        value = {name: fields[name][0](one) for name, one in changed.items()}
        made = {"page": value, "left": left, "asked": asked.answers, "said": said}
        self.memory.put(key, made)
        self._hold(key, made, fields)

    def _hold(self, key: str, value: Any, fields: _Fields) -> None:
        """At hand, if it will be asked for again: an excerpt is, by every view."""
        if fields is EXCERPT:
            self._values[key] = value

    def _use(self, known: dict, page: Any, files: Files, fields: _Fields) -> bool:
        if any(_answer(files.get_file_from_path(q)) != a for q, a in known["asked"].items()):
            return False
        if known["left"].keys() != self.parts.keys():
            return False
        try:
            values = {name: fields[name][1](one, files) for name, one in known["page"].items()}
        except KeyError:
            return False
        for name, data in known["left"].items():
            self.parts[name].conversion_replay(data, page.file)
        for name, value in values.items():
            setattr(page, name, value)
        for name, level, text in known["said"]:
            logging.getLogger(name).log(level, "%s", text)
        return True


# ---- what a conversion leaves on a page, as JSON and back ----------------------------------------
_Fields = dict[str, tuple[Callable[[Any], Any], Callable[[Any, Files], Any]]]


def _toc(items: Any) -> list:
    return [[a.title, a.id, a.level, _toc(a.children)] for a in items]


def _toc_back(items: list, files: Files) -> TableOfContents:
    def link(title: str, id_: str, level: int, children: list) -> AnchorLink:
        anchor = AnchorLink(title, id_, level)
        anchor.children = [link(*child) for child in children]
        return anchor

    found = [link(*item) for item in items]
    if found:
        found[0].active = True  # type: ignore[attr-defined]
    return TableOfContents(found)


def _same(value: Any) -> Any:
    return value


def _back(value: Any, files: Files) -> Any:
    return value


def _links(links: dict[File, dict[str, str]]) -> dict[str, dict[str, str]]:
    return {file.src_uri: anchors for file, anchors in links.items()}


def _links_back(links: dict[str, dict[str, str]], files: Files) -> dict[File, dict[str, str]]:
    found = {files.get_file_from_path(name): anchors for name, anchors in links.items()}
    if None in found:
        raise KeyError
    return found  # type: ignore[return-value]


PAGE: _Fields = {
    "content": (_same, _back),
    "toc": (_toc, _toc_back),
    "_title_from_render": (_same, _back),
    "present_anchor_ids": (sorted, lambda ids, _: set(ids)),
    "links_to_anchors": (_links, _links_back),
}
EXCERPT: _Fields = {
    "content": (_same, _back),
    "markdown": (_same, _back),
    "more": (_same, _back),
    "toc": (_toc, _toc_back),
}


def _stamp(file: File) -> Any:
    """The state of the file of a page."""
    with contextlib.suppress(OSError, TypeError):
        status = os.stat(file.abs_src_path or "")
        return status.st_mtime_ns, status.st_size, status.st_ino
    return None


def _source(file: File) -> str:
    """The file of a page as it is: messages name its lines."""
    if file.abs_src_path and os.path.isfile(file.abs_src_path):
        return digest(Path(file.abs_src_path).read_text("utf-8-sig", errors="replace"))
    return ""


def _answer(file: File | None) -> Any:
    return None if file is None else [file.src_uri, file.url, file.inclusion.value]


class _Asked:
    """The files of a build, as a conversion asks for them: every question is noted."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self.answers: dict[str, Any] = {}
        self.more = False  # whether more was asked than can be asked again

    def get_file_from_path(self, path: str) -> File | None:
        found = self._files.get_file_from_path(path)
        self.answers[path] = _answer(found)
        return found

    def __getattr__(self, name: str) -> Any:
        self.more = True
        return getattr(self._files, name)

    def __iter__(self) -> Iterator[File]:
        self.more = True
        return iter(self._files)

    def __len__(self) -> int:
        self.more = True
        return len(self._files)


@contextmanager
def _heard() -> Iterator[list[tuple[str, int, str]]]:
    """What is logged meanwhile: logger, level, text."""
    said: list[tuple[str, int, str]] = []

    class Hearer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append((record.name, record.levelno, record.getMessage()))

    logger, hearer = logging.getLogger("mkdocs"), Hearer(logging.INFO)
    logger.addHandler(hearer)
    try:
        yield said
    finally:
        logger.removeHandler(hearer)


# ---- in the place of functions of MkDocs and Material -----------------------------------------
_keepers: dict[int, Keeper] = {}
_search: list[Store] = []  # the memory of the running build, whose index knows no settings


def remember(config: MkDocsConfig) -> None:
    """Use and keep conversions in the build of `config`, whose settings are complete."""
    _install()
    _search[:] = [memory.of(config)]
    if why := unfamiliar(config):
        log.info("%s is not as it is known here: pages are converted again in every build", why)
        return
    if found := unknown(config):
        log.debug("Pages are converted anew in every build: %s may depend on anything", found)
        return
    _keepers[id(config)] = Keeper(config, memory.of(config))


def keeper_of(config: Any) -> Keeper | None:
    found = _keepers.get(id(config))
    return found if found and found.config is config else None


_installed = False


def _install() -> None:
    """Put ours in the place of theirs, where theirs are as they are known here; say where not."""
    global _installed
    if _installed:
        return
    _installed = True
    for what, replaced in (
        ("mkdocs: Page.render", _page),
        ("material: the blog's excerpts", _excerpts),
        ("material: the search index", _entries),
        ("pygments: HtmlFormatter", _styles),
    ):
        try:
            familiar = replaced()
        except (ImportError, AttributeError):
            familiar = what.startswith("material")  # a theme that is not installed
        if not familiar:
            # No warning: with --strict that would be the end of a build that is right.
            log.info("%s is not as it is known here: it is made again in every build", what)


def _has(function: Any, *parameters: str) -> bool:
    return list(inspect.signature(function).parameters) == list(parameters)


def _page() -> bool:
    render = Page.render
    if not _has(render, "self", "config", "files"):
        return False

    def kept(self: Page, config: MkDocsConfig, files: Files) -> None:
        keeper = keeper_of(config)
        if keeper is None or self.markdown is None or type(self).render is not kept:
            render(self, config, files)
            return
        key = keeper.key("page", self)
        keeper.made(key, self, files, lambda asked: render(self, config, asked), PAGE)

    Page.render = kept  # type: ignore[method-assign]
    return True


def _excerpts() -> bool:
    from material.plugins.blog import structure

    begin, render = structure.Excerpt.__init__, structure.Excerpt.render
    if not (
        _has(begin, "self", "post", "config", "files")
        and _has(render, "self", "page", "separator")
        and hasattr(structure, "Markdown")
    ):
        return False
    real = structure.Markdown

    def kept_begin(self: Any, post: Any, config: Any, files: Any) -> None:
        keeper = keeper_of(config)
        if keeper is None:
            begin(self, post, config, files)
            return
        # To set up a converter takes as long as half a page, and most are never asked.
        structure.Markdown = _Later
        try:
            begin(self, post, config, files)
        except AttributeError:  # it asks more of a converter than is known here
            structure.Markdown = real
            begin(self, post, config, files)
        finally:
            structure.Markdown = real
        self.bp_keeper, self.bp_files = keeper, files

    def kept_render(self: Any, page: Any, separator: str) -> None:
        keeper = getattr(self, "bp_keeper", None)
        if keeper is None:
            render(self, page, separator)
            return

        post = self.post
        title = None if post._title_from_render else str(post.title)

        def rendered(view: Any) -> None:
            def make(asked: Any) -> None:
                if isinstance(self.md, _Later):
                    self.md = self.md.made(real)
                if "relpath" in self.md.treeprocessors:
                    self.md.treeprocessors["relpath"].files = asked
                else:  # nobody knows what else it asks
                    asked.more = True
                short = heads.head(post.markdown, separator) if keeper.heads else None
                if short is None:
                    render(self, view, separator)
                    return
                self.post = _Begun(post, short)
                try:
                    render(self, view, separator)
                finally:
                    self.post = post
                self.more = heads.MORE

            key = keeper.key("excerpt", post, view.url, separator, title)
            keeper.made(key, self, self.bp_files, make, EXCERPT)

        common, differs = stand_in(page.url, post.url)
        if common:
            rendered(SimpleNamespace(url=common))
            # All the same to a view at this depth, but for links to what is beside it.
            if differs not in f"{self.content}{self.more or ''}":
                return
        rendered(page)

    structure.Excerpt.__init__, structure.Excerpt.render = kept_begin, kept_render
    return True


_PLAIN = re.compile(r"(?:[A-Za-z0-9_-]+/)+")


def stand_in(view: str, post: str) -> tuple[str, str]:
    """An address from which links lead as from that of a view, and what they would begin with
    where that is not so; empty if there is none.

    Archives, categories and the pages of a long list show the same posts, at addresses that
    differ in their ends alone: an excerpt is made for all of them at once.
    """
    if not _PLAIN.fullmatch(view):
        return "", ""
    parts, others = view.split("/")[:-1], post.split("/")
    shared = 0
    while shared < len(parts) and parts[shared : shared + 1] == others[shared : shared + 1]:
        shared += 1
    own = len(parts) - shared
    if not own:
        return "", ""
    common = "".join(f"{name}/" for name in [*parts[:shared], *["-"] * own])
    return common, "../" * own + parts[shared]


def _entries() -> bool:
    from material.plugins.search import plugin

    add = plugin.SearchIndex.add_entry_from_context
    if not _has(add, "self", "page"):
        return False

    def kept(self: Any, page: Any) -> None:
        # Words are told apart by a dictionary, which may be the author's own.
        if not _search or self.config.get("jieba_dict") or self.config.get("jieba_dict_user"):
            add(self, page)
            return
        meta = [str(page.meta.get(name)) for name in ("title", "tags", "search")]
        made_of = [page.content, _toc(page.toc), page.url, str(page.title), meta]

        def make() -> list:
            before = len(self.entries)
            add(self, page)
            made = self.entries[before:]
            del self.entries[before:]
            return made

        self.entries += _search[0].made(digest(program(), "search", made_of), make)

    plugin.SearchIndex.add_entry_from_context = kept
    return True


def _styles() -> bool:
    """The tables of a style, which are made anew for every block of code, whatever its colours."""
    from pygments.formatters.html import HtmlFormatter

    create = HtmlFormatter._create_stylesheet
    if not _has(create, "self"):
        return False
    made: dict[Any, tuple[dict, dict]] = {}

    def kept(self: Any) -> None:
        key = (self.style, self.classprefix, type(self)._get_css_class)
        if key not in made:
            create(self)
            made[key] = self.ttype2class, self.class2style
        self.ttype2class, self.class2style = map(dict, made[key])

    HtmlFormatter._create_stylesheet = kept
    return True


class _Begun:
    """A post of which only the beginning is known, to whoever makes its excerpt."""

    def __init__(self, post: Any, markdown: str) -> None:
        self._post, self.markdown = post, markdown

    def __getattr__(self, name: str) -> Any:
        return getattr(self._post, name)


class _Later:
    """A Markdown converter that is set up when it is needed."""

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._registered: list[tuple] = []
        self.treeprocessors = self

    def register(self, *arguments: Any) -> None:
        self._registered.append(arguments)

    def made(self, real: Any) -> Any:
        md = real(**self._options)
        for arguments in self._registered:
            md.treeprocessors.register(*arguments)
        return md
