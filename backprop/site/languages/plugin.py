"""The events of MkDocs. See the package's docstring for the chain of builds."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment
from mkdocs.commands.build import build
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import write_file

from backprop.site.building import attach, begin, end
from backprop.site.building.beside import Beside, possible
from backprop.site.faults import warn
from backprop.site.languages import checks, nested, outputs, translations
from backprop.site.languages.catalogue import Catalogue, Edition
from backprop.site.languages.first import first_page
from backprop.site.languages.links import Links
from backprop.site.languages.lists import add_index_pages
from backprop.site.languages.messages import EditionFilter
from backprop.site.languages.options import LanguagesOptions, read_languages

log = logging.getLogger("mkdocs.backprop.languages")
SCRIPT = "assets/backprop/languages.js"
EPOCH = "SOURCE_DATE_EPOCH"


class LanguagesPlugin(BasePlugin[LanguagesOptions]):
    """One site in several languages; every language is a whole MkDocs build of its own.

    The instance that MkDocs creates leads: it knows all languages and keeps their plugins over the
    rebuilds of `mkdocs serve`. Each further language's build has its own instance, which follows.
    """

    def __init__(self) -> None:
        self.leader: LanguagesPlugin = self
        self.catalogue = Catalogue()
        self.edition: Edition
        self.links: Links
        self.absent: list[Path] = []
        # A preset may complete what `mkdocs.yml` says, for each language.
        self.completed: nested.Complete = lambda raw, _: raw
        # What follows is used by the leader alone.
        self.command: Literal["build", "gh-deploy", "serve"] = "build"
        self.dirty = False
        self.strict = False
        self.caches: dict[str, nested.PluginCache] = {}
        self.started: set[int] = set()
        self.messages = EditionFilter()
        self.own_epoch = False
        self.old_handler: Any = None
        self.beside: Beside | None = None  # the other languages, in a process of their own
        self.meet: Callable[[Any], Any] | None = None  # in that process: the way back
        _quiet_jieba()  # before the search is loaded, which stands below in most lists

    # Once a command: the leader starts and ends what the other languages' plugins need.

    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self.command, self.dirty = command, dirty
        begin(command, dirty=dirty)
        # Without a handler, SIGTERM leaves the temporary folders of MkDocs and the blog behind.
        if (
            self.leader is self
            and threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        ):
            self.old_handler = signal.signal(signal.SIGTERM, _terminate)

    def on_shutdown(self) -> None:
        self._leave()
        for cache in self.caches.values():
            for plugin in cache.values():
                if id(plugin) in self.started and hasattr(plugin, "on_shutdown"):
                    plugin.on_shutdown()
        self.caches.clear()
        end()
        if self.old_handler is not None:
            signal.signal(signal.SIGTERM, self.old_handler)
            self.old_handler = None

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any) -> Any:
        if self.leader is not self:
            return server
        for edition in self.catalogue.others(self.edition):
            server.watch(edition.config.docs_dir)
            server = edition.config.plugins.on_serve(server, config=edition.config, builder=builder)
            for path in edition.config.watch:
                server.watch(path)
        return server

    # Every build.

    @event_priority(100)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        if self.leader is self:
            self._lead(config)
        else:
            # It was switched off for `build`, so that faults of all languages are counted together.
            config.strict = self.leader.strict
        self.links = Links(self.edition, self.catalogue)
        config.markdown_extensions.append(self.links)  # type: ignore[arg-type]
        config.extra["alternate"] = outputs.theme_alternates(self.catalogue, self.edition)
        if SCRIPT not in config.extra_javascript:
            config.extra_javascript.append(SCRIPT)
        attach(config, first=self.leader is self)
        return config

    def _lead(self, config: MkDocsConfig) -> None:
        self.strict = config.strict
        self.catalogue = Catalogue(site_url=config.site_url)
        languages = read_languages(self.config)
        for language in languages.values():
            if language.prefix:
                cache = self.caches.setdefault(language.key, {})
                its_config = nested.load(language, config, cache, self.completed)
                self._start(cache)
            else:
                its_config = config
            edition = Edition(language, its_config)
            self.catalogue.editions[language.key] = edition
            for plugin in its_config.plugins.values():
                if isinstance(plugin, LanguagesPlugin):
                    plugin.leader, plugin.catalogue, plugin.edition = self, self.catalogue, edition
        self.messages.docs_dir = config.docs_dir
        self.messages.all_docs_dirs = [e.config.docs_dir for e in self.catalogue.editions.values()]
        self.messages.install()
        # With --quiet, MkDocs does not see the warnings that --strict lets it count.
        logger = logging.getLogger("mkdocs")
        if config.strict and logger.level > logging.WARNING:
            logger.setLevel(logging.WARNING)
        if self.config.reproducible and EPOCH not in os.environ:
            newest = checks.newest_date(e.config for e in self.catalogue.editions.values())
            self.own_epoch = True
            # MkDocs, its feed and its archive of the sitemap take "now" from here.
            os.environ[EPOCH] = str(int(newest.timestamp() if newest else 315532800))

    def _start(self, cache: nested.PluginCache) -> None:
        for plugin in cache.values():
            if id(plugin) not in self.started:
                self.started.add(id(plugin))
                if isinstance(plugin, LanguagesPlugin):
                    plugin.leader = self
                if hasattr(plugin, "on_startup"):
                    plugin.on_startup(command=self.command, dirty=self.dirty)

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        checks.check_blog(config)
        self.absent = checks.absent_folders(config)

    @event_priority(1100)
    def _on_files_first(self, files: Files, *, config: MkDocsConfig) -> Files:
        """From here on the other languages are built beside this one, where they can be: the
        folder of the site is empty, and nothing has been read yet."""
        following = self.catalogue.after(self.edition)
        if self.leader is not self or not following or self.dirty:
            return files
        if possible(config):
            others = [edition.config for edition in self.catalogue.others(self.edition)]

            def build(meet: Callable[[Any], Any]) -> None:
                self.meet = meet
                self.build(following)

            self.beside = Beside(config, others, build)
        return files

    @event_priority(-100)
    def _on_files_last(self, files: Files, *, config: MkDocsConfig) -> Files:
        checks.remove_empty(self.absent)
        script = Path(__file__).with_name("assets") / "languages.js"
        files.append(File.generated(config, SCRIPT, content=script.read_text("utf-8")))
        add_index_pages(files, config)
        first_page(files, config)
        return files

    on_files = CombinedEvent(_on_files_first, _on_files_last)

    @event_priority(50)
    def on_page_markdown(
        self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files
    ) -> str:
        """Give a post's dates one name each, for the feed: `published` and `updated`."""
        dates = getattr(getattr(page, "config", None), "date", None)
        if isinstance(dates, dict):
            page.meta.setdefault("published", dates.get("created"))
            page.meta.setdefault("updated", dates.get("updated") or dates.get("created"))
        return markdown

    @event_priority(-100)
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
        """All pages of this language are read, none is written: now the next language's build."""
        serve = self.leader.command == "serve"
        published = [f for f in files if f.inclusion.is_included()]
        folders = [e.language.prefix for e in self.catalogue.others(self.edition)]
        is_default = self.edition is self.catalogue.default
        checks.check_addresses(published, config, folders if is_default else [])
        self.edition.record(files, drafts=serve)
        following = self.catalogue.after(self.edition)
        leader = self.leader
        if self.beside:
            self.catalogue.know(self.beside.meet(self.catalogue.known()))
        elif following:
            leader.build(following)
        elif leader.meet:
            self.catalogue.know(leader.meet(self.catalogue.known()))
        self.links.check()
        return env

    def before_look(self, file: File, *, config: MkDocsConfig) -> None:
        """One page is made again in this finished build (`backprop.site.building.look`)."""
        self.leader.messages.docs_dir = config.docs_dir
        self.links.forget()

    def after_look(self, file: File, *, config: MkDocsConfig) -> None:
        self.edition.entries.pop(file.src_uri, None)
        if os.path.exists(file.abs_src_path or ""):
            self.edition.record(Files([file]), drafts=True)
            self.links.check()
            self._compare(self.edition, file.src_uri)
        self._remark(file.src_uri)

    # What `backprop.site.building.conversions` asks, to convert no page twice.

    def conversion_key(self, file: File) -> Any:
        return self.edition.language.key

    def conversion_record(self) -> Callable[[], Any]:
        before, self.links.found = self.links.found, {}

        def end() -> Any:
            found, self.links.found = self.links.found, before | self.links.found
            return [link.mark for link in found]

        return end

    def conversion_replay(self, data: Any, file: File) -> None:
        self.links.know(data)

    def _compare(self, edition: Edition, only: str | None = None) -> None:
        for text in translations.faults(self.catalogue, edition, only):
            warn(log, self.leader.strict, text)

    def _remark(self, only: str | None = None) -> None:
        """Tell the author at work of pages that some language lacks, a renamed one perhaps."""
        for text in self.catalogue.untranslated(only):
            log.info(text, extra={"remark": True, "edition": None})

    def build(self, edition: Edition) -> None:
        """Build one more language inside the running build."""
        before, self.messages.docs_dir = self.messages.docs_dir, edition.config.docs_dir
        edition.config.strict = False
        serve_url = edition.config.site_url if self.command == "serve" else None
        build(edition.config, serve_url=serve_url, dirty=self.dirty)
        self.messages.docs_dir = before

    @event_priority(-75)
    def on_page_context(self, context: Any, *, page: Page, config: MkDocsConfig, nav: Any) -> Any:
        source = page.file.src_uri
        note = outputs.untranslated_note(self.catalogue, self.edition, source)
        page.content = outputs.with_note(page.content or "", note)
        return context

    def on_template_context(self, context: Any, *, template_name: str, config: MkDocsConfig) -> Any:
        order = [self.edition, *self.catalogue.others(self.edition)]
        root = self.catalogue.root_path
        context["editions"] = [{"language": e.language, "home": root + e.home} for e in order]
        return context

    @event_priority(-100)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        source = page.file.src_uri
        output = self.links.resolve(output, self.edition.path(page.url))
        links = outputs.head_links(self.catalogue, self.edition, source)
        output = outputs.with_head(output, links, self.edition.language.tag)
        return outputs.with_switcher(output, self.catalogue, self.edition, source)

    @event_priority(-100)
    def on_post_template(
        self, output_content: str, *, template_name: str, config: MkDocsConfig
    ) -> str:
        if template_name == "sitemap.xml" and self.catalogue.site_url:
            return outputs.sitemap(self.catalogue, self.edition)
        if template_name.endswith(".html"):
            output = outputs.with_head(output_content, "", self.edition.language.tag)
            return outputs.with_switcher(output, self.catalogue, self.edition, None)
        return output_content

    @event_priority(1000)
    def _on_post_build_first(self, *, config: MkDocsConfig) -> None:
        """All pages are written: what is made of a whole language, or of all, comes now."""
        if self.beside:
            self.beside.meet(None)
        elif self.leader.meet and self.edition is self.catalogue.after(self.catalogue.default):
            self.leader.meet(None)

    @event_priority(-100)
    def _on_post_build_last(self, *, config: MkDocsConfig) -> None:
        # Feeds take their text before addresses are known.
        feed = config.plugins.get("rss")
        for name in feed.config.feeds_filenames.values() if feed else ():
            path = Path(config.site_dir, name)
            if path.is_file():
                text = self.links.resolve(path.read_text("utf-8"), None)
                path.write_text(outputs.feed_without_image(text), "utf-8")
        if self.leader is self:
            if self.catalogue.site_url and not os.path.exists(f"{config.site_dir}/robots.txt"):
                text = outputs.robots(self.catalogue)
                write_file(text.encode(), f"{config.site_dir}/robots.txt")
            self.messages.docs_dir = None
            self._forget_epoch()
            if self.command == "serve":
                self._remark()

    @event_priority(-2000)
    def _on_post_build_end(self, *, config: MkDocsConfig) -> None:
        if self.beside:
            self.beside.end()
            self.beside = None
        if self.leader is self:  # all has been said of all languages, wherever they were built
            for edition in self.catalogue.editions.values():
                self._compare(edition)

    on_post_build = CombinedEvent(_on_post_build_first, _on_post_build_last, _on_post_build_end)

    def folders(self) -> list[str]:
        """Where the other languages lie in the site of this one."""
        if self.edition is not self.catalogue.default:
            return []
        return [e.language.prefix for e in self.catalogue.others(self.edition)]

    def on_build_error(self, *, error: Exception) -> None:
        if self.leader is self:
            self._leave()
            self._forget_epoch()

    def _leave(self) -> None:
        if self.beside:
            self.beside.stop()
            self.beside = None

    def _forget_epoch(self) -> None:
        if self.own_epoch:
            self.own_epoch = False
            os.environ.pop(EPOCH, None)


def _terminate(signum: int, frame: object) -> None:
    raise SystemExit(128 + signum)


def _quiet_jieba() -> None:
    """Jieba, which Material's search loads, writes how long it took to standard error; and to open
    a file it asks a module that takes longer to load than all the rest, which it can do without."""
    slow = "pkg_resources"
    absent = slow not in sys.modules
    if absent:
        sys.modules[slow] = None  # type: ignore[assignment]
    try:
        import jieba
    except ImportError:
        return
    finally:
        if absent:
            del sys.modules[slow]
    jieba.setLogLevel(logging.WARNING)
