"""The plugin that every build carries along: it changes nothing and knows what the build has."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Callable
from typing import Any

from jinja2 import FileSystemBytecodeCache, FileSystemLoader
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files

from backprop.program import store
from backprop.site.building import memory
from backprop.site.building.conversions import remember
from backprop.site.building.templates import remembering

NAME = "backprop/building"


class BuiltSite:
    """One language's part of a build, as MkDocs holds it in its hands."""

    def __init__(self, config: MkDocsConfig, files: Files, nav: Any) -> None:
        self.config, self.files, self.nav = config, files, nav
        self.env: Any = None
        self.steps = 2 * len(files.documentation_pages())

    def file(self, path: str) -> File | None:
        """The file of the site that is made of a source file."""
        for file in self.files:
            if file.abs_src_path and os.path.abspath(file.abs_src_path) == path:
                return file
        return None

    def holds(self, path: str) -> bool:
        """Whether the source file stands in the docs folder."""
        return (path + os.sep).startswith(os.path.abspath(self.config.docs_dir) + os.sep)


class Observer:
    """Who is told of a build; `mkdocs build` tells nobody.

    progress: called with the steps done and the steps there are; a page is two, conversion and
    template.
    """

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self.sites: list[BuiltSite] = []
        self._progress = progress
        # Of this process, and of one beside it: both see both.
        self._done = memoryview(mmap.mmap(-1, 16)).cast("q")
        self._mine = 0

    def move(self) -> None:
        """From now on this is the process beside the other, which tells."""
        self._mine, self._progress = 1, lambda done, total: None

    def step(self) -> None:
        self._done[self._mine] += 1
        steps = [site.steps for site in self.sites]
        # Languages that have not begun are about as large as the largest so far.
        languages = len(self.sites[0].config.extra.get("alternate") or "1")
        total = sum(steps) + max(0, languages - len(steps)) * max(steps)
        self._progress(min(sum(self._done), total), total)

    def wrote(self, page: Any, config: MkDocsConfig) -> None:
        """A page is finished, as it will stand in the site."""


observer: Observer | None = None


def observe(who: Observer | None) -> None:
    global observer
    observer = who


def attach(config: MkDocsConfig, first: bool = True) -> None:
    """Send the witness along with the build of `config`, the first of a site or one inside it."""
    if first:
        _listed.clear()
    _quicken(config)
    if NAME not in config.plugins:
        config.plugins[NAME] = Witness(observer)


_listed: dict[tuple[str, ...], list[str]] = {}
"""The templates in the folders of a theme, of which Material has twelve thousand, for a build."""


def _quicken(config: MkDocsConfig) -> None:
    """Let the theme's environments, of which every plugin makes its own, know what others know."""
    theme: Any = config.theme
    if "get_env" in vars(theme) or not hasattr(theme, "get_env"):
        return
    make = theme.get_env

    def get_env() -> Any:
        env = make()
        if not isinstance(env.loader, FileSystemLoader):
            return env  # of another MkDocs
        # Apart from those of pages: a plugin may change what those are compiled to.
        env.bytecode_cache = _compiled(config, "words")
        list_all, folders = env.loader.list_templates, tuple(env.loader.searchpath)
        choose = env.list_templates

        def list_once() -> list[str]:
            if folders not in _listed:
                _listed[folders] = list_all()
            return list(_listed[folders])

        def list_chosen(extensions: Any = None, filter_func: Any = None) -> list[str]:
            # MkDocs looks at every name, and takes none that begins with a dot, as icons do.
            chosen = getattr(filter_func, "__module__", "") == "mkdocs.structure.files"
            if extensions is None and chosen and not filter_func(".x"):
                names = (name for name in list_once() if not name.startswith("."))
                return [name for name in names if filter_func(name)]
            return list(choose(extensions, filter_func))

        loader: Any = env.loader
        loader.list_templates, env.list_templates = list_once, list_chosen
        return env

    theme.get_env = get_env


class _Compiled(FileSystemBytecodeCache):
    """Templates as they were compiled: for those of a theme that takes a second."""


def _compiled(config: MkDocsConfig, name: str) -> _Compiled | None:
    known = memory.of(config)
    if known.remembers:
        folder = memory.folder(config) / "templates" / name
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            return _Compiled(str(folder))
    return None


class Witness(BasePlugin):
    """Last in every event, so that it sees what the others left."""

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer or Observer(lambda done, total: None)
        self.site: BuiltSite

    # When the settings are complete, whoever completes them.
    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        remember(config)

    @event_priority(-1000)
    def on_nav(self, nav: Any, *, config: MkDocsConfig, files: Files) -> Any:
        self.site = BuiltSite(config, files, nav)
        self.observer.sites.append(self.site)
        return nav

    @event_priority(-1000)
    def on_page_content(self, html: str, *, page: Any, config: Any, files: Files) -> str:
        self.observer.step()
        return html

    @event_priority(-1000)
    def on_post_page(self, output: str, *, page: Any, config: Any) -> str:
        self.observer.step()
        self.observer.wrote(page, config)
        return output

    @event_priority(-1000)
    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> Any:
        self.site.env = env
        if env.bytecode_cache is None or isinstance(env.bytecode_cache, _Compiled):
            env.bytecode_cache = _compiled(config, "pages")
        return remembering(env, config)

    @event_priority(-1000)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        store.keep()

    def on_build_error(self, *, error: Exception) -> None:
        store.keep()
