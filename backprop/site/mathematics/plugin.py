"""The MkDocs plugin `backprop/mathematics`; see `backprop.site.mathematics` for its options."""

from __future__ import annotations

import contextlib
import logging
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from markdown import Markdown
from mkdocs.config import config_options as c
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority, get_plugin_logger
from mkdocs.utils import get_relative_url

from backprop.program import store
from backprop.program.store import digest
from backprop.site.building import memory
from backprop.site.building.premises import program
from backprop.site.faults import Fault
from backprop.site.mathematics.engine import Engine, EngineError, Settings, find_settings
from backprop.site.mathematics.finder import Formula, MathematicsExtension, roughly
from backprop.site.mathematics.page import Origin, Pages, Transform
from backprop.site.mathematics.shared import Shared
from backprop.site.mathematics.stylesheet import FOLDER, build
from backprop.site.mathematics.toc import typeset_entries
from backprop.site.mathematics.typeset import Typesetter
from backprop.site.settings import language_of, root_of

log = get_plugin_logger("mathematics")


class MathematicsConfig(Config):
    macros = c.Type(dict, default={})
    extensions = c.ListOfItems(c.Type(str), default=[])


class Run:
    """What one `mkdocs build` shares among the builds of all its languages.

    The languages are built one inside the other, so the first build is the outermost: it owns the
    run. One MathJax process serves all that are built in one process, and all faults are shown
    before the run fails.
    """

    def __init__(self, serving: bool) -> None:
        self.serving = serving
        self.faults: dict[Fault, None] = {}
        self._engines: dict[str, Engine] = {}
        self.shared: Shared | None = None  # with a process in which other languages are built

    def engine(self, settings: Settings) -> Engine:
        key = f"{settings.modules}\n{settings.key()}"
        if key not in self._engines:
            shared, self.shared = self.shared, None
            self._engines[key] = Engine(settings, shared=shared)
        return self._engines[key]

    @property
    def started(self) -> int:
        """How many processes were needed."""
        return sum(engine.started for engine in self._engines.values())

    def close(self) -> None:
        if self.shared:
            self.shared.close()
            self.shared = None
        for engine in self._engines.values():
            engine.close()


# The run to which a nested build belongs. A context variable, because nested builds run in the
# context of the outer one, and nothing else does.
_current: ContextVar[Run | None] = ContextVar("backprop_mathematics_run", default=None)


class MathematicsPlugin(BasePlugin[MathematicsConfig]):
    """MathJax at build time.

    Other plugins may append to `transforms`, at the latest in their `on_files`; the list is
    emptied when a build begins.
    """

    def __init__(self) -> None:
        self.transforms: list[Transform] = []
        self._serving = False

    def on_startup(self, *, command: str, dirty: bool) -> None:
        self._serving = command == "serve"

    @event_priority(90)
    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        enclosing = _current.get()
        self.run = enclosing or Run(self._serving)
        self.owns = enclosing is None
        if self.owns:
            _current.set(self.run)
        self.transforms.clear()
        self.folder = root_of(config)
        self.macros = _macros(self.config.macros)
        self.strict = config.strict
        self.assets: dict[str, bytes] = {}
        self._made: Typesetter | None = None
        self._key: str | None = None
        self.pages = Pages(self.typesetter, self._report, language_of(config), self.transforms)
        self.page_file: Any = None
        config.markdown_extensions.append(
            MathematicsExtension(self._finish, self._plain)  # type: ignore[arg-type]
        )
        return config

    def typesetter(self) -> Typesetter:
        """The way to MathJax; looked for when a page has a formula, started when one is new."""
        if self._made is None:
            with _without_traceback():
                settings = find_settings(self.folder, self.config.extensions, self.macros)
            self._made = Typesetter(self.run.engine(settings), store.at(self.folder))
        return self._made

    def on_pre_page(self, page: Any, *, config: MkDocsConfig, files: Any) -> Any:
        self.page_file = page.file
        return page

    def ahead_of_look(self, was: str, text: str) -> None:
        """MathJax takes half a second to start: where a formula is new, the page runs meanwhile."""
        if set(roughly(text)) - set(roughly(was)):
            with contextlib.suppress(EngineError, OSError):
                self.typesetter().engine.begin()

    def ahead_of_run(self, texts: Sequence[str]) -> None:
        """As `ahead_of_look`, where a site is built of which nothing is known."""
        if any(map(roughly, texts)):
            with contextlib.suppress(EngineError, OSError):
                self.typesetter().engine.begin()

    def before_look(self, file: Any, *, config: MkDocsConfig) -> None:
        """One page is made again in a finished build (`backprop.site.building.look`)."""
        self.run.faults.clear()

    # What `backprop.site.building.conversions` asks, to convert no page twice.

    def conversion_key(self, file: Any) -> Any:
        if self._key is None:
            try:
                settings = find_settings(self.folder, self.config.extensions, self.macros)
                self._key = settings.key()
            except EngineError:
                self._key = ""
        return self._key

    def conversion_record(self) -> Callable[[], Any]:
        faults, self.pages.met = len(self.run.faults), set()

        def end() -> Any:
            if len(self.run.faults) != faults:
                return None
            return {key: self.pages.record(key) for key in sorted(self.pages.met)}

        return end

    def conversion_replay(self, data: Any, file: Any) -> None:
        for key, record in data.items():
            self.pages.replay(key, record)

    # What `backprop.site.building.beside` asks of a language that is built in another process.

    def beside_begin(self) -> None:
        if not self.run.started:
            self.run.shared = Shared()

    def beside_record(self) -> list[Fault]:
        return list(self.run.faults)

    def beside_replay(self, data: list[Fault]) -> None:
        self.run.faults |= dict.fromkeys(data)

    def on_page_content(self, html: str, *, page: Any, config: MkDocsConfig, files: Any) -> None:
        typeset_entries(html, page.toc, page.markdown or "")

    # After the plugin of the languages, which builds the others in its on_env.
    @event_priority(-200)
    def on_env(self, env: Any, *, config: MkDocsConfig, files: Any) -> Any:
        self._fail()
        formulas = self.pages.formulas
        if formulas:
            typesetter = self.typesetter()
            sheet, settings = typesetter.sheet(), typesetter.engine.settings

            def make() -> dict[str, str]:
                files = build(sheet, formulas.values(), settings.modules, memory.of(config))
                return {name: b64encode(data).decode() for name, data in files.items()}

            key = digest(program(), "formulas", sheet, settings.key(), sorted(formulas))
            made = memory.of(config).made(key, make)
            self.assets = {name: b64decode(data) for name, data in made.items()}
        return env

    # Before whatever shrinks or checks the pages.
    @event_priority(90)
    def on_post_page(self, output: str, *, page: Any, config: MkDocsConfig) -> str:
        output = self.pages.complete(output)
        if self.assets and "<mjx-container" in output:
            sheet = get_relative_url(f"{FOLDER}/{next(iter(self.assets))}", page.url)
            output = output.replace("</head>", f'<link rel="stylesheet" href="{sheet}"></head>', 1)
        return output

    def on_post_build(self, *, config: MkDocsConfig) -> None:
        folder = Path(config.site_dir, FOLDER)
        for name, data in self.assets.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        self._fail()  # excerpts are rendered late
        self._end()

    def on_build_error(self, *, error: Exception) -> None:
        self._end()

    def _end(self) -> None:
        store.keep()
        if getattr(self, "owns", False) and _current.get() is self.run:
            _current.set(None)
            self.run.close()

    def _fail(self) -> None:
        if self.owns and self.run.faults and not self.run.serving:
            count = len(self.run.faults)
            raise PluginError(f"{count} mistake{'s' * (count > 1)} in formulas, listed above")

    def _report(self, fault: Fault) -> None:
        if fault not in self.run.faults:
            self.run.faults[fault] = None
            # `serve` shows the mistake in the page and goes on, also where a warning is an error.
            quiet = self.run.serving and self.strict
            log.log(logging.INFO if quiet else logging.ERROR, str(fault))

    def _plain(self, formula: Formula) -> str:
        with _without_traceback():
            return self.pages.plain(formula)

    def _finish(self, text: str, formulas: list[Formula], md: Markdown) -> str:
        with _without_traceback():
            return self.pages.finish(text, formulas, self._origin(md))

    def _origin(self, md: Markdown) -> Origin:
        # MkDocs and the blog of Material tell their Markdown processors which file they read.
        file = self.page_file
        if "relpath" in md.treeprocessors:
            file = getattr(md.treeprocessors["relpath"], "file", file)
        link = None
        if "excerpt" in md.treeprocessors:
            excerpt: Any = md.treeprocessors["excerpt"]
            link = get_relative_url(excerpt.page.url, excerpt.base.url)
        if file is None:
            return Origin("a page", "", link)
        if file.abs_src_path:
            path = os.path.relpath(file.abs_src_path, self.folder).replace(os.sep, "/")
            return Origin(path, Path(file.abs_src_path).read_text("utf-8-sig"), link)
        return Origin(file.src_uri, file.content_string, link)


@contextmanager
def _without_traceback() -> Iterator[None]:
    """MathJax cannot run: say it in one line, as MkDocs does."""
    try:
        yield
    except EngineError as error:
        raise PluginError(str(error)) from None


def _macros(macros: dict[str, Any]) -> dict[str, Any]:
    for name, value in macros.items():
        parts = value if isinstance(value, list) else [value]
        good = isinstance(parts[0] if parts else None, str) and all(
            isinstance(part, kind) for part, kind in zip(parts[1:], (int, str), strict=False)
        )
        if not (isinstance(name, str) and name.isalpha() and good and len(parts) <= 3):
            raise PluginError(
                f'macros: {name}: {value!r} is no macro; write {name}: "\\\\mathbb{{R}}", or '
                f'{name}: ["\\\\mathbb{{#1}}", 1] for one with an argument'
            )
    return macros
